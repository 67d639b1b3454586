# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A record (PHR): one plan and what happened to it, as a chain of events; its state is a fold over them."""

from __future__ import annotations

import dataclasses
import typing as t

from . import fields, moments
from .errors import AiopsError
from .people import UNLISTED, Member, People, unfilled
from .plan import Plan, canonical, digest, plan_from_bytes, strict_json
from .rules import PROOFS, Proof, Rule

EVENT_SCHEMA: t.Final = "aiops.kubernetes/event/1"
DECISION_SCHEMA: t.Final = "aiops.kubernetes/decision/1"

State = t.Literal[
    "pending", "approved", "rejected", "expired", "revoked", "superseded", "stale", "claimed", "applying", "applied",
    "not_applied", "rolling_back", "rolled_back", "rollback_blocked", "rollback_failed", "closed",
]  # fmt: skip
Verdict = t.Literal["better", "same", "worse", "inconclusive"]

# event → the states it may follow, and the state it leads to (None: it stays).
_MOVES: t.Final[t.Mapping[str, tuple[frozenset[str], State | None]]] = {
    "proposed": (frozenset({""}), "pending"),
    "asked": (frozenset({"pending"}), None),
    "approved": (frozenset({"pending"}), None),
    "rejected": (frozenset({"pending"}), "rejected"),
    "revoked": (frozenset({"pending", "approved"}), "revoked"),
    "superseded": (frozenset({"pending", "approved"}), "superseded"),
    "stale": (frozenset({"pending", "approved", "claimed"}), "stale"),
    "claimed": (frozenset({"approved"}), "claimed"),
    "applying": (frozenset({"claimed"}), "applying"),
    "applied": (frozenset({"applying"}), "applied"),
    "not_applied": (frozenset({"claimed", "applying"}), "not_applied"),
    "verified": (frozenset({"applied"}), None),
    "rolling_back": (frozenset({"applied", "rollback_failed"}), "rolling_back"),
    "rolled_back": (frozenset({"rolling_back"}), "rolled_back"),
    "rollback_blocked": (frozenset({"rolling_back"}), "rollback_blocked"),
    "rollback_failed": (frozenset({"rolling_back"}), "rollback_failed"),
    # Waiting and the second person are skipped; what stands for the approval is checked by whoever acts on it.
    "break_glass": (frozenset({"pending"}), None),
    "post_review": (frozenset(t.get_args(State)), None),
    "rollback_approved": (frozenset({"applied", "rollback_failed"}), None),
    "note": (frozenset(t.get_args(State)), None),
    "closed": (frozenset(t.get_args(State)) - {"claimed", "applying", "rolling_back"}, "closed"),
}
# A record must not come from a clock that is further ahead than this, nor go back in time further.
CLOCK_SECONDS: t.Final = 60
# Within this time somebody else looks at what was done without a second person.
REVIEW_SECONDS: t.Final = 24 * 3600
# The checkpoint of the first look, which is taken as soon as a change was applied.
FIRST_GATE: t.Final = 0
# States in which the plan may still touch, or has its hands on, its object.
OPEN: t.Final = frozenset({"pending", "approved", "claimed", "applying", "rolling_back"})


@dataclasses.dataclass(frozen=True)
class Person:
    """Who it was, by which proof, and where."""

    name: str
    proof: Proof
    host: str

    def __str__(self) -> str:
        return f"{self.name} ({self.proof}, on {self.host})"


@dataclasses.dataclass(frozen=True)
class Event:
    """Something that happened, with the digest of what stands before it in the chain."""

    number: int
    type: str
    at: str
    by: Person
    prev: str
    body: fields.Json

    def as_bytes(self) -> bytes:
        return canonical({"schema": EVENT_SCHEMA, **dataclasses.asdict(self)})

    def signed_bytes(self, phr: str) -> bytes:
        """What a person signs: the decision without its place in the chain, so that it outlives a rebase."""
        body = {name: value for name, value in self.body.items() if name != "signature"}
        content = {"type": self.type, "at": self.at, "by": dataclasses.asdict(self.by), "body": body}
        return canonical({"schema": DECISION_SCHEMA, "phr": phr, **content})


