# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking away a pod that has failed for good, or that can't start where it is."""

from __future__ import annotations

from .._model import fields
from .._model.edits import Deletion
from .._model.objects import Pod
from ._change import Change, RemedyCase, replaced_by_controller

_MADE_ANEW = "a deleted pod can't be brought back; its controller makes another"


def delete_failed_pod(case: RemedyCase) -> Change | None:
    """Delete the newest failed pod of a workload whose controller has replaced it already."""
    failed = [pod for pod in _replaceable(case) if pod.phase == "Failed"]
    if not failed:
        return None
    pod = max(failed, key=lambda each: each.created or "")
    return Change(
        action="delete_failed_pod",
        summary=f"delete {pod.ref}, which has failed and was replaced",
        effect="nothing that runs is touched; what is left of its log goes into the record first",
        writes=(Deletion(pod.ref, pod.json, as_seen=True),),
        irreversible_because="a deleted pod can't be brought back; its controller has made another",
    )


def replace_pod(case: RemedyCase) -> Change | None:
    """Delete the newest pod none of whose containers has ever run, so that its controller tries again elsewhere or anew."""
    waiting = [pod for pod in _replaceable(case) if pod.phase == "Pending" and pod.node and not _has_run(pod)]
    if not waiting:
        return None
    pod = max(waiting, key=lambda each: each.created or "")
    return Change(
        action="delete_failed_pod",
        summary=f"delete {pod.ref}, which can't start, so that its controller makes another",
        effect="nothing that runs is touched: none of its containers has ever run",
        writes=(Deletion(pod.ref, pod.json),),
        irreversible_because=_MADE_ANEW,
    )


def _replaceable(case: RemedyCase) -> list[Pod]:
    pods = case.evidence.pods_of(case.workload)
    return [pod for pod in pods if not pod.deleting and not pod.ready and replaced_by_controller(pod)]


def _has_run(pod: Pod) -> bool:
    states = [
        *fields.get_dicts(pod.json, "status", "initContainerStatuses"),
        *fields.get_dicts(pod.json, "status", "containerStatuses"),
    ]
    return any(state.get("lastState") or "waiting" not in (state.get("state") or {}) for state in states)
