# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What fails now: the pods, containers and workloads whose state counts, without what is history."""

from __future__ import annotations

import typing as t

from .._model import fields, moments
from .._model.evidence import WORKLOAD_KINDS, Evidence
from .._model.objects import Container, Event, Pod, Ref, Terminated, condition, ref_of
from .._model.selectors import matcher
from . import _case

# Waiting reasons of a container whose turn has not come: no fault of its own.
_WAITS_ITS_TURN: t.Final = frozenset({"", "ContainerCreating", "PodInitializing"})
# A pod may take this long to become ready before its silence counts, and must outlive its last run by as much to count as recovered.
PATIENCE_SECONDS: t.Final = 60
# The longest back-off between restarts, after which a container that still runs counts as recovered.
_BACK_OFF_SECONDS: t.Final = 300
# Where an indexed Job says which of its pods it is.
_INDEX: t.Final = "batch.kubernetes.io/job-completion-index"


def failing(case: _case.ContainerCase) -> bool:
    """Whether this container is in trouble now; restarts of one that recovered are history."""
    container, pod, end = case.container, case.pod, case.last_end
    if container.waiting_reason not in _WAITS_ITS_TURN:
        return True
    if end is None:
        return False
    if container.terminated:
        if container.role == "sidecar" and pod.phase in {"Succeeded", "Failed"}:
            return False  # the kubelet ends it when the pod is over
        return end.exit_code != 0 or (
            pod.restart_policy == "Always" and container.role != "init" and pod.phase != "Succeeded"
        )
    return container.running and (_between_two_crashes(case, end) or _about_to_be_killed(case))


def _between_two_crashes(case: _case.ContainerCase, end: Terminated) -> bool:
    """It runs just now: not yet longer than the run before it did, and within the back-off."""
    container, ran = case.container, end.seconds or 0
    running = moments.seconds_between(container.running_since, case.evidence.observed_at)
    once_is_enough = end.reason == "OOMKilled"  # others may have waited for something that came
    if running is None or (container.restarts < 2 and not once_is_enough):
        return False
    if not container.ready:
        return running <= max(_BACK_OFF_SECONDS, ran)
    return running <= min(_BACK_OFF_SECONDS, 2 * ran + PATIENCE_SECONDS)


def _about_to_be_killed(case: _case.ContainerCase) -> bool:
    """A probe ended the last run, and the same probe has just failed in this one."""
    since, now, kill = case.container.running_since, case.evidence.observed_at, case.kill
    running = moments.seconds_between(since, now)
    if kill is None or running is None or running > _BACK_OFF_SECONDS:
        return False
    return any(
        (moments.seconds_between(since, event.last) or 0) > 0
        and (moments.seconds_between(event.last, now) or 0) <= PATIENCE_SECONDS
        for event in case.probe_failures(kill.kind)
    )


def holds_up(case: _case.ContainerCase, seconds: float) -> bool:
    """Whether it has run for so long and keeps its pod from being ready: it is not, or it is an init container that goes on."""
    container, now = case.container, case.evidence.observed_at
    if not container.running or (container.ready and container.role != "init"):
        return False
    lasted = (waited_seconds(case.evidence, case.pod), moments.seconds_between(container.running_since, now))
    return all(each is None or each >= seconds for each in lasted)


def allowance(container: Container) -> int:
    """For how many seconds its own probes let it be not ready."""
    probe = container.holding_probe
    if probe is None:
        return PATIENCE_SECONDS
    return max(PATIENCE_SECONDS, probe.latest if probe.kind == "startup" else probe.initial_delay + probe.period)


def waited_seconds(evidence: Evidence, pod: Pod) -> float | None:
    """For how many seconds the pod has not been ready."""
    since = fields.get_str(pod.condition("Ready"), "lastTransitionTime") or pod.created
    return moments.seconds_between(since, evidence.observed_at)


def beyond_patience(evidence: Evidence, pod: Pod) -> bool:
    waited = waited_seconds(evidence, pod)
    return waited is not None and waited >= PATIENCE_SECONDS


def present_pods(evidence: Evidence) -> list[Pod]:
    """The pods whose state counts: not those that are being deleted, nor those of an old run that was replaced."""
    latest_runs = _latest_runs(evidence)
    pods = [pod for pod in evidence.pods if not pod.deleting and not _is_history(evidence, pod, latest_runs)]
    return sorted(pods, key=lambda pod: pod.created or "", reverse=True)


