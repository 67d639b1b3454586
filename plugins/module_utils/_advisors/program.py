# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program kubectl-ai in a folder of its own: put there from a release's archive, told again by a receipt, taken away."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import tarfile
import tempfile
import typing as t
import zlib
from pathlib import Path, PurePosixPath

from .._model import fields
from .._model.errors import AiopsError
from .._model.text import one_line

NAME: t.Final = "kubectl-ai"
# An archive that unpacks to more than this is none of kubectl-ai: the program has about 100 MB.
MOST_BYTES: t.Final = 500 * 2**20
_SECONDS: t.Final = 30

Fetch = t.Callable[[], bytes]


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A release, by its version (``0.0.28``) and the sha256 of its archive in hex, and the settings beside it."""

    version: str
    sha256: str
    configuration: fields.Json


@dataclasses.dataclass(frozen=True)
class Found:
    """``version`` is that of the receipt, ``sha256`` that of its archive; both empty where nothing is installed."""

    version: str
    sha256: str
    whole: bool
    """whether the program is still the one that was installed"""


class Home:
    """Its folder: the program, what was installed (the receipt), and its settings, as ``XDG_CONFIG_HOME`` wants them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "bin" / NAME
        self.settings = folder / "config" / NAME / "config.yaml"
        self._receipt = folder / "receipt.json"
        self._former = folder / "bin" / f"{NAME}.former"

    def found(self) -> Found:
        """What the receipt says; a program without one is somebody else's, which is an AiopsError."""
        try:
            receipt = json.loads(self._receipt.read_bytes())
            version, archive, program = (str(receipt[name]) for name in ("version", "archive", "program"))
        except FileNotFoundError:
            if self.program.exists():
                raise AiopsError(
                    f"{self.program} was not installed by this role. Name another folder, or remove it first."
                ) from None
            return Found("", "", whole=True)
        except (ValueError, TypeError, KeyError):
            return Found("", "", whole=False)  # damaged: ours, and to be installed again
        return Found(version, archive, _digest_of(self.program) == program)

    def configured(self, configuration: fields.Json) -> bool:
        """Whether the settings are these already."""
        try:
            return bool(json.loads(self.settings.read_bytes()) == configuration)
        except (OSError, ValueError):
            return False

    def install(self, wanted: Wanted, fetch: Fetch) -> None:
        """Replace the program in one step.  Where the new one does not work, the former is back before the error comes."""
        program = take(unpacked(fetch(), wanted.sha256))
        self._make(self.program.parent)
        self._former.unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self._former.hardlink_to(self.program)
        _write(self.program, program, 0o700)
        try:
            self.check(wanted.version)
        except AiopsError as exc:
            raise AiopsError(f"{exc} {self._back()}") from exc
        receipt = {"version": wanted.version, "archive": wanted.sha256, "program": hashlib.sha256(program).hexdigest()}
        _write(self._receipt, json.dumps(receipt).encode(), 0o600)
        self._former.unlink(missing_ok=True)

    def configure(self, configuration: fields.Json) -> None:
        """Write the settings: JSON, which YAML reads, too."""
        self._make(self.settings.parent)
        _write(self.settings, json.dumps(configuration, indent=2).encode(), 0o600)

    def check(self, version: str) -> None:
        """Start the program, which asks no model; an AiopsError where it does not say that it has this version."""
        with tempfile.TemporaryDirectory() as home:
            names = ("HOME", "TMPDIR", "XDG_CONFIG_HOME")
            environment = {"PATH": os.environ.get("PATH", os.defpath), **dict.fromkeys(names, home)}
            try:
                done = subprocess.run(
                    [self.program, "version"],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=_SECONDS,
                    check=False,
                    cwd=home,
                    env=environment,
                )
            except subprocess.TimeoutExpired:
                raise AiopsError(f"'{NAME} version' did not end within {_SECONDS} s.") from None
            except OSError as exc:
                raise AiopsError(f"{self.program} can't be started: {exc.strerror}. Is it for this machine?") from exc
        said = (done.stdout + done.stderr).decode(errors="replace")
        if done.returncode or not re.search(rf"^version: v?{re.escape(version)}\s*$", said, re.MULTILINE):
            raise AiopsError(
                f"'{NAME} version' does not say {version}. It ended with {done.returncode} and said: {one_line(said, 200)}."
            )

    def remove(self) -> None:
        """Take away what was installed, and the folders where nothing else is in them."""
        for file in (self.settings, self._former, self.program, self._receipt):
            file.unlink(missing_ok=True)
        for folder in (self.settings.parent, self.settings.parent.parent, self.program.parent, self.folder):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _make(self, folder: Path) -> None:
        """A folder of ours, for its owner alone."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for each in (folder.parent, folder):
            each.mkdir(mode=0o700, exist_ok=True)

    def _back(self) -> str:
        if self._former.exists():
            self._former.replace(self.program)
            return "The former program is back."
        self.remove()
        return "It was removed again."


def unpacked(archive: bytes, sha256: str) -> bytes:
    """The tar of a release's archive; an AiopsError where it is not the one that was named, or not whole."""
    got = hashlib.sha256(archive).hexdigest()
    if got != sha256.lower():
        raise AiopsError(
            f"The archive has the sha256 {got}, and {sha256.lower()} was wanted. Nothing was installed. "
            "Compare both with the checksums that the release publishes."
        )
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(archive)) as stream:
            tar = stream.read(MOST_BYTES + 1)  # to its end, where it says whether it is whole
    except (EOFError, OSError, zlib.error) as exc:
        raise AiopsError(f"The archive can't be unpacked: {exc}. Nothing was installed.") from exc
    if len(tar) > MOST_BYTES:
        raise AiopsError(f"The archive unpacks to more than {MOST_BYTES // 2**20} MB. Nothing was installed.")
    return tar


def take(tar: bytes) -> bytes:
    """The program out of a tar.  Nothing of it is written to disk by a name that stands in it."""
    try:
        with tarfile.open(fileobj=io.BytesIO(tar), mode="r:") as archive:
            members = archive.getmembers()
            outside = [each.name for each in members if _leads_outside(each.name)]
            if outside:
                raise AiopsError(
                    f"The archive holds {one_line(outside[0], 100)}, which leads out of it. Nothing was installed."
                )
            programs = [each for each in members if PurePosixPath(each.name) == PurePosixPath(NAME)]
            file = archive.extractfile(programs[0]) if len(programs) == 1 and programs[0].isreg() else None
            if file is None:
                names = ", ".join(one_line(each.name, 60) for each in members[:5]) or "nothing"
                raise AiopsError(f"The archive holds no one file {NAME}, but {names}. Nothing was installed.")
            return file.read()
    except tarfile.TarError as exc:
        raise AiopsError(f"The archive can't be unpacked: {exc}. Nothing was installed.") from exc


def _leads_outside(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts


def _digest_of(file: Path) -> str | None:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return None


def _write(path: Path, content: bytes, mode: int) -> None:
    """A file that is there whole or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
