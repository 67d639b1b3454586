# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From evidence to findings: the first cause that holds for each pod, container, workload and object that fails."""

from __future__ import annotations

import typing as t

from .._model import fields, moments
from .._model.evidence import Evidence, LogRequest
from .._model.finding import UNDETERMINED, Counts, Finding
from .._model.objects import Pod, Ref, ref_of
from .._model.text import one_line
from . import _case, _table
from ._failing import (
    PATIENCE_SECONDS,
    allowance,
    ended_pods,
    failing,
    holds_up,
    present_pods,
    top_workloads,
    waited_seconds,
)
from ._findings import Hit, gathered

# What would settle it, where only a signal is known.
_SETTLED_BY: t.Final[t.Mapping[int | None, str]] = {
    137: "137 is any SIGKILL: an event Killing would name a probe, an event SystemOOM of the node its memory, OOMKilled the limit "
    "(a busy node may say that seconds later, or never; its kernel's log always does).",
    143: "143 is the answer to a request to end: an event Killing would name a probe, the node's events an eviction or a drain.",
}


def find(evidence: Evidence) -> tuple[Finding, ...]:
    """Every finding, worst first; an empty tuple means that nothing fails."""
    present = present_pods(evidence)
    hits = _judge_remains(evidence, present)
    unexplained: list[Hit] = []
    over = {hit.pod.ref for hit in hits if hit.pod}
    for pod in present:
        if pod.ref not in over:
            for hit in _judge_pod(evidence, pod):
                (unexplained if hit.cause == UNDETERMINED else hits).append(hit)
    ended = {hit.workload for hit in unexplained if hit.pod and hit.pod.phase == "Failed"}  # more than its Job can say
    hits += _judge_workloads(evidence, _explained(hits) | ended)
    explained = _explained(hits)
    hits += [hit for hit in unexplained if hit.workload not in explained]
    return gathered(evidence, hits + _judge_objects(evidence))


def _explained(hits: t.Sequence[Hit]) -> set[Ref | None]:
    """The workloads of which there is more to say than history."""
    return {hit.workload for hit in hits if hit.judgement.severity != "info"}


def _judge_workloads(evidence: Evidence, explained: set[Ref | None]) -> list[Hit]:
    """What keeps the pods of a workload as they are, and where no pod has told the cause, what the workload shows itself."""
    hits = []
    for workload, json in top_workloads(evidence):
        case = _case.WorkloadCase(evidence, workload, json)
        held = _judge_object(case, workload, workload, _table.HELD)
        if held or workload in explained:
            hits += held
        else:
            hits += _judge_object(case, workload, workload, _table.WORKLOAD)
    return hits


def _judge_objects(evidence: Evidence) -> list[Hit]:
    """What is wrong with objects that run no pods; with a label selector, most of what these are about was not read."""
    if evidence.scope.label_selector:
        return []
    found = ((ref_of(json, kind), json, kind) for kind in _table.OBJECT for json in evidence.objects.get(kind, ()))
    return [
        hit
        for ref, json, kind in found
        for hit in _judge_object(_case.ObjectCase(evidence, ref, json), ref, None, _table.OBJECT[kind])
    ]


def logs_wanted(evidence: Evidence) -> tuple[LogRequest, ...]:
    """The logs that would help, the most telling first: of one pod, the newest, for all that are alike.

    Of a container that fails: its last run, then the present one.  Of one that runs and does not become ready, or of an init
    container that goes on for long: the present run, then the one before.
    """
    wanted: dict[tuple[Ref, str], list[LogRequest]] = {}
    for pod in present_pods(evidence):
        for container in pod.containers:
            if requests := _logs_of(_case.ContainerCase(evidence, pod, container)):
                wanted.setdefault((evidence.maker(pod), container.name), requests)
    firsts = [requests[0] for requests in wanted.values()]
    return (*firsts, *(request for requests in wanted.values() for request in requests[1:]))


def _logs_of(case: _case.ContainerCase) -> list[LogRequest]:
    container, pod = case.container, case.pod.ref
    present, before = (LogRequest(pod.namespace, pod.name, container.name, run) for run in (False, True))
    if not container.running:  # the log of a container that waits or ended is that of its last run
        return [present] if container.last_end and failing(case) else []
    if failing(case):
        return [before, present]
    if not case.pod.ready and holds_up(case, PATIENCE_SECONDS):
        return [present, before] if container.last_end else [present]
    return []


def count(evidence: Evidence, findings: t.Sequence[Finding]) -> Counts:
    """How much was looked at, and how much of it has nothing to report."""
    workloads = {evidence.workload(pod) for pod in evidence.pods} | {
        workload for workload, _json in top_workloads(evidence)
    }
    failing_ones = {finding.workload for finding in findings if finding.severity != "info" or finding.caused_by}
    return Counts(len(workloads), len(workloads - failing_ones), len(evidence.pods))


