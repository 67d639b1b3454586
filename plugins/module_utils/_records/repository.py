# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""git, as far as records need it: a commit after each event, a remote that several clones share, and trust files of a commit."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import subprocess
import typing as t
from pathlib import Path

from .._model.errors import AiopsError
from .._model.record import Event
from .._model.text import one_line

BRANCH: t.Final = "refs/heads/main"
REMOTE_BRANCH: t.Final = "refs/remotes/origin/main"
_SETTINGS: t.Final = (
    "commit.gpgsign=false", "core.hooksPath=/dev/null", "core.fsync=all", "core.autocrlf=false", "gc.auto=0",
    "push.gpgSign=false", "protocol.ext.allow=never", "fastimport.unpackLimit=100",
    "index.version=4", "core.splitIndex=true",  # an event among ninety thousand files writes what is new
)  # fmt: skip
_SECONDS: t.Final = 120
_LOCKS: t.Final = ("config.lock", "index.lock", "HEAD.lock", "refs/heads/main.lock", "refs/remotes/origin/main.lock")
# What a run of ours leaves in the work tree and no record needs.
_EXCLUDED: t.Final = "/.lock\n.new-*\n.run\n"


class Outpaced(Exception):
    """Another clone has pushed meanwhile."""


class Repository:
    """The git repository of a store; whoever calls holds the store's lock, whose descriptor git inherits."""

    def __init__(self, root: Path, remote: str | None) -> None:
        self._root = root
        self.remote = remote or self._known_remote()
        if remote is not None and (remote.startswith("-") or "::" in remote):
            raise AiopsError(f"{remote!r} is no address of a git repository.")

    def _known_remote(self) -> str | None:
        """The remote that was used before: a clone does not stop to be one because a variable was left out."""
        if self.head(REMOTE_BRANCH) is None:
            return None
        return self._git(None, "config", "--get", "--default=", "remote.origin.url").stdout.decode().strip() or None

    @property
    def made(self) -> bool:
        """git makes the folder of the objects last."""
        return (self._root / ".git" / "objects").exists()

    def make(self, lock: int) -> None:
        """The repository, where there is none yet; and no lock of a git that died."""
        for stale in _LOCKS:
            # git holds our lock as long as it runs, so whoever left these is dead
            with contextlib.suppress(OSError):
                (self._root / ".git" / stale).unlink()
        exclude = self._root / ".git" / "info" / "exclude"
        if not self.made or not exclude.exists() or _EXCLUDED not in exclude.read_text(encoding="utf-8"):
            # also where a former run was killed in the middle of it: it harms no repository that is whole
            self.run(lock, "init", "--quiet", "--initial-branch=main")
            exclude.parent.mkdir(exist_ok=True)
            with exclude.open("a", encoding="utf-8") as file:
                file.write(_EXCLUDED)
        if (self._root / ".git" / "HEAD").read_text(encoding="utf-8").strip() != f"ref: {BRANCH}":
            raise AiopsError(
                f"The work tree of {self._root} is on another branch than main. Bring it back: git switch main."
            )

    def commit(self, lock: int, message: str, event: Event, paths: t.Sequence[str]) -> None:
        """These files as they are now, and nothing else that somebody put into the index.

        ``git commit`` looks at every file of the work tree and would take a while with ten thousand records; ``fast-import``
        reads the folders on the way to these files and no others.
        """
        self.run(lock, "update-index", "--add", "--", *paths)
        name, host = (re.sub(r"[^\w.-]+", "-", each).strip(".-") for each in (event.by.name, event.by.host))
        lines = [
            f"commit {BRANCH}\ncommitter {name or 'somebody'} <{name}@{host}> now\n".encode(),
            _data(message.encode()),
        ]
        if self.head(BRANCH):
            lines.append(f"from {BRANCH}^0\n".encode())
        for path in paths:
            lines.append(f"M 100644 inline {path}\n".encode() + _data((self._root / path).read_bytes()))
        self._git(lock, "fast-import", "--quiet", "--date-format=now", given=b"".join(lines))

    def committed(self, place: str) -> dict[str, str]:
        """The files of a folder, or one file, as the newest commit has them, by path, with the names of their contents."""
        if not self.made or not self.head(BRANCH):
            return {}
        listed = self._git(None, "ls-tree", "-r", "-z", BRANCH, "--", place).stdout.decode(errors="replace")
        entries = (line.partition("\t") for line in listed.split("\0")[:-1])
        return {path: about.split()[2] for about, _tab, path in entries}

    def subjects(self) -> t.Iterator[str]:
        """What each commit of the branch says that it is, the newest first; one at a time, for there may be many."""
        command = ["git", "-C", str(self._root), "log", "--format=%s", BRANCH, "--"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=_environment(), text=True, errors="replace") as git:
            for line in git.stdout or ():
                yield line.rstrip("\n")

    def overwritten(self, not_by: str) -> t.Iterator[tuple[str, str, str]]:
        """The path, its content's name before, and the commit, of all that a commit removed or changed.

        Commits whose subject fits ``not_by`` (a regular expression of grep -E) are left out.
        """
        words = (
            "-m",
            "--raw",
            "--no-renames",
            "--no-abbrev",
            "--diff-filter=DMT",
            "--format=%x00%H %an, %as",
        )
        who = ""
        said = self._git(None, "log", *words, "-E", "--invert-grep", f"--grep={not_by}", BRANCH, "--").stdout
        for line in said.decode(errors="replace").splitlines():
            if line.startswith("\0"):
                who = _by(line[1:])
            elif line.startswith(":"):
                about, _tab, path = line.partition("\t")
                yield path, about.split()[2], who

    def remover(self, path: str) -> str:
        """The commit that removed a file, and who made it; empty where none did."""
        words = ("-1", "--full-history", "-m", "--diff-filter=D", "--format=%H %an, %as")
        said = self._git(None, "log", *words, BRANCH, "--", path).stdout.decode(errors="replace").splitlines()
        return _by(said[0]) if said else ""

    def dirty(self, lock: int) -> bool:
        return bool(self.run(lock, "status", "--porcelain", "--", "phr"))

    def fetch(self, lock: int) -> bool:
        """What the remote has now; whether it has anything.  One whose history was rewritten is an AiopsError."""
        remote, known = self.remote or "", self.head(REMOTE_BRANCH)
        if not self.run(lock, "ls-remote", "--", remote, BRANCH):
            if known:
                raise AiopsError(
                    f"The records at {remote} are gone: the branch main was there before. Ask who removed it."
                )
            return False
        try:
            # without "+", git itself refuses what is no continuation of what was seen before
            self.run(
                lock,
                "fetch",
                "--no-tags",
                "--no-write-fetch-head",
                "--",
                remote,
                f"{BRANCH}:{REMOTE_BRANCH}",
            )
        except AiopsError as exc:
            if "non-fast-forward" in str(exc) or "rejected" in str(exc):
                raise AiopsError(
                    f"The history of the records at {remote} was rewritten (a forced push): what was seen before is not in it. "
                    f"Nothing was done. Compare it with {self._root}, whose {REMOTE_BRANCH} is the last that was seen."
                ) from exc
            raise
        if not known:
            self.run(lock, "config", "remote.origin.url", remote)
        return True

    def push(self, lock: int) -> None:
        """Outpaced where another clone was faster; an AiopsError where more than records would be published."""
        base = self.head(REMOTE_BRANCH)
        if base:
            odd = self.run(lock, "diff", "--name-only", base, BRANCH, "--", ".", ":(exclude)phr").split()
            if odd:
                raise AiopsError(
                    f"Commits in {self._root} change {', '.join(odd)}, which is not for a run to publish. "
                    "Nothing was pushed. Have it changed on the protected branch."
                )
        try:
            self.run(lock, "push", "--quiet", "--", self.remote or "", f"{BRANCH}:{BRANCH}")
        except AiopsError as exc:
            if any(
                word in str(exc)
                for word in (
                    "[rejected]",
                    "fetch first",
                    "cannot lock ref",
                    "non-fast-forward",
                    "failed to update",
                    "incorrect old value",
                )
            ):
                raise Outpaced from exc
            raise
        if not base:
            self.run(lock, "config", "remote.origin.url", self.remote or "")
        self.run(lock, "update-ref", REMOTE_BRANCH, BRANCH)

    def keep(self, lock: int, commit: str) -> None:
        """A ref for a commit that the branch is about to leave: nothing that was recorded is ever lost."""
        self.run(lock, "update-ref", f"refs/aiops/before/{commit[:12]}", commit)

    def reset(self, lock: int, to: str) -> None:
        """The branch and the work tree as that commit has them."""
        self.run(lock, "reset", "--quiet", "--hard", to)

    def head(self, ref: str) -> str | None:
        """The commit of a ref, read without git: it is asked for often."""
        with contextlib.suppress(OSError):
            return (self._root / ".git" / ref).read_text(encoding="ascii").strip()
        with contextlib.suppress(OSError):
            for line in (self._root / ".git" / "packed-refs").read_text(encoding="utf-8").splitlines():
                if line.endswith(f" {ref}"):
                    return line.split()[0]
        return None

    def is_ancestor(self, lock: int, older: str, newer: str) -> bool:
        return self.run(lock, "merge-base", older, newer).strip() == older

    def changed(self, lock: int, older: str, newer: str) -> list[str]:
        """The files that one commit has otherwise than another."""
        return self.run(lock, "diff", "--name-only", "-z", older, newer).split("\0")[:-1]

    def trusted(self) -> str | None:
        """The commit that trust files are read from: the remote's as it was last seen, where there is one."""
        return self.head(REMOTE_BRANCH if self.remote else BRANCH) if self.made else None

    def files(self, commit: str, folder: str, names: t.Sequence[str]) -> list[bytes | None]:
        """These files of a folder as a commit has them; None for one that is not there.

        An AiopsError where git lacks one that is: what nobody can read must not count as absent.
        """
        asked = [f"{commit}^{{tree}}", f"{commit}:{folder}", *(f"{commit}:{folder}/{name}" for name in names)]
        root, inside, *found = self._objects(asked)
        known = [(folder, root, inside), *((name, inside, content) for name, content in zip(names, found, strict=True))]
        lacking = [
            name for name, tree, content in known if content is None and b" %s\0" % name.encode() in (tree or b"")
        ]
        if root is None or lacking:
            raise AiopsError(
                f"git can't read {' '.join(lacking) or 'the newest commit'} in {self._root}. Look at it with: git -C {self._root} fsck"
            )
        return found

    def _objects(self, names: t.Sequence[str]) -> list[bytes | None]:
        rest = self._git(None, "cat-file", "--batch", given="".join(f"{name}\n" for name in names).encode()).stdout
        found: list[bytes | None] = []
        for _name in names:
            about, _newline, rest = rest.partition(b"\n")
            size = None if about.endswith(b" missing") else int(about.split()[2])
            found.append(None if size is None else rest[:size])
            rest = rest if size is None else rest[size + 1 :]
        return found

    def run(self, lock: int, *words: str) -> str:
        return self._git(lock, *words).stdout.decode(errors="replace")

    def _git(self, lock: int | None, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        command = ["git", "-C", str(self._root), *settings, *words]
        held = () if lock is None else (lock,)
        try:
            return subprocess.run(
                command,
                check=True,
                capture_output=True,
                env=_environment(),
                pass_fds=held,
                timeout=_SECONDS,
                input=given,
            )
        except subprocess.TimeoutExpired as exc:
            raise AiopsError(f"git {words[0]} in {self._root} did not end within {_SECONDS} s.") from exc
        except subprocess.CalledProcessError as exc:
            raise AiopsError(
                f"git {words[0]} failed in {self._root}: {' '.join(exc.stderr.decode(errors='replace').split())}"
            ) from exc


def content_name(content: bytes, like: str) -> str:
    """The name that git gives a content, by the hash of another name."""
    made = hashlib.sha256() if len(like) == 64 else hashlib.sha1(usedforsecurity=False)
    made.update(b"blob %d\0" % len(content) + content)
    return made.hexdigest()


def _by(said: str) -> str:
    commit, _space, who = said.partition(" ")
    return f"commit {commit[:12]} of {one_line(who, 100)}"


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _environment() -> dict[str, str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    # a question for a password would wait for ever
    environment.update(
        GIT_TERMINAL_PROMPT="0",
        GIT_SSH_COMMAND=os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
        LC_ALL="C",
    )
    return environment
