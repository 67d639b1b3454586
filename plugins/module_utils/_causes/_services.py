# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services and what stands behind them: their pods, their endpoints, their ports, and what is wrong with them.

How endpoints come about: Kubernetes 1.36 ``pkg/controller/endpointslice`` and ``pkg/apis/core/v1/helper`` (FindPort).
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._model import fields
from .._model.evidence import Evidence
from .._model.finding import EvidenceItem
from .._model.objects import Pod, Ref


@dataclasses.dataclass(frozen=True)
class Port:
    """One port of a Service: the number it is reached at, and the name or number that it leads to in the pods."""

    name: str
    number: int | None
    target: int | str
    protocol: str

    def __str__(self) -> str:
        return f"{self.number} → {self.target}"


@dataclasses.dataclass(frozen=True)
class Template:
    """What pods a workload makes, or a pod that nobody made: its labels and its spec."""

    ref: Ref
    labels: fields.Json
    spec: fields.Json
    wanted: bool


@dataclasses.dataclass(frozen=True)
class Service:
    """A Service as it was read, with what was read around it."""

    evidence: Evidence
    ref: Ref
    json: fields.Json

    @property
    def selector(self) -> dict[str, t.Any]:
        return fields.get_dict(self.json, "spec", "selector")

    @property
    def leads_outside(self) -> bool:
        return fields.get_str(self.json, "spec", "type") == "ExternalName"

    @property
    def headless(self) -> bool:
        return fields.get_str(self.json, "spec", "clusterIP") == "None"

    @property
    def ports(self) -> list[Port]:
        return [_port(json) for json in fields.get_dicts(self.json, "spec", "ports")]

    @property
    def pods(self) -> list[Pod]:
        """The pods that the selector takes, whatever their state."""
        return self.evidence.pods_with(self.ref.namespace, self.selector)

    def selects(self, json: fields.Json) -> bool:
        """Whether the selector takes what has these labels in its metadata; an empty one takes nothing."""
        return bool(self.selector) and self.selector.items() <= fields.get_dict(json, "metadata", "labels").items()

    @property
    def templates(self) -> list[Template]:
        """The workloads and bare pods whose pods the selector takes, also where none is there just now."""
        return [
            each
            for each in templates(self.evidence, self.ref.namespace)
            if bool(self.selector) and self.selector.items() <= each.labels.items()
        ]

    @property
    def slices(self) -> list[fields.Json]:
        return self.evidence.slices_of(self.ref)

    @property
    def slices_known(self) -> bool:
        return self.evidence.lists("EndpointSlice", self.ref.namespace)

    @property
    def endpoints(self) -> int:
        """How many addresses of it take connections."""
        if not self.slices_known:
            return sum(pod.ready and not pod.deleting for pod in self.pods)
        ready = [
            address
            for json in self.slices
            if fields.get_dicts(json, "ports") or self.headless
            for endpoint in fields.get_dicts(json, "endpoints")
            if fields.get(endpoint, "conditions", "ready") is not False
            for address in fields.get_strs(endpoint, "addresses")
        ]
        return len(ready)

    @property
    def takes_nothing(self) -> bool:
        """Whether the selector has found no pod at all, ready or not, as far as the slices tell."""
        return not self.slices_known or not any(fields.get_dicts(json, "endpoints") for json in self.slices)

    def leads_to(self, port: Port) -> set[int]:
        """The numbers that its endpoints have for this port; empty where none has it."""
        return {
            number
            for json in self.slices
            for each in fields.get_dicts(json, "ports")
            if fields.get_str(each, "name") == port.name and (number := fields.get_int(each, "port")) is not None
        }


def services(evidence: Evidence, namespace: str) -> list[Service]:
    return [
        Service(evidence, Ref("Service", namespace, name), json)
        for name, json in evidence.named("Service", namespace).items()
    ]


def templates(evidence: Evidence, namespace: str) -> list[Template]:
    """Every workload of the namespace that nothing controls, and every bare pod that has not ended."""
    return [_template(ref, json) for ref, json in evidence.uncontrolled(namespace)]


def _template(ref: Ref, json: fields.Json) -> Template:
    if ref.kind == "Pod":
        return Template(ref, fields.get_dict(json, "metadata", "labels"), fields.get_dict(json, "spec"), True)
    template = fields.get_dict(json, "spec", "template") or fields.get_dict(
        json, "spec", "jobTemplate", "spec", "template"
    )
    wanted = fields.get_int(json, "spec", "replicas") != 0
    return Template(ref, fields.get_dict(template, "metadata", "labels"), fields.get_dict(template, "spec"), wanted)


