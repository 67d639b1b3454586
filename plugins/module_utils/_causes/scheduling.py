# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods that no node may take whatever room it has, or that no scheduler looks at."""

from __future__ import annotations

import typing as t

from .._model import fields, moments
from .._model.finding import Candidate, EvidenceItem
from .._model.objects import Pod, Ref
from .._model.selectors import holds, selects
from . import _case
from ._near import near_misses
from ._placement import (
    Places,
    Taint,
    domains,
    in_words,
    labels_of,
    node_groups,
    only_reason,
    refused,
    selection,
    tolerates,
)

_SHOWN: t.Final = 4
# A scheduler looks at a new pod at once, also where it finds no node for it; a crowd of pods takes it some seconds.
_LOOK_SECONDS: t.Final = 15
_SEE_NODES: t.Final = (
    "kubectl get nodes -o custom-columns=NAME:.metadata.name,CORDONED:.spec.unschedulable,TAINTS:.spec.taints"
)


def node_selection_unsatisfiable(case: _case.PodCase) -> _case.Judgement | None:
    """No node has the labels that the pod selects, or none stands to other pods as this one asks."""
    kind = case.obstacle
    if kind == "neighbours":
        return _neighbours(case)
    if kind != "selection":
        return None
    places = case.places
    nodes = places.nodes if places else {}
    wanted = selection(case.pod.spec)
    asked = wanted.requirements
    nowhere = [each for each in asked if not any(holds(each, labels_of(node)) for node in nodes.values())]
    what = " and ".join(map(in_words, nowhere or asked)) or "what the pod selects"
    together = not nowhere and len(asked) > 1
    place = f"{case.pod.ref}: spec.nodeSelector and spec.affinity.nodeAffinity"
    missed = node_groups(
        ", ".join(map(in_words, wanted.unmet(node))) or "the place of its volume" for node in nodes.values()
    )
    evidence = [
        _case.quote_condition(case.pod.ref, case.pod.condition("PodScheduled")),
        EvidenceItem("spec", place, "; ".join(map(in_words, asked)) or "nothing"),
    ]
    evidence += [EvidenceItem("object", "Nodes: what each lacks", missed)] if missed else []
    return _case.Judgement(
        summary=f"no node has all of {what}" if together else f"no node has {what}",
        explanation="A pod only goes to a node whose labels are as its nodeSelector and node affinity say. "
        + ("Each is there on some node, but never together." if together else "Room and taints did not come into it."),
        evidence=tuple(evidence),
        next_step=_case.edit_command(case.workload)
        + "   # correct nodeSelector or affinity; see: kubectl get nodes --show-labels",
        confidence="confirmed" if case.places or only_reason(case.pod) else "probable",
        candidates=tuple(_labels_meant(nowhere, nodes)),
    )


def no_node_for_daemon_set(case: _case.WorkloadCase) -> _case.Judgement | None:
    """A DaemonSet selects no node, and labels that are spelt nearly so are there; without those it may be meant so."""
    nodes = case.evidence.named("Node", "")
    spec = fields.get_dict(case.json, "spec", "template", "spec")
    asked = selection(spec).requirements
    settled = fields.get_int(case.json, "status", "observedGeneration") == fields.get_int(
        case.json, "metadata", "generation"
    )
    if (
        case.workload.kind != "DaemonSet"
        or not settled
        or fields.get_int(case.json, "status", "desiredNumberScheduled") != 0
    ):
        return None
    nowhere = [each for each in asked if not any(holds(each, labels_of(node)) for node in nodes.values())]
    meant = tuple(_labels_meant(nowhere, nodes))
    if not meant or not case.evidence.lists("Node", ""):
        return None
    what = " and ".join(map(in_words, nowhere))
    return _case.Judgement(
        summary=f"it runs on no node: none has {what}",
        explanation="A DaemonSet makes no pod where its selectors leave every node out. A label that is spelt nearly so is there.",
        evidence=(
            EvidenceItem("status", f"{case.workload}: status.desiredNumberScheduled", "0"),
            EvidenceItem(
                "spec",
                f"{case.workload}: spec.template: nodeSelector and node affinity",
                "; ".join(map(in_words, asked)),
            ),
        ),
        next_step=_case.edit_command(case.workload)
        + "   # correct nodeSelector or affinity; see: kubectl get nodes --show-labels",
        confidence="probable",
        candidates=meant,
        severity="warning",
    )


