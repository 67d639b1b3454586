# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Killed between any two events: the next run ends in a consistent, recorded state and never applies twice."""

from __future__ import annotations

import subprocess

import pytest

from ansible_collections.aiops.kubernetes.tests.loop.case import JUSTIFICATION, Case
from ansible_collections.aiops.kubernetes.tests.loop.killing import kill_tree
from ansible_collections.aiops.kubernetes.tests.loop.terminal import ENTER, Terminal
from ansible_collections.aiops.kubernetes.tests.loop.workloads import hungry


@pytest.fixture
def failing(case: Case) -> Case:
    case.apply(hungry())
    case.wait_for("memory-limit-exceeded")
    return case


def consistent(case: Case, state: str, writes: int, before: str) -> None:
    assert case.state() == state, case.events()
    assert case.events().count("claimed") <= 1
    assert [write.status for write in case.audit.writes(case.namespace)] == [200] * writes
    assert case.spec() == before
    assert case.errors() == []
    assert git(case, "status", "--porcelain") == ""
    assert git(case, "fsck", "--strict", "--no-dangling") == ""


def git(case: Case, *words: str) -> str:
    return subprocess.check_output(
        ["git", "-C", str(case.phr_dir), *words], text=True, stderr=subprocess.DEVNULL
    ).strip()


# "at once" is while the event is being committed; "before the next" is when all that lies between the two has been done.
KILLS = [
    ("claimed", "at once", "not_applied", 0),
    ("claimed", "before the next", "not_applied", 0),
    ("applying", "at once", "not_applied", 0),
    ("applying", "before the next", "rolled_back", 2),
    ("applied", "at once", "rolled_back", 2),
    ("applied", "before the next", "rolled_back", 2),
    ("verified", "at once", "rolled_back", 2),
    ("verified", "before the next", "rolled_back", 2),
    ("rolling_back", "at once", "rolled_back", 2),
    ("rolling_back", "before the next", "rolled_back", 2),
    ("rolled_back", "at once", "rolled_back", 2),
]


@pytest.mark.parametrize(("event", "when", "state", "writes"), KILLS, ids=[f"{e}-{w}" for e, w, _s, _n in KILLS])
def test_killed_while_it_applies(failing: Case, event: str, when: str, state: str, writes: int) -> None:
    before, plan = failing.spec(), failing.approved()
    with failing.started(failing.command("remediate", phr=plan.id)) as process:
        if when == "at once":
            failing.wait_for_event(event)
            kill_tree(process.pid)
        else:
            with failing.held_after(event):
                kill_tree(process.pid)
    assert failing.events()[-1] == event
    assert sum(write.status == 200 for write in failing.audit.writes(failing.namespace)) <= 2

    ran = failing.play("remediate", phr=plan.id)
    assert ran.status == 2, ran.output
    consistent(failing, state, writes, before)


@pytest.mark.parametrize("when", ["at once", "later"])
def test_killed_at_the_second_question(failing: Case, when: str) -> None:
    before, terminal = failing.spec(), Terminal(failing.command("respond"), failing.folder)
    terminal.type(f"APPROVE {terminal.question()}{ENTER}")
    if when == "at once":
        failing.wait_for_event("asked")
    else:
        terminal.reason()
        terminal.type(JUSTIFICATION)
    terminal.kill()
    assert failing.events() == ["proposed", "asked"]
    approve(failing)
    assert failing.events().count("asked") == 1
    consistent(failing, "rolled_back", 2, before)


@pytest.mark.parametrize("when", ["at once", "before the next"])
def test_killed_when_it_is_approved(failing: Case, when: str) -> None:
    before, terminal = failing.spec(), Terminal(failing.command("respond"), failing.folder)
    terminal.type(f"APPROVE {terminal.question()}{ENTER}")
    terminal.reason()
    terminal.type(f"{JUSTIFICATION}{ENTER}")
    if when == "at once":
        failing.wait_for_event("approved")
        terminal.kill()
    else:
        with failing.held_after("approved"):
            terminal.kill()
    assert failing.events() == ["proposed", "asked", "approved"]
    assert failing.audit.writes(failing.namespace) == []

    ran = failing.play("remediate", phr=failing.record().id)
    assert ran.status == 2, ran.output
    consistent(failing, "rolled_back", 2, before)


def test_killed_when_the_plan_is_proposed(failing: Case) -> None:
    before = failing.spec()
    with failing.started(failing.command("diagnose", propose=True)) as process:
        failing.wait_for_event("proposed")
        kill_tree(process.pid)
    approve(failing)
    assert len(failing.store.ids()) == 1
    consistent(failing, "rolled_back", 2, before)


def test_killed_while_a_record_is_opened(failing: Case) -> None:
    """What a kill leaves before the record appears stops nobody."""
    before = failing.spec()
    (failing.phr_dir / ".new-killed" / "events").mkdir(parents=True)
    (failing.phr_dir / ".new-killed" / "events" / ".new-killed").write_text("half an eve")
    approve(failing)
    consistent(failing, "rolled_back", 2, before)


def approve(case: Case) -> None:
    """The next run of `respond`, with a person who approves."""
    terminal = Terminal(case.command("respond"), case.folder)
    terminal.type(f"APPROVE {terminal.question()}{ENTER}")
    terminal.reason()
    terminal.type(f"{JUSTIFICATION}{ENTER}")
    ran = terminal.end()
    assert ran.status == 2, ran.output


def test_git_locks_of_a_killed_run_stop_nobody(failing: Case) -> None:
    before, plan = failing.spec(), failing.approved()
    for name in ("index.lock", "HEAD.lock", "refs/heads/main.lock"):
        (failing.phr_dir / ".git" / name).touch()
    ran = failing.play("remediate", phr=plan.id)
    assert ran.status == 2, ran.output
    consistent(failing, "rolled_back", 2, before)
