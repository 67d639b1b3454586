# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The diagnosis as one HTML file: no script, nothing loaded from elsewhere, readable on a phone and on paper."""

from __future__ import annotations

import html
import itertools
import typing as t

from .._model import fields
from .._model.finding import Diagnosis, EvidenceItem, Finding
from .._model.text import one_line, shorten, visible
from . import wording

# As many findings as fit; the JSON file holds all of them.
_BYTES: t.Final = 430_000
_OVERVIEW: t.Final = 50
_EVIDENCE_CHARACTERS: t.Final = 1500
_CHILDREN: t.Final = 50

_STYLE: t.Final = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1a1a1a;--soft:#5c5c5c;--box:#f4f4f5;--line:#d4d4d8;
--critical:#b00020;--warning:#8a5a00;--info:#22577a}
@media screen and (prefers-color-scheme:dark){:root{--bg:#16161a;--fg:#ececf1;--soft:#a5a5b0;--box:#212127;--line:#3b3b44;
--critical:#ff8080;--warning:#f0b860;--info:#80bfe8}}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;background:var(--bg);color:var(--fg);
overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.1rem;margin:0 0 .25rem}p{margin:.25rem 0}.soft{color:var(--soft)}
article{border:1px solid var(--line);border-left-width:.4rem;border-radius:.4rem;padding:.75rem 1rem;margin:1rem 0}
article.critical{border-left-color:var(--critical)}article.warning{border-left-color:var(--warning)}
article.info{border-left-color:var(--info)}
pre{background:var(--box);padding:.5rem;border-radius:.3rem;white-space:pre-wrap;margin:.25rem 0;font-size:.85rem}
ul,ol{margin:.25rem 0;padding-left:1.2rem}nav{margin:1rem 0}nav ol{padding-left:2rem}nav li{margin:.4rem 0}
a{color:inherit}article:target{outline:.15rem solid var(--soft)}
b.critical{color:var(--critical)}b.warning{color:var(--warning)}b.info{color:var(--info)}dt{font-weight:600;margin-top:.5rem}dd{margin:0}
@media print{body{max-width:none}article{break-inside:avoid}}
"""


def report(diagnosis: Diagnosis, proposals: t.Sequence[fields.Json] = ()) -> str:
    """A whole page; text from the cluster stands in it as text only."""
    headline = _text(wording.headline(diagnosis))
    roots = wording.roots(diagnosis)
    missing = [*wording.gaps(diagnosis.unreadable), *wording.without_advice(diagnosis)]
    gaps = "".join(f"<li>{_text(each)}</li>" for each in missing)
    shown = _as_many_as_fit([_finding(n, *pair, diagnosis.observed_at) for n, pair in enumerate(roots, 1)])
    left_out = len(roots) - len(shown)
    rest = f"<p>{left_out} more stand in diagnosis.json.</p>" if left_out else ""
    # A single finding needs no list of its own.
    overview = _overview([finding for finding, _children in roots[: len(shown)]]) if len(shown) > 1 else ""
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>{headline}</title><style>{_STYLE}</style></head><body><main>"
        f'<h1>{headline}</h1><p class="soft">{_text(wording.place(diagnosis))}</p>'
        f"{f'<ul>{gaps}</ul>' if gaps else ''}{_plans(diagnosis, proposals)}{overview}{''.join(shown)}{rest}</main></body></html>\n"
    )


def _as_many_as_fit(articles: t.Sequence[str]) -> list[str]:
    sizes = itertools.accumulate(len(article.encode()) for article in articles)
    return [article for article, size in zip(articles, sizes, strict=True) if size <= _BYTES]


def _plans(diagnosis: Diagnosis, proposals: t.Sequence[fields.Json]) -> str:
    items = "".join(
        f"<dt>{each.label}</dt><dd>{_text(each.text)}{f'<pre>{_text(each.command)}</pre>' if each.command else ''}</dd>"
        for each in wording.planned(diagnosis, proposals)
    )
    return f"<section><h2>Plans</h2><dl>{items}</dl></section>" if items else ""


def _overview(findings: t.Sequence[Finding]) -> str:
    """Each finding in one line, with a link to it; the first that many of a large report, which is long enough."""
    items = "".join(
        f'<li><a href="#f{n}">{_text(wording.title(finding))}</a>: {_mark(finding)} {_brief(finding)}</li>'
        for n, finding in enumerate(findings[:_OVERVIEW], 1)
    )
    more = f"<p>{len(findings) - _OVERVIEW} more below.</p>" if len(findings) > _OVERVIEW else ""
    return f"<nav><ol>{items}</ol>{more}</nav>"


def _brief(finding: Finding) -> str:
    return html.escape(one_line(finding.summary, 160))


def _mark(finding: Finding) -> str:
    return f'<b class="{finding.severity}">{finding.severity}</b>'


def _finding(number: int, finding: Finding, children: list[Finding], observed_at: str) -> str:
    rows = [("Why", f"<p>{_text(finding.explanation)}</p>"), ("Proof", "".join(map(_proof, finding.evidence)))]
    if finding.candidates:
        items = "".join(
            f"<li>{_text(candidate.what)} ({_text(candidate.why)})</li>" for candidate in finding.candidates
        )
        rows.append(("Maybe meant", f"<ul>{items}</ul>"))
    if finding.remedies:
        items = "".join(f"<li>{_text(wording.remedy(remedy))}</li>" for remedy in finding.remedies)
        rows.append(("Remedy", f"<ul>{items}</ul>"))
    if counting := wording.counting(finding.advice):
        items = "".join(f"<li>{_text(wording.advice(said))}</li>" for said in counting)
        rows.append(("Advice", f"<ul>{items}</ul>"))
    if children:
        items = "".join(
            f"<li>{_text(wording.title(child))}: {_text(child.cause)}</li>" for child in children[:_CHILDREN]
        )
        items += f"<li>{len(children) - _CHILDREN} more</li>" if len(children) > _CHILDREN else ""
        rows.append(("Follows from it", f"<ul>{items}</ul>"))
    rows += [("Next", f"<pre>{_text(finding.next_step)}</pre>"), ("More", _text(finding.runbook))]
    details = "".join(f"<dt>{label}</dt><dd>{content}</dd>" for label, content in rows)
    return (
        f'<article class="{finding.severity}" id="f{number}"><h2>{number}. {_text(wording.title(finding))}</h2>'
        f"<p>{_mark(finding)}: <b>{_text(finding.summary)}</b></p>"
        f'<p class="soft">{_text(finding.cause)}, {finding.confidence}, since {_text(wording.extent(finding, observed_at))}</p>'
        f"<dl>{details}</dl></article>"
    )


def _proof(item: EvidenceItem) -> str:
    at = f" at {item.at}" if item.at else ""
    text = html.escape(visible(shorten(item.text, _EVIDENCE_CHARACTERS)))
    return f'<p class="soft">{_text(item.source + at)}</p><pre>{text}</pre>'


def _text(text: str) -> str:
    return html.escape(one_line(text, 2000))
