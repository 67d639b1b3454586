# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The summary for a terminal: what fails, since when, why, how sure, the proof, the next command."""

from __future__ import annotations

import textwrap
import typing as t

from .._model import fields
from .._model.finding import Diagnosis, EvidenceItem, Finding
from .._model.text import one_line, visible
from . import wording

_WIDTH: t.Final = 110
_PROOFS: t.Final = 3
_CHILDREN: t.Final = 10
# How many findings are told in full, and how many at all.
_IN_FULL: t.Final = 20
_SHOWN: t.Final = 120
_LOG_LINES: t.Final = 4
_LABEL: t.Final = 9


def summary(diagnosis: Diagnosis) -> str:
    """Text without control characters, whatever the cluster holds."""
    lines = [_shown(wording.headline(diagnosis)), _shown(wording.place(diagnosis))]
    lines += [f"  {_shown(gap)}" for gap in wording.gaps(diagnosis.unreadable)]
    lines += [f"  {_shown(missing)}" for missing in wording.without_advice(diagnosis)]
    roots = wording.roots(diagnosis)
    for number, (finding, children) in enumerate(roots[:_IN_FULL], 1):
        lines += ["", *_finding(number, finding, children, diagnosis.observed_at)]
    return "\n".join([*lines, *_in_short([finding for finding, _children in roots])])


def _in_short(findings: t.Sequence[Finding]) -> t.Iterator[str]:
    """What comes after the worst, a line each: nobody reads a hundred findings at a terminal."""
    if len(findings) <= _IN_FULL:
        return
    yield ""
    yield f"{len(findings) - _IN_FULL} more in short; aiops_output_dir has them in full:"
    for number, finding in enumerate(findings[_IN_FULL:_SHOWN], _IN_FULL + 1):
        yield _shown(f"{number}. {finding.severity.upper()}  {wording.title(finding)}: {finding.cause}")
    if len(findings) > _SHOWN:
        yield f"and {len(findings) - _SHOWN} more"


def plans(diagnosis: Diagnosis, proposals: t.Sequence[fields.Json]) -> str:
    """The plans that were made, each with the command that asks for its approval; empty where none was tried."""
    return "\n".join(line for each in wording.planned(diagnosis, proposals) for line in _plan(each))


def _plan(planned: wording.Planned) -> t.Iterator[str]:
    yield from _field(planned.label, planned.text)
    if planned.command:
        yield f"   {'':<{_LABEL}}{_shown(planned.command)}"  # on one line, so that it can be copied


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
        yield from _field("Remedy", wording.remedy(remedy))
    for said in wording.counting(finding.advice):
        yield from _field("Advice", wording.advice(said))
    for child in children[:_CHILDREN]:
        yield from _field("Hence", f"{wording.title(child)}: {child.cause}")
    if len(children) > _CHILDREN:
        yield from _field("", f"and {len(children) - _CHILDREN} more")
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
