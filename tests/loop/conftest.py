# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each test has a namespace and a folder of records of its own; what needs the node for itself comes first."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.tests.loop.case import Case, opened

MEASURED = "measured"
ALONE = "test_node.py"
LIMIT_SECONDS = 180.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name != ALONE)


@pytest.fixture
def node_is_free(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that all workers of this run see; it is there as soon as they may begin."""
    return tmp_path_factory.getbasetemp().parent / "node-is-free"


@pytest.fixture
def let_others_begin(node_is_free: Path) -> Iterator[Callable[[], None]]:
    yield node_is_free.touch
    node_is_free.touch()


@pytest.fixture(autouse=True)
def my_turn(request: pytest.FixtureRequest, node_is_free: Path) -> None:
    """Wait where another worker has the node for itself; without workers it has had its turn."""
    others = {item.path.name for item in request.session.items} if "PYTEST_XDIST_WORKER" in os.environ else set()
    end = time.monotonic() + LIMIT_SECONDS
    while ALONE in others and request.path.name != ALONE and not node_is_free.exists():
        assert time.monotonic() < end, f"{ALONE} has not given the node back within {LIMIT_SECONDS:.0f} s"
        time.sleep(0.5)


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The cluster that was named for testing; no other is ever touched."""
    given = os.environ.get("AIOPS_TEST_KUBECONFIG")
    assert given, "name a test cluster in AIOPS_TEST_KUBECONFIG"
    return Path(given)


@pytest.fixture
def case(kubeconfig: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Case]:
    with opened(kubeconfig, tmp_path) as case:
        yield case
    request.node.user_properties += [(MEASURED, f"{name}: {value:.2f} s") for name, value in case.measured.items()]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("measured")
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "teardown":
                for name, value in report.user_properties:
                    if name == MEASURED:
                        terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {value}")
