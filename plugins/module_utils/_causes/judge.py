# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From evidence to findings: which pods and containers fail, the first cause that holds for each, one finding for all alike."""

from __future__ import annotations

import dataclasses
import typing as t

from .._model import moments
from .._model.evidence import WORKLOAD_KINDS, Evidence, LogRequest
from .._model.fields import Json, get_dict, get_int, get_str
from .._model.finding import SEVERITIES, UNDETERMINED, Counts, Finding, Severity
from .._model.objects import Container, Pod, Ref, condition, ref_of
from .._model.selectors import matcher
from .._model.text import one_line
from . import _table
from ._case import (
    ContainerCase,
    Judgement,
    ObjectCase,
    PodCase,
    WorkloadCase,
    kubectl,
    quote_condition,
    quote_end,
    quote_event,
    quote_waiting,
)

# Waiting reasons of a container whose turn has not come: no fault of its own.
_WAITS_ITS_TURN: t.Final = frozenset({"", "ContainerCreating", "PodInitializing"})
# A pod may take this long to become ready before its silence counts, and must outlive its last run by as much to count as recovered.
_PATIENCE_SECONDS: t.Final = 60
# The longest back-off between restarts, after which a container that still runs counts as recovered.
_BACK_OFF_SECONDS: t.Final = 300
# A command that somebody will paste: one line, whatever a spec that it quotes holds.
_NEXT_STEP: t.Final = 1000


@dataclasses.dataclass(frozen=True)
class _Hit:
    """A judgement on one pod, or (without one) on a workload or on another object, which may concern no workload."""

    cause: str
    runbook: str
    workload: Ref | None
    subject: Ref
    judgement: Judgement
    container: str | None
    pod: Pod | None
    since: str | None


def find(evidence: Evidence) -> tuple[Finding, ...]:
    """Every finding, worst first; an empty tuple means that nothing fails."""
    hits: list[_Hit] = []
    unexplained: list[_Hit] = []
    for pod in evidence.pods:
        hits += _judge_remains(PodCase(evidence, pod))
    over = {hit.pod.ref for hit in hits if hit.pod}
    for pod in _newest_first(evidence):
        if pod.ref not in over:
            for hit in _judge_pod(evidence, pod):
                (unexplained if hit.cause == UNDETERMINED else hits).append(hit)
    explained = {hit.workload for hit in hits if hit.judgement.severity != "info"}
    for workload, json in _workloads(evidence):
        if workload not in explained:
            hits += _judge_object(WorkloadCase(evidence, workload, json), workload, workload, _table.WORKLOAD)
    if not evidence.scope.label_selector:  # with one, most of what these objects are about was not read
        for kind, causes in _table.OBJECT.items():
            for json in evidence.objects.get(kind, ()):
                ref = ref_of(json, kind)
                hits += _judge_object(ObjectCase(evidence, ref, json), ref, None, causes)
    explained = {hit.workload for hit in hits if hit.judgement.severity != "info"}
    hits += [hit for hit in unexplained if hit.workload not in explained]
    return tuple(sorted(_linked(_merged(evidence, hits)), key=_worst_first))


def logs_wanted(evidence: Evidence) -> tuple[LogRequest, ...]:
    """The logs that would help, the most telling first: of one pod, the newest, for all that are alike.

    Of a container that fails: its last run, then the present one.  Of one that runs and does not become ready, or of an init
    container that goes on for long: the present run, then the one before.
    """
    wanted: dict[tuple[Ref, str], list[LogRequest]] = {}
    for pod in _newest_first(evidence):
        stays_unready = not pod.ready and _beyond_patience(evidence, pod)
        for container in pod.containers:
            if requests := _logs_of(container, pod, evidence.observed_at, stays_unready):
                wanted.setdefault((evidence.maker(pod), container.name), requests)
    firsts = [requests[0] for requests in wanted.values()]
    return (*firsts, *(request for requests in wanted.values() for request in requests[1:]))


def _logs_of(container: Container, pod: Pod, now: str, stays_unready: bool) -> list[LogRequest]:
    present, before = (LogRequest(pod.ref.namespace, pod.ref.name, container.name, run) for run in (False, True))
    if not container.running:  # the log of a container that waits or ended is that of its last run
        return [present] if container.last_end and failing(container, pod, now) else []
    if failing(container, pod, now):
        return [before, present]
    if stays_unready and _unready(container):
        return [present, before] if container.last_end else [present]
    return []


