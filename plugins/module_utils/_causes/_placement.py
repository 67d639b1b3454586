# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands between a pod and a node: what it selects and tolerates, and the words of the scheduler.

The scheduler's words: Kubernetes 1.27 to 1.36 ``pkg/scheduler/framework`` (``types.go`` and the plugins).  The condition is
read, not the event, which is cut at 1024 characters.  A node is counted under the first filter that refuses it, so the message
alone does not tell what stands in the way: the nodes that the pod selects and tolerates do.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import re
import typing as t

from .._model import fields
from .._model.evidence import Evidence
from .._model.finding import EvidenceItem
from .._model.objects import Pod, Ref
from .._model.selectors import holds, selects

Kind = t.Literal["taint", "selection", "ports", "resources", "volume", "neighbours"]

# In the order of the scheduler's filters.
_REASONS: t.Final[t.Mapping[Kind, str]] = {
    "taint": r"had (?:untolerated )?taint|were unschedulable",
    "selection": r"didn't match (?:Pod's )?node (?:affinity|selector)|didn't match the requested node name|didn't satisfy plugin",
    "ports": r"didn't have free ports",
    "resources": r"Insufficient \S|Too many pods",
    "volume": r"didn't find available persistent volumes|(?:PersistentVolume's|volume) node affinity|enough free storage"
    r"|bound to non-existent|had no available volume zone",
    "neighbours": r"didn't match pod (?:anti-)?affinity|existing pods anti-affinity|pod topology spread constraints",
}
_COUNTED: t.Final = {
    kind: rf"(?i)\b(\d{{1,9}}) (?:node\(s\) )?[\w'() ]{{0,60}}(?:{words})" for kind, words in _REASONS.items()
}
_CLAIM: t.Final = r"(?i)persistentvolumeclaims?\b|ephemeral volume controller"

_FIELD: t.Final = "metadata.name"
_CORDON: t.Final = "node.kubernetes.io/unschedulable"
# What the node lifecycle controller, the kubelet and the cloud provider say of a node by a taint.
_TROUBLE: t.Final = frozenset(
    {
        *(
            f"node.kubernetes.io/{word}"
            for word in (
                "not-ready",
                "unreachable",
                "memory-pressure",
                "disk-pressure",
                "pid-pressure",
                "network-unavailable",
                "out-of-service",
            )
        ),
        "node.cloudprovider.kubernetes.io/uninitialized",
        "node.cloudprovider.kubernetes.io/shutdown",
    }
)


@dataclasses.dataclass(frozen=True)
class Taint:
    """One thing that keeps a pod off a node: a taint, or (``effect`` empty) the mark that it was cordoned."""

    key: str
    value: str
    effect: str

    @property
    def cordon(self) -> bool:
        return self.key == _CORDON

    @property
    def trouble(self) -> bool:
        """Whether it says that the node itself is unwell."""
        return self.key in _TROUBLE

    def __str__(self) -> str:
        if self.cordon:
            return "cordoned (spec.unschedulable)"
        return f"taint {self.key}" + (f"={self.value}" if self.value else "") + f":{self.effect}"


@dataclasses.dataclass(frozen=True)
class Places:
    """The nodes of the cluster as one pod sees them: all, those that it selects, and those of them that it may go to."""

    nodes: t.Mapping[str, fields.Json]
    selected: t.Mapping[str, fields.Json]
    taints: t.Mapping[str, t.Sequence[Taint]]

    @functools.cached_property
    def open(self) -> dict[str, fields.Json]:
        return {name: node for name, node in self.selected.items() if not self.taints[name]}

    def why_closed(self, name: str) -> str:
        return ", ".join(map(str, self.taints[name])) if name in self.selected else "the pod's selectors leave it out"


def deciding(evidence: Evidence, pod: Pod, places: Places | None) -> Kind | None:
    """The one reason that has to go before any other can matter; None where the scheduler gives none that is known."""
    condition = pod.condition("PodScheduled")
    if fields.get_str(condition, "status") != "False" or fields.get_str(condition, "reason") == "SchedulingGated":
        return None
    message = told(pod)
    counts = {kind: _count(pattern, message) for kind, pattern in _COUNTED.items() if re.search(pattern, message)}
    if not counts:  # what is wrong with a claim is told before any node is looked at
        return "volume" if re.search(_CLAIM, message) else None
    if places is None:
        return _nearest(counts)
    if not places.selected:
        return next((kind for kind in ("selection", "volume") if kind in counts), None) or _nearest(counts)
    if not places.open and "taint" in counts:
        return "taint"
    counts = {kind: count for kind, count in counts.items() if kind not in {"taint", "selection"}}
    if len(counts) > 1 and "neighbours" in counts and _has_a_place_for_each(evidence, pod, places):
        del counts["neighbours"]
    return _nearest(counts)


