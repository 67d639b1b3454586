# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asking a person about a plan, and recording what that person says."""

from __future__ import annotations

import typing as t
import unicodedata

from .._model import moments
from .._model.errors import AiopsError
from .._model.record import Person, Record
from .._model.records import Records

Verdict = t.Literal["approve", "reject", "revoke"]
_EVENTS: t.Final[t.Mapping[Verdict, str]] = {"approve": "approved", "reject": "rejected", "revoke": "revoked"}
JUSTIFICATION_LENGTH: t.Final = 10
_LONGEST: t.Final = 2000


def ask(records: Records, phr: str, by: Person, at: str) -> Record:
    """Start the window of the question at the moment it was put, unless somebody was asked before."""
    record = records.load(phr)
    _require_pending(record)
    return record if record.first("asked") else records.append(phr, "asked", at, by, {})


def decide(records: Records, record: Record, verdict: Verdict, by: Person, justification: str) -> Record:
    """Record a person's word on exactly the plan that was shown.

    An AiopsError, and nothing recorded, where the record went on since, the time is over, or the justification is missing.
    """
    now = moments.now()
    if verdict == "revoke":
        if record.state(now) not in {"pending", "approved"}:
            raise AiopsError(f"{record.id} can't be revoked any more: it is {record.state(now)}.")
    else:
        _require_pending(record)
    text = justification.strip()
    if verdict == "approve" and record.rule.justification and len(text) < JUSTIFICATION_LENGTH:
        raise AiopsError(
            f"An approval of tier {record.plan.tier} needs a justification of at least {JUSTIFICATION_LENGTH} characters."
        )
    if len(text) > _LONGEST or any(
        unicodedata.category(ch) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and ch != "\n" for ch in text
    ):
        raise AiopsError("The justification is too long or holds control characters. Nothing was recorded.")
    body = {"digest": record.plan_digest, "justification": text}
    return records.append(record.id, _EVENTS[verdict], now, by, body, expect_head=record.head)


def _require_pending(record: Record) -> None:
    state = record.state(moments.now())
    if state != "pending":
        raise AiopsError(f"{record.id} is not waiting for a decision: it is {state}.")
