# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging takes about as much longer as there is more to judge: no cause looks at every pod once for every other object."""

from __future__ import annotations

import dataclasses
import time
import typing as t
from pathlib import Path

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import judge
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster import snapshot
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import CLUSTER_SCOPED, Evidence, Scope

SHOP = Path(__file__).parents[3] / "playbooks" / "files" / "shop.json"
FEW, MANY = 25, 200
# The quickest of so many runs counts: whatever else the machine does only makes one slower.
RUNS = 3


def test_judging_is_about_linear() -> None:
    """Eightfold failures in one namespace take ten times the processor time (measured), not the eighteen of one scan too many."""
    shop = snapshot.load(str(SHOP)).read(Scope())
    few, many = (_judged(_multiplied(shop, times)) for times in (FEW, MANY))
    assert many.findings == few.findings * MANY / FEW
    assert many.seconds < few.seconds * MANY / FEW * 1.75


class _Judged(t.NamedTuple):
    findings: int
    seconds: float


def _judged(evidence: Evidence) -> _Judged:
    return min((_judged_once(dataclasses.replace(evidence)) for _run in range(RUNS)), key=lambda judged: judged.seconds)


def _judged_once(evidence: Evidence) -> _Judged:
    began = time.process_time()
    judge.logs_wanted(evidence)
    findings = judge.find(evidence)
    return _Judged(len(findings), time.process_time() - began)


def _multiplied(evidence: Evidence, times: int) -> Evidence:
    """Every namespaced object so many times in its namespace, each with a name, labels and an owner of its own."""
    own = {kind: items for kind, items in evidence.objects.items() if kind not in CLUSTER_SCOPED}
    metadata = [item["metadata"] for items in own.values() for item in items]
    names = {each[name] for each in metadata for name in ("name", "uid") if name in each}
    names |= {value for each in metadata for value in (each.get("labels") or {}).values()}
    made = {
        kind: [_renamed(item, names, f"-{n}") for n in range(times) for item in items] for kind, items in own.items()
    }
    return dataclasses.replace(evidence, objects={**evidence.objects, **made}, logs={})


def _renamed(value: t.Any, names: set[str], ending: str) -> t.Any:
    if isinstance(value, dict):
        return {key: _renamed(part, names, ending) for key, part in value.items()}
    if isinstance(value, list):
        return [_renamed(part, names, ending) for part in value]
    return value + ending if isinstance(value, str) and value in names else value
