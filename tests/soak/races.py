# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The races of tests/loop 200 times, on a cluster of this run's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
CLUSTER = [sys.executable, str(TESTS / "cluster" / "cluster.py")]
NAME = f"races-{os.getpid()}"
EXPORT = "export KUBECONFIG="
ROUNDS = 200


def main() -> None:
    try:
        up = [*CLUSTER, "up", "--name", NAME, "--addons", "none"]
        told = subprocess.run(up, stdout=subprocess.PIPE, text=True, check=True).stdout
        kubeconfig = told.splitlines()[-1].removeprefix(EXPORT)
        environment = {**os.environ, "AIOPS_TEST_KUBECONFIG": kubeconfig, "AIOPS_RACES": str(ROUNDS)}
        races = [sys.executable, "-m", "pytest", str(TESTS / "loop" / "test_races.py"), "-n", "4"]
        sys.exit(subprocess.run(races, env=environment, check=False).returncode)
    finally:
        subprocess.run([*CLUSTER, "down", "--name", NAME], stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    main()
