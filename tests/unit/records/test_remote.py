# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two clones of the records with one remote: none lost, none doubled, one claim; what is not pushed does not count."""

from __future__ import annotations

import subprocess
import typing as t
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.signing import sign
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.store import Store
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.phr import page
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.audit import inspect
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import ALICE, NOW, PHR, plan
from ansible_collections.aiops.kubernetes.tests.unit.records import running
from ansible_collections.aiops.kubernetes.tests.unit.records.trusted import Keys, commit_trust, git

OTHER: t.Final = "PHR-20261122-091502-000000"


@pytest.fixture
def remote(root: Path) -> Path:
    """A bare repository on this machine stands in for the server: it is the same git, over another transport."""
    path = root.parent / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(path)], check=True)
    return path


@pytest.fixture
def clones(root: Path, remote: Path) -> list[Store]:
    return [Store(root.with_name(f"clone{number}"), page, str(remote)) for number in range(2)]


def _kinds(store: Store, phr: str = PHR) -> list[str]:
    store.refresh()
    return [event.type for event in store.load(phr).events]


def _root(root: Path, number: int) -> Path:
    return root.with_name(f"clone{number}")


def test_what_one_clone_writes_the_other_reads(clones: list[Store]) -> None:
    here, there = clones
    here.create(plan(), NOW, ALICE)
    there.refresh()
    assert there.ids() == [PHR]
    there.append(PHR, "asked", NOW, ALICE, {})
    here.append(PHR, "note", NOW, ALICE, {"text": "seen"})
    assert _kinds(here) == _kinds(there) == ["proposed", "asked", "note"]
    assert here.load(PHR).head == there.load(PHR).head
    assert inspect(here, PHR, page)["valid"]
    assert inspect(there, PHR, page)["valid"]


def test_row_11_only_one_clone_gets_the_claim(clones: list[Store]) -> None:
    here, there = clones
    here.create(plan(), NOW, ALICE)
    there.refresh()
    seen = there.load(PHR).head
    here.append(PHR, "claimed", NOW, ALICE, {}, expect_head=seen)
    with pytest.raises(AiopsError, match="has gone on meanwhile: claimed"):
        there.append(PHR, "claimed", NOW, ALICE, {}, expect_head=seen)
    with pytest.raises(AiopsError, match="may not follow"):
        there.append(PHR, "claimed", NOW, ALICE, {})
    assert _kinds(here) == _kinds(there) == ["proposed", "claimed"]


def test_one_open_claim_for_an_object_over_all_clones(clones: list[Store]) -> None:
    here, there = clones
    for phr in (PHR, OTHER):
        here.create(plan(phr=phr), NOW, ALICE)
    here.append(PHR, "claimed", NOW, ALICE, {})
    with pytest.raises(AiopsError, match=f"{PHR} is at work on the same object"):
        there.append(OTHER, "claimed", NOW, ALICE, {})
    here.append(PHR, "not_applied", NOW, ALICE, {})
    assert there.append(OTHER, "claimed", NOW, ALICE, {}).last("claimed")


def test_row_40_a_claim_counts_only_once_it_is_pushed(clones: list[Store], root: Path, remote: Path) -> None:
    here = clones[0]
    here.create(plan(), NOW, ALICE)
    before = here.load(PHR)
    remote.rename(remote.with_name("away"))
    for kind in ("asked", "approved", "claimed", "note", "revoked"):
        with pytest.raises(AiopsError, match="git"):
            here.append(PHR, kind, NOW, ALICE, {})
    assert here.load(PHR) == before
    assert git(_root(root, 0), "status", "--porcelain") == ""
    remote.with_name("away").rename(remote)
    assert here.append(PHR, "claimed", NOW, ALICE, {}).last("claimed")


def test_a_push_that_is_refused_undoes_the_claim(clones: list[Store], root: Path, remote: Path) -> None:
    here = clones[0]
    here.create(plan(), NOW, ALICE)
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho the branch is protected >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(AiopsError, match="the branch is protected"):  # at once: nobody else was faster
        here.append(PHR, "claimed", NOW, ALICE, {})
    assert [event.type for event in here.load(PHR).events] == ["proposed"]
    assert git(_root(root, 0), "status", "--porcelain") == ""
    hook.unlink()
    assert here.append(PHR, "claimed", NOW, ALICE, {}).last("claimed")


def test_what_a_run_has_done_is_recorded_without_the_remote_and_brought_there_later(
    clones: list[Store], remote: Path
) -> None:
    here, there = clones
    here.create(plan(), NOW, ALICE)
    here.append(PHR, "claimed", NOW, ALICE, {})
    remote.rename(remote.with_name("away"))
    here.append(PHR, "applying", NOW, ALICE, {})
    here.append(PHR, "applied", NOW, ALICE, {})
    remote.with_name("away").rename(remote)
    there.refresh()
    there.append(PHR, "note", NOW, ALICE, {"text": "is it dead?"})
    here.refresh()
    assert _kinds(there) == _kinds(here) == ["proposed", "claimed", "note", "applying", "applied"]
    assert inspect(there, PHR, page)["valid"]
    assert here.load(PHR).head == there.load(PHR).head


