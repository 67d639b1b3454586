# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The diagnosis as Markdown, for a ticket or a chat."""

from __future__ import annotations

import re
import typing as t

from .._model import fields
from .._model.finding import Diagnosis, EvidenceItem, Finding
from .._model.text import one_line, visible
from . import wording

_MARKUP: t.Final = re.compile(r"([\\`*_{}\[\]<>#|~!&]|^[-+=]|(?<=^\d)[.)]|:(?=//)|(?<=mailto):|(?<=\bwww)\.)")


def report(diagnosis: Diagnosis, proposals: t.Sequence[fields.Json] = ()) -> str:
    """Markdown in which text from the cluster is text: no link, image, mention or HTML of its own."""
    lines = [f"# {plain(wording.headline(diagnosis))}", "", plain(wording.place(diagnosis)), ""]
    lines += [f"- {plain(gap)}" for gap in wording.gaps(diagnosis.unreadable)]
    lines += [f"- {plain(missing)}" for missing in wording.without_advice(diagnosis)]
    lines += _plans(wording.planned(diagnosis, proposals))
    for number, (finding, children) in enumerate(wording.roots(diagnosis), 1):
        lines += _finding(number, finding, children, diagnosis.observed_at)
    return "\n".join(lines).rstrip() + "\n"


def _plans(planned: t.Sequence[wording.Planned]) -> t.Iterator[str]:
    if planned:
        yield from ("## Plans", "")
    for each in planned:
        yield f"- {each.label}: {plain(each.text)}"
        yield ""
        if each.command:
            yield from block(each.command)


def _finding(number: int, finding: Finding, children: list[Finding], observed_at: str) -> t.Iterator[str]:
    yield f"## {number}. {plain(wording.title(finding))}: {plain(finding.cause)}"
    yield ""
    if finding.summary.strip():
        yield f"**{plain(finding.summary)}**"
        yield ""
    yield f"{finding.severity}, {finding.confidence}, since {plain(wording.extent(finding, observed_at))}."
    yield ""
    yield plain(finding.explanation)
    yield ""
    for item in finding.evidence:
        yield from _proof(item)
    for candidate in finding.candidates:
        yield f"- Maybe meant: {plain(candidate.what)} ({plain(candidate.why)})"
    for remedy in finding.remedies:
        yield f"- Remedy: {plain(wording.remedy(remedy))}"
    for said in wording.counting(finding.advice):
        yield f"- Advice: {plain(wording.advice(said))}"
    for child in children:
        yield f"- Follows from it: {plain(wording.title(child))}: {plain(child.cause)}"
    yield "- Next:"
    yield ""
    yield from block(finding.next_step)
    yield f"- More: {plain(finding.runbook)}"
    yield ""


def _proof(item: EvidenceItem) -> t.Iterator[str]:
    at = f" at {item.at}" if item.at else ""
    yield f"- {plain(item.source)}{plain(at)}"
    yield ""
    yield from block(item.text)


def block(text: str) -> t.Iterator[str]:
    """A code block that its content can't end: indented, not fenced."""
    for line in text.splitlines() or [""]:
        yield f"      {visible(line)}"
    yield ""


def plain(text: str) -> str:
    """Escaped; the zero-width space after @ keeps forges and chats from mentioning somebody."""
    return _MARKUP.sub(r"\\\1", one_line(text, 2000)).replace("@", "@&#8203;")
