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


def configmap(name: str, **data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def settings_from(name: str, *keys: str) -> Json:
    """A Deployment that takes these keys from a ConfigMap."""
    variables = [{"name": key, "valueFrom": {"configMapKeyRef": {"name": name, "key": key}}} for key in keys]
    return deployment(env=variables)


def rolled_out(json: Mapping[str, Any]) -> bool:
    """Whether every replica is of the newest template and ready."""
    status, wanted = json.get("status", {}), json["spec"]["replicas"]
    counts = {status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas")}
    return status.get("observedGeneration") == json["metadata"]["generation"] and counts == {wanted}
