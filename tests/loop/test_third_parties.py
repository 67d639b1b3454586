# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody else changes the same object, before or after us: nothing of theirs is written over."""

from __future__ import annotations

import pytest

from ansible_collections.aiops.kubernetes.tests.loop.case import Case, Ran
from ansible_collections.aiops.kubernetes.tests.loop.workloads import NAME, hungry

LIMIT = "/spec/template/spec/containers/0/resources/limits/memory"
THEIRS = {"op": "replace", "path": LIMIT, "value": "56Mi"}
ELSEWHERE = (
    {"op": "replace", "path": "/spec/replicas", "value": 2},
    {"op": "add", "path": "/metadata/labels", "value": {"team": "checkout"}},
    {"op": "add", "path": "/spec/template/metadata/annotations", "value": {"note": "theirs"}},
)


@pytest.fixture
def failing(case: Case) -> Case:
    case.apply(hungry())
    case.wait_for("memory-limit-exceeded")
    return case


def said(ran: Ran) -> str:
    return " ".join(ran.output.split())


def limit(case: Case) -> str:
    value: str = case.live()["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"]
    return value


@pytest.mark.parametrize("what", ["changed", "deleted", "made anew"])
def test_a_plan_for_what_is_not_there_any_more_is_stale(failing: Case, what: str) -> None:
    plan = failing.approved()
    if what == "changed":
        failing.patch([THEIRS])
    else:
        failing.delete()
        if what == "made anew":
            failing.apply(hungry())
    ran = failing.play("remediate", phr=plan.id)
    assert ran.status == 2, ran.output
    assert f"{plan.id} is stale: Deployment {failing.namespace}/{NAME} is not as it was" in said(ran)
    assert (failing.state(), failing.errors()) == ("stale", [])
    assert failing.audit.writes(failing.namespace) == []
    assert what == "deleted" or limit(failing) == {"changed": "56Mi", "made anew": "48Mi"}[what]


def test_a_change_in_the_last_moment_is_not_written_over(failing: Case) -> None:
    """After the last dry run and before the write: only the server can tell."""
    plan = failing.approved()
    with failing.started(failing.command("remediate", phr=plan.id)) as process:
        with failing.held_after("claimed"):
            failing.patch([THEIRS])
        output, _nothing = process.communicate(timeout=240)
    assert process.returncode == 2, output
    assert "Nothing was changed; make a new plan" in " ".join(output.split())
    assert (failing.state(), limit(failing), failing.errors()) == ("not_applied", "56Mi", [])
    assert [write.status for write in failing.audit.writes(failing.namespace)] == [422]


def test_a_change_elsewhere_does_not_stop_the_plan_and_survives_its_rollback(failing: Case) -> None:
    plan = failing.approved()
    failing.patch(ELSEWHERE)
    theirs = failing.spec()
    ran = failing.play("remediate", phr=plan.id)
    assert ran.status == 2, ran.output
    assert failing.events()[-4:] == ["applied", "verified", "rolling_back", "rolled_back"]
    assert failing.spec() == theirs
    assert failing.live()["metadata"]["labels"] == {"team": "checkout"}


def test_a_change_on_the_same_path_blocks_the_rollback(failing: Case) -> None:
    plan = failing.applied()
    ours = limit(failing)
    failing.patch([{**THEIRS, "value": "64Mi"}])
    ran = failing.play("rollback", phr=plan.id)
    assert ran.status == 2, ran.output
    assert f"{plan.id} was not taken back: Deployment {failing.namespace}/{NAME} was changed by somebody else" in said(
        ran
    )
    for shown in (f'"path": "{LIMIT}"', '"before": "48Mi"', f'"ours": "{ours}"', '"now": "64Mi"'):
        assert shown in said(ran), ran.output
    assert (failing.state(), limit(failing), failing.errors()) == ("rollback_blocked", "64Mi", [])
    assert [write.status for write in failing.audit.writes(failing.namespace)] == [200, 422]


def test_a_change_elsewhere_is_kept_by_the_rollback(failing: Case) -> None:
    plan = failing.applied()
    failing.patch(ELSEWHERE)
    ran = failing.play("rollback", phr=plan.id)
    assert ran.status == 0, ran.output
    live = failing.live()
    assert (limit(failing), live["spec"]["replicas"]) == ("48Mi", 2)
    assert live["metadata"]["labels"] == {"team": "checkout"}
    assert live["spec"]["template"]["metadata"]["annotations"] == {"note": "theirs"}
    assert (failing.state(), failing.errors()) == ("rolled_back", [])


def test_what_was_made_anew_is_not_rolled_back(failing: Case) -> None:
    plan = failing.applied()
    failing.delete()
    failing.apply(hungry())
    ran = failing.play("rollback", phr=plan.id)
    assert ran.status == 2, ran.output
    assert "is gone or was made anew" in said(ran)
    assert (failing.state(), failing.errors()) == ("rollback_blocked", [])
    assert [write.status for write in failing.audit.writes(failing.namespace)] == [200]


def test_a_rollback_is_done_once(failing: Case) -> None:
    plan = failing.applied()
    ran = [failing.play("rollback", phr=plan.id) for _time in range(2)]
    assert [each.status for each in ran] == [0, 0], ran
    assert "changed=0" in said(ran[1])
    assert [write.status for write in failing.audit.writes(failing.namespace)] == [200, 200]
    assert (failing.state(), limit(failing), failing.errors()) == ("rolled_back", "48Mi", [])
