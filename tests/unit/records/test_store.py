# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store: an event is whole or absent, once, in order, whoever else writes and whoever is killed; errors are sentences."""

from __future__ import annotations

import fcntl
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.advice import Advice
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import digest
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.store import Store, new_id
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.phr import page
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.audit import inspect
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import ALICE, NOW, PHR, QuickStore, later, person, plan
from ansible_collections.aiops.kubernetes.tests.unit.records import running

FOLDER: t.Final = f"phr/2026/11/{PHR}"


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _files(root: Path) -> list[str]:
    """Everything in the work tree but git's own and the locks."""
    found = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if path.parts[0] != ".git" and path.name not in {".lock", ".run"})


def test_the_files_of_a_record(store: Store, root: Path) -> None:
    store.create(plan(), NOW, ALICE)
    store.append(PHR, "asked", later(1), ALICE, {})
    names = [".gitignore"] if (root / ".gitignore").exists() else []
    names += [
        f"{FOLDER}/{name}" for name in ("PHR.md", "events/0001-proposed.json", "events/0002-asked.json", "plan.json")
    ]
    assert _files(root) == names
    assert (root / FOLDER / "plan.json").read_bytes() == plan().as_bytes()
    assert digest((root / FOLDER / "plan.json").read_bytes()) == store.load(PHR).plan_digest


def test_advice_is_kept_in_the_chain_and_shown_in_files(store: Store, root: Path) -> None:
    said = Advice("model", "ok", "disagrees", 1.0, "key-missing", False, "it is <b>a key</b>").as_json()
    missing = Advice("kubectl_ai", "unavailable", "kubectl-ai is not installed", 0.0).as_json()
    made = store.create(plan(), NOW, ALICE, [said, missing])
    assert made.advice == store.load(PHR).advice == [said, missing]
    assert made.plan_digest == digest(plan().as_bytes())
    assert [json.loads((root / FOLDER / "advice" / name).read_bytes()) for name in ("1.json", "2.json")] == [
        said,
        missing,
    ]
    shown = store.page(PHR) or ""
    assert "\n## Advice\n" in shown
    assert '- model disagrees. It says: "it is \\<b\\>a key\\</b\\>"\n' in shown
    assert "- no advice of kubectl\\_ai (unavailable): kubectl-ai is not installed\n" in shown
    store.append(PHR, "asked", later(1), ALICE, {})
    assert store.changed() == []
    (root / FOLDER / "advice" / "1.json").write_text("{}")
    assert store.changed() == [f"{FOLDER}/advice/1.json"]
    assert store.load(PHR).advice == [said, missing]


def test_every_event_is_a_commit(store: Store, root: Path) -> None:
    store.create(plan(), NOW, ALICE)
    store.append(PHR, "asked", later(1), person("bob"), {})
    assert _git(root, "log", "--reverse", "--format=%an %s").splitlines() == [
        f"alice {PHR}: 1 proposed",
        f"bob {PHR}: 2 asked",
    ]
    assert _git(root, "status", "--porcelain") == ""
    assert (
        _git(root, "show", f"HEAD~1:{FOLDER}/events/0001-proposed.json").encode()
        == (root / FOLDER / "events" / "0001-proposed.json").read_bytes()
    )


@pytest.mark.parametrize("name", ["Ä <x@y>", "a'b\"c", "x\ny", "-c"])
def test_any_name_can_be_committed(store: Store, root: Path, name: str) -> None:
    store.create(plan(), NOW, person(name))
    assert store.load(PHR).events[0].by.name == name
    assert _git(root, "status", "--porcelain") == ""


