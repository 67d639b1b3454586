# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services that lead nowhere, and policies that forbid what a pod needs.

A Service whose pods are there and not ready has no finding of its own: the pods have.
"""

from __future__ import annotations

import typing as t

from .._model.fields import Json, get, get_int, get_str
from .._model.finding import Candidate, EvidenceItem
from ._case import Judgement, ObjectCase, kubectl
from ._near import near_misses
from ._services import (
    Port,
    Service,
    Template,
    declared,
    labels_in_words,
    number_in,
    quote_endpoints,
    services,
    templates,
)


def service_selector_mismatch(case: ObjectCase) -> Judgement | None:
    """The Service's selector takes no pod and no workload makes any that it would take, but one makes pods much like them."""
    service = Service(case.evidence, case.ref, case.json)
    if not service.selector or service.leads_outside or service.endpoints or service.templates or service.pods:
        return None
    if not case.evidence.lists("Pod", case.ref.namespace):
        return None
    meant = _meant(service)
    if not meant:
        return None
    first = meant[0]
    wanted, given = labels_in_words(service.selector), labels_in_words(first.labels)
    return Judgement(
        summary=f"{case.ref} leads to no pod: its selector {wanted} differs from the labels of {first.ref}",
        explanation=f"No pod of the namespace has the labels {wanted}, and no workload makes such pods. "
        f"{first.ref} makes pods with other labels ({_difference(service, first)}).",
        evidence=(
            quote_endpoints(service),
            EvidenceItem("spec", f"{case.ref}: spec.selector", wanted),
            EvidenceItem("spec", f"{first.ref}: labels of its pods", given),
        ),
        next_step=kubectl(case.ref, f"edit service {case.ref.name}")
        + f"   # the selector that fits {first.ref}: {given}",
        candidates=tuple(
            Candidate(f"selector {labels_in_words(each.labels)}", f"the labels of the pods of {each.ref}")
            for each in meant
        ),
        severity="critical",
    )


def service_port_mismatch(case: ObjectCase) -> Judgement | None:
    """The Service sends connections to a port that its pods don't have."""
    service = Service(case.evidence, case.ref, case.json)
    if service.leads_outside or service.headless or not service.pods:
        return None
    wrong = [port for port in service.ports if port_is_wrong(service, port)]
    if not wrong:
        return None
    port, owner = wrong[0], case.evidence.workload(service.pods[0])
    ports = _declared(service)
    have = ", ".join(_in_words(each) for each in ports) or "none"
    why = (
        f"None of the {len(service.pods)} pods that the selector takes has a port of that name, so the Service has no endpoint for it."
        if isinstance(port.target, str)
        else "The pods are ready and declare their ports; this is none of them."
    )
    return Judgement(
        summary=f"{case.ref} sends port {port.number} to {port.target}, which is no port of {owner}",
        explanation=f"{why} The selector is right: it takes the pods of {owner}.",
        evidence=(
            EvidenceItem("spec", f"{case.ref}: spec.ports", ", ".join(map(str, service.ports))),
            EvidenceItem("spec", f"{owner}: ports of its containers", have),
            quote_endpoints(service),
        ),
        next_step=kubectl(case.ref, f"edit service {case.ref.name}") + f"   # a targetPort that the pods have: {have}",
        candidates=_better_ports(port, ports),
        severity="critical" if len(wrong) == len(service.ports) else "warning",
    )


def port_is_wrong(service: Service, port: Port) -> bool:
    """Whether the pods prove that they don't have the port: it has no such name, or is no number that they declare."""
    if service.headless or service.leads_outside or not service.pods:
        return False
    if isinstance(port.target, str):
        return not (
            service.leads_to(port) or any(number_in(pod, port) for pod in service.pods) or _by_template(service, port)
        )
    reached = service.leads_to(port)
    if not service.endpoints or (service.slices_known and reached != {port.target}):
        return False
    return _declares_all(service) and port.target not in _numbers(service, port) and not _meant_for_others(service)