def node_not_there(case: _case.PodCase) -> _case.Judgement | None:
    """The pod names its node itself, past the scheduler, and there is no such node."""
    pod, nodes = case.pod, case.evidence.named("Node", "")
    if not pod.node or pod.node in nodes or not nodes or not case.evidence.lists("Node", ""):
        return None
    if pod.condition("PodScheduled") or fields.get(pod.json, "status", "hostIP"):
        return None  # it was there once
    return _case.Judgement(
        summary=f"there is no node {pod.node}, which the pod names in spec.nodeName",
        explanation="A pod that names its node goes past the scheduler and waits for that node's kubelet. After a while it is deleted.",
        evidence=(
            EvidenceItem("spec", f"{pod.ref}: spec.nodeName", pod.node),
            EvidenceItem("absence", f"Node {pod.node}", f"not among the {len(nodes)} nodes of the cluster"),
        ),
        next_step=_case.edit_command(case.workload) + "   # remove nodeName, or name a node that is there",
        candidates=tuple(Candidate(f"Node {name}", "the name is similar") for name in near_misses(pod.node, nodes)),
    )


def refused_by_node(case: _case.PodCase) -> _case.Judgement | None:
    """The pod names its node itself, and that node's kubelet refuses it for the labels that the pod selects."""
    quote = refused(case.evidence, case.pod, "NodeAffinity")
    if quote is None:
        return None
    asked = "; ".join(map(in_words, selection(case.pod.spec).requirements))
    return _case.Judgement(
        summary=f"node {case.pod.node}, which the pod names in spec.nodeName, has not what the pod selects: {asked}",
        explanation="A pod that names its node goes past the scheduler, so no other node is tried: that node's kubelet refused it.",
        evidence=(
            quote,
            EvidenceItem("spec", f"{case.pod.ref}: spec", f"nodeName {case.pod.node}; selects {asked}"),
        ),
        next_step=_case.edit_command(case.workload) + "   # remove nodeName, or correct nodeSelector or affinity",
    )


def node_tainted_or_cordoned(case: _case.PodCase) -> _case.Judgement | None:
    """Every node that the pod selects was cordoned, or has a taint that the pod does not tolerate."""
    if case.obstacle != "taint":
        return None
    condition, places = _case.quote_condition(case.pod.ref, case.pod.condition("PodScheduled")), case.places
    if places is None:
        return _case.Judgement(
            summary="the nodes were cordoned, or have taints that the pod does not tolerate",
            explanation="The scheduler says so. Which taints they are is not known: the nodes could not be read.",
            evidence=(condition,),
            next_step=_SEE_NODES,
            confidence="confirmed" if case.places or only_reason(case.pod) else "probable",
        )
    closed = {name: list(places.taints[name]) for name in sorted(places.selected)}
    found = list(dict.fromkeys(taint for taints in closed.values() for taint in taints))
    evidence = [condition, *(_tainted(name, places) for name in list(closed)[:_SHOWN])]
    tolerations = "; ".join(map(_toleration, fields.get_dicts(case.pod.spec, "tolerations"))) or "none"
    evidence.append(EvidenceItem("spec", f"{case.pod.ref}: spec.tolerations", tolerations))
    unwell = [name for name in closed if any(taint.trouble for taint in closed[name])]
    if len(closed) > 1:
        who = f"all {len(closed)} nodes that the pod selects are closed to it"
    else:
        who = f"node {next(iter(closed))}, the only one {'that the pod selects' if len(places.nodes) > 1 else 'there is'}, is closed to it"
    only_cordoned = len(closed) == 1 and all(taint.cordon for taint in found)
    return _case.Judgement(
        summary=f"{who}: {' and '.join(map(str, found))}",
        explanation=_why_closed(found, len(places.nodes) - len(closed)),
        evidence=tuple(evidence),
        next_step=_open_again(case, closed, unwell),
        candidates=tuple(_tolerations_meant(case, found)),
        subject=Ref("Node", "", next(iter(closed))) if only_cordoned else None,
        roots=tuple(Ref("Node", "", name) for name in unwell),
    )


