# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report action: it checks its arguments, writes files, prints for people only, and says whether the play shall fail."""

from __future__ import annotations

import copy
import json
import typing as t
from pathlib import Path

import pytest
from ansible import constants as C

from ansible_collections.aiops.kubernetes.plugins.action.report import ActionModule
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Unreadable
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import Diagnosis
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports import html, markdown
from ansible_collections.aiops.kubernetes.tests.unit.acting import run_action
from ansible_collections.aiops.kubernetes.tests.unit.model.made import diagnosis, finding

CRITICAL = finding()
WARNING = finding(cause="rollout-stuck", severity="warning", container=None)
INFO = finding(cause="application-error", severity="info")
FILES = ["diagnosis.html", "diagnosis.json", "diagnosis.md"]


class _Shown:
    """Stands in for Ansible's display."""

    def __init__(self) -> None:
        self.text: list[str] = []

    def display(self, text: str, *_args: object, **_named: object) -> None:
        self.text.append(text)


class Act(t.Protocol):
    def __call__(
        self, made: Diagnosis | object = ..., *, check_mode: bool = ..., **arguments: t.Any
    ) -> dict[str, t.Any]:
        """The result of the task."""


@pytest.fixture
def shown() -> _Shown:
    return _Shown()


@pytest.fixture
def callback(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stdout callback of the play, to be exchanged."""
    name = ["default"]
    asked: t.Any = C.config.get_config_value

    def answer(config: str, *args: t.Any, **named: t.Any) -> t.Any:
        return name[0] if config == "DEFAULT_STDOUT_CALLBACK" else asked(config, *args, **named)

    monkeypatch.setattr(C.config, "get_config_value", answer)
    return name


@pytest.fixture
def act(shown: _Shown, callback: list[str]) -> Act:
    assert callback == ["default"]

    def run(made: Diagnosis | object = None, *, check_mode: bool = False, **arguments: t.Any) -> dict[str, t.Any]:
        given = made.as_json() if isinstance(made, Diagnosis) else made
        args = arguments if given is None else {"diagnosis": given, **arguments}
        return run_action(ActionModule, args, check_mode=check_mode, display=shown)

    return run


@pytest.mark.parametrize(
    "name", ["default", "ansible.builtin.default", "minimal", "awx_display", "community.general.dense"]
)
def test_printed_for_people(act: Act, shown: _Shown, callback: list[str], name: str) -> None:
    callback[0] = name
    act(diagnosis())
    assert len(shown.text) == 1


@pytest.mark.parametrize(
    "name", ["json", "ansible.posix.json", "ansible.posix.jsonl", "junit", "null", "acme.tools.default_json"]
)
def test_silent_for_programs(act: Act, shown: _Shown, callback: list[str], name: str) -> None:
    callback[0] = name
    assert act(diagnosis())["summary"].startswith("Nothing is failing")
    assert shown.text == []


def test_the_files(act: Act, tmp_path: Path) -> None:
    made = diagnosis(CRITICAL, WARNING)
    folder = tmp_path / "new" / "reports"
    result = act(made, output_dir=str(folder))
    assert result["changed"] is True
    assert sorted(result["files"]) == [str(folder / name) for name in FILES]
    assert json.loads((folder / "diagnosis.json").read_text()) == made.as_json()
    assert (folder / "diagnosis.md").read_text() == markdown.report(made)
    assert (folder / "diagnosis.html").read_text() == html.report(made)


def test_the_second_run_changes_nothing(act: Act, tmp_path: Path) -> None:
    act(diagnosis(CRITICAL), output_dir=str(tmp_path))
    times = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert act(diagnosis(CRITICAL), output_dir=str(tmp_path))["changed"] is False
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == times
    assert act(diagnosis(), output_dir=str(tmp_path))["changed"] is True
    assert "Nothing is failing" in (tmp_path / "diagnosis.md").read_text()


def test_a_missing_file_is_written_again(act: Act, tmp_path: Path) -> None:
    act(diagnosis(CRITICAL), output_dir=str(tmp_path))
    (tmp_path / "diagnosis.md").unlink()
    assert act(diagnosis(CRITICAL), output_dir=str(tmp_path))["changed"] is True
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES


def test_check_mode_tells_and_writes_nothing(act: Act, shown: _Shown, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    assert act(diagnosis(CRITICAL), check_mode=True, output_dir=str(folder))["changed"] is True
    assert len(shown.text) == 1
    assert not folder.exists()
    act(diagnosis(CRITICAL), output_dir=str(folder))
    assert act(diagnosis(CRITICAL), check_mode=True, output_dir=str(folder))["changed"] is False


def test_a_foreign_file_in_its_place_is_replaced(act: Act, tmp_path: Path) -> None:
    (tmp_path / "diagnosis.html").write_bytes(b"\xff\xfe\x00 not ours")
    assert act(diagnosis(), output_dir=str(tmp_path)).get("failed", False) is False
    assert "Nothing is failing" in (tmp_path / "diagnosis.html").read_text()


def test_a_folder_that_can_not_be_written(act: Act, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = act(diagnosis(), output_dir=str(tmp_path / "file"))
    assert result["failed"] is True
    assert result["msg"].startswith(f"The report can't be written to {tmp_path / 'file'}: ")
    assert "aiops_output_dir" in result["msg"]


@pytest.mark.parametrize(
    ("fail_on", "findings", "reason"),
    [
        ("none", (CRITICAL,), ""),
        ("critical", (), ""),
        ("critical", (WARNING, INFO), ""),
        ("critical", (CRITICAL, WARNING), "aiops_fail_on is critical, and 1 of 2 findings are as bad or worse"),
        ("warning", (INFO,), ""),
        ("warning", (CRITICAL, WARNING, INFO), "aiops_fail_on is warning, and 2 of 3 findings are as bad or worse"),
    ],
)
def test_whether_the_play_shall_fail(act: Act, fail_on: str, findings: tuple[t.Any, ...], reason: str) -> None:
    result = act(diagnosis(*findings), fail_on=fail_on)
    assert (result["failing"], result["reason"]) == (bool(reason), reason)
    assert "failed" not in result


def test_pods_that_could_not_be_read_fail_whatever_was_asked_for(act: Act) -> None:
    result = act(diagnosis(unreadable=(Unreadable("pods", "shop", 403, "no"),)))
    assert (result["failing"], result["reason"], result["result"]) == (True, "pods could not be read", "incomplete")
    assert act(diagnosis(unreadable=(Unreadable("events", "shop", 403, "no"),)))["failing"] is False


@pytest.mark.parametrize(
    ("made", "word"),
    [
        (diagnosis(), "healthy"),
        (diagnosis(INFO), "findings"),
        (diagnosis(INFO, unreadable=(Unreadable("events", None, 403, "no"),)), "incomplete"),
    ],
)
def test_the_outcome_in_a_word(act: Act, made: Diagnosis, word: str) -> None:
    assert act(made)["result"] == word


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "missing required arguments: diagnosis"),
        ({"diagnosis": "no dictionary"}, "diagnosis"),
        ({"diagnosis": {}}, "This is no diagnosis: its schema is missing"),
        ({"diagnosis": {"schema": "aiops.kubernetes/diagnosis/9"}}, "expected aiops.kubernetes/diagnosis/1"),
        ({"diagnosis": diagnosis().as_json(), "fail_on": "info"}, "fail_on"),
        ({"diagnosis": diagnosis().as_json(), "nonsense": 1}, "Unsupported parameters"),
    ],
)
def test_wrong_arguments_are_told(act: Act, shown: _Shown, given: dict[str, t.Any], words: str) -> None:
    result = act(None, **given)
    assert result["failed"] is True
    assert words in result["msg"]
    assert shown.text == []


def test_the_diagnosis_is_not_changed(act: Act, tmp_path: Path) -> None:
    given = diagnosis(CRITICAL).as_json()
    before = copy.deepcopy(given)
    act(given, output_dir=str(tmp_path))
    assert given == before
