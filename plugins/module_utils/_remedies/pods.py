# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking away a pod that has failed for good."""

from __future__ import annotations

import typing as t

from ._change import Change, PodDeletion, RemedyCase

# Controllers that make another pod in the place of a failed one.  (A static pod's controller is its node.)
_REPLACING: t.Final = frozenset({"ReplicaSet", "StatefulSet", "DaemonSet", "Job"})


def delete_failed_pod(case: RemedyCase) -> Change | None:
    """Delete the newest failed pod of a workload whose controller has replaced it already."""
    failed = [
        pod
        for pod in case.evidence.pods_of(case.workload)
        if pod.phase == "Failed"
        and not pod.deleting
        and (owner := case.evidence.owner(pod.ref, pod.json))
        and owner.kind in _REPLACING
    ]
    if not failed:
        return None
    pod = max(failed, key=lambda each: each.created or "")
    return Change(
        action="delete_failed_pod",
        summary=f"delete {pod.ref}, which has failed and was replaced",
        effect="nothing that runs is touched; what is left of its log goes into the record first",
        write=PodDeletion(pod.ref, pod.json),
        irreversible_because="a deleted pod can't be brought back; its controller has made another",
    )
