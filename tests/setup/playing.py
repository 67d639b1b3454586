# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the playbook ``setup`` as people do, and look at what it left."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import typing as t
from pathlib import Path

BIN = Path(sys.executable).parent
CLUSTER = (sys.executable, str(Path(__file__).resolve().parents[1] / "cluster" / "cluster.py"))


class Played(t.NamedTuple):
    status: int
    changed: int
    text: str


class Own(t.NamedTuple):
    """A cluster of this run's own; its node can run kubectl."""

    name: str
    kubeconfig: Path

    @property
    def state(self) -> Path:
        return self.kubeconfig.parent

    def kubectl(self, *words: str, text: str = "") -> str:
        return self.execute("kubectl", f"--kubeconfig={self.state}/inner.kubeconfig", *words, text=text)

    def execute(self, *words: str, text: str = "") -> str:
        command = [*CLUSTER, "exec", "--name", self.name, "--", *words]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise RuntimeError(f"{words}: {done.stderr}")
        return done.stdout


def play(variables: dict[str, t.Any], *options: str) -> Played:
    command: list[str | Path] = [
        BIN / "ansible-playbook",
        "aiops.kubernetes.setup",
        "--extra-vars",
        json.dumps(variables),
        *options,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    counted = re.search(r"changed=(\d+)", done.stdout)
    if counted is None:
        raise RuntimeError(done.stdout + done.stderr)
    return Played(done.returncode, int(counted[1]), done.stdout)
