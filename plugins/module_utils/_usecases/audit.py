# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking records over: do they verify, and does the page say what the events say?"""

from __future__ import annotations

import typing as t

from .._model import moments
from .._model.errors import AiopsError
from .._model.record import Record
from .._model.records import Records


def inspect(records: Records, phr: str, render: t.Callable[[Record], str]) -> dict[str, t.Any]:
    """One record in short, with the first thing that is wrong with it."""
    try:
        record = records.load(phr)
    except AiopsError as exc:
        return {
            "id": phr,
            "state": None,
            "tier": None,
            "verdict": None,
            "summary": None,
            "valid": False,
            "errors": [str(exc)],
        }
    errors = [] if records.page(phr) == render(record) else [f"{phr}: PHR.md does not say what the events say."]
    return {
        "id": phr,
        "state": record.state(moments.now()),
        "tier": record.plan.tier,
        "verdict": record.verdict,
        "summary": record.plan.summary,
        "valid": not errors,
        "errors": errors,
    }