def test_the_settings_of_a_user_do_not_matter(
    store: Store, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / ".gitconfig"
    config.write_text(
        "[commit]\n gpgsign = true\n[user]\n useConfigOnly = true\n[gpg]\n program = false\n"
        f"[core]\n hooksPath = {tmp_path}/hooks\n autocrlf = true\n[init]\n defaultBranch = other\n"
    )
    (tmp_path / "hooks").mkdir()
    hook = tmp_path / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", "/does/not/exist")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "mallory")
    store.create(plan(), NOW, ALICE)
    monkeypatch.delenv("GIT_DIR")
    assert _git(root, "log", "--format=%an %D") == "alice HEAD -> main\n"


def test_the_folder_is_its_owners(store: Store, root: Path) -> None:
    store.create(plan(), NOW, ALICE)
    assert root.stat().st_mode & 0o077 == 0


def test_a_record_is_made_once(store: Store) -> None:
    before = store.create(plan(), NOW, ALICE)
    with pytest.raises(AiopsError):
        store.create(plan(summary="another"), NOW, ALICE)
    assert store.load(PHR) == before


def test_the_records_are_listed_oldest_first(store: Store) -> None:
    names = [new_id(moment) for moment in ("2027-01-01T00:00:00Z", "2026-11-22T09:15:02Z", "2026-11-22T09:15:01Z")]
    assert store.ids() == []
    for name in names:
        store.create(plan(phr=name), NOW, ALICE)
    assert store.ids() == sorted(names) == list(reversed(names))


def test_an_id_tells_when() -> None:
    assert new_id("2026-11-22T09:15:02Z").rpartition("-")[0] == "PHR-20261122-091502"
    assert len({new_id("2026-11-22T09:15:02Z") for _each in range(100)}) == 100


def test_an_event_that_may_not_follow_is_not_written(store: Store, root: Path) -> None:
    store.create(plan(), NOW, ALICE)
    before = _files(root)
    with pytest.raises(AiopsError, match="may not follow"):
        store.append(PHR, "applied", NOW, ALICE, {})
    assert _files(root) == before


def test_who_looked_at_an_older_head_writes_nothing(store: Store, root: Path) -> None:
    seen = store.create(plan(), NOW, ALICE)
    store.append(PHR, "asked", later(1), ALICE, {})
    before = _files(root)
    with pytest.raises(AiopsError, match=rf"^{PHR} has gone on meanwhile: asked at {later(1)}"):
        store.append(PHR, "approved", later(2), ALICE, {}, expect_head=seen.head)
    assert _files(root) == before
    assert store.append(PHR, "note", later(2), ALICE, {}, expect_head=store.load(PHR).head).last("note")


def test_an_event_is_never_written_over(store: Store, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where the lock does not hold, as on some network file systems, the first one stays."""
    old = store.create(plan(), NOW, ALICE)
    store.append(PHR, "asked", later(1), ALICE, {})
    path = root / FOLDER / "events" / "0002-asked.json"
    before = path.read_bytes()
    with monkeypatch.context() as stale:
        stale.setattr(store, "load", lambda _phr: old)
        with pytest.raises(AiopsError, match="can't be written"):
            store.append(PHR, "asked", later(2), person("bob"), {})
    assert path.read_bytes() == before
    assert len(_files(root)) == 4


_TRICKS: t.Final = [
    "", "PHR", "PHR-20261122-091502", "../../etc", "PHR-20261122-091502-../x", "PHR-../../..-091502-abc",
    "PHR-20261122-091502-ab/cd", "PHR-20261122-091502-", "PHR-20261122-091502-a\x00b", "phr-20261122-091502-3f9c1a",
    "PHR-20261122-091502-3f9c1a\n", "/tmp/PHR-20261122-091502-3f9c1a", "PHR-2026112-091502-3f9c1a", "PHR-20261122-091502-a.b",
]  # fmt: skip


@pytest.mark.parametrize("phr", _TRICKS)
def test_an_id_can_not_become_a_path(store: Store, root: Path, phr: str) -> None:
    calls: list[t.Callable[[], object]] = [
        lambda: store.load(phr),
        lambda: store.append(phr, "note", NOW, ALICE, {}),
        lambda: store.page(phr),
        lambda: store.create(plan(phr=phr), NOW, ALICE),
    ]
    for call in calls:
        with pytest.raises(AiopsError, match="is no id of a record"):
            call()
    assert _files(root) == []


def test_a_record_that_is_not_there(store: Store) -> None:
    calls: list[t.Callable[[], object]] = [
        lambda: store.load(PHR),
        lambda: store.append(PHR, "note", NOW, ALICE, {}),
        lambda: store.alone(PHR).__enter__(),
    ]
    for call in calls:
        with pytest.raises(AiopsError, match=f"There is no record {PHR} in "):
            call()


def test_one_run_at_a_time(store: Store, root: Path) -> None:
    store.create(plan(), NOW, ALICE)
    with store.alone(PHR), pytest.raises(AiopsError, match="Another run"), Store(root, page).alone(PHR):
        pass
    with store.alone(PHR):
        store.append(PHR, "note", NOW, ALICE, {})
    assert _git(root, "status", "--porcelain") == ""


# Faults


def test_a_folder_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AiopsError, match=r"The records can't be written to .*/file/records: "):
        Store(tmp_path / "file" / "records", page).create(plan(), NOW, ALICE)


def test_without_git_nothing_is_written(
    store: Store, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create(plan(), NOW, ALICE)
    before = _files(root)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AiopsError, match="git is missing"):
        store.append(PHR, "asked", NOW, ALICE, {})
    with pytest.raises(AiopsError, match="git is missing"):
        store.create(plan(phr="PHR-20261122-091502-000000"), NOW, ALICE)
    assert _files(root) == before
    assert store.ids() == [PHR]


@pytest.fixture
def small_files() -> t.Iterator[t.Callable[[int], None]]:
    """No file may grow beyond so many bytes: what a full disk is to the writer."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 100])
def test_a_full_disk_leaves_no_half_event(root: Path, size: int, small_files: t.Callable[[int], None]) -> None:
    store = QuickStore(root)
    before = store.create(plan(), NOW, ALICE)
    files = _files(root)
    small_files(size)
    with pytest.raises(AiopsError, match="can't be written"):
        store.append(PHR, "note", NOW, ALICE, {"text": "x" * 200})
    with pytest.raises(AiopsError, match="can't be written"):
        store.create(plan(phr="PHR-20261122-091502-000000"), NOW, ALICE)
    small_files(resource.RLIM_INFINITY)
    assert store.load(PHR) == before
    assert store.ids() == [PHR]
    assert _files(root) == files, "half a file was left"
    store.append(PHR, "note", NOW, ALICE, {"text": "x" * 200})
    assert inspect(store, PHR, page)["valid"]


def test_a_page_that_can_not_be_rendered_or_committed_loses_no_event(store: Store, root: Path) -> None:
    store.create(plan(), NOW, ALICE)
    index = root / ".git" / "index"
    good = index.read_bytes()
    index.write_bytes(b"garbage")
    with pytest.raises(AiopsError, match="git could not commit") as raised:
        store.append(PHR, "asked", NOW, ALICE, {})
    assert "recorded" in str(raised.value)
    index.write_bytes(good)
    store.append(PHR, "note", NOW, ALICE, {})
    assert [event.type for event in store.load(PHR).events] == ["proposed", "asked", "note"]
    assert _git(root, "status", "--porcelain") == ""


@pytest.mark.parametrize("lock", ["index.lock", "HEAD.lock", "refs/heads/main.lock"])
def test_the_lock_of_a_git_that_died_is_free(store: Store, root: Path, lock: str) -> None:
    store.create(plan(), NOW, ALICE)
    (root / ".git" / lock).write_text("")
    store.append(PHR, "asked", NOW, ALICE, {})
    assert _git(root, "log", "-1", "--format=%s") == f"{PHR}: 2 asked\n"


@pytest.mark.parametrize("left", [(), ("HEAD",), ("HEAD", "config.lock"), ("HEAD", "config", "refs", "objects")])
def test_a_git_that_died_while_it_made_the_repository_is_made_up_for(
    store: Store, root: Path, left: tuple[str, ...]
) -> None:
    store.create(plan(), NOW, ALICE)
    made = root / ".git"
    for path in made.iterdir():
        if path.name in {"refs", "objects"}:
            shutil.rmtree(path)
            if path.name in left:
                (path / ("heads" if path.name == "refs" else "pack")).mkdir(parents=True)
        elif path.is_dir():
            shutil.rmtree(path)
        elif path.name not in left:
            path.unlink()
    if "config.lock" in left:
        (made / "config.lock").touch()
    store.append(PHR, "asked", NOW, ALICE, {})
    assert store.changed() == []
    assert inspect(store, PHR, page)["valid"]
    assert _git(root, "status", "--porcelain") == ""


def test_what_a_run_leaves_is_excluded_in_a_clone_that_a_person_made(store: Store, root: Path, tmp_path: Path) -> None:
    store.create(plan(), NOW, ALICE)
    clone = tmp_path / "clone"
    _git(root, "clone", "--quiet", str(root), str(clone))
    (clone / ".git" / "info" / "exclude").write_text("mine\n")
    with Store(clone, page, remote="").alone(PHR):
        pass
    (clone / FOLDER / ".new-half").touch()
    (clone / "mine").touch()
    assert _git(clone, "status", "--porcelain", "-uall") == ""


def test_the_lock_of_a_process_that_was_killed_is_free(store: Store, root: Path) -> None:
    store.create(plan(), NOW, ALICE)
    holding = (
        "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); input()"
    )
    command = [sys.executable, "-c", holding, str(root / ".lock")]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    probe = os.open(root / ".lock", os.O_RDWR)
    with pytest.raises(BlockingIOError):
        fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(probe)
    holder.kill()
    holder.communicate()
    assert store.append(PHR, "asked", NOW, ALICE, {}).last("asked")


# Many writers, and writers that die


def _notes(store: Store, *phrs: str) -> list[str]:
    return [event.body["text"] for phr in phrs for event in store.load(phr).events if event.type == "note"]


@pytest.mark.parametrize(
    ("kind", "writers", "count", "records"),
    [("quick", 8, 20, 1), ("quick", 8, 5, 4), ("git", 4, 4, 2)],
    ids=["one record", "several records", "with git"],
)
def test_many_writers_lose_nothing(root: Path, kind: str, writers: int, count: int, records: int) -> None:
    store = Store(root, page) if kind == "git" else QuickStore(root)
    phrs = [f"PHR-20261122-091502-00000{number}" for number in range(records)]
    for phr in phrs:
        store.create(plan(phr=phr), NOW, ALICE)
    names = [f"w{number}" for number in range(writers)]
    processes = [running.start(kind, root, name, count, *phrs) for name in names]
    for process in processes:
        running.go(process)
    for process in processes:
        assert process.communicate()[1] == ""
        assert process.returncode == 0
    wanted = sorted(f"{name} {number}" for name in names for number in range(count))
    for phr in phrs:
        assert sorted(_notes(store, phr)) == wanted
        assert inspect(store, phr, page)["valid"]
    if kind == "git":
        assert _git(root, "status", "--porcelain") == ""
        assert int(_git(root, "rev-list", "--count", "HEAD")) == records * (1 + writers * count)


@pytest.mark.parametrize(("kind", "kills", "longest"), [("quick", 14, 0.02), ("git", 8, 0.25)])
def test_a_killed_writer_leaves_a_store_that_goes_on(root: Path, kind: str, kills: int, longest: float) -> None:
    """SIGKILL at random moments of appending and of making records, to the writer alone or to its git as well."""
    store = Store(root, page) if kind == "git" else QuickStore(root)
    store.create(plan(), NOW, ALICE)
    moments = random.Random(7)  # noqa: S311
    acknowledged: list[str] = []
    for number in range(kills):
        process = running.start(kind, root, f"k{number}", 10_000, PHR, "new")
        running.go(process)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(moments.random() * longest)
        said = running.kill(process, whole_group=bool(number % 2))
        acknowledged += [f"k{number} {each}" for each in said]
        for phr in store.ids():
            store.load(phr)
        store.append(PHR, "note", NOW, ALICE, {"text": f"after {number}"})
        acknowledged.append(f"after {number}")
    notes = _notes(store, PHR)
    assert len(set(notes)) == len(notes)
    assert set(acknowledged) <= set(notes)
    assert inspect(store, PHR, page)["valid"]
    if kind == "git":
        assert _git(root, "status", "--porcelain") == ""
        assert ".new-" not in _git(root, "log", "--name-only", "--format=")
