# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that the kernel ends for their use of memory."""

from __future__ import annotations

from .._model import quantity
from .._model.fields import get_str
from .._model.finding import EvidenceItem
from ._case import ContainerCase, Judgement, edit_command, quote_end, quote_log


def memory_limit_exceeded(case: ContainerCase) -> Judgement | None:
    """The container's main process passed its own memory limit.

    Only ``OOMKilled`` says so: 137 alone is any SIGKILL.  An exit code other than 137 means that a child was killed and the
    main process went on to its own end (containerd ``internal/cri/server/events.go``), which is another cause.
    """
    end = case.last_end
    if end is None or end.reason != "OOMKilled" or end.exit_code != 137:
        return None
    limit = get_str(case.container.spec, "resources", "limits", "memory") or get_str(
        case.pod.spec, "resources", "limits", "memory"
    )
    if not limit:
        return None  # then the node itself ran out of memory
    request = get_str(case.container.spec, "resources", "requests", "memory")
    amount = quantity.parse(limit)
    place = f"{case.pod.ref}: {case.container.spec_place}.resources"
    return Judgement(
        summary=f"container {case.container.name} needs more memory than its limit of {limit} and is killed",
        explanation=f"The kernel ended it inside its own control group (OOMKilled, exit code 137) {case.container.restarts} times; "
        "neither a probe nor a lack of memory on the node ended it.",
        evidence=(
            quote_end(case),
            EvidenceItem("spec", place, f"memory limit {limit}, request {request or 'none'}"),
            *quote_log(case),
        ),
        next_step=edit_command(case.workload)
        + f"   # raise the memory limit of {case.container.name}"
        + (f", e.g. to {quantity.in_words(amount * 2, 'memory')}" if amount else "")
        + ", or find out why it grows",
    )
