# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence: what was read, from where, at what time.  A cluster and a snapshot give the same."""

from __future__ import annotations

import dataclasses
import decimal
import functools
import typing as t

from . import fields
from .objects import Event, Pod, Ref, controller, node_image_names, ref_of
from .requests import pod_request, requested

# What a diagnosis reads, in the order it is listed: kind → path of its collection.  ConfigMaps and Namespaces are read
# as metadata only, and of Namespaces only those that were asked for.
KINDS: t.Final[t.Mapping[str, str]] = {
    "Pod": "/api/v1/pods",
    "Event": "/api/v1/events",
    "Deployment": "/apis/apps/v1/deployments",
    "ReplicaSet": "/apis/apps/v1/replicasets",
    "StatefulSet": "/apis/apps/v1/statefulsets",
    "DaemonSet": "/apis/apps/v1/daemonsets",
    "ControllerRevision": "/apis/apps/v1/controllerrevisions",
    "Job": "/apis/batch/v1/jobs",
    "CronJob": "/apis/batch/v1/cronjobs",
    "ConfigMap": "/api/v1/configmaps",
    "ServiceAccount": "/api/v1/serviceaccounts",
    "Service": "/api/v1/services",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/endpointslices",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/networkpolicies",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/horizontalpodautoscalers",
    "PodDisruptionBudget": "/apis/policy/v1/poddisruptionbudgets",
    "ResourceQuota": "/api/v1/resourcequotas",
    "LimitRange": "/api/v1/limitranges",
    "PersistentVolumeClaim": "/api/v1/persistentvolumeclaims",
    "PersistentVolume": "/api/v1/persistentvolumes",
    "StorageClass": "/apis/storage.k8s.io/v1/storageclasses",
    "PriorityClass": "/apis/scheduling.k8s.io/v1/priorityclasses",
    "RuntimeClass": "/apis/node.k8s.io/v1/runtimeclasses",
    "ValidatingWebhookConfiguration": "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "MutatingWebhookConfiguration": "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    "Node": "/api/v1/nodes",
    "Namespace": "/api/v1/namespaces",
}
CLUSTER_SCOPED: t.Final = frozenset(
    {
        "PersistentVolume",
        "StorageClass",
        "PriorityClass",
        "RuntimeClass",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
        "Node",
        "Namespace",
    }
)
# Kinds that run pods of their own; a DESIGN "workload" is one of these, a bare Pod, or an owner of another kind.
WORKLOAD_KINDS: t.Final = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob")


@dataclasses.dataclass(frozen=True)
class Scope:
    """What was asked for: no namespaces means all of them."""

    namespaces: tuple[str, ...] = ()
    label_selector: str | None = None


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Which cluster: ``uid`` is that of namespace kube-system, None where it could not be read."""

    context: str | None
    server: str | None
    uid: str | None
    version: str | None


@dataclasses.dataclass(frozen=True)
class Unreadable:
    """A gap: what could not be read, and the server's answer."""

    resource: str
    namespace: str | None
    status: int | None
    message: str


@dataclasses.dataclass(frozen=True, order=True)
class LogRequest:
    """Which log: of the present run, or (``previous``) of the one before."""

    namespace: str
    pod: str
    container: str
    previous: bool


@dataclasses.dataclass(frozen=True)
class Log:
    """The end of a log.

    ``at_once`` tells how many of its last lines, blank ones aside, were said in one moment: a container has two streams, and
    which of their lines the runtime writes down first is then chance.
    """

    text: str = ""
    at_once: int = 1


@dataclasses.dataclass(frozen=True)
class Stats:
    requests: int
    seconds: float


