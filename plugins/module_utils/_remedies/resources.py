# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Giving a container more of what it lacks."""

from __future__ import annotations

import decimal
import re

from .._model import quantity
from .._model.edits import Edit
from .._model.fields import get_dict, get_str
from ._change import Change, RemedyCase


def raise_memory(case: RemedyCase) -> Change | None:
    """Double a container's memory limit, or set what a person named; never beyond what the largest node offers."""
    json, found = case.json, case.container()
    if json is None or found is None:
        return None
    pointer, spec = found
    limit = get_str(spec, "resources", "limits", "memory")
    amount = quantity.parse(limit)
    if not amount:
        return None
    wanted = quantity.parse(case.candidate) if case.candidate else amount * 2
    nodes = case.evidence.named("Node", "").values()
    largest = max(
        (quantity.parse(get_dict(node, "status", "allocatable").get("memory")) or 0 for node in nodes), default=0
    )
    if wanted is None or wanted <= amount or (largest and wanted > largest):
        return None
    new = case.candidate or _twice(limit, amount)
    after = {f"{pointer}/resources/limits/memory": new}
    if get_str(spec, "resources", "requests", "memory") == limit:
        # A request equal to the limit was meant so: it keeps the pod in its quality-of-service class.
        after[f"{pointer}/resources/requests/memory"] = new
    return Change(
        action="set_resources",
        summary=f"raise the memory limit of container {case.finding.container} of {case.workload} from {limit} to {new}",
        effect=case.replaced,
        write=Edit(case.workload, json, after, {f"{pointer}/name": case.finding.container}),
    )


def _twice(limit: str, amount: decimal.Decimal) -> str:
    """Exactly double, in the unit of the limit where that is a whole number of it."""
    whole = re.fullmatch(r"([0-9]+)([kKMGTPE]i?)?", limit)
    return f"{int(whole[1]) * 2}{whole[2] or ''}" if whole else str(int(amount * 2))
