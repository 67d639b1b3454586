# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services that lead nowhere, and policies that forbid what a pod needs.

A Service whose pods are there and not ready has no finding of its own: the pods have.
"""

from __future__ import annotations

import re
import typing as t

from .._model import fields
from .._model.finding import Candidate, EvidenceItem
from . import _case
from ._failures import Target
from ._near import near_misses
from ._policies import Forbidden, Peer, forbids, policy_in_words
from ._reach import Place, locate
from ._services import (
    Port,
    Service,
    Template,
    declared,
    labels_in_words,
    number_in,
    port_in_words,
    port_is_wrong,
    ports_of_pods,
    quote_endpoints,
    services,
    templates,
)
from ._trouble import asked, said_last

# How unlikely it is that a workload is meant for which no likeness of labels speaks.
_ONLY_ONE_LEFT: t.Final = 1000
_A_GUESS: t.Final = 2000


def service_selector_mismatch(case: _case.ObjectCase) -> _case.Judgement | None:
    """The Service's selector takes no pod and no workload makes any that it would take, but one makes pods much like them."""
    service = Service(case.evidence, case.ref, case.json)
    if not service.selector or service.leads_outside or service.endpoints or not service.takes_nothing:
        return None
    if service.templates or service.pods or not case.evidence.lists("Pod", case.ref.namespace):
        return None
    meant = _meant(service)
    if not meant:
        return None
    rank, first = meant[0]
    wanted, given = labels_in_words(service.selector), labels_in_words(first.labels)
    return _case.Judgement(
        summary=f"{case.ref} leads to no pod: its selector {wanted} differs from the labels of {first.ref}",
        explanation=f"No pod of the namespace has the labels {wanted}, and no workload makes such pods. "
        f"{first.ref} makes pods with other labels ({_difference(service, first)})."
        + (" Or what the Service was made for is gone." if rank == _A_GUESS else ""),
        evidence=(
            quote_endpoints(service),
            EvidenceItem("spec", f"{case.ref}: spec.selector", wanted),
            EvidenceItem("spec", f"{first.ref}: labels of its pods", given),
        ),
        next_step=_case.kubectl(case.ref, f"edit service {case.ref.name}")
        + f"   # the selector that fits {first.ref}: {given}",
        candidates=tuple(
            Candidate(f"selector {labels_in_words(each.labels)}", f"the labels of the pods of {each.ref}")
            for _rank_, each in meant
        ),
        confidence="probable" if rank == _A_GUESS else "confirmed",
        severity="warning" if rank == _A_GUESS else "critical",
    )


def service_port_mismatch(case: _case.ObjectCase) -> _case.Judgement | None:
    """The Service sends connections to a port that its pods don't have."""
    service = Service(case.evidence, case.ref, case.json)
    if service.leads_outside or service.headless or not service.pods:
        return None
    wrong = [port for port in service.ports if port_is_wrong(service, port)]
    if not wrong:
        return None
    port = wrong[0]
    owner, ports = case.evidence.workload(service.pods[0]), ports_of_pods(service)
    have = ", ".join(port_in_words(each) for each in ports)
    return _case.Judgement(
        summary=f"{case.ref} sends port {port.number} to {port.target}, which is no port of {owner}",
        explanation=f"{_why_wrong(service, port)} The selector is right: it takes the pods of {owner}.",
        evidence=(
            EvidenceItem("spec", f"{case.ref}: spec.ports", ", ".join(map(str, service.ports))),
            EvidenceItem("spec", f"{owner}: ports of its containers", have or "none"),
            quote_endpoints(service),
        ),
        next_step=_case.kubectl(case.ref, f"edit service {case.ref.name}")
        + f"   # the targetPort at which the pods listen{': ' + have if have else ''}",
        candidates=_better_ports(port, ports),
        severity="critical" if len(wrong) == len(service.ports) else "warning",
    )


def _why_wrong(service: Service, port: Port) -> str:
    if isinstance(port.target, str):
        return f"None of the {len(service.pods)} pods that the selector takes has a port of that name, so there is no endpoint for it."
    return "The pods are ready and declare their ports; this is none of them."


def _better_ports(port: Port, ports: t.Sequence[fields.Json]) -> tuple[Candidate, ...]:
    ports = [
        each
        for each in ports
        if port.target not in (fields.get_str(each, "name"), fields.get_int(each, "containerPort"))
    ]
    names = [name for each in ports if (name := fields.get_str(each, "name"))]
    alike = near_misses(str(port.target), names)
    ordered = sorted(ports, key=lambda each: fields.get_str(each, "name") not in alike)
    return tuple(
        Candidate(
            f"targetPort {fields.get_str(each, 'name') or fields.get_int(each, 'containerPort')}",
            "the pods have it" + ("; the name is similar" if fields.get_str(each, "name") in alike else ""),
        )
        for each in ordered[:3]
    )


def _meant(service: Service) -> list[tuple[int, Template]]:
    """The workloads whose pods the Service may be meant for, the most likely first, and how unlikely each is."""
    likely = [
        (rank, str(each.ref), each)
        for each in templates(service.evidence, service.ref.namespace)
        if each.wanted and each.ref.kind not in {"Job", "CronJob"} and (rank := _rank(service, each)) is not None
    ]
    return [(rank, each) for rank, _name, each in sorted(likely, key=lambda found: found[:2])][:3]


