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

from . import fields, moments


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
        found = fields.get(state, "terminated")
        if not isinstance(found, dict):
            return None
        return cls(
            fields.get_int(found, "exitCode"),
            fields.get_str(found, "reason"),
            fields.get_str(found, "message"),
            fields.get_str(found, "startedAt") or None,
            fields.get_str(found, "finishedAt") or None,
        )

    @property
    def seconds(self) -> float | None:
        """How long it ran; None where the runtime never started it (it then writes 1970)."""
        lasted = moments.seconds_between(self.started_at, self.finished_at)
        return None if lasted is None or (self.started_at or "").startswith("1970") else lasted


ProbeKind = t.Literal["liveness", "readiness", "startup"]
PROBE_KINDS: t.Final[tuple[ProbeKind, ...]] = t.get_args(ProbeKind)
# Where every container has the token of its account, unless the pod or the account says otherwise.
SERVICE_ACCOUNT_FOLDER: t.Final = "/var/run/secrets/kubernetes.io/serviceaccount"


@dataclasses.dataclass(frozen=True)
class Probe:
    """How the kubelet asks a container whether it is well.  Times are seconds, with the API's defaults."""

    kind: ProbeKind
    spec: fields.Json

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
            if isinstance(asked := fields.get(self.spec, action, "port"), (int, str)) and not isinstance(asked, bool):
                return int(asked) if isinstance(asked, str) and asked.isdecimal() and len(asked) < 6 else asked
        return None

    @property
    def command(self) -> list[str]:
        return fields.get_strs(self.spec, "exec", "command")

    @property
    def action(self) -> fields.Json:
        """What it asks, without how often."""
        return {name: self.spec[name] for name in ("httpGet", "tcpSocket", "grpc", "exec") if name in self.spec}

    def _number(self, name: str, default: int) -> int:
        found = fields.get_int(self.spec, name)
        return default if found is None or found < 0 else found


@dataclasses.dataclass(frozen=True)
class Container:
    """One container of a pod: its spec joined with its status."""

    name: str
    role: t.Literal["app", "init", "sidecar"]
    spec: fields.Json
    status: fields.Json

    @property
    def image(self) -> str:
        return fields.get_str(self.spec, "image")

    @property
    def waiting_reason(self) -> str:
        return fields.get_str(self.status, "state", "waiting", "reason")

    @property
    def waiting_message(self) -> str:
        return fields.get_str(self.status, "state", "waiting", "message")

    @property
    def running_since(self) -> str | None:
        return fields.get_str(self.status, "state", "running", "startedAt") or None

    @property
    def running(self) -> bool:
        return isinstance(fields.get(self.status, "state", "running"), dict)

    @functools.cached_property
    def terminated(self) -> Terminated | None:
        """The present state, where that is "terminated"."""
        return Terminated.of(fields.get(self.status, "state"))

    @functools.cached_property
    def last_end(self) -> Terminated | None:
        """The newest end there is: the present state's, else that of the run before."""
        return self.terminated or Terminated.of(fields.get(self.status, "lastState"))

    @property
    def ready(self) -> bool:
        return fields.get(self.status, "ready") is True

    @property
    def restarts(self) -> int:
        return fields.get_int(self.status, "restartCount") or 0

    def probe(self, kind: ProbeKind) -> Probe | None:
        found = fields.get(self.spec, f"{kind}Probe")
        return Probe(kind, found) if isinstance(found, dict) else None

    @property
    def holding_probe(self) -> Probe | None:
        """The probe that decides about its readiness now: that of startup until it has passed."""
        startup = self.probe("startup")
        return startup if startup and fields.get(self.status, "started") is not True else self.probe("readiness")

    @property
    def port_names(self) -> dict[int, str]:
        """The ports that it declares, with their names, which may be empty."""
        ports = fields.get_dicts(self.spec, "ports")
        return {
            number: fields.get_str(port, "name") for port in ports if (number := fields.get_int(port, "containerPort"))
        }

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

    json: fields.Json

    @functools.cached_property
    def ref(self) -> Ref:
        return ref_of(self.json, "Pod")

    @functools.cached_property
    def owner(self) -> Ref | None:
        """What controls it; nothing controls a bare pod."""
        found = controller(self.json)
        return Ref(found[0], self.ref.namespace, found[1]) if found else None

    @property
    def uid(self) -> str:
        return fields.get_str(self.json, "metadata", "uid")

    @property
    def spec(self) -> fields.Json:
        return fields.get_dict(self.json, "spec")

    @property
    def created(self) -> str | None:
        return fields.get_str(self.json, "metadata", "creationTimestamp") or None

    @property
    def deleting(self) -> bool:
        return bool(fields.get_str(self.json, "metadata", "deletionTimestamp"))

    @property
    def phase(self) -> str:
        return fields.get_str(self.json, "status", "phase")

    @property
    def node(self) -> str:
        return fields.get_str(self.json, "spec", "nodeName")

    @property
    def acknowledged(self) -> bool:
        """Whether a kubelet has looked at it; until then nobody knows whether it is taken (``PodStatus.startTime``)."""
        return bool(fields.get_str(self.json, "status", "startTime"))

    @property
    def service_account(self) -> Ref:
        """The account that it runs as."""
        return Ref("ServiceAccount", self.ref.namespace, fields.get_str(self.spec, "serviceAccountName") or "default")

    @property
    def restart_policy(self) -> str:
        return fields.get_str(self.json, "spec", "restartPolicy") or "Always"

    @property
    def grace(self) -> int:
        """How many seconds its containers have to end when they are asked to."""
        found = fields.get_int(self.json, "spec", "terminationGracePeriodSeconds")
        return 30 if found is None else found

    def condition(self, kind: str) -> fields.Json:
        """The condition of that type, or an empty dictionary."""
        return condition(self.json, kind)

    @property
    def ready(self) -> bool:
        return fields.get_str(self.condition("Ready"), "status") == "True"

    @functools.cached_property
    def containers(self) -> tuple[Container, ...]:
        """Init containers in their order, then the others; ephemeral ones are for debugging and left out."""
        found = []
        for spec_list, status_list in (
            ("initContainers", "initContainerStatuses"),
            ("containers", "containerStatuses"),
        ):
            statuses = {
                fields.get_str(status, "name"): status for status in fields.get_dicts(self.json, "status", status_list)
            }
            for spec in fields.get_dicts(self.json, "spec", spec_list):
                name = fields.get_str(spec, "name")
                found.append(Container(name, _role(spec_list, spec), spec, statuses.get(name, {})))
        return tuple(found)