def _judge_pod(evidence: Evidence, pod: Pod) -> list[Hit]:
    case = _case.PodCase(evidence, pod)
    if fields.get_str(pod.condition("PodScheduled"), "status") == "False":
        return _first(case, _table.UNSCHEDULED, None) or _unexplained_wait(case)
    hits = []
    for container in pod.containers:
        of_container = _case.ContainerCase(evidence, pod, container)
        if failing(of_container):
            hits += _first(of_container, _table.CONTAINER, container.name) or [_unexplained_container(of_container)]
    if hits or pod.ready:
        return hits
    started = any(container.running or container.last_end for container in pod.containers)
    if not started:
        return _first(case, _table.NOT_STARTED, None) or _unexplained_wait(case)
    waiting = [each for name in pod.containers if holds_up(each := _case.ContainerCase(evidence, pod, name), 0)]
    for each in waiting:
        if holds_up(each, PATIENCE_SECONDS):
            hits += _first(each, _table.NOT_READY, each.container.name)
    if not hits and any(not holds_up(each, allowance(each.container)) for each in waiting):
        return []  # it may still take its time
    hits = hits or _first(case, _table.NOT_DONE, None)
    return hits or ([] if _works_on(pod) else _unexplained_wait(case))


def _works_on(pod: Pod) -> bool:
    """Whether the pod only counts as not ready because one of its containers is done, which it may be."""
    return any(each.terminated for each in pod.containers if each.role == "app") and all(
        (each.running and each.ready) or each.terminated for each in pod.containers
    )


def _judge_remains(evidence: Evidence, present: t.Sequence[Pod]) -> list[Hit]:
    """Pods that are on their way out, that were ended as a whole and say why, or that nobody vouches for."""
    groups = (
        ([pod for pod in evidence.pods if pod.deleting], _table.DELETING),
        (ended_pods(evidence), _table.ENDED),
        (present, _table.STRANDED),
    )
    return [
        hit for pods, causes in groups for pod in pods for hit in _first(_case.PodCase(evidence, pod), causes, None)
    ]


_C = t.TypeVar("_C", bound=_case.PodCase)


def _first(case: _C, causes: t.Sequence[_table.Cause[_C]], container: str | None) -> list[Hit]:
    for cause in causes:
        judgement = cause.judge(case)
        if judgement:
            name = judgement.container or container
            subject, since = judgement.subject or case.workload, _since(case, name)
            return [Hit(cause.slug, cause.runbook, case.workload, subject, judgement, name, case.pod, since)]
    return []


_O = t.TypeVar("_O", _case.WorkloadCase, _case.ObjectCase)


def _judge_object(case: _O, subject: Ref, workload: Ref | None, causes: t.Sequence[_table.Cause[_O]]) -> list[Hit]:
    """The first cause that holds for an object that is no pod."""
    for cause in causes:
        judgement = cause.judge(case)
        if judgement:
            since = next((item.at for item in judgement.evidence if item.at), None)
            subject, workload = judgement.subject or subject, judgement.workload or workload
            return [Hit(cause.slug, cause.runbook, workload, subject, judgement, judgement.container, None, since)]
    return []


def _since(case: _case.PodCase, container: str | None) -> str | None:
    """When it began: the pod's first warning or loss of readiness, whichever was first."""
    ready = case.pod.condition("Ready")
    lost = fields.get_str(ready, "lastTransitionTime") if fields.get_str(ready, "status") == "False" else None
    warnings = [event.first for event in case.events if event.warning and event.container in ("", container or "")]
    return moments.earliest(lost, *warnings) or case.pod.created


def _unexplained_container(case: _case.ContainerCase) -> Hit:
    container, end = case.container, case.last_end
    state = container.waiting_reason or (f"exit code {end.exit_code}, {end.reason}" if end else "unknown")
    evidence = [_case.quote_waiting(case)] if container.waiting_reason else []
    evidence += [_case.quote_end(case)] if end else []
    # "Killing" is a Normal event, and the one that tells who ended it.
    telling = [event for event in case.container_events if event.warning or event.reason == "Killing"]
    evidence += [_case.quote_event(event) for event in sorted(telling, key=lambda event: event.reason != "Killing")[:3]]
    summary = f"container {container.name} fails ({state}) and no known cause fits"
    return _undetermined(
        case, summary, tuple(evidence), container.name, _SETTLED_BY.get(end.exit_code if end else None, "")
    )


def _unexplained_wait(case: _case.PodCase) -> list[Hit]:
    """A pod that has been not ready for long, without a container that fails."""
    waited = waited_seconds(case.evidence, case.pod)
    if waited is None or waited < PATIENCE_SECONDS or case.pod.phase in {"Succeeded", "Failed"}:
        return []
    ready = case.pod.condition("Ready")
    scheduled = case.pod.condition("PodScheduled")
    stage = scheduled if fields.get_str(scheduled, "status") == "False" else ready
    evidence = [_case.quote_condition(case.pod.ref, stage)] if stage else []
    warnings = [event for event in case.events if event.warning]
    evidence += [_case.quote_event(event) for event in warnings[:3]]
    summary = f"not ready for {moments.in_words(waited)} and no known cause fits" + (
        f"; the last warning: {one_line(warnings[0].message, 120)}" if warnings else ""
    )
    return [_undetermined(case, summary, tuple(evidence), None)]


def _undetermined(
    case: _case.PodCase, summary: str, evidence: tuple[t.Any, ...], container: str | None, settled_by: str = ""
) -> Hit:
    judgement = _case.Judgement(
        summary=summary,
        explanation=settled_by
        or "Nothing that was read decides between the causes that are known; the pod's description and events may.",
        evidence=evidence,
        next_step=_case.kubectl(case.pod.ref, f"describe pod {case.pod.ref.name}"),
        confidence="undetermined",
    )
    runbook = f"runbooks/{UNDETERMINED}.md#{UNDETERMINED}"
    since = _since(case, container)
    return Hit(UNDETERMINED, runbook, case.workload, case.workload, judgement, container, case.pod, since)
