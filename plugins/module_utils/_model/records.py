# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a use case may ask of the place where records are kept."""

from __future__ import annotations

import contextlib
import typing as t

from . import fields
from .plan import Plan
from .record import Person, Record
from .rules import Policy


class Records(t.Protocol):
    """Append-only: what was written stays as it is."""

    @property
    def policy(self) -> Policy:
        """The policy in force."""

    def create(self, plan: Plan, at: str, by: Person, advice: t.Sequence[fields.Json] = ()) -> Record:
        """A new record with its plan, and what AI tools said about its finding."""

    def append(
        self, phr: str, kind: str, at: str, by: Person, body: fields.Json, expect_head: str | None = None
    ) -> Record:
        """One more event, durable when this returns; an AiopsError where it may not follow."""

    def alone(self, phr: str) -> contextlib.AbstractContextManager[None]:
        """Hold a record for one run; an AiopsError where another run works on it."""

    def load(self, phr: str) -> Record:
        """The record, verified."""

    def ids(self, since: str | None = None) -> list[str]:
        """All of them, or those made since a moment, oldest first."""

    def naming(self, words: t.Collection[str]) -> list[str]:
        """Those in whose plan one of these words stands, oldest first; cheap, for none of them is verified."""

    def with_event(self, *kinds: str) -> list[str]:
        """Those in which such an event stands, oldest first."""

    def page(self, phr: str) -> str | None:
        """The page that people read, as it stands on disk."""
