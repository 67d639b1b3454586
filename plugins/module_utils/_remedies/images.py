# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Giving a container another image."""

from __future__ import annotations

import re

from .._model import fields
from ._change import Change, RemedyCase

# https://pkg.go.dev/github.com/distribution/reference; the API server takes anything
_PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?/)?"
_IMAGE = re.compile(
    rf"{_HOST}{_PART}(?:/{_PART})*(?::[A-Za-z0-9_][\w.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?", re.ASCII
)


def set_image(case: RemedyCase) -> Change | None:
    """Set the image that a person names.  Which image is right is nothing that the evidence can prove."""
    found = case.container()
    if found is None:
        return None
    pointer, spec = found
    if not case.candidate:
        return case.asking("set_image", f"give {case.place} another image", "an image that exists")
    if not _IMAGE.fullmatch(case.candidate) or case.candidate == fields.get_str(spec, "image"):
        return None
    summary = f"set the image of {case.place} from {fields.get_str(spec, 'image')} to {case.candidate}"
    return case.change(
        "set_image", summary, {f"{pointer}/image": case.candidate}, {f"{pointer}/name": case.finding.container}
    )
