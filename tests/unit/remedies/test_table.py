# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of remedies covers every cause, and the guide says what it says."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import _table
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies.table import NONE, REMEDIES

GUIDE: t.Final = Path(__file__).resolve().parents[3] / "docs" / "docsite" / "rst" / "guide_remedies.rst"
GROUPS: t.Final = [*(group for group in vars(_table).values() if isinstance(group, tuple)), *_table.OBJECT.values()]
FOUND: t.Final = sorted({row.slug for group in GROUPS for row in group if isinstance(row, _table.Cause)})


@pytest.mark.parametrize("cause", FOUND)
def test_every_cause_that_is_found_has_remedies_or_a_reason(cause: str) -> None:
    assert (cause in REMEDIES) != (cause in NONE)


def test_no_cause_has_both() -> None:
    assert set(REMEDIES).isdisjoint(NONE)
    assert all(REMEDIES.values())


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
