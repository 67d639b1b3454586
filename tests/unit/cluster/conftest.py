# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test cluster is a folder of scripts: make its package importable, and give tests a cluster's folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "cluster"))

from onenode.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Return the layout of a cluster whose folder does not exist yet."""
    return Layout("demo", tmp_path / "state/clusters/demo")
