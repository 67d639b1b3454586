# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded shop of the demo, to be varied: what a cluster really answered, with one thing changed."""

from __future__ import annotations

import copy
import dataclasses
import typing as t
from pathlib import Path

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import judge
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster import snapshot
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.edits import Edit
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Evidence, LogRequest, Scope
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import Finding
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies._change import Change
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.diagnose import collect
from ansible_collections.aiops.kubernetes.tests.unit.loop.json_patch import patched

_FILE: t.Final = Path(__file__).resolve().parents[3] / "playbooks" / "files" / "shop.json"
_SHOP: t.Final = collect(snapshot.load(str(_FILE)), Scope())
_FINDINGS: t.Final = judge.find(_SHOP)

Objects = dict[str, list[dict[str, t.Any]]]


class Shop:
    """Objects of the shop by kind and name, and the evidence they make."""

    def __init__(self) -> None:
        self.objects: Objects = copy.deepcopy(
            t.cast("Objects", {kind: list(found) for kind, found in _SHOP.objects.items()})
        )

    def get(self, kind: str, name: str) -> dict[str, t.Any]:
        return next(each for each in self.objects[kind] if each["metadata"]["name"] == name)

    def revision(self, deployment: str, number: int) -> dict[str, t.Any]:
        """The ReplicaSet of that revision."""
        return next(
            each
            for each in self.objects["ReplicaSet"]
            if each["metadata"]["ownerReferences"][0]["name"] == deployment
            and each["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == str(number)
        )

    def container(self, deployment: str) -> dict[str, t.Any]:
        spec = self.get("Deployment", deployment)["spec"]["template"]["spec"]
        return t.cast("dict[str, t.Any]", spec["containers"][0])

    @property
    def evidence(self) -> Evidence:
        return dataclasses.replace(_SHOP, objects=self.objects)

    def read(self, scope: Scope) -> Evidence:
        """As a reader: the shop as it is now."""
        return dataclasses.replace(self.evidence, scope=scope)

    def read_logs(self, evidence: Evidence, requests: t.Sequence[LogRequest]) -> Evidence:
        return dataclasses.replace(evidence, logs={r: _SHOP.logs[r] for r in requests if r in _SHOP.logs})


def finding(cause: str, workload: str) -> Finding:
    """What was found in the recording."""
    return next(f for f in _FINDINGS if f.cause == cause and f.workload and f.workload.name == workload)


def edit(change: Change | None) -> Edit:
    assert change is not None  # noqa: S101
    (write,) = change.writes
    assert isinstance(write, Edit)  # noqa: S101
    return write


def after(change: Change | None) -> t.Any:
    """The object after the patch; the inverse of it gives back the one before."""
    made = edit(change)
    step = made.step()
    result = patched(made.json, step.patch)
    assert patched(result, step.inverse) == made.json  # noqa: S101
    return result
