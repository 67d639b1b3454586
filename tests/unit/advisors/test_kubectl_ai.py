# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubectl-ai, as a stand-in replays it; with ``KUBECTL_AI`` naming a real one, the rows of the table are tried with that.

The table of what it does was recorded from kubectl-ai 0.0.28; the stand-in is stand_in_kubectl_ai.py.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import stat
import sys
import tempfile
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._advisors import kubectl_ai, kubectl_ai_trace
from ansible_collections.aiops.kubernetes.plugins.module_utils._advisors.asking import ask_all
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.advice import Advice
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.question import question
from ansible_collections.aiops.kubernetes.tests.unit.advisors import stand_in_kubectl_ai
from ansible_collections.aiops.kubernetes.tests.unit.advisors.conftest import KEY
from ansible_collections.aiops.kubernetes.tests.unit.advisors.model_server import Scripted, chunks
from ansible_collections.aiops.kubernetes.tests.unit.model.made import diagnosis, finding

ASKED: t.Final = question(finding(cause="memory-limit-exceeded"), diagnosis().cluster)
ANSWER: t.Final = (
    'It needs more.\n```json\n{"cause": "memory-limit-exceeded", "confidence": 0.9, "evidence": ["e1"]}\n```\n'
)
REAL: t.Final = os.environ.get("KUBECTL_AI")


