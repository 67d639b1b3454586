# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking a change back, step by step in reverse, without writing over anybody."""

from __future__ import annotations

import typing as t

from .._model import fields, moments
from .._model.errors import AiopsError
from .._model.record import Person, Record
from .._model.records import Records
from .._model.writing import Writer
from .perform import take_back

Confirm = t.Callable[[Record], None]


def roll_back(
    records: Records, writer: Writer, phr: str, by: Person, reason: str, confirm: Confirm = lambda _record: None
) -> Record:
    """The record after the rollback: rolled_back, or rollback_blocked with the difference, or rollback_failed.

    ``confirm`` asks once more whoever vouched for a person's decision; an AiopsError of it ends the matter.
    """
    with records.alone(phr):
        record = records.load(phr)
        require_applied(record)
        if _needs_decision(record):
            _require_decision(record)
            confirm(record)
        return undo(records, writer, record, by, reason)


def undo(records: Records, writer: Writer, record: Record, by: Person, reason: str) -> Record:
    """The same for a run that holds the record already, and for what can't be taken back as a whole: its steps that were done."""
    phr, state = record.id, record.state(moments.now())
    if state == "rolled_back":
        return record
    if state != "rolling_back":
        record = records.append(phr, "rolling_back", moments.now(), by, {"reason": reason}, expect_head=record.head)
    steps = record.plan.steps
    applied = record.last("applied")
    body: fields.Json = applied.body if applied else {}
    done = fields.get_int(body, "done")
    made = dict(enumerate(fields.get_strs(body, "uids")))
    former = {step.target: step.manifest for step in steps if step.verb == "delete"}
    for number, step in reversed(list(enumerate(steps if done is None else steps[:done]))):
        outcome, told = take_back(writer, step, made.get(number, ""), former.get(step.target))
        if outcome != "rolled_back":
            return records.append(phr, outcome, moments.now(), by, told)
    return records.append(phr, "rolled_back", moments.now(), by, {"reason": reason})


def half_applied(record: Record) -> bool:
    """Whether some steps of a change are done, and the others never will be."""
    applied = record.last("applied")
    return applied is not None and "done" in applied.body


def require_applied(record: Record) -> None:
    """An AiopsError where there is nothing to take back, or no way to."""
    state = record.state(moments.now())
    if state not in {"applied", "rolling_back", "rollback_failed", "rolled_back"}:
        raise AiopsError(f"{record.id} has nothing to take back: it is {state}.")
    if record.plan.irreversible_because and state == "applied":
        raise AiopsError(f"{record.id} can't be taken back: {record.plan.irreversible_because}.")


def _needs_decision(record: Record) -> bool:
    """Whether the tier takes nothing back by itself; what was begun is finished."""
    begun = record.state(moments.now()) in {"rolling_back", "rolled_back"} or half_applied(record)
    return not begun and not record.rule.automatic_rollback


def _require_decision(record: Record) -> None:
    """An AiopsError where not one person has decided it."""
    if not record.rollback_approved(moments.now()):
        raise AiopsError(
            f"{record.id} is of tier {record.plan.tier}: one person must decide that it is taken back. Ask for it with: "
            f"ansible-playbook aiops.kubernetes.approve -e aiops_phr={record.id} -e aiops_verdict=approve_rollback -e aiops_signing_key=…"
        )
