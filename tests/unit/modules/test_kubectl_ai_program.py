# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kubectl-ai from an archive on loopback: in a folder of its own, by version and digest, or not at all."""

from __future__ import annotations

import stat
import subprocess
import tarfile
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.modules import kubectl_ai_program
from ansible_collections.aiops.kubernetes.tests.setup.releases import Mirror, archive, mirror, sha256, stand_in
from ansible_collections.aiops.kubernetes.tests.unit.modules.conftest import Run

OLD: t.Final = archive({"LICENSE": b"text", "kubectl-ai": stand_in("0.0.27")})
NEW: t.Final = archive({"./kubectl-ai": stand_in("0.0.28")})


@pytest.fixture
def served() -> Iterator[Mirror]:
    with mirror() as found:
        yield found


Install = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def install(run: Run, served: Mirror, tmp_path: Path) -> Install:
    """Install what an archive holds as this version."""

    def install_archive(version: str, content: bytes, **others: t.Any) -> dict[str, t.Any]:
        served.files[f"/{version}.tar.gz"] = content
        arguments = {"version": version, "sha256": sha256(content), "url": f"{served.address}/{version}.tar.gz"}
        return run(kubectl_ai_program, folder=str(tmp_path / "ai"), **(arguments | others))

    return install_archive


def test_from_nothing_to_nothing(run: Run, install: Install, served: Mirror, tmp_path: Path) -> None:
    tried = install("0.0.27", OLD, _ansible_check_mode=True)
    assert (tried["changed"], tried["installed"], served.asked, list(tmp_path.iterdir())) == (True, "", [], [])
    assert (tried["diff"]["before"]["version"], tried["diff"]["after"]["version"]) == ("", "0.0.27")
    made = install("0.0.27", OLD, configuration={"model": "m"})
    assert (made["changed"], made["installed"]) == (True, "0.0.27")
    assert "stand-in" in _said_by(made["path"])
    modes = [
        stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "ai", tmp_path / "ai/config/kubectl-ai/config.yaml")
    ]
    assert modes == [0o700, 0o600]
    again = install("0.0.27", OLD, configuration={"model": "m"})
    assert (again["changed"], served.asked) == (False, ["/0.0.27.tar.gz"])
    upgraded = install("0.0.28", NEW, configuration={"model": "m"})
    assert (upgraded["changed"], upgraded["installed"]) == (True, "0.0.28")
    assert "version: 0.0.28" in _said_by(upgraded["path"])
    assert sorted(path.name for path in (tmp_path / "ai/bin").iterdir()) == ["kubectl-ai"]
    removed = run(kubectl_ai_program, folder=str(tmp_path / "ai"), state="absent", _ansible_check_mode=True)
    assert (removed["changed"], removed["installed"]) == (True, "0.0.28")
    assert run(kubectl_ai_program, folder=str(tmp_path / "ai"), state="absent")["changed"]
    assert list(tmp_path.iterdir()) == []
    assert not run(kubectl_ai_program, folder=str(tmp_path / "ai"), state="absent")["changed"]


def test_what_changed_since_is_put_right(install: Install, tmp_path: Path) -> None:
    program = Path(install("0.0.27", OLD)["path"])
    program.write_bytes(b"#!/bin/sh\n")
    assert install("0.0.27", OLD, _ansible_check_mode=True)["changed"]
    assert install("0.0.27", OLD)["changed"]
    assert program.read_bytes() == stand_in("0.0.27")
    program.unlink()
    assert install("0.0.27", OLD)["installed"] == "0.0.27"
    (tmp_path / "ai/receipt.json").write_text("{")
    assert install("0.0.27", OLD)["changed"]
    changed = install("0.0.27", OLD, configuration={"model": "other"})
    assert (changed["changed"], changed["diff"]["before"]["whole"]) == (True, True)


