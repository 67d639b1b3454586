# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes too long for `make test`: every job, or those named. Ends with status 1 when one of them fails."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
PACKAGE = "ansible_collections.aiops.kubernetes.tests"
# name → command
JOBS = {
    "cluster": [sys.executable, str(TESTS / "cluster" / "cluster.py"), "soak", "--rounds", "20"],
    "faults": [sys.executable, "-m", f"{PACKAGE}.loop.faults"],
    "writers": [sys.executable, "-m", f"{PACKAGE}.soak.writers"],
    "mutants": [sys.executable, "-m", f"{PACKAGE}.tools.mutation"],
    "clients": [sys.executable, str(TESTS / "soak" / "clients.py")],
    "kagent": [sys.executable, "-m", "pytest", str(TESTS / "setup" / "test_real_agent.py")],
    "races": [sys.executable, str(TESTS / "soak" / "races.py")],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", nargs="*", help=f"all when none is named: {', '.join(JOBS)}")
    names = parser.parse_args().job or list(JOBS)
    if unknown := set(names) - set(JOBS):
        parser.error(f"no such job: {', '.join(sorted(unknown))}")
    failed = [name for number, name in enumerate(names, 1) if not run(name, f"{number} of {len(names)}")]
    print(f"{len(names)} jobs, {len(failed)} failed{': ' if failed else ''}{', '.join(failed)}")
    sys.exit(bool(failed))


def run(name: str, place: str) -> bool:
    """One job, which itself tells how far it has come and what it counted."""
    print(f"---- {name}, {place}", flush=True)
    began = time.monotonic()
    done = subprocess.run(JOBS[name], check=False)
    print(f"{'FAIL' if done.returncode else 'ok  '} {name} in {time.monotonic() - began:.0f} s", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    main()
