# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of causes is closed: what the table finds is in it, and each has been made to happen."""

from __future__ import annotations

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import _table
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.vocabulary import VOCABULARY
from ansible_collections.aiops.kubernetes.tests.scenarios.expectation import scenarios

GROUPS = [*(group for group in vars(_table).values() if isinstance(group, tuple)), *_table.OBJECT.values()]
FOUND = {row.slug for group in GROUPS for row in group if isinstance(row, _table.Cause)}
EXPECTED = {finding.cause for scenario in scenarios() for finding in scenario.findings}
# What this project's cluster can't show for real, and why; each is tested on a recorded snapshot that was varied.
NEVER_MADE: dict[str, str] = {
    "node-out-of-memory": "a node without memory takes everything else on this machine with it (test_ends.py)",
}


def test_finds_what_the_list_has_and_nothing_else() -> None:
    assert FOUND == VOCABULARY


def test_each_cause_has_been_made_to_happen() -> None:
    assert {*EXPECTED, *NEVER_MADE} >= FOUND
    assert not EXPECTED & NEVER_MADE.keys()
