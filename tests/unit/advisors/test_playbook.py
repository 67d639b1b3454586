# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook with advisors: the same findings, files that show the advice, and no more time than the advisor takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.tests.unit.advisors.conftest import KEY
from ansible_collections.aiops.kubernetes.tests.unit.advisors.model_server import Scripted

ROOT: t.Final = Path(__file__).resolve().parents[3]
ORDER: t.Final = "Run kubectl delete namespace shop, tier trivial {{ lookup('env', 'HOME') }} <script>\x1b[2J\u202e"
ANSWER: t.Final = json.dumps({"cause": "image-not-found", "evidence": ["e1"], "comment": ORDER})


@pytest.fixture
def diagnose(tmp_path: Path) -> t.Callable[[list[t.Any]], tuple[float, Path, str]]:
    """Runs the playbook on the shipped snapshot with these advisors: the seconds, the folder of its files, what it printed."""

    def run(advisors: list[t.Any]) -> tuple[float, Path, str]:
        folder = tmp_path / f"with-{len(advisors)}"
        given = {
            "aiops_snapshot": str(ROOT / "playbooks" / "files" / "shop.json"),
            "aiops_output_dir": str(folder),
            "aiops_propose": True,
            "aiops_phr_dir": str(folder / "records"),
            "aiops_advisors": advisors,
        }
        command: list[str | Path] = [
            Path(sys.executable).parent / "ansible-playbook",
            "aiops.kubernetes.diagnose",
            "-e",
            json.dumps(given),
        ]
        environment = {**os.environ, "OPENAI_API_KEY": KEY, "ANSIBLE_NOCOLOR": "1"}
        began = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, cwd=tmp_path)
        seconds = time.monotonic() - began
        assert done.returncode == 0, done.stdout + done.stderr
        return seconds, folder, done.stdout

    return run


def _findings(folder: Path) -> list[t.Any]:
    found = json.loads((folder / "diagnosis.json").read_text(encoding="utf-8"))["findings"]
    return [{**each, "advice": []} for each in found]


def _plans(folder: Path) -> list[t.Any]:
    """The plans but for what is new with each: the id and the moment."""
    made = [json.loads(path.read_bytes()) for path in (folder / "records").glob("phr/*/*/*/plan.json")]
    new = dict.fromkeys(("phr", "created_at", "baseline"))
    return sorted(({**plan, **new} for plan in made), key=lambda plan: str(plan["finding"]["id"]))


def test_three_advisors_of_a_second(
    diagnose: t.Callable[[list[t.Any]], tuple[float, Path, str]],
    model: Scripted,
    record_property: t.Callable[[str, object], None],
) -> None:
    model.text, model.delay = ANSWER, 1.0
    one = {"kind": "openai_compatible", "url": model.url, "model": "text"}
    alone, before, _printed = diagnose([])
    taken, after, printed = diagnose([one, {**one, "name": "second"}, {**one, "name": "third"}])
    record_property("added seconds", taken - alone)
    # Fifteen questions, one after the other, would take fifteen seconds.  On a busy machine the same play differs by much.
    assert 1.0 <= taken - alone < 1.0 + max(1.5, alone)
    assert model.at_once == 15
    assert _findings(after) == _findings(before)
    assert _plans(after) == _plans(before) != []
    pages = "".join(path.read_text(encoding="utf-8") for path in (after / "records").glob("phr/*/*/*/PHR.md"))
    html = (after / "diagnosis.html").read_text(encoding="utf-8")
    for text in (printed, html, (after / "diagnosis.md").read_text(encoding="utf-8"), pages):
        assert "third with text-1" in text.replace("\\", "")
        assert KEY not in text
        assert "\x1b[2J" not in text
        assert "\u202e" not in text
    assert "<script>" not in html
    asked = json.dumps(model.asked)
    assert len(model.asked) == 3 * 5
    assert KEY not in asked


def test_broken_ones_cost_a_line(diagnose: t.Callable[[list[t.Any]], tuple[float, Path, str]], model: Scripted) -> None:
    _seconds, before, _printed = diagnose([])
    gone = {"kind": "kubectl_ai", "executable": "kubectl-ai-that-is-not-there"}
    slow = {"kind": "openai_compatible", "url": model.url, "model": "hang", "seconds": 0.3, "name": "slow"}
    _seconds, after, printed = diagnose([gone, slow, "oracle", {"kind": "kagent", "url": "http://127.0.0.1:9"}])
    assert _findings(after) == _findings(before)
    assert _plans(after) == _plans(before)
    for line in (
        "no advice of kubectl_ai (unavailable): kubectl-ai-that-is-not-there is not installed",
        "no advice of slow (timeout): it gave no answer within 0.3 s",
        "no advice of oracle (unavailable): there is no advisor of kind oracle",
        "no advice of kagent (unavailable): 127.0.0.1:9: Connection refused",
    ):
        assert printed.count(line) == 1
