# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop a play where a test wants it: from outside, by what the kernel shows of its processes."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def at_once() -> Iterator[None]:
    """What this process waits for it gets before any other: else the run that is to be stopped takes its lock again first."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def kill_tree(root: int) -> None:
    """End a process and all its descendants as an out-of-memory killer would: none of them gets to tidy up.

    Ansible's workers leave the process group and the session, so the group is not enough.
    """
    tree = [root]
    for pid in tree:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)  # so that none makes another meanwhile
        tree += _children(pid)
    for pid in tree:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def running(word: str) -> list[int]:
    """The processes in whose command line this stands."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if word.encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return found


def somebody_waits_for(lock: Path, seconds: float) -> None:
    """Until a process is blocked by this lock."""
    inode, end = lock.stat().st_ino, time.monotonic() + seconds
    while not any("->" in line and f":{inode} " in line for line in _locks()):
        if time.monotonic() > end:
            raise AssertionError(f"nobody waits for {lock.name} after {seconds:.0f} s")
        time.sleep(0.01)


def _locks() -> list[str]:
    return Path("/proc/locks").read_text().splitlines()


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(word) for word in path.read_text().split()]
    return found
