# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods that ask for more than any node has, or has left.

The scheduler counts requests, not use: Kubernetes 1.36 ``pkg/scheduler/framework/plugins/noderesources``.
"""

from __future__ import annotations

import decimal
import re
import typing as t

from .._model import fields, quantity
from .._model.finding import Candidate, EvidenceItem
from .._model.requests import pod_request, requested
from . import _case
from ._near import near_misses
from ._placement import Places, node_groups, refused, told

_INSUFFICIENT: t.Final = r"Insufficient ([\w./-]*\w)"
_ZERO: t.Final = decimal.Decimal(0)


def insufficient_resources(case: _case.PodCase) -> _case.Judgement | None:
    """No node has as much of a resource left as the pod requests, or has that much at all."""
    if case.obstacle != "resources":
        return None
    message, places = told(case.pod), case.places
    lacking = list(dict.fromkeys(re.findall(_INSUFFICIENT, message)))
    lacking += ["pods"] if "Too many pods" in message else []
    nodes = places.open if places else {}
    evidence = [_case.quote_condition(case.pod.ref, case.pod.condition("PodScheduled"))]
    evidence += [_asked_and_offered(case, nodes, resource) for resource in lacking]
    requests = {resource: pod_request(case.pod.spec, resource) for resource in requested(case.pod.spec)}
    if nodes and not any(_holds(node, requests) for node in nodes.values()):
        evidence += _large_but_closed(places, requests) if places else []
        return _too_large(case, nodes, requests, lacking, tuple(evidence))
    return _case.Judgement(
        summary=f"no node has enough {' and '.join(lacking)} left for the pod's requests",
        explanation="A node could take the pod if it were less full; what counts are the requests of its pods, not their use.",
        evidence=tuple(evidence),
        next_step="kubectl describe nodes   # see Allocated resources; then lower requests, remove load, or add a node",
    )


def refused_for_resources(case: _case.PodCase) -> _case.Judgement | None:
    """The pod names its node itself, and the kubelet there has not enough left for it."""
    quote = refused(case.evidence, case.pod, r"OutOf[\w./-]+")
    if quote is None:
        return None
    resource = fields.get_str(case.pod.json, "status", "reason").removeprefix("OutOf")
    node = case.evidence.named("Node", "").get(case.pod.node)
    nodes = {case.pod.node: node} if node else {}
    return _case.Judgement(
        summary=f"node {case.pod.node} has not enough {resource} left for the pod, which names it in spec.nodeName",
        explanation="A pod that names its node goes past the scheduler, so no other node is tried: that node's kubelet refused it.",
        evidence=(quote, _asked_and_offered(case, nodes, resource)),
        next_step=_case.edit_command(case.workload)
        + "   # remove nodeName, so that a scheduler finds a node, or lower requests",
    )


def _too_large(
    case: _case.PodCase,
    nodes: t.Mapping[str, fields.Json],
    requests: t.Mapping[str, decimal.Decimal],
    lacking: t.Sequence[str],
    evidence: tuple[EvidenceItem, ...],
) -> _case.Judgement:
    beyond = [each for each in requests if requests[each] > _largest(nodes, each)]
    absent = [each for each in beyond if not _largest(nodes, each)]
    what = " and ".join(f"{quantity.in_words(requests.get(r, _ZERO), r)} {r}" for r in beyond or lacking)
    known = {name for node in nodes.values() for name in fields.get_dict(node, "status", "allocatable")}
    if absent:
        why = f"No node that the pod may go to offers {' and '.join(absent)} at all: nothing has announced it there."
    elif beyond:
        why = "The request is larger than the largest node that the pod may go to, so waiting does not help."
    else:
        why = (
            "Each resource is there on some node, but no single node has as much of all of them, even if it were empty."
        )
    return _case.Judgement(
        summary=f"no node is large enough: the pod requests {what}",
        explanation=why,
        evidence=evidence,
        next_step=_case.edit_command(case.workload) + "   # lower resources.requests, or add a larger node",
        candidates=tuple(
            Candidate(f"resource {name}", "nodes offer it; the name is similar")
            for each in absent
            for name in near_misses(each, known)
        ),
    )


def _asked_and_offered(case: _case.PodCase, nodes: t.Mapping[str, fields.Json], resource: str) -> EvidenceItem:
    """What the pod requests of a resource, and what the nodes that it may go to offer, and have left."""
    wanted = pod_request(case.pod.spec, resource)
    text = f"requests {quantity.in_words(wanted, resource)} {resource}"
    if nodes:
        sizes = [_allocatable(node, resource) for node in nodes.values()]
        text += f"; the largest node offers {quantity.in_words(max(sizes), resource)}"
        if len(set(sizes)) > 1:
            text += (
                f" (by size: {node_groups(quantity.in_words(size, resource) for size in sorted(sizes, reverse=True))})"
            )
        whole = not case.evidence.scope.namespaces and not case.evidence.scope.label_selector
        if whole and wanted <= max(sizes):
            text += f", {_free_in_words(case, nodes, resource)}"
    return EvidenceItem("spec", f"{case.pod.ref}: spec.containers[*].resources.requests", text)


def _large_but_closed(places: Places, requests: t.Mapping[str, decimal.Decimal]) -> list[EvidenceItem]:
    """Nodes that are large enough, and why the pod may not go there."""
    closed = {name: node for name, node in places.nodes.items() if name not in places.open and _holds(node, requests)}
    return [
        EvidenceItem("object", f"Node {name}", f"would be large enough, but {places.why_closed(name)}")
        for name in sorted(closed)[:3]
    ]


def _holds(node: fields.Json, requests: t.Mapping[str, decimal.Decimal]) -> bool:
    """Whether the node could take the pod if it were empty."""
    return all(_allocatable(node, resource) >= wanted for resource, wanted in requests.items())


def _largest(nodes: t.Mapping[str, fields.Json], resource: str) -> decimal.Decimal:
    return max((_allocatable(node, resource) for node in nodes.values()), default=_ZERO)


def _allocatable(node: fields.Json, resource: str) -> decimal.Decimal:
    return quantity.parse(fields.get_dict(node, "status", "allocatable").get(resource)) or _ZERO


def _free_in_words(case: _case.PodCase, nodes: t.Mapping[str, fields.Json], resource: str) -> str:
    """How much is left where most is left; only told where every pod of the cluster was read."""
    used = case.evidence.requested_on_nodes
    free = max(
        (_allocatable(node, resource) - used.get((name, resource), _ZERO) for name, node in nodes.items()),
        default=_ZERO,
    )
    return f"of which at most {quantity.in_words(max(free, _ZERO), resource)} is free on one node"
