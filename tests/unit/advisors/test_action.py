# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The task advice_info: the diagnosis comes back as it was, with a comment, and no advisor makes the task fail."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest

from ansible_collections.aiops.kubernetes.plugins.action.advice_info import ActionModule
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import Diagnosis
from ansible_collections.aiops.kubernetes.tests.unit.acting import run_action
from ansible_collections.aiops.kubernetes.tests.unit.advisors.conftest import KEY
from ansible_collections.aiops.kubernetes.tests.unit.advisors.model_server import Scripted
from ansible_collections.aiops.kubernetes.tests.unit.model.made import diagnosis, finding

FOUND: t.Final = [finding(container=f"c{number}") for number in range(7)]
AFTER: t.Final = finding(cause="rollout-stuck", caused_by=FOUND[0].id, container=None)
BEFORE: t.Final = diagnosis(AFTER, *FOUND).as_json()


def ask(environment: t.Sequence[t.Mapping[str, str]] = (), check_mode: bool = False, **args: t.Any) -> dict[str, t.Any]:
    return run_action(ActionModule, args, check_mode=check_mode, environment=environment)


def _without_advice(json_: dict[str, t.Any]) -> dict[str, t.Any]:
    bare = copy.deepcopy(json_)
    for each in bare["findings"]:
        each["advice"] = []
    return bare


@pytest.fixture
def advisor(model: Scripted) -> dict[str, t.Any]:
    model.text = json.dumps({"cause": "key-missing", "comment": "a key"})
    return {"kind": "openai_compatible", "url": model.url, "model": "text"}


@pytest.mark.parametrize("check_mode", [False, True])
def test_one_about_one(advisor: dict[str, t.Any], check_mode: bool) -> None:
    told = ask(diagnosis=BEFORE, finding=FOUND[6].id, advisor=advisor, check_mode=check_mode)
    assert "failed" not in told
    assert told["changed"] is False
    assert (told["advice"]["state"], told["advice"]["cause"], told["advice"]["agrees"]) == ("ok", "key-missing", False)
    assert _without_advice(told["diagnosis"]) == BEFORE
    assert [each["advice"] for each in told["diagnosis"]["findings"]] == [*[[]] * 7, [told["advice"]]]


def test_the_worst_five_by_all(model: Scripted, advisor: dict[str, t.Any]) -> None:
    broken = {**advisor, "name": "broken", "model": "500"}
    told = ask(diagnosis=BEFORE, advisors=[advisor, broken, "oracle"])
    assert ("advice" in told, len(model.asked)) == (False, 10)
    assert _without_advice(told["diagnosis"]) == BEFORE
    by_finding = [[(each["advisor"], each["state"]) for each in one["advice"]] for one in told["diagnosis"]["findings"]]
    three = [("openai_compatible", "ok"), ("broken", "error"), ("oracle", "unavailable")]
    assert by_finding == [[], *[three] * 5, [], []]


def test_who_is_named_alone_is_answered_alone(advisor: dict[str, t.Any]) -> None:
    first = ask(diagnosis=BEFORE, finding=FOUND[0].id, advisor="oracle", advisors=[advisor])
    assert first["advice"]["advisor"] == "oracle"
    again = ask(diagnosis=first["diagnosis"], finding=FOUND[0].id, advisor=advisor)
    assert again["advice"]["advisor"] == "openai_compatible"
    assert [each["advisor"] for each in again["diagnosis"]["findings"][1]["advice"]] == [
        "oracle", "openai_compatible", "openai_compatible",
    ]  # fmt: skip


def test_nobody_to_ask() -> None:
    told = ask(diagnosis=BEFORE)
    assert told["diagnosis"] == BEFORE


def test_nothing_to_ask_about(model: Scripted, advisor: dict[str, t.Any]) -> None:
    healthy = diagnosis().as_json()
    assert ask(diagnosis=healthy, advisor=advisor)["diagnosis"] == healthy
    assert model.asked == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"finding": "f-000000000000"}, "There is no finding f-000000000000"),
        ({"diagnosis": {"schema": "x"}}, "This is no diagnosis"),
        ({"advisor": "openai_compatible", "api_key": "x"}, "Unsupported parameters"),
    ],
)
def test_what_the_play_got_wrong_is_one_sentence(given: dict[str, t.Any], words: str) -> None:
    told = ask(**{"diagnosis": BEFORE, **given})
    assert told["failed"] is True
    assert words in told["msg"]
    assert "\n" not in told["msg"]


def test_a_key_in_the_environment_is_not_told(
    model: Scripted, advisor: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model.text = json.dumps({"cause": "key-missing", "comment": f"your key is {KEY}"})
    told = ask(diagnosis=BEFORE, advisors=[advisor, {**advisor, "model": "401"}])
    assert KEY not in json.dumps(told)
    assert Diagnosis.from_json(told["diagnosis"]).findings[1].advice[0].state == "ok"


def test_the_environment_of_the_task_counts(
    model: Scripted, advisor: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "of-this-process")
    ask([{"OPENAI_API_KEY": "of-the-play"}, {"OPENAI_API_KEY": KEY}], diagnosis=BEFORE, advisors=[advisor])
    assert set(model.authorizations) == {f"Bearer {KEY}"}
