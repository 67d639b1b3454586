# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model behind OpenAI's interface: each thing that it can do has its state, and no more than that."""

from __future__ import annotations

import json
import os
import time
import tracemalloc
import typing as t

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._advisors.asking import ask_all
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.advice import Advice
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.question import question
from ansible_collections.aiops.kubernetes.tests.unit.advisors.conftest import KEY
from ansible_collections.aiops.kubernetes.tests.unit.advisors.model_server import Scripted
from ansible_collections.aiops.kubernetes.tests.unit.model.made import diagnosis, finding

ASKED: t.Final = question(finding(), diagnosis().cluster)
RIGHT: t.Final = json.dumps({"cause": "configmap-missing", "evidence": ["e1"], "comment": "make it"})


def _ask(script: Scripted, model: str = "text", **more: t.Any) -> Advice:
    given = {"kind": "openai_compatible", "url": script.url, "model": model, **more}
    return ask_all([(given, ASKED)])[0]


def test_an_answer(model: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model.text = RIGHT
    said = _ask(model)
    assert (said.state, said.reason, said.cause, said.agrees) == ("ok", "agrees", "configmap-missing", True)
    assert (said.comment, said.evidence, said.model) == ("make it", ("e1",), "text-1")
    assert model.authorizations == [f"Bearer {KEY}"]
    assert model.asked == [{"model": "text", "messages": [{"role": "user", "content": ASKED.text}], "stream": False}]
    assert KEY not in json.dumps(said.as_json())


_ROWS: t.Final = {
    "empty": ("invalid_answer", "not the JSON that was asked for"),
    "garbage": ("invalid_answer", "no JSON"),
    "large": ("invalid_answer", "more than 1024 kB"),
    "cut": ("error", "broke off"),
    "500": ("error", "HTTP status 500 scripted 500"),
    "429": ("error", "HTTP status 429 scripted 429"),
    "401": ("error", "HTTP status 401 scripted 401"),
    "302": ("error", "HTTP status 302"),
    "503": ("unavailable", "HTTP status 503"),
}


@pytest.mark.parametrize("mode", _ROWS)
def test_what_a_server_may_do(model: Scripted, mode: str) -> None:
    state, words = _ROWS[mode]
    said = _ask(model, mode)
    assert (said.state, said.cause, said.agrees) == (state, None, None)
    assert words in said.reason
    assert len(model.asked) == 1


def test_ten_megabytes_fill_no_memory(model: Scripted) -> None:
    tracemalloc.start()
    try:
        assert _ask(model, "large").state == "invalid_answer"
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("mode", ["hang", "drip"])
def test_one_that_is_slow_is_not_waited_for(model: Scripted, mode: str) -> None:
    began = time.monotonic()
    said = _ask(model, mode, seconds=0.3)
    assert (said.state, said.reason) == ("timeout", "it gave no answer within 0.3 s")
    assert time.monotonic() - began < 1.2


def test_one_that_is_gone(model: Scripted) -> None:
    del model
    said = ask_all([({"kind": "openai_compatible", "url": "http://127.0.0.1:9/v1", "model": "m"}, ASKED)])[0]
    assert (said.state, said.reason) == ("unavailable", "127.0.0.1:9/v1/chat/completions: Connection refused")


@pytest.mark.parametrize("finish", ["length", "content_filter", None])
def test_an_answer_that_is_not_whole(model: Scripted, finish: str | None) -> None:
    model.text, model.finish = RIGHT, finish
    assert _ask(model).state == "invalid_answer"


_UNUSABLE: t.Final[dict[str, tuple[t.Any, str]]] = {
    "nothing set": ("openai_compatible", "no url or no model"),
    "a kind that there is not": ("oracle", "there is no advisor of kind oracle"),
    "no kind": ({"url": "http://127.0.0.1:9"}, "there is no advisor of kind none"),
    "a number": (7, "a setting of it is no text"),
    "a setting that there is not": ({"kind": "openai_compatible", "api_key": KEY}, "api_key is no setting"),
    "a list as url": ({"kind": "openai_compatible", "url": ["x"]}, "no text"),
    "no number": ({"kind": "openai_compatible", "seconds": "soon"}, "no number"),
    "no time": ({"kind": "openai_compatible", "seconds": 0}, "between 0 and 600"),
    "no address": ({"kind": "openai_compatible", "url": "file:///etc/passwd", "model": "m"}, "can't be used"),
}


@pytest.mark.parametrize("case", _UNUSABLE)
def test_settings_that_can_t_be_used_cost_the_advice_only(case: str) -> None:
    given, words = _UNUSABLE[case]
    said = ask_all([(given, ASKED)])[0]
    assert said.state == "unavailable"
    assert words in said.reason
    assert KEY not in json.dumps(said.as_json())


def test_a_key_that_can_t_be_sent_is_not_told(model: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", f"{KEY}\nX-Other: 1")
    said = _ask(model, key_from="MY_KEY")
    assert (said.state, said.reason) == ("unavailable", "its url or its key can't be used")
    assert model.asked == []


def test_the_environment_says_what_the_play_does_not(model: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    model.text = RIGHT
    monkeypatch.setenv("OPENAI_BASE_URL", model.url)
    monkeypatch.setenv("OPENAI_MODEL", "of-the-environment")
    said = ask_all([("openai_compatible", ASKED), ({"kind": "openai_compatible", "name": "second"}, ASKED)])
    assert [(each.advisor, each.state) for each in said] == [("openai_compatible", "ok"), ("second", "ok")]
    assert model.asked[0]["model"] == "of-the-environment"
    assert model.authorizations == ["", ""]


def test_a_key_goes_only_where_it_was_named(model: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OTHER_KEY", "another")
    _ask(model, key_from="OTHER_KEY")
    assert model.authorizations == ["Bearer another"]


def test_three_take_as_long_as_the_slowest(model: Scripted) -> None:
    model.text, model.delay = RIGHT, 1.0
    given = {"kind": "openai_compatible", "url": model.url, "model": "text"}
    began = time.monotonic()
    said = ask_all([(given, ASKED)] * 3)
    taken = time.monotonic() - began
    assert [each.state for each in said] == ["ok"] * 3
    assert 1.0 <= taken < 1.9


def test_one_that_fails_leaves_the_others_alone(model: Scripted) -> None:
    model.text = RIGHT
    good = {"kind": "openai_compatible", "url": model.url, "model": "text"}
    said = ask_all([({**good, "model": "500"}, ASKED), (good, ASKED), ("oracle", ASKED)])
    assert [each.state for each in said] == ["error", "ok", "unavailable"]
    assert "OPENAI_API_KEY" not in os.environ
