# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary for a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Unreadable
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import Counts, EvidenceItem
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.terminal import plans, summary
from ansible_collections.aiops.kubernetes.tests.unit.model.made import diagnosis, finding
from ansible_collections.aiops.kubernetes.tests.unit.reports.hostile import TEXTS, everywhere, proposals


def test_what_a_person_reads() -> None:
    """What fails, since when, why, how sure, the proof, the next command, and the slug."""
    text = summary(diagnosis(finding(), counts=Counts(12, 11, 40)))
    lines = [" ".join(line.split()) for line in text.splitlines()]  # the layout's white space is free
    assert lines[:4] == [
        "1 of 12 workloads is failing, 1 finding",
        "namespace shop of context prod, Kubernetes v1.36.2, read at 2026-11-22T09:15:02Z",
        "",
        "1. CRITICAL Deployment shop/cart, container app: configmap-missing (confirmed)",
    ]
    for line in (
        "ConfigMap shop/cart-config does not exist, and container app needs it",
        "Since    2026-11-22T09:11:40Z (3 min), 3 pods affected",
        "Why      The pod names the ConfigMap without marking it optional.",
        "Proof    Pod shop/cart-5d9c-x7k2p: status.containerStatuses[app].state.waiting",
        '| CreateContainerConfigError: configmap "cart-config" not found',
        "Maybe    ConfigMap shop/cart-configs (the name is similar)",
        "Next     kubectl -n shop get configmaps   # then create cart-config",
        "More     runbooks/configuration.md#configmap-missing",
    ):
        assert " ".join(line.split()) in lines


def test_the_next_command_stays_on_one_line() -> None:
    command = "kubectl -n shop edit deployment cart   # " + "word " * 40 + "end"
    assert any(
        line.endswith("end") and "edit deployment" in line
        for line in summary(diagnosis(finding(next_step=command))).splitlines()
    )


def test_long_text_is_wrapped() -> None:
    text = summary(diagnosis(finding(explanation="because " * 60, next_step="x")))
    assert max(map(len, text.splitlines())) <= 110
    assert text.count("because") == 60


def test_only_the_last_lines_of_a_log() -> None:
    log = EvidenceItem("log", "Pod shop/cart: log", "\n".join(f"line {n}." for n in range(1, 31)))
    text = summary(diagnosis(finding(evidence=(log,))))
    assert "| line 30." in text
    assert "line 1." not in text


def test_what_could_not_be_read_is_told_first() -> None:
    gap = Unreadable("events", "shop", 403, "events is forbidden")
    lines = summary(diagnosis(finding(), unreadable=(gap,))).splitlines()
    assert lines[0].startswith("incomplete: ")
    assert lines[2] == "  events of namespace shop could not be read (403): events is forbidden"


def test_after_the_worst_a_line_each() -> None:
    findings = [finding(workload=Ref("Deployment", "shop", f"w-{n}")) for n in range(1, 131)]
    lines = summary(diagnosis(*findings)).splitlines()
    assert sum(line.startswith("   Next") for line in lines) == 20
    assert "110 more in short; aiops_output_dir has them in full:" in lines
    assert "21. CRITICAL Deployment shop/w-21, container app: configmap-missing" in lines
    assert lines[-2:] == ["120. CRITICAL Deployment shop/w-120, container app: configmap-missing", "and 10 more"]


def test_not_every_consequence_is_told() -> None:
    root = finding()
    children = [finding(workload=Ref("Deployment", "shop", f"w-{n}"), caused_by=root.id) for n in range(25)]
    text = summary(diagnosis(root, *children))
    assert text.count("Hence") == 10
    assert "and 15 more" in text


def test_a_plan_names_what_it_is_about() -> None:
    """An id says nothing to a person."""
    made = finding()
    none = {"finding": made.id, "why_none": "no change is known that would help"}
    planned = {
        "finding": made.id,
        "phr": "PHR-1",
        "tier": "medium",
        "state": "pending",
        "dry_run": "ok",
        "summary": "s",
    }
    text = plans(diagnosis(made), [none, {"finding": "f-forged", "needs": "image"}, planned])
    assert "Plan     PHR-1 (tier medium, pending; dry run: ok): s\n" in text
    assert "No plan  Deployment shop/cart, container app: no change is known that would help" in text
    assert "Plan     f-forged: image must be named before there can be a plan" in text


@pytest.mark.parametrize("text", TEXTS)
def test_hostile_text_steers_nothing(text: str) -> None:
    _inert(summary(everywhere(text)))
    _inert(plans(everywhere(text), proposals(text)))


@given(st.text(st.characters(), max_size=40))
def test_no_text_steers(text: str) -> None:
    _inert(summary(everywhere(text)))
    _inert(plans(everywhere(text), proposals(text)))


def _inert(shown: str) -> None:
    assert {unicodedata.category(ch) for ch in shown if ch != "\n"}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
    shown.encode()


def test_text_makes_no_finding_of_its_own() -> None:
    """A new line in a message begins no line that looks like ours."""
    forged = "x\n\n2. CRITICAL  Deployment shop/pay: forged (confirmed)"
    lines = summary(
        diagnosis(finding(summary=forged, explanation=forged, runbook=forged, container=forged))
    ).splitlines()
    assert [line for line in lines if line.startswith("2.")] == []
