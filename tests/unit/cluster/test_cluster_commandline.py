# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: arguments, and one sentence for every machine or user that cannot run a cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from onenode import commandline, host
from onenode.layout import SOURCES
from onenode.problem import Problem


def test_defaults_of_up() -> None:
    options = commandline.parse(["up"])
    assert (options.name, options.addons, options.port) == ("aiops", "build", 0)


def test_rounds_have_a_name_of_their_own() -> None:
    options = commandline.parse(["soak", "--rounds", "3"])
    assert (options.name, options.rounds) == ("soak", 3)


def test_exec_passes_everything_after_the_dashes() -> None:
    options = commandline.parse(["exec", "--name", "two", "--", "ls", "-l", "--name", "x"])
    assert options.name == "two"
    assert options.argv == ["ls", "-l", "--name", "x"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["sideways"],
        ["up", "--name", "../x"],
        ["up", "--addons", "some"],
        ["up", "--port", "0"],
        ["up", "--port", "70000"],
        ["exec"],
        ["soak", "--rounds", "0"],
    ],
)
def test_wrong_arguments_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        commandline.parse(arguments)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("system", "architecture", "user", "sentence"),
    [
        ("Darwin", "arm64", 0, "needs Linux, this is Darwin; set AIOPS_TEST_KUBECONFIG"),
        ("Linux", "aarch64", 0, "x86-64 only"),
        ("Linux", "x86_64", 1000, "`up` needs root .* run it with sudo"),
    ],
)
def test_machine_that_cannot_run_it(system: str, architecture: str, user: int, sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        commandline.check_machine("up", system, architecture, user)


def test_looking_needs_no_root() -> None:
    commandline.check_machine("status", "Linux", "x86_64", 1000)
    commandline.check_machine("up", "Linux", "x86_64", 0)


def test_status_of_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert commandline.main(["status"]) == 0
    assert capsys.readouterr().out == "aiops: is not running\n"


def test_list_names_every_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert commandline.main(["list"]) == 0
    assert capsys.readouterr().out == ""
    folder = tmp_path / "aiops-kubernetes/clusters"
    (folder / "one").mkdir(parents=True)
    (folder / ".two.lock").touch()
    assert commandline.main(["list"]) == 0
    assert capsys.readouterr().out == f"one remains {folder}/one/admin.kubeconfig\n"


def test_problem_is_one_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert commandline.main(["up"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "`up` needs root for namespaces, mounts and cgroups; run it with sudo.\n"


def test_starting_twice_prints_the_export_line_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(host, "state_of", lambda _layout: host.State("running", 1, "x"))
    assert commandline.main(["up", "--addons", "none"]) == 0
    captured = capsys.readouterr()
    kubeconfig = tmp_path / "aiops-kubernetes/clusters/aiops/admin.kubeconfig"
    assert captured.out == f"export KUBECONFIG={kubeconfig}\n"
    assert "the cluster aiops runs already" in captured.err


def test_missing_cryptography_says_make_install(tmp_path: Path) -> None:
    (tmp_path / "cryptography.py").write_text("raise ModuleNotFoundError('no', name='cryptography')", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(SOURCES / "cluster.py"), "list"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("The Python package cryptography is missing")
    assert done.stderr.strip().endswith("run `make install`.")