def _by_template(service: Service, port: Port) -> bool:
    """Whether the workload gives its next pods a port of that name: a rollout will mend it."""
    return any(
        get_str(each, "name") == port.target for template in service.templates for each in declared(template.spec)
    )


def _declares_all(service: Service) -> bool:
    """Whether every container says which ports it has: one that does not may listen anywhere."""
    containers = [each for pod in service.pods for each in pod.containers if each.role == "app"]
    return all(declared({"containers": [each.spec]}) for each in containers)


def _numbers(service: Service, port: Port) -> set[int | None]:
    """The ports that the pods declare, and those at which a probe finds them well."""
    found: set[int | None] = {
        get_int(each, "containerPort")
        for each in _declared(service)
        if (get_str(each, "protocol") or "TCP") == port.protocol
    }
    for pod in service.pods:
        for container in pod.containers:
            for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
                found |= {get_int(container.spec, probe, how, "port") for how in ("httpGet", "tcpSocket", "grpc")}
    return found


def _declared(service: Service) -> list[Json]:
    specs = [pod.spec for pod in service.pods] + [template.spec for template in service.templates]
    found: dict[str, Json] = {}
    for port in (port for spec in specs for port in declared(spec)):
        found.setdefault(_in_words(port), port)
    return list(found.values())


def _meant_for_others(service: Service) -> bool:
    """Whether other Services already lead to the declared ports: this one may be for a port that nobody declared."""
    numbers = {get_int(port, "containerPort") for port in _declared(service)}
    names = {get_str(port, "name") for port in _declared(service)} - {""}
    others = [
        other
        for other in services(service.evidence, service.ref.namespace)
        if other.ref != service.ref and any(other.selects(pod.json) for pod in service.pods)
    ]
    reached = {port.target for each in (service, *others) for port in each.ports}
    return bool(reached & (numbers | names))


def _in_words(port: Json) -> str:
    name = get_str(port, "name")
    return f"{get(port, 'containerPort')}" + (f" ({name})" if name else "")


def _better_ports(port: Port, ports: t.Sequence[Json]) -> tuple[Candidate, ...]:
    names = [name for each in ports if (name := get_str(each, "name"))]
    alike = near_misses(str(port.target), names)
    ordered = sorted(ports, key=lambda each: get_str(each, "name") not in alike)
    return tuple(
        Candidate(
            f"targetPort {get_str(each, 'name') or get_int(each, 'containerPort')}",
            "the pods have it" + ("; the name is similar" if get_str(each, "name") in alike else ""),
        )
        for each in ordered[:3]
    )


def _meant(service: Service) -> list[Template]:
    """The workloads whose pods the Service may be meant for, the most likely first."""
    likely = [
        (rank, str(each.ref), each)
        for each in templates(service.evidence, service.ref.namespace)
        if each.wanted and each.ref.kind not in {"Job", "CronJob"} and (rank := _rank(service, each)) is not None
    ]
    return [each for _rank_, _name, each in sorted(likely, key=lambda found: found[:2])][:3]


def _rank(service: Service, template: Template) -> int | None:
    """How unlikely it is that these pods are meant; None where nothing speaks for it."""
    differing = [key for key, value in service.selector.items() if template.labels.get(key) != value]
    if template.ref.name == service.ref.name and not _is_served(service, template):
        return len(differing)
    if len(differing) == 1 and (_one_slip(service, template, differing[0]) or _keeps_most(service, template)):
        return len(service.selector)
    return 1000 if _is_only_one_left(service, template) else None


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


def _is_only_one_left(service: Service, template: Template) -> bool:
    """No other Service leads to these pods, every other workload has one, and they declare what the Service leads to."""
    targets = {port.target for port in service.ports}
    fits = any(
        get(port, "name") in targets or get(port, "containerPort") in targets for port in declared(template.spec)
    )
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
