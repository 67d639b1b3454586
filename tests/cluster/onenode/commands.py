# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run other programs: quick ones with their error in our sentence, long ones with a log and progress."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from .problem import Problem
from .progress import say

REPORT_EVERY = 15.0
_stopping = threading.Event()


def stop() -> None:
    """End the long commands of all threads: their callers get a Problem and clean up."""
    _stopping.set()


def output(argv: Sequence[str | Path], advice: str) -> str:
    """Return what a quick command prints; when it fails, raise a Problem with its last line and the advice."""
    try:
        done = subprocess.run([*map(str, argv)], capture_output=True, text=True, check=False)
    except OSError as error:
        raise Problem(f"{argv[0]} could not be run ({error}); {advice}") from error
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()[-1]
        raise Problem(f"{Path(argv[0]).name} failed: {last}; {advice}")
    return done.stdout


def contained(argv: Sequence[str | Path]) -> list[str]:
    """Wrap a command so that all its processes and mounts end with it, and it ends when we do, however we end."""
    wrapper = ["setpriv", "--pdeathsig", "KILL", "--", "unshare", "--mount", "--propagation", "private"]
    return [*wrapper, "--pid", "--fork", "--kill-child", "--mount-proc", "--", *map(str, argv)]


def run_long(
    what: str, argv: Sequence[str | Path], log: Path, environment: Mapping[str, str], folder: Path | None = None
) -> None:
    """Run a command of seconds to minutes: its output goes to `log`, progress is said every 15 seconds.

    Raises a Problem that names the log when the command fails or cannot be started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    say(f"{what} …")
    started = time.monotonic()
    with log.open("wb") as sink:
        try:
            process = subprocess.Popen(
                [*map(str, argv)],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=folder,
                start_new_session=True,
            )
        except OSError as error:
            raise Problem(f"{what}: {argv[0]} could not be started ({error}).") from error
        try:
            code = _wait(process, what, log, started)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    if code != 0:
        raise Problem(f"{what} failed with exit code {code} ({_last_line(log)}); read {log} and run it again.")
    say(f"{what}: done in {time.monotonic() - started:.0f} s")


def _wait(process: subprocess.Popen[bytes], what: str, log: Path, started: float) -> int:
    report_at = started + REPORT_EVERY
    while True:
        try:
            return process.wait(0.5)
        except subprocess.TimeoutExpired:
            if _stopping.is_set():
                raise Problem(f"{what} was stopped.") from None
        if time.monotonic() >= report_at:
            report_at += REPORT_EVERY
            say(f"{what}: {time.monotonic() - started:.0f} s so far, {_last_line(log)}")


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"{len(lines)} lines in the log, last: {lines[-1].strip()[:90]}" if lines else "no output yet"
