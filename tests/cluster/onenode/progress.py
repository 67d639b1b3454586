# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress for the person who waits: lines on stderr, each with the seconds since the start."""

from __future__ import annotations

import sys
import time

STARTED = time.monotonic()


def say(text: str) -> None:
    """Print one line of progress; stdout stays free for the result."""
    print(f"[{time.monotonic() - STARTED:6.1f} s] {text}", file=sys.stderr, flush=True)