def count(evidence: Evidence, findings: t.Sequence[Finding]) -> Counts:
    """How much was looked at, and how much of it has nothing to report."""
    workloads = {evidence.workload(pod) for pod in evidence.pods} | {
        workload for workload, _json in _workloads(evidence)
    }
    failing_ones = {finding.workload for finding in findings if finding.severity != "info" or finding.caused_by}
    return Counts(len(workloads), len(workloads - failing_ones), len(evidence.pods))


def failing(container: Container, pod: Pod, now: str) -> bool:
    """Whether this container is in trouble now; restarts of one that recovered are history."""
    if container.waiting_reason not in _WAITS_ITS_TURN:
        return True
    end = container.last_end
    if end is None:
        return False
    if container.terminated:
        if container.role == "sidecar" and pod.phase in {"Succeeded", "Failed"}:
            return False  # the kubelet ends it when the pod is over
        return end.exit_code != 0 or (
            pod.restart_policy == "Always" and container.role != "init" and pod.phase != "Succeeded"
        )
    if not container.running or container.restarts < 2:
        return False
    # It runs just now, between two crashes: not yet longer than the run before it did, and within the back-off.
    running = moments.seconds_between(container.running_since, now)
    if running is None or running > _BACK_OFF_SECONDS:
        return False
    return not container.ready or running <= 2 * (end.seconds or 0) + _PATIENCE_SECONDS


def _newest_first(evidence: Evidence) -> list[Pod]:
    """The pods whose state counts: not those that are being deleted, nor those of an old run that was replaced."""
    latest_runs = _latest_runs(evidence)
    pods = [pod for pod in evidence.pods if not pod.deleting and not _is_history(evidence, pod, latest_runs)]
    return sorted(pods, key=lambda pod: pod.created or "", reverse=True)


def _is_history(evidence: Evidence, pod: Pod, latest_runs: dict[Ref, str]) -> bool:
    if pod.phase == "Succeeded":
        return True
    owner = evidence.owner(pod.ref, pod.json)
    if owner is None:
        return False
    json = evidence.get(owner) or {}
    if owner.kind == "ReplicaSet":
        # The controller has already made another in the place of a failed pod.
        return pod.phase == "Failed" or get_int(json, "spec", "replicas") == 0
    if owner.kind == "Job":
        above = evidence.owner(owner, json)
        superseded = above in latest_runs and latest_runs[above] != owner.name if above else False
        return (
            superseded
            or get_str(condition(json, "Complete"), "status") == "True"
            or _retried(evidence, pod, owner, json)
        )
    return False


def _retried(evidence: Evidence, pod: Pod, job: Ref, json: Json) -> bool:
    """Whether the Job goes on with a newer pod after this one failed."""
    if pod.phase != "Failed" or get_str(condition(json, "Failed"), "status") == "True":
        return False
    return any(
        (other.created or "") > (pod.created or "") and other.phase in {"Running", "Pending", "Succeeded"}
        for other in evidence.pods_of(evidence.workload(pod))
        if evidence.owner(other.ref, other.json) == job
    )


def _latest_runs(evidence: Evidence) -> dict[Ref, str]:
    """CronJob → the name of its newest Job: older runs are history whatever became of them."""
    newest: dict[Ref, tuple[str, str]] = {}
    for json in evidence.objects.get("Job", ()):
        ref = ref_of(json, "Job")
        owner = evidence.owner(ref, json)
        made = (get_str(json, "metadata", "creationTimestamp"), ref.name)
        if owner and made > newest.get(owner, ("", "")):
            newest[owner] = made
    return {owner: name for owner, (_created, name) in newest.items()}


def _workloads(evidence: Evidence) -> t.Iterator[tuple[Ref, Json]]:
    """Every workload object that nothing else controls and whose pods the selector would take."""
    selected = matcher(evidence.scope.label_selector)
    for kind in WORKLOAD_KINDS:
        for json in evidence.objects.get(kind, ()):
            ref = ref_of(json, kind)
            if evidence.owner(ref, json) is None and selected(_pod_labels(json)):
                yield ref, json


def _pod_labels(workload: Json) -> Json:
    template = get_dict(workload, "spec", "template") or get_dict(workload, "spec", "jobTemplate", "spec", "template")
    return get_dict(template, "metadata", "labels")


