# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit as a page: the answer first, then what is wrong, then the figures and every record."""

from __future__ import annotations

import typing as t

from .._model import fields, moments
from .markdown import plain

_WRONG: t.Final[t.Mapping[str, str]] = {
    "unapproved": "Applied without a valid decision",
    "invalid": "Records that do not verify",
    "reviews_overdue": "Done alone, and not reviewed within 24 hours",
    "late_rollbacks": "Taken back later than their tier allows, or still to be taken back",
    "unrecorded": "Written to the cluster in our name, without a record",
    "unread": "Could not be read",
    "changed": "Changed or removed after it was recorded",
}
_TIMES: t.Final[t.Mapping[str, str]] = {
    "mttd": "failure to plan (MTTD)",
    "approval": "question to approval",
    "mttr": "failure to a good verdict (MTTR)",
}


def audit_page(compliance: fields.Json, phrs: t.Sequence[fields.Json], scope: str, now: str) -> str:
    answer = "compliant" if compliance.get("compliant") else "NOT compliant"
    lines = [f"# Audit of {plain(scope)}: {answer}", "", f"Made at {now}.", ""]
    for name, title in _WRONG.items():
        found = fields.get_strs(compliance, name)
        if found:
            lines += [f"## {title}", "", *(f"- {plain(each)}" for each in found), ""]
    lines += ["## Figures", "", "| what | value |", "|---|---|"]
    counts = {
        "changes": "changes",
        "approved": "approved by persons",
        "by_policy": "decided by the policy (trivial)",
    }
    lines += [f"| {title} | {fields.get_int(compliance, name)} |" for name, title in counts.items()]
    lines += [f"| by breaking the glass | {len(fields.get_list(compliance, 'broken_glass'))} |"]
    cluster = "not asked" if compliance.get("unrecorded") is None else "asked"
    lines += [f"| the cluster's own account of our writes | {cluster} |"]
    for name, title in _TIMES.items():
        figures = fields.get_dict(compliance, "times", name)
        lines.append(f"| {title}, median and mean of {fields.get_int(figures, 'count')} | {_pair(figures)} |")
    retention = fields.get_dict(compliance, "retention")
    oldest = plain(fields.get_str(retention, "oldest") or "none")
    lines += [
        f"| oldest record, of those kept for {fields.get_int(retention, 'days')} days | {oldest} |",
        f"| records beyond that | {fields.get_int(retention, 'beyond')} |",
        "",
        "## Records",
        "",
        "| record | tier | state | verdict | what |",
        "|---|---|---|---|---|",
    ]
    for row in phrs:
        cells = (fields.get_str(row, name) or "-" for name in ("id", "tier", "state", "verdict", "summary"))
        lines.append(f"| {' | '.join(plain(cell) for cell in cells)} |")
    for row in phrs:
        lines += [f"- {plain(error)}" for error in fields.get_strs(row, "errors")]
    return "\n".join(lines).rstrip() + "\n"


def _pair(figures: fields.Json) -> str:
    found = [fields.get_int(figures, name) for name in ("median", "mean")]
    return ", ".join(moments.in_words(each) for each in found if each is not None) or "-"
