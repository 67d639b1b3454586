# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings and the diagnosis: the contract's JSON, out and in again."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Unreadable
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import (
    Candidate,
    Counts,
    Diagnosis,
    EvidenceItem,
    Remedy,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.tests.unit.model.made import diagnosis, finding

GAP = Unreadable("events", "shop", 403, "events is forbidden")
REMEDY = Remedy("patch_reference", "medium", "name ConfigMap cart-configs", None)
BARE = finding(
    workload=None, container=None, since=None, evidence=(), candidates=(), confidence="undetermined", severity="info"
)


def _json() -> dict[str, t.Any]:
    made = diagnosis(finding(), finding(cause="rollout-stuck", container=None, caused_by="f-1"), unreadable=(GAP,))
    # as other people's tools hand it on
    return t.cast("dict[str, t.Any]", json.loads(json.dumps(made.as_json())))


def test_the_keys_of_the_contract() -> None:
    made = _json()
    assert set(made) == {
        "schema",
        "cluster",
        "scope",
        "observed_at",
        "findings",
        "proposals",
        "unreadable",
        "counts",
        "stats",
    }
    assert made["schema"] == "aiops.kubernetes/diagnosis/1"
    assert set(made["cluster"]) == {"context", "server", "uid", "version"}
    assert set(made["scope"]) == {"namespaces", "label_selector"}
    assert set(made["counts"]) == {"workloads", "healthy", "pods"}
    assert set(made["stats"]) == {"requests", "seconds"}
    assert made["unreadable"] == [
        {"resource": "events", "namespace": "shop", "status": 403, "message": "events is forbidden"}
    ]


def test_the_keys_of_a_finding() -> None:
    found = _json()["findings"][0]
    assert set(found) == {
        "id",
        "cause",
        "confidence",
        "severity",
        "subject",
        "workload",
        "container",
        "summary",
        "explanation",
        "next_step",
        "since",
        "replicas_affected",
        "evidence",
        "candidates",
        "remedies",
        "advice",
        "caused_by",
        "runbook",
    }
    assert found["subject"] == {"kind": "Deployment", "namespace": "shop", "name": "cart"}
    assert [set(item) for item in found["evidence"]] == [{"id", "kind", "source", "text", "at"}] * 2
    assert [item["id"] for item in found["evidence"]] == ["e1", "e2"]
    assert found["candidates"] == [{"what": "ConfigMap shop/cart-configs", "why": "the name is similar"}]


def test_the_keys_of_a_remedy() -> None:
    [found] = diagnosis(finding(remedies=(REMEDY,))).as_json()["findings"]
    assert found["remedies"] == [
        {"action": "patch_reference", "tier": "medium", "summary": "name ConfigMap cart-configs", "needs": None}
    ]


def test_what_may_be_null_is_null() -> None:
    found = diagnosis(BARE).as_json()["findings"][0]
    assert [name for name, value in found.items() if value is None] == ["workload", "container", "since", "caused_by"]


def test_nothing_to_report_is_an_empty_list() -> None:
    made = diagnosis().as_json()
    assert (made["findings"], made["proposals"], made["unreadable"]) == ([], [], [])


@pytest.mark.parametrize(
    "made",
    [
        diagnosis(),
        diagnosis(finding(remedies=(REMEDY, dataclasses.replace(REMEDY, needs="image")))),
        diagnosis(finding(), BARE, unreadable=(GAP, Unreadable("pods/log", None, None, "left out"))),
        diagnosis(finding(subject=Ref("Node", "", "n1"), workload=Ref("Node", "", "n1")), counts=Counts(0, 0, 0)),
    ],
)
def test_out_and_in_again_is_the_same(made: Diagnosis) -> None:
    assert Diagnosis.from_json(json.loads(json.dumps(made.as_json()))) == made


_SECRET = "password=hunter2"


@pytest.mark.parametrize(
    "made",
    [
        diagnosis(finding(summary=_SECRET)),
        diagnosis(finding(explanation=_SECRET)),
        diagnosis(finding(next_step=_SECRET)),
        diagnosis(finding(evidence=(EvidenceItem("log", "Pod shop/cart: log", _SECRET),))),
        diagnosis(finding(candidates=(Candidate(_SECRET, "alike"),))),
        diagnosis(finding(candidates=(Candidate("alike", _SECRET),))),
        diagnosis(finding(remedies=(dataclasses.replace(REMEDY, summary=_SECRET),))),
        diagnosis(unreadable=(dataclasses.replace(GAP, message=_SECRET),)),
    ],
)
def test_secrets_do_not_leave(made: Diagnosis) -> None:
    assert "hunter2" in repr(made)
    text = json.dumps(made.as_json())
    assert "hunter2" not in text
    assert "password=<redacted>" in text


def test_names_stay_whatever_they_look_like() -> None:
    made = diagnosis(
        finding(subject=Ref("Secret", "shop", "token"), evidence=(EvidenceItem("spec", "Pod shop/auth: x", "x"),))
    )
    [found] = made.as_json()["findings"]
    assert found["subject"]["name"] == "token"
    assert found["evidence"][0]["source"] == "Pod shop/auth: x"


def test_an_id_does_not_know_pod_names() -> None:
    def on(pod: str) -> str:
        return finding(
            summary=f"{pod} fails",
            evidence=(EvidenceItem("status", f"Pod shop/{pod}", "x"),),
            since=None,
            next_step=pod,
        ).id

    assert on("cart-5d9c-x7k2p") == on("cart-7f77-aaaaa")


def test_an_id_tells_causes_workloads_and_containers_apart() -> None:
    pay = Ref("Deployment", "shop", "pay")
    made = [
        finding(),
        finding(cause="key-missing"),
        finding(workload=pay),
        finding(container="proxy"),
        finding(container=None),
        finding(workload=None, subject=pay, container=None),
    ]
    assert len({each.id for each in made}) == len(made)
    assert all(each.id.startswith("f-") and len(each.id) == 14 for each in made)


@pytest.mark.parametrize(
    "json_value",
    [
        None,
        [],
        "x",
        {},
        {"schema": None},
        {"schema": "aiops.kubernetes/diagnosis/2"},
        {"schema": "aiops.kubernetes/snapshot/1"},
    ],
)
def test_what_is_no_diagnosis(json_value: object) -> None:
    with pytest.raises(AiopsError, match=r"no diagnosis.*diagnosis_info"):
        Diagnosis.from_json(json_value)


@pytest.mark.parametrize("field", ["confidence", "severity"])
@pytest.mark.parametrize("value", ["", None, 'critical"><script>', 3])
def test_a_word_outside_the_vocabulary_is_damage(field: str, value: object) -> None:
    made = _json()
    made["findings"][0][field] = value
    with pytest.raises(AiopsError, match="damaged"):
        Diagnosis.from_json(made)


@pytest.mark.parametrize("name", sorted(_json()))
@pytest.mark.parametrize("value", [None, 3, "x", [], {}, [None], [{}]])
def test_a_damaged_field_is_empty_or_told(name: str, value: object) -> None:
    made = {**_json(), name: value}
    try:
        again = Diagnosis.from_json(made)
    except AiopsError:
        assert name in {"schema", "findings"}
    else:
        assert again.as_json()["schema"] == "aiops.kubernetes/diagnosis/1"