def ended_pods(evidence: Evidence) -> list[Pod]:
    """The pods that were ended as a whole and say why, without those whose Job does or did without them."""
    latest_runs = _latest_runs(evidence)
    return [
        pod
        for pod in evidence.pods
        if ((pod.phase == "Failed" and fields.get_str(pod.json, "status", "reason")) or eviction_of(evidence, pod))
        and not pod.deleting
        and not _of_an_old_run(evidence, pod, latest_runs)
    ]


def eviction_of(evidence: Evidence, pod: Pod) -> Event | None:
    """The event that tells why a pod is finished that should never be.

    Where its program ends with 0 when it is told to end, as most servers do, the kubelet forgets that it evicted the pod: the phase
    is Succeeded, and no reason is left (seen with 1.36).
    """
    if pod.phase != "Succeeded" or pod.restart_policy != "Always":
        return None
    return next((event for event in evidence.events(pod.uid) if event.reason == "Evicted"), None)


def _is_history(evidence: Evidence, pod: Pod, latest_runs: dict[Ref, str]) -> bool:
    if pod.phase == "Succeeded":
        return True
    owner = pod.owner
    if owner is None:
        return False
    json = evidence.get(owner) or {}
    if owner.kind == "ReplicaSet":
        # The controller has already made another in the place of a failed pod.
        return pod.phase == "Failed" or fields.get_int(json, "spec", "replicas") == 0
    return _of_an_old_run(evidence, pod, latest_runs)


def _of_an_old_run(evidence: Evidence, pod: Pod, latest_runs: dict[Ref, str]) -> bool:
    """Whether its Job is complete, goes on with another pod, or is no longer the newest of its CronJob."""
    owner = pod.owner
    if owner is None or owner.kind != "Job":
        return False
    json = evidence.get(owner) or {}
    above = evidence.owner(owner, json)
    superseded = above in latest_runs and latest_runs[above] != owner.name if above else False
    return (
        superseded
        or fields.get_str(condition(json, "Complete"), "status") == "True"
        or _retried(evidence, pod, owner, json)
    )


def _retried(evidence: Evidence, pod: Pod, job: Ref, json: fields.Json) -> bool:
    """Whether the Job goes on with a newer pod after this one failed: not yet where several failed and it has not outlasted them."""
    if pod.phase != "Failed" or fields.get_str(condition(json, "Failed"), "status") == "True":
        return False
    index = fields.get_str(pod.json, "metadata", "annotations", _INDEX)
    began = any(each.last_end for each in pod.containers)
    newer = [
        other
        for other in evidence.pods_of(evidence.workload(pod))
        if (other.created or "") > (pod.created or "")
        and other.phase in {"Running", "Pending", "Succeeded"}
        and (began or other.acknowledged)  # who refused the one may refuse the next
        and other.owner == job
        and fields.get_str(other.json, "metadata", "annotations", _INDEX) == index
    ]
    if (fields.get_int(json, "status", "failed") or 0) < 2:
        return bool(newer)
    return any(other.phase == "Succeeded" or _outlasted(evidence, other, pod) for other in newer)


def _outlasted(evidence: Evidence, pod: Pod, failed: Pod) -> bool:
    """Whether a pod has gone on for longer than one that failed had, and some more."""
    ends = [
        moments.seconds_between(failed.created, each.last_end.finished_at)
        for each in failed.containers
        if each.last_end
    ]
    ran = max((seconds for seconds in ends if seconds is not None), default=0)
    return (moments.seconds_between(pod.created, evidence.observed_at) or 0) > ran + PATIENCE_SECONDS


def _latest_runs(evidence: Evidence) -> dict[Ref, str]:
    """CronJob → the name of its newest Job: older runs are history whatever became of them."""
    newest: dict[Ref, tuple[str, str]] = {}
    for json in evidence.objects.get("Job", ()):
        ref = ref_of(json, "Job")
        owner = evidence.owner(ref, json)
        made = (fields.get_str(json, "metadata", "creationTimestamp"), ref.name)
        if owner and made > newest.get(owner, ("", "")):
            newest[owner] = made
    return {owner: name for owner, (_created, name) in newest.items()}


def top_workloads(evidence: Evidence) -> t.Iterator[tuple[Ref, fields.Json]]:
    """Every workload object that nothing else controls and whose pods the selector would take."""
    selected = matcher(evidence.scope.label_selector)
    for kind in WORKLOAD_KINDS:
        for json in evidence.objects.get(kind, ()):
            ref = ref_of(json, kind)
            if evidence.owner(ref, json) is None and selected(_pod_labels(json)):
                yield ref, json


def _pod_labels(workload: fields.Json) -> fields.Json:
    template = fields.get_dict(workload, "spec", "template") or fields.get_dict(
        workload, "spec", "jobTemplate", "spec", "template"
    )
    return fields.get_dict(template, "metadata", "labels")
