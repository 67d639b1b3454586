# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Giving a container another image."""

from __future__ import annotations

import re

from .._model.edits import Edit
from .._model.fields import get_str
from ._change import Change, RemedyCase

# https://pkg.go.dev/github.com/distribution/reference; the API server takes anything
_PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?/)?"
_IMAGE = re.compile(
    rf"{_HOST}{_PART}(?:/{_PART})*(?::[A-Za-z0-9_][\w.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?", re.ASCII
)


def set_image(case: RemedyCase) -> Change | None:
    """Set the image that a person names.  Which image is right is nothing that the evidence can prove."""
    json, found = case.json, case.container()
    if json is None or found is None:
        return None
    pointer, spec = found
    place = f"container {case.finding.container} of {case.workload}"
    if not case.candidate:
        return Change("set_image", f"give {place} another image", case.replaced, None, needs="an image that exists")
    if not _IMAGE.fullmatch(case.candidate) or case.candidate == get_str(spec, "image"):
        return None
    return Change(
        action="set_image",
        summary=f"set the image of {place} from {get_str(spec, 'image')} to {case.candidate}",
        effect=case.replaced,
        write=Edit(
            case.workload, json, {f"{pointer}/image": case.candidate}, {f"{pointer}/name": case.finding.container}
        ),
    )
