# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes that do not answer, and pods that their node gave up or took down with itself.

The kubelet's words: Kubernetes 1.36 ``pkg/kubelet/eviction/helpers.go``, ``pkg/kubelet/nodeshutdown``.
"""

from __future__ import annotations

import re
import typing as t

from .._model import fields, moments
from .._model.evidence import Evidence
from .._model.finding import EvidenceItem
from .._model.objects import Pod, Ref, condition
from . import _case
from ._failing import eviction_of

_OWN_FAULT: t.Final = r"(?i)\b(?:exceed(?:s|ed)|exceeds the (?:total )?limit)\b"
# A pod that passes its own limit does so again: its successor must have held for so long.
_HELD_SECONDS: t.Final = 60
# The labels in which controllers write from which version of their template a pod is.
_VERSIONS: t.Final = ("pod-template-hash", "controller-revision-hash")
_CONTAINERS: t.Final = r"[Cc]ontainers? ([\w-]+)"
# The node was going down: it ended the pod, or did not take it any more.
_SHUT_DOWN: t.Final = frozenset({"NodeShutdown", "Terminated", "Shutdown", "NodeLost"})
_NODE_JOINS_SECONDS: t.Final = 60


def unavailable_node(evidence: Evidence, pod: Pod) -> EvidenceItem | None:
    """What proves that the pod's node does not answer or is not ready; pods of a node that is gone go within a minute."""
    ref = Ref("Node", "", pod.node)
    ready = condition(evidence.get(ref) or {}, "Ready")
    return _case.quote_condition(ref, ready) if fields.get_str(ready, "status") in {"False", "Unknown"} else None


def node_unavailable(case: _case.ObjectCase) -> _case.Judgement | None:
    """A node's kubelet does not answer, or says that it can't run pods."""
    ready = condition(case.json, "Ready")
    if fields.get_str(ready, "status") not in {"False", "Unknown"}:
        return None
    suffering = [pod for pod in case.evidence.pods if pod.node == case.ref.name and not pod.ready and _expected(pod)]
    lasted = moments.seconds_between(fields.get_str(ready, "lastTransitionTime"), case.evidence.observed_at)
    if not suffering and (case.evidence.scope.namespaces or lasted is None or lasted < _NODE_JOINS_SECONDS):
        return None
    silent = fields.get_str(ready, "status") == "Unknown"
    down = [
        pod for pod in suffering if not any(other.ready for other in case.evidence.pods_of(case.evidence.workload(pod)))
    ]
    return _case.Judgement(
        summary=f"{case.ref} {'does not answer' if silent else 'is not ready'} ({fields.get_str(ready, 'reason')})",
        explanation=(
            "Its kubelet has stopped to report: the machine, its network or the kubelet is down. What is shown of its pods may be old."
            if silent
            else "Its kubelet answers and says that it can't run pods; the message says why."
        )
        + " Pods stay on it for about five minutes, then others are made in their place.",
        evidence=(_case.quote_condition(case.ref, ready), *_taints(case)),
        next_step=_case.kubectl(case.ref, f"describe node {case.ref.name}")
        + "   # then look at its machine and its kubelet",
        affected=len(suffering),
        severity="critical" if down else "warning",
    )


def _taints(case: _case.ObjectCase) -> list[EvidenceItem]:
    keys = [fields.get_str(taint, "key") for taint in fields.get_dicts(case.json, "spec", "taints")]
    return [EvidenceItem("spec", f"{case.ref}: spec.taints", ", ".join(keys))] if keys else []


def _expected(pod: Pod) -> bool:
    return pod.phase not in {"Succeeded", "Failed"}


def on_unavailable_node(case: _case.PodCase) -> _case.Judgement | None:
    """A pod that is not ready because its node is not: what else its status says may be old."""
    lost = unavailable_node(case.evidence, case.pod)
    if lost is None or case.pod.ready or not _expected(case.pod):
        return None
    return _case.Judgement(
        summary=f"its node {case.pod.node} is unavailable",
        explanation="The node does not vouch for its pods any more. Whether the containers still run there can't be said from here.",
        evidence=(lost, _case.quote_condition(case.pod.ref, case.pod.condition("Ready"))),
        next_step=f"kubectl describe node {case.pod.node}",
        roots=(Ref("Node", "", case.pod.node),),
    )


