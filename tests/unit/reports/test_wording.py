# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every report says alike."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.advice import Advice, Command
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Cluster, Scope, Unreadable
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import Counts, Diagnosis, Finding, Remedy
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports import html, markdown, terminal, wording
from ansible_collections.aiops.kubernetes.tests.unit.model.made import diagnosis, finding

GAP = Unreadable("events", None, 403, "forbidden")
REPORTS = (terminal.summary, markdown.report, html.report)


@pytest.mark.parametrize(
    ("findings", "counts", "gaps", "headline"),
    [
        (0, Counts(12, 12, 40), (), "Nothing is failing. 12 workloads, 40 pods looked at"),
        (0, Counts(1, 1, 1), (), "Nothing is failing. 1 workload, 1 pod looked at"),
        (0, Counts(0, 0, 0), (), "Nothing is failing. 0 workloads, 0 pods looked at"),
        (0, Counts(12, 12, 40), (GAP,), "incomplete: nothing is failing. 12 workloads, 40 pods looked at"),
        (1, Counts(12, 11, 40), (), "1 of 12 workloads is failing, 1 finding"),
        (1, Counts(1, 0, 1), (), "1 of 1 workload is failing, 1 finding"),
        (3, Counts(12, 10, 40), (), "2 of 12 workloads are failing, 3 findings"),
        (3, Counts(12, 10, 40), (GAP,), "incomplete: 2 of 12 workloads are failing, 3 findings"),
    ],
)
def test_the_headline(findings: int, counts: Counts, gaps: tuple[Unreadable, ...], headline: str) -> None:
    made = diagnosis(*(finding(container=f"c{n}") for n in range(findings)), counts=counts, unreadable=gaps)
    assert wording.headline(made) == headline
    for report in REPORTS:
        assert headline in report(made)


@pytest.mark.parametrize(
    ("scope", "cluster", "place"),
    [
        (Scope(), Cluster("prod", "https://s", None, "v1.36.2"), "all namespaces of context prod, Kubernetes v1.36.2"),
        (Scope(("a", "b")), Cluster(None, "https://s", None, None), "namespace a, b of https://s"),
        (
            Scope(("a",), "app=x"),
            Cluster(None, None, None, None),
            "namespace a, pods with app=x of a cluster without a name",
        ),
    ],
)
def test_the_place(scope: Scope, cluster: Cluster, place: str) -> None:
    assert wording.place(diagnosis(scope=scope, cluster=cluster)) == f"{place}, read at 2026-11-22T09:15:02Z"


def test_gaps_that_are_alike_are_one_sentence() -> None:
    refused = [Unreadable(kind, None, 403, f"{kind} is forbidden") for kind in ("nodes", "storageclasses")]
    assert wording.gaps(
        (*refused, Unreadable("events", "shop", 403, "no"), Unreadable("pods/log", None, None, "2"))
    ) == [
        "nodes, storageclasses could not be read (403): nodes is forbidden and so on",
        "events of namespace shop could not be read (403): no",
        "pods/log could not be read: 2",
    ]


def test_since_when_and_how_many() -> None:
    observed = "2026-11-22T09:15:02Z"
    assert wording.extent(finding(), observed) == "2026-11-22T09:11:40Z (3 min), 3 pods affected"
    assert wording.extent(finding(since=None, replicas_affected=1), observed) == "an unknown time, 1 pod affected"


def _folded(*findings: Finding) -> list[tuple[str, list[str]]]:
    roots = wording.roots(diagnosis(*findings))
    return [(root.cause, [child.cause for child in children]) for root, children in roots]


ROOT = finding(cause="root")
CHILD = finding(cause="child", caused_by=ROOT.id)
GRANDCHILD = finding(cause="grandchild", caused_by=CHILD.id)


def test_children_are_folded_under_their_root() -> None:
    other = finding(cause="other")
    assert _folded(CHILD, ROOT, other) == [("root", ["child"]), ("other", [])]


def test_a_child_whose_root_is_missing_stands_for_itself() -> None:
    assert _folded(CHILD) == [("child", [])]


def test_no_finding_gets_lost_in_a_chain() -> None:
    [(root, children)] = _folded(ROOT, CHILD, GRANDCHILD)
    assert (root, set(children)) == ("root", {"child", "grandchild"})


@pytest.mark.parametrize("length", [1, 2, 3])
def test_no_finding_gets_lost_in_a_circle(length: int) -> None:
    """A forged file may hold one."""
    ids = [finding(cause=f"c{n}").id for n in range(length)]
    circle = [finding(cause=f"c{n}", caused_by=ids[(n + 1) % length]) for n in range(length)]
    folded = _folded(*circle)
    shown = {cause for cause, _children in folded} | {child for _cause, children in folded for child in children}
    assert shown == {each.cause for each in circle}


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_folds(report: object) -> None:
    assert callable(report)
    alone = report(diagnosis(ROOT, counts=Counts(2, 1, 2)))
    both = report(diagnosis(ROOT, CHILD, counts=Counts(2, 1, 2)))
    assert "child" in both
    assert len(both) - len(alone) < len(alone) / 2  # a line, not a finding of its own


SAID: t.Final = Advice("model", "ok", "agrees", 1.0, "configmap-missing", True, "make it", version="1", model="m")
NONE: t.Final = Advice("other", "timeout", "it gave no answer within 60 s", 60.0)


def test_advice_in_words() -> None:
    assert wording.advice(SAID) == 'model 1 with m agrees. It says: "make it"'
    ran = (Command("kubectl get pods", True), Command("kubectl delete ns x", False), Command("reboot", False))
    wrote = "It ran what is not surely a read: kubectl delete ns x; reboot"
    assert wording.advice(dataclasses.replace(SAID, comment="", commands=ran)) == f"model 1 with m agrees. {wrote}"
    assert wording.missing(NONE) == "no advice of other (timeout): it gave no answer within 60 s"
    assert wording.missing(dataclasses.replace(NONE, commands=ran)).endswith(f"60 s. {wrote}")


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_shows_advice_and_says_once_what_is_missing(report: t.Callable[[Diagnosis], str]) -> None:
    found = [finding(container=f"c{number}", advice=(SAID, NONE)) for number in range(3)]
    shown = " ".join(report(diagnosis(*found)).split())
    assert shown.count("model 1 with m agrees. It says:") == 3
    assert (shown.count("no advice of other"), shown.count("within 60 s")) == (1, 1)
    assert shown.index("no advice of other") < shown.index("Deployment shop/cart, container c0")
    assert "dvice" not in report(diagnosis(finding()))


@pytest.mark.parametrize(
    ("tier", "needs", "words"),
    [
        ("medium", None, "restart it (tier medium)"),
        ("low", "how many", "restart it (tier low; needs how many)"),
        (None, "an image", "restart it (no plan yet; needs an image)"),
    ],
)
def test_a_remedy_names_its_tier_as_one(tier: str | None, needs: str | None, words: str) -> None:
    assert wording.remedy(Remedy("restart", tier, "restart it", needs)) == words


def test_a_number_and_its_noun() -> None:
    assert [wording.counted(n, "pod") for n in (0, 1, 2)] == ["0 pods", "1 pod", "2 pods"]
