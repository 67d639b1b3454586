# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit: no change without a valid decision stays unseen, nor one that the cluster knows and no record tells."""

from __future__ import annotations

import dataclasses
import shutil
import typing as t
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import Plan, Step
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.written import Written
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.store import Store
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.audit import audit_page
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.phr import page, times
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.audit import Audit
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import (
    ALICE,
    CART,
    CLUSTER,
    NOW,
    PEOPLE,
    PHR,
    Happened,
    QuickStore,
    chain,
    later,
    person,
    plan,
)  # fmt: skip
from ansible_collections.aiops.kubernetes.tests.unit.records.trusted import git

DONE: t.Final[tuple[Happened, ...]] = (("claimed", 10), ("applying", 10), ("applied", 11))
GOOD: t.Final[Happened] = ("verified", 80, ALICE, {"verdict": "better", "checkpoint": 0})
DELETE: t.Final = Step("delete", Ref("Pod", "shop", "cart-1"), "p", resource_version="3")


def _put(root: Path, of: Plan, *happened: Happened) -> QuickStore:
    """A record as somebody with a text editor could write it: the chain is right, and nothing else was checked."""
    store = QuickStore(root, PEOPLE)
    folder = root / "phr" / "2026" / "11" / of.phr
    (folder / "events").mkdir(parents=True)
    (folder / "plan.json").write_bytes(of.as_bytes())
    for event in chain(of, *happened):
        (folder / "events" / f"{event.number:04d}-{event.type}.json").write_bytes(event.as_bytes())
    (folder / "PHR.md").write_text(page(store.load(of.phr)))
    return store


def _audit(store: Store, now: str = later(90), written: list[Written] | None = None) -> dict[str, t.Any]:
    audit = Audit()
    rows = [audit.look(store, phr, page, times, now) for phr in store.ids()]
    found = audit.compliance(written, [], store.changed())
    assert audit_page(found, rows, "x", now).startswith(
        f"# Audit of x: {'compliant' if found['compliant'] else 'NOT compliant'}\n"
    )
    return found


def test_an_approved_change_is_compliant(root: Path) -> None:
    found = _audit(_put(root, plan(), ("asked", 1), ("approved", 5), *DONE, GOOD))
    assert found["compliant"]
    assert (found["changes"], found["approved"], found["by_policy"]) == (1, 1, 0)
    assert found["times"]["approval"] == {"count": 1, "mean": 4, "median": 4}
    assert found["times"]["mttr"]["count"] == 1
    assert found["retention"] == {"days": 365, "oldest": NOW, "beyond": 0}


def test_a_trivial_change_is_the_decision_of_the_policy(root: Path) -> None:
    found = _audit(_put(root, plan(DELETE, irreversible_because="gone is gone"), *DONE))
    assert (found["compliant"], found["by_policy"]) == (True, 1)


_UNAPPROVED: t.Final[dict[str, tuple[Plan, tuple[Happened, ...]]]] = {
    "nobody": (plan(), DONE),
    "asked only": (plan(), (("asked", 1), *DONE)),
    "by a claimed name": (plan(), (("asked", 1), ("approved", 5, person(proof="claimed")), *DONE)),
    "by a stranger": (plan(), (("asked", 1), ("approved", 5, person("mallory")), *DONE)),
    "for another plan": (plan(), (("asked", 1), ("approved", 5, ALICE, {"digest": "sha256:0"}), *DONE)),
    "approved afterwards": (plan(), (("asked", 1), ("claimed", 10), ("applying", 10), ("applied", 11), ("note", 12))),
    "too late": (plan(), (("asked", 1), ("approved", 5), ("claimed", 700), ("applying", 700), ("applied", 700))),
    "one person for critical": (plan(tier="critical"), (("asked", 1), ("approved", 5, person("bob", "signature")), *DONE)),
    "called itself trivial": (plan(tier="trivial"), DONE),
}  # fmt: skip


@pytest.mark.parametrize("case", _UNAPPROVED)
def test_a_change_without_a_valid_decision_is_told(root: Path, case: str) -> None:
    of, happened = _UNAPPROVED[case]
    found = _audit(_put(root, of, *happened), later(800))
    assert (found["compliant"], found["unapproved"], found["approved"], found["by_policy"]) == (False, [PHR], 0, 0)


def test_what_was_not_applied_needs_no_decision(root: Path) -> None:
    assert _audit(_put(root, plan(), ("asked", 1), ("rejected", 5)))["compliant"]