def _rank(service: Service, template: Template) -> int | None:
    """How unlikely it is that these pods are meant; None where nothing speaks for it."""
    differing = [key for key, value in service.selector.items() if template.labels.get(key) != value]
    if template.ref.name == service.ref.name and not _is_served(service, template):
        return len(differing) - 1
    if len(differing) == 1 and (_one_slip(service, template, differing[0]) or _keeps_most(service, template)):
        return len(service.selector) + _is_served(service, template)
    if _is_only_one_left(service, template):
        return _ONLY_ONE_LEFT
    return _A_GUESS if _has_its_keys(service, template) and _has_its_port(service, template) else None


def _one_slip(service: Service, template: Template, key: str) -> bool:
    """One label differs by a slip: another case, a letter, or the same value under another key."""
    value = str(service.selector[key])
    given = template.labels.get(key)
    if given is None:
        return value in template.labels.values()
    return bool(near_misses(value, [str(given)]))


def _keeps_most(service: Service, template: Template) -> bool:
    """All labels but one are the same, and no other Service leads to these pods."""
    return len(service.selector) > 1 and not _is_served(service, template)


def _has_its_keys(service: Service, template: Template) -> bool:
    """The pods have every label that the Service asks for, with other values."""
    return service.selector.keys() <= template.labels.keys()


def _has_its_port(service: Service, template: Template) -> bool:
    """The pods declare what the Service leads to."""
    targets = {port.target for port in service.ports}
    return any(
        fields.get(port, "name") in targets or fields.get(port, "containerPort") in targets
        for port in declared(template.spec)
    )


def _is_only_one_left(service: Service, template: Template) -> bool:
    """No other Service leads to these pods, every other workload has one, and they have its port, or its labels and some port."""
    fits = _has_its_port(service, template) or (_has_its_keys(service, template) and bool(declared(template.spec)))
    unserved = [
        each
        for each in templates(service.evidence, service.ref.namespace)
        if each.wanted and not _is_served(service, each)
    ]
    return fits and unserved == [template]


def _is_served(service: Service, template: Template) -> bool:
    others = services(service.evidence, service.ref.namespace)
    return any(each.selects({"metadata": {"labels": template.labels}}) for each in others)


def _difference(service: Service, template: Template) -> str:
    return ", ".join(
        f"{key} is {template.labels[key]}, not {value}" if key in template.labels else f"it has no {key}"
        for key, value in service.selector.items()
        if template.labels.get(key) != value
    )


def network_policy_blocks(case: _case.ContainerCase) -> _case.Judgement | None:
    """The container gets no answer in time, and a NetworkPolicy forbids just that connection."""
    failure, quote = said_last(case)
    if failure is None or quote is None or failure.kind != "timed-out":
        return None
    blocked = [(target, found) for target in asked(case.container.spec, failure) if (found := _forbidden(case, target))]
    if not blocked or (failure.target is None and len(blocked) > 1):
        return None
    target, (closed, port) = blocked[0]
    policies = ", ".join(map(str, closed.policies))
    way = "may not go there" if closed.direction == "Egress" else "lets nobody of this kind in"
    return _case.Judgement(
        summary=f"container {case.container.name} gets no answer from {target}: {closed.policies[0]} forbids it",
        explanation=f"{closed.pod} is selected by {policies} for {closed.direction}, and no rule of these allows port {port} here: "
        f"it {way}. The time-out shows that the network enforces it; a missing listener would refuse at once.",
        evidence=(
            quote,
            *(
                EvidenceItem("spec", f"{ref}: spec", policy_in_words(case.evidence, ref, closed.direction))
                for ref in closed.policies
            ),
        ),
        next_step=_case.kubectl(closed.policies[0], f"describe networkpolicy {closed.policies[0].name}")
        + f"   # then allow {closed.direction.lower()} of port {port} with a rule of its own",
        subject=closed.policies[0],
    )


def _forbidden(case: _case.ContainerCase, target: Target) -> tuple[Forbidden, int] | None:
    """What forbids the way to a target: to every pod behind it, where it is a Service."""
    place = locate(case.evidence, case.pod, target.host)
    found: list[tuple[Forbidden, int] | None] = []
    for peer, port in _peers(case, place, target):
        forbidden = forbids(case.evidence, case.pod, peer, port, "TCP")
        found.append((forbidden, port) if forbidden else None)
    return found[0] if found and all(found) else None


def _peers(case: _case.ContainerCase, place: Place, target: Target) -> t.Iterator[tuple[Peer, int]]:
    evidence = case.evidence
    if place.kind in {"outside", "unknown"} and target.port:
        address = target.host if re.fullmatch(r"[\d.]+", target.host) else None
        yield Peer(None, address), target.port
    if place.kind == "pod" and target.port:
        yield from ((Peer(pod, target.host), target.port) for pod in evidence.pods if pod.ref == place.ref)
    json = evidence.get(place.ref) if place.kind == "service" and place.ref else None
    if json is None or place.ref is None:
        return
    service = Service(evidence, place.ref, json)
    port = next((each for each in service.ports if target.port in (None, each.number)), None)
    for pod in service.pods:
        number = target.port if service.headless else number_in(pod, port) if port else None
        if number is not None:
            yield Peer(pod, fields.get_str(pod.json, "status", "podIP") or None), number
