# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module advice_info: the diagnosis comes back as it was, with a comment, and no advisor makes the task fail."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import Diagnosis
from ansible_collections.aiops.kubernetes.plugins.modules import advice_info
from ansible_collections.aiops.kubernetes.tests.unit.advisors.conftest import KEY
from ansible_collections.aiops.kubernetes.tests.unit.advisors.model_server import Scripted
from ansible_collections.aiops.kubernetes.tests.unit.model.made import diagnosis, finding
from ansible_collections.aiops.kubernetes.tests.unit.modules.conftest import Run, run

__all__ = ["run"]  # the fixture

FOUND: t.Final = [finding(container=f"c{number}") for number in range(7)]
AFTER: t.Final = finding(cause="rollout-stuck", caused_by=FOUND[0].id, container=None)
BEFORE: t.Final = diagnosis(AFTER, *FOUND).as_json()


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
def test_one_about_one(run: Run, advisor: dict[str, t.Any], check_mode: bool) -> None:
    told = run(advice_info, diagnosis=BEFORE, finding=FOUND[6].id, advisor=advisor, _ansible_check_mode=check_mode)
    assert (told["rc"], told["changed"]) == (0, False)
    assert (told["advice"]["state"], told["advice"]["cause"], told["advice"]["agrees"]) == ("ok", "key-missing", False)
    assert _without_advice(told["diagnosis"]) == BEFORE
    assert [each["advice"] for each in told["diagnosis"]["findings"]] == [*[[]] * 7, [told["advice"]]]


def test_the_worst_five_by_all(run: Run, model: Scripted, advisor: dict[str, t.Any]) -> None:
    broken = {**advisor, "name": "broken", "model": "500"}
    told = run(advice_info, diagnosis=BEFORE, advisors=[advisor, broken, "oracle"])
    assert (told["rc"], "advice" in told, len(model.asked)) == (0, False, 10)
    assert _without_advice(told["diagnosis"]) == BEFORE
    by_finding = [[(each["advisor"], each["state"]) for each in one["advice"]] for one in told["diagnosis"]["findings"]]
    three = [("openai_compatible", "ok"), ("broken", "error"), ("oracle", "unavailable")]
    assert by_finding == [[], *[three] * 5, [], []]


def test_who_is_named_alone_is_answered_alone(run: Run, advisor: dict[str, t.Any]) -> None:
    first = run(advice_info, diagnosis=BEFORE, finding=FOUND[0].id, advisor="oracle", advisors=[advisor])
    assert first["advice"]["advisor"] == "oracle"
    again = run(advice_info, diagnosis=first["diagnosis"], finding=FOUND[0].id, advisor=advisor)
    assert again["advice"]["advisor"] == "openai_compatible"
    assert [each["advisor"] for each in again["diagnosis"]["findings"][1]["advice"]] == [
        "oracle", "openai_compatible", "openai_compatible",
    ]  # fmt: skip


def test_nobody_to_ask(run: Run) -> None:
    told = run(advice_info, diagnosis=BEFORE)
    assert (told["rc"], told["diagnosis"]) == (0, BEFORE)


def test_nothing_to_ask_about(run: Run, model: Scripted, advisor: dict[str, t.Any]) -> None:
    healthy = diagnosis().as_json()
    assert run(advice_info, diagnosis=healthy, advisor=advisor)["diagnosis"] == healthy
    assert model.asked == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"finding": "f-000000000000"}, "There is no finding f-000000000000"),
        ({"diagnosis": {"schema": "x"}}, "This is no diagnosis"),
        ({"advisor": "openai_compatible", "api_key": "x"}, "Unsupported parameters"),
    ],
)
def test_what_the_play_got_wrong_is_one_sentence(run: Run, given: dict[str, t.Any], words: str) -> None:
    told = run(advice_info, **{"diagnosis": BEFORE, **given})
    assert (told["rc"], told["failed"]) == (1, True)
    assert words in told["msg"]
    assert "\n" not in told["msg"]


def test_a_key_in_the_environment_is_not_told(
    run: Run, model: Scripted, advisor: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model.text = json.dumps({"cause": "key-missing", "comment": f"your key is {KEY}"})
    told = run(advice_info, diagnosis=BEFORE, advisors=[advisor, {**advisor, "model": "401"}])
    assert KEY not in json.dumps(told)
    assert Diagnosis.from_json(told["diagnosis"]).findings[1].advice[0].state == "ok"
