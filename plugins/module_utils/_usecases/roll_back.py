# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking a change back, path by path, without writing over anybody."""

from __future__ import annotations

import typing as t

from .._model import moments
from .._model.edits import at
from .._model.errors import AiopsError
from .._model.fields import Json, get_str
from .._model.plan import Step
from .._model.record import Person, Record
from .._model.records import Records
from .._model.secrets import redact_object
from .._model.writing import NotAllowed, NotAsPlanned, Writer


def roll_back(records: Records, writer: Writer, phr: str, by: Person, reason: str) -> Record:
    """The record after the rollback: rolled_back, or rollback_blocked with the difference, or rollback_failed."""
    with records.alone(phr):
        return _roll_back(records, writer, records.load(phr), by, reason)


def _roll_back(records: Records, writer: Writer, record: Record, by: Person, reason: str) -> Record:
    require_applied(record)
    phr, state = record.id, record.state(moments.now())
    if state == "rolled_back":
        return record
    if state != "rolling_back":
        record = records.append(phr, "rolling_back", moments.now(), by, {"reason": reason}, expect_head=record.head)
    for step in reversed(record.plan.steps):
        outcome, body = _take_back(writer, step)
        if outcome != "rolled_back":
            return records.append(phr, outcome, moments.now(), by, body)
    return records.append(phr, "rolled_back", moments.now(), by, {"reason": reason})


def require_applied(record: Record) -> None:
    """An AiopsError where there is nothing to take back, or no way to."""
    state = record.state(moments.now())
    if state not in {"applied", "rolling_back", "rollback_failed", "rolled_back"}:
        raise AiopsError(f"{record.id} has nothing to take back: it is {state}.")
    if record.plan.irreversible_because:
        raise AiopsError(f"{record.id} can't be taken back: {record.plan.irreversible_because}.")


def _take_back(writer: Writer, step: Step) -> tuple[str, Json]:
    try:
        live = writer.get(step.target)
    except NotAllowed as exc:
        return "rollback_failed", {"reason": str(exc)}
    if live is None or get_str(live, "metadata", "uid") != step.uid:
        return "rollback_blocked", {"reason": f"{step.target} is gone or was made anew", "difference": []}
    before = {get_str(op, "path"): op.get("value") for op in step.patch if op.get("op") == "test"}
    if all(at(live, path) == value for path, value in before.items()):
        return "rolled_back", {}  # somebody has done it already
    try:
        writer.patch(step.target, step.inverse, dry_run=False)
    except NotAsPlanned:
        return "rollback_blocked", {
            "reason": f"{step.target} was changed by somebody else since",
            "difference": _difference(step, live),
        }
    except NotAllowed as exc:
        return "rollback_failed", {"reason": str(exc)}
    return "rolled_back", {}


def _difference(step: Step, live: Json) -> list[dict[str, t.Any]]:
    """Three ways: what stood there before us, what we wrote, and what stands there now."""
    before = {get_str(op, "path"): op.get("value") for op in step.patch if op.get("op") == "test"}
    ours = {get_str(op, "path"): op.get("value") for op in step.inverse if op.get("op") == "test"}
    return [
        {"path": path, **redact_object({"before": before.get(path), "ours": ours.get(path), "now": at(live, path)})}
        for path in step.paths
        if at(live, path) != ours.get(path)
    ]
