# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thousands of pods on nodes that are only objects: real Deployments, ReplicaSets, pods and events, made by the real controllers.

What a kubelet would write is written here: nodes, their leases and the pods' statuses. No container runs.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
import typing as t
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.connection import Connection, Refused

Json = dict[str, t.Any]

REPLICAS = 20
NODES = 50
NAMESPACES = 10
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
# How each failing pod fails: the waiting reason and message that a kubelet gives, the last end, and the event's reason.
FAILURES: tuple[tuple[str, str, Json | None, str], ...] = (
    (
        "CrashLoopBackOff",
        "back-off 5m0s restarting failed container=app",
        {"exitCode": 3, "reason": "Error"},
        "BackOff",
    ),
    ("ImagePullBackOff", 'Back-off pulling image "registry.example.test/shop/app:1.0": not found', None, "BackOff"),
    ("CreateContainerConfigError", 'configmap "no-such-settings" not found', None, "Failed"),
)
# Every 100th pod fails in each of these ways: three of a hundred.
EACH = 100


@contextmanager
def nodes(connection: Connection) -> Iterator[None]:
    """The nodes, ready as long as the block lasts."""
    names = [f"synthetic-{n}" for n in range(NODES)]
    for name in names:
        _send(connection, "POST", "/api/v1/nodes", _node(name))
        status = {"status": {"conditions": [_condition("Ready", "KubeletReady")], **_capacity()}}
        _send(connection, "PATCH", f"/api/v1/nodes/{name}/status", status)
        _send(connection, "POST", LEASES, {"metadata": {"name": name}, "spec": _lease(name)})
    over = threading.Event()
    heart = threading.Thread(target=_beat, args=(connection, names, over))
    heart.start()
    try:
        yield
    finally:
        over.set()
        heart.join()


def grow(connection: Connection, pods: int, begin: int = 0) -> None:
    """Make Deployments for the pods from number ``begin`` on, wait for the pods, and say of each that it serves."""
    first, count = begin // REPLICAS, pods // REPLICAS
    for n in range(0 if begin else NAMESPACES):
        _send(connection, "POST", "/api/v1/namespaces", {"metadata": {"name": f"fleet-{n}"}})
    for n in range(first, count):
        place = f"namespaces/fleet-{n % NAMESPACES}"
        _send(connection, "POST", f"/apis/apps/v1/{place}/deployments", _deployment(n))
        _send(connection, "POST", f"/api/v1/{place}/services", _service(n))
    for namespace in range(NAMESPACES):
        _until_there(connection, namespace, REPLICAS * len(range(namespace, count, NAMESPACES)))
        _for_each_pod(connection, namespace, lambda pod, n: _serve(connection, pod, n))


def break_some(connection: Connection) -> None:
    """Three pods of a hundred fail from now on."""
    for namespace in range(NAMESPACES):
        _for_each_pod(connection, namespace, lambda pod, n: _fail(connection, pod, n))


def _for_each_pod(connection: Connection, namespace: int, act: t.Callable[[Json, int], None]) -> None:
    with ThreadPoolExecutor(8) as threads:
        pods = json.loads(connection.get(f"/api/v1/namespaces/fleet-{namespace}/pods"))["items"]
        for done in [threads.submit(act, pod, number) for number, pod in enumerate(pods)]:
            done.result()


def _serve(connection: Connection, pod: Json, number: int) -> None:
    if pod["status"]["phase"] == "Pending":
        _send(connection, "PATCH", f"{_path(pod)}/status", {"status": _status(number, None)})


def _fail(connection: Connection, pod: Json, number: int) -> None:
    if number % EACH < len(FAILURES):
        _send(connection, "PATCH", f"{_path(pod)}/status", {"status": _status(number, number % EACH)})
        _send(connection, "POST", _path(pod).rpartition("/pods/")[0] + "/events", _event(pod, number % EACH))


def _path(pod: Json) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"