def _role(spec_list: str, spec: fields.Json) -> t.Literal["app", "init", "sidecar"]:
    if spec_list == "containers":
        return "app"
    return "sidecar" if fields.get_str(spec, "restartPolicy") == "Always" else "init"


def ref_of(json: fields.Json, kind: str) -> Ref:
    return Ref(kind, fields.get_str(json, "metadata", "namespace"), fields.get_str(json, "metadata", "name"))


def condition(json: fields.Json, kind: str) -> fields.Json:
    """The condition of that type in the object's status, or an empty dictionary."""
    for each in fields.get_list(json, "status", "conditions"):
        if fields.get_str(each, "type") == kind:
            found: fields.Json = each
            return found
    return {}


def controller(json: fields.Json) -> tuple[str, str] | None:
    """Kind and name of the owner that controls the object, if one does."""
    for owner in fields.get_dicts(json, "metadata", "ownerReferences"):
        if fields.get(owner, "controller") is True:
            return fields.get_str(owner, "kind"), fields.get_str(owner, "name")
    return None


@dataclasses.dataclass(frozen=True)
class Event:
    """A core/v1 Event: what a component reported about one object."""

    json: fields.Json

    @property
    def uid(self) -> str:
        return fields.get_str(self.json, "involvedObject", "uid")

    @property
    def about(self) -> Ref:
        about = fields.get_dict(self.json, "involvedObject")
        return Ref(fields.get_str(about, "kind"), fields.get_str(about, "namespace"), fields.get_str(about, "name"))

    @property
    def container(self) -> str:
        """The container it speaks of (fieldPath ``spec.containers{app}``), or an empty string."""
        _before, _brace, rest = fields.get_str(self.json, "involvedObject", "fieldPath").partition("{")
        return rest.rstrip("}")

    @property
    def reason(self) -> str:
        return fields.get_str(self.json, "reason")

    @property
    def message(self) -> str:
        return fields.get_str(self.json, "message")

    @property
    def warning(self) -> bool:
        return fields.get_str(self.json, "type") == "Warning"

    @property
    def first(self) -> str | None:
        return moments.earliest(fields.get_str(self.json, "firstTimestamp") or fields.get_str(self.json, "eventTime"))

    @property
    def last(self) -> str | None:
        for path in (
            ("series", "lastObservedTime"),
            ("lastTimestamp",),
            ("eventTime",),
            ("metadata", "creationTimestamp"),
        ):
            if when := moments.earliest(fields.get_str(self.json, *path)):
                return when
        return None

    @property
    def count(self) -> int:
        return fields.get_int(self.json, "series", "count") or fields.get_int(self.json, "count") or 1


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


