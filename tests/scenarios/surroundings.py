# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What scenarios do outside of their own namespaces, and how it is put back: objects of the cluster, its nodes' services."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient

_CLUSTER = Path(__file__).resolve().parents[1] / "cluster" / "cluster.py"
_PUT_BACK_SECONDS = 60.0

Json = Mapping[str, Any]


class Surroundings:
    """The cluster around the scenarios. Each change is remembered, by the scenario's namespace, before it is made."""

    def __init__(self, client: DynamicClient, kubeconfig: Path) -> None:
        self._client = client
        self._folder = kubeconfig.parent
        self._undo: dict[str, ExitStack] = defaultdict(ExitStack)
        self._lock = threading.Lock()

    def remember(self, item: Json, place: str | None, namespace: str, alone: bool) -> None:
        """How to put back an object that is not in the scenario's own namespace, before it is applied."""
        kind = self._client.resources.get(api_version=item["apiVersion"], kind=item["kind"])
        name = item["metadata"]["name"]
        before = _get(kind, name, place)
        if before is None and (alone or namespace in name):
            self._later(namespace, lambda: _delete(kind, name, place))
        elif before is None:
            raise AssertionError(f"{name} must have THIS-NAMESPACE in its name, or its scenario run alone")
        elif alone and "status" not in item:
            patch = _back(before, item)
            content = "application/json-patch+json"
            self._later(namespace, lambda: kind.patch(body=patch, name=name, namespace=place, content_type=content))
        else:
            raise AssertionError(f"{name} is not the scenario's own: it must run alone, and leave the status as it is")

    def stop(self, service: str, namespace: str) -> None:
        """End a service of the node. The node's first process starts what has ended again when it is told so."""
        self._later(namespace, lambda: self._on_node("kill", "-HUP", "1"))
        self._on_node("sh", "-c", f"kill $(cat {self._folder / 'pids' / service})")

    def put_back(self, namespace: str) -> None:
        """Undo all that was done for this scenario, the last first; what fails does not keep the rest from it."""
        with self._lock:
            undo = self._undo.pop(namespace, None)
        if undo:
            undo.close()

    def nodes(self) -> dict[str, Json]:
        """What scenarios may change of the nodes, by their names."""
        items = json.loads(self._client.resources.get(api_version="v1", kind="Node").get(serialize=False).data)["items"]
        return {
            node["metadata"]["name"]: {
                "labels": node["metadata"].get("labels"),
                "unschedulable": node["spec"].get("unschedulable", False),
                "taints": node["spec"].get("taints", []),
                "ready": [c["status"] for c in node["status"].get("conditions", ()) if c["type"] == "Ready"],
            }
            for node in items
        }

    def await_nodes(self, wanted: Mapping[str, Json]) -> None:
        """Nothing goes on before the nodes are as they were."""
        end = time.monotonic() + _PUT_BACK_SECONDS
        while (nodes := self.nodes()) != wanted:
            if time.monotonic() > end:
                raise AssertionError(f"the nodes are {nodes}, and not {wanted} again")
            time.sleep(0.5)

    def _later(self, namespace: str, action: Callable[[], object]) -> None:
        with self._lock:
            self._undo[namespace].callback(action)

    def _on_node(self, *command: str) -> None:
        name = ["--name", self._folder.name]
        subprocess.run([sys.executable, str(_CLUSTER), "exec", *name, "--", *command], check=True, timeout=30)


def _back(before: Json, item: Json) -> list[Json]:
    """The JSON patch that gives back to an object what a manifest changes of it."""
    parts = [(part, before[part]) for part in item if part not in ("apiVersion", "kind", "metadata")]
    for part in {"labels", "annotations"} & item["metadata"].keys():
        parts.append((f"metadata/{part}", before["metadata"].get(part) or {}))
    return [{"op": "add", "path": f"/{path}", "value": value} for path, value in parts]


def _get(kind: Any, name: str, namespace: str | None) -> Json | None:
    try:
        found: Json = kind.get(name=name, namespace=namespace).to_dict()
    except ApiException as error:
        if error.status == 404:
            return None
        raise
    return found


def _delete(kind: Any, name: str, namespace: str | None) -> None:
    try:
        kind.delete(name=name, namespace=namespace)
    except ApiException as error:
        if error.status != 404:
            raise