@dataclasses.dataclass(frozen=True)
class Record:
    """A plan with its events in order.  ``plan_digest`` is that of the bytes on disk."""

    plan: Plan
    plan_digest: str
    events: tuple[Event, ...]
    head: str
    people: People = UNLISTED

    @property
    def id(self) -> str:
        return self.plan.phr

    @property
    def rule(self) -> Rule:
        return self.plan.rule

    def last(self, *types: str) -> Event | None:
        return next((event for event in reversed(self.events) if event.type in types), None)

    def first(self, kind: str) -> Event | None:
        return next((event for event in self.events if event.type == kind), None)

    @property
    def requester(self) -> str:
        """Who asked for the plan, as a person where the login is known."""
        return self.people.name_of(self.events[0].by.name, self.events[0].by.proof) if self.events else ""

    @property
    def advice(self) -> list[dict[str, t.Any]]:
        """What AI tools said when the plan was made."""
        return fields.get_dicts(self.events[0].body, "advice") if self.events else []

    @property
    def approvals(self) -> list[Event]:
        """The approvals that count: of exactly this plan, in time, by a strong enough proof, once a person, and no more than needed."""
        found: dict[str, Event] = {}
        members: list[Member] = []
        asked: Event | None = None
        for event in self.events:
            if event.type == "asked":
                asked = asked or event
            elif event.type == "approved" and asked and self._unfilled(members):
                member = self._decider(event)
                waited = moments.seconds_between(asked.at, event.at)
                if member and member.name not in found and waited is not None and 0 <= waited <= self.rule.window:
                    found[member.name] = event
                    members.append(member)
        return list(found.values())

    @property
    def broken_glass(self) -> Event | None:
        """The event by which one person of a right role went ahead alone, with a signature and an incident."""
        event = self.last("break_glass")
        if event is None:
            return None
        member = self._decider(event)
        if member is None or event.by.proof != "signature" or not fields.get_str(event.body, "incident"):
            return None
        return event if set(self.rule.roles) & member.roles else None

    @property
    def review(self) -> Event | None:
        """The look that somebody else took, with a signature, at what was done alone."""
        glass = self.last("break_glass")
        for event in self.events:
            if glass and event.type == "post_review" and event.number > glass.number and event.by.proof == "signature":
                reviewer, breaker = (self.people.who(each.by.name, each.by.proof, each.at) for each in (event, glass))
                if reviewer and breaker and reviewer.name != breaker.name:
                    return event
        return None

    def rollback_approved(self, now: str) -> bool:
        """Whether one person of a right role has just decided that the change is taken back."""
        event, applied = self.last("rollback_approved"), self.last("applied")
        if event is None or applied is None:
            return False
        # the yes to the change, which a platform may tell later, is none to taking it back
        if (moments.seconds_between(applied.at, event.at) or 0) < 0:
            return False
        member, age = self._decider(event), moments.seconds_between(event.at, now)
        in_time = age is not None and -CLOCK_SECONDS <= age <= self.rule.use_by
        return member is not None and bool(set(self.rule.roles) & member.roles) and in_time

    @property
    def missing(self) -> tuple[str, ...]:
        """The roles that nobody has taken yet."""
        members = [member for event in self.approvals if (member := self._decider(event))]
        return () if self.broken_glass else self._unfilled(members)

    @property
    def until(self) -> str | None:
        """Until when the question stands or, once answered, the approval is good."""
        asked, glass, approvals = self.first("asked"), self.broken_glass, self.approvals
        if not self.missing:
            since = glass.at if glass else approvals[-1].at if approvals else self.plan.created_at
            return moments.after(since, self.rule.use_by)
        return moments.after(asked.at, self.rule.window) if asked else None

    def state(self, now: str) -> State:
        """Where the plan stands at this moment: the fold, and what only time decides."""
        folded = fold(self.events)
        if folded != "pending":
            return folded
        late = (moments.seconds_between(self.until, now) or 0) > 0
        if late:
            return "expired"
        ahead = (moments.seconds_between(now, self.events[-1].at) or 0) > CLOCK_SECONDS
        return "pending" if self.missing or ahead else "approved"

    def _decider(self, event: Event) -> Member | None:
        """The person behind a decision of exactly this plan by a strong enough proof."""
        strong = PROOFS.index(event.by.proof) >= PROOFS.index(self.rule.proof)
        same = fields.get_str(event.body, "digest") == self.plan_digest
        return self.people.who(event.by.name, event.by.proof, event.at) if strong and same else None

    def _unfilled(self, members: t.Sequence[Member]) -> tuple[str, ...]:
        return unfilled(self.rule.roles, members, self.requester, self.rule.separation_of_duties)

    @property
    def verdict(self) -> Verdict | None:
        event = self.last("verified")
        return t.cast("Verdict", fields.get_str(event.body, "verdict")) if event else None

    @property
    def due_back(self) -> Event | None:
        """Since which event the change has to be taken back by itself: it made things worse, did not help, or is half done."""
        due: Event | None = None
        for event in self.events:
            if event.type == "rolling_back":
                return due
            if event.type in {"applied", "verified"}:
                due = (due or event) if self._sends_back(event) else None
        return due

    def _sends_back(self, event: Event) -> bool:
        if event.type == "applied":
            return "done" in event.body
        # Not better at the first look is no help; what is the same later was better before.
        verdict, at_the_gate = (
            fields.get_str(event.body, "verdict"),
            fields.get_int(event.body, "checkpoint") == FIRST_GATE,
        )
        no_help = verdict == "worse" or (verdict == "same" and at_the_gate)
        return no_help and self.rule.automatic_rollback and not self.plan.irreversible_because

    def rollback_late(self, now: str) -> int:
        """By how many seconds the rollback began, or has still not begun, after the time that the tier allows; 0 where it is in time."""
        due, began, within = self.due_back, self.first("rolling_back"), self.rule.rollback_within
        if due is None or within is None or (began is None and self.state(now) != "applied"):
            return 0
        waited = moments.seconds_between(due.at, began.at if began else now) or 0
        return max(0, int(waited) - within)

    def following(self, kind: str, at: str, by: Person, body: fields.Json) -> Event:
        """The next event of the chain."""
        return Event(len(self.events) + 1, kind, at, by, self.head, body)


