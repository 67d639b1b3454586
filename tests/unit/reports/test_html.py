# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diagnosis as HTML: one file, no script, nothing loaded, nothing of the text is markup."""

from __future__ import annotations

import html.parser
import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import Candidate, EvidenceItem
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.html import report
from ansible_collections.aiops.kubernetes.tests.unit.model.made import diagnosis, finding
from ansible_collections.aiops.kubernetes.tests.unit.reports.hostile import TEXTS, everywhere, proposals

MOST_BYTES = 500_000
# The elements of our layout with the attributes that they may have.
OURS: dict[str, set[str]] = {
    "html": {"lang"},
    "meta": {"charset", "name", "content", "http-equiv"},
    "p": {"class"},
    "article": {"class", "id"},
    "b": {"class"},
    "a": {"href"},
    **{
        tag: set()
        for tag in (
            "head",
            "title",
            "style",
            "body",
            "main",
            "h1",
            "h2",
            "nav",
            "ol",
            "dl",
            "dt",
            "dd",
            "ul",
            "li",
            "pre",
            "section",
        )
    },
}
VOID = {"meta"}


class _Page(html.parser.HTMLParser):
    """What a browser would make of it: elements, attributes, visible text; a tag out of place is an error."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        assert decl == "DOCTYPE html"

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")


def _inert(text: str) -> _Page:
    page = _Page(text)
    for tag, attributes in page.elements:
        assert tag in OURS
        assert set(attributes) <= OURS[tag]
        assert attributes.get("class") in {None, "soft", "critical", "warning", "info"}
        assert re.fullmatch(r"#f\d+", attributes.get("href") or "#f1")
    assert sum(tag == "article" for tag, _attributes in page.elements) == 1
    text.encode()
    return page


@pytest.mark.parametrize("text", TEXTS)
def test_hostile_text_is_text(text: str) -> None:
    page = _inert(report(everywhere(text), proposals(text)))
    assert _words(text.split("\n", maxsplit=1)[0]) in _words("".join(page.text))


def _words(text: str) -> str:
    """Letters and digits of visible text only: what hides is written out, white space is folded."""
    return re.sub(r"\\(x\w\w|u\w{4})|[^A-Za-z0-9]", "", text)


@given(st.text(st.characters(), max_size=40) | st.text(st.sampled_from("<>&\"'/=!-ab \n"), max_size=30))
def test_no_text_is_markup(text: str) -> None:
    _inert(report(everywhere(text), proposals(text)))


def test_nothing_is_loaded_and_nothing_runs() -> None:
    text = report(diagnosis(finding()))
    policies = [a["content"] for tag, a in _Page(text).elements if a.get("http-equiv") == "Content-Security-Policy"]
    [policy] = [str(content) for content in policies]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["base-uri"] == "'none'"
    assert rules["form-action"] == "'none'"
    assert "script-src" not in rules
    [style] = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert not re.search(r"url\(|@import|expression|https?:|//", style)


def test_it_suits_phone_paper_and_night() -> None:
    text = report(diagnosis(finding()))
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert "@media print" in text
    assert "prefers-color-scheme:dark" in text
    assert '<html lang="en">' in text


def test_what_a_person_reads() -> None:
    text = " ".join("".join(_inert(report(diagnosis(finding()))).text).split())
    for words in (
        "1 of 12 workloads is failing, 1 finding",
        "namespace shop of context prod, Kubernetes v1.36.2, read at 2026-11-22T09:15:02Z",
        "1. Deployment shop/cart, container app",
        "critical: ConfigMap shop/cart-config does not exist",
        "configmap-missing, confirmed, since 2026-11-22T09:11:40Z (3 min), 3 pods affected",
        "The pod names the ConfigMap without marking it optional.",
        'CreateContainerConfigError: configmap "cart-config" not found',
        "ConfigMap shop/cart-configs (the name is similar)",
        "kubectl -n shop get configmaps # then create cart-config",
        "runbooks/configuration.md#configmap-missing",
    ):
        assert words in text


def test_the_plans_come_first_with_what_approves_them() -> None:
    made = finding()
    planned = {
        "finding": made.id,
        "phr": "PHR-1",
        "tier": "medium",
        "state": "pending",
        "dry_run": "ok",
        "summary": "go back",
    }
    none = {"finding": made.id, "why_none": "no change is known that would help"}
    text = " ".join("".join(_inert(report(diagnosis(made), [planned, none])).text).split())
    assert (
        "Plans Plan PHR-1 (tier medium, pending; dry run: ok): go back "
        "ansible-playbook aiops.kubernetes.approve -e aiops_phr=PHR-1 "
        "No plan Deployment shop/cart, container app: no change is known that would help 1. Deployment shop/cart"
    ).replace(" ", "") in text.replace(" ", "")
    assert "Plans" not in report(diagnosis(made))


LOG = "\n".join(f'{{"level":"error","msg":"can\'t reach <{n}>","n":{n}}}' for n in range(40))


def _large(number: int, **changes: t.Any) -> str:
    evidence = (
        EvidenceItem("status", "Pod shop/x: status.containerStatuses[app].lastState.terminated", "Error (exit code 1)"),
        EvidenceItem("log", "Pod shop/x: log of container app, the last run", LOG[:1500]),
        EvidenceItem("event", "Pod shop/x: event BackOff", "Back-off restarting failed container app " * 3),
    )
    findings = [
        finding(
            workload=Ref("Deployment", "shop", f"w-{n}"),
            evidence=evidence,
            candidates=(Candidate("x", "y"),) * 3,
            **changes,
        )
        for n in range(number)
    ]
    return report(diagnosis(*findings))


def test_5000_findings_fit_into_500_kilobytes() -> None:
    text = _large(5000)
    assert len(text.encode()) <= MOST_BYTES
    page = _Page(text)
    shown = sum(tag == "article" for tag, _attributes in page.elements)
    assert shown >= 30
    assert f"{5000 - shown} more stand in diagnosis.json." in "".join(page.text)


def test_5000_children_of_one_root_fit_as_well() -> None:
    root = finding()
    children = [
        finding(workload=Ref("Deployment", "shop", f"a-rather-long-name-{n}"), caused_by=root.id) for n in range(5000)
    ]
    assert len(report(diagnosis(root, *children)).encode()) <= MOST_BYTES


def test_huge_texts_fit_as_well() -> None:
    huge = '"<&>' * 300_000
    text = report(diagnosis(finding(summary=huge, explanation=huge, evidence=(EvidenceItem("log", huge, huge),) * 20)))
    assert len(text.encode()) <= MOST_BYTES


def test_few_findings_are_all_there() -> None:
    assert sum(tag == "article" for tag, _attributes in _Page(_large(40)).elements) == 40
