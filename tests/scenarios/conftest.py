# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All scenarios play once for the whole run; at its end a table says what came of each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.connection import connect
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.live import LiveReader
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Evidence, Scope
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.diagnose import collect
from ansible_collections.aiops.kubernetes.tests.scenarios.expectation import TWIN, Scenario, scenarios
from ansible_collections.aiops.kubernetes.tests.scenarios.stage import Played, Stage

RESULTS = pytest.StashKey[dict[str, str]]()

Plays = Mapping[str, Future[Played[Evidence]]]
Look = Callable[[Scenario], Evidence]


def stands_for_its_cause(scenario: Scenario) -> bool:
    """The first and the healthy one of each folder stay until the end; all would be more than a node takes."""
    return scenario.variant == TWIN or scenario == scenarios(scenario.folder)[0]


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The cluster that was named for testing; no other is ever touched."""
    given = os.environ.get("AIOPS_TEST_KUBECONFIG")
    assert given, "name a test cluster in AIOPS_TEST_KUBECONFIG, or run `make scenarios`"
    return Path(given)


@pytest.fixture(scope="session")
def reader(kubeconfig: Path) -> LiveReader:
    return LiveReader(connect({"kubeconfig": str(kubeconfig)}))


@pytest.fixture(scope="session")
def stage(kubeconfig: Path) -> Iterator[Stage]:
    stage = Stage(kubeconfig)
    try:
        yield stage
    finally:
        stage.clear()


@pytest.fixture(scope="session")
def look(reader: LiveReader) -> Callable[[str], Evidence]:
    return lambda namespace: collect(reader, Scope((namespace,)))


@pytest.fixture(scope="session")
def played(stage: Stage, look: Callable[[str], Evidence], request: pytest.FixtureRequest) -> Plays:
    """Every scenario that was chosen and needs no cluster of its own, with what was read as soon as it had settled."""
    chosen = {item.callspec.id for item in request.session.items if hasattr(item, "callspec")}
    together = [scenario for scenario in scenarios() if scenario.id in chosen and not scenario.alone]
    return stage.play(together, look, keep=stands_for_its_cause)


@pytest.fixture(scope="session")
def emptied(stage: Stage, look: Callable[[str], Evidence]) -> Look:
    """To play one scenario that needs the cluster for itself: nothing of the others is there any more."""
    stage.clear()
    return lambda scenario: stage.play([scenario], look)[scenario.id].result().seen


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RESULTS] = {}


@pytest.fixture
def tell(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """What the table shall say of this test."""
    words: list[str] = []
    yield words
    pytestconfig.stash[RESULTS][request.node.name] = "; ".join(words) or "nothing is failing"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.section("cause -> scenario -> result")
    failed = {report.nodeid.rpartition("::")[2] for report in terminalreporter.stats.get("failed", ())}
    for name, words in sorted(config.stash[RESULTS].items(), key=lambda item: item[0].partition("[")[2]):
        cause, _slash, variant = name.partition("[")[2].rstrip("]").partition("/")
        terminalreporter.write_line(f"{'FAIL' if name in failed else 'ok  '} {cause:30} {variant:14} {words}")
