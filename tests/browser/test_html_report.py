# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTML report in a real browser: it asks for nothing, runs nothing, and can be read on a phone, by night and on paper."""

from __future__ import annotations

import base64
import dataclasses
import typing as t
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster import snapshot
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Scope, Unreadable
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import Diagnosis
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports import html
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.diagnose import diagnose
from ansible_collections.aiops.kubernetes.tests.browser.chromium import Browser
from ansible_collections.aiops.kubernetes.tests.unit.model.made import diagnosis, finding
from ansible_collections.aiops.kubernetes.tests.unit.reports.hostile import TEXTS, everywhere, proposals

SHOP = Path(__file__).parents[2] / "playbooks" / "files" / "shop.json"
PHONE, DESKTOP, PAPER = 390, 1280, 718
# Each text that can be seen: its words, its size in pixels, and how far it stands out from what is behind it (WCAG 2.2).
SEEN = """
(() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = text => {
    const [r, g, b] = rgb(text).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if ((rgb(colour)[3] ?? 1) > 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, words = walker.currentNode.data.trim();
    if (!words || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const [dark, bright] = [light(style.color), light(behind(element))].sort((a, b) => a - b);
    found.push({words, size: parseFloat(style.fontSize), contrast: (bright + 0.05) / (dark + 0.05)});
  }
  return found;
})()
"""
TOO_WIDE = """
[...document.querySelectorAll('body *')].filter(each => each.getBoundingClientRect().right > innerWidth + 0.5)
  .map(each => each.outerHTML.slice(0, 80))
"""
# What our layout never has.
FOREIGN = "[...document.querySelectorAll('script,img,svg,link,iframe,form,object,embed,a:not([href^=\"#f\"])')].length"


def _real() -> Diagnosis:
    """Real failures of every severity, one of them a consequence, and a gap."""
    made = diagnose(snapshot.load(str(SHOP)), Scope())
    child = dataclasses.replace(made.findings[-1], caused_by=made.findings[0].id, severity="info")
    alone = dataclasses.replace(finding(severity="info"), cause="hygiene")
    gap = Unreadable("events", "shop", 403, 'events is forbidden: User "oncall" cannot list resource "events"')
    return dataclasses.replace(made, findings=(*made.findings[:-1], child, alone), unreadable=(gap,))


def _hostile() -> Diagnosis:
    every = [everywhere(text) for text in TEXTS]
    return dataclasses.replace(every[0], findings=tuple(each for one in every for each in one.findings[:1]))


def _unbroken() -> Diagnosis:
    """No word of it gives a place to break a line."""
    word = "x" * 400
    return diagnosis(finding(summary=word, explanation=word, next_step=word, runbook=word, container=word))


PAGES: dict[str, t.Callable[[], Diagnosis]] = {
    "real": _real,
    "hostile": _hostile,
    "unbroken": _unbroken,
    "healthy": diagnosis,
}


# On each page: hostile ones, and one that has a command to be copied.
PLANS: t.Final = [
    *(each for text in TEXTS for each in proposals(text)),
    {"phr": "PHR-20261122-091502-3f9c1a", "tier": "medium", "state": "pending", "dry_run": "ok", "summary": "x" * 400},
]


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "diagnosis.html"
    path.write_text(html.report(PAGES[request.param](), PLANS), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_error_no_request_and_nothing_runs(browser: Browser, page: Path, scheme: str) -> None:
    browser.show(DESKTOP, scheme)
    browser.open(page)
    assert (browser.errors, browser.dialogs) == ([], [])
    assert browser.requests == [page.as_uri()]
    assert browser.evaluate(FOREIGN) == 0


def test_hostile_text_is_shown(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_text(html.report(_hostile(), PLANS), encoding="utf-8")
    browser.open(path)
    shown = browser.evaluate("document.body.innerText")
    for text in ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</pre></article><h1>All is well</h1>"):
        assert text in shown
    assert "ansible-playbook aiops.kubernetes.approve -e aiops_phr=PHR-20261122-091502-3f9c1a" in shown
    assert browser.evaluate("document.querySelectorAll('h1').length") == 1


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read(browser: Browser, page: Path, width: int, scheme: str) -> None:
    browser.show(width, scheme)
    browser.open(page)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate(TOO_WIDE) == []
    seen = browser.evaluate(SEEN)
    assert seen
    assert [each for each in seen if each["contrast"] < 4.5] == []
    assert [each for each in seen if each["size"] < 13] == []
    background = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_printed(browser: Browser, page: Path, scheme: str) -> None:
    """In dark on white, also by night."""
    browser.show(PAPER, scheme, "print")
    browser.open(page)
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.evaluate(TOO_WIDE) == []
    assert [each for each in browser.evaluate(SEEN) if each["contrast"] < 4.5] == []
    printed = base64.b64decode(browser.call("Page.printToPDF")["data"])
    assert printed.startswith(b"%PDF-")


def test_the_overview_leads_to_each_finding(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "diagnosis.html"
    path.write_text(html.report(_real()), encoding="utf-8")
    browser.show(PHONE, "light")
    browser.open(path)
    links = browser.evaluate("[...document.querySelectorAll('nav a')].map(a => a.getAttribute('href').slice(1))")
    assert links == browser.evaluate("[...document.querySelectorAll('article')].map(each => each.id)")
    browser.evaluate("document.querySelector('nav li:nth-child(3) a').click()")
    top = browser.evaluate("document.getElementById('f3').getBoundingClientRect().top")
    assert -1 <= top <= 400
    assert browser.requests == [path.as_uri()]


def test_these_tests_would_notice(browser: Browser, tmp_path: Path) -> None:
    """A page that asks, speaks, is too wide and too pale."""
    path = tmp_path / "bad.html"
    path.write_text(
        "<!DOCTYPE html><body style='background:#fff'><p style='color:#999;font-size:9px;width:2000px'>pale</p>"
        "<img src='http://127.0.0.1:9/x.png'><script>console.error('spoke')</script></body>"
    )
    browser.show(PHONE, "light")
    browser.open(path)
    assert "http://127.0.0.1:9/x.png" in browser.requests
    assert any("spoke" in error for error in browser.errors)
    assert browser.evaluate(FOREIGN) == 2
    assert browser.evaluate(TOO_WIDE) != []
    [pale] = [each for each in browser.evaluate(SEEN) if each["words"] == "pale"]
    assert pale["contrast"] < 4.5
    assert pale["size"] < 13
