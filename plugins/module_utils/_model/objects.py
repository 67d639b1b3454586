# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubernetes objects as the causes look at them: tolerant, frozen views of the API's JSON.

The API is the one of Kubernetes 1.36; a field that is missing, null or wrongly typed reads as empty.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from . import moments
from .fields import Json, get, get_dict, get_dicts, get_int, get_list, get_str, get_strs


@dataclasses.dataclass(frozen=True, order=True)
class Ref:
    """Which object: kind, namespace (empty for a cluster-scoped one) and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclasses.dataclass(frozen=True)
class Terminated:
    """How a container ended: the exit triple of code, reason and message, with its times."""

    exit_code: int | None
    reason: str
    message: str
    started_at: str | None
    finished_at: str | None

    @classmethod
    def of(cls, state: object) -> Terminated | None:
        found = get(state, "terminated")
        if not isinstance(found, dict):
            return None
        return cls(
            get_int(found, "exitCode"),
            get_str(found, "reason"),
            get_str(found, "message"),
            get_str(found, "startedAt") or None,
            get_str(found, "finishedAt") or None,
        )

    @property
    def seconds(self) -> float | None:
        """How long it ran; None where the runtime never started it (it then writes 1970)."""
        lasted = moments.seconds_between(self.started_at, self.finished_at)
        return None if lasted is None or (self.started_at or "").startswith("1970") else lasted


ProbeKind = t.Literal["liveness", "readiness", "startup"]
PROBE_KINDS: t.Final[tuple[ProbeKind, ...]] = t.get_args(ProbeKind)


@dataclasses.dataclass(frozen=True)
class Probe:
    """How the kubelet asks a container whether it is well.  Times are seconds, with the API's defaults."""

    kind: ProbeKind
    spec: Json

    @property
    def initial_delay(self) -> int:
        return self._number("initialDelaySeconds", 0)

    @property
    def period(self) -> int:
        return self._number("periodSeconds", 10)

    @property
    def timeout(self) -> int:
        return self._number("timeoutSeconds", 1)

    @property
    def failures(self) -> int:
        """How many failures in a row count."""
        return self._number("failureThreshold", 3)

    @property
    def soonest(self) -> int:
        """No run that ended earlier can have been ended by this probe."""
        return self.initial_delay + (self.failures - 1) * self.period

    @property
    def latest(self) -> int:
        """A run that it ended later than this had answered it before."""
        return self.initial_delay + self.period + self.failures * max(self.period, self.timeout)

    @property
    def port(self) -> int | str | None:
        """The port it asks, by number or by name; None where it runs a command."""
        for action in ("httpGet", "tcpSocket", "grpc"):
            if isinstance(asked := get(self.spec, action, "port"), (int, str)) and not isinstance(asked, bool):
                return int(asked) if isinstance(asked, str) and asked.isdecimal() and len(asked) < 6 else asked
        return None

    @property
    def command(self) -> list[str]:
        return get_strs(self.spec, "exec", "command")

    @property
    def action(self) -> Json:
        """What it asks, without how often."""
        return {name: self.spec[name] for name in ("httpGet", "tcpSocket", "grpc", "exec") if name in self.spec}

    def _number(self, name: str, default: int) -> int:
        found = get_int(self.spec, name)
        return default if found is None or found < 0 else found


@dataclasses.dataclass(frozen=True)
class Container:
    """One container of a pod: its spec joined with its status."""

    name: str
    role: t.Literal["app", "init", "sidecar"]
    spec: Json
    status: Json

    @property
    def image(self) -> str:
        return get_str(self.spec, "image")

    @property
    def waiting_reason(self) -> str:
        return get_str(self.status, "state", "waiting", "reason")

    @property
    def waiting_message(self) -> str:
        return get_str(self.status, "state", "waiting", "message")

    @property
    def running_since(self) -> str | None:
        return get_str(self.status, "state", "running", "startedAt") or None

    @property
    def running(self) -> bool:
        return isinstance(get(self.status, "state", "running"), dict)

    @functools.cached_property
    def terminated(self) -> Terminated | None:
        """The present state, where that is "terminated"."""
        return Terminated.of(get(self.status, "state"))

    @functools.cached_property
    def last_end(self) -> Terminated | None:
        """The newest end there is: the present state's, else that of the run before."""
        return self.terminated or Terminated.of(get(self.status, "lastState"))

    @property
    def ready(self) -> bool:
        return get(self.status, "ready") is True

    @property
    def restarts(self) -> int:
        return get_int(self.status, "restartCount") or 0

    def probe(self, kind: ProbeKind) -> Probe | None:
        found = get(self.spec, f"{kind}Probe")
        return Probe(kind, found) if isinstance(found, dict) else None

    @property
    def holding_probe(self) -> Probe | None:
        """The probe that decides about its readiness now: that of startup until it has passed."""
        startup = self.probe("startup")
        return startup if startup and get(self.status, "started") is not True else self.probe("readiness")

    @property
    def port_names(self) -> dict[int, str]:
        """The ports that it declares, with their names, which may be empty."""
        ports = get_dicts(self.spec, "ports")
        return {number: get_str(port, "name") for port in ports if (number := get_int(port, "containerPort"))}

    @property
    def spec_place(self) -> str:
        """Where its spec stands, for the source of an evidence."""
        return f"spec.{'containers' if self.role == 'app' else 'initContainers'}[{self.name}]"

    @property
    def status_place(self) -> str:
        """Where its status stands, likewise."""
        return f"status.{'containerStatuses' if self.role == 'app' else 'initContainerStatuses'}[{self.name}]"


