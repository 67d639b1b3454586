# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record one event under strace, which lets one system call of the write path fail or kills the writer there.

    python -m ansible_collections.aiops.kubernetes.tests.loop.faults [--every N]

Afterwards the store verifies, the event is whole or absent, the next writer works, and git finds nothing wrong.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

from ansible_collections.aiops.kubernetes.plugins.module_utils._records.store import Store
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.phr import page
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.audit import inspect
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import ALICE, NOW, PHR, plan

# What writes, makes, links, renames, removes, locks or makes durable. An open that writes stands beside others: see _points.
_CALLS: t.Final = (
    "openat", "write", "pwrite64", "fsync", "fdatasync", "link", "linkat", "rename", "renameat", "renameat2", "unlink",
    "unlinkat", "mkdir", "mkdirat", "ftruncate", "flock", "chmod", "fchmod",
)  # fmt: skip
_FAULTS: t.Final = ("error=EIO", "signal=KILL")
_TELL_EACH: t.Final = 25
KINDS: t.Final = ("approved", "claimed")
_NAME: t.Final = "ansible_collections.aiops.kubernetes.tests.loop.faults"
_LINE: t.Final = re.compile(r"^(\d+) +(\w+)\((.*)$")


@dataclasses.dataclass(frozen=True)
class Point:
    """The so-manieth call of a system call, counted in each process, and what happens there."""

    call: str
    number: int
    fault: str

    def __str__(self) -> str:
        return f"{self.call} {self.number} {self.fault}"


def write(root: Path, kind: str) -> None:
    """What is put under strace: one decision, or one claim."""
    record = Store(root, page).load(PHR)
    Store(root, page).append(PHR, kind, NOW, ALICE, {"digest": record.plan_digest, "justification": "seen and right"})


def template(folder: Path, kind: str) -> Path:
    """A store that waits for the event."""
    root = folder / f"template-{kind}"
    store = Store(root, page)
    made = store.create(plan(), NOW, ALICE)
    store.append(PHR, "asked", NOW, ALICE, {})
    if kind == "claimed":
        store.append(PHR, "approved", NOW, ALICE, {"digest": made.plan_digest, "justification": "seen and right"})
    return root


def points(of: Path, folder: Path, kind: str) -> list[Point]:
    """Every system call of the write path, from a run in which nothing fails."""
    root, log = folder / "counted", folder / "calls"
    shutil.copytree(of, root)
    done = _traced(root, kind, ["-o", str(log), "-e", f"trace={','.join(_CALLS)}"])
    if done.returncode:
        raise AssertionError(done.stderr)
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    found: set[tuple[str, int]] = set()
    for line in log.read_text(errors="replace").splitlines():
        match = _LINE.match(line)
        if match:
            process, call, arguments = match.groups()
            counts[process, call] += 1
            if call != "openat" or re.search(r"O_(WRONLY|RDWR|CREAT)", arguments):
                found.add((call, counts[process, call]))
    shutil.rmtree(root)
    return [Point(call, number, fault) for call, number in sorted(found) for fault in _FAULTS]


def strike(of: Path, folder: Path, kind: str, point: Point) -> bool:
    """One run that fails there, and a look at what is left; whether the event stands.  An AssertionError says what broke."""
    root = folder / "struck"
    shutil.copytree(of, root)
    before = len(Store(root, page).load(PHR).events)
    done = _traced(root, kind, ["-o", os.devnull, "-e", f"inject={point.call}:{point.fault}:when={point.number}"])
    store = Store(root, page)
    record = store.load(PHR)
    stands = len(record.events) == before + 1
    _require(stands or len(record.events) == before, f"{point}: {len(record.events)} events after {before}")
    _require(not stands or record.events[-1].type == kind, f"{point}: another event stands")
    _require(stands or done.returncode != 0, f"{point}: the writer said that it is recorded, and it is not")
    store.append(PHR, "note", NOW, ALICE, {"text": "the next writer"})
    _require(inspect(store, PHR, page)["valid"], f"{point}: {inspect(store, PHR, page)['errors']}")
    status = _git(root, "status", "--porcelain")
    _require(not status, f"{point}: not committed: {status}")
    _git(root, "fsck", "--strict")
    _require(
        not [p for p in root.rglob(".new-*") if p.name in _git(root, "ls-files")], f"{point}: a half file is committed"
    )
    shutil.rmtree(root)
    return stands


def _traced(root: Path, kind: str, words: list[str]) -> subprocess.CompletedProcess[str]:
    code = f"from {_NAME} import write; from pathlib import Path; write(Path({str(root)!r}), {kind!r})"
    # the same calls in the same order each time
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    command = ["strace", "-f", "-q", *words, sys.executable, "-c", code]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=120)


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True, text=True).stdout


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)


def sweep(every: int) -> None:
    """Each ``every``-th point of both kinds of event, and how far it has come meanwhile."""
    for kind in KINDS:
        with tempfile.TemporaryDirectory(prefix="aiops-faults-") as name:
            folder = Path(name)
            of = template(folder, kind)
            all_points = points(of, folder, kind)
            chosen, stood, began = all_points[::every], 0, time.monotonic()
            for number, point in enumerate(chosen, 1):
                stood += strike(of, folder, kind, point)
                if number % _TELL_EACH == 0 or number == len(chosen):
                    rate = (time.monotonic() - began) / number
                    told = f"{kind}: {number} of {len(chosen)} faults ({len(all_points)} in all), {rate:.1f} s each"
                    print(f"{told}; the event stood after {stood} of them", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="take only every so-manieth point")
    sweep(parser.parse_args().every)


if __name__ == "__main__":
    main()
