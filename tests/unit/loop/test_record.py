# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A record: which event may follow which, which approvals count, and what changed since it was written is found."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.people import Member, People
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import canonical, digest, strict_json
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import (
    CLOCK_SECONDS,
    Event,
    Person,
    Record,
    State,
    fold,
    record_from_files,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.rules import PROOFS, Proof
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import (
    ALICE,
    PEOPLE,
    Happened,
    chain,
    files,
    later,
    person,
    plan,
)

BOB: t.Final = person("bob")
MINUTE: t.Final = 60

# The way to each state, and the events that may come next; every other event must be refused there.
_WAYS: t.Final[dict[str, tuple[tuple[str, ...], set[str]]]] = {
    "": ((), {"proposed"}),
    "pending": (
        ("proposed",),
        {
            "asked",
            "approved",
            "rejected",
            "revoked",
            "superseded",
            "stale",
            "claimed",
            "note",
            "closed",
            "break_glass",
            "post_review",
        },
    ),
    "rejected": (("proposed", "rejected"), {"note", "post_review", "closed"}),
    "revoked": (("proposed", "revoked"), {"note", "post_review", "closed"}),
    "superseded": (("proposed", "superseded"), {"note", "post_review", "closed"}),
    "stale": (("proposed", "stale"), {"note", "post_review", "closed"}),
    "claimed": (("proposed", "claimed"), {"applying", "not_applied", "stale", "note", "post_review"}),
    "applying": (("proposed", "claimed", "applying"), {"applied", "not_applied", "note", "post_review"}),
    "not_applied": (("proposed", "claimed", "not_applied"), {"note", "post_review", "closed"}),
    "applied": (
        ("proposed", "claimed", "applying", "applied"),
        {"verified", "rolling_back", "rollback_approved", "note", "post_review", "closed"},
    ),
    "rolling_back": (
        ("proposed", "claimed", "applying", "applied", "rolling_back"),
        {"rolled_back", "rollback_blocked", "rollback_failed", "note", "post_review"},
    ),
    "rolled_back": (
        ("proposed", "claimed", "applying", "applied", "rolling_back", "rolled_back"),
        {"note", "post_review", "closed"},
    ),
    "rollback_blocked": (
        ("proposed", "claimed", "applying", "applied", "rolling_back", "rollback_blocked"),
        {"note", "post_review", "closed"},
    ),
    "rollback_failed": (
        ("proposed", "claimed", "applying", "applied", "rolling_back", "rollback_failed"),
        {"rolling_back", "rollback_approved", "note", "post_review", "closed"},
    ),
    "closed": (("proposed", "closed"), {"note", "post_review", "closed"}),
}
_STAYS: t.Final = {"asked", "approved", "verified", "note", "break_glass", "post_review", "rollback_approved"}
_LEADS: t.Final = {"proposed": "pending"}
_EVERY: t.Final = sorted(
    {kind for _way, after in _WAYS.values() for kind in after} | {"", "nonsense", "Approved", "pending"}
)


def _events(*kinds: str) -> list[Event]:
    return [Event(number, kind, later(0), ALICE, "", {}) for number, kind in enumerate(kinds, 1)]


@pytest.mark.parametrize(("state", "kind"), [*itertools.product(_WAYS, _EVERY)])
def test_every_event_after_every_state(state: str, kind: str) -> None:
    way, legal = _WAYS[state]
    if way:
        assert fold(_events(*way)) == state
    if kind in legal:
        assert fold(_events(*way, kind)) == (state if kind in _STAYS else _LEADS.get(kind, kind))
    else:
        with pytest.raises(AiopsError, match=rf"^event {len(way) + 1}, {kind}, may not follow"):
            fold(_events(*way, kind))


def test_the_table_knows_every_state_that_time_does_not_make() -> None:
    from ansible_collections.aiops.kubernetes.plugins.module_utils._model import record

    assert _WAYS.keys() - {""} == set(t.get_args(record.State)) - {"approved", "expired"}


@given(st.lists(st.sampled_from(_EVERY), max_size=8))
def test_no_way_leads_to_a_second_change(kinds: list[str]) -> None:
    try:
        fold(_events("proposed", *kinds))
    except AiopsError:
        return
    assert kinds.count("claimed") <= 1
    assert kinds.count("applied") <= 1
    assert "applied" not in kinds or kinds.index("claimed") < kinds.index("applying") < kinds.index("applied")


def _record(*happened: Happened, tier: str = "medium", **changes: t.Any) -> Record:
    made = plan(tier=tier, **changes)
    return record_from_files(made.as_bytes(), files(chain(made, *happened)))


def _state(record: Record, seconds: float) -> str:
    return record.state(later(seconds))


def test_a_medium_plan_needs_one_approval() -> None:
    assert _state(_record(), 0) == "pending"
    asked = _record(("asked", 0))
    assert (_state(asked, 0), asked.missing) == ("pending", ("operator",))
    approved = _record(("asked", 0), ("approved", 5))
    assert (_state(approved, 5), approved.missing) == ("approved", ())


@pytest.mark.parametrize(("at", "state"), [(0, "pending"), (30 * MINUTE, "pending"), (30 * MINUTE + 1, "expired")])
def test_the_window_starts_when_somebody_is_asked(at: float, state: str) -> None:
    assert _state(_record(("asked", 1000)), 1000 + at) == state
    assert _state(_record(), 10**9) == "pending"


@pytest.mark.parametrize(("at", "state"), [(0, "approved"), (10 * MINUTE, "approved"), (10 * MINUTE + 1, "expired")])
def test_an_approval_is_good_for_ten_minutes(at: float, state: str) -> None:
    record = _record(("asked", 0), ("approved", 25 * MINUTE))
    assert _state(record, 25 * MINUTE + at) == state
    assert record.until == later(35 * MINUTE)


def test_a_second_approval_of_the_same_person_gives_no_more_time() -> None:
    record = _record(("asked", 0), ("approved", 0), ("approved", 9 * MINUTE))
    assert len(record.approvals) == 1
    assert _state(record, 10 * MINUTE + 1) == "expired"


_OTHER: t.Final = {"digest": "sha256:" + "0" * 64}


@pytest.mark.parametrize(
    "happened",
    [
        [("approved", 0)],
        [("asked", 10), ("approved", 9)],
        [("asked", 0), ("approved", 30 * MINUTE + 1)],
        [("asked", 0), ("approved", 5, ALICE, _OTHER)],
        [("asked", 0), ("approved", 5, ALICE, {"digest": ""})],
        [("asked", 0), ("approved", 5, ALICE, {"digest": None})],
        [("asked", 0), ("approved", 5, ALICE, {"digest": [digest(plan().as_bytes())]})],
        [("asked", 0), ("approved", 5, person(proof="claimed"))],
        [("asked", 0), ("asked", 5)],
        [("asked", 0), ("note", 5, ALICE, {"text": "approved"})],
    ],
    ids=["never asked", "before", "late", "other plan", "no digest", "null", "list", "claimed", "asked twice", "note"],
)
def test_an_approval_that_does_not_count(happened: list[Happened]) -> None:
    record = _record(*happened)
    assert record.approvals == []
    assert _state(record, 10) == "pending"


def test_an_approval_before_the_question_stays_one() -> None:
    """The order of the chain counts, not only the times that stand in it."""
    assert _record(("approved", 5), ("asked", 0)).approvals == []


def test_an_approval_at_a_time_that_is_none_does_not_count() -> None:
    made = plan()
    events = chain(made, ("asked", 0))
    approval = Event(3, "approved", "soon", ALICE, digest(events[-1].as_bytes()), {"digest": digest(made.as_bytes())})
    assert record_from_files(made.as_bytes(), files([*events, approval])).approvals == []


@pytest.mark.parametrize(("tier", "needed"), [("low", "terminal"), ("medium", "terminal"), ("critical", "platform")])
def test_the_proof_must_be_strong_enough(tier: str, needed: Proof) -> None:
    for proof in PROOFS:
        record = _listed(("asked", 0), ("approved", 1, person(proof=proof)), tier=tier)
        assert len(record.approvals) == (PROOFS.index(proof) >= PROOFS.index(needed)), proof


def _listed(*happened: Happened, **changes: t.Any) -> Record:
    return dataclasses.replace(_record(*happened, **changes), people=PEOPLE)


def test_critical_needs_two_persons() -> None:
    carol, bob = (person(name, "signature") for name in ("carol", "bob"))
    once = _listed(("asked", 0), ("approved", 1, carol), tier="critical")
    assert (_state(once, 1), once.missing) == ("pending", ("security",))
    twice = _listed(("asked", 0), ("approved", 1, bob), ("approved", 2, bob), tier="critical")
    assert (_state(twice, 2), twice.missing) == ("pending", ("security",))
    both = _listed(("asked", 0), ("approved", 1, carol), ("approved", 60 * MINUTE, bob), tier="critical")
    assert (_state(both, 60 * MINUTE), both.missing) == ("approved", ())
    assert _state(both, 75 * MINUTE + 1) == "expired"


def test_row_14_two_keys_and_an_account_are_one_person() -> None:
    for other in (
        person("alice2", "signature"),
        Person("alice", "platform", "awx"),
        Person("alice", "signature", "laptop"),
    ):
        both = _listed(
            ("asked", 0), ("approved", 1, person("alice", "signature")), ("approved", 2, other), tier="critical"
        )
        assert (len(both.approvals), _state(both, 3)) == (1, "pending")


@pytest.mark.parametrize("order", [("bob", "carol"), ("carol", "bob")])
def test_row_15_both_assignments_are_tried(order: tuple[str, str]) -> None:
    """bob may be both, carol only an operator: whoever comes first must not take the other's place."""
    events: list[Happened] = [("approved", number, person(name, "signature")) for number, name in enumerate(order, 1)]
    assert _state(_listed(("asked", 0), *events, tier="critical"), 3) == "approved"


def test_who_says_it_again_has_said_it_the_first_time() -> None:
    carol, bob = (person(name, "signature") for name in ("carol", "bob"))
    record = _listed(
        ("asked", 0), ("approved", 1, carol), ("approved", 2, carol), ("approved", 3, bob), tier="critical"
    )
    assert [event.number for event in record.approvals] == [3, 5]


def test_two_operators_are_no_security() -> None:
    people = People({f"signature:{name}": Member(name, frozenset({"operator"})) for name in ("x", "y")})
    made = _record(("asked", 0), *(("approved", 1, person(name, "signature")) for name in ("x", "y")), tier="critical")
    assert dataclasses.replace(made, people=people).missing == ("security",)


def test_row_16_a_bot_and_somebody_unknown_count_for_nothing() -> None:
    for name, proof in (("robot", "platform"), ("dave", "signature"), ("dave", "terminal"), ("gone", "signature")):
        record = _listed(("asked", 0), ("approved", 1, person(name, t.cast("Proof", proof))))
        assert (record.approvals, _state(record, 1)) == ([], "pending"), name


def test_another_question_gives_no_more_time() -> None:
    record = _record(("asked", 0), ("asked", 20 * MINUTE), ("approved", 31 * MINUTE))
    assert (record.approvals, record.missing) == ([], ("operator",))


def test_no_other_event_is_an_approval() -> None:
    body = {"digest": _record().plan_digest, "justification": "it is right"}
    for kind in ("note", "asked", "post_review"):
        assert _record(("asked", 0), (kind, 1, BOB, body)).approvals == [], kind


def test_who_leaves_counts_until_then() -> None:
    people = People({"signature:x": Member("x", frozenset({"operator"}), until=later(5))})
    for at, counts in ((1, True), (5, True), (6, False)):
        made = _record(("asked", 0), ("approved", at, person("x", "signature")))
        assert bool(dataclasses.replace(made, people=people).approvals) == counts


def test_without_a_list_a_platform_proves_nobody() -> None:
    assert _record(("asked", 0), ("approved", 1, person(proof="platform"))).approvals == []
    assert _record(("asked", 0), ("approved", 1, person(proof="signature"))).approvals != []


def test_row_13_the_requester_is_never_the_security_half() -> None:
    """alice asked for the plan: she may be its operator, beside bob; with carol, who is no security, nothing is complete."""

    def state(*names: str, **rule: t.Any) -> State:
        made = plan(tier="critical")
        made = dataclasses.replace(made, rule=dataclasses.replace(made.rule, **rule))
        way: list[Happened] = [("approved", number, person(name, "signature")) for number, name in enumerate(names, 1)]
        record = record_from_files(made.as_bytes(), files(chain(made, ("asked", 0), *way)))
        return dataclasses.replace(record, people=PEOPLE).state(later(5))

    assert state("alice", "bob") == state("bob", "alice") == "approved"
    assert state("alice", "carol") == state("carol", "alice") == "pending"
    assert state("alice", "bob", separation_of_duties=True) == "pending"
    assert state("carol", "bob", separation_of_duties=True) == "approved"


def test_row_13_with_separate_duties_nobody_approves_their_own() -> None:
    made = plan()
    made = dataclasses.replace(made, rule=dataclasses.replace(made.rule, separation_of_duties=True))
    for name, state in (("alice", "pending"), ("bob", "approved")):
        events = files(chain(made, ("asked", 0), ("approved", 1, person(name))))
        assert record_from_files(made.as_bytes(), events).state(later(1)) == state


def test_more_approvals_than_needed_do_not_make_it_last_longer() -> None:
    record = _record(("asked", 0), ("approved", 1), ("approved", 9 * MINUTE, BOB))
    assert len(record.approvals) == 1
    assert _state(record, 10 * MINUTE + 2) == "expired"


# Row 12: the clock


def test_row_12_an_approval_from_the_future_does_not_count() -> None:
    record = _record(("asked", 0), ("approved", 10 * MINUTE))
    assert _state(record, 0) == "pending"
    assert _state(record, 9 * MINUTE) == "approved"


def test_row_12_an_event_that_goes_back_in_time_is_told() -> None:
    made = plan()
    for seconds, fits in ((MINUTE, True), (10 * MINUTE, False)):
        events = files(chain(made, ("asked", 0), ("note", 20 * MINUTE), ("approved", 20 * MINUTE - seconds)))
        if fits:
            record_from_files(made.as_bytes(), events)
        else:
            assert "event 4, approved, is of" in _broken(made.as_bytes(), events)
    record_from_files(made.as_bytes(), files(chain(made, ("note", 20 * MINUTE), ("asked", 0))))


# Breaking the glass


# Erin is somebody, and no operator.
_WITH_ERIN: t.Final = People({**(PEOPLE.by_principal or {}), "signature:erin": Member("erin", frozenset({"auditor"}))})
_GLASS: t.Final = {"digest": digest(plan(tier="critical").as_bytes()), "incident": "INC-7", "justification": "it burns"}


@pytest.mark.parametrize(
    ("who", "body", "goes"),
    [
        (person("alice", "signature"), _GLASS, True),
        (person("carol", "signature"), _GLASS, True),
        (person("alice", "platform"), _GLASS, False),
        (person("alice", "terminal"), _GLASS, False),
        (person("dave", "signature"), _GLASS, False),
        (person("alice", "signature"), {**_GLASS, "incident": ""}, False),
        (person("alice", "signature"), {**_GLASS, "digest": "sha256:other"}, False),
    ],
)
def test_row_41_who_may_go_ahead_alone(who: Person, body: dict[str, str], goes: bool) -> None:
    record = _listed(("break_glass", 1, who, body), tier="critical")
    assert _state(record, 1) == ("approved" if goes else "pending")
    assert (record.missing == ()) == goes


def test_row_41_nobody_of_another_role_goes_ahead_alone() -> None:
    glass: Happened = ("break_glass", 1, person("erin", "signature"), _GLASS)
    record = dataclasses.replace(_record(glass, tier="critical"), people=_WITH_ERIN)
    assert record.broken_glass is None


def test_what_was_done_alone_is_good_for_as_long_as_an_approval() -> None:
    record = _listed(("break_glass", 1, person("carol", "signature"), _GLASS), tier="critical")
    assert [_state(record, 15 * MINUTE + seconds) for seconds in (1, 2)] == ["approved", "expired"]


@pytest.mark.parametrize(
    ("who", "counts"),
    [
        (person("bob", "signature"), True),
        (person("bob", "terminal"), False),
        (person("bob", "claimed"), False),
        (person("alice", "signature"), False),
        (person("alice2", "signature"), False),
        (person("dave", "signature"), False),
    ],
)
def test_somebody_else_looks_at_what_was_done_alone(who: Person, counts: bool) -> None:
    glass: Happened = ("break_glass", 1, person("alice", "signature"), _GLASS)
    assert (_listed(glass, ("post_review", 2, who, {"text": "seen"}), tier="critical").review is not None) == counts
    assert (
        _listed(
            ("post_review", 1, who), ("break_glass", 2, person("alice", "signature"), _GLASS), tier="critical"
        ).review
        is None
    )


def test_a_person_decides_that_a_critical_change_is_taken_back() -> None:
    way: list[Happened] = [("claimed", 0), ("applying", 0), ("applied", 0)]

    def may(who: Person, seconds: float = 5, **changes: t.Any) -> bool:
        record = _listed(*way, ("rollback_approved", 5, who, {**_GLASS, **changes}), tier="critical")
        return record.rollback_approved(later(seconds))

    assert may(person("carol", "platform"))
    assert may(person("carol", "platform"), 15 * MINUTE)
    assert not may(person("carol", "platform"), 16 * MINUTE)
    assert not may(person("carol", "terminal"))
    assert not may(person("dave", "signature"))
    assert not may(person("carol", "platform"), digest="sha256:other")
    assert not _listed(*way, tier="critical").rollback_approved(later(5))
    late = 15 * MINUTE + 5
    assert [may(person("carol", "platform"), seconds) for seconds in (late, late + 1)] == [True, False]
    assert [may(person("carol", "platform"), 5 - CLOCK_SECONDS - more) for more in (0, 1)] == [True, False]


def _taken_back(applied: float, decided: float | str, who: str = "carol") -> bool:
    """Whether it is decided that a change is taken back, a second after it was."""
    record = _record(("claimed", 0), ("applying", 0), ("applied", applied), tier="critical")
    at = decided if isinstance(decided, str) else later(decided)
    event = Event(5, "rollback_approved", at, person(who, "signature"), record.head, {"digest": record.plan_digest})
    listed = dataclasses.replace(record, events=(*record.events, event), people=_WITH_ERIN)
    return listed.rollback_approved(later(applied + 1))


def test_what_was_said_before_the_change_does_not_take_it_back() -> None:
    assert [_taken_back(10, decided) for decided in (9, 10, 11)] == [False, True, True]
    assert not _taken_back(10, "soon")


def test_nobody_of_another_role_takes_it_back() -> None:
    assert not _taken_back(10, 11, "erin")


def test_what_was_never_applied_is_not_taken_back() -> None:
    record = _record(("claimed", 0), tier="critical")
    event = Event(
        3, "rollback_approved", later(1), person("carol", "signature"), record.head, {"digest": record.plan_digest}
    )
    assert not dataclasses.replace(record, events=(*record.events, event), people=PEOPLE).rollback_approved(later(1))


def test_a_time_that_is_none_changes_no_decision() -> None:
    record = _record(("asked", 0), ("approved", 1))
    note = Event(4, "note", "soon", ALICE, record.head, {"text": "x"})
    assert dataclasses.replace(record, events=(*record.events, note)).state(later(2)) == "approved"


def test_low_has_five_minutes() -> None:
    assert _state(_record(("asked", 0), tier="low"), 5 * MINUTE + 1) == "expired"
    assert _state(_record(("asked", 0), ("approved", 5 * MINUTE), tier="low"), 10 * MINUTE) == "approved"


def test_trivial_needs_nobody_and_not_for_long() -> None:
    record = _record(tier="trivial")
    assert (_state(record, 0), record.missing, record.approvals) == ("approved", (), [])
    assert _state(record, 5 * MINUTE) == "approved"
    assert _state(record, 5 * MINUTE + 1) == "expired"


def test_what_was_decided_does_not_expire() -> None:
    for kind in ("rejected", "revoked", "superseded", "stale", "claimed"):
        assert _state(_record(("asked", 0), (kind, 1)), 10**6) == kind


def test_revoked_after_an_approval() -> None:
    assert _state(_record(("asked", 0), ("approved", 1), ("revoked", 2, BOB)), 3) == "revoked"


def test_the_newest_verdict() -> None:
    way: list[Happened] = [("asked", 0), ("approved", 1), ("claimed", 2), ("applying", 2), ("applied", 3)]
    assert _record(*way).verdict is None
    same: Happened = ("verified", 4, ALICE, {"verdict": "same"})
    assert _record(*way, same, ("verified", 9, ALICE, {"verdict": "better"})).verdict == "better"


# Tampering


HAPPENED: t.Final[tuple[Happened, ...]] = (
    ("asked", 0),
    ("approved", 5),
    ("claimed", 6),
    ("applying", 6),
    ("applied", 7),
)
_NAMES: t.Final = ["proposed", "asked", "approved", "claimed", "applying", "applied"]


def _made() -> tuple[bytes, list[tuple[str, bytes]]]:
    made = plan()
    return made.as_bytes(), files(chain(made, *HAPPENED))


def _broken(plan_bytes: bytes, events: list[tuple[str, bytes]]) -> str:
    with pytest.raises(AiopsError) as raised:
        record_from_files(plan_bytes, events)
    return str(raised.value)


def test_nothing_is_broken_by_nobody() -> None:
    plan_bytes, events = _made()
    record = record_from_files(plan_bytes, events)
    assert [event.type for event in record.events] == _NAMES
    assert record.head == digest(events[-1][1])
    assert record.plan_digest == digest(plan_bytes)


@pytest.mark.parametrize("index", range(len(_NAMES) - 1))
def test_an_edited_event_is_told_by_the_next(index: int) -> None:
    plan_bytes, events = _made()
    name, content = events[index]
    events[index] = (name, content.replace(b'"desk"', b'"disk"'))
    assert _broken(plan_bytes, events).startswith(f"{events[index + 1][0]} does not follow what stands before it")


@pytest.mark.parametrize("index", range(len(_NAMES) - 1))
def test_a_deleted_event_is_told(index: int) -> None:
    plan_bytes, events = _made()
    del events[index]
    assert _broken(plan_bytes, events).startswith(f"{events[index][0]} is not event {index + 1} of the chain")


@pytest.mark.parametrize("index", range(len(_NAMES) - 1))
def test_reordered_events_are_told(index: int) -> None:
    plan_bytes, events = _made()
    events[index : index + 2] = reversed(events[index : index + 2])
    assert _broken(plan_bytes, events).startswith(f"{events[index][0]} is not event {index + 1} of the chain")


def test_events_that_change_places_and_numbers_are_told() -> None:
    plan_bytes, events = _made()
    swapped = [strict_json(content, "") for _name, content in events]
    swapped[3], swapped[4] = {**swapped[4], "number": 4}, {**swapped[3], "number": 5}
    renamed = [(f"{json['number']:04d}-{json['type']}.json", canonical(json)) for json in swapped]
    assert _broken(plan_bytes, renamed).startswith("0004-applying.json does not follow")


def test_a_renamed_event_is_told() -> None:
    plan_bytes, events = _made()
    events[2] = ("0003-rejected.json", events[2][1])
    assert _broken(plan_bytes, events).startswith("0003-rejected.json is not event 3")


@pytest.mark.parametrize("name", ["0003-approved.json", "0007-verified.json", "0000-note.json", "note.json"])
def test_a_foreign_event_is_told(name: str) -> None:
    plan_bytes, events = _made()
    other = chain(plan(summary="another"), ("asked", 0), ("approved", 1))[2].as_bytes()
    assert name in _broken(plan_bytes, sorted([event for event in events if event[0] != name] + [(name, other)]))


def test_an_event_of_another_record_does_not_fit() -> None:
    plan_bytes, events = _made()
    other = plan(phr="PHR-20261122-091502-000000")
    events[2:] = files(chain(other, *HAPPENED))[2:3]
    assert _broken(plan_bytes, events).startswith("0003-approved.json does not follow")


def test_another_plan_is_told() -> None:
    _plan_bytes, events = _made()
    assert _broken(plan(summary="a harmless one").as_bytes(), events).startswith("0001-proposed.json does not follow")


@pytest.mark.parametrize("extra", [b" ", b"\n", b"\x00"])
def test_a_byte_more_is_told(extra: bytes) -> None:
    plan_bytes, events = _made()
    assert _broken(plan_bytes + extra, events).startswith("0001-proposed.json does not follow")
    name, content = events[-1]
    assert name in _broken(plan_bytes, [*events[:-1], (name, content + extra)])


@pytest.mark.parametrize(
    "edit",
    [
        lambda json: {**json, "more": 1},
        lambda json: {**json, "body": {}, "schema": "aiops.kubernetes/event/2"},
        lambda json: {**json, "body": "x"},
        lambda json: {**json, "by": {**json["by"], "proof": "sworn"}},
        lambda json: {**json, "by": {"proof": "terminal"}},
        lambda json: {**json, "by": "alice"},
        lambda json: {**json, "at": 5},
        lambda json: {**json, "number": 6.0},
        lambda json: {**json, "number": True},
        lambda json: {key: value for key, value in json.items() if key != "at"},
    ],
)
def test_the_last_event_of_another_form_is_told(edit: t.Callable[[dict[str, t.Any]], dict[str, t.Any]]) -> None:
    plan_bytes, events = _made()
    name, content = events[-1]
    events[-1] = (name, canonical(edit(strict_json(content, name))))
    assert name in _broken(plan_bytes, events)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"a": 1, "a": 1}', b"\xff", b'{"schema": NaN}'])
