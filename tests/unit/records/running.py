# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writers as processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

_WRITER: t.Final = Path(__file__).with_name("writer.py")


def start(kind: str, root: Path, name: str, count: int, *phrs: str) -> subprocess.Popen[str]:
    """A writer that has come as far as waiting for ``go``."""
    command = [sys.executable, str(_WRITER), kind, str(root), name, str(count), *phrs]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    assert process.stdout is not None  # noqa: S101
    assert process.stdout.readline() == "ready\n"  # noqa: S101
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None  # noqa: S101
    process.stdin.write("\n")
    process.stdin.flush()


def kill(process: subprocess.Popen[str], whole_group: bool) -> list[str]:
    """SIGKILL, to it alone or to its git as well; what it had said."""
    if whole_group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    output, _errors = process.communicate()
    return output.split()