def only_reason(pod: Pod) -> bool:
    """Whether the scheduler gives no other reason."""
    return sum(bool(re.search(each, told(pod))) for each in _COUNTED.values()) == 1


def told(pod: Pod) -> str:
    """What the scheduler says of the nodes, without what it says of preemption."""
    return re.split(r"preemption:", fields.get_str(pod.condition("PodScheduled"), "message"), maxsplit=1)[0]


def _count(pattern: str, message: str) -> int:
    return sum(min(int(number), 10**6) for number in re.findall(pattern, message))


def _nearest(counts: t.Mapping[Kind, int]) -> Kind | None:
    """Nodes that only a later filter refused are nearer to taking the pod; of several such reasons, that of most nodes."""
    later = {kind: count for kind, count in counts.items() if kind not in {"taint", "selection"}} or counts
    return max(later, key=lambda kind: later[kind], default=None)


def _has_a_place_for_each(evidence: Evidence, pod: Pod, places: Places) -> bool:
    """Whether the workload's replicas could stand apart as they want to, if the nodes had room."""
    replicas = fields.get_int(evidence.get(evidence.workload(pod)), "spec", "replicas") or 1
    return all(len(found) >= replicas for found in domains(pod, places).values())


def domains(pod: Pod, places: Places) -> dict[str, set[str]]:
    """Topology key → its values among the open nodes, for each key by which the pod keeps away from its own kind."""
    labels = fields.get_dict(pod.json, "metadata", "labels")
    found = {}
    for term in fields.get_dicts(
        pod.spec, "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"
    ):
        key = fields.get_str(term, "topologyKey")
        if selects(fields.get(term, "labelSelector"), labels):
            found[key] = {str(value) for node in places.open.values() if (value := labels_of(node).get(key))}
    return found


def refused(evidence: Evidence, pod: Pod, reason: str) -> EvidenceItem | None:
    """The kubelet's refusal of a pod that went past the scheduler (``pkg/kubelet/lifecycle/predicate.go``), if it still counts."""
    said = fields.get_str(pod.json, "status", "reason")
    if pod.phase != "Failed" or not re.fullmatch(reason, said):
        return None
    seen = [each for each in evidence.pods_of(evidence.workload(pod)) if each.acknowledged]
    newest = max(seen, key=lambda each: each.created or "", default=pod)
    if newest.phase != "Failed":
        return None  # its controller has made another, which was taken
    return EvidenceItem("status", f"{pod.ref}: status", f"{said}: {fields.get_str(pod.json, 'status', 'message')}")


def node_groups(words: t.Iterable[str]) -> str:
    """``2 nodes: a; 1 node: b``"""
    counts = collections.Counter(words).items()
    return "; ".join(f"{count} {'node' if count == 1 else 'nodes'}: {word}" for word, count in counts)


def places_of(evidence: Evidence, pod: Pod) -> Places | None:
    """None where the nodes were not read."""
    nodes = evidence.named("Node", "")
    if not nodes or not evidence.lists("Node", ""):
        return None
    asked = selection(pod.spec)
    volumes = [affinity for _claim, affinity in volume_affinities(evidence, pod)]
    selected = {
        name: node
        for name, node in nodes.items()
        if not asked.unmet(node) and all(_any_term(affinity, labels_of(node)) for affinity in volumes)
    }
    return Places(nodes, selected, {name: _untolerated(pod.spec, node) for name, node in selected.items()})


def volume_affinities(evidence: Evidence, pod: Pod) -> t.Iterator[tuple[str, fields.Json]]:
    """Claim → where the volume that it is bound to can be used; only those that are tied to some nodes."""
    namespace = pod.ref.namespace
    for claim in claims(pod):
        bound = fields.get_str(evidence.get(Ref("PersistentVolumeClaim", namespace, claim)), "spec", "volumeName")
        affinity = fields.get_dict(evidence.get(Ref("PersistentVolume", "", bound)), "spec", "nodeAffinity", "required")
        if affinity:
            yield claim, affinity


