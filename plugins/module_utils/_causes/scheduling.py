# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods that no node can take.

The scheduler's words: Kubernetes 1.36 ``pkg/scheduler/framework/types.go``.  The condition is read, not the event, which
is cut at 1024 characters.
"""

from __future__ import annotations

import decimal
import re
import typing as t

from .._model import quantity
from .._model.fields import Json, get_dict, get_dicts, get_str
from .._model.finding import EvidenceItem
from .._model.objects import Pod
from ._case import Judgement, PodCase, edit_command, quote_condition

_INSUFFICIENT: t.Final = re.compile(r"Insufficient ([\w./-]*\w)")
_ZERO: t.Final = decimal.Decimal(0)


def insufficient_resources(case: PodCase) -> Judgement | None:
    """No node has as much of a resource left as the pod requests, or has that much at all."""
    condition = case.pod.condition("PodScheduled")
    if get_str(condition, "status") != "False" or get_str(condition, "reason") != "Unschedulable":
        return None
    lacking = list(dict.fromkeys(_INSUFFICIENT.findall(get_str(condition, "message"))))
    if not lacking:
        return None
    nodes = _selected_nodes(case)
    evidence = [quote_condition(case.pod.ref, condition)]
    too_much = []
    for resource in lacking:
        wanted = pod_request(case.pod.spec, resource)
        text = f"requests {quantity.in_words(wanted, resource)} {resource}"
        if nodes:
            largest = max(_allocatable(node, resource) for node in nodes.values())
            text += f"; the largest node offers {quantity.in_words(largest, resource)}"
            if wanted > largest:
                too_much.append(text)
            elif not case.evidence.scope.namespaces and not case.evidence.scope.label_selector:
                text += f", {_free_in_words(case, nodes, resource)}"
        evidence.append(EvidenceItem("spec", f"{case.pod.ref}: spec.containers[*].resources.requests", text))
    if too_much:
        summary = f"no node is large enough: the pod {' and '.join(too_much)}"
        explanation = "The request is larger than the largest node, so waiting does not help."
        next_step = edit_command(case.workload) + "   # lower resources.requests, or add a larger node"
    else:
        summary = f"no node has enough {' and '.join(lacking)} left for the pod's requests"
        explanation = (
            "A node could take the pod if it were less full; what counts are the requests of its pods, not their use."
        )
        next_step = (
            "kubectl describe nodes   # see Allocated resources; then lower requests, remove load, or add a node"
        )
    return Judgement(summary, explanation, tuple(evidence), next_step)


def _selected_nodes(case: PodCase) -> dict[str, Json]:
    """The nodes that the pod's nodeSelector allows."""
    selector = get_dict(case.pod.spec, "nodeSelector").items()
    nodes = case.evidence.named("Node", "")
    return {name: node for name, node in nodes.items() if selector <= get_dict(node, "metadata", "labels").items()}


def pod_request(spec: Json, resource: str) -> decimal.Decimal:
    """What the scheduler counts for a pod: the containers' and sidecars' sum or the largest init container, with the overhead.

    Where the pod itself sets a request (1.34), that one counts instead of the containers'.
    """
    overhead = quantity.parse(get_dict(spec, "overhead").get(resource)) or _ZERO
    own = quantity.parse(get_dict(spec, "resources", "requests").get(resource))
    if own is not None:
        return own + overhead
    running = sum((_request(container, resource) for container in get_dicts(spec, "containers")), _ZERO)
    sidecars, peak = _ZERO, _ZERO
    for container in get_dicts(spec, "initContainers"):
        if get_str(container, "restartPolicy") == "Always":
            sidecars += _request(container, resource)
        else:
            peak = max(peak, sidecars + _request(container, resource))
    return max(running + sidecars, peak) + overhead


def _request(container: Json, resource: str) -> decimal.Decimal:
    return quantity.parse(get_dict(container, "resources", "requests").get(resource)) or _ZERO


def _allocatable(node: Json, resource: str) -> decimal.Decimal:
    return quantity.parse(get_dict(node, "status", "allocatable").get(resource)) or _ZERO


def _free_in_words(case: PodCase, nodes: t.Mapping[str, Json], resource: str) -> str:
    """How much is left where most is left; only told where every pod of the cluster was read."""
    used: dict[str, decimal.Decimal] = {}
    for pod in case.evidence.pods:
        if _takes_room(pod):
            used[pod.node] = used.get(pod.node, _ZERO) + pod_request(pod.spec, resource)
    free = max((_allocatable(node, resource) - used.get(name, _ZERO) for name, node in nodes.items()), default=_ZERO)
    return f"of which at most {quantity.in_words(max(free, _ZERO), resource)} is free on one node"


def _takes_room(pod: Pod) -> bool:
    return bool(pod.node) and pod.phase not in {"Succeeded", "Failed"}
