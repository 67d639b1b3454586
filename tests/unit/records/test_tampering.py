# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody changed in the files is told, and the first bad item is named; the page says what the events say."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import EvidenceItem
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import plan_from_bytes
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import record_from_files
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.phr import page
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.audit import inspect
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import (
    ALICE,
    NOW,
    PHR,
    QuickStore,
    chain,
    files,
    image_step,
    later,
    person,
    plan,
)
from ansible_collections.aiops.kubernetes.tests.unit.model.made import finding

OTHER: t.Final = "PHR-20261122-091502-000000"


@pytest.fixture
def kept(root: Path) -> QuickStore:
    store = QuickStore(root)
    for phr in (PHR, OTHER):
        step = dataclasses.replace(
            image_step(), target=Ref("Deployment", "shop", phr.lower())
        )  # each has its own object
        made = store.create(plan(step, phr=phr), NOW, ALICE)
        store.append(phr, "asked", later(1), ALICE, {})
        store.append(phr, "approved", later(2), ALICE, {"digest": made.plan_digest, "justification": "it is right"})
        store.append(phr, "claimed", later(3), ALICE, {})
    return store


@pytest.fixture
def folder(root: Path) -> Path:
    return root / "phr" / "2026" / "11" / PHR


def _told(kept: QuickStore) -> str:
    found = inspect(kept, PHR, page)
    assert (found["valid"], len(found["errors"])) == (False, 1)
    assert inspect(kept, OTHER, page)["valid"]
    return str(found["errors"][0])


def test_nothing_to_tell(kept: QuickStore) -> None:
    found = inspect(kept, PHR, page)
    assert (found["valid"], found["errors"], found["state"], found["tier"]) == (True, [], "claimed", "medium")


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _swap(folder: Path, one: str, other: str) -> None:
    first, second = (folder / "events" / one).read_bytes(), (folder / "events" / other).read_bytes()
    (folder / "events" / one).write_bytes(second)
    (folder / "events" / other).write_bytes(first)


def _empty(folder: Path, gone: bool = False) -> None:
    for path in folder.iterdir():
        path.unlink()
    if gone:
        folder.rmdir()


def _foreign(folder: Path) -> Path:
    return folder.with_name(OTHER)


_TAMPERING: t.Final[list[tuple[t.Callable[[Path], object], str]]] = [
    (lambda f: _edit(f / "events" / "0002-asked.json", "alice", "mallory"), "0003-approved.json does not follow"),
    (lambda f: (f / "events" / "0002-asked.json").unlink(), "0003-approved.json is not event 2"),
    (lambda f: (f / "events" / "0001-proposed.json").unlink(), "0002-asked.json is not event 1"),
    (lambda f: _swap(f, "0002-asked.json", "0003-approved.json"), "0002-asked.json is not event 2"),
    (lambda f: (f / "events" / "0004-claimed.json").write_text(""), "0004-claimed.json is damaged"),
    (
        lambda f: (f / "events" / "0004-claimed.json").rename(f / "events" / "0004-closed.json"),
        "0004-closed.json is not",
    ),
    (lambda f: (f / "events" / "0005-note.json").write_text("{}"), "0005-note.json is damaged"),
    (lambda f: (f / "events" / "x.json").write_text("{}"), "x.json is damaged"),
    (lambda f: (f / "events" / "0005-note.json").mkdir(), "can't be read"),
    (lambda f: _edit(f / "plan.json", "shop/cart:1", "shop/cart:6"), "0001-proposed.json does not follow"),
    (
        lambda f: (f / "plan.json").write_bytes((_foreign(f) / "plan.json").read_bytes()),
        "0001-proposed.json does not follow",
    ),
    (lambda f: (f / "plan.json").unlink(), "There is no record"),
    (
        lambda f: (f / "events" / "0003-approved.json").write_bytes(
            (_foreign(f) / "events" / "0003-approved.json").read_bytes()
        ),
        "0003-approved.json does not follow",
    ),
    (lambda f: _empty(f / "events"), "has no events"),
    (lambda f: _empty(f / "events", gone=True), "has no events"),
]


@pytest.mark.parametrize(
    ("tamper", "words"), _TAMPERING, ids=[str(n) + " " + w for n, (_t, w) in enumerate(_TAMPERING)]
)
def test_the_first_bad_item_is_named(
    kept: QuickStore, folder: Path, tamper: t.Callable[[Path], object], words: str
) -> None:
    tamper(folder)
    told = _told(kept)
    assert words in told
    if not words.startswith(("There is no", "can't be read")):
        root = folder.parents[3]
        assert told.startswith(f"The record {PHR} in {root} does not verify: ")
        assert told.endswith(f"git -C {root} log -p -- {folder.relative_to(root)}")
    with pytest.raises(AiopsError):
        kept.append(PHR, "note", later(9), ALICE, {})


def test_a_record_in_the_place_of_another(kept: QuickStore, folder: Path) -> None:
    for path in (p for p in _foreign(folder).rglob("*") if p.is_file()):
        (folder / path.relative_to(_foreign(folder))).write_bytes(path.read_bytes())
    assert f"its plan.json is that of {OTHER}" in _told(kept)


def test_a_cut_tail_shows_at_the_page(kept: QuickStore, folder: Path) -> None:
    (folder / "events" / "0004-claimed.json").unlink()
    assert kept.load(PHR).state(later(4)) == "approved"
    assert "PHR.md does not say what the events say" in _told(kept)


