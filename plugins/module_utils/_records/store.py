# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The store of records: files that are created once and never changed, one lock, and a git commit after each event."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import typing as t
from pathlib import Path

from .._model.errors import AiopsError
from .._model.fields import Json
from .._model.plan import Plan
from .._model.record import Person, Record, event_name, fold, new_record, record_from_files
from .._model.rules import BUILT_IN, Policy

Render = t.Callable[[Record], str]


class Store:
    """One folder of records, which is a git repository.  ``render`` makes the page that a person reads."""

    def __init__(self, root: Path, render: Render) -> None:
        self._root = root
        self._render = render

    @property
    def policy(self) -> Policy:
        return BUILT_IN

    def create(self, plan: Plan, at: str, by: Person) -> Record:
        """A new record with its plan and first event: the whole folder appears at once."""
        content = plan.as_bytes()
        first = new_record(plan).following("proposed", at, by, {})
        with self._locked() as lock:
            folder = self._folder(plan.phr)
            folder.parent.mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(dir=self._root, prefix=".new-"))
            try:
                aside.chmod(0o755)
                aside.joinpath("events").mkdir()
                _create_once(aside / "plan.json", content)
                _create_once(aside / "events" / event_name(first), first.as_bytes())
                aside.rename(folder)
            except BaseException:
                shutil.rmtree(aside, ignore_errors=True)
                raise
            _sync_folder(folder.parent)
            return self._finish(plan.phr, lock)

    def append(self, phr: str, kind: str, at: str, by: Person, body: Json, expect_head: str | None = None) -> Record:
        """One more event, durable when this returns.

        An AiopsError where the record is damaged, where the event may not follow, or where something happened since
        ``expect_head``; then nothing was written.
        """
        with self._locked() as lock:
            record = self.load(phr)
            if expect_head is not None and record.head != expect_head:
                raise AiopsError(
                    f"{phr} has gone on meanwhile: {record.events[-1].type} at {record.events[-1].at}. Look at it again."
                )
            event = record.following(kind, at, by, body)
            fold([*record.events, event])
            _create_once(self._folder(phr) / "events" / event_name(event), event.as_bytes())
            return self._finish(phr, lock)

    @contextlib.contextmanager
    def alone(self, phr: str) -> t.Iterator[None]:
        """Hold a record for one run; an AiopsError where another run works on it.  A run that died holds nothing.

        What a run that died left undone of the page and the commit is made up for first.
        """
        self.load(phr)
        try:
            handle = os.open(self._folder(phr) / ".run", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise AiopsError(f"The record {phr} can't be held: {exc.strerror or exc}. Nothing was done.") from exc
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            os.close(handle)
            raise AiopsError(f"Another run is working on {phr} at this moment. Nothing was done.") from exc
        try:
            with self._locked() as lock:
                if self._unfinished(phr, lock):
                    self._finish(phr, lock)
            yield
        finally:
            os.close(handle)

    def load(self, phr: str) -> Record:
        """The record, verified; an AiopsError names the first bad item."""
        folder = self._folder(phr)
        try:
            plan = (folder / "plan.json").read_bytes()
            events = [(path.name, path.read_bytes()) for path in sorted((folder / "events").glob("*.json"))]
        except FileNotFoundError as exc:
            raise AiopsError(
                f"There is no record {phr} in {self._root}. List those that are with aiops.kubernetes.phr_info."
            ) from exc
        except OSError as exc:
            raise AiopsError(f"The record {phr} can't be read: {exc.strerror or exc}.") from exc
        try:
            record = record_from_files(plan, events)
        except AiopsError as exc:
            raise AiopsError(f"The record {phr} does not verify: {exc}") from exc
        if record.id != phr:
            raise AiopsError(f"The record {phr} does not verify: its plan.json is that of {record.id}.")
        return record

    def ids(self, since: str = "") -> list[str]:
        """The records, or those made since a moment, oldest first."""
        first = f"PHR-{_digits(since)}"
        found = self._root.glob("phr/[0-9]*/[0-9]*/PHR-*")
        return sorted(path.name for path in found if path.name >= first and path.is_dir())

    def page(self, phr: str) -> str | None:
        """The page as it stands on disk."""
        try:
            return (self._folder(phr) / "PHR.md").read_bytes().decode(errors="replace")
        except OSError:
            return None

    def _unfinished(self, phr: str, lock: int) -> bool:
        """Whether a run died between an event and its page or its commit."""
        if self.page(phr) != self._render(self.load(phr)) or not (self._root / ".git").exists():
            return True
        return bool(self._git(lock, "status", "--porcelain", "--", "phr"))

    def _finish(self, phr: str, lock: int) -> Record:
        """The page and the commit.  The events stand already: if these fail, the next run makes up for them."""
        record = self.load(phr)
        _replace(self._folder(phr) / "PHR.md", self._render(record).encode())
        self._commit(record, lock)
        return record

    def _folder(self, phr: str) -> Path:
        # PHR-YYYYMMDD-HHMMSS-xxxxxx; whatever else is no name of ours and must not become a path
        parts = phr.split("-")
        if len(parts) != 4 or parts[0] != "PHR" or not all(part.isalnum() for part in parts) or len(parts[1]) != 8:
            raise AiopsError(f"{phr!r} is no id of a record; one looks like PHR-20261122-091502-3f9c1a.")
        return self._root / "phr" / parts[1][:4] / parts[1][4:6] / phr

    @contextlib.contextmanager
    def _locked(self) -> t.Iterator[int]:
        """One writer at a time, with the lock's descriptor.  The kernel frees the lock of a process that died."""
        if shutil.which("git") is None:
            raise AiopsError("git is missing on the controller; the records are kept in a git repository. Install git.")
        try:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self._root / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise AiopsError(
                f"The records can't be written to {self._root}: {exc.strerror or exc}. Nothing was changed."
            ) from exc
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        except OSError as exc:
            raise AiopsError(f"The record can't be written in {self._root}: {exc.strerror or exc}.") from exc
        finally:
            os.close(handle)

    def _commit(self, record: Record, lock: int) -> None:
        """A git commit of everything that is not committed yet, so that one that was missed is made up for."""
        repository = self._root / ".git"
        if not repository.exists():
            self._git(lock, "init", "--quiet", "--initial-branch=main")
            (repository / "info" / "exclude").write_text("/.lock\n.new-*\n.run\n", encoding="utf-8")
        for stale in ("index.lock", "HEAD.lock", "refs/heads/main.lock"):
            # git holds our lock as long as it runs, so whoever left these is dead
            with contextlib.suppress(OSError):
                repository.joinpath(stale).unlink()
        self._git(lock, "add", "--all", "--", "phr")
        event = record.events[-1]
        name = re.sub(r"[^\w.-]+", "-", event.by.name).strip(".-") or "somebody"  # git does not take every name
        person = ("-c", f"user.name={name}", "-c", f"user.email={name}@{event.by.host}")
        message = f"{record.id}: {event.number} {event.type}"
        self._git(lock, *person, "commit", "--quiet", "--no-verify", "--message", message)

    def _git(self, lock: int, *words: str) -> str:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        settings = (
            "-c",
            "commit.gpgsign=false",
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "core.fsync=all",
            "-c",
            "gc.auto=0",
        )
        command = ["git", "-C", str(self._root), *settings, *words]
        try:
            return subprocess.run(
                command, check=True, capture_output=True, text=True, env=environment, pass_fds=(lock,)
            ).stdout
        except subprocess.CalledProcessError as exc:
            raise AiopsError(
                f"It was recorded in {self._root}, but git could not commit it: {exc.stderr.strip()}. The next record makes up for it."
            ) from exc


def new_id(now: str) -> str:
    """An id for a record made at that moment."""
    return f"PHR-{_digits(now)}-{secrets.token_hex(3)}"


def _digits(moment: str) -> str:
    """A moment as it stands in an id: 20261122-091502."""
    return moment.rstrip("Z").replace("-", "").replace(":", "").replace("T", "-")


def _create_once(path: Path, content: bytes) -> None:
    """Whole and durable, or not at all; never over a file that is there (FileExistsError)."""
    temporary = _written_aside(path.parent, content)
    try:
        os.link(temporary, path)
    finally:
        temporary.unlink()
    _sync_folder(path.parent)


def _replace(path: Path, content: bytes) -> None:
    _written_aside(path.parent, content).replace(path)


def _written_aside(folder: Path, content: bytes) -> Path:
    handle, name = tempfile.mkstemp(dir=folder, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        Path(name).unlink()
        raise
    return Path(name)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
