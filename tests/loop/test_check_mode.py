# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`--check` and `--diff` say what would be done, and do nothing."""

from __future__ import annotations

import pytest

from ansible_collections.aiops.kubernetes.tests.loop.case import Case
from ansible_collections.aiops.kubernetes.tests.loop.terminal import Terminal
from ansible_collections.aiops.kubernetes.tests.loop.workloads import hungry


@pytest.fixture
def failing(case: Case) -> Case:
    case.apply(hungry())
    case.wait_for("memory-limit-exceeded")
    return case


def test_remediate_says_what_it_would_do(failing: Case) -> None:
    before, plan = failing.spec(), failing.approved()
    ran = failing.play("remediate", "--check", "--diff", phr=plan.id)
    assert ran.status == 0, ran.output
    assert "changed=1" in ran.output
    for shown in ("/spec/template/spec/containers/0/resources/limits/memory", "-48Mi", "+96Mi"):
        assert shown in ran.output.replace('"', ""), ran.output
    assert (failing.spec(), failing.audit.writes(failing.namespace)) == (before, [])
    assert failing.events() == ["proposed", "asked", "approved"]
    assert [p.dry_run for p in failing.audit.dry_runs(failing.namespace)].count(True) >= 4


def test_remediate_of_a_pending_plan_is_refused_as_well(failing: Case) -> None:
    plan = failing.plan()
    ran = failing.play("remediate", "--check", phr=plan.id)
    assert ran.status == 2, ran.output
    assert "has no valid decision yet" in " ".join(ran.output.split())


def test_rollback_says_what_it_would_do(failing: Case) -> None:
    plan = failing.applied()
    after, events = failing.spec(), failing.events()
    ran = failing.play("rollback", "--check", phr=plan.id)
    assert ran.status == 0, ran.output
    assert "changed=1" in ran.output
    assert (failing.spec(), failing.events()) == (after, events)
    assert len(failing.audit.writes(failing.namespace)) == 1


def test_respond_asks_nobody_and_keeps_nothing(failing: Case) -> None:
    before = failing.spec()
    ran = Terminal(failing.command("respond", "--check"), failing.folder).end(90)
    assert ran.status == 0, ran.output
    assert "Type APPROVE" not in ran.output
    assert failing.store.ids() == []
    assert (failing.spec(), failing.audit.writes(failing.namespace)) == (before, [])


def test_approve_asks_nobody(failing: Case) -> None:
    plan = failing.plan()
    ran = Terminal(failing.command("approve", "--check", phr=plan.id), failing.folder).end(90)
    assert ran.status == 0, ran.output
    assert "nobody is asked" in ran.output
    assert "48Mi" in ran.output
    assert failing.events() == ["proposed"]
