# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Eight writers with fifty events each, on one record and on many, in two clones of one remote: none lost, none doubled."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from pathlib import Path

from ansible_collections.aiops.kubernetes.tests.unit.records.test_remote import many_writers

WRITERS, EVENTS = 8, 50


def main() -> None:
    for records in (1, 5):
        with tempfile.TemporaryDirectory(prefix="aiops-writers-") as name:
            remote = Path(name) / "remote.git"
            subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote)], check=True)
            began, ended = time.monotonic(), threading.Event()
            threading.Thread(target=tell, args=(remote, records, ended), daemon=True).start()
            many_writers(Path(name) / "records", remote, records, WRITERS, EVENTS // records)
            ended.set()
            seconds = time.monotonic() - began
            print(
                f"{WRITERS} writers x {EVENTS} events on {records} records, two clones: whole, in {seconds:.0f} s",
                flush=True,
            )


def tell(remote: Path, records: int, ended: threading.Event) -> None:
    """How many events have reached the remote, now and then."""
    while not ended.wait(20):
        counted = ["git", "-C", str(remote), "rev-list", "--count", "main"]
        count = subprocess.run(counted, capture_output=True, text=True, check=False).stdout.strip() or "0"
        print(f"{count} of {records + WRITERS * EVENTS} events are at the remote", flush=True)


if __name__ == "__main__":
    main()