def host_port_conflict(case: _case.PodCase) -> _case.Judgement | None:
    """Other pods hold the port of the node that this one wants for itself."""
    if case.obstacle != "ports":
        return None
    places = case.places
    return _port_taken(
        case,
        _case.quote_condition(case.pod.ref, case.pod.condition("PodScheduled")),
        set(places.open) if places else None,
    )


def refused_for_ports(case: _case.PodCase) -> _case.Judgement | None:
    """The pod names its node itself, and that node's kubelet has given the port away."""
    quote = refused(case.evidence, case.pod, "NodePorts")
    return _port_taken(case, quote, {case.pod.node}) if quote else None


def scheduler_missing(case: _case.PodCase) -> _case.Judgement | None:
    """No scheduler has looked at the pod, or its scheduling gates keep it from being looked at."""
    waited = moments.seconds_between(case.pod.created, case.evidence.observed_at) or 0
    if case.pod.node or case.pod.phase != "Pending" or waited < _LOOK_SECONDS:
        return None
    if fields.get_str(case.pod.condition("PodScheduled"), "reason") == "SchedulingGated":
        return _gated(case)
    return _nobody_looks(case, waited)


def _gated(case: _case.PodCase) -> _case.Judgement:
    gates = ", ".join(fields.get_str(gate, "name") for gate in fields.get_dicts(case.pod.spec, "schedulingGates"))
    return _case.Judgement(
        summary=f"held back by its scheduling gates: {gates}",
        explanation="A gate keeps the scheduler from looking at the pod until whoever set it takes it away. No other fault is known yet.",
        evidence=(
            _case.quote_condition(case.pod.ref, case.pod.condition("PodScheduled")),
            EvidenceItem("spec", f"{case.pod.ref}: spec.schedulingGates", gates),
        ),
        next_step=_case.kubectl(case.pod.ref, f"describe pod {case.pod.ref.name}")
        + "   # find the controller that takes the gate away, and why it does not",
    )


def _nobody_looks(case: _case.PodCase, waited: float) -> _case.Judgement | None:
    pod, name = case.pod, fields.get_str(case.pod.spec, "schedulerName") or "default-scheduler"
    seen = any(event.reason in {"FailedScheduling", "Scheduled"} for event in case.events)
    if seen or fields.get_list(pod.json, "status", "conditions") or fields.get(pod.json, "status", "hostIP"):
        return None
    placed = case.evidence.newest_placed
    if placed.get(name, "") > (pod.created or ""):
        return None  # it takes newer ones, and will come to this one, or waits for its volumes
    own = name != "default-scheduler"
    return _case.Judgement(
        summary=f"no scheduler has looked at the pod for {moments.in_words(waited)}; it asks for {name}",
        explanation="A scheduler says in the condition PodScheduled what it found, also where no node fits. It is not there: "
        + ("nothing of that name is at work." if own else "the cluster's scheduler is not at work."),
        evidence=(
            EvidenceItem("spec", f"{pod.ref}: spec.schedulerName", name),
            EvidenceItem(
                "absence",
                f"{pod.ref}: status.conditions[PodScheduled]",
                "no such condition, and no event of a scheduler",
            ),
        ),
        next_step=_case.edit_command(case.workload) + "   # correct schedulerName, or start that scheduler"
        if own
        else "kubectl -n kube-system get pods   # see whether kube-scheduler runs",
        candidates=tuple(
            Candidate(f"schedulerName {each}", "it is at work; the name is similar")
            for each in near_misses(name, {*placed, "default-scheduler"})
        ),
    )


