# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a person does at the prompt but give its exact words: nothing changes in the cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.tests.loop.case import JUSTIFICATION, Case, Ran
from ansible_collections.aiops.kubernetes.tests.loop.killing import running
from ansible_collections.aiops.kubernetes.tests.loop.terminal import CTRL_C, CTRL_D, ENTER, Terminal
from ansible_collections.aiops.kubernetes.tests.loop.workloads import CRASHES, deployment, hungry, rolled_out

SOON = 60.0
"""No person is waited for any more: the play ends within this time, on a machine that does much else."""

Answers = Callable[[str], Sequence[str]]

NO_APPROVAL: dict[str, Answers] = {
    "nothing but Enter": lambda _code: [ENTER],
    "yes": lambda _code: [f"yes{ENTER}"],
    "APPROVE without a code": lambda _code: [f"APPROVE{ENTER}"],
    "the code alone": lambda code: [code + ENTER],
    "lower case": lambda code: [f"approve {code}{ENTER}"],
    "upper case code": lambda code: [f"APPROVE {code.upper()} {ENTER}"],
    "another code": lambda code: [f"APPROVE {(int(code, 16) ^ 1):08x}{ENTER}"],
    "words after it": lambda code: [f"APPROVE {code} please{ENTER}"],
    "Ctrl-C": lambda code: [f"APPROVE {code}", CTRL_C],
    "Ctrl-C and then the words": lambda code: [CTRL_C, f"APPROVE {code}{ENTER}"],
    "Ctrl-D": lambda code: [f"APPROVE {code}", CTRL_D],
}


@pytest.fixture
def failing(case: Case) -> Case:
    """The smallest workload for which there is a plan."""
    case.apply(hungry())
    case.wait_for("memory-limit-exceeded")
    return case


def unchanged(case: Case, before: str) -> None:
    assert case.audit.writes(case.namespace) == []
    assert case.spec() == before
    assert case.errors() == []
    assert len(case.audit.dry_runs(case.namespace)) >= 3


@pytest.mark.parametrize("answers", NO_APPROVAL.values(), ids=NO_APPROVAL.keys())
def test_no_other_words_approve(failing: Case, answers: Answers) -> None:
    before = failing.spec()
    terminal = Terminal(failing.command("respond"), failing.folder)
    for keys in answers(terminal.question()):
        terminal.type(keys)
    ran = terminal.end(SOON)
    assert (ran.status, failing.state()) == (0, "pending"), ran.output
    assert f"aiops.kubernetes.approve -e aiops_phr={failing.record().id}" in ran.output
    unchanged(failing, before)


def test_reject_rejects(failing: Case) -> None:
    before = failing.spec()
    terminal = Terminal(failing.command("respond"), failing.folder)
    terminal.question()
    terminal.type(f"REJECT{ENTER}")
    ran = terminal.end(SOON)
    assert (ran.status, failing.state()) == (0, "rejected"), ran.output
    unchanged(failing, before)


@pytest.mark.parametrize(
    ("reason", "status"),
    [(CTRL_C, 0), (CTRL_D, 0), (ENTER, 2), (f"fine{ENTER}", 2), (f"          {ENTER}", 2)],
    ids=["Ctrl-C", "Ctrl-D", "none", "too short", "spaces"],
)
def test_without_a_justification_nothing_is_approved(failing: Case, reason: str, status: int) -> None:
    before = failing.spec()
    terminal = Terminal(failing.command("respond"), failing.folder)
    terminal.type(f"APPROVE {terminal.question()}{ENTER}")
    terminal.reason()
    terminal.type(reason)
    ran = terminal.end(SOON)
    assert (ran.status, failing.state()) == (status, "pending"), ran.output
    assert "justification" in ran.output.rpartition("Justification:")[2]
    unchanged(failing, before)


@pytest.mark.parametrize("ignored", [False, True], ids=["plain", "under nohup"])
@pytest.mark.parametrize("at", ["question", "justification"])
def test_a_closed_terminal_approves_nothing_and_ends_the_play(failing: Case, at: str, ignored: bool) -> None:
    before = failing.spec()
    terminal = Terminal(failing.command("respond"), failing.folder, ignore_hangup=ignored)
    code = terminal.question()
    if at == "justification":
        terminal.type(f"APPROVE {code}{ENTER}")
        terminal.reason()
        terminal.type(JUSTIFICATION)
    else:
        terminal.type(f"APPROVE {code}")
    terminal.hang_up()
    failing.measured["hang-up to end"] = terminal.wait(SOON)
    failing.wait(lambda: not running(failing.namespace), "the end of all its processes", SOON)
    assert failing.state() == "pending"
    unchanged(failing, before)


def test_typed_ahead_is_no_answer(failing: Case) -> None:
    """What was typed before the plan was shown can't have been meant for it."""
    before, plan = failing.spec(), failing.plan()
    code = plan.plan_digest.removeprefix("sha256:")[:8]
    terminal = Terminal(failing.command("approve", phr=plan.id), failing.folder)
    terminal.type(f"APPROVE {code}{ENTER}{JUSTIFICATION}{ENTER}")
    terminal.question()
    terminal.type(CTRL_C)
    ran = terminal.end(SOON)
    assert (ran.status, failing.state()) == (0, "pending"), ran.output
    unchanged(failing, before)


def test_text_without_enter_is_no_answer_when_the_time_is_over(failing: Case) -> None:
    before, plan = failing.spec(), failing.plan()
    ran = _in_six_seconds(failing, plan.id, f"APPROVE {plan.plan_digest.removeprefix('sha256:')[:8]}")
    assert (ran.status, failing.state()) == (0, "pending"), ran.output
    unchanged(failing, before)


def _in_six_seconds(case: Case, phr: str, text: str) -> Ran:
    playbook = Path(case.folder, "ask.yml")
    playbook.write_text(
        "- hosts: localhost\n"
        "  gather_facts: false\n"
        "  tasks:\n"
        "    - aiops.kubernetes.approval_prompt: "
        '{phr: "{{ aiops_phr }}", phr_dir: "{{ aiops_phr_dir }}", timeout: 6}\n'
    )
    terminal = Terminal(case.command(str(playbook), phr=phr), case.folder)
    terminal.question()
    terminal.type(text)
    return terminal.end(SOON)


def test_a_rollback_of_a_revision_waits_for_a_person_as_well(case: Case) -> None:
    case.apply(deployment())
    case.wait(lambda: rolled_out(case.live()), "the first revision")
    case.apply(deployment(CRASHES))
    case.wait_for("application-error")
    before = case.spec()
    terminal = Terminal(case.command("respond"), case.folder)
    terminal.question()
    terminal.type(f"no{ENTER}")
    ran = terminal.end(SOON)
    assert (ran.status, case.state()) == (0, "pending"), ran.output
    unchanged(case, before)
