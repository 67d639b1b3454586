# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes by identity, the state of a cluster, what is shared on the machine, and locks."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from onenode import host, locks, machine, processes, soak
from onenode.layout import Layout
from onenode.problem import Problem


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """Return a living process of ours."""
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"],
        stdout=subprocess.PIPE,
        env={**os.environ, "AIOPS_TEST_MARK": "here"},
    )
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def _identity(process: subprocess.Popen[bytes]) -> processes.Identity:
    identity = processes.identify(process.pid)
    assert identity is not None
    return identity


def test_living_process_is_alive(sleeper: subprocess.Popen[bytes]) -> None:
    assert processes.alive(_identity(sleeper))


def test_dead_process_is_not_alive_even_as_a_zombie(sleeper: subprocess.Popen[bytes]) -> None:
    identity = _identity(sleeper)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert not processes.alive(identity)


def test_reused_pid_is_not_alive_and_is_not_killed(sleeper: subprocess.Popen[bytes]) -> None:
    other = processes.Identity(sleeper.pid, _identity(sleeper).started - 1)
    assert not processes.alive(other)
    assert processes.end(other)
    assert sleeper.poll() is None


def test_end_kills_exactly_the_process(sleeper: subprocess.Popen[bytes]) -> None:
    identity = _identity(sleeper)
    assert processes.end(identity, politely=5)
    assert sleeper.wait() == -15


def test_identity_survives_its_file(tmp_path: Path) -> None:
    identity = processes.Identity(7, 9)
    processes.save(identity, tmp_path / "init.json")
    assert processes.load(tmp_path / "init.json") == identity


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": 1}', '{"pid": "x", "started": 1}'])
def test_half_written_identity_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "init.json").write_text(text, encoding="utf-8")
    assert processes.load(tmp_path / "init.json") is None


def test_children_and_environment_find_the_process(sleeper: subprocess.Popen[bytes]) -> None:
    assert sleeper.pid in processes.children(os.getpid())
    assert processes.with_environment("AIOPS_TEST_MARK", "here") == [sleeper.pid]
    assert processes.with_environment("AIOPS_TEST_MARK", "her") == []


def test_cluster_without_folder_is_stopped(layout: Layout) -> None:
    assert host.state_of(layout).phase == "stopped"


def test_cluster_with_dead_init_is_remains(layout: Layout) -> None:
    layout.state.mkdir(parents=True)
    assert host.state_of(layout).phase == "remains"
    processes.save(processes.Identity(2**22 + 1, 1), layout.init_identity)
    assert host.state_of(layout).phase == "remains"


def test_cluster_whose_pid_was_reused_is_remains(layout: Layout, sleeper: subprocess.Popen[bytes]) -> None:
    layout.state.mkdir(parents=True)
    layout.ready.write_text('{"port": 1, "since": "x"}', encoding="utf-8")
    processes.save(processes.Identity(sleeper.pid, _identity(sleeper).started + 1), layout.init_identity)
    assert host.state_of(layout).phase == "remains"


def test_cluster_is_running_once_it_was_ready(layout: Layout, sleeper: subprocess.Popen[bytes]) -> None:
    layout.state.mkdir(parents=True)
    processes.save(_identity(sleeper), layout.init_identity)
    assert host.state_of(layout).phase == "starting"
    layout.ready.write_text('{"port": 4711, "since": "2026-01-01T00:00:00Z"}', encoding="utf-8")
    assert host.state_of(layout) == host.State("running", 4711, "2026-01-01T00:00:00Z")


def test_commands_need_a_running_cluster(layout: Layout) -> None:
    with pytest.raises(Problem, match="demo is not running; start it"):
        host.parts_of(layout)


def test_stopping_what_is_not_there_changes_nothing(layout: Layout) -> None:
    assert host.stop(layout) is False
    assert not layout.state.parent.parent.exists()


def test_busy_port_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Problem, match=f"Port {port} of 127.0.0.1 cannot be used .* choose another --port"):
            host._listen(port)


def test_free_port_is_chosen() -> None:
    with host._listen(0) as listener:
        assert listener.getsockname()[1] > 1023


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """Return a folder that looks like /proc/sys."""
    for name in machine.SYSCTLS:
        (tmp_path / "sys" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sys" / name).write_text("0\n", encoding="ascii")
    (tmp_path / "sys/net/bridge").mkdir(parents=True)
    return tmp_path / "sys"


def test_last_cluster_restores_the_machine(tmp_path: Path, kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "BOUND_FOLDERS", {"kubelet": str(tmp_path / "var/lib/kubelet")})
    run = tmp_path / "run"
    one, two = Layout("one", tmp_path / "one"), Layout("two", tmp_path / "two")
    one.state.mkdir()
    two.state.mkdir()
    machine.acquire(one, run, kernel)
    assert (tmp_path / "var/lib/kubelet").is_dir()
    (kernel / "kernel/panic").write_text("10", encoding="ascii")
    machine.acquire(two, run, kernel)
    machine.release(one, run, kernel)
    assert (kernel / "kernel/panic").read_text(encoding="ascii") == "10"
    assert (tmp_path / "var/lib/kubelet").is_dir()
    machine.release(two, run, kernel)
    assert (kernel / "kernel/panic").read_text(encoding="ascii") == "0"
    assert not (tmp_path / "var").exists()
    assert not run.exists()


def test_vanished_cluster_does_not_hold_the_machine(
    tmp_path: Path, kernel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "BOUND_FOLDERS", {})
    run = tmp_path / "run"
    machine.acquire(Layout("gone", tmp_path / "gone"), run, kernel)
    here = Layout("here", tmp_path / "here")
    here.state.mkdir()
    machine.acquire(here, run, kernel)
    assert len(json.loads((run / "machine.json").read_text(encoding="utf-8"))["clusters"]) == 2
    machine.release(here, run, kernel)
    assert not run.exists()


def test_kernel_without_bridge_filter_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_args, **_options: None)
    with pytest.raises(Problem, match="br_netfilter"):
        machine.acquire(Layout("x", tmp_path / "x"), tmp_path / "run", tmp_path / "sys")


def test_lock_leaves_no_file_and_keeps_others_out(tmp_path: Path) -> None:
    path = tmp_path / "new/folder/.lock"
    other = (
        "import fcntl, os, sys\n"
        "try: fcntl.flock(os.open(sys.argv[1], os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "except BlockingIOError: sys.exit(7)"
    )
    with locks.locked(path, "somebody"):
        assert subprocess.run([sys.executable, "-c", other, str(path)], check=False).returncode == 7
    assert not path.exists()


def test_differences_name_what_appeared_and_vanished() -> None:
    before = {"mount": frozenset({"/a", "/b"}), "sysctl": frozenset({"x=1"})}
    after = {"mount": frozenset({"/b", "/c"}), "sysctl": frozenset({"x=1"})}
    assert soak.differences(before, after) == ["mount appeared: /c", "mount vanished: /a"]
    assert soak.differences(before, before) == []


def test_machine_state_is_the_same_twice() -> None:
    first = soak.machine_state()
    assert "lo" in first["interface"]
    assert any(line.startswith("vm/overcommit_memory=") for line in first["sysctl"])
    assert soak.differences(first, soak.machine_state()) == []
