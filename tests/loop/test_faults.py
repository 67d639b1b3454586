# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Row 26: a disk that fails and a writer that is killed at system calls of recording an event; `make soak` takes every one."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.tests.loop.faults import KINDS, points, strike, template


@pytest.mark.parametrize("kind", KINDS)
def test_row_26_a_fault_leaves_an_event_whole_or_absent(tmp_path: Path, kind: str) -> None:
    of = template(tmp_path, kind)
    every = points(of, tmp_path, kind)
    assert {point.call for point in every} >= {"openat", "write", "fsync", "link", "unlink", "rename"}, every
    stood = [strike(of, tmp_path, kind, point) for point in every[::17]]
    assert True in stood
    assert False in stood, "no fault came before the event stood: the sample tells nothing"
