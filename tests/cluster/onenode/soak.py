# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rounds of up and down that look for what is left behind."""

from __future__ import annotations

import re
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

from . import host, machine, processes
from .layout import CLUSTER_VARIABLE, SOURCES, Layout
from .problem import Problem
from .progress import say

# These change by themselves, or with every process and socket of the machine.
_RESTLESS = re.compile(r"(fs/|kernel/(ns_last_pid|pty/|random/)|net/netfilter/nf_conntrack_count|net/ipv4/tcp_mem)")
_PROC_SYS = Path("/proc/sys")
_FOLDERS = ("/etc", "/opt", "/usr/libexec", "/var/lib", "/var/log")

MachineState = dict[str, frozenset[str]]


def soak(layout: Layout, rounds: int) -> None:
    """Start and stop the cluster so many times; print the medians, and raise a Problem on the first leak.

    No other cluster may start or stop meanwhile: its mount points and sysctls would be taken for leaks.
    """
    if host.state_of(layout).phase != "stopped":
        raise Problem(f"The cluster {layout.name} is there already; choose another --name for the rounds.")
    ups: list[float] = []
    downs: list[float] = []
    for number in range(1, rounds + 1):
        before = machine_state()
        ups.append(_timed(layout, "up", "--addons", "none"))
        port = host.state_of(layout).port
        downs.append(_timed(layout, "down"))
        leaks = [*_leaks_of(layout, port), *differences(before, machine_state())]
        say(f"round {number} of {rounds}: up {ups[-1]:.1f} s, down {downs[-1]:.1f} s, leaks: {len(leaks)}")
        if leaks:
            raise Problem(f"Round {number} of {rounds} left something behind: {'; '.join(leaks)}.")
    print(f"{rounds} rounds without a leak: up {_figures(ups)}, down {_figures(downs)}")


def machine_state() -> MachineState:
    """Return what of the machine must be the same before and after: mounts, network interfaces, sysctls, system folders."""
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return {
        "mount": frozenset(line.split(" ", 3)[3] for line in mounts),
        "interface": frozenset(name for _index, name in socket.if_nameindex()),
        "sysctl": frozenset(_sysctls()),
        "file": frozenset(str(path) for folder in _FOLDERS for path in _children(Path(folder))),
    }


def differences(before: MachineState, after: MachineState) -> list[str]:
    """Return what appeared and what vanished, one text each."""
    found = []
    for kind, values in before.items():
        found += [f"{kind} appeared: {value}" for value in sorted(after[kind] - values)]
        found += [f"{kind} vanished: {value}" for value in sorted(values - after[kind])]
    return found


def _children(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _sysctls() -> list[str]:
    found = []
    for path in _PROC_SYS.rglob("*"):
        name = str(path.relative_to(_PROC_SYS))
        if not _RESTLESS.match(name) and path.is_file() and path.stat().st_mode & 0o200:
            try:
                found.append(f"{name}={path.read_text(encoding='utf-8', errors='replace').strip()}")
            except OSError:  # write-only, or of hardware that is not there
                continue
    return found


def _leaks_of(layout: Layout, port: int | None) -> list[str]:
    found = [f"process {pid}" for pid in processes.with_environment(CLUSTER_VARIABLE, str(layout.state))]
    found += [f"process {pid}" for pid in processes.in_cgroup(layout.cgroup)]
    found += [f"cgroup {path}" for path in machine.cgroups(layout.cgroup)]
    found += [f"file {path}" for path in (layout.state, layout.lock) if path.exists()]
    with socket.socket() as probe:
        if port and probe.connect_ex(("127.0.0.1", port)) == 0:
            found.append(f"listening port {port}")
    return found


def _timed(layout: Layout, verb: str, *options: str) -> float:
    started = time.monotonic()
    argv = [sys.executable, str(SOURCES / "cluster.py"), verb, "--name", layout.name, *options]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise Problem(f"`{verb}` failed in the rounds: {last}")
    return time.monotonic() - started


def _figures(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.1f} s (median; {min(seconds):.1f} to {max(seconds):.1f})"