@dataclasses.dataclass(frozen=True)
class Evidence:
    """Everything that was read for one diagnosis.  ``objects`` holds the API's JSON by kind."""

    observed_at: str
    cluster: Cluster
    scope: Scope
    objects: t.Mapping[str, t.Sequence[fields.Json]]
    logs: t.Mapping[LogRequest, Log] = dataclasses.field(default_factory=dict)
    unreadable: tuple[Unreadable, ...] = ()
    stats: Stats = Stats(0, 0.0)

    @functools.cached_property
    def pods(self) -> tuple[Pod, ...]:
        return tuple(Pod(json) for json in self.objects.get("Pod", ()))

    @functools.cached_property
    def _by_ref(self) -> dict[Ref, fields.Json]:
        return {ref_of(json, kind): json for kind, found in self.objects.items() if kind != "Event" for json in found}

    @functools.cached_property
    def _events_by_uid(self) -> dict[str, list[Event]]:
        found: dict[str, list[Event]] = {}
        for json in self.objects.get("Event", ()):
            event = Event(json)
            found.setdefault(event.uid, []).append(event)
        for events in found.values():
            events.sort(key=lambda event: event.last or "", reverse=True)
        return found

    @functools.cached_property
    def _pods_by_owner(self) -> dict[Ref, list[Pod]]:
        found: dict[Ref, list[Pod]] = {}
        for pod in self.pods:
            found.setdefault(self.workload(pod), []).append(pod)
        return found

    @functools.cached_property
    def _pods_with_logs(self) -> dict[tuple[Ref, str], list[Pod]]:
        found: dict[tuple[Ref, str], list[Pod]] = {}
        pods = {(pod.ref.namespace, pod.ref.name): pod for pod in self.pods}
        for namespace, name, container in dict.fromkeys((r.namespace, r.pod, r.container) for r in self.logs):
            if pod := pods.get((namespace, name)):
                found.setdefault((self.maker(pod), container), []).append(pod)
        return found

    @functools.cached_property
    def _pods_by_label(self) -> dict[tuple[str, str, str], list[Pod]]:
        found: dict[tuple[str, str, str], list[Pod]] = {}
        for pod in self.pods:
            for key, value in fields.get_dict(pod.json, "metadata", "labels").items():
                if isinstance(value, str):
                    found.setdefault((pod.ref.namespace, key, value), []).append(pod)
        return found

    @functools.cached_property
    def _pods_by_node(self) -> dict[str, list[Pod]]:
        found: dict[str, list[Pod]] = {}
        for pod in self.pods:
            found.setdefault(pod.node, []).append(pod)
        return found

    @functools.cached_property
    def images_in_use(self) -> dict[str, dict[str, list[Pod]]]:
        """Image → reason for which its containers wait (an empty string for those that do not) → their pods."""
        found: dict[str, dict[str, list[Pod]]] = {}
        for pod in self.pods:
            for container in pod.containers:
                found.setdefault(container.image, {}).setdefault(container.waiting_reason, []).append(pod)
        return found

    @functools.cached_property
    def images_on_nodes(self) -> dict[str, list[str]]:
        """Image, under each of its names → the nodes that say they hold it; each tells of at most 50 images."""
        found: dict[str, list[str]] = {}
        for name, node in self.named("Node", "").items():
            for image in node_image_names(node):
                found.setdefault(image, []).append(name)
        return found

    @functools.cached_property
    def _slices_by_service(self) -> dict[Ref, list[fields.Json]]:
        found: dict[Ref, list[fields.Json]] = {}
        for json in self.objects.get("EndpointSlice", ()):
            name = fields.get_str(json, "metadata", "labels", "kubernetes.io/service-name")
            found.setdefault(Ref("Service", fields.get_str(json, "metadata", "namespace"), name), []).append(json)
        return found

    @functools.cached_property
    def _uncontrolled(self) -> dict[str, list[tuple[Ref, fields.Json]]]:
        found: dict[str, list[tuple[Ref, fields.Json]]] = {}
        for kind in (*WORKLOAD_KINDS, "Pod"):
            for json in self.objects.get(kind, ()):
                ref = ref_of(json, kind)
                if self.owner(ref, json) is None:
                    found.setdefault(ref.namespace, []).append((ref, json))
        return found

    @functools.cached_property
    def _top_owners(self) -> dict[Ref, Ref]:
        """Owner of a pod → the owner above all, as far as it was asked for: most pods have a sibling."""
        return {}

    @functools.cached_property
    def _by_place(self) -> dict[tuple[str, str], dict[str, fields.Json]]:
        found: dict[tuple[str, str], dict[str, fields.Json]] = {}
        for ref, json in self._by_ref.items():
            found.setdefault((ref.kind, ref.namespace), {})[ref.name] = json
        return found

    @functools.cached_property
    def _revisions_by_owner(self) -> dict[Ref, list[Revision]]:
        found: dict[Ref, list[Revision]] = {}
        for ref, json in self._by_ref.items():
            if ref.kind in {"ReplicaSet", "ControllerRevision"} and (owner := self.owner(ref, json)):
                found.setdefault(owner, []).append(Revision(ref, json))
        return {
            owner: sorted(revisions, key=lambda each: each.number, reverse=True)
            for owner, revisions in found.items()
            if owner.kind in {"Deployment", "StatefulSet", "DaemonSet"}
        }

    @functools.cached_property
    def requested_on_nodes(self) -> dict[tuple[str, str], decimal.Decimal]:
        """(node, resource) → what the pods that were read, and have not ended, request there."""
        found: dict[tuple[str, str], decimal.Decimal] = {}
        for pod in self.pods:
            if pod.node and pod.phase not in {"Succeeded", "Failed"}:
                for name in requested(pod.spec):
                    place = pod.node, name
                    found[place] = found.get(place, decimal.Decimal(0)) + pod_request(pod.spec, name)
        return found

    @functools.cached_property
    def newest_placed(self) -> dict[str, str]:
        """Scheduler → when the newest pod was made that it has placed."""
        found: dict[str, str] = {}
        for pod in self.pods:
            if fields.get_str(pod.condition("PodScheduled"), "status") == "True":
                name = fields.get_str(pod.spec, "schedulerName")
                found[name] = max(found.get(name, ""), pod.created or "")
        return found

    def with_logs(self, logs: t.Mapping[LogRequest, Log], gaps: t.Sequence[Unreadable], stats: Stats) -> Evidence:
        """The same with these logs and gaps more; what was worked out from the objects is not worked out again."""
        made = dataclasses.replace(self, logs=logs, unreadable=(*self.unreadable, *gaps), stats=stats)
        read = {field.name for field in dataclasses.fields(self)}
        made.__dict__.update({name: value for name, value in self.__dict__.items() if name not in read})
        return made

    def get(self, ref: Ref) -> fields.Json | None:
        """The object, or None: whether it is missing or was not read is for ``lists`` to tell."""
        return self._by_ref.get(ref)

    def lists(self, kind: str, namespace: str) -> bool:
        """Whether every object of that kind in that namespace was read, so that one which is not there does not exist."""
        if kind not in self.objects or kind not in KINDS:
            return False
        if self.scope.namespaces and kind == "Namespace":
            return False  # only those that were asked for
        if self.scope.namespaces and kind not in CLUSTER_SCOPED and namespace not in self.scope.namespaces:
            return False
        resource = KINDS[kind].rsplit("/", 1)[-1]
        return not any(gap.resource == resource and gap.namespace in (None, namespace) for gap in self.unreadable)

    def named(self, kind: str, namespace: str) -> dict[str, fields.Json]:
        """The objects of that kind in that namespace, by name."""
        return self._by_place.get((kind, namespace), {})

    def pods_with(self, namespace: str, labels: fields.Json) -> list[Pod]:
        """The pods of that namespace that have all these labels; without labels none."""
        piles = [self._pods_by_label.get((namespace, key, str(value)), []) for key, value in labels.items()]
        smallest = min(piles, key=len, default=[])
        return [pod for pod in smallest if labels.items() <= fields.get_dict(pod.json, "metadata", "labels").items()]

    def pods_on(self, node: str) -> list[Pod]:
        """The pods of that node."""
        return self._pods_by_node.get(node, []) if node else []

    def uncontrolled(self, namespace: str) -> list[tuple[Ref, fields.Json]]:
        """The workloads of that namespace that nothing controls, and after them the bare pods."""
        return self._uncontrolled.get(namespace, [])

    def slices_of(self, service: Ref) -> list[fields.Json]:
        """The EndpointSlices of a Service."""
        return self._slices_by_service.get(service, [])

    def events(self, uid: str, container: str | None = None) -> list[Event]:
        """The object's events, newest first; with ``container`` only those that speak of it."""
        found = self._events_by_uid.get(uid, []) if uid else []
        return [event for event in found if container is None or event.container == container]

    def log(self, pod: Pod, container: str, previous: bool) -> Log:
        """The log of the present run, or (``previous``) of the one before, as far as it was read; else an empty one."""
        return self.logs.get(LogRequest(pod.ref.namespace, pod.ref.name, container, previous), Log())

    def pods_with_logs(self, like: Pod, container: str) -> list[Pod]:
        """The pods with the same maker whose log of that container was read: one speaks for all."""
        return self._pods_with_logs.get((self.maker(like), container), [])

    def maker(self, pod: Pod) -> Ref:
        """What made the pod: its ReplicaSet, StatefulSet, DaemonSet, Job …; the pod itself where nothing did."""
        return pod.owner or pod.ref

    def owner(self, ref: Ref, json: fields.Json) -> Ref | None:
        found = controller(json)
        return Ref(found[0], ref.namespace, found[1]) if found else None

    def workload(self, pod: Pod) -> Ref:
        """The top owner: Deployment over ReplicaSet, CronJob over Job, the pod itself where nobody owns it."""
        owner = pod.owner
        if owner is None or owner.kind == "Node":  # a static pod is its own workload: its node only mirrors it
            return pod.ref
        if owner not in self._top_owners:
            self._top_owners[owner] = self._top(owner)
        return self._top_owners[owner]

    def _top(self, ref: Ref) -> Ref:
        for _step in range(5):  # a forged circle of owners ends too
            above = self.owner(ref, self.get(ref) or {})
            if above is None:
                return ref
            ref = above
        return ref

    def pods_of(self, workload: Ref) -> list[Pod]:
        return self._pods_by_owner.get(workload, [])

    def revisions(self, workload: Ref) -> list[Revision]:
        """The revisions of a Deployment, StatefulSet or DaemonSet that still exist, newest first."""
        return self._revisions_by_owner.get(workload, [])

    def revision_of(self, pod: Pod) -> Revision | None:
        """The revision that a pod was made from."""
        owner = pod.owner
        label = fields.get_str(pod.json, "metadata", "labels", "controller-revision-hash")
        for revision in self.revisions(self.workload(pod)):
            if revision.ref == owner or (
                label and revision.ref.name in (label, f"{owner.name if owner else ''}-{label}")
            ):
                return revision
        return None

    def ready_pods(self, revision: Revision) -> int:
        """How many pods of a revision are ready."""
        if revision.ref.kind == "ReplicaSet":
            return fields.get_int(revision.json, "status", "readyReplicas") or 0
        owner = self.owner(revision.ref, revision.json)
        return sum(pod.ready and self.revision_of(pod) == revision for pod in self.pods_of(owner)) if owner else 0


@dataclasses.dataclass(frozen=True)
class Revision:
    """One revision of a workload: the ReplicaSet, or the ControllerRevision, that carries it."""

    ref: Ref
    json: fields.Json

    @property
    def number(self) -> int:
        if self.ref.kind == "ControllerRevision":
            return fields.get_int(self.json, "revision") or 0
        number = fields.get_str(self.json, "metadata", "annotations", "deployment.kubernetes.io/revision")
        return int(number) if number.isdecimal() and len(number) < 19 else 0

    @property
    def template(self) -> fields.Json:
        """The pod template."""
        place = ("data", "spec") if self.ref.kind == "ControllerRevision" else ("spec",)
        return fields.get_dict(self.json, *place, "template")


class Reader(t.Protocol):
    """Where evidence comes from: a cluster, or a snapshot of one."""

    def read(self, scope: Scope) -> Evidence:
        """Everything but logs."""

    def read_logs(self, evidence: Evidence, requests: t.Sequence[LogRequest]) -> Evidence:
        """The same evidence with the logs that were asked for, as far as they can be read."""
