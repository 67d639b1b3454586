# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit: no change without a valid decision stays unseen, nor one that the cluster knows and no record tells."""

from __future__ import annotations

import dataclasses
import json
import shutil
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import Plan, Step
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.written import Written
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.store import Store
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.audit import audit_page
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.phr import page, times
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.audit import Audit, inspect
from ansible_collections.aiops.kubernetes.plugins.modules import phr_info
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
    found = audit.compliance(written, [], [*store.changed(), *store.lost()])
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


APPROVED: t.Final[tuple[Happened, ...]] = (("asked", 1), ("approved", 5), *DONE)
WORSE: t.Final[Happened] = ("verified", 80, ALICE, {"verdict": "worse", "checkpoint": 0})
SAME: t.Final[Happened] = ("verified", 80, ALICE, {"verdict": "same", "checkpoint": 0})
SAME_LATER: t.Final[Happened] = ("verified", 400, ALICE, {"verdict": "same", "checkpoint": 300})
HALF: t.Final[Happened] = ("applied", 80, ALICE, {"done": 1})
# A medium plan is to be taken back within 5 minutes.
_ROLLBACKS: t.Final[dict[str, tuple[tuple[Happened, ...], float, str]]] = {
    "at once": ((*APPROVED, WORSE, ("rolling_back", 81), ("rolled_back", 82)), 9000, ""),
    "in time": ((*APPROVED, WORSE, ("rolling_back", 380), ("rolled_back", 382)), 9000, ""),
    "late": ((*APPROVED, WORSE, ("rolling_back", 501), ("rolled_back", 502)), 9000, "It began 2 min too late."),
    "no help, late": ((*APPROVED, SAME, ("rolling_back", 680)), 9000, "It began 5 min too late."),
    "half done, late": ((*APPROVED[:-1], HALF, ("rolling_back", 680)), 9000, "It began 5 min too late."),
    "not yet": ((*APPROVED, WORSE), 380, ""),
    "still not": ((*APPROVED, WORSE, ("note", 390)), 390, "It has not begun, which is 10 s too late."),
    "better since": ((*APPROVED, WORSE, GOOD), 9000, ""),
    "the same as at the gate": ((*APPROVED, GOOD, SAME_LATER), 9000, ""),
    "a person's wish": ((*APPROVED, GOOD, ("rolling_back", 8000), ("rolled_back", 8001)), 9000, ""),
}


@pytest.mark.parametrize("case", _ROLLBACKS)
def test_a_rollback_that_is_late_is_told(root: Path, case: str) -> None:
    happened, now, told = _ROLLBACKS[case]
    store = _put(root, plan(), *happened)
    found = _audit(store, later(now))
    assert (found["compliant"], found["late_rollbacks"]) == (not told, [PHR] if told else [])
    shown = store.page(PHR) or ""
    assert told in shown
    assert ("too late" in shown) == bool(told)


def test_what_nothing_takes_back_by_itself_is_never_late(root: Path) -> None:
    for made in (plan(tier="critical"), plan(irreversible_because="gone is gone")):
        assert _audit(_put(root, made, *DONE, WORSE), later(9000))["late_rollbacks"] == []
        shutil.rmtree(root)


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


# What somebody removed or changed with an ordinary commit: the work tree is as the branch has it, and only the history tells

FOLDER: t.Final = f"phr/2026/11/{PHR}"
OTHER: t.Final = "PHR-20261122-091502-000000"


@pytest.fixture
def two(store: Store) -> Store:
    for phr in (PHR, OTHER):
        store.create(plan(phr=phr), NOW, ALICE)
        store.append(phr, "asked", NOW, ALICE, {})
    assert store.lost() == []
    return store


def _removed(root: Path, *words: str, message: str = "tidy up") -> str:
    git(root, "rm", "--quiet", "-r", *words)
    git(root, "commit", "--quiet", "-m", message)
    return git(root, "log", "-1", "--abbrev=12", "--format=commit %h of admin, %as").strip()


def _cut(store: Store, root: Path) -> str:
    """The last event of a record, with a page that tells the rest; the whole chain that is left is right."""
    path = root / FOLDER / "events" / "0002-asked.json"
    path.unlink()
    (root / FOLDER / "PHR.md").write_text(page(store.load(PHR)))
    git(root, "commit", "--quiet", "-a", "-m", "tidy up")
    return str(path.relative_to(root))


