# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What records cost: verifying ten thousand of them, and recording one event beside the disk's own time.

    python -m ansible_collections.aiops.kubernetes.tests.benchmarks.records [--records N]

One in twenty has two signatures, each of which is verified. It ends with status 1 when a figure falls short of its target.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import digest
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import Event, Person
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.signing import sign
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.store import Store
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.phr import page, times
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.audit import Audit
from ansible_collections.aiops.kubernetes.tests.benchmarks.run import Figure, table
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import ALICE, NOW, PHR, later, plan
from ansible_collections.aiops.kubernetes.tests.unit.records.trusted import Keys, commit_trust, git

_NAME = "ansible_collections.aiops.kubernetes.tests.benchmarks.records"
_EVENTS, _FSYNCS = 15, 40


def make(root: Path, keys: Keys, count: int) -> None:
    """Records of changes that were approved and applied, as files, and one commit."""
    Store(root, page).create(plan(phr=PHR), NOW, ALICE)
    commit_trust(root, keys, "bob", "carol")
    store = Store(root, page)
    for number in range(count - 1):
        signed = number % 20 == 0
        made = plan(phr=f"PHR-20261122-{number:06d}-{number:06x}", tier="critical" if signed else "medium")
        who = [Person(name, "signature", "desk") for name in ("carol", "bob")] if signed else [ALICE]
        folder = root / "phr" / "2026" / "11" / made.phr / "events"
        folder.mkdir(parents=True)
        (folder.parent / "plan.json").write_bytes(made.as_bytes())
        head = digest(made.as_bytes())
        kinds = ["proposed", "asked", *["approved"] * len(who), "claimed", "applying", "applied"]
        people = [ALICE, ALICE, *who, ALICE, ALICE, ALICE]
        for place, (kind, person) in enumerate(zip(kinds, people, strict=True), 1):
            body = {"digest": digest(made.as_bytes()), "justification": "seen and right"} if kind == "approved" else {}
            event = Event(place, kind, later(place), person, head, body)
            if person.proof == "signature":
                signature = sign(event.signed_bytes(made.phr), keys.path(person.name))
                event = dataclasses.replace(event, body={**body, "signature": signature})
            (folder / f"{place:04d}-{kind}.json").write_bytes(event.as_bytes())
            head = digest(event.as_bytes())
        (folder.parent / "PHR.md").write_text(page(store.load(made.phr)))
    git(root, "add", "phr")
    git(root, "commit", "--quiet", "-m", "many")


def verify(root: Path, limit: int) -> str:
    """In a process of its own: how long it takes, and how much memory beyond what stands there before the first record."""
    store, audit = Store(root, page), Audit()
    ids = store.ids()[:limit]
    audit.look(store, ids[0], page, times, later(60))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    for phr in ids[1:]:
        row = audit.look(store, phr, page, times, later(60))
        if not row["valid"]:
            sys.exit(f"{phr} does not verify: {row['errors']}")
    after, ended = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    if odd := [*store.changed(), *store.lost()]:
        sys.exit(f"not as it was committed: {odd[:3]}")
    return f"{ended - began} {(after - before) / 1024} {time.monotonic() - ended} {processor()}"


def verified(root: Path, limit: int) -> tuple[float, float, float, float]:
    """Seconds, megabytes, the seconds of comparing all with the history, and the processor's seconds of everything."""
    command = [sys.executable, "-m", _NAME, "--verify", str(root), "--records", str(limit)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    seconds, memory, compared, work = map(float, said)
    return seconds, memory, compared, work


def recording(root: Path, among: str) -> list[Figure]:
    """One event after the other, an fsync of the same disk between them, and how many of those an event takes.

    The processor's time is told beside the clock's, which also shows what else the machine does.
    """
    store = Store(root, page)
    events, syncs, worked = [], [], []
    for number in range(_EVENTS):
        began, work = time.monotonic(), processor()
        store.append(PHR, "note", NOW, ALICE, {"text": f"{number}"})
        events.append(time.monotonic() - began)
        worked.append(processor() - work)
        syncs += [fsync(root) for _again in range(_FSYNCS // _EVENTS)]
    needed = fsyncs_of_an_event(root)
    event, sync = statistics.median(events) * 1000, statistics.median(syncs) * 1000
    return [
        Figure(f"recording one event {among}", event, "ms"),
        Figure("one fsync of this disk", sync, "ms"),
        Figure("fsyncs of one event", needed),
        Figure("processor's time of one event, git's included", statistics.median(worked) * 1000, "ms"),
        Figure(f"recording one event {among}, beside its fsyncs", max(0.0, event - needed * sync), "ms", most=150),
    ]


def processor() -> float:
    """Seconds of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def fsync(folder: Path) -> float:
    path = folder.with_name("fsync")
    with path.open("wb") as file:
        file.write(b"x" * 2000)
        file.flush()
        began = time.monotonic()
        os.fsync(file.fileno())
        return time.monotonic() - began


def fsyncs_of_an_event(root: Path) -> int:
    """Counted by strace, those of git among them."""
    log = root.with_name("calls")
    command = ["strace", "-f", "-q", "-e", "trace=fsync,fdatasync", "-o", str(log)]
    subprocess.run([*command, sys.executable, "-m", _NAME, "--note", str(root)], check=True)
    return sum("sync(" in line for line in log.read_text().splitlines())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--verify", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--note", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.verify:
        print(verify(given.verify, given.records))
        return
    if given.note:
        Store(given.note, page).append(PHR, "note", NOW, ALICE, {"text": "counted"})
        return
    with tempfile.TemporaryDirectory(prefix="aiops-records-") as name:
        root = Path(name) / "records"
        make(root, Keys(Path(name)), given.records)
        few, many = verified(root, given.records // 10), verified(root, given.records)
        small = Path(name) / "small"
        Store(small, page).create(plan(phr=PHR), NOW, ALICE)
        figures = [
            Figure(f"verifying {given.records} records, one in twenty with two signatures", many[0], "s", most=60),
            Figure(f"memory that verifying {given.records // 10} of them takes", few[1], "MB"),
            Figure("memory that all the others take on top", many[1] - few[1], "MB", most=16),
            Figure("comparing all of them with the history", many[2], "s"),
            Figure("processor's time of both", many[3], "s"),
            *recording(small, "in a small store"),
            *recording(root, f"among {given.records}"),
        ]
    print(table(figures))
    sys.exit(any(figure.verdict == "SHORT" for figure in figures))


if __name__ == "__main__":
    main()
