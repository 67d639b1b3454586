# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run in this process as Ansible would run them: arguments in, one JSON result out."""

from __future__ import annotations

import json
import types
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster import snapshot
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import fields
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import KINDS, Cluster, Evidence, Scope

Run = t.Callable[..., dict[str, t.Any]]
NOW: t.Final = "2026-11-22T09:15:02Z"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """``run(module, **arguments)``: its result, with ``rc`` as its exit status."""

    def run_module(module: types.ModuleType, **arguments: t.Any) -> dict[str, t.Any]:
        with patch_module_args(arguments), pytest.raises(SystemExit) as ended:
            module.main()
        output = capsys.readouterr()
        assert output.err == ""
        return {**json.loads(output.out), "rc": ended.value.code}

    return run_module


def _failing_pod() -> fields.Json:
    waiting = {"reason": "CreateContainerConfigError", "message": 'configmap "cart-config" not found'}
    return {
        "metadata": {
            "namespace": "shop",
            "name": "cart",
            "creationTimestamp": "2026-11-22T09:11:40Z",
            "labels": {"app": "cart"},
        },
        "spec": {"containers": [{"name": "app", "envFrom": [{"configMapRef": {"name": "cart-config"}}]}]},
        "status": {"phase": "Pending", "containerStatuses": [{"name": "app", "state": {"waiting": waiting}}]},
    }


@pytest.fixture
def snapshot_path(tmp_path: Path) -> str:
    """A snapshot with one pod whose ConfigMap is missing."""
    objects: dict[str, list[fields.Json]] = {kind: [] for kind in KINDS} | {"Pod": [_failing_pod()]}
    path = str(tmp_path / "snapshot.json")
    snapshot.save(Evidence(NOW, Cluster("prod", "https://s", None, "v1.36.2"), Scope(), objects), path)
    return path