def shut_down(case: _case.PodCase) -> _case.Judgement | None:
    """The node ended the pod, or did not take it, because it was going down itself."""
    reason, message = (
        fields.get_str(case.pod.json, "status", "reason"),
        fields.get_str(case.pod.json, "status", "message").strip(),
    )
    if reason not in _SHUT_DOWN or _replaced(case):
        return None
    return _case.Judgement(
        summary=f"ended by node {case.pod.node}, which was going down",
        explanation="The node was shut down or restarted in an orderly way. These are the pod's remains: it never starts again.",
        evidence=(EvidenceItem("status", f"{case.pod.ref}: status", f"{reason}: {message}", _ended_at(case)),),
        next_step=f"kubectl describe node {case.pod.node}",
    )


def _replaced(case: _case.PodCase) -> bool:
    """Whether the workload has all the ready pods it wants: then this one is history."""
    wanted = _wanted(case)
    return wanted is not None and _serving(case, 0) >= wanted


def evicted(case: _case.PodCase) -> _case.Judgement | None:
    """The kubelet ended the pod to save its node, or because the pod passed a limit of its own for local storage."""
    pod, event = case.pod, eviction_of(case.evidence, case.pod)
    if event:
        message, told = event.message.strip(), _case.quote_event(event)
    elif fields.get_str(pod.json, "status", "reason") == "Evicted":
        message = fields.get_str(pod.json, "status", "message").strip()
        told = EvidenceItem("status", f"{pod.ref}: status", f"Evicted: {message}", _ended_at(case))
    else:
        return None
    names = {each.name for each in pod.containers} & set(re.findall(_CONTAINERS, message)) or _limited(case, message)
    container = names.pop() if len(names) == 1 else None
    own = bool(re.search(_OWN_FAULT, message))
    why = (
        "It passed a limit of its own, so every pod that does the same will be evicted too."
        if own
        else "Its node ran short of what the message names; the limits of the pod itself were kept."
    )
    ready, wanted = _serving(case, _HELD_SECONDS if own else 0), _wanted(case)
    replaced = wanted is not None and ready >= wanted
    counted = EvidenceItem("status", f"{case.workload}: pods", f"{ready} of {wanted} ready")
    delete = _case.kubectl(pod.ref, f"delete pod {pod.ref.name}") + "   # only its remains are left; it was replaced"
    return _case.Judgement(
        summary=f"evicted from node {pod.node}: {message or 'no message'}",
        explanation=why,
        evidence=(told, counted),
        next_step=delete if replaced else _case.edit_command(case.workload) + "   # what its limits and requests allow",
        container=container,
        severity="info" if replaced else "warning" if ready else "critical",
    )


def _ended_at(case: _case.PodCase) -> str | None:
    disruption = condition(case.pod.json, "DisruptionTarget")
    return fields.get_str(disruption, "lastTransitionTime") or None


def _limited(case: _case.PodCase, message: str) -> set[str]:
    """The containers that have a limit of local storage, where that is what was passed."""
    if "ephemeral" not in message.lower():
        return set()
    return {
        each.name
        for each in case.pod.containers
        if fields.get_dict(each.spec, "resources", "limits").get("ephemeral-storage")
    }


def _serving(case: _case.PodCase, held: float) -> int:
    """How many pods of the workload have been ready for so many seconds; one like the pod that ended, for as long as that lasted more."""
    count = 0
    ended = _ended_at(case) or fields.get_str(case.pod.condition("Ready"), "lastTransitionTime")
    lived, template = moments.seconds_between(case.pod.created, ended) or 0, _template(case.pod)
    for pod in case.evidence.pods_of(case.workload):
        since = fields.get_str(pod.condition("Ready"), "lastTransitionTime")
        lasted = moments.seconds_between(since, case.evidence.observed_at) or 0
        enough = held + lived if held and _template(pod) == template else held
        count += pod.ready and not pod.deleting and lasted >= enough
    return count


def _template(pod: Pod) -> tuple[str, ...]:
    """Which version of its workload's template a pod was made from."""
    return tuple(fields.get_str(pod.json, "metadata", "labels", name) for name in _VERSIONS)


def _wanted(case: _case.PodCase) -> int | None:
    json = case.evidence.get(case.workload)
    replicas = fields.get_int(json, "spec", "replicas")
    return replicas if replicas is not None else fields.get_int(json, "status", "desiredNumberScheduled")
