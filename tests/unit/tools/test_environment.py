# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment is made anew when what it was made of has changed, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.tests.tools import environment


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    path = tmp_path / "demo.txt"
    path.write_text("ansible-core==1\n")
    return path


@pytest.fixture
def venv(tmp_path: Path, requirements: Path) -> Path:
    path = tmp_path / ".venv"
    (path / "bin").mkdir(parents=True)
    (path / "bin" / "python").touch()
    (path / "made-of").write_text(environment.fingerprint(path, requirements))
    return path


def test_fresh(venv: Path, requirements: Path) -> None:
    assert environment.is_fresh(venv, requirements)


def test_stale_when_the_requirements_change(venv: Path, requirements: Path) -> None:
    requirements.write_text("ansible-core==2\n")
    assert not environment.is_fresh(venv, requirements)


def test_stale_when_it_was_moved(venv: Path, requirements: Path) -> None:
    moved = venv.rename(venv.with_name("elsewhere"))
    assert not environment.is_fresh(moved, requirements)


def test_stale_when_it_was_not_finished(venv: Path, requirements: Path) -> None:
    (venv / "made-of").unlink()
    assert not environment.is_fresh(venv, requirements)


def test_without_ensurepip_it_says_what_to_install(
    tmp_path: Path, requirements: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ensurepip" else object())
    with pytest.raises(SystemExit, match=r"has no ensurepip.*python3-venv"):
        environment.make(tmp_path / "new", requirements)


@pytest.mark.parametrize("before", ["nothing", "a link elsewhere", "our link"])
def test_the_collection_is_linked(tmp_path: Path, before: str) -> None:
    link = environment.site_packages(tmp_path) / "ansible_collections" / "aiops" / "kubernetes"
    link.parent.mkdir(parents=True)
    if before != "nothing":
        link.symlink_to(environment.ROOT if before == "our link" else tmp_path)
    environment.link_collection(tmp_path)
    assert link.resolve() == environment.ROOT
