# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records for check mode: what is there can be read, and what would be written is only made, not kept."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from .._model import fields
from .._model.plan import Plan
from .._model.record import Person, Record, fold, new_record
from .._model.records import Records
from .._model.rules import Policy


class Rehearsal:
    """Stands before the real records and keeps nothing."""

    def __init__(self, records: Records) -> None:
        self._records = records

    @property
    def policy(self) -> Policy:
        return self._records.policy

    def create(self, plan: Plan, at: str, by: Person, advice: t.Sequence[fields.Json] = ()) -> Record:
        return _with_event(new_record(plan), "proposed", at, by, {"advice": list(advice)} if advice else {})

    def append(
        self, phr: str, kind: str, at: str, by: Person, body: fields.Json, expect_head: str | None = None
    ) -> Record:
        del expect_head  # nobody else can have come between
        return _with_event(self._records.load(phr), kind, at, by, body)

    @contextlib.contextmanager
    def alone(self, phr: str) -> t.Iterator[None]:
        self._records.load(phr)
        yield

    def load(self, phr: str) -> Record:
        return self._records.load(phr)

    def ids(self, since: str | None = None) -> list[str]:
        return self._records.ids(since)

    def naming(self, words: t.Collection[str]) -> list[str]:
        return self._records.naming(words)

    def with_event(self, *kinds: str) -> list[str]:
        return self._records.with_event(*kinds)

    def page(self, phr: str) -> str | None:
        return self._records.page(phr)


def _with_event(record: Record, kind: str, at: str, by: Person, body: fields.Json) -> Record:
    event = record.following(kind, at, by, body)
    fold([*record.events, event])
    return dataclasses.replace(record, events=(*record.events, event))