def _judge_pod(evidence: Evidence, pod: Pod) -> list[_Hit]:
    case = PodCase(evidence, pod)
    if get_str(pod.condition("PodScheduled"), "status") == "False":
        return _first(case, _table.UNSCHEDULED, None) or _unexplained_wait(case)
    hits = []
    for container in pod.containers:
        if failing(container, pod, evidence.observed_at):
            of_container = ContainerCase(evidence, pod, container)
            hits += _first(of_container, _table.CONTAINER, container.name) or [_unexplained_container(of_container)]
    if hits or pod.ready:
        return hits
    started = any(container.running or container.last_end for container in pod.containers)
    if not started:
        return _first(case, _table.NOT_STARTED, None) or _unexplained_wait(case)
    if not _beyond_patience(evidence, pod):
        return []
    for container in pod.containers:
        if _unready(container):
            hits += _first(ContainerCase(evidence, pod, container), _table.NOT_READY, container.name)
    return hits or _first(case, _table.NOT_DONE, None) or _unexplained_wait(case)


def _unready(container: Container) -> bool:
    """Whether it runs and holds its pod up: not ready, or an init container that goes on."""
    return container.running and (container.role == "init" or not container.ready)


def _waited(evidence: Evidence, pod: Pod) -> float | None:
    """For how many seconds the pod has not been ready."""
    since = get_str(pod.condition("Ready"), "lastTransitionTime") or pod.created
    return moments.seconds_between(since, evidence.observed_at)


def _beyond_patience(evidence: Evidence, pod: Pod) -> bool:
    waited = _waited(evidence, pod)
    return waited is not None and waited >= _PATIENCE_SECONDS


def _judge_remains(case: PodCase) -> list[_Hit]:
    """A pod that is on its way out, or that was ended as a whole and says why in its status."""
    if case.pod.deleting:
        return _first(case, _table.DELETING, None)
    if case.pod.phase == "Failed" and get_str(case.pod.json, "status", "reason"):
        return _first(case, _table.ENDED, None)
    return []


_C = t.TypeVar("_C", bound=PodCase)


def _first(case: _C, causes: t.Sequence[_table.Cause[_C]], container: str | None) -> list[_Hit]:
    for cause in causes:
        judgement = cause.judge(case)
        if judgement:
            name = judgement.container or container
            subject, since = judgement.subject or case.workload, _since(case, name)
            return [_Hit(cause.slug, cause.runbook, case.workload, subject, judgement, name, case.pod, since)]
    return []


_O = t.TypeVar("_O", WorkloadCase, ObjectCase)


def _judge_object(case: _O, subject: Ref, workload: Ref | None, causes: t.Sequence[_table.Cause[_O]]) -> list[_Hit]:
    """The first cause that holds for an object that is no pod."""
    for cause in causes:
        judgement = cause.judge(case)
        if judgement:
            since = next((item.at for item in judgement.evidence if item.at), None)
            subject, workload = judgement.subject or subject, judgement.workload or workload
            return [_Hit(cause.slug, cause.runbook, workload, subject, judgement, None, None, since)]
    return []


def _since(case: PodCase, container: str | None) -> str | None:
    """When it began: the pod's first warning or loss of readiness, whichever was first."""
    ready = case.pod.condition("Ready")
    lost = get_str(ready, "lastTransitionTime") if get_str(ready, "status") == "False" else None
    warnings = [event.first for event in case.events if event.warning and event.container in ("", container or "")]
    return moments.earliest(lost, *warnings) or case.pod.created


def _unexplained_container(case: ContainerCase) -> _Hit:
    container, end = case.container, case.last_end
    state = container.waiting_reason or (f"exit code {end.exit_code}, {end.reason}" if end else "unknown")
    evidence = [quote_waiting(case)] if container.waiting_reason else []
    evidence += [quote_end(case)] if end else []
    # "Killing" is a Normal event, and the one that tells who ended it.
    telling = [event for event in case.container_events if event.warning or event.reason == "Killing"]
    evidence += [quote_event(event) for event in sorted(telling, key=lambda event: event.reason != "Killing")[:3]]
    return _undetermined(
        case, f"container {container.name} fails ({state}) and no known cause fits", tuple(evidence), container.name
    )


def _unexplained_wait(case: PodCase) -> list[_Hit]:
    """A pod that has been not ready for long, without a container that fails."""
    waited = _waited(case.evidence, case.pod)
    if waited is None or waited < _PATIENCE_SECONDS or case.pod.phase in {"Succeeded", "Failed"}:
        return []
    ready = case.pod.condition("Ready")
    scheduled = case.pod.condition("PodScheduled")
    stage = scheduled if get_str(scheduled, "status") == "False" else ready
    evidence = [quote_condition(case.pod.ref, stage)] if stage else []
    evidence += [quote_event(event) for event in case.events if event.warning][:3]
    return [
        _undetermined(case, f"not ready for {moments.in_words(waited)} and no known cause fits", tuple(evidence), None)
    ]


