# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where an address leads, as seen from a pod: to a Service, to a pod, to the pod itself or out of the cluster; and what is wrong there.

Names of Services and pods: Kubernetes "DNS for Services and Pods" (NAME, NAME.NAMESPACE, NAME.NAMESPACE.svc, …svc.DOMAIN).
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._model import fields
from .._model.evidence import Evidence
from .._model.finding import Candidate, EvidenceItem
from .._model.objects import Pod, Ref
from . import _case
from ._failing import failing
from ._near import near_misses
from ._services import Service, port_is_wrong, quote_endpoints, services

_LOOPBACK: t.Final = r"localhost|127\.[\d.]+|0\.0\.0\.0"
_NUMBERS: t.Final = r"\d{1,3}(?:\.\d{1,3}){3}"
_DOMAIN: t.Final = ["cluster", "local"]  # kubeadm's, and most clusters'


@dataclasses.dataclass(frozen=True)
class Place:
    """What an address stands for; ``ref`` is the Service or the pod, which need not exist."""

    kind: t.Literal["service", "pod", "self", "outside", "unknown"]
    ref: Ref | None = None


@dataclasses.dataclass(frozen=True)
class Fault:
    """A fact that makes an address useless; ``roots`` are the objects whose own trouble may be behind it.

    ``missing`` tells that there is no such object, ``nameless`` that the DNS has no address for it.
    """

    what: str
    evidence: tuple[EvidenceItem, ...]
    check: str
    roots: tuple[Ref, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    missing: bool = False
    nameless: bool = False


def locate(evidence: Evidence, pod: Pod, host: str) -> Place:
    """What ``host``, a name or an IPv4 address, stands for in this pod."""
    if re.fullmatch(_LOOPBACK, host) or host == fields.get_str(pod.json, "status", "podIP"):
        return Place("self")
    if re.fullmatch(_NUMBERS, host):
        return _by_number(evidence, host)
    if any(host in fields.get_strs(alias, "hostnames") for alias in fields.get_dicts(pod.spec, "hostAliases")):
        return Place("outside")
    return _by_name(evidence, pod.ref.namespace, host.lower().rstrip(".").split("."))


def _by_number(evidence: Evidence, address: str) -> Place:
    for json in evidence.objects.get("Service", ()):
        spec = json.get("spec")
        if address in (
            fields.get_str(spec, "clusterIP"),
            *fields.get_strs(spec, "clusterIPs"),
            *fields.get_strs(spec, "externalIPs"),
        ):
            metadata = json.get("metadata")
            return Place(
                "service", Ref("Service", fields.get_str(metadata, "namespace"), fields.get_str(metadata, "name"))
            )
    for pod in evidence.pods:
        if address == fields.get_str(pod.json, "status", "podIP"):
            return Place("pod", pod.ref)
    return Place("unknown")


def _by_name(evidence: Evidence, namespace: str, labels: list[str]) -> Place:
    if "svc" in labels[2:4]:  # NAME.NAMESPACE.svc…, POD.NAME.NAMESPACE.svc…
        *pod, name, place = labels[: labels.index("svc", 2)]
        if not pod or place != namespace or name in _governing(evidence, place) or name not in _namespaces(evidence):
            return Place("service", Ref("Service", place, name))
    labels = _as_asked(namespace, labels)
    if len(labels) == 1:
        return Place("service", Ref("Service", namespace, labels[0]))
    if len(labels) == 2 and labels[1] in _governing(evidence, namespace):  # POD.NAME of a StatefulSet
        return Place("service", Ref("Service", namespace, labels[1]))
    if len(labels) <= 3 and labels[-1] in _namespaces(evidence):
        return Place("service", Ref("Service", labels[-1], labels[-2]))
    return Place("outside")


def _as_asked(namespace: str, labels: list[str]) -> list[str]:
    """A name without what the resolver's search list adds to it, one after the other: a tool tells the last that it tried."""
    ends = ([namespace, "svc", *_DOMAIN], ["svc", *_DOMAIN], _DOMAIN)
    return next((labels[: -len(end)] for end in ends if labels[-len(end) :] == end and len(labels) > len(end)), labels)


def _governing(evidence: Evidence, namespace: str) -> set[str]:
    """The Services of a namespace, and those that its StatefulSets name, which need not exist."""
    sets = evidence.named("StatefulSet", namespace).values()
    return {*evidence.named("Service", namespace), *(fields.get_str(json, "spec", "serviceName") for json in sets)}


def _namespaces(evidence: Evidence) -> set[str]:
    """Those that something was read of, or that were asked for."""
    return {*evidence.scope.namespaces, *(pod.ref.namespace for pod in evidence.pods), *evidence.named("Namespace", "")}


def fault(evidence: Evidence, place: Place, port: int | None) -> Fault | None:
    """What is wrong where the address leads; None where nothing is, or where that can't be seen."""
    if place.ref is None or not evidence.lists(place.ref.kind, place.ref.namespace):
        return None
    if place.kind == "pod":
        return _pod_fault(evidence, place.ref)
    json = evidence.get(place.ref)
    if json is None:
        return _missing(evidence, place.ref)
    service = Service(evidence, place.ref, json)
    if service.leads_outside:
        return None
    return _no_endpoint(service) or _port_fault(service, port)


def _missing(evidence: Evidence, ref: Ref) -> Fault:
    existing = evidence.named("Service", ref.namespace)
    alike = [
        Candidate(str(Ref("Service", ref.namespace, name)), "the name is similar")
        for name in near_misses(ref.name, existing)
    ]
    elsewhere = [
        Candidate(f"Service {place}/{ref.name}", f"it has that name; from here it is called {ref.name}.{place}")
        for place in sorted(_namespaces(evidence) - {ref.namespace})
        if ref.name in evidence.named("Service", place)
    ]
    check = f"kubectl -n {ref.namespace} get services"
    quote = EvidenceItem("absence", str(ref), f"not among the {len(existing)} Services of namespace {ref.namespace}")
    return Fault(f"{ref} does not exist", (quote,), check, candidates=(*elsewhere, *alike), missing=True)


def _no_endpoint(service: Service) -> Fault | None:
    ready = service.endpoints
    if ready and not _crashing(service):
        return None
    behind = [service.evidence.workload(pod) for pod in service.pods] + [each.ref for each in service.templates]
    roots = tuple(dict.fromkeys((*behind, service.ref)))
    asleep = [each.ref for each in service.templates if not each.wanted]
    why = f"; {asleep[0]} has 0 replicas" if asleep and not service.pods else ""
    ref = service.ref
    check = f"kubectl -n {ref.namespace} get endpointslices -l kubernetes.io/service-name={ref.name}"
    if behind:
        check = f"kubectl -n {ref.namespace} get {behind[0].kind.lower()} {behind[0].name}"
    what = (
        f"{ref} has an endpoint for moments only: its pods keep on crashing"
        if ready
        else f"{ref} has no ready endpoint{why}"
    )
    return Fault(what, (quote_endpoints(service),), check, roots, nameless=service.headless and not ready)


def _crashing(service: Service) -> bool:
    """Whether each of its pods is between two crashes, where one without a probe counts as ready."""
    failed = [
        any(failing(_case.ContainerCase(service.evidence, pod, container)) for container in pod.containers)
        for pod in service.pods
    ]
    return bool(failed) and all(failed)


def _port_fault(service: Service, number: int | None) -> Fault | None:
    ref, ports = service.ref, service.ports
    quote = EvidenceItem("spec", f"{ref}: spec.ports", ", ".join(map(str, ports)))
    check = f"kubectl -n {ref.namespace} get service {ref.name}"
    if number is None or service.headless:
        return None
    port = next((each for each in ports if each.number == number), None)
    if port is None:
        others = tuple(Candidate(f"port {each.number}", f"{ref} has it") for each in ports if each.number)
        return Fault(f"{ref} has no port {number}", (quote,), check, candidates=others[:3])
    if port_is_wrong(service, port):
        return Fault(f"{ref} sends port {number} to {port.target}, which its pods don't have", (quote,), check, (ref,))
    return None


def _pod_fault(evidence: Evidence, ref: Ref) -> Fault | None:
    pod = next((pod for pod in evidence.pods if pod.ref == ref), None)
    if pod is None or pod.ready:
        return None
    quote = EvidenceItem(
        "condition",
        f"{ref}: status.conditions[Ready]",
        fields.get_str(pod.condition("Ready"), "message") or "not ready",
    )
    check = f"kubectl -n {ref.namespace} describe pod {ref.name}"
    return Fault(f"{ref} is not ready", (quote,), check, (evidence.workload(pod),))


def by_port(evidence: Evidence, namespace: str, port: int | None) -> tuple[Candidate, ...]:
    """Services of the namespace that have this port."""
    found = [service for service in services(evidence, namespace) if port and port in {p.number for p in service.ports}]
    return tuple(Candidate(str(service.ref), f"it has port {port}") for service in found[:3])
