# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The store of records: files that are created once and never changed, one lock, and a git commit after each event."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import re
import secrets
import shutil
import tempfile
import time
import typing as t
from pathlib import Path

from .._model import fields
from .._model.errors import AiopsError
from .._model.plan import Plan, canonical
from .._model.record import Event, Person, Record, event_name, fold, new_record, record_from_files
from .._model.rules import Policy
from .repository import BRANCH, REMOTE_BRANCH, Outpaced, Repository, content_name
from .signing import Signers
from .trust import Trusting

Render = t.Callable[[Record], str]

# Events by which a run gets leave to go on: each must have reached the remote before it counts.
_OUTCOMES: t.Final = frozenset(
    {
        "applying",
        "applied",
        "not_applied",
        "verified",
        "rolling_back",
        "rolled_back",
        "rollback_blocked",
        "rollback_failed",
    }
)
# The last of these in a record says whether a run has its hands on the object, or died with them on it.
_HANDS_ON: t.Final[t.Mapping[str, bool]] = {
    "claimed": True, "applying": True, "rolling_back": True,
    **dict.fromkeys(
        ("applied", "not_applied", "stale", "rolled_back", "rollback_blocked", "rollback_failed", "closed"), False
    ),
}  # fmt: skip
# Whoever lost a race begins anew with more to do than the winner, so it may lose for as long as another writes without a pause.
_OUTPACED_SECONDS: t.Final = 300
# What a commit of an event is called, for git's grep and for ours.
_SUBJECT: t.Final = r"^(PHR-[0-9]{8}-[0-9a-z]+-[0-9a-z]+): ([0-9]+) ([a-z_]+)$"


