# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several ConfigMaps and keys that one container lacks: the kubelet complains of one at a time."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import judge
from ansible_collections.aiops.kubernetes.tests.unit.causes.recorded import objects_of, recorded


def taken(name: str, key: str, **more: Any) -> dict[str, Any]:
    return {"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": name, "key": key, **more}}}


@pytest.mark.parametrize(
    ("variable", "lacks"),
    [
        (taken("gone", "LEVEL"), "It lacks more: ConfigMap gone."),
        (taken("worker-settings", "LEVEL"), "It lacks more: key LEVEL of ConfigMap worker-settings."),
        (taken("worker-settings", "QUEUE"), ""),
        (taken("gone", "LEVEL", optional=True), ""),
        (taken("web-setings", "LEVEL"), ""),
    ],
)
def test_tells_what_it_lacks_beside_what_the_kubelet_complains_of(variable: dict[str, Any], lacks: str) -> None:
    read = recorded("configmap-missing--web")
    objects = objects_of(read)
    for pod in objects["Pod"]:
        pod["spec"]["containers"][0]["env"].append(variable)
    [finding] = judge.find(dataclasses.replace(read, objects=objects))
    assert "/web-setings does not exist" in finding.summary
    assert finding.explanation.rpartition("until it exists.")[2].strip() == lacks
    assert any("env[LEVEL]" in each.source for each in finding.evidence) is bool(lacks)
