# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole chain by `respond`, with a person at a terminal who approves."""

from __future__ import annotations

import json
import time

from ansible_collections.aiops.kubernetes.tests.loop.case import JUSTIFICATION, Case, measuring
from ansible_collections.aiops.kubernetes.tests.loop.terminal import ENTER, Terminal
from ansible_collections.aiops.kubernetes.tests.loop.workloads import CRASHES, deployment, hungry, rolled_out


def test_a_crashing_revision_is_rolled_back(case: Case) -> None:
    case.apply(deployment(replicas=3))
    case.wait(lambda: rolled_out(case.live()), "the first revision")
    former = case.live()["spec"]["template"]
    case.apply(deployment(CRASHES, replicas=3))
    case.wait_for("application-error")

    terminal = Terminal(case.command("respond"), case.folder)
    code = terminal.question()
    terminal.type(f"APPROVE {code}{ENTER}")
    terminal.reason()
    with measuring():
        terminal.type(JUSTIFICATION)
        answered, began = time.time(), time.monotonic()
        terminal.type(ENTER)
        write = case.audit.wait_for_write(case.namespace)
        case.wait(lambda: rolled_out(case.live()), "the rollout")
        case.measured["answer to ready"] = time.monotonic() - began
    case.measured["answer to change accepted"] = write.accepted - answered
    ran = terminal.end()

    assert ran.status == 0, ran.output
    assert case.live()["spec"]["template"] == former
    assert [(w.verb, w.resource, w.manager, w.status) for w in case.audit.writes(case.namespace)] == [
        ("patch", "deployments", "aiops.kubernetes", 200)
    ]
    assert case.events() == ["proposed", "asked", "approved", "claimed", "applying", "applied", "verified"]
    approval = case.record().approvals[0]
    assert (approval.by.proof, approval.body["justification"]) == ("terminal", JUSTIFICATION)
    assert f"aiops.kubernetes.verify -e aiops_phr={case.record().id}" in ran.output
    assert [(p["state"], p["verdict"], p["valid"]) for p in case.phr_info()] == [("applied", "better", True)]
    assert case.measured["answer to ready"] <= 60
    assert case.measured["answer to change accepted"] <= 2


def test_a_change_that_does_not_help_is_taken_back(case: Case) -> None:
    case.apply(hungry())
    case.wait_for("memory-limit-exceeded")
    before = case.spec()

    terminal = Terminal(case.command("respond"), case.folder)
    code = terminal.question()
    terminal.type(f"APPROVE {code}{ENTER}")
    terminal.reason()
    terminal.type(f"{JUSTIFICATION}{ENTER}")
    ran = terminal.end()
    case.measured["respond with a rollback"] = ran.seconds

    assert ran.status == 2, ran.output
    assert case.spec() == before
    assert [write.verb for write in case.audit.writes(case.namespace)] == ["patch", "patch"]
    assert case.events()[-4:] == ["applied", "verified", "rolling_back", "rolled_back"]
    assert [(p["state"], p["verdict"], p["valid"]) for p in case.phr_info()] == [("rolled_back", "worse", True)]
    assert "made it worse and is rolled_back now" in " ".join(ran.output.split())
    assert json.loads(before)["template"]["spec"]["containers"][0]["resources"]["limits"] == {"memory": "48Mi"}
