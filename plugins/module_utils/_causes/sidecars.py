# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods of Jobs whose work is done and that do not end.

A Job's pod is over when every container of its list has ended; native sidecars (init containers that are always restarted)
are ended by the kubelet then (Kubernetes 1.29 and later).
"""

from __future__ import annotations

import re
import typing as t

from .._model import moments
from .._model.finding import EvidenceItem
from .._model.objects import PROBE_KINDS, Container
from . import _case

# A worker that is done a little later than the other one is no fault.
_PATIENCE_SECONDS: t.Final = 60
# Commands that never come to an end by themselves.
_ENDLESS: t.Final = (
    r"(?i)\bwhile (?:true|:|1)\b|\bwhile sleep\b|\buntil false\b|\bsleep (?:inf|\d+d|\d{5,})"
    r"|\btail (?:-\w*[fF]|--follow)|\bdaemon off\b"
)


def job_sidecar_never_ends(case: _case.PodCase) -> _case.Judgement | None:
    """The container that does the Job's work has ended well; another one serves on, so the Job never completes."""
    maker = case.evidence.maker(case.pod)
    containers = [each for each in case.pod.containers if each.role == "app"]
    done = [each for each in containers if each.terminated and each.terminated.exit_code == 0]
    on = [each for each in containers if each.running]
    if maker.kind != "Job" or not done or not on or len(done) + len(on) < len(containers) or not _long_done(case, done):
        return None
    serving = [each for each in on if _serves(each)]
    if len(serving) < len(on) and containers[0] not in done:
        return None  # it may be the one that works
    named, end = on[0], done[0].terminated
    says = EvidenceItem(
        "status",
        f"{case.pod.ref}: {done[0].status_place}.state.terminated",
        "Completed (exit code 0)",
        end.finished_at if end else None,
    )
    goes_on = EvidenceItem(
        "status", f"{case.pod.ref}: {named.status_place}.state.running", f"running since {named.running_since}"
    )
    return _case.Judgement(
        summary=f"container {done[0].name} has done its work, and container {named.name} keeps the Job from completing",
        explanation=f"A Job is complete when all containers of its pod have ended. {named.name} does not end by itself, and as an ordinary "
        "container it is not ended with the work.",
        evidence=(
            says,
            goes_on,
            EvidenceItem("spec", f"{case.pod.ref}: {named.spec_place}", _case.command_line(named.spec)),
        ),
        next_step=_case.edit_command(case.workload)
        + f"   # make {named.name} an init container with restartPolicy: Always",
        container=named.name,
        confidence="confirmed" if len(serving) == len(on) else "probable",
        severity="warning",
    )


def _long_done(case: _case.PodCase, done: t.Sequence[Container]) -> bool:
    since = [
        moments.seconds_between(each.terminated.finished_at, case.evidence.observed_at)
        for each in done
        if each.terminated
    ]
    return all(each is not None and each >= _PATIENCE_SECONDS for each in since)


def _serves(container: Container) -> bool:
    """Whether it is made to go on: it has ports or probes, or a command without an end."""
    return bool(
        container.port_names
        or any(container.probe(kind) for kind in PROBE_KINDS)
        or re.search(_ENDLESS, _case.command_line(container.spec))
    )
