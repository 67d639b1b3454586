# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Giving a container another command."""

from __future__ import annotations

import json
import shlex

from ._change import Change, RemedyCase


def patch_command(case: RemedyCase) -> Change | None:
    """Set the command that a person names; its arguments stay as they are."""
    found = case.container()
    if found is None:
        return None
    pointer, spec = found
    if not case.candidate:
        needs = 'the command to run, as a JSON list or as one line, such as ["/app/server", "--port=8080"]'
        return case.asking("patch_command", f"give {case.place} another command", needs)
    words = _words(case.candidate)
    if not words or words == spec.get("command"):
        return None
    summary = f"set the command of {case.place} to {shlex.join(words)}"
    return case.change(
        "patch_command", summary, {f"{pointer}/command": words}, {f"{pointer}/name": case.finding.container}
    )


def _words(candidate: str) -> list[str] | None:
    """The words of a JSON list of strings or of a line as a shell splits it; None where it is neither."""
    try:
        if not candidate.lstrip().startswith("["):
            return shlex.split(candidate)
        found = json.loads(candidate)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) and all(isinstance(word, str) for word in found) else None
