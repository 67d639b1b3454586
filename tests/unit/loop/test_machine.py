# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records against a reference model that is written another way: any events of anybody at any time lead both to the same state."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import digest
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import Person, Record, fold, new_record
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.rules import Proof
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import ALICE, PEOPLE, later, plan

# Who is who, told once more in plain words: name and proof → person and roles.
WHO: t.Final[dict[tuple[str, str], tuple[str, set[str]]]] = {
    **{(name, proof): (name, {"operator", "security"}) for name in ("alice", "bob") for proof in ("terminal", "platform", "signature")},
    **{("carol", proof): ("carol", {"operator"}) for proof in ("terminal", "platform", "signature")},
    ("alice2", "signature"): ("alice", {"operator", "security"}),
}  # fmt: skip
STRENGTH: t.Final = {"claimed": 0, "terminal": 1, "platform": 2, "signature": 3}
NAMES: t.Final = ("alice", "alice2", "bob", "carol", "robot", "mallory")
AFTER: t.Final[dict[str, dict[str, str]]] = {
    "open": {
        "asked": "open", "approved": "open", "break_glass": "open", "rejected": "rejected", "revoked": "revoked",
        "superseded": "superseded", "stale": "stale", "claimed": "claimed", "closed": "closed",
    },
    "claimed": {"applying": "applying", "not_applied": "not_applied", "stale": "stale"},
    "applying": {"applied": "applied", "not_applied": "not_applied"},
    "applied": {"verified": "applied", "rolling_back": "rolling_back", "rollback_approved": "applied", "closed": "closed"},
    "rolling_back": {
        "rolled_back": "rolled_back", "rollback_blocked": "rollback_blocked", "rollback_failed": "rollback_failed",
    },
    "rollback_failed": {"rolling_back": "rolling_back", "rollback_approved": "rollback_failed", "closed": "closed"},
    **{
        end: {"closed": "closed"}
        for end in ("rejected", "revoked", "superseded", "stale", "not_applied", "rolled_back", "rollback_blocked", "closed")
    },
}  # fmt: skip
EVENTS: t.Final = sorted({kind for nexts in AFTER.values() for kind in nexts} | {"note", "post_review", "nonsense"})


class Model:
    """A record as a handful of plain variables."""

    def __init__(self, tier: str) -> None:
        self.needs = ["operator", "security"] if tier == "critical" else ["operator"]
        self.proof = 2 if tier == "critical" else 1
        self.window, self.use_by = (7200, 900) if tier == "critical" else (1800, 600)
        self.phase, self.last = "open", 0
        self.asked: int | None = None
        self.approvers: dict[str, set[str]] = {}
        self.decided: int | None = None

    def may(self, kind: str, now: int) -> bool:
        in_order = kind == "asked" or now >= self.last - 60
        return in_order and (kind in {"note", "post_review"} or kind in AFTER[self.phase])

    def happens(self, kind: str, name: str, proof: str, right: bool, now: int) -> None:
        person, roles = WHO.get((name, proof), ("", set()))
        strong = right and person and STRENGTH[proof] >= self.proof
        if kind == "asked" and self.asked is None:
            self.asked = now
        waited = None if self.asked is None else now - self.asked
        in_time = waited is not None and 0 <= waited <= self.window
        if kind == "approved" and strong and in_time and self.decided is None and person not in self.approvers:
            self.approvers[person] = roles
            self.decided = now if self.complete() else None
        if kind == "break_glass":
            self.decided_alone = now if strong and proof == "signature" and roles & set(self.needs) else None
        self.phase = AFTER[self.phase].get(kind, self.phase)
        self.last = now

    decided_alone: int | None = None

    def complete(self) -> bool:
        for people in itertools.permutations(self.approvers, len(self.needs)):
            fits = all(role in self.approvers[who] for role, who in zip(self.needs, people, strict=True))
            if fits and not any(
                role == "security" and who == "alice" for role, who in zip(self.needs, people, strict=True)
            ):
                return True
        return False

    def state(self, now: int) -> str:
        if self.phase != "open":
            return self.phase
        since = self.decided_alone if self.decided_alone is not None else self.decided
        if since is not None:
            return "expired" if now > since + self.use_by else "approved" if self.last <= now + 60 else "pending"
        return "expired" if self.asked is not None and now > self.asked + self.window else "pending"


class Records(RuleBasedStateMachine):
    @initialize(tier=st.sampled_from(["medium", "critical"]))
    def begin(self, tier: str) -> None:
        self.model = Model(tier)
        made = plan(tier=tier)
        self.record: Record = dataclasses.replace(new_record(made), people=PEOPLE)
        self.now = 0
        self._add("proposed", ALICE, {})

    def _add(self, kind: str, by: Person, body: dict[str, str]) -> bool:
        event = self.record.following(kind, later(self.now), by, body)
        try:
            fold([*self.record.events, event])
        except AiopsError:
            return False
        self.record = dataclasses.replace(
            self.record, events=(*self.record.events, event), head=digest(event.as_bytes())
        )
        return True

    @rule(seconds=st.sampled_from([1, 59, 61, 299, 601, 901, 1799, 1801, 7201, -30, -90]))
    def time_passes(self, seconds: int) -> None:
        self.now = max(0, self.now + seconds)

    @rule(
        kind=st.sampled_from([*EVENTS, "asked", "approved", "approved", "break_glass"]),
        name=st.sampled_from(NAMES),
        proof=st.sampled_from(["claimed", "terminal", "platform", "signature"]),
        right=st.sampled_from([True, True, True, False]),
    )
    def something_happens(self, kind: str, name: str, proof: Proof, right: bool) -> None:
        body = {"digest": self.record.plan_digest if right else "sha256:0", "incident": "INC-7"}
        legal = self.model.may(kind, self.now)
        assert self._add(kind, Person(name, proof, "desk"), body) == legal, kind
        if legal:
            self.model.happens(kind, name, proof, right, self.now)

    @invariant()
    def the_same_state(self) -> None:
        if hasattr(self, "record"):
            assert self.record.state(later(self.now)) == self.model.state(self.now)


TestRecords = Records.TestCase
TestRecords.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
