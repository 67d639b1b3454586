# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every cause has its place in a runbook, and every runbook names the causes that lead to it."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import _table
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import UNDETERMINED

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(page for page in (ROOT / "runbooks").glob("*.md") if page.stem not in {"TEMPLATE", "README"})
TEMPLATE = ROOT / "runbooks" / "TEMPLATE.md"
INDEX = ROOT / "runbooks" / "README.md"
# judge.py names the place of what has no row.
GROUPS = [*(group for group in vars(_table).values() if isinstance(group, tuple)), *_table.OBJECT.values()]
PLACES = sorted(
    {
        *(row.runbook for group in GROUPS for row in group if isinstance(row, _table.Cause)),
        f"runbooks/{UNDETERMINED}.md#{UNDETERMINED}",
    }
)
PARTS = ("Do.", "It looks like.", "Be sure.", "What the collection says.", "Undo.")


def _front_matter(page: Path) -> dict[str, t.Any]:
    _nothing, matter, _rest = page.read_text(encoding="utf-8").split("---\n", maxsplit=2)
    return t.cast("dict[str, t.Any]", yaml.safe_load(matter))


def _sections(page: Path) -> dict[str, str]:
    """The text below each second-level heading, by the anchor that GitHub gives it; code is no heading."""
    sections: dict[str, str] = {}
    anchor, in_code = "", False
    for line in page.read_text(encoding="utf-8").splitlines():
        in_code ^= line.startswith("```")
        if line.startswith("## ") and not in_code:
            anchor = re.sub(r"[^\w\- ]", "", line[3:].strip().lower()).replace(" ", "-")
            assert anchor not in sections  # a second one would get a number
        sections[anchor] = sections.get(anchor, "") + line + "\n"
    return sections


def test_there_are_pages() -> None:
    assert PAGES
    assert len(PLACES) > len(PAGES)


@pytest.mark.parametrize("place", PLACES)
def test_a_finding_leads_to_a_page_and_an_anchor(place: str) -> None:
    path, _hash, anchor = place.partition("#")
    assert anchor in _sections(ROOT / path)


def test_the_index_lists_every_cause_once() -> None:
    rows = re.findall(r"^\| \[`([a-z-]+)`\]\(([^)]+)\) \| \S", INDEX.read_text(encoding="utf-8"), re.MULTILINE)
    assert all(target.endswith(f"#{cause}") for cause, target in rows)
    assert sorted(f"runbooks/{target}" for _cause, target in rows) == PLACES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_front_matter_names_the_causes(page: Path) -> None:
    matter = _front_matter(page)
    causes = {place.partition("#")[2] for place in PLACES if place.startswith(f"runbooks/{page.name}#")}
    assert set(matter) == {"family", "causes"}
    assert matter["family"] == page.stem
    assert sorted(matter["causes"]) == sorted(causes)


@pytest.mark.parametrize("page", [*PAGES, TEMPLATE], ids=lambda page: page.stem)
def test_every_cause_has_every_part_in_order(page: Path) -> None:
    sections = _sections(page)
    for cause in _front_matter(page)["causes"]:
        text = sections["cause" if cause == "CAUSE" else cause]
        assert re.findall(r"^\*\*([^*]+\.)\*\*", text, re.MULTILINE) == list(PARTS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        name, _hash, anchor = target.partition("#")
        other = page.parent / name if name else page
        assert other in PAGES
        assert not anchor or anchor in _sections(other)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_is_kubectl(page: Path) -> None:
    blocks = re.findall(r"^ *```console\n(.*?)^ *```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    commands = [line.strip() for block in blocks for line in block.splitlines()]
    assert [command for command in commands if not command.startswith("kubectl ")] == []
    assert [command for command in commands if re.search(r"secrets?\b.*-o (yaml|json)", command)] == []  # prints values