def test_a_signature_outlives_its_new_place(root: Path, remote: Path, tmp_path: Path) -> None:
    """An approval that a dying run left unpushed is put after what others wrote: number and prev change, the signature holds."""
    keys = Keys(tmp_path)
    here, there = (Store(_root(root, number), page, str(remote)) for number in range(2))
    here.create(plan(), NOW, ALICE)
    commit_trust(_root(root, 0), keys, "bob")
    git(_root(root, 0), "push", "--quiet", str(remote), "main")
    here.refresh()
    there.refresh()
    record = here.append(PHR, "asked", NOW, ALICE, {})
    body = {"digest": record.plan_digest, "justification": "seen and right"}
    bob = type(ALICE)("bob", "signature", "desk")
    event = record.following("approved", NOW, bob, body)
    signed = {**body, "signature": sign(event.signed_bytes(PHR), keys.path("bob"))}
    left = record.following("approved", NOW, bob, signed)
    there.append(PHR, "note", NOW, ALICE, {"text": "a moment before"})
    folder = _root(root, 0) / "phr/2026/11" / PHR / "events"
    (folder / "0003-approved.json").write_bytes(left.as_bytes())
    here.refresh()
    assert _kinds(there) == ["proposed", "asked", "note", "approved"]
    assert there.load(PHR).state(NOW) == "approved"
    assert inspect(here, PHR, page)["valid"]


def test_row_29_a_forced_push_is_told(clones: list[Store], root: Path, remote: Path) -> None:
    here, there = clones
    here.create(plan(), NOW, ALICE)
    here.append(PHR, "asked", NOW, ALICE, {})
    there.refresh()
    git(_root(root, 0), "reset", "--quiet", "--hard", "HEAD~1")
    git(_root(root, 0), "push", "--quiet", "--force", str(remote), "main")
    with pytest.raises(AiopsError, match="was rewritten"):
        there.refresh()
    with pytest.raises(AiopsError, match="was rewritten"):
        there.append(PHR, "applied", NOW, ALICE, {})
    assert [event.type for event in there.load(PHR).events] == ["proposed", "asked"]


def test_row_29_a_record_removed_in_another_clone_is_told(clones: list[Store], root: Path) -> None:
    here, there = clones
    for phr in (PHR, OTHER):
        here.create(plan(phr=phr), NOW, ALICE)
    there.refresh()
    git(_root(root, 0), "rm", "--quiet", "-r", f"phr/2026/11/{PHR}")
    git(_root(root, 0), "commit", "--quiet", "-m", "tidy up")
    git(_root(root, 0), "push", "--quiet", "origin", "main")
    there.refresh()
    assert there.ids() == [OTHER]
    assert any(told.startswith(f"phr/2026/11/{PHR}/events/0001-proposed.json was removed by") for told in there.lost())


def test_a_branch_that_is_gone_is_told(clones: list[Store], remote: Path) -> None:
    clones[0].create(plan(), NOW, ALICE)
    git(remote, "update-ref", "-d", "refs/heads/main")
    with pytest.raises(AiopsError, match="are gone"):
        clones[0].refresh()


def test_row_18_a_run_publishes_no_trust_file(clones: list[Store], root: Path, remote: Path, tmp_path: Path) -> None:
    here = clones[0]
    here.create(plan(), NOW, ALICE)
    commit_trust(_root(root, 0), Keys(tmp_path), "mallory")
    with pytest.raises(
        AiopsError, match=r"change trust/allowed_signers, trust/identities.yml, which is not for a run to publish"
    ):
        here.append(PHR, "note", NOW, ALICE, {})
    assert "trust" not in git(remote, "ls-tree", "--name-only", "main")


def test_a_clone_stays_one_without_the_variable(clones: list[Store], root: Path, remote: Path) -> None:
    clones[0].create(plan(), NOW, ALICE)
    again = Store(_root(root, 0), page)
    again.append(PHR, "asked", NOW, ALICE, {})
    assert git(remote, "log", "-1", "--format=%s", "main") == f"{PHR}: 2 asked\n"


@pytest.mark.parametrize("address", ["--upload-pack=touch x", "ext::sh -c touch", "-x"])
def test_an_address_that_would_run_something_is_refused(root: Path, address: str) -> None:
    with pytest.raises(AiopsError, match="is no address"):
        Store(root, page, address)


@pytest.mark.parametrize(("records", "writers", "count"), [(1, 4, 3), (2, 4, 3)])
def test_row_28_two_clones_lose_nothing(root: Path, remote: Path, records: int, writers: int, count: int) -> None:
    """Writers in two clones at once; `make soak` takes eight, with fifty events each."""
    many_writers(root, remote, records, writers, count)


def many_writers(root: Path, remote: Path, records: int, writers: int, count: int) -> None:
    phrs = [f"PHR-20261122-091502-00000{number}" for number in range(records)]
    clones = [Store(_root(root, number), page, str(remote)) for number in range(2)]
    for phr in phrs:
        clones[0].create(plan(phr=phr), NOW, ALICE)
    clones[1].refresh()
    names = [f"w{number}" for number in range(writers)]
    started = [running.start("git", _root(root, number % 2), name, count, *phrs) for number, name in enumerate(names)]
    for process in started:
        running.go(process)
    for process in started:
        errors = process.communicate()[1]
        assert (process.returncode, errors) == (0, ""), errors
    wanted = sorted(f"{name} {number}" for name in names for number in range(count))
    for clone in clones:
        clone.refresh()
        for phr in phrs:
            notes = [event.body["text"] for event in clone.load(phr).events if event.type == "note"]
            assert sorted(notes) == wanted
            assert inspect(clone, phr, page)["valid"]
    assert clones[0].load(phrs[0]).head == clones[1].load(phrs[0]).head