def references(spec: fields.Json) -> t.Iterator[Reference]:
    """Every ConfigMap and Secret that a pod spec can't do without; what is marked optional is left out."""
    for spec_list in ("initContainers", "containers"):
        for container in fields.get_dicts(spec, spec_list):
            yield from _environment(container, f"{spec_list}[{fields.get_str(container, 'name')}]")
    first = mounted_by(spec)
    for volume in fields.get_dicts(spec, "volumes"):
        name = fields.get_str(volume, "name")
        if name in first:  # the kubelet prepares no others
            for reference in _volume(volume):
                yield dataclasses.replace(reference, container=first[name], place=f"volumes[{name}]")


def _environment(container: fields.Json, place: str) -> t.Iterator[Reference]:
    name = fields.get_str(container, "name")
    for source in fields.get_list(container, "envFrom"):
        yield from _reference("ConfigMap", fields.get(source, "configMapRef"), "name", name, f"{place}.envFrom")
        yield from _reference("Secret", fields.get(source, "secretRef"), "name", name, f"{place}.envFrom")
    for variable in fields.get_list(container, "env"):
        where = f"{place}.env[{fields.get_str(variable, 'name')}]"
        yield from _reference("ConfigMap", fields.get(variable, "valueFrom", "configMapKeyRef"), "name", name, where)
        yield from _reference("Secret", fields.get(variable, "valueFrom", "secretKeyRef"), "name", name, where)


def _volume(volume: fields.Json) -> t.Iterator[Reference]:
    yield from _reference("ConfigMap", fields.get(volume, "configMap"), "name")
    yield from _reference("Secret", fields.get(volume, "secret"), "secretName")
    for source in fields.get_list(volume, "projected", "sources"):
        yield from _reference("ConfigMap", fields.get(source, "configMap"), "name")
        yield from _reference("Secret", fields.get(source, "secret"), "name")


def _reference(
    kind: t.Literal["ConfigMap", "Secret"], source: object, name_field: str, container: str = "", place: str = ""
) -> t.Iterator[Reference]:
    if not isinstance(source, dict) or fields.get(source, "optional") is True or not fields.get_str(source, name_field):
        return
    keys = [fields.get_str(source, "key"), *(fields.get_str(item, "key") for item in fields.get_list(source, "items"))]
    for key in [key for key in keys if key] or [""]:
        yield Reference(kind, fields.get_str(source, name_field), key, container, place)


@dataclasses.dataclass(frozen=True)
class Mount:
    """One place of a container's file system that a volume holds."""

    path: str
    sub_path: str
    """what of the volume it holds; all of it where this is empty"""
    read_only: bool
    volume: fields.Json

    @property
    def source(self) -> str:
        """The kind of the volume's source: configMap, secret, emptyDir, persistentVolumeClaim …"""
        return next((key for key, value in self.volume.items() if key != "name" and isinstance(value, dict)), "")

    @property
    def source_name(self) -> str:
        """The ConfigMap, Secret or claim that it holds."""
        names = (fields.get_str(self.volume, self.source, field) for field in ("name", "secretName", "claimName"))
        return next(filter(None, names), "")

    def inside(self, path: str) -> str:
        """Where in the volume a file below this place is."""
        return f"{self.sub_path}{path[len(self.path) :]}".strip("/")


def mounts_of(spec: fields.Json, container: fields.Json) -> list[Mount]:
    """The mounts of a container of a pod spec."""
    volumes = {fields.get_str(volume, "name"): volume for volume in fields.get_dicts(spec, "volumes")}
    return [
        Mount(
            place,
            fields.get_str(mount, "subPath").strip("/"),
            fields.get(mount, "readOnly") is True,
            volumes.get(fields.get_str(mount, "name"), {}),
        )
        for mount in fields.get_dicts(container, "volumeMounts")
        if (place := fields.get_str(mount, "mountPath").rstrip("/"))
    ]


def mount_at(spec: fields.Json, container: fields.Json, path: str) -> Mount | None:
    """The mount that holds an absolute path in a container of a pod spec; None where that is the container's own file system."""
    found = [mount for mount in mounts_of(spec, container) if f"{path}/".startswith(f"{mount.path}/")]
    return max(found, key=lambda mount: len(mount.path), default=None)


def mounted_by(spec: fields.Json) -> dict[str, str]:
    """Volume name → the first container that mounts it."""
    found: dict[str, str] = {}
    for spec_list in ("initContainers", "containers"):
        for container in fields.get_dicts(spec, spec_list):
            for mount in fields.get_list(container, "volumeMounts"):
                found.setdefault(fields.get_str(mount, "name"), fields.get_str(container, "name"))
    return found


def pull_secrets(json: fields.Json) -> list[str]:
    """Names of the pull secrets of a pod spec or a ServiceAccount."""
    return [name for item in fields.get_list(json, "imagePullSecrets") if (name := fields.get_str(item, "name"))]


def node_image_names(node: fields.Json) -> list[str]:
    return [name for image in fields.get_dicts(node, "status", "images") for name in fields.get_strs(image, "names")]
