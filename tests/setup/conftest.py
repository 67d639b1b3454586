# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cluster that was named for testing, with a namespace for the identities of this run, and one of its own."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.tests.setup.playing import CLUSTER, Own


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The cluster that was named for testing; no other is ever touched."""
    given = os.environ.get("AIOPS_TEST_KUBECONFIG")
    assert given, "name a test cluster in AIOPS_TEST_KUBECONFIG"
    return Path(given)


@pytest.fixture(scope="session")
def place() -> str:
    return f"it-access-{uuid.uuid4().hex[:6]}"


@pytest.fixture(scope="session")
def own() -> Iterator[Own]:
    """A cluster without addons, for what would change one that others use."""
    name = f"setup-{uuid.uuid4().hex[:6]}"
    command = [*CLUSTER, "up", "--name", name, "--addons", "none"]
    try:
        up = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
        yield Own(name, Path(up.stdout.strip().rpartition("export KUBECONFIG=")[2].strip("'\"")))
    finally:
        subprocess.run([*CLUSTER, "down", "--name", name], capture_output=True, timeout=300, check=True)
