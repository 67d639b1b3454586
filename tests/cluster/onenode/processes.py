# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes by identity.

A pid alone may have been given to somebody else since it was written down, so a process is identified by its pid
and the time it started.  We end only processes whose identity still fits.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Identity:
    """One process: its pid and its start time in clock ticks since boot."""

    pid: int
    started: int


def identify(pid: int) -> Identity | None:
    """Return the identity of a living process, None where there is none (a zombie is none)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat[stat.rindex(")") + 2 :].split()
    if fields[0] in "ZX":
        return None
    return Identity(pid, int(fields[19]))


def alive(identity: Identity | None) -> bool:
    """Tell whether exactly this process still lives."""
    return identity is not None and identify(identity.pid) == identity


def save(identity: Identity, path: Path) -> None:
    """Write an identity down; the file appears whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(json.dumps({"pid": identity.pid, "started": identity.started}), encoding="utf-8")
    temporary.replace(path)


def load(path: Path) -> Identity | None:
    """Read an identity; None where the file is missing or was never finished."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Identity(int(values["pid"]), int(values["started"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def end(identity: Identity | None, politely: float = 0.0, patience: float = 30.0) -> bool:
    """End this process and wait until it is gone; False when it stays.

    With `politely` it first gets SIGTERM and that many seconds to clean up.
    """
    if identity is None:
        return True
    if politely and _signal(identity, signal.SIGTERM) and _gone(identity, politely):
        return True
    return not _signal(identity, signal.SIGKILL) or _gone(identity, patience)


def children(pid: int) -> list[int]:
    """Return the pids of a process's direct children."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _parent(int(entry.name)) == pid:
            found.append(int(entry.name))
    return found


def with_environment(variable: str, value: str) -> list[int]:
    """Return the pids of all processes that were started with this variable set to this value."""
    wanted = f"{variable}={value}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def _parent(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return int(stat[stat.rindex(")") + 2 :].split()[1])


def _signal(identity: Identity, number: signal.Signals) -> bool:
    if not alive(identity):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(identity.pid, number)
    return True


def _gone(identity: Identity, patience: float) -> bool:
    limit = time.monotonic() + patience
    while alive(identity):
        if time.monotonic() > limit:
            return False
        time.sleep(0.05)
    return True


def in_cgroup(name: str) -> list[int]:
    """Return the pids of all processes whose cgroup, in any hierarchy, is below the one with this name."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if f":/{name}" in (entry / "cgroup").read_text(encoding="utf-8"):
                found.append(int(entry.name))
    return found