class Store:
    """One folder of records, which is a git repository.  ``render`` makes the page that a person reads.

    With a remote, the repository is one of several clones: what the others wrote is fetched before each event, and the event
    pushed after it.  ``policy_file`` tightens the policy of the repository's trust/policy.yml.
    """

    def __init__(self, root: Path, render: Render, remote: str | None = None, policy_file: Path | None = None) -> None:
        self._root = root
        self._render = render
        self._repository = Repository(root, remote)
        self._trust = Trusting(self._repository, policy_file)

    @property
    def policy(self) -> Policy:
        return self._trust.now.policy

    @property
    def signers(self) -> Signers:
        return self._trust.now.signers

    def refresh(self) -> None:
        """What the other clones have written; without a remote there are none."""
        if self._repository.remote:
            with self._locked() as lock:
                self._catch_up(lock)
                if self._repository.head(BRANCH) != self._repository.head(REMOTE_BRANCH):
                    with contextlib.suppress(Outpaced):  # then whoever comes next brings it there
                        self._repository.push(lock)

    def create(self, plan: Plan, at: str, by: Person, advice: t.Sequence[fields.Json] = ()) -> Record:
        """A new record with its plan and first event, which holds the advice: the whole folder appears at once."""
        first = new_record(plan).following("proposed", at, by, {"advice": list(advice)} if advice else {})
        with self._locked() as lock:
            if _unfinished(lock):
                self._make_up(lock)
            for _try in _while_outpaced():
                self._catch_up(lock)
                _begin(lock)
                self._place(plan.phr, plan.as_bytes(), [first])
                with contextlib.suppress(Outpaced):
                    return self._finish(plan.phr, lock, self._uncommitted(plan.phr), must_reach=True)
            raise self._too_many()

    def append(
        self, phr: str, kind: str, at: str, by: Person, body: fields.Json, expect_head: str | None = None
    ) -> Record:
        """One more event, durable when this returns, and pushed where there is a remote.

        An AiopsError where the record is damaged, where the event may not follow, or where something happened since
        ``expect_head``; then nothing was written.  What a run has done is recorded even while the remote can't be reached:
        the next event brings it there.
        """
        with self._locked() as lock:
            if _unfinished(lock):
                self._make_up(lock)
            for _try in _while_outpaced():
                self._catch_up(lock, offline=kind in _OUTCOMES)
                record = self.load(phr)
                left = self._uncommitted(phr)
                if expect_head is not None and record.head != expect_head:
                    raise AiopsError(
                        f"{phr} has gone on meanwhile: {record.events[-1].type} at {record.events[-1].at}. Look at it again."
                    )
                event = record.following(kind, at, by, body)
                fold([*record.events, event])
                if kind == "claimed":
                    self._require_free(record)
                self._verify(phr, [event])
                _begin(lock)
                path = self._folder(phr) / "events" / event_name(event)
                _create_once(path, event.as_bytes())
                with contextlib.suppress(Outpaced):
                    return self._finish(phr, lock, [*left, self._place_of(path)], must_reach=kind not in _OUTCOMES)
            raise self._too_many()

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
                self._repository.make(lock)
                left = self._uncommitted(phr)
                if left or self.page(phr) != self._render(self.load(phr)):
                    self._finish(phr, lock, left)
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
            record = dataclasses.replace(record_from_files(plan, events), people=self._trust.now.people)
            self._verify(phr, record.events)
            if record.id != phr:
                raise AiopsError(f"its plan.json is that of {record.id}.")
        except AiopsError as exc:
            raise self._broken(phr, str(exc)) from exc
        return record

    def _broken(self, phr: str, why: str) -> AiopsError:
        place = self._place_of(self._folder(phr))
        return AiopsError(
            f"The record {phr} in {self._root} does not verify: {why} Nothing is done with it as long as that is so. "
            f"See what became of its files: git -C {self._root} status {place}; git -C {self._root} log -p -- {place}"
        )

    def _place_of(self, path: Path) -> str:
        """A path as git knows it."""
        return str(path.relative_to(self._root))

    def changed(self, phr: str | None = None) -> list[str]:
        """The files of records that are not as they were committed, or are gone; of one record, or of all."""
        if not self._repository.made:
            return []
        place = self._place_of(self._folder(phr)) if phr else "phr"
        with self._locked() as lock:
            status = self._repository.run(lock, "status", "--porcelain", "-z", "--no-renames", "-uall", "--", place)
        return sorted(line[3:] for line in status.split("\0")[:-1])

    def lost(self, since: str = "", phr: str = "") -> list[str]:
        """What the history tells of records made since a moment, or of one, and is not there any more, with who took it away.

        Each commit of a run names its event; that of another hand is looked through for what it removed or changed.  Whoever
        rewrites the history instead is told by the remote, which does not take that.
        """
        if not self._repository.made or not self._repository.head(BRANCH):
            return []
        found = {path: f"{path} was removed by {who}" for path, who in self._gone(since, phr)}
        for path, name, who in self._repository.overwritten(not_by=_SUBJECT):
            lasting = path.startswith("phr/") and not path.endswith("/PHR.md") and path not in found
            if lasting and self._asked(Path(path).parts[3], since, phr):
                now = _content(self._root / path)
                if content_name(now, name) != name:
                    found[path] = f"{path} was {'changed' if now else 'removed'} by {who}"
        return [found[path] for path in sorted(found)]

    def _gone(self, since: str, phr: str) -> t.Iterator[tuple[str, str]]:
        """The newest event that was committed of each record, where neither disk nor branch has it any more."""
        seen: set[str] = set()
        for subject in self._repository.subjects():
            match = re.fullmatch(_SUBJECT, subject)
            if match is None or match[1] in seen or not self._asked(match[1], since, phr):
                continue
            seen.add(match[1])
            path = self._folder(match[1]) / "events" / f"{int(match[2]):04d}-{match[3]}.json"
            place = self._place_of(path)
            if not path.exists() and not self._repository.committed(place):
                yield place, self._repository.remover(place) or "a commit that does not tell who made it"

    def _asked(self, name: str, since: str, phr: str) -> bool:
        return name == phr if phr else name >= f"PHR-{_digits(since)}"

    def ids(self, since: str | None = None, month: str = "") -> list[str]:
        """The records, or those made since a moment or in a month (2026-11), oldest first."""
        first = f"PHR-{_digits(since or '')}"
        year, _hyphen, number = month.partition("-")
        found = self._root.glob(f"phr/{year or '[0-9]*'}/{number or '[0-9]*'}/PHR-*")
        return sorted(path.name for path in found if path.name >= first and path.is_dir())

    def page(self, phr: str) -> str | None:
        """The page as it stands on disk."""
        try:
            return (self._folder(phr) / "PHR.md").read_bytes().decode(errors="replace")
        except OSError:
            return None

    def naming(self, words: t.Collection[str]) -> list[str]:
        """The records in whose plan one of these words stands, as its file has them."""
        wanted = [word.encode() for word in words]
        plans = ((phr, _content(self._folder(phr) / "plan.json")) for phr in self.ids())
        return [phr for phr, plan in plans if any(word in plan for word in wanted)]

    def with_event(self, *kinds: str) -> list[str]:
        """The records in which such an event stands, by the names of their files."""
        return [phr for phr in self.ids() if any(kind in kinds for kind in self._kinds(phr))]

    def _kinds(self, phr: str) -> list[str]:
        try:
            with os.scandir(self._folder(phr) / "events") as found:
                return [name[5:-5] for name in sorted(each.name for each in found) if name.endswith(".json")]
        except OSError:
            return []

    def _require_free(self, record: Record) -> None:
        """An AiopsError where another record's run has its hands on one of the same objects, or died with them on it."""
        mine = {(record.plan.cluster.uid, step.target) for step in record.plan.steps}
        for phr in self.ids():
            last = next((kind for kind in reversed(self._kinds(phr)) if kind in _HANDS_ON), "closed")
            if phr != record.id and _HANDS_ON[last]:
                other = self.load(phr).plan
                if mine & {(other.cluster.uid, step.target) for step in other.steps}:
                    raise AiopsError(
                        f"{phr} is at work on the same object ({last}). Nothing was done. If its run died, settle it first with: "
                        f"ansible-playbook aiops.kubernetes.remediate -e aiops_phr={phr}"
                    )

    def _verify(self, phr: str, events: t.Sequence[Event]) -> None:
        """An AiopsError names the first event whose signature is not what it claims."""
        for event in events:
            signature = fields.get_str(event.body, "signature")
            if event.by.proof == "signature" or signature:
                try:
                    self.signers.require(event.signed_bytes(phr), signature, event.by.name, event.at)
                except AiopsError as exc:
                    raise AiopsError(f"{event_name(event)}: {exc}.") from exc

    def _uncommitted(self, phr: str) -> list[str]:
        """The plan and the events that no commit has yet; an AiopsError where a file is not as it was committed.

        So a record whose tail was cut off is not written to: its chain alone would not tell.
        """
        folder = self._folder(phr)
        known = self._repository.committed(self._place_of(folder))
        for path, name in known.items():
            if path != self._place_of(folder / "PHR.md") and content_name(_content(self._root / path), name) != name:
                raise self._broken(phr, f"{path} is not as it was committed.")
        here = (folder / "plan.json", *sorted(folder.glob("events/*.json")), *sorted(folder.glob("advice/*.json")))
        return [path for path in map(self._place_of, here) if path not in known]

    def _finish(self, phr: str, lock: int, left: t.Sequence[str], must_reach: bool = False) -> Record:
        """The page, the commit of what is left of the record, and the push.

        The event stands already: if these fail, the next run makes up for them.  Only what must reach the remote and does not,
        is taken back: nothing has happened then.
        """
        record = self._paged(phr)
        self._commit(record, lock, left)
        _end(lock)
        if not self._repository.remote:
            return record
        try:
            self._repository.push(lock)
        except (Outpaced, AiopsError) as exc:
            if isinstance(exc, Outpaced) or must_reach:
                self._take_back(lock)
                raise
        return self.load(phr)

    def _take_back(self, lock: int) -> None:
        """Undo the commit that did not reach the remote; what was kept for later before it stays."""
        if self._repository.run(lock, "rev-list", "--count", BRANCH).strip() == "1":
            self._repository.run(lock, "update-ref", "-d", BRANCH)
            shutil.rmtree(self._root / "phr")
            self._repository.run(lock, "read-tree", "--empty")
        else:
            self._repository.reset(lock, f"{BRANCH}~1")

    def _catch_up(self, lock: int, offline: bool = False) -> None:
        """The other clones' events, with what this one has not yet pushed put after them.

        The signature of a decision is over what does not depend on its place, so it may get another number and predecessor.
        """
        repository = self._repository
        if not repository.remote:
            return
        repository.make(lock)
        try:
            there = repository.fetch(lock)
        except AiopsError as exc:
            if offline and "rewritten" not in str(exc) and "are gone" not in str(exc):
                return
            raise
        ours, theirs = repository.head(BRANCH), repository.head(REMOTE_BRANCH)
        if not there or theirs is None or ours == theirs:
            return
        if ours is None:
            repository.reset(lock, theirs)
            return
        if repository.dirty(lock):  # a run died between an event and its commit
            self._make_up(lock)
            ours = repository.head(BRANCH) or ours
        if repository.is_ancestor(lock, theirs, ours):
            return
        left = [] if repository.is_ancestor(lock, ours, theirs) else self._only_here(lock, ours, theirs)
        if left:
            repository.keep(lock, ours)
        repository.reset(lock, theirs)
        for phr, plan, events in left:
            self._put_after(phr, plan, events)
            self._commit(self._paged(phr), lock, self._uncommitted(phr))

    def _make_up(self, lock: int) -> None:
        """Commit what a run that died left, with its pages.  A record that does not verify is left for a person to look at."""
        self._repository.make(lock)
        status = self._repository.run(lock, "status", "--porcelain", "-z", "--no-renames", "-uall", "--", "phr")
        paths = [Path(line[3:]) for line in status.split("\0")[:-1]]
        for phr in sorted({path.parts[3] for path in paths if len(path.parts) > 4}):
            try:
                left, record = self._uncommitted(phr), self._paged(phr)
            except AiopsError:
                continue
            self._commit(record, lock, left)
        _end(lock)

    def _paged(self, phr: str) -> Record:
        record = self.load(phr)
        _replace(self._folder(phr) / "PHR.md", self._render(record).encode())
        return record

    def _only_here(self, lock: int, ours: str, theirs: str) -> list[tuple[str, bytes, list[Event]]]:
        """The events that the remote does not have, by record, with the plan for a record that it does not have."""
        base = self._repository.run(lock, "merge-base", ours, theirs).strip()
        mine = [Path(path) for path in self._repository.changed(lock, base, ours)]
        found: dict[str, list[Event]] = {}
        for path in sorted(path for path in mine if path.parent.name == "events"):
            record = self.load(path.parts[3])
            found.setdefault(record.id, []).append(record.events[int(path.name[:4]) - 1])
        return [(phr, (self._folder(phr) / "plan.json").read_bytes(), events) for phr, events in found.items()]

    def _put_after(self, phr: str, plan: bytes, events: t.Sequence[Event]) -> None:
        """Events again, after what the other clones wrote; one that may not follow any more is an AiopsError."""
        if not self._folder(phr).exists():
            self._place(phr, plan, events)
            return
        for event in events:
            record = self.load(phr)
            again = record.following(event.type, event.at, event.by, event.body)
            fold([*record.events, again])
            _create_once(self._folder(phr) / "events" / event_name(again), again.as_bytes())

    def _place(self, phr: str, plan: bytes, events: t.Sequence[Event]) -> None:
        folder = self._folder(phr)
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=self._root, prefix=".new-"))
        try:
            aside.chmod(0o755)
            aside.joinpath("events").mkdir()
            _create_once(aside / "plan.json", plan)
            for event in events:
                _create_once(aside / "events" / event_name(event), event.as_bytes())
            # for people: what counts stands in the event
            for number, said in enumerate(fields.get_dicts(events[0].body, "advice"), 1):
                aside.joinpath("advice").mkdir(exist_ok=True)
                _create_once(aside / "advice" / f"{number}.json", canonical(said))
            aside.rename(folder)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        _sync_folder(folder.parent)

    def _too_many(self) -> AiopsError:
        return AiopsError(f"Other clones were faster for {_OUTPACED_SECONDS} s. Nothing was recorded. Try again.")

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

    def _commit(self, record: Record, lock: int, left: t.Sequence[str]) -> None:
        """A git commit of the page and of what is not committed yet, so that one that was missed is made up for."""
        event, paths = record.events[-1], (*left, self._place_of(self._folder(record.id) / "PHR.md"))
        try:
            self._repository.make(lock)
            self._repository.commit(lock, f"{record.id}: {event.number} {event.type}", event, paths)
        except AiopsError as exc:
            raise AiopsError(
                f"It was recorded in {self._root}, but git could not commit it: {exc} The next record makes up for it."
            ) from exc


def new_id(now: str) -> str:
    """An id for a record made at that moment."""
    return f"PHR-{_digits(now)}-{secrets.token_hex(3)}"


def _while_outpaced() -> t.Iterator[None]:
    until = time.monotonic() + _OUTPACED_SECONDS
    while time.monotonic() < until:
        yield


def _digits(moment: str) -> str:
    """A moment as it stands in an id: 20261122-091502."""
    return moment.rstrip("Z").replace("-", "").replace(":", "").replace("T", "-")


# Between its first file and its commit, a run leaves a word in the file of the lock: whoever finds one there after it makes up
# for what is left, and nobody else has to look at all records for that.


def _begin(lock: int) -> None:
    os.pwrite(lock, b"unfinished\n", 0)


def _end(lock: int) -> None:
    os.ftruncate(lock, 0)


def _unfinished(lock: int) -> bool:
    return os.fstat(lock).st_size > 0


def _content(path: Path) -> bytes:
    """The content of a file, empty where there is none."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


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
