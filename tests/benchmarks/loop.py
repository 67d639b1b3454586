# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the loop takes: a bad rollout with a good former revision, answered at a terminal, and taken back again."""

from __future__ import annotations

import datetime
import tempfile
import time
from pathlib import Path

from ansible_collections.aiops.kubernetes.tests.loop.case import JUSTIFICATION, Case, opened
from ansible_collections.aiops.kubernetes.tests.loop.terminal import ENTER, Terminal
from ansible_collections.aiops.kubernetes.tests.loop.workloads import CRASHES, deployment, rolled_out

# name → the longest that its median may take, in seconds
LIMITS = {
    "a failure is visible, to its diagnosis": 3.0,
    "the answer, to the change accepted": 2.0,
    "the answer, to all replicas ready": 60.0,
    "all replicas ready, to the first gate decided": 70.0,
    "rollback: the command, to the patch accepted": 2.0,
}


def measured(kubeconfig: str, rounds: int) -> dict[str, list[float]]:
    """The seconds of every round, by the names above."""
    found: dict[str, list[float]] = {name: [] for name in LIMITS}
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder, opened(Path(kubeconfig), Path(folder)) as case:
            for name, seconds in zip(LIMITS, one_round(case), strict=True):
                found[name].append(seconds)
        print(f"Round {number + 1} of {rounds} of the loop is done.", flush=True)
    return found


def one_round(case: Case) -> list[float]:
    case.apply(deployment(replicas=3))
    case.wait(lambda: rolled_out(case.live()), "the first revision")
    case.apply(deployment(CRASHES, replicas=3))
    case.wait_for("application-error")
    diagnosed = case.play("diagnose").seconds
    terminal = Terminal(case.command("respond"), case.folder)
    terminal.type(f"APPROVE {terminal.question()}{ENTER}")
    terminal.reason()
    terminal.type(JUSTIFICATION)
    answered, began = time.time(), time.monotonic()
    terminal.type(ENTER)
    accepted = case.audit.wait_for_write(case.namespace).accepted - answered
    case.wait(lambda: rolled_out(case.live()), "the rollout")
    ready, ready_at = time.monotonic() - began, time.time()
    terminal.end()
    last = case.record().last("verified")
    if last is None or case.record().verdict != "better":
        raise SystemExit(f"The change did not help, so its times say nothing: {case.events()}")
    decided = datetime.datetime.fromisoformat(last.at).timestamp() - ready_at
    before, asked = len(case.audit.writes(case.namespace)), time.time()
    case.play("rollback", phr=case.record().id)
    taken_back = case.audit.writes(case.namespace)[before].accepted - asked
    return [diagnosed, accepted, ready, decided, taken_back]