def declared(spec: fields.Json) -> list[fields.Json]:
    """The ports that a pod spec's containers and sidecars declare."""
    serving = [*fields.get_dicts(spec, "containers"), *_sidecars(spec)]
    return [port for container in serving for port in fields.get_dicts(container, "ports")]


def number_in(pod: Pod, port: Port) -> int | None:
    """Where a port of a Service leads in this pod; None where the pod has no port of that name."""
    if isinstance(port.target, int):
        return port.target
    for each in declared(pod.spec):
        if fields.get_str(each, "name") == port.target and (fields.get_str(each, "protocol") or "TCP") == port.protocol:
            return fields.get_int(each, "containerPort")
    return None


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
    return _declares_all(service) and port.target not in _numbers(service, port) and _meant_for_declared(service, port)


def _by_template(service: Service, port: Port) -> bool:
    """Whether the workload gives its next pods a port of that name: a rollout will mend it."""
    return any(
        fields.get_str(each, "name") == port.target
        for template in service.templates
        for each in declared(template.spec)
    )


def _declares_all(service: Service) -> bool:
    """Whether every container says which ports it has: one that does not may listen anywhere."""
    containers = [each for pod in service.pods for each in pod.containers if each.role == "app"]
    return all(declared({"containers": [each.spec]}) for each in containers)


def _numbers(service: Service, port: Port) -> set[int | None]:
    """The ports that the pods declare, and those at which a probe finds them well."""
    found: set[int | None] = {
        fields.get_int(each, "containerPort")
        for each in ports_of_pods(service)
        if (fields.get_str(each, "protocol") or "TCP") == port.protocol
    }
    for pod in service.pods:
        for container in pod.containers:
            for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
                found |= {
                    fields.get_int(container.spec, probe, how, "port") for how in ("httpGet", "tcpSocket", "grpc")
                }
    return found


def ports_of_pods(service: Service) -> list[fields.Json]:
    specs = [pod.spec for pod in service.pods] + [template.spec for template in service.templates]
    found: dict[str, fields.Json] = {}
    for port in (port for spec in specs for port in declared(spec)):
        found.setdefault(port_in_words(port), port)
    return list(found.values())


def _meant_for_declared(service: Service, port: Port) -> bool:
    """Whether it must be for a declared port: no Service leads to any of them, or to none of this name or number.

    Else it may be for one that nobody declared.
    """
    others = [
        other
        for other in services(service.evidence, service.ref.namespace)
        if other.ref != service.ref and any(other.selects(pod.json) for pod in service.pods)
    ]
    reached = {each.target for other in (service, *others) for each in other.ports}
    known = [(fields.get_str(each, "name"), fields.get_int(each, "containerPort")) for each in ports_of_pods(service)]
    left = [each for each in known if reached.isdisjoint(each)]
    return left == known or any(port.number == number or port.name == name != "" for name, number in left)


def port_in_words(port: fields.Json) -> str:
    name = fields.get_str(port, "name")
    return f"{fields.get(port, 'containerPort')}" + (f" ({name})" if name else "")


def quote_endpoints(service: Service) -> EvidenceItem:
    """How many endpoints are ready, and why the others are not."""
    pods = [pod for pod in service.pods if pod.phase not in {"Succeeded", "Failed"} and not pod.deleting]
    waiting = [pod.ref.name for pod in pods if not pod.ready]
    text = f"{service.endpoints} ready"
    if waiting:
        text += f"; not ready: {', '.join(sorted(waiting)[:3])}"
    elif not pods:
        text += f"; no pod has the labels {labels_in_words(service.selector)}" if service.selector else "; no selector"
    return EvidenceItem("object", f"{service.ref}: endpoints", text)


def labels_in_words(labels: fields.Json) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _sidecars(spec: fields.Json) -> list[dict[str, t.Any]]:
    return [
        each for each in fields.get_dicts(spec, "initContainers") if fields.get_str(each, "restartPolicy") == "Always"
    ]


def _port(json: fields.Json) -> Port:
    number, target = fields.get_int(json, "port"), fields.get(json, "targetPort")
    known = target if isinstance(target, (int, str)) and not isinstance(target, bool) else None
    return Port(fields.get_str(json, "name"), number, known or number or 0, fields.get_str(json, "protocol") or "TCP")