def _undetermined(case: PodCase, summary: str, evidence: tuple[t.Any, ...], container: str | None) -> _Hit:
    judgement = Judgement(
        summary=summary,
        explanation="Nothing that was read decides between the causes that are known; the pod's description and events may.",
        evidence=evidence,
        next_step=kubectl(case.pod.ref, f"describe pod {case.pod.ref.name}"),
        confidence="undetermined",
    )
    runbook = f"runbooks/{UNDETERMINED}.md#{UNDETERMINED}"
    since = _since(case, container)
    return _Hit(UNDETERMINED, runbook, case.workload, case.workload, judgement, container, case.pod, since)


def _merged(evidence: Evidence, hits: t.Sequence[_Hit]) -> list[tuple[Finding, tuple[Ref, ...]]]:
    """One finding for each cause, workload and container, with the roots it names; the newest pod's evidence stands for all."""
    alike: dict[tuple[str, Ref | None, Ref, str | None], list[_Hit]] = {}
    for hit in hits:
        alike.setdefault((hit.cause, hit.workload, hit.subject, hit.container), []).append(hit)
    found = []
    for (cause, workload, subject, container), group in alike.items():
        first = group[0]
        pods = {hit.pod.ref for hit in group if hit.pod}
        finding = Finding(
            cause=cause,
            confidence=first.judgement.confidence,
            severity=first.judgement.severity or _severity(evidence, workload, pods),
            subject=subject,
            workload=workload,
            container=container,
            summary=first.judgement.summary,
            explanation=first.judgement.explanation,
            next_step=one_line(_undo(evidence, first) or first.judgement.next_step, _NEXT_STEP),
            since=moments.earliest(*(hit.since for hit in group)),
            replicas_affected=first.judgement.affected or len(pods),
            evidence=first.judgement.evidence,
            runbook=first.runbook,
            candidates=first.judgement.candidates,
        )
        found.append((finding, first.judgement.roots))
    return found


def _linked(found: t.Sequence[tuple[Finding, tuple[Ref, ...]]]) -> t.Iterator[Finding]:
    """Each finding, and where it names a root that has a finding of its own, as the consequence of that one."""
    behind: dict[str, str] = {}
    for finding, roots in found:
        for other, _roots in found:
            if not {other.workload, other.subject}.isdisjoint(roots) and not _leads_to(other.id, finding.id, behind):
                behind[finding.id] = other.id
                break
    for finding, _roots in found:
        root = behind.get(finding.id)
        yield dataclasses.replace(finding, caused_by=root, severity="info") if root else finding


def _leads_to(start: str, end: str, behind: t.Mapping[str, str]) -> bool:
    """Whether a finding goes back to another one: causes must not stand in a circle."""
    while start != end and start in behind:
        start = behind[start]
    return start == end


def _severity(evidence: Evidence, workload: Ref | None, affected: set[Ref]) -> Severity:
    """Critical where nothing of the workload is ready; a pod between two crashes may call itself so."""
    if workload is None:
        return "warning"
    serving = (pod for pod in evidence.pods_of(workload) if pod.ready and not pod.deleting and pod.ref not in affected)
    return "warning" if any(serving) else "critical"


def _undo(evidence: Evidence, hit: _Hit) -> str | None:
    """Where only the newest revision fails and a former one still serves, going back to that is the shortest way out."""
    if hit.pod is None or hit.workload is None or hit.judgement.severity == "info":
        return None
    revisions = evidence.revisions(hit.workload)
    if not revisions or evidence.revision_of(hit.pod) != revisions[0]:
        return None
    good = next((each for each in revisions[1:] if evidence.ready_pods(each) > 0), None)
    if good is None:
        return None
    words = f"rollout undo {hit.workload.kind.lower()} {hit.workload.name} --to-revision={good.number}"
    return f"{kubectl(hit.workload, words)}   # revision {good.number} still serves; correct the new one after that"


def _worst_first(finding: Finding) -> tuple[int, bool, str, str, str]:
    return (
        SEVERITIES.index(finding.severity),
        finding.cause == UNDETERMINED,
        finding.since or "",
        str(finding.workload),
        finding.container or "",
    )
