# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kagent, as a stand-in replays it; with ``KAGENT_URL`` naming a real agent, one question is put to that.

What it does was recorded from kagent-adk 0.10.4; the stand-in is stand_in_kagent.py.
"""

from __future__ import annotations

import json
import os
import time
import typing as t

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._advisors.asking import ask_all
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.advice import Advice
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.question import question
from ansible_collections.aiops.kubernetes.tests.unit.advisors.conftest import KEY
from ansible_collections.aiops.kubernetes.tests.unit.advisors.stand_in_kagent import RECORDED, Agent, serving
from ansible_collections.aiops.kubernetes.tests.unit.model.made import diagnosis, finding

ASKED: t.Final = question(finding(), diagnosis().cluster)


@pytest.fixture
def agent() -> t.Iterator[Agent]:
    with serving(Agent()) as made:
        yield made


def _ask(agent: Agent, case: str, **more: t.Any) -> Advice:
    return ask_all([({"kind": "kagent", "url": f"{agent.address}/{case}", **more}, ASKED)])[0]


_ROWS: t.Final = {
    "text": ("invalid_answer", "not the JSON"),  # it completed, with words
    "ok": ("ok", "agrees"),
    "empty": ("invalid_answer", "it did not end its task (working)"),
    "500": ("error", "it failed: API_ERROR"),
    "cut": ("error", "it failed: API_ERROR"),
    "down": ("error", "it failed: API_ERROR"),
    "401": ("error", "it failed: API_ERROR"),
    "garbage": ("error", "it failed: API_ERROR"),
    "wants": ("needs_approval", "it asks for a decision: k8s_delete_resource"),
    "asks": ("needs_approval", "it asks for a decision: "),
    "hang": ("timeout", "within 0.5 s"),
}


def test_every_recording_has_its_row() -> None:
    assert {case.removesuffix(", then rejected") for case in RECORDED} == _ROWS.keys() - {"hang"}


@pytest.mark.parametrize("row", _ROWS)
def test_what_it_does(agent: Agent, row: str) -> None:
    state, words = _ROWS[row]
    began = time.monotonic()
    said = _ask(agent, row, seconds=0.5 if row == "hang" else 20)
    assert (said.state, said.agrees) == (state, True if state == "ok" else None)
    assert words in said.reason
    assert time.monotonic() - began < 3


def test_the_question_is_a_message_of_a2a(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGENT_TOKEN", KEY)
    assert _ask(agent, "ok").evidence == ("e1",)
    (sent,) = agent.sent
    message = sent["params"]["message"]
    assert (sent["jsonrpc"], sent["method"]) == ("2.0", "message/send")
    assert (message["role"], message["parts"]) == ("user", [{"kind": "text", "text": ASKED.text}])
    assert sent["params"]["configuration"] == {"blocking": True}
    assert agent.authorizations == [f"Bearer {KEY}"]


def test_what_it_called_is_told(agent: Agent) -> None:
    assert [(each.command, each.read) for each in _ask(agent, "ok").commands] == [
        ('k8s_get_resources {"namespace": "shop", "resource_type": "pods"}', True)
    ]


def test_what_it_may_not_do_is_refused(agent: Agent) -> None:
    said = _ask(agent, "wants")
    assert said.commands == ()
    first, second = (sent["params"]["message"] for sent in agent.sent)
    task = RECORDED["wants"]["result"]
    assert "taskId" not in first
    assert (second["taskId"], second["contextId"]) == (task["id"], task["contextId"])
    assert second["parts"][0]["data"] == {"decision_type": "reject"}
    assert RECORDED["wants, then rejected"]["result"]["status"]["state"] == "completed"


def _calling(name: str, **arguments: str) -> t.Any:
    """The recorded answer with another call in its history."""
    changed = json.loads(json.dumps(RECORDED["ok"]))
    for message in changed["result"]["history"]:
        for part in message["parts"]:
            if part.get("metadata", {}).get("kagent_type") == "function_call":
                part["data"].update(name=name, args=arguments)
    return changed


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("k8s_delete_resource", {"resource_type": "namespace", "resource_name": "shop"}),
        ("k8s_get_resources", {"resource_type": "Secrets"}),
        ("k8s_execute_command", {"command": "env"}),
        ("", {}),
    ],
)
def test_a_call_that_is_no_read_is_told(agent: Agent, name: str, arguments: dict[str, str]) -> None:
    agent.more["changed"] = _calling(name, **arguments)
    assert [each.read for each in _ask(agent, "changed").commands] == [False]


_OTHER: t.Final[dict[str, tuple[t.Any, str, str]]] = {
    "an error of the protocol": ({"error": {"code": -32601, "message": "no such method"}}, "error", "no such method"),
    "nothing": ({}, "invalid_answer", "did not end its task (no state)"),
    "a result that is none": ({"result": [1]}, "invalid_answer", "did not end its task (no state)"),
    "completed with nothing": ({"result": {"status": {"state": "completed"}}}, "invalid_answer", "not the JSON"),
    "canceled": ({"result": {"status": {"state": "canceled"}}}, "invalid_answer", "canceled"),
    "scaled to none": (
        {"http_status": 503, "error": "no endpoints available"},
        "unavailable",
        "no endpoints available",
    ),
}


@pytest.mark.parametrize("case", _OTHER)
def test_what_else_may_come(agent: Agent, case: str) -> None:
    answer, state, words = _OTHER[case]
    agent.more["other"] = answer
    said = _ask(agent, "other")
    assert said.state == state
    assert words in said.reason


def test_without_an_address() -> None:
    said = ask_all([("kagent", ASKED)])[0]
    assert (said.state, "KAGENT_URL" in said.reason) == ("unavailable", True)


REAL: t.Final = os.environ.get("KAGENT_URL")
if REAL:

    def test_a_real_one() -> None:
        """What a real agent says is up to its model; that it is there and comes to an end is not."""
        said = ask_all([({"kind": "kagent", "url": REAL}, ASKED)])[0]
        assert said.state in {"ok", "invalid_answer", "needs_approval"}, said.reason
