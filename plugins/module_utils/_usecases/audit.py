# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking records over: do they verify, was every change decided, and what did the cluster see that no record tells?"""

from __future__ import annotations

import dataclasses
import statistics
import typing as t

from .._model import moments
from .._model.errors import AiopsError
from .._model.objects import Ref
from .._model.policy import classify
from .._model.record import REVIEW_SECONDS, Record
from .._model.records import Records
from .._model.rules import TIERS
from .._model.written import Written

RETENTION_DAYS: t.Final = 365
# What our field manager wrote belongs to the event that was recorded just before it.
_BEFORE_SECONDS: t.Final = 60
_AFTER_SECONDS: t.Final = 900
_WRITING: t.Final = frozenset({"applying", "rolling_back"})
_FIGURES: t.Final = ("mttd", "approval", "mttr")

Times = t.Callable[[Record], "t.Mapping[str, int | None]"]
Render = t.Callable[[Record], str]


def inspect(records: Records, phr: str, render: Render) -> dict[str, t.Any]:
    """One record in short, with the first thing that is wrong with it."""
    return _looked_at(records, phr, render)[0]


@dataclasses.dataclass
class Audit:
    """What is found while the records go by, one at a time: nothing here grows with them but what is wrong, and the figures."""

    changes: int = 0
    approved: int = 0
    by_policy: int = 0
    invalid: list[str] = dataclasses.field(default_factory=list)
    unapproved: list[str] = dataclasses.field(default_factory=list)
    alone: list[str] = dataclasses.field(default_factory=list)
    reviews_due: list[str] = dataclasses.field(default_factory=list)
    late_rollbacks: list[str] = dataclasses.field(default_factory=list)
    figures: dict[str, list[int]] = dataclasses.field(default_factory=lambda: {name: [] for name in _FIGURES})
    oldest: str | None = None
    beyond_retention: int = 0
    _writes: dict[tuple[str | None, Ref], list[str]] = dataclasses.field(default_factory=dict)

    def look(self, records: Records, phr: str, render: Render, times: Times, now: str) -> dict[str, t.Any]:
        """One record, counted; it in short."""
        row, record = _looked_at(records, phr, render)
        if not row["valid"]:
            self.invalid.append(phr)
        if record is None:
            return row
        self.oldest = self.oldest or record.plan.created_at
        age = moments.seconds_between(record.plan.created_at, now) or 0
        self.beyond_retention += age > RETENTION_DAYS * 86400
        for name, seconds in times(record).items():
            if seconds is not None:
                self.figures[name].append(seconds)
        self._count(record, now)
        return row

    def compliance(
        self, written: t.Sequence[Written] | None, unread: t.Sequence[str], changed: t.Sequence[str]
    ) -> dict[str, t.Any]:
        """The answer: compliant, or what is not.

        ``written`` is what the cluster says our field manager wrote (None: not asked), ``changed`` the files that are not as
        they were committed.
        """
        unrecorded = None if written is None else [str(each) for each in written if not self._recorded(each)]
        bad = [
            *self.invalid,
            *self.unapproved,
            *self.reviews_due,
            *self.late_rollbacks,
            *(unrecorded or ()),
            *unread,
            *changed,
        ]
        return {
            "compliant": not bad,
            "changes": self.changes,
            "approved": self.approved,
            "by_policy": self.by_policy,
            "unapproved": self.unapproved,
            "invalid": self.invalid,
            "broken_glass": self.alone,
            "reviews_overdue": self.reviews_due,
            "late_rollbacks": self.late_rollbacks,
            "unrecorded": unrecorded,
            "unread": list(unread),
            "changed": list(changed),
            "times": {name: _figures(found) for name, found in self.figures.items()},
            "retention": {"days": RETENTION_DAYS, "oldest": self.oldest, "beyond": self.beyond_retention},
        }

    def _count(self, record: Record, now: str) -> None:
        for event in record.events:
            if event.type in _WRITING:
                for step in record.plan.steps:
                    self._writes.setdefault((record.plan.cluster.uid, step.target), []).append(event.at)
        glass = record.broken_glass
        if glass:
            self.alone.append(record.id)
            if record.review is None and (moments.seconds_between(glass.at, now) or 0) > REVIEW_SECONDS:
                self.reviews_due.append(record.id)
        if record.rollback_late(now):
            self.late_rollbacks.append(record.id)
        if record.first("claimed"):
            self.changes += 1
            if not was_approved(record):
                self.unapproved.append(record.id)
            elif record.rule.roles:
                self.approved += 1
            else:
                self.by_policy += 1

    def _recorded(self, written: Written) -> bool:
        ages = (
            moments.seconds_between(at, written.at) for at in self._writes.get((written.cluster, written.target), ())
        )
        return any(age is not None and -_BEFORE_SECONDS <= age <= _AFTER_SECONDS for age in ages)


def was_approved(record: Record) -> bool:
    """Whether what was claimed had a valid decision at that moment, for the tier that its steps need."""
    claim = record.first("claimed")
    if claim is None:
        return False
    before = dataclasses.replace(record, events=record.events[: claim.number - 1])
    tier, _reasons = classify(record.plan.steps, record.plan.irreversible_because)
    return before.state(claim.at) == "approved" and TIERS.index(tier) <= TIERS.index(record.plan.tier)


def _looked_at(records: Records, phr: str, render: Render) -> tuple[dict[str, t.Any], Record | None]:
    try:
        record = records.load(phr)
    except AiopsError as exc:
        nothing = dict.fromkeys(("state", "tier", "verdict", "summary"))
        return {"id": phr, **nothing, "valid": False, "errors": [str(exc)]}, None
    errors = [] if records.page(phr) == render(record) else [f"{phr}: PHR.md does not say what the events say."]
    row = {
        "id": phr,
        "state": record.state(moments.now()),
        "tier": record.plan.tier,
        "verdict": record.verdict,
        "summary": record.plan.summary,
        "valid": not errors,
        "errors": errors,
    }
    return row, record


def _figures(found: t.Sequence[int]) -> dict[str, t.Any]:
    """How many, their mean and median, in whole seconds."""
    if not found:
        return {"count": 0, "mean": None, "median": None}
    return {"count": len(found), "mean": round(statistics.fmean(found)), "median": round(statistics.median(found))}