@dataclasses.dataclass(frozen=True)
class Pod:
    """A pod as the API returns it."""

    json: Json

    @functools.cached_property
    def ref(self) -> Ref:
        return Ref("Pod", get_str(self.json, "metadata", "namespace"), get_str(self.json, "metadata", "name"))

    @functools.cached_property
    def owner(self) -> Ref | None:
        """What controls it; nothing controls a bare pod."""
        found = controller(self.json)
        return Ref(found[0], self.ref.namespace, found[1]) if found else None

    @property
    def uid(self) -> str:
        return get_str(self.json, "metadata", "uid")

    @property
    def spec(self) -> Json:
        return get_dict(self.json, "spec")

    @property
    def created(self) -> str | None:
        return get_str(self.json, "metadata", "creationTimestamp") or None

    @property
    def deleting(self) -> bool:
        return bool(get_str(self.json, "metadata", "deletionTimestamp"))

    @property
    def phase(self) -> str:
        return get_str(self.json, "status", "phase")

    @property
    def node(self) -> str:
        return get_str(self.json, "spec", "nodeName")

    @property
    def acknowledged(self) -> bool:
        """Whether a kubelet has looked at it; until then nobody knows whether it is taken (``PodStatus.startTime``)."""
        return bool(get_str(self.json, "status", "startTime"))

    @property
    def restart_policy(self) -> str:
        return get_str(self.json, "spec", "restartPolicy") or "Always"

    @property
    def grace(self) -> int:
        """How many seconds its containers have to end when they are asked to."""
        found = get_int(self.json, "spec", "terminationGracePeriodSeconds")
        return 30 if found is None else found

    def condition(self, kind: str) -> Json:
        """The condition of that type, or an empty dictionary."""
        return condition(self.json, kind)

    @property
    def ready(self) -> bool:
        return get_str(self.condition("Ready"), "status") == "True"

    @functools.cached_property
    def containers(self) -> tuple[Container, ...]:
        """Init containers in their order, then the others; ephemeral ones are for debugging and left out."""
        found = []
        for spec_list, status_list in (
            ("initContainers", "initContainerStatuses"),
            ("containers", "containerStatuses"),
        ):
            statuses = {get_str(status, "name"): status for status in get_dicts(self.json, "status", status_list)}
            for spec in get_dicts(self.json, "spec", spec_list):
                name = get_str(spec, "name")
                found.append(Container(name, _role(spec_list, spec), spec, statuses.get(name, {})))
        return tuple(found)


def _role(spec_list: str, spec: Json) -> t.Literal["app", "init", "sidecar"]:
    if spec_list == "containers":
        return "app"
    return "sidecar" if get_str(spec, "restartPolicy") == "Always" else "init"


def ref_of(json: Json, kind: str) -> Ref:
    return Ref(kind, get_str(json, "metadata", "namespace"), get_str(json, "metadata", "name"))


def condition(json: Json, kind: str) -> Json:
    """The condition of that type in the object's status, or an empty dictionary."""
    return next((c for c in get_dicts(json, "status", "conditions") if get_str(c, "type") == kind), {})


def controller(json: Json) -> tuple[str, str] | None:
    """Kind and name of the owner that controls the object, if one does."""
    for owner in get_dicts(json, "metadata", "ownerReferences"):
        if get(owner, "controller") is True:
            return get_str(owner, "kind"), get_str(owner, "name")
    return None


@dataclasses.dataclass(frozen=True)
class Event:
    """A core/v1 Event: what a component reported about one object."""

    json: Json

    @property
    def uid(self) -> str:
        return get_str(self.json, "involvedObject", "uid")

    @property
    def about(self) -> Ref:
        about = get_dict(self.json, "involvedObject")
        return Ref(get_str(about, "kind"), get_str(about, "namespace"), get_str(about, "name"))

    @property
    def container(self) -> str:
        """The container it speaks of (fieldPath ``spec.containers{app}``), or an empty string."""
        _before, _brace, rest = get_str(self.json, "involvedObject", "fieldPath").partition("{")
        return rest.rstrip("}")

    @property
    def reason(self) -> str:
        return get_str(self.json, "reason")

    @property
    def message(self) -> str:
        return get_str(self.json, "message")

    @property
    def warning(self) -> bool:
        return get_str(self.json, "type") == "Warning"

    @property
    def first(self) -> str | None:
        return moments.earliest(get_str(self.json, "firstTimestamp") or get_str(self.json, "eventTime"))

    @property
    def last(self) -> str | None:
        for path in (
            ("series", "lastObservedTime"),
            ("lastTimestamp",),
            ("eventTime",),
            ("metadata", "creationTimestamp"),
        ):
            if when := moments.earliest(get_str(self.json, *path)):
                return when
        return None

    @property
    def count(self) -> int:
        return get_int(self.json, "series", "count") or get_int(self.json, "count") or 1