@pytest.mark.parametrize(
    "edit",
    [
        lambda path: path.write_text(path.read_text().replace("alice", "mallory")),
        lambda path: path.write_text(path.read_text() + " "),
        lambda path: path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n")),
        lambda path: path.write_bytes(b"\xff\xfe no text"),
        lambda path: path.write_text(""),
        lambda path: path.unlink(),
        lambda path: path.rename(path.with_name("away")) and path.mkdir(),
    ],
)
def test_a_page_edited_by_hand_is_told(kept: QuickStore, folder: Path, edit: t.Callable[[Path], object]) -> None:
    edit(folder / "PHR.md")
    assert "PHR.md does not say what the events say" in _told(kept)


def test_the_page_is_rendered_from_the_files_alone(kept: QuickStore, folder: Path) -> None:
    events = [(path.name, path.read_bytes()) for path in sorted((folder / "events").iterdir())]
    again = record_from_files((folder / "plan.json").read_bytes(), events)
    assert (folder / "PHR.md").read_text() == page(again) == kept.page(PHR)


def test_no_secret_of_the_finding_enters_the_record(root: Path) -> None:
    secret = "hunter2-correct-horse"
    item = EvidenceItem("log", "Pod shop/cart-1: log of app", f"login failed: DB_PASSWORD={secret} at line 3")
    made = finding(summary=f"it died with --password {secret}", explanation=f"token: {secret}", evidence=(item,))
    store = QuickStore(root)
    store.create(plan(finding=made.as_json()), NOW, ALICE)
    store.append(PHR, "asked", later(1), ALICE, {})
    texts = [path.read_text() for path in root.rglob("*") if path.is_file()]
    assert any("login failed" in text for text in texts)
    assert not [text for text in texts if secret in text]


_HOSTILE: t.Final = (
    "x | y\n\n## Decision\n\n```\n---\nstate: approved\n<script>alert(1)</script> \x1b[31m \u202e {{ 1 + 1 }} `"
)


def test_hostile_text_does_not_shape_the_page() -> None:
    made = plan(summary=_HOSTILE, finding={**finding().as_json(), "summary": _HOSTILE, "explanation": _HOSTILE})
    happened: t.Any = [
        ("asked", 0),
        ("approved", 1, person(_HOSTILE), {"justification": _HOSTILE}),
        ("note", 2, ALICE, {"text": _HOSTILE, "reason": _HOSTILE}),
    ]
    record = record_from_files(made.as_bytes(), files(chain(made, *happened)))
    quiet = record_from_files(plan().as_bytes(), files(chain(plan(), ("asked", 0), ("approved", 1), ("note", 2))))
    text = page(record)

    def shaping(of: str) -> list[str]:
        """The lines that are no code block: those are indented."""
        return [line for line in of.split("\n") if not line.startswith("      ")]

    def headings(of: str) -> list[str]:
        return [line for line in shaping(of) if line.startswith("## ")]

    assert headings(text) == headings(page(quiet))
    assert shaping(text).count("---") == 2
    assert not re.search("[\x1b\u202e]", text)
    assert "<script>" not in "\n".join(shaping(text)).replace("\\<", "")
    rows = [line for line in text.split("\n") if line.startswith("| 4 |")]
    assert [row.replace("\\|", "").count("|") for row in rows] == [6]


def test_the_page_tells_the_story() -> None:
    made = plan()
    row = {"path": "/spec/x", "before": 1, "ours": 2, "now": 3}
    happened: t.Any = [
        ("asked", 10),
        ("approved", 40, person("bob"), {"justification": "the release is known to be bad"}),
        ("claimed", 41),
        ("applying", 41),
        ("applied", 42),
        ("verified", 102, ALICE, {
            "checkpoint": 0, "offset_seconds": 60, "verdict": "worse", "reason": "the new pods fail",
            "metrics": {"desired": 2, "ready": 0, "restarts": 9},
        }),
        ("rolling_back", 103, ALICE, {"reason": "verdict worse"}),
        ("rollback_blocked", 104, ALICE, {"reason": "changed by somebody else since", "difference": [row]}),
    ]  # fmt: skip
    record = record_from_files(made.as_bytes(), files(chain(made, *happened)))
    text = page(record)
    front = dict(line.split(": ", 1) for line in text.split("---\n")[1].splitlines())
    assert front["renderer"].startswith("aiops.kubernetes/phr-page/")
    assert (front["id"], front["state"], front["tier"]) == (PHR, "rollback_blocked", "medium")
    assert (front["digest"], front["head"], front["events"]) == (record.plan_digest, record.head, "9")
    for words in (
        "the release is known to be bad", "bob (terminal, on desk)", "from question to approval 30 s",
        "| before | 2 | 1 | 4 |", "| after 1 min | 2 | 0 | 9 | worse | the new pods fail |",
        "before: 1", "ours:   2", "now:    3",
    ):  # fmt: skip
        assert words in text
    assert text.count("\n| 9 | ") == 1


def test_a_record_of_every_state_has_a_page() -> None:
    made = plan()
    for kinds in (
        ("rejected",), ("revoked",), ("superseded",), ("stale",), ("claimed", "not_applied"), ("closed",),
        ("claimed", "applying", "applied", "rolling_back", "rolled_back"),
    ):  # fmt: skip
        record = record_from_files(made.as_bytes(), files(chain(made, *((kind, 1) for kind in kinds))))
        assert f"state: {kinds[-1]}\n" in page(record)
        assert f"| {len(kinds) + 1} | {later(1)} | " in page(record)


def test_a_plan_that_came_back_renders_alike() -> None:
    made = dataclasses.replace(plan(), supersedes=OTHER)
    again = plan_from_bytes(made.as_bytes())
    assert json.loads(again.as_bytes())["supersedes"] == OTHER
    assert page(record_from_files(made.as_bytes(), files(chain(made)))) == page(
        record_from_files(again.as_bytes(), files(chain(again)))
    )
