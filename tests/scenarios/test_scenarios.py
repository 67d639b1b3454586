# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real failures on a real cluster: the diagnosis names each cause, on its object and container, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster import snapshot
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.live import LiveReader
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Evidence, Scope
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.diagnose import diagnose, judged
from ansible_collections.aiops.kubernetes.tests.loop.audit import AGENT
from ansible_collections.aiops.kubernetes.tests.scenarios.conftest import Look, Plays, stands_for_its_cause
from ansible_collections.aiops.kubernetes.tests.scenarios.expectation import Scenario, differences, scenarios

LOGS = Path(__file__).parents[2] / ".logs"
TOGETHER = [scenario for scenario in scenarios() if not scenario.alone]
ALONE = [scenario for scenario in scenarios() if scenario.alone]


@pytest.mark.parametrize("scenario", TOGETHER, ids=lambda scenario: scenario.id)
def test_finds_exactly_what_is_wrong(scenario: Scenario, played: Plays, tell: list[str]) -> None:
    tell.append("did not settle")
    compare(scenario, played[scenario.id].result().seen, tell)


def test_finds_the_same_in_many_namespaces_at_once(played: Plays, reader: LiveReader) -> None:
    plays = [play.result() for play in played.values() if play.exception() is None]
    kept = [play for play in plays if stands_for_its_cause(play.scenario)]
    diagnosis = diagnose(reader, Scope(tuple(play.namespace for play in kept)))
    lines = []
    for play in kept:
        findings = [f for f in diagnosis.findings if (f.workload or f.subject).namespace == play.namespace]
        lines += [f"{play.scenario.id}: {line}" for line in differences(play.scenario.findings, findings)]
    assert not lines, "\n".join(lines)


def test_only_reads_and_asks_for_no_secret(played: Plays, kubeconfig: Path) -> None:
    audit_log = kubeconfig.parent / "audit.log"
    assert audit_log.exists(), (
        "no audit log beside the kubeconfig: name a cluster that tests/cluster/cluster.py started"
    )
    namespaces = {play.result().namespace for play in played.values() if play.exception() is None}
    ours = [line for line in audit_log.read_text().splitlines() if AGENT in line]
    requests = [
        (event["verb"], event["objectRef"]["resource"])
        for event in map(json.loads, ours)
        if event.get("objectRef", {}).get("namespace") in namespaces
    ]
    assert len(requests) > len(namespaces)
    assert {verb for verb, _resource in requests} <= {"get", "list", "watch"}
    assert "secrets" not in {resource for _verb, resource in requests}


@pytest.mark.alone
@pytest.mark.parametrize("scenario", ALONE, ids=lambda scenario: scenario.id)
def test_finds_exactly_what_is_wrong_with_the_cluster(scenario: Scenario, emptied: Look, tell: list[str]) -> None:
    tell.append("did not settle")
    compare(scenario, emptied(scenario), tell)


def compare(scenario: Scenario, evidence: Evidence, tell: list[str]) -> None:
    """A difference leaves the snapshot that it was found in."""
    diagnosis = judged(evidence)
    tell[:] = [
        f"{f.cause} ({f.confidence}, {f.severity}) on {f.workload or f.subject}, {f.container}"
        for f in diagnosis.findings
    ]
    lines = differences(scenario.findings, diagnosis.findings)
    if lines:
        lines += states(evidence)
        LOGS.mkdir(exist_ok=True)
        snapshot.save(evidence, str(LOGS / scenario.recording))
    assert not lines, "; ".join(lines)  # in one line, for that is all that a summary of many tests shows
    assert diagnosis.unreadable == ()


def states(evidence: Evidence) -> list[str]:
    """How each container was: what there is to go by where nobody can look at the snapshot."""
    return [
        f"{pod.ref}, {container.name}: {json.dumps(container.status.get('state'))}"
        for pod in evidence.pods
        for container in pod.containers
    ]
