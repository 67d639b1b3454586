# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workloads that don't reach the revision they were given, without a fault in a pod that would explain it.

The conditions: Kubernetes 1.36 ``pkg/controller/deployment/util/deployment_util.go``.
"""

from __future__ import annotations

from .._model.fields import get, get_int, get_str
from .._model.finding import EvidenceItem
from .._model.objects import condition
from ._case import Judgement, WorkloadCase, kubectl, quote_condition


def rollout_stuck(case: WorkloadCase) -> Judgement | None:
    """A Deployment's new revision does not get on: it is paused half-way, or passed its deadline."""
    if case.workload.kind != "Deployment":
        return None
    return _paused(case) or _past_deadline(case)


def _paused(case: WorkloadCase) -> Judgement | None:
    wanted = get_int(case.json, "spec", "replicas")
    updated = get_int(case.json, "status", "updatedReplicas") or 0
    if get(case.json, "spec", "paused") is not True or not wanted or updated >= wanted:
        return None
    return Judgement(
        summary=f"the rollout is paused with {updated} of {wanted} replicas on the new revision",
        explanation="spec.paused is true: the controller makes no new pods of the changed template until the rollout is resumed.",
        evidence=(
            EvidenceItem("spec", f"{case.workload}: spec.paused", "true"),
            EvidenceItem("status", f"{case.workload}: status.updatedReplicas", f"{updated} of {wanted}"),
            quote_condition(case.workload, condition(case.json, "Progressing")),
        ),
        next_step=kubectl(case.workload, f"rollout resume deployment {case.workload.name}"),
        affected=wanted - updated,
    )


def _past_deadline(case: WorkloadCase) -> Judgement | None:
    progressing = condition(case.json, "Progressing")
    if get_str(progressing, "reason") != "ProgressDeadlineExceeded":
        return None
    wanted = get_int(case.json, "spec", "replicas") or 0
    status = {
        name: get_int(case.json, "status", name) or 0
        for name in ("updatedReplicas", "readyReplicas", "availableReplicas")
    }
    deadline = get_int(case.json, "spec", "progressDeadlineSeconds")
    return Judgement(
        summary=f"the rollout made no progress for {deadline} s: {status['updatedReplicas']} of {wanted} replicas are on the new revision, "
        f"{status['availableReplicas']} available",
        explanation=f"The controller waited {deadline} s for progress and gave up; no pod of it shows a fault of its own.",
        evidence=(
            quote_condition(case.workload, progressing),
            EvidenceItem(
                "status", f"{case.workload}: status", ", ".join(f"{name} {count}" for name, count in status.items())
            ),
            EvidenceItem("spec", f"{case.workload}: spec", f"replicas {wanted}, progressDeadlineSeconds {deadline}"),
        ),
        next_step=kubectl(case.workload, f"rollout status deployment {case.workload.name}"),
        affected=wanted - min(status["updatedReplicas"], status["availableReplicas"]),
    )