def _labels_meant(nowhere: t.Sequence[fields.Json], nodes: t.Mapping[str, fields.Json]) -> t.Iterator[Candidate]:
    """Labels that nodes have, and that may be meant by what none has: a key or a value spelt otherwise."""
    labels = [fields.get_dict(node, "metadata", "labels") for node in nodes.values()]
    for each in nowhere:
        key, values = fields.get_str(each, "key"), [str(value) for value in fields.get_list(each, "values")]
        there = {str(one[key]) for one in labels if key in one}
        for value in (near for wanted in values for near in near_misses(wanted, there)):
            yield Candidate(f"label {key}={value}", f"{_having(labels, key, value)}; the value is similar")
        for other in _keys_meant(key, {str(name) for one in labels for name in one}) if not there else ():
            for value in sorted({str(one[other]) for one in labels if other in one} & set(values)) or [""]:
                what = f"label {other}" + (f"={value}" if value else "")
                yield Candidate(what, f"{_having(labels, other, value)}; the key is similar")


def _keys_meant(key: str, there: t.Iterable[str]) -> list[str]:
    """Keys of the same domain with a similar name, or of another domain with the same one."""
    domain, _slash, name = key.rpartition("/")
    parts = {other: other.rpartition("/") for other in sorted(there)}
    alike = near_misses(name, [each[2] for each in parts.values() if each[0] == domain])
    return [other for other, each in parts.items() if (each[2] in alike if each[0] == domain else each[2] == name)]


def _having(labels: t.Sequence[fields.Json], key: str, value: str) -> str:
    count = sum(key in one and value in ("", one[key]) for one in labels)
    return "1 node has it" if count == 1 else f"{count} nodes have it"


def _neighbours(case: _case.PodCase) -> _case.Judgement:
    """Pod affinity, anti-affinity and topology spread: what the pod asks, and how the nodes stand."""
    places, spec = case.places, case.pod.spec
    evidence = [_case.quote_condition(case.pod.ref, case.pod.condition("PodScheduled"))]
    for field in ("podAffinity", "podAntiAffinity"):
        for term in fields.get_dicts(spec, "affinity", field, "requiredDuringSchedulingIgnoredDuringExecution"):
            place = f"{case.pod.ref}: spec.affinity.{field}"
            evidence.append(
                EvidenceItem("spec", place, f"{_pods_meant(term)}, by {fields.get_str(term, 'topologyKey')}")
            )
    for each in fields.get_dicts(spec, "topologySpreadConstraints"):
        if fields.get_str(each, "whenUnsatisfiable") == "DoNotSchedule":
            skew, key = fields.get_int(each, "maxSkew"), fields.get_str(each, "topologyKey")
            words = f"{_pods_meant(each)}, at most {skew} more in one {key} than in another"
            evidence.append(EvidenceItem("spec", f"{case.pod.ref}: spec.topologySpreadConstraints", words))
    summary, why = "no node stands to other pods as the pod's affinity or spread rules ask", ""
    replicas = fields.get_int(case.evidence.get(case.workload), "spec", "replicas") or 1
    for key, values in domains(case.pod, places).items() if places else ():
        if replicas > len(values):
            summary = f"{replicas} replicas must each be alone in a {key}, and the pod may go to {len(values)} of those"
            why = "Its own replicas hold them all. "
    keys = {fields.get_str(each, "topologyKey") for each in _rules(spec)}
    lacking = sorted(key for key in keys if places and not any(key in labels_of(n) for n in places.open.values()))
    if lacking:
        summary = f"no node has label {', '.join(lacking)}, by which the pod's rules tell places apart"
    return _case.Judgement(
        summary=summary,
        explanation=why
        + "The nodes that the pod selects and tolerates were refused for the pods that run there, or for a label that tells places apart.",
        evidence=tuple(evidence),
        next_step=_case.edit_command(case.workload)
        + "   # scale down to the places there are, or make the rule preferred (ScheduleAnyway), or correct it",
        confidence="confirmed" if case.places or only_reason(case.pod) else "probable",
        candidates=tuple(_neighbours_meant(case)),
    )