def _link() -> tarfile.TarInfo:
    entry = tarfile.TarInfo("kubectl-ai")
    entry.type, entry.linkname = tarfile.SYMTYPE, "/bin/sh"
    return entry


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (archive({"kubectl-ai": stand_in("0.0.28"), "../../evil": b"x"}), "../../evil, which leads out of it"),
        (archive({"kubectl-ai": stand_in("0.0.28"), "/etc/evil": b"x"}), "/etc/evil, which leads out of it"),
        (archive({"README": b"x", "kubectl": b"y"}), "no one file kubectl-ai, but README, kubectl"),
        (archive({"bin/kubectl-ai": b"x"}), "no one file kubectl-ai, but bin/kubectl-ai"),
        (archive({"kubectl-ai": _link()}), "no one file kubectl-ai"),
        (archive({"a": stand_in("0.0.28"), "kubectl-ai": b"", "./kubectl-ai": b"x"}), "no one file kubectl-ai"),
        (NEW[:-9], "can't be unpacked"),
        (NEW[: len(NEW) // 2], "can't be unpacked"),
        (b"no archive", "can't be unpacked"),
        (b"", "can't be unpacked"),
    ],
    ids=["above", "absolute", "without it", "elsewhere", "a link", "twice", "cut", "half", "no archive", "empty"],
)
@pytest.mark.parametrize("before", [None, OLD], ids=["first", "upgrade"])
def test_an_archive_that_is_none(
    install: Install, tmp_path: Path, before: bytes | None, content: bytes, words: str
) -> None:
    if before:
        install("0.0.27", before)
    there = _files(tmp_path)
    failed = install("0.0.28", content)
    assert failed["rc"] == 1
    assert words in failed["msg"]
    assert _files(tmp_path) == there


def test_another_archive_than_the_one_that_was_named(install: Install, served: Mirror, tmp_path: Path) -> None:
    failed = install("0.0.28", NEW, sha256="0" * 64)
    assert f"has the sha256 {sha256(NEW)}, and {'0' * 64} was wanted" in failed["msg"]
    assert list(tmp_path.iterdir()) == []
    gone = install("0.0.28", NEW, url=f"{served.address}/typo.tar.gz")
    assert "can't be downloaded: HTTP Error 404" in gone["msg"]
    secret = install("0.0.28", NEW, url="http://somebody:hunter2secret@127.0.0.1:9/x")
    assert "can't be downloaded" in secret["msg"]
    assert "hunter2secret" not in secret["msg"]
    assert "sha256 and url must be given" in install("0.0.28", NEW, sha256="", url="")["msg"]


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (stand_in("0.0.28", says="0.0.2"), "does not say 0.0.28"),
        (stand_in("0.0.28", says="0.0.281"), "does not say 0.0.28"),
        (stand_in("0.0.28", status=3), "ended with 3"),
        (b"\x7fELF for another machine", "can't be started"),
    ],
)
def test_one_that_does_not_work(install: Install, tmp_path: Path, program: bytes, words: str) -> None:
    first = install("0.0.28", archive({"kubectl-ai": program}))
    assert words in first["msg"]
    assert "It was removed again." in first["msg"]
    assert list(tmp_path.iterdir()) == []
    install("0.0.27", OLD)
    there = _files(tmp_path)
    upgrade = install("0.0.28", archive({"kubectl-ai": program}))
    assert words in upgrade["msg"]
    assert "The former program is back." in upgrade["msg"]
    assert _files(tmp_path) == there
    assert install("0.0.27", OLD)["changed"] is False


def test_it_is_started_without_what_the_environment_holds(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2secret")
    curious = stand_in("0.0.28").replace(b"exit 0", b'[ -z "$OPENAI_API_KEY" ] && [ "$HOME" = "$PWD" ]')
    assert install("0.0.28", archive({"kubectl-ai": curious}))["installed"] == "0.0.28"


def test_one_that_somebody_else_put_there(run: Run, install: Install, tmp_path: Path) -> None:
    (tmp_path / "ai/bin").mkdir(parents=True)
    (tmp_path / "ai/bin/kubectl-ai").write_bytes(b"theirs")
    assert "was not installed by this role" in install("0.0.28", NEW)["msg"]
    assert run(kubectl_ai_program, folder=str(tmp_path / "ai"), state="absent")["rc"] == 1
    assert (tmp_path / "ai/bin/kubectl-ai").read_bytes() == b"theirs"


def test_a_file_url(install: Install, tmp_path: Path) -> None:
    (tmp_path / "release.tar.gz").write_bytes(NEW)
    assert install("0.0.28", NEW, url=(tmp_path / "release.tar.gz").as_uri())["installed"] == "0.0.28"


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _said_by(program: str) -> str:
    return subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
