# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cluster that was named for testing, and a namespace for the identities of this run."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The cluster that was named for testing; no other is ever touched."""
    given = os.environ.get("AIOPS_TEST_KUBECONFIG")
    assert given, "name a test cluster in AIOPS_TEST_KUBECONFIG"
    return Path(given)


@pytest.fixture(scope="session")
def place() -> str:
    return f"it-access-{uuid.uuid4().hex[:6]}"