@dataclasses.dataclass(frozen=True)
class Reference:
    """One place where a pod spec names a ConfigMap or a Secret.

    ``key`` is empty where the whole object is used; ``container`` is the one that needs it (for a volume: the first that mounts it).
    """

    kind: t.Literal["ConfigMap", "Secret"]
    name: str
    key: str
    container: str
    place: str


def references(spec: Json) -> t.Iterator[Reference]:
    """Every ConfigMap and Secret that a pod spec can't do without; what is marked optional is left out."""
    for spec_list in ("initContainers", "containers"):
        for container in get_dicts(spec, spec_list):
            yield from _environment(container, f"{spec_list}[{get_str(container, 'name')}]")
    first = mounted_by(spec)
    for volume in get_dicts(spec, "volumes"):
        name = get_str(volume, "name")
        if name in first:  # the kubelet prepares no others
            for reference in _volume(volume):
                yield dataclasses.replace(reference, container=first[name], place=f"volumes[{name}]")


def _environment(container: Json, place: str) -> t.Iterator[Reference]:
    name = get_str(container, "name")
    for source in get_list(container, "envFrom"):
        yield from _reference("ConfigMap", get(source, "configMapRef"), "name", name, f"{place}.envFrom")
        yield from _reference("Secret", get(source, "secretRef"), "name", name, f"{place}.envFrom")
    for variable in get_list(container, "env"):
        where = f"{place}.env[{get_str(variable, 'name')}]"
        yield from _reference("ConfigMap", get(variable, "valueFrom", "configMapKeyRef"), "name", name, where)
        yield from _reference("Secret", get(variable, "valueFrom", "secretKeyRef"), "name", name, where)


def _volume(volume: Json) -> t.Iterator[Reference]:
    yield from _reference("ConfigMap", get(volume, "configMap"), "name")
    yield from _reference("Secret", get(volume, "secret"), "secretName")
    for source in get_list(volume, "projected", "sources"):
        yield from _reference("ConfigMap", get(source, "configMap"), "name")
        yield from _reference("Secret", get(source, "secret"), "name")


def _reference(
    kind: t.Literal["ConfigMap", "Secret"], source: object, name_field: str, container: str = "", place: str = ""
) -> t.Iterator[Reference]:
    if not isinstance(source, dict) or get(source, "optional") is True or not get_str(source, name_field):
        return
    keys = [get_str(source, "key"), *(get_str(item, "key") for item in get_list(source, "items"))]
    for key in [key for key in keys if key] or [""]:
        yield Reference(kind, get_str(source, name_field), key, container, place)


@dataclasses.dataclass(frozen=True)
class Mount:
    """One place of a container's file system that a volume holds."""

    path: str
    sub_path: str
    """what of the volume it holds; all of it where this is empty"""
    read_only: bool
    volume: Json

    @property
    def source(self) -> str:
        """The kind of the volume's source: configMap, secret, emptyDir, persistentVolumeClaim …"""
        return next((key for key, value in self.volume.items() if key != "name" and isinstance(value, dict)), "")

    @property
    def source_name(self) -> str:
        """The ConfigMap, Secret or claim that it holds."""
        names = (get_str(self.volume, self.source, field) for field in ("name", "secretName", "claimName"))
        return next(filter(None, names), "")

    def inside(self, path: str) -> str:
        """Where in the volume a file below this place is."""
        return f"{self.sub_path}{path[len(self.path) :]}".strip("/")


def mount_at(spec: Json, container: Json, path: str) -> Mount | None:
    """The mount that holds an absolute path in a container of a pod spec; None where that is the container's own file system."""
    volumes = {get_str(volume, "name"): volume for volume in get_dicts(spec, "volumes")}
    found = [
        Mount(
            place,
            get_str(mount, "subPath").strip("/"),
            get(mount, "readOnly") is True,
            volumes.get(get_str(mount, "name"), {}),
        )
        for mount in get_dicts(container, "volumeMounts")
        if (place := get_str(mount, "mountPath").rstrip("/")) and f"{path}/".startswith(f"{place}/")
    ]
    return max(found, key=lambda mount: len(mount.path), default=None)


def mounted_by(spec: Json) -> dict[str, str]:
    """Volume name → the first container that mounts it."""
    found: dict[str, str] = {}
    for spec_list in ("initContainers", "containers"):
        for container in get_dicts(spec, spec_list):
            for mount in get_list(container, "volumeMounts"):
                found.setdefault(get_str(mount, "name"), get_str(container, "name"))
    return found


def pull_secrets(json: Json) -> list[str]:
    """Names of the pull secrets of a pod spec or a ServiceAccount."""
    return [name for item in get_list(json, "imagePullSecrets") if (name := get_str(item, "name"))]


def node_image_names(node: Json) -> list[str]:
    return [name for image in get_dicts(node, "status", "images") for name in get_strs(image, "names")]
