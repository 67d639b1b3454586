# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody who writes logs, names and messages of a cluster may try on a report."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.advice import Advice, Command
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Cluster, Scope, Unreadable
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import Candidate, Diagnosis, EvidenceItem
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.tests.unit.model.made import diagnosis, finding

TEXTS: t.Final = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</pre></article><h1>All is well</h1>",
    "</style><link rel=stylesheet href=//evil.example/x.css>",
    "<!-- <!doctype html> -->&lt;script&gt;",
    "[click](https://evil.example) ![x](https://evil.example/x.png) <https://evil.example>",
    "see https://evil.example/login or www.evil.example or mailto:a@evil.example",
    "@everyone and @shop/oncall",
    "# All is well\n## 2. Nothing is failing",
    "```\nend of code\n```\n~~~\n# heading",
    "\n\nnormal paragraph\n\n- [x] done\n\n---\n\n| a | b |\n|---|---|\n",
    "1. first\n- second\n+ third\n===",
    "*bold* _it_ `code` ~~gone~~ \\ &amp; &#35; heading",
    "{{ lookup('env', 'HOME') }} {% raw %}",
    "\x1b[2J\x1b[31mred\x07 \x9b31m \x1b]0;title\x07 \r overwritten",
    "\u202eevil\u2066 \u200bzero\ufeff \u2028 \x85 \x0b \x0c \ud800",
)


def proposals(text: str) -> list[dict[str, t.Any]]:
    """A plan, one that needs a value, and none at all, in which ``text`` stands wherever it may come from elsewhere."""
    made = dict.fromkeys(("finding", "phr", "tier", "state", "dry_run", "summary"), text)
    return [made, {"finding": text, "needs": text}, {"finding": text, "why_none": text}]


def everywhere(text: str) -> Diagnosis:
    """A diagnosis in which ``text`` stands wherever text may come from a cluster or a forged file."""
    ref = Ref("Deployment", text, text)
    root = finding(
        cause=text,
        subject=ref,
        workload=ref,
        container=text,
        summary=text,
        explanation=text,
        next_step=text,
        since=text,
        evidence=(EvidenceItem("log", text, text, text), EvidenceItem("event", "source", f"\n{text}\n\n{text}")),
        runbook=text,
        candidates=(Candidate(text, text),),
        advice=(
            Advice(text, "ok", text, 1.0, text, False, text, (text,), (Command(text, False),), text, text),
            Advice(text, "error", text, 1.0, commands=(Command(text, False),)),
        ),
    )
    child = dataclasses.replace(root, cause=f"{text} too", caused_by=root.id)
    return diagnosis(
        root,
        child,
        cluster=Cluster(text, text, text, text),
        scope=Scope((text,), text),
        observed_at=text,
        unreadable=(Unreadable(text, text, 403, text),),
    )
