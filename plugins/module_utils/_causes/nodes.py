# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods that their node gave up, or that it took down with itself.

The kubelet's words: Kubernetes 1.36 ``pkg/kubelet/eviction/helpers.go``.
"""

from __future__ import annotations

import re
import typing as t

from .._model import moments
from .._model.fields import get_dict, get_int, get_str
from .._model.finding import EvidenceItem
from .._model.objects import condition
from ._case import Judgement, PodCase, edit_command, kubectl

_OWN_FAULT: t.Final = re.compile(r"\b(?:exceed(?:s|ed)|exceeds the (?:total )?limit)\b", re.IGNORECASE)
# A pod that passes its own limit does so again: its successor must have held for so long.
_HELD_SECONDS: t.Final = 60
_CONTAINERS: t.Final = re.compile(r"[Cc]ontainers? ([\w-]+)")


def evicted(case: PodCase) -> Judgement | None:
    """The kubelet ended the pod to save its node, or because the pod passed a limit of its own for local storage."""
    pod = case.pod
    if get_str(pod.json, "status", "reason") != "Evicted":
        return None
    message = get_str(pod.json, "status", "message").strip()
    names = {each.name for each in pod.containers} & set(_CONTAINERS.findall(message)) or _limited(case, message)
    container = names.pop() if len(names) == 1 else None
    own = bool(_OWN_FAULT.search(message))
    why = (
        "It passed a limit of its own, so every pod that does the same will be evicted too."
        if own
        else "Its node ran short of what the message names; the limits of the pod itself were kept."
    )
    evidence = [EvidenceItem("status", f"{pod.ref}: status", f"Evicted: {message}", _ended_at(case))]
    ready, wanted = _serving(case, _HELD_SECONDS if own else 0), _wanted(case)
    replaced = wanted is not None and ready >= wanted
    evidence.append(EvidenceItem("status", f"{case.workload}: pods", f"{ready} of {wanted} ready"))
    delete = kubectl(pod.ref, f"delete pod {pod.ref.name}") + "   # only its remains are left; it was replaced"
    return Judgement(
        summary=f"evicted from node {pod.node}: {message or 'no message'}",
        explanation=why,
        evidence=tuple(evidence),
        next_step=delete if replaced else edit_command(case.workload) + "   # what its limits and requests allow",
        container=container,
        severity="info" if replaced else "warning" if ready else "critical",
    )


def _ended_at(case: PodCase) -> str | None:
    disruption = condition(case.pod.json, "DisruptionTarget")
    return get_str(disruption, "lastTransitionTime") or None


def _limited(case: PodCase, message: str) -> set[str]:
    """The containers that have a limit of local storage, where that is what was passed."""
    if "ephemeral" not in message.lower():
        return set()
    return {
        each.name for each in case.pod.containers if get_dict(each.spec, "resources", "limits").get("ephemeral-storage")
    }


def _serving(case: PodCase, held: float) -> int:
    """How many pods of the workload have been ready for so many seconds."""
    count = 0
    for pod in case.evidence.pods_of(case.workload):
        since = get_str(pod.condition("Ready"), "lastTransitionTime")
        lasted = moments.seconds_between(since, case.evidence.observed_at) or 0
        count += pod.ready and not pod.deleting and lasted >= held
    return count


def _wanted(case: PodCase) -> int | None:
    json = case.evidence.get(case.workload)
    replicas = get_int(json, "spec", "replicas")
    return replicas if replicas is not None else get_int(json, "status", "desiredNumberScheduled")
