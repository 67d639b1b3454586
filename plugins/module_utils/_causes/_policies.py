# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether NetworkPolicies forbid a connection, as the API defines them.

Rules add up: a pod that a policy selects for a direction may do what any such policy allows, and nothing else (Kubernetes 1.36
``staging/src/k8s.io/api/networking/v1/types.go``).  Where something that counts was not read, nothing is said to be forbidden.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from .._model import fields
from .._model.evidence import Evidence
from .._model.objects import Pod, Ref
from .._model.selectors import selects
from .._model.text import shorten
from ._services import declared, labels_in_words

Direction = t.Literal["Ingress", "Egress"]


@dataclasses.dataclass(frozen=True)
class Peer:
    """The other end: a pod, or (without one) an address outside; ``address`` None means that it is not known."""

    pod: Pod | None
    address: str | None


@dataclasses.dataclass(frozen=True)
class Forbidden:
    """Which way is forbidden to which pod, by which policies together."""

    direction: Direction
    pod: Ref
    policies: tuple[Ref, ...]


def forbids(evidence: Evidence, source: Pod, peer: Peer, port: int, protocol: str) -> Forbidden | None:
    """What forbids a connection from a pod to a port (the pod's own, behind any Service) of its peer."""
    if _on_the_host(source):
        return None
    if found := _closed(evidence, "Egress", source, peer, port, protocol, peer.pod):
        return found
    if peer.pod is None or _on_the_host(peer.pod):
        return None
    back = Peer(source, fields.get_str(source.json, "status", "podIP") or None)
    return _closed(evidence, "Ingress", peer.pod, back, port, protocol, peer.pod)


def forbids_port(evidence: Evidence, source: Pod, port: int, protocols: t.Sequence[str]) -> Forbidden | None:
    """What forbids a pod to use a port of anything at all."""
    policies = [] if _on_the_host(source) else isolating(evidence, source, "Egress")
    opened = any(
        _opens(rule, port, protocol, None) is not False
        for policy in policies
        for rule in fields.get_dicts(policy, "spec", "egress")
        for protocol in protocols
    )
    return Forbidden("Egress", source.ref, _refs(policies)) if policies and not opened else None


def isolating(evidence: Evidence, pod: Pod, direction: Direction) -> list[fields.Json]:
    """The policies that select the pod for that direction; none where they were not all read."""
    namespace = pod.ref.namespace
    if not evidence.lists("NetworkPolicy", namespace):
        return []
    labels = fields.get_dict(pod.json, "metadata", "labels")
    return [
        json
        for json in evidence.named("NetworkPolicy", namespace).values()
        if direction in _directions(json) and selects(fields.get(json, "spec", "podSelector"), labels)
    ]


def _directions(policy: fields.Json) -> list[str]:
    return fields.get_strs(policy, "spec", "policyTypes") or [
        "Ingress",
        *(["Egress"] if fields.get_list(policy, "spec", "egress") else []),
    ]


def _closed(
    evidence: Evidence, direction: Direction, pod: Pod, peer: Peer, port: int, protocol: str, server: Pod | None
) -> Forbidden | None:
    policies = isolating(evidence, pod, direction)
    if not policies:
        return None
    field, side = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
    for policy in policies:
        for rule in fields.get_dicts(policy, "spec", field):
            opens = _opens(rule, port, protocol, server)
            reaches = _reaches(evidence, fields.get_list(rule, side), peer, pod.ref.namespace)
            if opens is not False and reaches is not False:
                return None
    return Forbidden(direction, pod.ref, _refs(policies))


def _opens(rule: fields.Json, port: int, protocol: str, server: Pod | None) -> bool | None:
    """Whether the rule is for that port; None where a named port can't be looked up."""
    ports = fields.get_dicts(rule, "ports")
    answers = [
        _is_port(each, port, server) for each in ports if (fields.get_str(each, "protocol") or "TCP") == protocol
    ]
    return _any(answers) if ports else True


def _is_port(given: fields.Json, port: int, server: Pod | None) -> bool | None:
    wanted = fields.get(given, "port")
    if wanted is None:
        return True
    if isinstance(wanted, int):
        return wanted <= port <= (fields.get_int(given, "endPort") or wanted)
    if server is None:
        return None
    return any(
        fields.get_str(each, "name") == wanted and fields.get_int(each, "containerPort") == port
        for each in declared(server.spec)
    )


def _reaches(evidence: Evidence, peers: t.Sequence[object], peer: Peer, namespace: str) -> bool | None:
    return _any([_is_peer(evidence, each, peer, namespace) for each in peers]) if peers else True


def _is_peer(evidence: Evidence, given: object, peer: Peer, namespace: str) -> bool | None:
    block = fields.get_dict(given, "ipBlock")
    if block:
        return _in_block(block, peer)
    if peer.pod is None:
        return False
    if _on_the_host(peer.pod):
        return None  # it has its node's address: what that counts as depends on the network
    pods = fields.get(given, "podSelector")
    if pods is not None and not selects(pods, fields.get_dict(peer.pod.json, "metadata", "labels")):
        return False
    places = fields.get(given, "namespaceSelector")
    if places is None:
        return peer.pod.ref.namespace == namespace
    return _in_place(evidence, places, peer.pod.ref.namespace)


def _in_place(evidence: Evidence, selector: object, namespace: str) -> bool | None:
    """Whether a namespace has these labels; None where they were not read, for but one is always its name."""
    json = evidence.get(Ref("Namespace", "", namespace))
    if json is not None:
        return selects(selector, fields.get_dict(json, "metadata", "labels"))
    return True if selects(selector, {"kubernetes.io/metadata.name": namespace}) else None


def _in_block(block: fields.Json, peer: Peer) -> bool | None:
    if peer.address is None:
        return None
    try:
        address = ipaddress.ip_address(peer.address)
        inside = address in ipaddress.ip_network(fields.get_str(block, "cidr"), strict=False)
        outside = any(address in ipaddress.ip_network(each, strict=False) for each in fields.get_strs(block, "except"))
    except ValueError:
        return None
    return inside and not outside


def _any(answers: t.Sequence[bool | None]) -> bool | None:
    """True where one is, else None where one is not known."""
    return True if True in answers else None if None in answers else False


def _refs(policies: t.Sequence[fields.Json]) -> tuple[Ref, ...]:
    return tuple(
        Ref("NetworkPolicy", fields.get_str(each, "metadata", "namespace"), fields.get_str(each, "metadata", "name"))
        for each in policies
    )


def _on_the_host(pod: Pod) -> bool:
    return fields.get(pod.spec, "hostNetwork") is True


def policy_in_words(evidence: Evidence, ref: Ref, direction: Direction) -> str:
    """What of a policy counts for that direction."""
    json = evidence.get(ref)
    rules = fields.get_dicts(json, "spec", direction.lower())
    selector = fields.get_dict(json, "spec", "podSelector")
    whom = [
        labels_in_words(fields.get_dict(selector, "matchLabels")),
        *map(str, fields.get_list(selector, "matchExpressions")),
    ]
    return shorten(
        f"for {' and '.join(filter(None, whom)) or 'every pod'}; {direction.lower()} rules: {rules or 'none'}", 600
    )
