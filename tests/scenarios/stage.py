# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play scenarios on a cluster: a namespace each, many at once; look at each as soon as it has settled; take them away."""

from __future__ import annotations

import functools
import json
import re
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import kubernetes.config
import yaml
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient

from ansible_collections.aiops.kubernetes.tests.scenarios.expectation import Scenario, Wait
from ansible_collections.aiops.kubernetes.tests.scenarios.surroundings import Json, Surroundings

LIMIT_SECONDS = 240.0
# More would not get on faster on two cores; each has up to six pods, and the test cluster's node takes 220.
_AT_ONCE = 30
_LOOKING = 2
_WATCHED = {
    "v1": ("Pod", "Event", "Node", "PersistentVolumeClaim", "ResourceQuota"),
    "apps/v1": ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"),
    "batch/v1": ("Job", "CronJob"),
    "autoscaling/v2": ("HorizontalPodAutoscaler",),
    "policy/v1": ("PodDisruptionBudget",),
}
_LABELS = {"app.kubernetes.io/managed-by": "aiops-kubernetes-scenarios"}
# A request that fits one node once but not twice, whatever its size; of a resource that no other test asks for.
_PLACEHOLDER = "OVER-HALF-OF-THE-NODE"

Objects = Mapping[str, Sequence[Json]]
"""kind -> objects of one namespace, and those of none"""
Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Played(Generic[Seen]):
    """A scenario that has settled, and what was seen of it."""

    scenario: Scenario
    namespace: str
    seen: Seen


class Stage:
    """A cluster that is meant for tests. Only what it made itself is ever deleted; what it changed is put back."""

    def __init__(self, kubeconfig: Path) -> None:
        self._client = DynamicClient(kubernetes.config.new_client_from_config(str(kubeconfig)))
        self._made: set[str] = set()
        self._surroundings = Surroundings(self._client, kubeconfig)
        self._objects: Mapping[str, Objects] = {}
        self._rounds = 0
        self._interrupted = threading.Event()
        self._looking = threading.Semaphore(_LOOKING)

    def play(
        self,
        scenarios: Sequence[Scenario],
        look: Callable[[str], Seen],
        keep: Callable[[Scenario], bool] = lambda _scenario: False,
        namespace: str | None = None,
    ) -> dict[str, Future[Played[Seen]]]:
        """What `look` saw in the namespace of each scenario, by the scenario's id; only those to keep stay afterwards.

        Those that run alone come last, one after the other, and never stay.
        """

        def play_one(scenario: Scenario) -> Played[Seen]:
            place = namespace or f"sc-{scenario.variant}-{secrets.token_hex(3)}"
            nodes = self._surroundings.nodes()
            self._open(place)
            try:
                self._act(scenario, place)
                with self._looking:
                    seen = look(place)
            finally:
                if scenario.alone:
                    self._remove(place)
                    self._surroundings.await_nodes(nodes)
            if not scenario.alone and not keep(scenario):
                self._remove(place)
            return Played(scenario, place, seen)

        longest_first = sorted(scenarios, key=lambda scenario: -sum(60 + wait.seconds for wait in scenario.waits))
        played: dict[str, Future[Played[Seen]]] = {}
        try:
            with self._watching():
                for alone, at_once in ((False, _AT_ONCE), (True, 1)):
                    with ThreadPoolExecutor(at_once) as threads:
                        chosen = [scenario for scenario in longest_first if scenario.alone == alone]
                        played |= {scenario.id: threads.submit(play_one, scenario) for scenario in chosen}
                return played
        except KeyboardInterrupt:
            self._interrupted.set()  # else every thread would go on to its limit
            raise

    def _act(self, scenario: Scenario, place: str) -> None:
        steps = [functools.partial(self._apply, manifest, place, scenario.alone) for manifest in scenario.manifests]
        if service := scenario.stops:
            steps.append(functools.partial(self._surroundings.stop, service, place))
        for step, wait in zip(steps, scenario.waits, strict=True):
            step()
            self._await(wait, place)

    def clear(self) -> None:
        """Delete every namespace that was made and is still there."""
        with ThreadPoolExecutor(_LOOKING) as threads:
            list(threads.map(self._remove, tuple(self._made)))

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Read all that the waits look at once a second, for all of them together."""
        done = threading.Event()

        def watch() -> None:
            while not done.wait(1):
                self._objects = self._read()
                self._rounds += 1

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _await(self, wait: Wait, namespace: str) -> None:
        first, end, since = self._rounds + 2, time.monotonic() + LIMIT_SECONDS, None
        while time.monotonic() < end and not self._interrupted.wait(0.5):
            if self._rounds < first or not holds(
                wait, {**self._objects.get("", {}), **self._objects.get(namespace, {})}
            ):
                since = None
            else:
                since = since or time.monotonic()
                if time.monotonic() - since >= wait.seconds:
                    return
        raise AssertionError(f"{namespace} did not settle within {LIMIT_SECONDS:.0f} s: {wait}")

    def _open(self, name: str) -> None:
        self._kind("v1", "Namespace").create(body={"metadata": {"name": name, "labels": _LABELS}})
        self._made.add(name)
        for _attempt in range(100):  # admission refuses a bare pod until its account is there
            try:
                self._kind("v1", "ServiceAccount").get(name="default", namespace=name)
            except ApiException as error:
                if error.status != 404:
                    raise
                time.sleep(0.1)
            else:
                return
        raise AssertionError(f"namespace {name} did not get its default ServiceAccount")

    def _apply(self, manifest: Path, namespace: str, alone: bool) -> None:
        text = manifest.read_text()
        if _PLACEHOLDER in text:
            text = text.replace(_PLACEHOLDER, self._over_half("ephemeral-storage"))
        if "THIS-NODE" in text:
            text = text.replace("THIS-NODE", min(self._surroundings.nodes()))
        document = yaml.safe_load(text.replace("THIS-NAMESPACE", namespace))
        for item in document["items"] if document["kind"] == "List" else [document]:
            kind = self._kind(item["apiVersion"], item["kind"])
            place = item["metadata"].get("namespace", namespace) if kind.namespaced else None
            if place != namespace and (item["kind"], item["metadata"]["name"]) != ("Namespace", namespace):
                self._surroundings.remember(item, place, namespace, alone)
            kind.server_side_apply(body=item, namespace=place, field_manager="scenarios", force_conflicts=True)
            if "status" in item:  # of a thing that no controller looks after, as a node without a kubelet
                kind.status.patch(body=item, namespace=place, content_type="application/merge-patch+json")

    def _over_half(self, resource: str) -> str:
        nodes = self._list("v1", "Node")
        return str(max(int(node["status"]["allocatable"][resource]) for node in nodes) * 3 // 5)

    def _read(self) -> Mapping[str, Objects]:
        found: dict[str, dict[str, list[Json]]] = defaultdict(lambda: defaultdict(list))
        for version, kinds in _WATCHED.items():
            for kind in kinds:
                for json_object in self._list(version, kind):
                    found[json_object["metadata"].get("namespace", "")][kind].append(json_object)
        return found

    def _list(self, version: str, kind: str, namespace: str | None = None) -> list[Json]:
        answer = self._kind(version, kind).get(namespace=namespace, serialize=False)
        items: list[Json] = json.loads(answer.data)["items"]
        return items

    def _remove(self, name: str) -> None:
        """Its pods go at once: what they do with their time to end is nobody's concern any more."""
        try:
            self._surroundings.put_back(name)
        finally:
            self._kind("v1", "Namespace").delete(name=name)
        self._kind("v1", "Pod").delete(
            namespace=name, grace_period_seconds=0, field_selector=f"metadata.namespace={name}"
        )
        for pod in self._list("v1", "Pod", name):
            if "finalizers" in pod["metadata"]:  # nobody else takes them off
                self._free(pod["metadata"]["name"], name)
        self._made.discard(name)

    def _free(self, pod: str, namespace: str) -> None:
        body = {"metadata": {"finalizers": None}}
        try:
            self._kind("v1", "Pod").patch(
                body=body, name=pod, namespace=namespace, content_type="application/merge-patch+json"
            )
        except ApiException as error:
            if error.status != 404:
                raise

    def _kind(self, version: str, kind: str) -> Any:
        return self._client.resources.get(api_version=version, kind=kind)