def _status(number: int, failure: int | None) -> Json:
    container: Json = {
        "name": "app",
        "image": "registry.example.test/shop/app:1.0",
        "imageID": "registry.example.test/shop/app@sha256:" + "b" * 64,
        "containerID": "containerd://" + f"{number:064x}",
        "ready": failure is None,
        "started": failure is None,
        "restartCount": 0,
        "lastState": {},
        "state": {"running": {"startedAt": _now()}},
    }
    if failure is not None:
        reason, message, end, _event_reason = FAILURES[failure]
        container["state"] = {"waiting": {"reason": reason, "message": message}}
        if end:
            container |= {
                "restartCount": 12,
                "lastState": {"terminated": {**end, "startedAt": _now(), "finishedAt": _now()}},
            }
    ready = _condition("Ready") if failure is None else _condition("Ready", "ContainersNotReady", "False")
    address = f"10.64.{number // 250}.{number % 250}"
    return {
        "phase": "Running" if failure in (None, 0) else "Pending",
        "conditions": [
            _condition("PodReadyToStartContainers"),
            _condition("Initialized"),
            ready,
            {**ready, "type": "ContainersReady"},
            _condition("PodScheduled"),
        ],
        "hostIP": "10.64.255.1",
        "hostIPs": [{"ip": "10.64.255.1"}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": _now(),
        "qosClass": "Burstable",
        "containerStatuses": [container],
    }


def _deployment(number: int) -> Json:
    name = f"app-{number}"
    probe = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10, "timeoutSeconds": 2}
    container = {
        "name": "app",
        "image": "registry.example.test/shop/app:1.0",
        "args": ["serve", "--listen=:8080", f"--name={name}"],
        "ports": [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}],
        "env": [
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "DATABASE_URL", "valueFrom": {"secretKeyRef": {"name": "database", "key": "url"}}},
            *({"name": f"SETTING_{n}", "value": f"value-{n}-of-{name}"} for n in range(6)),
        ],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "readinessProbe": probe,
        "livenessProbe": {**probe, "initialDelaySeconds": 20},
        "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "fleet", "team": f"team-{number % 7}"}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": REPLICAS,
            "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "template": {
                "metadata": {"labels": labels, "annotations": {"prometheus.io/scrape": "true"}},
                "spec": {
                    "nodeName": f"synthetic-{number % NODES}",  # no scheduler is measured
                    "containers": [container],
                    "volumes": [{"name": "cache", "emptyDir": {}}],
                    "securityContext": {"runAsNonRoot": True, "runAsUser": 1000},
                },
            },
        },
    }


def _service(number: int) -> Json:
    selector = {"app.kubernetes.io/name": f"app-{number}"}
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    return {"metadata": {"name": f"app-{number}"}, "spec": {"selector": selector, "ports": ports}}


def _event(pod: Json, failure: int) -> Json:
    _waiting, message, _end, reason = FAILURES[failure]
    about = {name: pod["metadata"][name] for name in ("name", "namespace", "uid")}
    return {
        "metadata": {"generateName": f"{pod['metadata']['name']}."},
        "involvedObject": {"kind": "Pod", "apiVersion": "v1", "fieldPath": "spec.containers{app}", **about},
        "reason": reason,
        "message": message,
        "type": "Warning",
        "count": 12,
        "firstTimestamp": _now(),
        "lastTimestamp": _now(),
        "source": {"component": "kubelet", "host": pod["spec"]["nodeName"]},
    }


def _node(name: str) -> Json:
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    # Nothing real may land here.
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": [{"key": "synthetic", "effect": "NoSchedule"}]},
    }


def _capacity() -> Json:
    room = {"cpu": "64", "memory": "256Gi", "pods": "500", "ephemeral-storage": "500Gi"}
    return {"capacity": room, "allocatable": room}


def _lease(name: str) -> Json:
    return {"holderIdentity": name, "leaseDurationSeconds": 20, "renewTime": _now().replace("Z", ".000000Z")}


def _beat(connection: Connection, names: list[str], over: threading.Event) -> None:
    """Renew the leases, as kubelets do: a node whose lease is older than 20 s is given up."""
    while not over.wait(6):
        for name in names:
            with suppress(Refused):  # late once is no matter, the next round renews it
                _send(connection, "PATCH", f"{LEASES}/{name}", {"spec": _lease(name)})


def _condition(kind: str, reason: str = "", status: str = "True") -> Json:
    return {"type": kind, "status": status, "lastTransitionTime": _now()} | ({"reason": reason} if reason else {})


def _until_there(connection: Connection, namespace: int, wanted: int) -> None:
    for _attempt in range(240):
        first = json.loads(connection.get(f"/api/v1/namespaces/fleet-{namespace}/pods", {"limit": "1"}))
        if len(first["items"]) + first["metadata"].get("remainingItemCount", 0) >= wanted:
            return
        time.sleep(0.5)
    raise TimeoutError(f"{wanted} pods in namespace fleet-{namespace} did not come within two minutes")


def _send(connection: Connection, method: str, path: str, body: Json) -> None:
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    connection.send(method, path, headers={"Content-Type": kind}, body=json.dumps(body).encode())


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
