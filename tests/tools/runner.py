# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one check after the other, keep what each printed, and count."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

TAIL_LINES = 60
PROGRESS = re.compile(r"[.FEsxX]+ *\[ *\d+%\]")
TIME_LIMIT = 1800.0

Environment = Mapping[str, str]


@dataclass(frozen=True)
class Count:
    """Tests that passed and tests that failed."""

    passed: int = 0
    failed: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.passed + other.passed, self.failed + other.failed)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed"


Counter = Callable[[int, str], Count]


def count_one(status: int, _output: str) -> Count:
    """A command that is one test."""
    return Count(failed=1) if status else Count(passed=1)


def count_junit(report: Path) -> Counter:
    """A command that leaves a JUnit report. A skipped test is counted as failed: nothing skips in silence."""

    def count(status: int, _output: str) -> Count:
        if not report.exists():
            return Count(failed=1)
        cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314 (our own pytest wrote it)
        bad = sum(any(case.find(tag) is not None for tag in ("failure", "error", "skipped")) for case in cases)
        return Count(len(cases) - bad, max(bad, int(status != 0)))

    return count


def count_importer(status: int, output: str) -> Count:
    """The importer ends well even where it could not read a module's documentation."""
    return count_one(status or len(re.findall(r"^(?:ERROR|WARNING)", output, re.MULTILINE)), output)


def count_sanity(status: int, output: str) -> Count:
    """`ansible-test sanity` says which tests it runs and, at the end, how many of them failed."""
    total = len(set(re.findall(r"^Running sanity test ['\"]?([\w.-]+)", output, re.MULTILINE)))
    listed = re.search(r"The (\d+) sanity test\(s\) listed below", output)
    failed = int(listed[1]) if listed else int(status != 0 or total == 0)
    return Count(max(total - failed, 0), failed)


@dataclass
class Runner:
    """Where checks run, where their output is kept, and what came of them."""

    root: Path
    logs: Path
    environment: Environment
    counts: list[Count] = field(default_factory=list)
    """one for each check: they run in several threads, and a sum would lose some"""
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    """what to end when the run is given up, whichever thread waits for it"""
    given_up: bool = False
    failures: list[str] = field(default_factory=list)
    """a line for each check that failed, or for each of its tests where their names are known"""

    @property
    def count(self) -> Count:
        return sum(self.counts, Count())

    def check(
        self,
        name: str,
        *command: str | Path,
        where: Path | None = None,
        counter: Counter = count_one,
        environment: Environment | None = None,
    ) -> bool:
        """Run one command; say when it begins and how it ends."""
        print(f"---- {name}", flush=True)
        log = self.logs / f"{name.replace('/', '-')}.log"
        began = time.monotonic()
        with start(command, where or self.root, {**self.environment, **(environment or {})}, log) as process:
            self.running.append(process)
            if self.given_up:
                end(process)
            status = wait(process)
            self.running.remove(process)
        count = counter(status, read(log))
        if status and not count.failed:
            count += Count(failed=1)
        self._report(name, count, time.monotonic() - began, log)
        return not count.failed

    def fail(self, name: str, reason: str) -> None:
        """A check that could not even begin."""
        self.counts.append(Count(failed=1))
        self.failures.append(f"FAIL {name}: {reason}")
        print(self.failures[-1], flush=True)

    def give_up(self) -> None:
        """End what runs, and whatever else would still begin."""
        self.given_up = True
        for process in tuple(self.running):
            end(process)

    def _report(self, name: str, count: Count, seconds: float, log: Path) -> None:
        self.counts.append(count)
        lines = [f"{'FAIL' if count.failed else 'ok  '} {name}: {count} in {seconds:.1f} s"]
        if count.failed:
            said = read(log).splitlines()
            named = [line for line in said if line.startswith(("FAIL", "ERROR"))][:TAIL_LINES]
            self.failures += [f"FAIL {name}: {line}" for line in named] or lines[:1]
            last = [line for line in said[-TAIL_LINES:] if line not in named and not PROGRESS.fullmatch(line)]
            lines += [f"     | {line}" for line in (*named, *last)]
            lines.append(f"     all of it: {log.relative_to(self.root)}")
        print("\n".join(lines), flush=True)  # at once: another thread may report, too


@contextmanager
def beside(runner: Runner, job: Callable[[], None]) -> Iterator[None]:
    """Do the job in a thread of its own while the block runs, and wait for its end."""
    thread = threading.Thread(target=job)
    thread.start()
    try:
        yield
        thread.join()
    except BaseException:
        runner.give_up()
        thread.join()
        raise


def start(command: Sequence[str | Path], where: Path, environment: Environment, log: Path) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, so that it can be ended with all its children."""
    with log.open("wb") as output:
        return subprocess.Popen(
            [str(word) for word in command],
            cwd=where,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def wait(process: subprocess.Popen[bytes], limit: float = TIME_LIMIT) -> int:
    """The exit status; a command that takes too long, or whose run is interrupted, is ended."""
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        return 124
    finally:
        end(process)


def end(process: subprocess.Popen[bytes], grace: float = 60.0) -> None:
    """Ask, then kill. The grace lets a starting cluster take itself down."""
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        if process.poll() is not None:
            return
        os.killpg(process.pid, number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue


def read(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")