def _rules(spec: fields.Json) -> t.Sequence[fields.Json]:
    found = [
        each
        for each in fields.get_dicts(spec, "topologySpreadConstraints")
        if fields.get_str(each, "whenUnsatisfiable") == "DoNotSchedule"
    ]
    for field in ("podAffinity", "podAntiAffinity"):
        found += fields.get_dicts(spec, "affinity", field, "requiredDuringSchedulingIgnoredDuringExecution")
    return found


def _pods_meant(rule: fields.Json) -> str:
    selector = fields.get_dict(rule, "labelSelector")
    words = [f"{key}={value}" for key, value in fields.get_dict(selector, "matchLabels").items()]
    words += [in_words(each) for each in fields.get_dicts(selector, "matchExpressions")]
    return f"pods with {', '.join(words)}" if words else "every pod"


def _neighbours_meant(case: _case.PodCase) -> t.Iterator[Candidate]:
    """Where the pod wants to be beside pods that are not there: labels of pods that are, and are spelt otherwise."""
    mates = [
        pod for pod in case.evidence.pods if pod.ref.namespace == case.pod.ref.namespace and pod.ref != case.pod.ref
    ]
    labels = [fields.get_dict(pod.json, "metadata", "labels") for pod in mates]
    for term in fields.get_dicts(
        case.pod.spec, "affinity", "podAffinity", "requiredDuringSchedulingIgnoredDuringExecution"
    ):
        if any(selects(fields.get(term, "labelSelector"), each) for each in labels):
            continue
        for key, value in fields.get_dict(term, "labelSelector", "matchLabels").items():
            for near in near_misses(str(value), {str(each[key]) for each in labels if key in each}):
                yield Candidate(f"label {key}={near}", "a pod of the namespace has it; the value is similar")


def _tainted(name: str, places: Places) -> EvidenceItem:
    added = [fields.get_str(taint, "timeAdded") for taint in fields.get_dicts(places.nodes[name], "spec", "taints")]
    return EvidenceItem(
        "object", f"Node {name}: spec", ", ".join(map(str, places.taints[name])), max(added, default="") or None
    )


def _toleration(json: fields.Json) -> str:
    key, value, effect = (
        fields.get_str(json, "key") or "every key",
        fields.get_str(json, "value"),
        fields.get_str(json, "effect") or "every effect",
    )
    return f"{key}={value}:{effect}" if value else f"{key}:{effect}"


def _why_closed(found: t.Sequence[Taint], unselected: int) -> str:
    words = []
    if any(taint.cordon for taint in found):
        words.append(
            "Somebody cordoned a node, as is done before maintenance: it keeps its pods and takes no new ones."
        )
    if any(taint.trouble for taint in found):
        words.append(
            "A taint that tells of a node's own trouble goes when the node is well again; a toleration would be no cure."
        )
    if any(not taint.cordon and not taint.trouble for taint in found):
        words.append("The pod has no toleration for it.")
    if unselected > 0:
        words.append(f"Other nodes ({unselected}) are not what the pod selects.")
    return " ".join(words)


def _open_again(case: _case.PodCase, closed: t.Mapping[str, t.Sequence[Taint]], unwell: t.Sequence[str]) -> str:
    if unwell:
        return f"kubectl describe node {unwell[0]}   # see its conditions"
    cordoned = [name for name, taints in closed.items() if all(taint.cordon for taint in taints)]
    if cordoned:
        return f"kubectl uncordon {cordoned[0]}   # after asking who cordoned it, and why"
    return _case.edit_command(case.workload) + f"   # add a toleration, if the pod belongs there; see: {_SEE_NODES}"


