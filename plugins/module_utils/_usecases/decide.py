# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asking a person about a plan, and recording what that person says."""

from __future__ import annotations

import dataclasses
import typing as t
import unicodedata

from .._model import fields, moments
from .._model.errors import AiopsError
from .._model.record import Event, Person, Record
from .._model.records import Records
from .._model.text import one_line

Verdict = t.Literal["approve", "reject", "revoke", "break_glass", "approve_rollback"]
EVENTS: t.Final[t.Mapping[str, str]] = {
    "approve": "approved",
    "reject": "rejected",
    "revoke": "revoked",
    "break_glass": "break_glass",
    "approve_rollback": "rollback_approved",
}
JUSTIFICATION_LENGTH: t.Final = 10
_LONGEST: t.Final = 2000
_STATES: t.Final[t.Mapping[str, frozenset[str]]] = {
    "approve": frozenset({"pending"}),
    "reject": frozenset({"pending"}),
    "revoke": frozenset({"pending", "approved"}),
    "break_glass": frozenset({"pending"}),
    "approve_rollback": frozenset({"applied", "rollback_failed"}),
}


@dataclasses.dataclass(frozen=True)
class Voice:
    """Who speaks, and how that is proven: ``sign`` makes the signature of the bytes, ``proof`` is what a platform said.

    ``at`` is when it was said, where that is not now.
    """

    by: Person
    sign: t.Callable[[bytes], str] | None = None
    proof: fields.Json | None = None
    at: str | None = None


def ask(records: Records, phr: str, by: Person, at: str) -> Record:
    """Start the window of the question at the moment it was put, unless somebody was asked before."""
    record = records.load(phr)
    _require_state(record, "approve")
    return record if record.first("asked") else records.append(phr, "asked", at, by, {})


def decide(
    records: Records, record: Record, verdict: Verdict, voice: Voice | Person, justification: str, incident: str = ""
) -> Record:
    """Record a person's word on exactly the plan that was shown.

    An AiopsError, and nothing recorded, where the record went on since, the time is over, the justification is missing, or
    the word would count for nothing.
    """
    voice = Voice(voice) if isinstance(voice, Person) else voice
    _require_state(record, verdict)
    body: fields.Json = {"digest": record.plan_digest, "justification": _justified(record, verdict, justification)}
    if voice.proof is not None:
        body = {**body, "proof": voice.proof}
    if verdict == "break_glass":
        body = {**body, "incident": _incident(records, record, voice, incident)}
    at = voice.at or moments.now()
    kind = EVENTS[verdict]
    event = record.following(kind, at, voice.by, body)
    if voice.sign:
        body = {**body, "signature": voice.sign(event.signed_bytes(record.id))}
        event = dataclasses.replace(event, body=body)
    _require_weight(record, event)
    return records.append(record.id, kind, at, voice.by, body, expect_head=record.head)


def decide_by_platform(
    records: Records, record: Record, verdict: Verdict, asked: str, voices: t.Sequence[Voice], by: Person
) -> Record:
    """Record the words of everybody who approved on a platform, in their order, until no more are needed.

    Whoever approved the change before it was applied has said nothing about taking it back.
    """
    applied = record.last("applied")
    if applied:
        voices = [voice for voice in voices if (moments.seconds_between(applied.at, voice.at or "") or 0) > 0]
    if not voices:
        raise AiopsError(
            f"Nobody has approved {record.id} in AWX, as far as this job depends on it. It stays as it is."
        )
    if verdict == "approve" and not record.first("asked"):
        record = ask(records, record.id, by, asked)
    for voice in voices:
        if record.state(moments.now()) in _STATES[verdict]:
            node = one_line(fields.get_str(voice.proof, "node"), 100)
            why = f"approved at the node {node!r} of AWX, which asks for no reason"
            record = decide(records, record, verdict, voice, why)
    return record


def review(records: Records, record: Record, voice: Voice, text: str) -> Record:
    """Record that somebody else has looked at what one person did alone."""
    if record.broken_glass is None:
        raise AiopsError(f"{record.id} needs no review: nobody broke the glass for it.")
    at = moments.now()
    body: fields.Json = {"text": safe_text(text)}
    event = record.following("post_review", at, voice.by, body)
    if voice.sign:
        body = {**body, "signature": voice.sign(event.signed_bytes(record.id))}
    if dataclasses.replace(record, events=(*record.events, dataclasses.replace(event, body=body))).review is None:
        raise AiopsError(
            f"{record.id} must be reviewed by another person than {record.broken_glass.by.name}, with a signature. Nothing was recorded."
        )
    return records.append(record.id, "post_review", at, voice.by, body, expect_head=record.head)


def safe_text(text: str) -> str:
    """The text without the space around it; an AiopsError where it is too long or hides something."""
    text = text.strip()
    if len(text) > _LONGEST or any(
        unicodedata.category(ch) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and ch != "\n" for ch in text
    ):
        raise AiopsError("The justification is too long or holds control characters. Nothing was recorded.")
    return text


def _justified(record: Record, verdict: Verdict, justification: str) -> str:
    text = safe_text(justification)
    must = record.rule.justification if verdict == "approve" else verdict in {"break_glass", "approve_rollback"}
    if must and len(text) < JUSTIFICATION_LENGTH:
        raise AiopsError(
            f"The verdict {verdict} on a plan of tier {record.plan.tier} needs a justification of "
            f"at least {JUSTIFICATION_LENGTH} characters."
        )
    return text


def _incident(records: Records, record: Record, voice: Voice, incident: str) -> str:
    """The incident for which the glass is broken; nobody breaks it twice before somebody has looked at the first time."""
    text = safe_text(incident)
    if not text or "\n" in text or voice.by.proof != "signature":
        raise AiopsError("To break the glass, an incident id and a signature are needed. Nothing was recorded.")
    person = record.people.who(voice.by.name, voice.by.proof, moments.now())
    for phr in records.with_event("break_glass"):
        other = records.load(phr)
        glass = other.broken_glass
        same = glass and person == record.people.who(glass.by.name, glass.by.proof, moments.now())
        if same and other.review is None:
            raise AiopsError(
                f"{voice.by.name} broke the glass for {phr}, which nobody has reviewed yet. Nothing was recorded."
            )
    return text


def _require_weight(record: Record, event: Event) -> None:
    """An approval that would count for nothing is refused with the reason: nobody shall think that it was given."""
    after = dataclasses.replace(record, events=(*record.events, event))
    if event.type == "approved":
        counts = len(after.missing) < len(record.missing)
    elif event.type == "break_glass":
        counts = after.broken_glass is not None
    elif event.type == "rollback_approved":
        counts = after.rollback_approved(event.at)
    else:
        return
    if not counts:
        needed = " and ".join(record.missing or record.rule.roles)
        raise AiopsError(
            f"{event.by} can't decide that for {record.id}: it needs {needed} by {record.rule.proof} or stronger, each another person, "
            "by trust/identities.yml; nobody is the security half of an own request. Nothing was recorded."
        )


def _require_state(record: Record, verdict: str) -> None:
    state = record.state(moments.now())
    if state not in _STATES[verdict]:
        words = {
            "revoke": "can't be revoked any more",
            "approve_rollback": "has nothing to take back",
        }.get(verdict, "is not waiting for a decision")
        raise AiopsError(f"{record.id} {words}: it is {state}.")
