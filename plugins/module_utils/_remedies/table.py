# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which kinds of change can help against which cause, the best first.  A cause that is not here has none: a person must act."""

from __future__ import annotations

import typing as t

from .._model.evidence import Evidence
from .._model.finding import Finding
from . import images, pods, references, resources, revisions
from ._change import Change, RemedyCase

REMEDIES: t.Final[t.Mapping[str, tuple[t.Callable[[RemedyCase], Change | None], ...]]] = {
    "image-not-found": (revisions.roll_back, images.set_image),
    "application-error": (revisions.roll_back,),
    "command-not-found": (revisions.roll_back,),
    "exits-with-success": (revisions.roll_back,),
    "memory-limit-exceeded": (resources.raise_memory, revisions.roll_back),
    "configmap-missing": (references.correct_configmap, revisions.roll_back),
    "secret-missing": (revisions.roll_back,),
    "key-missing": (revisions.roll_back,),
    "evicted": (pods.delete_failed_pod,),
}


def changes(finding: Finding, evidence: Evidence, candidate: str | None = None) -> list[Change]:
    """What would help against this finding, the best first; with a candidate, the changes that can use it come first."""
    case = RemedyCase(finding, evidence, candidate)
    remedies = REMEDIES.get(finding.cause, ())
    if candidate:
        remedies = tuple(
            sorted(remedies, key=lambda remedy: remedy is revisions.roll_back)
        )  # what a person named comes first
    return [change for remedy in remedies if (change := remedy(case)) is not None]


def why_none(finding: Finding) -> str:
    """Why there is no change to offer, in words for the person who must act now."""
    if revisions.roll_back in REMEDIES.get(finding.cause, ()):
        return f"no change is proven to help {finding.cause} here, and no former revision has a ready pod to go back to"
    return f"no change is known that would surely help {finding.cause}; a person must act"
