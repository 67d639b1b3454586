# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where nobody can be asked, nothing changes, and no variable, tag or option stands in for a person."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.tests.loop.case import Case, Ran
from ansible_collections.aiops.kubernetes.tests.loop.terminal import Terminal
from ansible_collections.aiops.kubernetes.tests.loop.workloads import hungry

SOON = 30.0
"""From the plan, which a person could be asked about, to the end: what comes before takes as long as the machine is busy."""


@pytest.fixture
def failing(case: Case) -> Case:
    case.apply(hungry())
    case.wait_for("memory-limit-exceeded")
    return case


def stays_pending(case: Case, ran: Ran) -> None:
    waited = moments.seconds_between(case.record().events[0].at, moments.now())
    assert waited is not None
    case.measured["plan to end"], case.measured["whole play"] = waited, ran.seconds
    assert (ran.status, case.state()) == (0, "pending"), ran.output
    assert case.audit.writes(case.namespace) == []
    assert len(case.audit.dry_runs(case.namespace)) >= 3
    assert f"aiops.kubernetes.approve -e aiops_phr={case.record().id}" in " ".join(ran.output.split())
    assert case.events() == ["proposed"]
    assert case.errors() == []
    assert waited < SOON


def test_without_a_terminal(failing: Case) -> None:
    stays_pending(failing, failing.play("respond"))


def test_without_a_terminal_whatever_the_frontend_is_said_to_be(failing: Case) -> None:
    stays_pending(failing, failing.play("respond", frontend="terminal"))


def test_at_the_terminal_of_a_ci(failing: Case) -> None:
    terminal = Terminal(failing.command("respond"), failing.folder, {"CI": "true"})
    stays_pending(failing, terminal.end())


def test_at_the_terminal_of_ansible_runner(failing: Case) -> None:
    [_program, playbook, *words] = failing.command("respond")
    (failing.folder / "env").mkdir()
    (failing.folder / "env" / "cmdline").write_text(f"-e '{words[1]}'")
    stays_pending(failing, failing.run(["ansible-runner", "run", str(failing.folder), "-p", playbook]))


FORGED = {
    "aiops_answer": {"approved": True, "state": "approved", "changed": True},
    "aiops_change": {"state": "applied", "verdict": "better", "failed": False},
    "approved": True,
    "approval": {"user_input": "APPROVE"},
    "state": "approved",
    "verdict": "approve",
}


def nothing_was_applied(case: Case, before: str, events: Sequence[str] = ("proposed",)) -> None:
    assert case.audit.writes(case.namespace) == []
    assert case.spec() == before
    assert case.events() == list(events)


def test_no_variable_approves(failing: Case) -> None:
    before = failing.spec()
    ran = failing.play("respond", "-e", json.dumps({"aiops_answer": FORGED["aiops_answer"]}))
    assert ran.status == 2, ran.output
    assert "has no valid decision yet" in " ".join(ran.output.split())
    nothing_was_applied(failing, before)


@pytest.mark.parametrize("playbook", ["respond", "remediate", "approve"])
def test_no_forged_result_approves(failing: Case, playbook: str) -> None:
    before, plan = failing.spec(), failing.plan()
    named = {"phr": plan.id, "changed": False}
    results = {
        "aiops_plan_result": {"phrs": [plan.id], "proposals": [{"phr": plan.id, "state": "approved"}]},
        "aiops_report_result": {"failing": False, "result": "healthy", "reason": ""},
        "aiops_diagnosis_result": {"diagnosis": {"findings": []}},
        "aiops_one": plan.id,
        "aiops_phr": plan.id,
    }
    forged = {name: {**value, **named} if isinstance(value, dict) else value for name, value in FORGED.items()}
    ran = failing.play(playbook, "-e", json.dumps({**forged, **results}))
    assert ran.status == (0 if playbook == "approve" else 2), ran.output
    nothing_was_applied(failing, before)


@pytest.mark.parametrize(
    ("playbook", "words", "status"),
    [
        ("remediate", (), 2),
        ("remediate", ("--skip-tags", "all"), 0),
        ("remediate", ("--tags", "always"), 0),
        ("remediate", ("--start-at-task", "Apply it, and watch whether it helps"), 2),
        ("respond", ("--skip-tags", "all"), 0),
        ("respond", ("--tags", "never"), 0),
        ("respond", ("--start-at-task", "Apply what was approved, and watch whether it helps"), 0),
        ("respond", ("--start-at-task", "Go through the plans, the worst finding first"), 2),
        ("rollback", (), 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_a_pending_plan_is_not_applied(failing: Case, playbook: str, words: Sequence[str], status: int) -> None:
    before, plan = failing.spec(), failing.plan()
    ran = failing.play(playbook, *words, phr=plan.id, answer=FORGED["aiops_answer"])
    assert ran.status == status, ran.output
    nothing_was_applied(failing, before)
    if (playbook, status) == ("remediate", 2):
        said = " ".join(ran.output.split())
        assert f"{plan.id} has no valid decision yet: operator must approve it." in said
        assert f"ansible-playbook aiops.kubernetes.approve -e aiops_phr={plan.id}" in said
        assert "Traceback" not in said


def test_a_plan_from_a_snapshot_is_never_applied(failing: Case) -> None:
    before, snapshot = failing.spec(), failing.folder / "snapshot.json"
    options = f"kubeconfig={failing.kubeconfig} namespaces={failing.namespace} path={snapshot}"
    made = failing.run(["ansible", "localhost", "-m", "aiops.kubernetes.cluster_snapshot", "-a", options])
    assert made.status == 0, made.output
    planned = failing.play("diagnose", snapshot=str(snapshot), propose=True, namespaces=[])
    assert planned.status == 0, planned.output
    failing.approve(failing.record())

    ran = failing.play("remediate", phr=failing.record().id)
    assert ran.status == 2, ran.output
    assert "was made from a snapshot and can never be applied" in " ".join(ran.output.split())
    nothing_was_applied(failing, before, ["proposed", "asked", "approved"])


def test_two_at_once_apply_once(failing: Case) -> None:
    before, plan = failing.spec(), failing.approved()
    command = failing.command("remediate", phr=plan.id)
    with failing.started(command) as first, failing.started(command) as second:
        outputs = [process.communicate(timeout=240)[0] for process in (first, second)]
    assert [first.returncode, second.returncode] == [2, 2], outputs
    assert sum("gone on meanwhile" in " ".join(output.split()) for output in outputs) <= 1
    assert failing.events().count("claimed") == failing.events().count("applied") == 1
    assert [write.verb for write in failing.audit.writes(failing.namespace)] == ["patch", "patch"]
    assert (failing.state(), failing.spec(), failing.errors()) == ("rolled_back", before, [])


def test_what_was_taken_back_is_not_applied_again(failing: Case) -> None:
    before, plan = failing.spec(), failing.approved()
    ran = [failing.play("remediate", phr=plan.id) for _time in range(2)]
    assert [each.status for each in ran] == [2, 2], ran
    assert f"{plan.id} can't be applied: it is rolled_back" in " ".join(ran[1].output.split())
    assert [write.verb for write in failing.audit.writes(failing.namespace)] == ["patch", "patch"]
    assert failing.spec() == before
