# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A record as a page: PHR.md, the view of a plan and its events that a person reads.  The events are the truth."""

from __future__ import annotations

import typing as t

from .._model import fields, moments
from .._model.advice import advice_from_json
from .._model.record import Event, Record
from . import wording
from .markdown import block, plain
from .plan_text import plan_text

RENDERER: t.Final = "aiops.kubernetes/phr-page/1"

_HAPPENED: t.Final[t.Mapping[str, str]] = {
    "proposed": "plan made",
    "asked": "asked for a decision",
    "approved": "approved",
    "rejected": "rejected",
    "revoked": "approval revoked",
    "superseded": "superseded by a new plan",
    "stale": "stale: the object changed before the plan was applied",
    "claimed": "claimed for one run",
    "applying": "about to write",
    "applied": "applied",
    "not_applied": "not applied",
    "verified": "looked at",
    "rolling_back": "about to take it back",
    "rolled_back": "taken back",
    "rollback_blocked": "not taken back: somebody else changed it since",
    "rollback_failed": "could not be taken back",
    "break_glass": "approved alone, by breaking the glass",
    "post_review": "reviewed by somebody else",
    "rollback_approved": "decided to be taken back",
    "note": "note",
    "closed": "closed",
}


def page(record: Record) -> str:
    """Front matter with what a list needs, then the story."""
    plan, finding = record.plan, record.plan.finding
    last = record.events[-1]
    lines = [
        "---",
        f"renderer: {RENDERER}",
        f"id: {record.id}",
        f"state: {record.state(last.at)}",
        f"tier: {plan.tier}",
        f"action: {plan.action}",
        f"digest: {record.plan_digest}",
        f"head: {record.head}",
        f"events: {len(record.events)}",
        "---",
        "",
        f"# {plain(record.id)}: {plain(plan.summary)}",
        "",
        *_story(record),
        "## Recommendation",
        "",
        f"{plain(fields.get_str(finding, 'cause'))} on {plain(str(plan.workload))}: {plain(fields.get_str(finding, 'summary'))}",
        "",
        plain(fields.get_str(finding, "explanation")),
        "",
    ]
    for item in fields.get_dicts(finding, "evidence"):
        lines += [f"- {plain(fields.get_str(item, 'source'))}", "", *block(fields.get_str(item, "text"))]
    lines += _advice(record)
    lines += ["## Plan", "", *block(plan_text(record)), "## Decision", "", *_decisions(record)]
    lines += [
        "## Metrics",
        "",
        *_metrics(record),
        "## Rollback",
        "",
        *_rollback(record),
        "## Events",
        "",
        *_events(record),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _advice(record: Record) -> t.Iterator[str]:
    if record.advice:
        yield from ("## Advice", "", "Comments of AI tools. Nothing of the plan was made of them.", "")
    for said in map(advice_from_json, record.advice):
        words = wording.advice(said) if said.state == "ok" else wording.missing(said)
        yield from (f"- {plain(words)}", "")


def times(record: Record) -> dict[str, int | None]:
    """The times that count, in seconds: failure to plan (MTTD), question to answer, and failure to a good verdict (MTTR)."""
    began = fields.get_str(record.plan.finding, "since") or None
    asked, approved = record.first("asked"), record.approvals[-1] if record.approvals else None
    good = next((event.at for event in record.events if fields.get_str(event.body, "verdict") == "better"), None)
    return {
        "mttd": _whole(began, record.plan.created_at),
        "approval": _whole(asked.at if asked else None, approved.at if approved else None),
        "mttr": _whole(began, good),
    }


def _whole(first: str | None, second: str | None) -> int | None:
    seconds = moments.seconds_between(first, second)
    return None if seconds is None else int(seconds)


def _story(record: Record) -> t.Iterator[str]:
    last = record.events[-1]
    told = {name: moments.in_words(seconds) for name, seconds in times(record).items() if seconds is not None}
    verdict = f", verdict {record.verdict}" if record.verdict else ""
    yield f"**{plain(_HAPPENED.get(last.type, last.type))}**, {last.at}{verdict}."
    yield ""
    if told:
        words = {
            "mttd": "from failure to plan",
            "approval": "from question to approval",
            "mttr": "from failure to a good verdict",
        }
        yield ", ".join(f"{words[name]} {value}" for name, value in told.items()) + "."
        yield ""


def _decisions(record: Record) -> t.Iterator[str]:
    if not record.rule.roles:
        yield "The policy decides changes of this tier; nobody is asked."
        yield ""
    for event in record.events:
        if event.type in {"approved", "rejected", "revoked", "break_glass", "rollback_approved", "post_review"}:
            yield f"- {_HAPPENED[event.type]} by {plain(str(event.by))} at {event.at}"
            yield ""
            yield from block(
                fields.get_str(event.body, "justification")
                or fields.get_str(event.body, "text")
                or "(no justification)"
            )
    if record.missing:
        yield f"Still missing: {', '.join(record.missing)}."
        yield ""


def _metrics(record: Record) -> t.Iterator[str]:
    plan = record.plan
    yield "| when | pods wanted | ready | restarts | verdict | why |"
    yield "|---|---|---|---|---|---|"
    yield f"| before | {plan.baseline.desired} | {plan.baseline.ready} | {plan.baseline.restarts} | | |"
    for event in record.events:
        if event.type == "verified":
            metrics = fields.get_dict(event.body, "metrics")
            counts = " | ".join(str(fields.get_int(metrics, name)) for name in ("desired", "ready", "restarts"))
            offset = moments.in_words(fields.get_int(event.body, "offset_seconds") or 0)
            verdict, reason = (plain(fields.get_str(event.body, name)) for name in ("verdict", "reason"))
            yield f"| after {offset} | {counts} | {verdict} | {reason} |"
    yield ""


def _rollback(record: Record) -> t.Iterator[str]:
    plan, rule = record.plan, record.rule
    if plan.irreversible_because:
        yield f"Not possible, because {plain(plan.irreversible_because)}."
    elif rule.automatic_rollback and rule.rollback_within:
        yield f"By the inverse of each step, by itself when the verdict is worse, started within {moments.in_words(rule.rollback_within)}."
    else:
        yield "By the inverse of each step, when one person decides it."
    yield ""
    if late := record.rollback_late(record.events[-1].at):
        began = "It began" if record.first("rolling_back") else "It has not begun, which is"
        yield f"{began} {moments.in_words(late)} too late."
        yield ""
    for event in record.events:
        for row in fields.get_dicts(event.body, "difference"):
            yield f"- {plain(fields.get_str(row, 'path'))}"
            yield ""
            yield from block(
                f"before: {fields.get(row, 'before')}\nours:   {fields.get(row, 'ours')}\nnow:    {fields.get(row, 'now')}"
            )


def _events(record: Record) -> t.Iterator[str]:
    yield "| number | at | what | by | detail |"
    yield "|---|---|---|---|---|"
    for event in record.events:
        what = plain(_HAPPENED.get(event.type, event.type))
        yield f"| {event.number} | {event.at} | {what} | {plain(str(event.by))} | {plain(_detail(event))} |"
    yield ""


def _detail(event: Event) -> str:
    body: fields.Json = event.body
    return (
        fields.get_str(body, "reason")
        or fields.get_str(body, "text")
        or fields.get_str(body, "by")
        or fields.get_str(body, "verdict")
    )