@dataclasses.dataclass
class Tool:
    """The program to run, the model server behind it, and what the stand-in wrote down."""

    path: Path
    url: str
    report: Path
    temporary: Path

    def ask(self, model: str, **more: t.Any) -> Advice:
        given = {"kind": "kubectl_ai", "executable": str(self.path), "url": self.url, "model": model, **more}
        return ask_all([(given, ASKED)])[0]

    @property
    def saw(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", json.loads(self.report.read_text(encoding="utf-8")))

    @property
    def left(self) -> list[Path]:
        return list(self.temporary.iterdir())


def _executable(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def tool(tmp_path: Path, model: Scripted, monkeypatch: pytest.MonkeyPatch) -> Tool:
    model.text = ANSWER
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    report = tmp_path / "report"
    stand_in = _executable(
        tmp_path / "kubectl-ai-stand-in",
        f"export STAND_IN_REPORT={report}",
        f'exec {sys.executable} -S -E {stand_in_kubectl_ai.__file__} "$@"',
    )
    return Tool(Path(REAL) if REAL else stand_in, model.url, report, temporary)


_ROWS: t.Final = {
    "ok": ("ok", "agrees"),
    "write": ("needs_approval", "may not by itself: kubectl delete deployment crash -n demo"),
    "loop": ("invalid_answer", "no answer with"),
    "500": ("error", "HTTP status 500"),
    "429": ("error", "HTTP status 429"),
    "401": ("error", "HTTP status 401"),
    "down": ("unavailable", "connection refused"),
    "empty": ("invalid_answer", "not the JSON"),
    "garbage": ("invalid_answer", "did not end its answer"),
    "cut": ("invalid_answer", "did not end its answer"),
    "hang": ("timeout", "within 3 s"),
}


def test_every_recording_has_its_row() -> None:
    assert _ROWS.keys() == stand_in_kubectl_ai.RECORDED.keys()


@pytest.mark.parametrize("row", _ROWS)
def test_what_it_does(tool: Tool, row: str) -> None:
    state, words = _ROWS[row]
    began = time.monotonic()
    said = tool.ask(row, seconds=3 if row == "hang" else 20, url="http://127.0.0.1:9/v1" if row == "down" else tool.url)
    assert (said.state, said.agrees) == (state, True if state == "ok" else None)
    assert words in said.reason
    assert (said.model, tool.left) == (row, [])
    assert time.monotonic() - began < 5
    assert KEY not in json.dumps(said.as_json())
    assert REAL or said.version == "0.0.28"


def test_an_answer_with_its_commands(tool: Tool) -> None:
    said = tool.ask("ok")
    assert (said.cause, said.evidence) == ("memory-limit-exceeded", ("e1",))
    assert [(each.command, each.read) for each in said.commands] == [
        ("kubectl get pods -n demo -o wide", True),
        ("kubectl describe pod -n demo -l app=oom", True),
    ]


def test_a_stream_is_put_together_as_it_was_sent() -> None:
    """The stream of the model server that a real kubectl-ai is tried with, as its trace would hold it."""

    def trace(model: str, asked: int = 0) -> str:
        messages = [{"role": "assistant"}] * asked
        body = chunks(model, ANSWER, {"messages": messages}).decode()
        return f"action: http.response\npayload:\n  body: {json.dumps(body)}\n  status: 200 OK\n"

    assert kubectl_ai_trace.reply(trace("text")).text == ANSWER
    assert kubectl_ai_trace.reply(trace("ok", asked=2)).text == ANSWER
    assert [kubectl_ai_trace.reply(trace(model)).state for model in ("write", "cut")] == [
        "needs_approval",
        "invalid_answer",
    ]


@pytest.fixture
def stand_in(tool: Tool) -> Tool:
    """The stand-in even where a real one is named: these tests look at what it was given."""
    return dataclasses.replace(tool, path=tool.report.parent / "kubectl-ai-stand-in")


def test_it_gets_the_question_and_nothing_of_ours(stand_in: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/somewhere/admin.conf")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("MY_PASSWORD", "hunter2")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert stand_in.ask("ok").state == "ok"
    saw = stand_in.saw
    assert saw["question"] == ASKED.text
    assert saw["home_mode"] == 0o700
    assert not [word for word in saw["argv"] if KEY in word or "memory" in word or word.startswith("--skip")]
    environment, home = saw["environment"], saw["environment"]["HOME"]
    assert Path(home).parent == stand_in.temporary
    assert {environment[name] for name in ("TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")} == {home}
    assert (environment["OPENAI_API_KEY"], environment["OPENAI_ENDPOINT"]) == (KEY, stand_in.url)
    assert environment["KUBECONFIG"] == f"{home}/no-cluster"
    assert environment["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert not {"MY_PASSWORD", "KUBERNETES_SERVICE_HOST"} & environment.keys()


def test_it_gets_the_cluster_that_it_was_given(stand_in: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    assert stand_in.ask("ok", kubeconfig="/somewhere/reader.conf").state == "ok"
    assert stand_in.saw["environment"]["KUBECONFIG"] == "/somewhere/reader.conf"
    assert stand_in.saw["environment"]["OPENAI_API_KEY"] == "none"


def _ended(process: int) -> bool:
    """Whether it is gone, or waits for its new parent to take note of its end."""
    status = Path("/proc") / str(process) / "stat"
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


def _soon(condition: t.Callable[[], bool]) -> bool:
    for _try in range(500):
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("case", ["hang", "child"])
def test_nothing_is_left_running(stand_in: Tool, case: str) -> None:
    stand_in.ask(case, seconds=2)
    assert _soon(lambda: _ended(stand_in.saw["child"]))
    assert stand_in.left == []


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_where_who_asks_is_killed(stand_in: Tool, ended_by: signal.Signals) -> None:
    asking = os.fork()
    if not asking:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        stand_in.ask("hang", seconds=60)
        os._exit(1)
    assert _soon(stand_in.report.exists)
    assert _soon(lambda: bool(stand_in.report.read_text()))
    os.kill(asking, ended_by)
    assert os.waitstatus_to_exitcode(os.waitpid(asking, 0)[1]) == -ended_by
    assert _soon(lambda: _ended(stand_in.saw["child"]))
    assert _soon(lambda: stand_in.left == [])


def test_one_that_writes_without_end_is_ended(stand_in: Tool) -> None:
    began = time.monotonic()
    said = stand_in.ask("endless", seconds=30)
    assert (said.state, said.reason) == ("invalid_answer", "its trace has more than 4 MB")
    assert (said.cause, stand_in.left) == (None, [])
    assert time.monotonic() - began < 10


def test_ten_megabytes_of_words_cost_nothing(stand_in: Tool) -> None:
    said = stand_in.ask("chatty", seconds=20)
    assert (said.state, len(json.dumps(said.as_json())) < 2000, stand_in.left) == ("ok", True, [])


def test_a_command_that_is_no_read_is_told(stand_in: Tool) -> None:
    said = stand_in.ask("hole")
    assert said.state == "ok"
    assert [each.read for each in said.commands] == [False, True]
    assert said.commands[0].command == "kubectl delete ns demo --dry-run=none"


def test_an_answer_that_orders_a_command_is_none(stand_in: Tool) -> None:
    said = stand_in.ask("hostile")
    assert (said.state, said.reason) == ("invalid_answer", "its answer has what nobody asked for: command")


def test_paths_start_where_ansible_was_started(stand_in: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PWD", str(tmp_path))
    said = stand_in.ask("ok", executable="./kubectl-ai-stand-in", kubeconfig="secrets/reader.conf")
    assert said.state == "ok"
    assert stand_in.saw["environment"]["KUBECONFIG"] == str(tmp_path / "secrets" / "reader.conf")


def test_the_one_of_the_role_comes_first(stand_in: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others = tmp_path / "others"
    others.mkdir()
    _executable(others / "kubectl-ai", "exit 0")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{others}:{os.environ['PATH']}")
    given = {"kind": "kubectl_ai", "url": stand_in.url, "model": "ok"}
    assert ask_all([(given, ASKED)])[0].reason == "it asked no model"
    role = Path(kubectl_ai._INSTALLED).expanduser()
    role.parent.mkdir(parents=True)
    role.symlink_to(stand_in.path)
    assert ask_all([(given, ASKED)])[0].state == "ok"


def test_one_that_is_not_there(tool: Tool) -> None:
    said = tool.ask("ok", executable="kubectl-ai-that-is-not-there")
    assert (said.state, said.reason) == ("unavailable", "kubectl-ai-that-is-not-there is not installed")


def test_one_that_is_no_program(tool: Tool, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF of another machine")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    said = tool.ask("ok", executable=str(broken))
    assert said.state == "unavailable"
    assert "can't be started" in said.reason
    assert tool.left == []


@pytest.mark.parametrize("lines", ["exit 0", "exit 1", "kill -9 $$"])
def test_one_that_leaves_no_trace(tool: Tool, tmp_path: Path, lines: str) -> None:
    said = tool.ask("ok", executable=str(_executable(tmp_path / "other", lines)))
    assert (said.state, said.reason, said.version) == ("error", "it asked no model", None)


_DAMAGED: t.Final = {
    "nothing": "",
    "no YAML": "action: http.response\npayload: [",
    "an alias": "action: http.response\npayload: &a [*a]\n",
    "a tag": "action: http.response\npayload: !!python/object/apply:os.system ['touch /tmp/pwned']\n",
    "a list": "action: http.response\npayload: []\n",
    "a text": "action: http.response\npayload: x\n",
    "deep": "action: http.response\npayload: " + "[" * 5000,
    "half": 'action: http.response\npayload:\n  body: \'data: {"choices": [{"delta"',
}


@pytest.mark.parametrize("case", _DAMAGED)
def test_a_damaged_trace_is_no_answer(case: str) -> None:
    assert kubectl_ai_trace.reply(_DAMAGED[case]).state in {"error", "invalid_answer"}


def test_without_yaml(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubectl_ai_trace, "HAS_YAML", False)
    said = tool.ask("ok")
    assert said.state == "unavailable"
    assert "PyYAML is missing" in said.reason
