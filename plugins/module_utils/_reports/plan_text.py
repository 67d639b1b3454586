# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as a person at a terminal reads it before deciding: everything that would be written, and nothing that hides."""

from __future__ import annotations

import json
import typing as t

from .._model import edits, fields, moments
from .._model.plan import Step
from .._model.record import Record
from .._model.secrets import REDACTED, redact_object, secret_name
from .._model.text import one_line, visible

_VALUE: t.Final = 300


def plan_text(record: Record) -> str:
    plan, rule = record.plan, record.rule
    back = (
        f"no, because {plan.irreversible_because}" if plan.irreversible_because else "yes, by the inverse of each step"
    )
    window = (
        f"started within {moments.in_words(rule.rollback_within)}"
        if rule.rollback_within
        else "when one person decides it"
    )
    cause, confidence, summary = (fields.get_str(plan.finding, name) for name in ("cause", "confidence", "summary"))
    lines = [
        ("Plan", f"{record.id}, tier {plan.tier}: {plan.summary}"),
        ("Cause", f"{cause} ({confidence}): {summary}"),
        *(
            ("Proof", f"{fields.get_str(item, 'source')}: {fields.get_str(item, 'text')}")
            for item in fields.get_dicts(plan.finding, "evidence")[:1]
        ),
        ("Effect", plan.effect),
        *(line for step in plan.steps for line in _step(step)),
        ("Reversible", f"{back}; {window}" if not plan.irreversible_because else back),
        ("Dry run", plan.dry_run),
        ("Tier", "; ".join(plan.tier_reasons)),
        ("Cluster", f"{plan.cluster.server} ({plan.cluster.context or 'no context'})"),
        ("Digest", record.plan_digest),
    ]
    return "\n".join(f"{label:<11}{one_line(text, 1000)}" for label, text in lines)


def steps(record: Record) -> list[str]:
    """Each step in words: what it is done to, and every value that it changes."""
    lines = [line for step in record.plan.steps for line in _step(step)]
    return [text if label == "Step" else f"  {text}" for label, text in lines]


def _step(step: Step) -> t.Iterator[tuple[str, str]]:
    again = " (it can be made again)" if step.verb == "delete" and step.manifest else ""
    yield "Step", f"{step.verb} {step.target}{again}"
    for change in changes(step):
        yield "  change", f"{change['path']}: {_value(change['before'])} -> {_value(change['after'])}"


def changes(step: Step) -> list[fields.Json]:
    """What a step changes, part by part, redacted."""
    tested = {fields.get_str(op, "path"): op.get("value") for op in step.patch if op.get("op") == "test"}
    found: list[fields.Json] = []
    for operation in step.patch:
        path = fields.get_str(operation, "path")
        if operation.get("op") != "test":
            for place, before, after in edits.differences(path, tested.get(path), operation.get("value")):
                hidden = place.endswith("/value") and secret_name(
                    str(tested.get(place.removesuffix("value") + "name", ""))
                )
                values = (REDACTED if hidden else redact_object(value) for value in (before, after))
                found.append({"path": place, **dict(zip(("before", "after"), values, strict=True))})
    if step.verb == "create":
        made = edits.differences("", {}, step.manifest)
        found += [{"path": place, "before": before, "after": redact_object(after)} for place, before, after in made]
    return found


def differences(step: Step, gone: fields.Json | None = None) -> list[fields.Json]:
    """What Ansible shows with --diff; ``gone`` is what a deletion takes away, of which it shows all."""
    if step.verb == "delete":
        whole = json.dumps(redact_object(gone), indent=1, sort_keys=True, ensure_ascii=False) if gone else ""
        headers = {"before_header": str(step.target), "after_header": f"{step.target} (deleted)"}
        return [{**headers, "before": f"{visible(whole)}\n", "after": ""}] if gone else []
    return [
        {
            **{f"{side}_header": f"{step.target} {change['path']}" for side in ("before", "after")},
            **{side: f"{_value(change[side])}\n" for side in ("before", "after")},
        }
        for change in changes(step)
    ]


def _value(value: t.Any) -> str:
    return one_line("(absent)" if value is None else json.dumps(value, ensure_ascii=False), _VALUE)