def holds(wait: Wait, objects: Objects) -> bool:
    if wait.ready and not (objects.get("Pod") and all(_ready(kind, o) for kind in objects for o in objects[kind])):
        return False
    return all(_found(place, value, objects) for place, value in wait.fields.items())


def _ready(kind: str, json_object: Json) -> bool:
    """Whether the cluster has nothing left to do for this object."""
    spec, status, metadata = json_object.get("spec", {}), json_object.get("status", {}), json_object["metadata"]
    if kind == "Pod":
        conditions = {c["type"]: c["status"] for c in status.get("conditions", ())}
        ended = status["phase"] in ("Succeeded", "Failed")  # what that means is for its Job to say
        return ended or conditions.get("Ready") == "True" or "deletionTimestamp" in metadata
    if kind == "Job":
        return bool(status.get("completionTime"))
    if kind == "DaemonSet":
        counts = {status.get(name, 0) for name in ("numberReady", "updatedNumberScheduled")}
        return counts == {status.get("desiredNumberScheduled")}
    if kind in ("Deployment", "StatefulSet"):
        counts = {status.get(name, 0) for name in ("replicas", "readyReplicas", "updatedReplicas")}
        return status.get("observedGeneration") == metadata["generation"] and counts == {spec["replicas"]}
    return True


def _found(place: str, value: str | int | bool, objects: Objects) -> bool:
    address, _space, path = place.partition(" ")
    kind, _slash, prefix = address.partition("/")
    return any(
        _fits(value, found)
        for json_object in objects.get(kind, ())
        if (json_object["reason"] if kind == "Event" else json_object["metadata"]["name"]).startswith(prefix)
        for found in _values(json_object, path)
    )


def _values(value: Any, path: str) -> Iterator[Any]:
    for word in re.findall(r"[^.\[\]]+", path):
        if isinstance(value, list):
            value = next((item for item in value if word in (item.get("name"), item.get("type"))), None)
        elif isinstance(value, dict):
            value = value.get(word)
        else:
            return
    if value is not None:
        yield value


def _fits(wanted: str | int | bool, value: Any) -> bool:
    if isinstance(wanted, bool):
        return value is wanted
    if isinstance(wanted, int):
        return isinstance(value, int) and value >= wanted
    return re.search(wanted, str(value)) is not None
