# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read, judge, and put it together: the first step of the loop."""

from __future__ import annotations

import dataclasses

from .._causes import judge
from .._model.evidence import Evidence, Reader, Scope
from .._model.finding import Diagnosis, Finding, Remedy
from .._model.policy import classify
from .._remedies._change import Change
from .._remedies.table import changes


def diagnose(reader: Reader, scope: Scope) -> Diagnosis:
    """What fails in ``scope`` and why."""
    return judged(collect(reader, scope))


def judged(evidence: Evidence) -> Diagnosis:
    """What fails according to what was read, and why."""
    findings = tuple(_with_remedies(finding, evidence) for finding in judge.find(evidence))
    return Diagnosis(
        cluster=evidence.cluster,
        scope=evidence.scope,
        observed_at=evidence.observed_at,
        findings=findings,
        unreadable=evidence.unreadable,
        counts=judge.count(evidence, findings),
        stats=evidence.stats,
    )


def collect(reader: Reader, scope: Scope) -> Evidence:
    """Everything that a diagnosis of ``scope`` looks at, logs included."""
    evidence = reader.read(scope)
    return reader.read_logs(evidence, judge.logs_wanted(evidence))


def _with_remedies(finding: Finding, evidence: Evidence) -> Finding:
    return dataclasses.replace(finding, remedies=tuple(_remedy(change) for change in changes(finding, evidence)))


def _remedy(change: Change) -> Remedy:
    steps = [write.step() for write in change.writes]
    tier = classify(steps, change.irreversible_because)[0] if steps else None
    return Remedy(change.action, tier, change.summary, change.needs)
