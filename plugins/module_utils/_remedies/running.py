# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much of a workload runs, and whether: scale, restart, resume."""

from __future__ import annotations

import typing as t

from .._model import fields
from .._model.edits import Edit
from ._change import EDITABLE, Change, RemedyCase

_RESTARTED: t.Final = "/spec/template/metadata/annotations"
_RESTARTED_AT: t.Final = "kubectl.kubernetes.io/restartedAt"


def scale(case: RemedyCase) -> Change | None:
    """Run as many replicas as a person names: never none."""
    json = case.evidence.get(case.workload)
    if json is None or case.workload.kind not in {"Deployment", "StatefulSet"}:
        return None
    now = fields.get_int(json, "spec", "replicas")
    if not case.candidate:
        needs = "how many replicas shall run, 1 or more"
        return Change("scale", f"scale {case.workload}", _scaled(case, now, None), needs=needs)
    wanted = int(case.candidate) if case.candidate.isdecimal() and len(case.candidate) < 5 else 0
    if wanted < 1 or wanted == now:
        return None
    edit = Edit(case.workload, json, {"/spec/replicas": wanted})
    return Change(
        "scale", f"scale {case.workload} from {now} to {wanted} replicas", _scaled(case, now, wanted), (edit,)
    )


def restart(case: RemedyCase) -> Change | None:
    """Start all pods anew, one after another, so that they read what has changed since they were started; once for a finding.

    A container that ends is started anew all the time: only those that run on can have missed something.
    """
    json = case.json
    if json is None or case.workload.kind not in EDITABLE:
        return None
    pods = [pod for pod in case.evidence.pods_of(case.workload) if not pod.ready and not pod.deleting]
    if not any(all(container.running for container in pod.containers) for pod in pods):
        return None
    since = case.finding.since or case.evidence.observed_at
    annotations = fields.get_dict(json, "spec", "template", "metadata", "annotations")
    if annotations.get(_RESTARTED_AT) == since:
        return None
    pointer = f"{_RESTARTED}/{_RESTARTED_AT.replace('/', '~1')}" if annotations else _RESTARTED
    after = {pointer: since if annotations else {_RESTARTED_AT: since}}
    return case.change("restart", f"restart {case.workload}", after, {})


def resume(case: RemedyCase) -> Change | None:
    """Let a paused rollout, or a suspended CronJob, go on."""
    json = case.evidence.get(case.workload)
    if case.workload.kind == "Deployment" and fields.get(json, "spec", "paused") is True:
        pointer, value, what = (
            "/spec/paused",
            None,
            "the rollout goes on: its pods are replaced by the newest template's",
        )
    elif case.workload.kind == "CronJob" and fields.get(json, "spec", "suspend") is True:
        pointer, value, what = "/spec/suspend", False, "its next run starts by its schedule"
    else:
        return None
    edit = Edit(case.workload, t.cast(fields.Json, json), {pointer: value})
    return Change("resume", f"resume {case.workload}", f"{case.workload}: {what}", (edit,))


def _scaled(case: RemedyCase, now: int | None, wanted: int | None) -> str:
    how = f"from {now} to {wanted}" if wanted else f"from {now}"
    return f"the number of pods of {case.workload} changes {how}; none is replaced"