def test_what_one_person_did_alone_is_counted_for_itself(root: Path) -> None:
    made = plan(tier="critical")
    body = {
        "digest": QuickStore(root).create(made, NOW, ALICE).plan_digest,
        "incident": "INC-7",
        "justification": "it burns",
    }
    shutil.rmtree(root)
    glass: Happened = ("break_glass", 5, person("carol", "signature"), body)
    store = _put(root, made, glass, *DONE)
    soon, late = _audit(store), _audit(store, later(86400 + 6))
    assert (soon["compliant"], soon["broken_glass"], soon["unapproved"]) == (True, [PHR], [])
    assert (late["compliant"], late["reviews_overdue"]) == (False, [PHR])
    shutil.rmtree(root)
    store = _put(root, made, glass, *DONE, ("post_review", 50, person("bob", "signature"), {"text": "seen"}))
    assert _audit(store, later(86400 + 6))["compliant"]


def test_row_43_what_the_cluster_knows_and_no_record_tells(root: Path) -> None:
    store = _put(root, plan(), ("asked", 1), ("approved", 5), *DONE)
    ours = Written(CLUSTER.uid, CART, later(11))
    assert _audit(store, written=[ours])["unrecorded"] == []
    for other in (
        dataclasses.replace(ours, at=later(3600)),
        dataclasses.replace(ours, at=later(-3600)),
        dataclasses.replace(ours, cluster="another"),
        dataclasses.replace(ours, target=Ref("Deployment", "shop", "other")),
    ):
        found = _audit(store, written=[ours, other])
        assert (found["compliant"], found["unrecorded"]) == (False, [str(other)])
    assert _audit(store)["unrecorded"] is None


def test_what_could_not_be_read_is_not_compliant(root: Path) -> None:
    _put(root, plan())
    assert not Audit().compliance([], ["Deployment: forbidden"], [])["compliant"]


def test_old_records_are_counted(root: Path) -> None:
    found = _audit(_put(root, plan()), later(366 * 86400))
    assert (found["compliant"], found["retention"]["beyond"]) == (True, 1)


# Row 29: what somebody did to the files, with git


def _tampered(root: Path) -> dict[str, t.Any]:
    return _audit(Store(root, page))


def test_row_29_a_cut_tail_with_a_new_page_is_told(store: Store, root: Path) -> None:
    """The chain of what is left is right, and so is the page: git still has the rest."""
    store.create(plan(), NOW, ALICE)
    store.append(PHR, "asked", NOW, ALICE, {})
    store.append(PHR, "rejected", NOW, ALICE, {})
    assert _tampered(root)["compliant"]
    folder = root / "phr/2026/11" / PHR
    (folder / "events" / "0003-rejected.json").unlink()
    (folder / "PHR.md").write_text(page(Store(root, page).load(PHR)))
    found = _tampered(root)
    assert (found["compliant"], found["invalid"]) == (False, [])
    assert found["changed"] == [f"phr/2026/11/{PHR}/PHR.md", f"phr/2026/11/{PHR}/events/0003-rejected.json"]
    assert store.changed(PHR) == found["changed"]


def test_row_29_a_whole_record_that_is_gone_is_told(store: Store, root: Path) -> None:
    store.create(plan(), NOW, ALICE)
    shutil.rmtree(root / "phr/2026/11" / PHR)
    found = _tampered(root)
    assert not found["compliant"]
    assert f"phr/2026/11/{PHR}/plan.json" in found["changed"]


def test_row_29_a_squash_leaves_what_was_decided(store: Store, root: Path) -> None:
    store.create(plan(), NOW, ALICE)
    store.append(PHR, "asked", NOW, ALICE, {})
    git(root, "reset", "--soft", "HEAD~1")
    git(root, "commit", "--quiet", "--amend", "-m", "squashed")
    assert _tampered(root)["compliant"]


def test_only_one_month(root: Path) -> None:
    store = QuickStore(root)
    for phr in (PHR, "PHR-20261201-000000-000000"):
        store.create(plan(phr=phr), NOW, ALICE)
    assert store.ids(month="2026-12") == ["PHR-20261201-000000-000000"]
    assert store.ids(month="2026-11") == [PHR]


def test_hostile_text_does_not_shape_the_page(root: Path) -> None:
    store = QuickStore(root)
    store.create(plan(summary="x | y\n## Records\n<script> [a](http://b) @all"), NOW, ALICE)
    audit = Audit()
    rows = [audit.look(store, PHR, page, times, NOW)]
    text = audit_page(audit.compliance(None, [], []), rows, "a\n# b", NOW)
    assert text.count("\n## Records") == 1
    assert "<script>" not in text.replace("\\<", "")
