# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a workload does at one moment, to be compared with another."""

from __future__ import annotations

import typing as t

from .._model import fields
from .._model.evidence import Evidence
from .._model.finding import Finding
from .._model.measuring import Gauge
from .._model.objects import Ref
from .._model.plan import Baseline, Measures


def about(finding: Finding) -> Ref:
    """What suffers or, where no workload does, the object that the finding is about."""
    return finding.workload or finding.subject


def figures(gauge: Gauge | None, evidence: Evidence, workload: Ref, measures: Measures | None) -> dict[str, float]:
    """What can be measured of a workload now."""
    if gauge is None:
        return {}
    pods = {pod.ref.name for pod in evidence.pods_of(workload) if not pod.deleting}
    return gauge.figures(workload, pods, measures)


def baseline(
    evidence: Evidence, workload: Ref, findings: t.Sequence[Finding], measured: t.Mapping[str, float]
) -> Baseline:
    """How the workload does now, and what is wrong beside it."""
    pods = [pod for pod in evidence.pods_of(workload) if not pod.deleting]
    wanted = fields.get_int(evidence.get(workload), "spec", "replicas")
    beside = [finding.id for finding in findings if about(finding) != workload and finding.severity != "info"]
    return Baseline(
        at=evidence.observed_at,
        desired=len(pods) if wanted is None else wanted,
        ready=sum(pod.ready for pod in pods),
        restarts=sum(container.restarts for pod in pods for container in pod.containers),
        findings=tuple(finding.id for finding in findings if about(finding) == workload),
        neighbours=tuple(beside),
        figures=measured,
    )
