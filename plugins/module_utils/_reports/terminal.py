# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The summary for a terminal: what fails, since when, why, how sure, the proof, the next command."""

from __future__ import annotations

import textwrap
import typing as t

from .._model.fields import Json, get_str
from .._model.finding import Diagnosis, EvidenceItem, Finding
from .._model.plan import FROM_SNAPSHOT
from .._model.text import one_line, visible
from . import wording

_WIDTH: t.Final = 110
_PROOFS: t.Final = 3
_LOG_LINES: t.Final = 4
_LABEL: t.Final = 9


def summary(diagnosis: Diagnosis) -> str:
    """Text without control characters, whatever the cluster holds."""
    lines = [_shown(wording.headline(diagnosis)), _shown(wording.place(diagnosis))]
    lines += [f"  {_shown(wording.gap(gap))}" for gap in diagnosis.unreadable]
    for number, (finding, children) in enumerate(wording.roots(diagnosis), 1):
        lines += ["", *_finding(number, finding, children, diagnosis.observed_at)]
    return "\n".join(lines)


def plans(proposals: t.Sequence[Json]) -> str:
    """The plans that were made, each with the command that asks for its approval; empty where none was tried."""
    return "\n".join(line for proposal in proposals for line in _plan(proposal))


def _plan(proposal: Json) -> t.Iterator[str]:
    phr, tier, state, dry_run = (get_str(proposal, name) for name in ("phr", "tier", "state", "dry_run"))
    if phr:
        yield from _field("Plan", f"{phr} ({tier}, {state}; dry run: {dry_run}): {get_str(proposal, 'summary')}")
        if dry_run == FROM_SNAPSHOT:
            yield from _field("", "It was made from a snapshot and can never be applied.")
        else:
            yield f"   {'':<{_LABEL}}ansible-playbook aiops.kubernetes.approve -e aiops_phr={_shown(phr)}"
    elif needs := get_str(proposal, "needs"):
        yield from _field("Plan", f"{get_str(proposal, 'finding')}: {needs} must be named before there can be a plan")
    else:
        yield from _field("No plan", f"{get_str(proposal, 'finding')}: {get_str(proposal, 'why_none')}")


def _finding(number: int, finding: Finding, children: list[Finding], observed_at: str) -> t.Iterator[str]:
    yield _shown(
        f"{number}. {finding.severity.upper()}  {wording.title(finding)}: {finding.cause} ({finding.confidence})"
    )
    yield from _field("", finding.summary)
    yield from _field("Since", wording.extent(finding, observed_at))
    yield from _field("Why", finding.explanation)
    for item in finding.evidence[:_PROOFS]:
        yield from _proof(item)
    for candidate in finding.candidates:
        yield from _field("Maybe", f"{candidate.what} ({candidate.why})")
    for remedy in finding.remedies[:1]:
        needs = f"; needs {remedy.needs}" if remedy.needs else ""
        yield from _field("Remedy", f"{remedy.summary} ({remedy.tier or 'no plan yet'}{needs})")
    for child in children:
        yield from _field("Hence", f"{wording.title(child)}: {child.cause}")
    yield f"   {'Next':<{_LABEL}}{_shown(finding.next_step)}"  # on one line, so that it can be copied
    yield from _field("More", finding.runbook)


def _proof(item: EvidenceItem) -> t.Iterator[str]:
    yield from _field("Proof", item.source)
    for line in item.text.splitlines()[-_LOG_LINES:]:
        yield from _field("", f"| {visible(line)}")


def _field(label: str, text: str) -> t.Iterator[str]:
    indent = " " * (3 + _LABEL)
    yield from textwrap.wrap(
        _shown(text),
        _WIDTH,
        initial_indent=f"   {label:<{_LABEL}}",
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _shown(text: str) -> str:
    return one_line(text, 1000)
