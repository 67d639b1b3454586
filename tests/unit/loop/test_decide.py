# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deciding: a person's word counts for the plan that was shown, in time, with a reason; nothing else is recorded."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.decide import Verdict, ask, decide
from ansible_collections.aiops.kubernetes.tests.unit.loop.conftest import Clock
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import (
    ALICE,
    NOW,
    PEOPLE,
    PHR,
    QuickStore,
    later,
    person,
    plan,
)

REASON: t.Final = "the release is known to be bad"


@pytest.fixture
def asked(kept: QuickStore, clock: Clock) -> QuickStore:
    kept.create(plan(), clock.now, ALICE)
    ask(kept, PHR, ALICE, clock.now)
    return kept


def _kinds(kept: QuickStore) -> list[str]:
    return [event.type for event in kept.load(PHR).events]


def test_asked_once(asked: QuickStore, clock: Clock) -> None:
    clock.passes(60)
    record = ask(asked, PHR, person("bob"), clock.now)
    assert _kinds(asked) == ["proposed", "asked"]
    assert record.until == later(1800)


def test_the_window_begins_when_the_question_was_put(kept: QuickStore, clock: Clock) -> None:
    kept.create(plan(), clock.now, ALICE)
    clock.passes(100)
    assert ask(kept, PHR, ALICE, later(40)).until == later(1840)


@pytest.mark.parametrize(
    ("verdict", "kind", "state"),
    [("approve", "approved", "approved"), ("reject", "rejected", "rejected"), ("revoke", "revoked", "revoked")],
)
def test_a_word_is_recorded_with_the_digest(
    verdict: Verdict, kind: str, state: str, asked: QuickStore, clock: Clock
) -> None:
    clock.passes(5)
    record = decide(asked, asked.load(PHR), verdict, person("bob"), f"  {REASON}\n")
    event = record.events[-1]
    assert (event.type, event.at, event.by, record.state(clock.now)) == (kind, later(5), person("bob"), state)
    assert event.body == {"digest": record.plan_digest, "justification": REASON}


@pytest.mark.parametrize("text", ["", "ok", "x" * 9, " " * 50, "\n" * 20, "  too short  "])
def test_an_approval_needs_a_reason(text: str, asked: QuickStore) -> None:
    if len(text.strip()) >= 10:
        text = text.strip()[:9]
    with pytest.raises(AiopsError, match="approve on a plan of tier medium needs a justification of at least 10"):
        decide(asked, asked.load(PHR), "approve", ALICE, text)
    assert _kinds(asked) == ["proposed", "asked"]


def test_ten_characters_are_enough_and_a_rejection_needs_none(asked: QuickStore, clock: Clock) -> None:
    assert decide(asked, asked.load(PHR), "approve", ALICE, "x" * 10).state(clock.now) == "approved"
    assert decide(asked, asked.load(PHR), "revoke", ALICE, "").state(clock.now) == "revoked"


def test_a_low_tier_needs_no_reason(kept: QuickStore, clock: Clock) -> None:
    kept.create(plan(tier="low"), clock.now, ALICE)
    record = ask(kept, PHR, ALICE, clock.now)
    assert decide(kept, record, "approve", ALICE, "").state(clock.now) == "approved"


@pytest.mark.parametrize("verdict", ["approve", "reject", "revoke"])
@pytest.mark.parametrize(
    "text",
    [
        f"{REASON}{odd}"
        for odd in ("\x00.", "\x1b[31mred", "\u202eevil", "\u200bthin", "a\rb", "\ud800.", "\x85.", "\u2028.")
    ]
    + ["x" * 2001],
)
def test_what_hides_is_refused(verdict: Verdict, text: str, asked: QuickStore) -> None:
    with pytest.raises(AiopsError, match="Nothing was recorded"):
        decide(asked, asked.load(PHR), verdict, ALICE, text)
    assert _kinds(asked) == ["proposed", "asked"]


@pytest.mark.parametrize(
    "text", ["x" * 2000, "zwei Zeilen,\nmit Umlauten äöü", "{{ lookup('env', 'HOME') }}", "---\napproved: no"]
)
def test_ordinary_text_is_kept_as_it_is(text: str, asked: QuickStore) -> None:
    assert decide(asked, asked.load(PHR), "approve", ALICE, text).events[-1].body["justification"] == text


