# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Telling what a module waits for: it can't print, so it appends to a file that an action plugin shows meanwhile."""

from __future__ import annotations

import contextlib
import typing as t
from pathlib import Path

PROGRESS: t.Final[dict[str, t.Any]] = {"type": "path"}


def teller(params: t.Mapping[str, t.Any]) -> t.Callable[[str], None] | None:
    """A function that appends one line; what can't be written is told to nobody, and stops nothing."""
    if not params["progress"]:
        return None
    path = Path(params["progress"])

    def tell(line: str) -> None:
        with contextlib.suppress(OSError), path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    return tell
