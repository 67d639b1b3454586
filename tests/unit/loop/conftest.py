# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clock that stands still, a store in a folder of its own, a cluster in memory; properties with the same examples each time."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from hypothesis import settings

from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import NOW, MemoryServer, QuickStore, cart, later

settings.register_profile("repeatable", deadline=None, derandomize=True, database=None, max_examples=50)
settings.load_profile("repeatable")


@dataclasses.dataclass
class Clock:
    """What time it is; the tests let it pass."""

    now: str = NOW

    def passes(self, seconds: float) -> None:
        self.now = later(seconds, self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(moments, "now", lambda: made.now)
    return made


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where records may lie.  Durability is for the tests of the store: here it would only take time."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    return tmp_path / "records"


@pytest.fixture
def kept(folder: Path) -> QuickStore:
    return QuickStore(folder)


@pytest.fixture
def server() -> MemoryServer:
    return MemoryServer(("Deployment", cart()))
