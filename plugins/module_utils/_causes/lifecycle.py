# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects that are being deleted and do not go.

``metadata.deletionTimestamp`` is the moment by which a pod shall be gone: the request and its grace period together
(Kubernetes 1.36 ``registry/core/pod/strategy.go``).
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._model import fields, moments
from .._model.evidence import Evidence
from .._model.finding import EvidenceItem
from .._model.objects import Ref
from . import _case
from .nodes import unavailable_node

# What the kubelet and the controllers may take after the grace period.
_MARGIN_SECONDS: t.Final = 30
# A kubelet that ends a hundred pods at once is late with some of them, and nothing is wrong (46 s, measured).
_BUSY_SECONDS: t.Final = 120
_IN_THE_WAY: t.Final = frozenset({"FailedKillPod", "FailedPreStopHook", "FailedUnMount", "FailedUnmountDevice"})
_OWNER: t.Final = "   # repair the controller that owns it; taking it off by hand skips its work"


def pod_stuck_terminating(case: _case.PodCase) -> _case.Judgement | None:
    """A pod that should be gone by now: a finalizer holds it, its node does not answer, or its kubelet can't end it."""
    overdue = _overdue(case.evidence, case.pod.json)
    if overdue is None:
        return None
    asked = fields.get_str(case.pod.json, "metadata", "deletionTimestamp")
    judgement = _held_by_finalizers(case) or _held_by_node(case) or _held_by_kubelet(case, overdue)
    if judgement is None:
        return None
    return dataclasses.replace(
        judgement,
        summary=f"the pod should have been gone {moments.in_words(overdue)} ago: {judgement.summary}",
        evidence=(
            *judgement.evidence,
            EvidenceItem("status", f"{case.pod.ref}: metadata.deletionTimestamp", asked, asked),
        ),
        severity="warning" if case.workload == case.pod.ref else None,
    )


def _held_by_finalizers(case: _case.PodCase) -> _case.Judgement | None:
    """Its containers have ended, and it stays for those who wanted to do something first."""
    pod, finalizers = case.pod, fields.get_strs(case.pod.json, "metadata", "finalizers")
    if not finalizers or any(container.running for container in pod.containers):
        return None
    return _case.Judgement(
        summary=f"it is held by {' and '.join(finalizers)}",
        explanation="Its containers have ended. It stays for its finalizers: whoever set them has not taken them off.",
        evidence=(_finalizers(pod.ref, finalizers),),
        next_step=_case.kubectl(pod.ref, f"get pod {pod.ref.name} -o jsonpath='{{.metadata.finalizers}}'") + _OWNER,
    )


def _held_by_node(case: _case.PodCase) -> _case.Judgement | None:
    lost = unavailable_node(case.evidence, case.pod)
    if lost is None:
        return None
    node = case.pod.node
    return _case.Judgement(
        summary=f"its node {node} is unavailable",
        explanation=f"Only node {node} can say that the containers have ended, and it does not answer. "
        "A pod of a StatefulSet is not replaced before that.",
        evidence=(lost,),
        next_step=f"kubectl describe node {node}   # bring it back; force the deletion only when it is off for certain",
        roots=(Ref("Node", "", node),),
    )


def _held_by_kubelet(case: _case.PodCase, overdue: float) -> _case.Judgement | None:
    pod = case.pod
    running = [container.name for container in pod.containers if container.running]
    said = [event for event in case.events if event.reason in _IN_THE_WAY][:2]
    if not said and overdue < _BUSY_SECONDS:
        return None
    return _case.Judgement(
        summary=f"{' and '.join(running)} still runs" if running else "its kubelet does not finish it",
        explanation="Its node answers and its grace period is over: the kubelet could not end it.",
        evidence=tuple(map(_case.quote_event, said)),
        next_step=_case.kubectl(pod.ref, f"describe pod {pod.ref.name}")
        + "   # its events say what the kubelet waits for",
        confidence="confirmed" if said else "probable",
    )


def workload_stuck_terminating(case: _case.WorkloadCase) -> _case.Judgement | None:
    """A workload whose deletion was asked for, held by a finalizer."""
    return _object_stuck(case.evidence, case.workload, case.json)


def object_stuck_terminating(case: _case.ObjectCase) -> _case.Judgement | None:
    """The same for an object that runs no pods; a claim goes when the last pod that uses it has gone."""
    return _object_stuck(case.evidence, case.ref, case.json)


def _object_stuck(evidence: Evidence, ref: Ref, json: fields.Json) -> _case.Judgement | None:
    overdue, finalizers = _overdue(evidence, json), fields.get_strs(json, "metadata", "finalizers")
    if overdue is None or not finalizers:
        return None
    asked = fields.get_str(json, "metadata", "deletionTimestamp")
    return _case.Judgement(
        summary=f"{ref} is being deleted for {moments.in_words(overdue)} and does not go",
        explanation=f"It stays for its finalizers: whoever set {' and '.join(finalizers)} has not taken it off.",
        evidence=(
            _finalizers(ref, finalizers),
            EvidenceItem("status", f"{ref}: metadata.deletionTimestamp", asked, asked),
        ),
        next_step=_case.kubectl(ref, f"describe {ref.kind.lower()} {ref.name}") + _OWNER,
        severity="warning",
    )


def _finalizers(ref: Ref, finalizers: list[str]) -> EvidenceItem:
    return EvidenceItem("spec", f"{ref}: metadata.finalizers", ", ".join(finalizers))


def _overdue(evidence: Evidence, json: fields.Json) -> float | None:
    """For how many seconds it should have been gone, or None while that is no matter."""
    late = moments.seconds_between(fields.get_str(json, "metadata", "deletionTimestamp"), evidence.observed_at)
    return late if late is not None and late >= _MARGIN_SECONDS else None
