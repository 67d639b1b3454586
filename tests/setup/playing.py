# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the playbook ``setup`` as people do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import typing as t
from pathlib import Path

BIN = Path(sys.executable).parent


class Played(t.NamedTuple):
    status: int
    changed: int
    text: str


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
