# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder for a store, in memory where the machine has such a place: the calls are the same, and no disk is waited for."""

from __future__ import annotations

import os
import shutil
import tempfile
import typing as t
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._records.store import Store
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.phr import page

_MEMORY: t.Final = Path("/dev/shm")  # noqa: S108


@pytest.fixture
def root(tmp_path: Path) -> t.Iterator[Path]:
    if not os.access(_MEMORY, os.W_OK):
        yield tmp_path / "records"
        return
    folder = Path(tempfile.mkdtemp(prefix="aiops-test-", dir=_MEMORY))
    yield folder / "records"
    shutil.rmtree(folder)


@pytest.fixture
def store(root: Path) -> Store:
    return Store(root, page)