def claims(pod: Pod) -> list[str]:
    """Names of the claims that a pod needs; one for an ephemeral volume is named after pod and volume."""
    found = []
    for volume in fields.get_dicts(pod.spec, "volumes"):
        if name := fields.get_str(volume, "persistentVolumeClaim", "claimName"):
            found.append(name)
        elif isinstance(fields.get(volume, "ephemeral"), dict):
            found.append(f"{pod.ref.name}-{fields.get_str(volume, 'name')}")
    return found


def labels_of(node: fields.Json) -> dict[str, t.Any]:
    """A node's labels, and its name as the field that a selector may ask for."""
    return {**fields.get_dict(node, "metadata", "labels"), _FIELD: fields.get_str(node, "metadata", "name")}


@dataclasses.dataclass(frozen=True)
class Selection:
    """What a pod asks of a node's labels, as NodeSelector requirements: all of ``every``, and all of one of ``terms``, if there are any."""

    every: t.Sequence[fields.Json]
    terms: t.Sequence[t.Sequence[fields.Json]]

    @property
    def requirements(self) -> list[fields.Json]:
        return [*self.every, *(each for term in self.terms for each in term)]

    def unmet(self, node: fields.Json) -> list[fields.Json]:
        """The requirements that a node does not meet; of the alternatives, those of the nearest."""
        if not self.every and not self.terms:
            return []
        labels = labels_of(node)
        missed = [each for each in self.every if not holds(each, labels)]
        alternatives = [[each for each in term if not holds(each, labels)] for term in self.terms]
        return [*missed, *min(alternatives, key=len, default=[])]


def selection(spec: fields.Json) -> Selection:
    every = [
        {"key": key, "operator": "In", "values": [value]}
        for key, value in fields.get_dict(spec, "nodeSelector").items()
    ]
    affinity = fields.get_dict(spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    return Selection(every, _terms(affinity))


def in_words(requirement: fields.Json) -> str:
    """``disktype=ssd``, ``zone in (a, b)``, ``gpu exists``."""
    key, operator, values = (
        fields.get_str(requirement, "key"),
        fields.get_str(requirement, "operator"),
        fields.get_strs(requirement, "values"),
    )
    words = {"In": "in", "NotIn": "not in", "Exists": "exists", "DoesNotExist": "does not exist", "Gt": ">", "Lt": "<"}
    if operator == "In" and len(values) == 1:
        return f"{key}={values[0]}"
    if operator in {"Exists", "DoesNotExist"}:
        return f"{key} {words[operator]}"
    if operator in {"Gt", "Lt"}:
        return f"{key} {words[operator]} {', '.join(values)}"
    return f"{key} {words.get(operator, operator)} ({', '.join(values)})"


def _terms(selector: fields.Json) -> list[list[dict[str, t.Any]]]:
    """The alternatives of a NodeSelector; an empty one selects nothing and is left out."""
    terms = [
        [*fields.get_dicts(term, "matchExpressions"), *fields.get_dicts(term, "matchFields")]
        for term in fields.get_dicts(selector, "nodeSelectorTerms")
    ]
    return [term for term in terms if term]


def _any_term(selector: fields.Json, labels: t.Mapping[str, t.Any]) -> bool:
    return any(all(holds(each, labels) for each in term) for term in _terms(selector))


def _untolerated(spec: fields.Json, node: fields.Json) -> list[Taint]:
    """What keeps the pod off this node.  Taints that only ask to be avoided don't."""
    found = [
        Taint(fields.get_str(each, "key"), fields.get_str(each, "value"), fields.get_str(each, "effect"))
        for each in fields.get_dicts(node, "spec", "taints")
    ]
    if fields.get(node, "spec", "unschedulable") is True:
        found = [Taint(_CORDON, "", "NoSchedule"), *(each for each in found if not each.cordon)]
    tolerations = fields.get_dicts(spec, "tolerations")
    return [
        taint
        for taint in found
        if taint.effect in {"NoSchedule", "NoExecute"} and not any(tolerates(each, taint) for each in tolerations)
    ]


def tolerates(toleration: fields.Json, taint: Taint) -> bool:
    key, effect = fields.get_str(toleration, "key"), fields.get_str(toleration, "effect")
    if effect not in ("", taint.effect) or key not in ("", taint.key):
        return False
    if fields.get_str(toleration, "operator") == "Exists":
        return True
    return bool(key) and fields.get_str(toleration, "value") == taint.value
