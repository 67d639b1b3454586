# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of remedies covers every cause, and the guide says what it says."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import _table
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies.table import NONE, REMEDIES, why_none
from ansible_collections.aiops.kubernetes.tests.loop.trials import ELSEWHERE, TRIALS
from ansible_collections.aiops.kubernetes.tests.unit.remedies.shop import finding

GUIDE: t.Final = Path(__file__).resolve().parents[3] / "docs" / "docsite" / "rst" / "guide_remedies.rst"
LOOP: t.Final = Path(__file__).resolve().parents[2] / "loop"
GROUPS: t.Final = [*(group for group in vars(_table).values() if isinstance(group, tuple)), *_table.OBJECT.values()]
FOUND: t.Final = sorted({row.slug for group in GROUPS for row in group if isinstance(row, _table.Cause)})


@pytest.mark.parametrize("cause", FOUND)
def test_every_cause_that_is_found_has_remedies_or_a_reason(cause: str) -> None:
    assert (cause in REMEDIES) != (cause in NONE)


def test_what_an_operator_makes_is_changed_there() -> None:
    made = finding("memory-limit-exceeded", "search")
    told = "Shop shop/one has an operator, which writes what belongs to it again: change it there"
    assert why_none(dataclasses.replace(made, workload=Ref("Shop", "shop", "one"))) == told
    assert "operator" not in why_none(made)


def test_no_cause_has_both() -> None:
    assert set(REMEDIES).isdisjoint(NONE)
    assert all(REMEDIES.values())


@pytest.mark.parametrize("kind", sorted({remedy.__name__ for remedies in REMEDIES.values() for remedy in remedies}))
def test_every_kind_of_change_is_tried_on_the_real_cluster(kind: str) -> None:
    """Once where it helps and, where it can be taken back, once where it does not."""
    tried = [trial for trial in TRIALS.values() if trial.kind == kind]
    assert bool(tried) != (kind in ELSEWHERE)
    assert any(trial.useless or trial.hopeless or trial.irreversible for trial in tried) or not tried
    for test in ELSEWHERE.get(kind, ()):
        file, _colons, name = test.partition("::")
        assert f"def {name}(" in (LOOP / file).read_text(encoding="utf-8")


def test_every_trial_is_of_a_cause_that_offers_its_kind() -> None:
    for name, trial in TRIALS.items():
        assert trial.kind in {remedy.__name__ for remedy in REMEDIES[trial.cause]}, name


def test_the_guide_says_what_the_table_says() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    rows = re.findall(r"^   \* - ``([a-z-]+)``\n     - (.+)$", text, re.MULTILINE)
    offered = {
        cause: ", ".join(f"``{remedy.__name__}``" for remedy in remedies) for cause, remedies in REMEDIES.items()
    }
    refused = {cause: f"none: {why}" for cause, why in NONE.items()}
    assert dict(rows) == offered | refused
    assert len(rows) == len(offered) + len(refused)


def test_the_guide_explains_every_kind_of_change() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    kinds = {remedy.__name__ for remedies in REMEDIES.values() for remedy in remedies}
    explained = set(re.findall(r"^``([a-z_]+)``\n    \S", text, re.MULTILINE))
    assert explained == kinds
