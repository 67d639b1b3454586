# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moments as Kubernetes writes them (RFC 3339, UTC) and the time between them."""

from __future__ import annotations

import datetime as dt


def seconds_between(earlier: str | None, later: str | None) -> float | None:
    """Seconds from one moment to another, or None where either is missing or malformed."""
    first, second = _parse(earlier), _parse(later)
    return None if first is None or second is None else (second - first).total_seconds()


def earliest(*moments: str | None) -> str | None:
    """The first of the moments that can be read, to the second."""
    parsed = [when for moment in moments if (when := _parse(moment)) is not None]
    return _written(min(parsed)) if parsed else None


def after(moment: str, seconds: float) -> str | None:
    """The moment so many seconds later."""
    when = _parse(moment)
    return _written(when + dt.timedelta(seconds=seconds)) if when else None


def now() -> str:
    return _written(dt.datetime.now(dt.UTC))


def in_words(seconds: float) -> str:
    """How long, in the largest unit that tells: 45 s, 12 min, 3 h, 5 d."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"


def _written(when: dt.datetime) -> str:
    return when.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _parse(moment: str | None) -> dt.datetime | None:
    if not moment:
        return None
    try:
        when = dt.datetime.fromisoformat(moment)
        return when.astimezone(dt.UTC) if when.tzinfo else when.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        return None
