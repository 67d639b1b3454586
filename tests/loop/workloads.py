# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workloads that the loop is tried on: real failures, as small as they can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

NAME = "web"
IMAGE = "busybox:1.36"
WORKS = ("sleep", "1d")
CRASHES = ("sh", "-c", "echo cannot reach the ledger; exit 3")


def deployment(command: Sequence[str] = WORKS, replicas: int = 1, **container: Any) -> Json:
    """A Deployment of one container."""
    app = {"name": "app", "image": IMAGE, "command": list(command), **container}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME},
        "spec": {
            "replicas": replicas,
            # A container that crashes at once is ready for a moment: without this it would replace the former revision.
            "minReadySeconds": 3,
            "selector": {"matchLabels": {"app": NAME}},
            "template": {
                "metadata": {"labels": {"app": NAME}},
                "spec": {"terminationGracePeriodSeconds": 0, "containers": [app]},
            },
        },
    }


def hungry() -> Json:
    """It needs more memory than twice its limit."""
    command = ("python3", "-c", 'import time; cache = b"x" * 300_000_000; time.sleep(86400)')
    resources = {"requests": {"memory": "24Mi"}, "limits": {"memory": "48Mi"}}
    return deployment(command, image="python:3.11-slim", resources=resources)


def quota(**hard: str) -> Json:
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "room"}, "spec": {"hard": hard}}


def configmap(name: str, **data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def secret(name: str, **data: str) -> Json:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}


def service(selector: Mapping[str, str], target: int | str) -> Json:
    ports = [{"name": "http", "port": 80, "targetPort": target}]
    spec = {"selector": dict(selector), "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME}, "spec": spec}


def policy(name: str, closes: Mapping[str, str], lets_in: Mapping[str, str]) -> Json:
    """A NetworkPolicy."""
    rule = {"from": [{"podSelector": {"matchLabels": dict(lets_in)}}]}
    spec = {"podSelector": {"matchLabels": dict(closes)}, "ingress": [rule]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}


def autoscaler() -> Json:
    """One that looks at how much of the requested CPU is used."""
    target = {"type": "Utilization", "averageUtilization": 80}
    spec = {
        "minReplicas": 1,
        "maxReplicas": 2,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME},
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }
    made = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
    return {**made, "metadata": {"name": NAME}, "spec": spec}


def claim(storage_class: str) -> Json:
    wanted = {"requests": {"storage": "1Mi"}}
    spec = {"storageClassName": storage_class, "accessModes": ["ReadWriteOnce"], "resources": wanted}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec}


def with_volume() -> Json:
    """A Deployment that keeps its data in the claim."""
    made = deployment()
    spec = made["spec"]["template"]["spec"]
    spec["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    return made


def bare_pod(image: str) -> Json:
    """A pod that belongs to nobody."""
    made = deployment(image=image)["spec"]["template"]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": NAME, **made["metadata"]}, "spec": made["spec"]}


def statefulset(image: str) -> Json:
    """Two replicas, of which the second is replaced first."""
    made = deployment(image=image, replicas=2)
    del made["spec"]["minReadySeconds"]
    return {**made, "kind": "StatefulSet", "spec": {**made["spec"], "serviceName": NAME}}


def daemonset(image: str) -> Json:
    """A DaemonSet that keeps the former pod until the new one is ready."""
    made = deployment(image=image)
    del made["spec"]["replicas"]
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    return {**made, "kind": "DaemonSet", "spec": {**made["spec"], "updateStrategy": strategy}}


def settings_from(name: str, *keys: str, kind: str = "configMapKeyRef", command: Sequence[str] = WORKS) -> Json:
    """A Deployment that takes these keys from a ConfigMap, or a Secret."""
    variables = [{"name": key, "valueFrom": {kind: {"name": name, "key": key}}} for key in keys]
    return deployment(command, env=variables)


def rolled_out(json: Mapping[str, Any]) -> bool:
    """Whether every replica is of the newest template and ready."""
    status, wanted = json.get("status", {}), json["spec"].get("replicas")
    if wanted is None:  # a DaemonSet
        wanted = status.get("desiredNumberScheduled")
        counts = {status.get(name, 0) for name in ("updatedNumberScheduled", "numberReady")}
        return (
            bool(wanted) and status.get("observedGeneration") == json["metadata"]["generation"] and counts == {wanted}
        )
    counts = {status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas")}
    return status.get("observedGeneration") == json["metadata"]["generation"] and counts == {wanted}
