# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each test has a namespace and a folder of records of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.tests.loop.case import Case, opened

MEASURED = "measured"


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