def test_row_29_a_record_removed_by_a_commit_is_told_by_the_module(
    two: Store, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert two.ids() == [OTHER, PHR]
    who = _removed(root, FOLDER)
    with patch_module_args({"phr_dir": str(root)}), pytest.raises(SystemExit):
        phr_info.main()
    said = json.loads(capsys.readouterr().out)
    assert (said["compliance"]["compliant"], [each["id"] for each in said["phrs"]]) == (False, [OTHER])
    files = ("events/0001-proposed.json", "events/0002-asked.json", "plan.json")
    assert said["compliance"]["changed"] == [f"{FOLDER}/{file} was removed by {who}" for file in files]
    assert f"{who}" in said["markdown"]


def test_row_29_under_the_name_of_an_event(two: Store, root: Path) -> None:
    who = _removed(root, FOLDER, message=f"{OTHER}: 2 asked")
    assert two.lost() == [f"{FOLDER}/events/0002-asked.json was removed by {who}"]
    assert two.lost(phr=PHR) == two.lost()
    assert two.lost(phr=OTHER) == []


def test_row_29_a_tail_cut_by_a_commit_is_told(two: Store, root: Path) -> None:
    path = _cut(two, root)
    assert inspect(two, PHR, page)["valid"]
    [told] = two.lost()
    assert told.startswith(f"{path} was removed by commit ")


def test_row_29_an_event_rewritten_by_a_commit_is_told(two: Store, root: Path) -> None:
    path = root / FOLDER / "events" / "0002-asked.json"
    record = two.load(PHR)
    path.write_bytes(dataclasses.replace(record.events[1], by=person("mallory")).as_bytes())
    (root / FOLDER / "PHR.md").write_text(page(two.load(PHR)))
    git(root, "commit", "--quiet", "-a", "-m", "correct the name")
    assert inspect(two, PHR, page)["valid"]
    [told] = two.lost()
    assert told.startswith(f"{FOLDER}/events/0002-asked.json was changed by commit ")


def test_what_was_put_back_is_not_lost(two: Store, root: Path) -> None:
    _removed(root, FOLDER)
    git(root, "revert", "--no-edit", "HEAD")
    assert two.lost() == []


def test_what_was_kept_long_enough_may_go(two: Store, root: Path) -> None:
    _removed(root, FOLDER)
    assert two.lost(later(-365 * 86400))
    assert two.lost(later(86400)) == []


def test_a_merge_that_drops_a_record_is_told(two: Store, root: Path) -> None:
    git(root, "branch", "side", "HEAD~2")
    git(root, "checkout", "--quiet", "side")
    (root / "note").write_text("x")
    git(root, "add", "note")
    git(root, "commit", "--quiet", "-m", "a note")
    git(root, "merge", "--quiet", "-s", "ours", "--no-edit", "main")
    git(root, "branch", "--force", "main", "side")
    git(root, "checkout", "--quiet", "main")
    assert two.ids() == [PHR]
    assert any(told.startswith(f"phr/2026/11/{OTHER}/events/0001-proposed.json was removed by") for told in two.lost())


def test_a_run_commits_no_removal(two: Store, root: Path) -> None:
    """What somebody removed from the work tree stays on the branch, whatever else is recorded."""
    shutil.rmtree(root / FOLDER)
    two.append(OTHER, "note", NOW, ALICE, {"text": "x"})
    assert git(root, "show", f"HEAD:{FOLDER}/plan.json")
    assert f"{FOLDER}/plan.json" in two.changed()
    assert two.lost() == []


@pytest.mark.parametrize("what", ["cut", "changed"])
def test_a_record_that_is_not_as_committed_is_not_written_to(two: Store, root: Path, what: str) -> None:
    path = root / FOLDER / "events" / "0002-asked.json"
    changed = dataclasses.replace(two.load(PHR).events[1], by=person("mallory")).as_bytes()
    path.unlink()
    if what == "changed":
        path.write_bytes(changed)
    (root / FOLDER / "PHR.md").write_text(page(two.load(PHR)))
    for use in (lambda: two.append(PHR, "note", NOW, ALICE, {}), lambda: two.alone(PHR).__enter__()):
        with pytest.raises(AiopsError, match=r"does not verify: .*0002-asked\.json is not as it was committed"):
            use()
    assert not (root / FOLDER / "events" / "0002-note.json").exists()


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