def _tolerations_meant(case: _case.PodCase, found: t.Sequence[Taint]) -> t.Iterator[Candidate]:
    """A toleration that the pod has and that nearly fits: another value or effect, or a key that is spelt otherwise."""
    for taint in found:
        for each in fields.get_dicts(case.pod.spec, "tolerations"):
            key = fields.get_str(each, "key")
            spelt = key == taint.key or bool(near_misses(key, [taint.key]))
            if spelt and not tolerates(each, taint) and not taint.cordon and not taint.trouble:
                yield Candidate(
                    f"toleration {taint.key}={taint.value}:{taint.effect}"
                    if taint.value
                    else f"toleration {taint.key}:{taint.effect}",
                    f"the pod tolerates {_toleration(each)}, which is similar",
                )


def _port_taken(case: _case.PodCase, quote: EvidenceItem, nodes: set[str] | None) -> _case.Judgement:
    ports = _host_ports(case.pod)
    holders = [
        (port, pod)
        for pod in case.evidence.pods
        if pod.ref != case.pod.ref and pod.node and pod.phase not in {"Succeeded", "Failed"}
        for port in ports
        if (nodes is None or pod.node in nodes) and any(_same(port, other) for other in _host_ports(pod))
    ]
    evidence = [quote]
    evidence += [
        EvidenceItem("spec", f"{case.pod.ref}: spec.containers[{container}].ports", f"hostPort {_words(port)}")
        for port, container in ports.items()
    ]
    evidence += [
        EvidenceItem("object", str(pod.ref), f"holds port {_words(port)} of node {pod.node}")
        for port, pod in holders[:_SHOWN]
    ]
    taken = dict.fromkeys(port for port, _pod in holders) or ports
    containers = {ports[port] for port in taken}
    own = bool(holders) and all(case.evidence.workload(pod) == case.workload for _port, pod in holders)
    if own:
        why = "Its own replicas hold the port. One node takes one of them, so there can't be more of them than nodes."
    elif holders:
        why = f"{holders[0][1].ref} holds it. A port of a node goes to one pod only."
    else:
        why = "A port of a node goes to one pod only. Who holds it is not among the pods that were read."
    return _case.Judgement(
        summary=f"host port {', '.join(map(_words, taken))} is taken on every node that the pod may go to",
        explanation=why,
        evidence=tuple(evidence),
        next_step=_case.edit_command(case.workload) + "   # remove hostPort (a Service needs none), or take another",
        container=containers.pop() if len(containers) == 1 else None,
    )


_HostPort = tuple[int, str, str]


def _host_ports(pod: Pod) -> dict[_HostPort, str]:
    """(port, protocol, address) → container; on the host's network every port is one of the host."""
    found: dict[_HostPort, str] = {}
    for spec_list in ("initContainers", "containers"):
        for container in fields.get_dicts(pod.spec, spec_list):
            if spec_list == "initContainers" and fields.get_str(container, "restartPolicy") != "Always":
                continue
            for each in fields.get_dicts(container, "ports"):
                if port := fields.get_int(each, "hostPort"):
                    address = fields.get_str(each, "hostIP") or "0.0.0.0"  # noqa: S104 (what the scheduler takes an empty one for)
                    found[port, fields.get_str(each, "protocol") or "TCP", address] = fields.get_str(container, "name")
    return found


def _same(one: _HostPort, other: _HostPort) -> bool:
    return one[:2] == other[:2] and (one[2] == other[2] or "0.0.0.0" in (one[2], other[2]))  # noqa: S104 (compared only)


def _words(port: _HostPort) -> str:
    return f"{port[0]}/{port[1]}"
