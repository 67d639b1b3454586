# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kubeconfig for an identity, and who owns the metrics API."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.identity import save
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import fields
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Pod
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.look_at_metrics import (
    API_SERVICE,
    METRICS,
    look_at_metrics,
)


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text("former")
    path.chmod(0o644)
    save({"kind": "Config"}, str(path))
    assert json.loads(path.read_text()) == {"kind": "Config"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AiopsError, match=r"none/kubeconfig can't be written: No such file or directory\."):
        save({}, str(tmp_path / "none" / "kubeconfig"))


class _Cluster:
    """A metrics API that serves, with these marks on its APIService: most ways to install one can't run here."""

    def __init__(self, metadata: fields.Json, service: str = "metrics-server") -> None:
        self._found: dict[str, fields.Json] = {
            API_SERVICE: {"metadata": metadata, "spec": {"service": {"namespace": "monitoring", "name": service}}},
            **{f"{METRICS}/{kind}": {"items": [{}]} for kind in ("nodes", "pods")},
        }

    def get(self, path: str) -> fields.Json | None:
        return self._found.get(path)

    def log(self, pod: Pod) -> str:
        raise AssertionError(pod)


@pytest.mark.parametrize(
    ("labels", "annotations", "owner", "words"),
    [
        (
            {},
            {"meta.helm.sh/release-name": "ms", "meta.helm.sh/release-namespace": "ops"},
            "helm",
            "Helm release ops/ms",
        ),
        ({"kubernetes.io/minikube-addons": "metrics-server"}, {}, "addon", "an addon"),
        ({"addonmanager.kubernetes.io/mode": "Reconcile"}, {}, "addon", "an addon"),
        ({"objectset.rio.cattle.io/hash": "0a1b"}, {}, "k3s", "k3s"),
        ({"k8s-app": "metrics-server"}, {}, "other", "Service monitoring/metrics-server"),
        ({"app.kubernetes.io/managed-by": "Helm"}, {}, "other", "somebody else"),
    ],
)
def test_owners(labels: dict[str, t.Any], annotations: dict[str, t.Any], owner: str, words: str) -> None:
    found = look_at_metrics(_Cluster({"labels": labels, "annotations": annotations}), 0)
    assert (found.owner, found.healthy) == (owner, True)
    assert words in found.owned_by


def test_another_adapter() -> None:
    found = look_at_metrics(_Cluster({}, "prometheus-adapter"), 0)
    assert (found.owner, found.owned_by) == ("other", "Service monitoring/prometheus-adapter, which somebody else made")