@pytest.mark.parametrize(("verdict", "seconds"), [("approve", 1801), ("reject", 1801)])
def test_too_late(verdict: Verdict, seconds: float, asked: QuickStore, clock: Clock) -> None:
    clock.passes(seconds)
    with pytest.raises(AiopsError, match="is not waiting for a decision: it is expired"):
        decide(asked, asked.load(PHR), verdict, ALICE, REASON)
    assert _kinds(asked) == ["proposed", "asked"]


@pytest.mark.parametrize("kind", ["rejected", "revoked", "superseded", "stale", "claimed", "closed"])
def test_what_is_decided_is_not_decided_again(kind: str, asked: QuickStore, clock: Clock) -> None:
    asked.append(PHR, kind, clock.now, ALICE, {})
    calls: list[t.Callable[[], object]] = [
        lambda: decide(asked, asked.load(PHR), "approve", ALICE, REASON),
        lambda: decide(asked, asked.load(PHR), "reject", ALICE, REASON),
        lambda: ask(asked, PHR, ALICE, clock.now),
        lambda: decide(asked, asked.load(PHR), "revoke", ALICE, REASON),
    ]
    for call in calls:
        with pytest.raises(AiopsError, match=rf"{PHR} (is not waiting|can't be revoked).* it is {kind}"):
            call()
    assert _kinds(asked)[-1] == kind


def test_what_is_approved_can_be_revoked_and_not_rejected(asked: QuickStore) -> None:
    record = decide(asked, asked.load(PHR), "approve", ALICE, REASON)
    with pytest.raises(AiopsError, match="it is approved"):
        decide(asked, record, "reject", ALICE, REASON)
    assert decide(asked, record, "revoke", person("bob", "claimed"), "").state(NOW) == "revoked"


@pytest.mark.parametrize("verdict", ["approve", "reject", "revoke"])
def test_who_saw_an_older_state_decides_nothing(verdict: Verdict, asked: QuickStore, clock: Clock) -> None:
    seen = asked.load(PHR)
    asked.append(PHR, "note", clock.now, ALICE, {"text": "wait"})
    with pytest.raises(AiopsError, match="has gone on meanwhile: note"):
        decide(asked, seen, verdict, ALICE, REASON)
    assert _kinds(asked)[-1] == "note"


# What would count for nothing


CAROL: t.Final = person("carol", "signature")


@pytest.fixture
def critical(folder: Path, clock: Clock) -> QuickStore:
    """Two persons must decide, by a list of who is who."""
    listed = QuickStore(folder, PEOPLE)
    listed.create(plan(tier="critical"), clock.now, ALICE)
    ask(listed, PHR, ALICE, clock.now)
    return listed


def test_an_approval_that_fills_no_role_is_refused(critical: QuickStore) -> None:
    record = decide(critical, critical.load(PHR), "approve", CAROL, REASON)
    with pytest.raises(AiopsError, match=f"can't decide that for {PHR}: it needs security by platform or stronger"):
        decide(critical, record, "approve", CAROL, REASON)
    assert _kinds(critical) == ["proposed", "asked", "approved"]
    assert decide(critical, record, "approve", person("bob", "signature"), REASON).missing == ()


def test_nobody_unknown_goes_ahead_alone(critical: QuickStore) -> None:
    asked = critical.load(PHR)
    with pytest.raises(AiopsError, match=f"can't decide that for {PHR}: it needs operator and security"):
        decide(critical, asked, "break_glass", person("dave", "signature"), REASON, "INC-7")
    assert decide(critical, asked, "break_glass", CAROL, REASON, "INC-7").missing == ()


def test_nobody_unknown_has_a_change_taken_back(critical: QuickStore, clock: Clock) -> None:
    for name in ("carol", "bob"):
        decide(critical, critical.load(PHR), "approve", person(name, "signature"), REASON)
    for kind in ("claimed", "applying", "applied"):
        critical.append(PHR, kind, clock.now, ALICE, {})
    applied = critical.load(PHR)
    with pytest.raises(AiopsError, match=f"can't decide that for {PHR}: it needs operator and security"):
        decide(critical, applied, "approve_rollback", person("dave", "signature"), REASON)
    assert decide(critical, applied, "approve_rollback", CAROL, REASON).rollback_approved(clock.now)
