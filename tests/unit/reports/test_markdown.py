# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diagnosis as Markdown: text from a cluster stays text, for a parser and for GitHub's and GitLab's additions to it."""

from __future__ import annotations

import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import Diagnosis, EvidenceItem
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.markdown import report
from ansible_collections.aiops.kubernetes.tests.unit.model.made import diagnosis, finding
from ansible_collections.aiops.kubernetes.tests.unit.reports.hostile import TEXTS, everywhere, proposals

# All that our own layout is made of.
_OURS = {"heading", "paragraph", "bullet_list", "list_item", "code_block", "inline", "text", "strong", "softbreak"}
_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _tokens(text: str) -> list[Token]:
    return [each for block in _PARSER.parse(text) for each in (block, *(block.children or ()))]


def _kinds(text: str) -> set[str]:
    return {re.sub(r"_(open|close)$", "", token.type) for token in _tokens(text)}


def _prose(text: str) -> str:
    """The source without its code blocks."""
    return "\n".join(line for line in text.splitlines() if not line.startswith(" " * 6))


def _inert(made: Diagnosis, planned: list[dict[str, t.Any]]) -> None:
    text = report(made, planned)
    assert _kinds(text) <= _OURS
    # the headline, one heading for the plans and one for each root
    assert [token.tag for token in _tokens(text) if token.type == "heading_open"] == ["h1", "h2", "h2"]
    prose = _prose(text)
    assert not re.search(r"(?:https?|ftp)://|\bwww\.|mailto:\w", prose)  # GitHub makes links of these
    assert not re.search(r"@\w", prose)  # mentions are looked for after the backslash is gone


@pytest.mark.parametrize("text", TEXTS)
def test_hostile_text_is_text(text: str) -> None:
    _inert(everywhere(text), proposals(text))


@given(st.text(st.sampled_from("ab1.-+*_`#<>[](){}!|~=&:/\\@ \n\t"), max_size=30))
def test_no_text_is_markup(text: str) -> None:
    _inert(everywhere(text), proposals(text))


@given(st.text(st.characters(), max_size=40))
def test_no_text_ends_its_code_block(text: str) -> None:
    made = diagnosis(finding(evidence=(EvidenceItem("log", "source", text),), next_step="next"))
    blocks = [token.content for token in _tokens(report(made)) if token.type == "code_block"]
    assert len(blocks) <= 2  # a text without a visible character gives none
    assert blocks[-1].strip() == "next"
    report(made).encode()


def test_a_log_is_whole_in_its_code_block() -> None:
    log = "first\n\n```\n</pre>\n# no heading\n    indented\n- no item"
    made = diagnosis(finding(evidence=(EvidenceItem("log", "source", log),)))
    blocks = [token.content for token in _tokens(report(made)) if token.type == "code_block"]
    assert blocks[0].rstrip("\n") == log


def test_what_a_person_reads() -> None:
    text = report(diagnosis(finding()))
    assert text.startswith("# 1 of 12 workloads is failing, 1 finding\n")
    plain = _rendered(text)
    for words in (
        "1. Deployment shop/cart, container app: configmap-missing",
        "critical, confirmed, since 2026-11-22T09:11:40Z (3 min), 3 pods affected.",
        "The pod names the ConfigMap without marking it optional.",
        'CreateContainerConfigError: configmap "cart-config" not found',
        "Maybe meant: ConfigMap shop/cart-configs (the name is similar)",
        "kubectl -n shop get configmaps",
        "More: runbooks/configuration.md#configmap-missing",
    ):
        assert words in plain


def test_the_plans_come_first_with_what_approves_them() -> None:
    made = finding()
    planned = {
        "finding": made.id,
        "phr": "PHR-1",
        "tier": "low",
        "state": "pending",
        "dry_run": "ok",
        "summary": "scale",
    }
    text = _rendered(report(diagnosis(made), [planned, {"finding": made.id, "needs": "an image"}]))
    for words in (
        "Plan: PHR-1 (tier low, pending; dry run: ok): scale",
        "ansible-playbook aiops.kubernetes.approve -e aiops_phr=PHR-1",
        "Plan: Deployment shop/cart, container app: an image must be named before there can be a plan",
    ):
        assert words in text
        assert text.index(words) < text.index("1. Deployment shop/cart")


def _rendered(text: str) -> str:
    """The text that a reader sees."""
    shown: t.Iterator[str] = (token.content for token in _tokens(text) if token.type in {"text", "code_block"})
    return "\n".join(shown)
