# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Caches and builds: keys, half-written entries, what is missing."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest
from onenode import build, cache, commands
from onenode.problem import Problem


def test_key_changes_with_every_source(tmp_path: Path) -> None:
    source = tmp_path / "go.sum"
    source.write_text("one", encoding="utf-8")
    first = cache.key_of([source, "v1"])
    assert cache.key_of([source, "v1"]) == first
    assert cache.key_of([source, "v2"]) != first
    source.write_text("two", encoding="utf-8")
    assert cache.key_of([source, "v1"]) != first


def test_key_tells_where_one_part_ends() -> None:
    assert cache.key_of(["ab", "c"]) != cache.key_of(["a", "bc"])


def test_entry_is_made_once(tmp_path: Path) -> None:
    calls: list[Path] = []

    def make(folder: Path) -> None:
        calls.append(folder)
        (folder / "program").write_text("x", encoding="utf-8")

    first = cache.cached(tmp_path, "tool", "k1", make)
    assert cache.cached(tmp_path, "tool", "k1", make) == first
    assert (first / "program").read_text(encoding="utf-8") == "x"
    assert len(calls) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["tool-k1"]


def test_failed_entry_leaves_nothing_and_is_made_again(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("x", encoding="utf-8")
        raise Problem("no network")

    with pytest.raises(Problem, match="no network"):
        cache.cached(tmp_path, "tool", "k1", fail)
    assert list(tmp_path.iterdir()) == []
    assert cache.cached(tmp_path, "tool", "k1", lambda folder: (folder / "whole").touch()).is_dir()


def test_what_a_killed_build_left_is_not_used(tmp_path: Path) -> None:
    left = tmp_path / ".tool-k1.new"
    left.mkdir(parents=True)
    (left / "half").touch()
    entry = cache.cached(tmp_path, "tool", "k1", lambda folder: (folder / "whole").touch())
    assert [path.name for path in entry.iterdir()] == ["whole"]
    assert not left.exists()


def test_addon_keys_are_distinct_and_stable() -> None:
    keys = [addon.key for addon in build.addons()]
    assert len(set(keys)) == len(keys)
    assert keys == [addon.key for addon in build.addons()]


def test_addons_are_cached_only_when_all_are(tmp_path: Path) -> None:
    for addon in build.addons():
        assert not build.addons_cached(tmp_path)
        (tmp_path / f"{addon.name}-{addon.key}").mkdir()
    assert build.addons_cached(tmp_path)


def test_missing_packages_are_those_that_are_not_installed() -> None:
    lines = [f"{name} installed" for name in build.PACKAGES if name not in {"runc", "socat"}]
    assert build.missing_packages("\n".join([*lines, "socat config-files"])) == ["runc", "socat"]


@pytest.mark.parametrize(
    ("text", "version"),
    [("go1.26.8\n", (1, 26)), ("go1.27rc1", (1, 27)), ("go1.9", (1, 9)), ("", None), ("devel", None)],
)
def test_go_version(text: str, version: tuple[int, int] | None) -> None:
    assert build.go_version(text) == version


def test_old_go_is_too_old() -> None:
    assert (1, 9) < build.GO_NEEDED <= (1, 26)


def test_go_environment_keeps_caches_and_proxies_and_pins_the_rest() -> None:
    base = {"GOCACHE": "/c", "GOPROXY": "https://p", "GOFLAGS": "-mod=mod", "GOOS": "windows", "GOTOOLCHAIN": "auto"}
    environment = build.go_environment(base)
    assert environment["GOCACHE"] == "/c"
    assert environment["GOPROXY"] == "https://p"
    assert environment["GOTOOLCHAIN"] == "local"
    assert environment["GOFLAGS"] == ""
    assert "GOOS" not in environment


def test_failing_command_names_its_log(tmp_path: Path) -> None:
    log = tmp_path / "logs/x.log"
    argv = [sys.executable, "-c", "print('disk is full'); raise SystemExit(3)"]
    with pytest.raises(Problem, match=r"the thing failed with exit code 3 .*disk is full") as caught:
        commands.run_long("the thing", argv, log, {})
    assert str(log) in str(caught.value)


def test_missing_command_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="could not be started"):
        commands.run_long("the thing", ["/no/such/program"], tmp_path / "x.log", {})
    with pytest.raises(Problem, match="install it"):
        commands.output(["/no/such/program"], "install it")


def test_long_command_ends_when_it_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_stopping", threading.Event())
    commands.stop()
    with pytest.raises(Problem, match="was stopped"):
        commands.run_long("sleep", [sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "x.log", {})


def test_failed_images_stop_the_long_build_and_are_the_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def images(_cache: Path) -> Path:
        raise Problem("no Debian mirror")

    def kubenode(cache: Path) -> Path:
        commands.run_long("sleep", [sys.executable, "-c", "import time; time.sleep(60)"], cache / "x.log", {})
        return cache

    monkeypatch.setattr(commands, "_stopping", threading.Event())
    monkeypatch.setattr(build, "_install_packages", lambda _cache: None)
    monkeypatch.setattr(build, "_images", images)
    monkeypatch.setattr(build, "_kubenode", kubenode)
    with pytest.raises(Problem, match="no Debian mirror"):
        build.node_parts(tmp_path)


def test_failed_build_stops_the_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def images(cache: Path) -> Path:
        commands.run_long("sleep", [sys.executable, "-c", "import time; time.sleep(60)"], cache / "x.log", {})
        return cache

    def kubenode(_cache: Path) -> Path:
        raise Problem("does not compile")

    monkeypatch.setattr(commands, "_stopping", threading.Event())
    monkeypatch.setattr(build, "_install_packages", lambda _cache: None)
    monkeypatch.setattr(build, "_images", images)
    monkeypatch.setattr(build, "_kubenode", kubenode)
    with pytest.raises(Problem, match="does not compile"):
        build.node_parts(tmp_path)