def test_an_event_that_is_no_json_of_ours_is_told(content: bytes) -> None:
    plan_bytes, events = _made()
    name = events[-1][0]
    assert _broken(plan_bytes, [*events[:-1], (name, content)]).startswith(f"{name} is damaged")


def test_a_number_beyond_all_numbers_is_told() -> None:
    plan_bytes, events = _made()
    name, content = events[-1]
    assert name in _broken(plan_bytes, [*events[:-1], (name, content.replace(b'"body":{}', b'"body":{"a":1e999}'))])


def test_a_right_chain_of_wrong_events_is_told() -> None:
    made = plan()
    events = files(chain(made, ("asked", 0), ("applied", 1)))
    assert "event 3, applied, may not follow the state 'pending'" in _broken(made.as_bytes(), events)


def test_a_cut_tail_verifies_for_itself() -> None:
    """What a chain can't tell: that is for the page, git and a remote."""
    plan_bytes, events = _made()
    assert record_from_files(plan_bytes, events[:3]).state(later(6)) == "approved"


@given(st.data())
def test_any_flipped_byte_is_told_or_changes_nothing(data: st.DataObject) -> None:
    """A change of the last event can make another event of the same form; nothing else may pass."""
    plan_bytes, events = _made()
    index = data.draw(st.integers(0, len(events) - 2))
    name, content = events[index]
    place = data.draw(st.integers(0, len(content) - 1))
    flipped = bytes([content[place] ^ data.draw(st.integers(1, 255))])
    events[index] = (name, content[:place] + flipped + content[place + 1 :])
    assert _broken(plan_bytes, events)


def test_what_follows_carries_the_head() -> None:
    plan_bytes, events = _made()
    record = record_from_files(plan_bytes, events)
    event = record.following("note", later(9), BOB, {"text": "x"})
    assert (event.number, event.prev) == (7, record.head)
    assert dataclasses.asdict(event)["by"] == {"name": "bob", "proof": "terminal", "host": "desk"}
    assert record_from_files(plan_bytes, [*events, ("0007-note.json", event.as_bytes())]).head == digest(
        event.as_bytes()
    )