def fold(events: t.Sequence[Event]) -> State:
    """The state that the events lead to; an event that may not follow is an AiopsError."""
    state, at = "", ""
    for event in events:
        before, after = _MOVES.get(event.type, (frozenset(), None))
        # Whether enough people approved is not for the chain to say, but for whoever acts on it.
        if state not in before and not (state == "pending" and "approved" in before):
            raise AiopsError(
                f"event {event.number}, {event.type}, may not follow the state {state or 'of an empty record'!r}."
            )
        # A question is recorded once it is answered, with the moment at which it was put.
        if event.type != "asked" and (moments.seconds_between(event.at, at) or 0) > CLOCK_SECONDS:
            raise AiopsError(f"event {event.number}, {event.type}, is of {event.at}, before what it follows ({at}).")
        state, at = after or state, event.at
    return t.cast("State", state)


def new_record(plan: Plan) -> Record:
    """The record of a plan before its first event."""
    start = digest(plan.as_bytes())
    return Record(plan, start, (), start)


def record_from_files(plan: bytes, events: t.Sequence[tuple[str, bytes]]) -> Record:
    """The record in the content of its files (event names with content, in order); an AiopsError names the first bad one."""
    head = plan_digest = digest(plan)
    found: list[Event] = []
    for number, (name, content) in enumerate(events, 1):
        event = _event(strict_json(content, name), name)
        if event.number != number or name != event_name(event):
            raise AiopsError(f"{name} is not event {number} of the chain: one is missing, doubled or out of order.")
        if event.prev != head:
            raise AiopsError(f"{name} does not follow what stands before it: something was changed, removed or put in.")
        if event.as_bytes() != content:
            raise AiopsError(f"{name} was not written by this collection: its bytes differ.")
        head = digest(content)
        found.append(event)
    if not found:
        raise AiopsError("it has no events.")
    fold(found)
    return Record(plan_from_bytes(plan), plan_digest, tuple(found), head)


def event_name(event: Event) -> str:
    return f"{event.number:04d}-{event.type}.json"


def _event(json: fields.Json, name: str) -> Event:
    by = fields.get_dict(json, "by")
    proof = fields.get_str(by, "proof")
    if (
        fields.get_str(json, "schema") != EVENT_SCHEMA
        or proof not in PROOFS
        or not isinstance(fields.get(json, "body"), dict)
    ):
        raise AiopsError(f"{name} is damaged: it is no event of schema {EVENT_SCHEMA}.")
    person = Person(fields.get_str(by, "name"), proof, fields.get_str(by, "host"))
    return Event(
        fields.get_int(json, "number") or 0,
        fields.get_str(json, "type"),
        fields.get_str(json, "at"),
        person,
        fields.get_str(json, "prev"),
        fields.get_dict(json, "body"),
    )
