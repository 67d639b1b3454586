# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Did it help?  The first gate right after a change, and the checkpoints later.

A verdict of worse takes the change back by itself where the tier allows it.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .._causes import judge
from .._model import moments
from .._model.evidence import Evidence, Reader, Scope
from .._model.fields import get_int, get_str
from .._model.finding import UNDETERMINED, Finding
from .._model.objects import Ref
from .._model.plan import Baseline
from .._model.record import Person, Record, Verdict
from .._model.records import Records
from .._model.writing import Writer
from .diagnose import collect
from .propose import baseline
from .roll_back import roll_back

HOLD_SECONDS: t.Final = 60
_POLL_SECONDS: t.Final = 2.0
_GATE_SECONDS: t.Final = 600
_FIRST_GATE: t.Final = 0


@dataclasses.dataclass(frozen=True)
class Look:
    """One look at a workload after a change."""

    verdict: Verdict | None
    reason: str
    now: Baseline


def first_gate(records: Records, writer: Writer, reader: Reader, record: Record, by: Person) -> Record:
    """Wait until the rollout is finished and has held, or has clearly failed; record it, and take a worse change back."""
    if record.verdict is not None:
        return _take_back_if_worse(records, writer, record, by)
    began = time.monotonic()
    good_since: float | None = None
    bad = 0
    while True:
        look = _look(reader, record)
        waited = time.monotonic() - began
        bad = bad + 1 if look.verdict == "worse" else 0
        good_since = (good_since or time.monotonic()) if look.verdict == "better" else None
        if look.verdict == "better" and time.monotonic() - t.cast("float", good_since) >= _hold(record):
            break
        if bad >= 2:  # one look may fall into the moment between two states
            break
        if waited > _GATE_SECONDS:
            look = dataclasses.replace(
                look, verdict="inconclusive", reason=f"not decided within {_GATE_SECONDS} s: {look.reason}"
            )
            break
        time.sleep(_POLL_SECONDS)
    return _conclude(records, writer, record, look, _FIRST_GATE, by)


def due(record: Record, now: str) -> bool:
    """Whether there is something to do for a record: a checkpoint to take, or what a run that died left undone."""
    return bool(_due_checkpoints(record, now)) or record.state(now) == "rolling_back" or _must_go_back(record, now)


def look_again(records: Records, writer: Writer, reader: Reader, record: Record, by: Person) -> Record:
    """Take what is due; several checkpoints that were missed are one look, recorded for the latest of them."""
    if record.state(moments.now()) == "rolling_back":
        return roll_back(records, writer, record.id, by, "finishing what another run began")
    points = _due_checkpoints(record, moments.now())
    if not points:
        return _take_back_if_worse(records, writer, record, by)
    return _conclude(records, writer, record, _look(reader, record), points[-1], by)


def _due_checkpoints(record: Record, now: str) -> list[int]:
    """The checkpoints, in seconds after the change, whose time has come and that nobody has taken."""
    if record.state(now) != "applied":
        return []
    taken = {get_int(event.body, "checkpoint") for event in record.events if event.type == "verified"}
    passed = moments.seconds_between(_changed_at(record), now) or 0.0
    return [seconds for seconds in record.rule.checkpoints if seconds not in taken and passed >= seconds]


def _must_go_back(record: Record, now: str) -> bool:
    reversible = record.rule.automatic_rollback and not record.plan.irreversible_because
    return record.verdict == "worse" and record.state(now) == "applied" and reversible


def _take_back_if_worse(records: Records, writer: Writer, record: Record, by: Person) -> Record:
    if not _must_go_back(record, moments.now()):
        return record
    last = record.last("verified")
    return roll_back(records, writer, record.id, by, f"verdict worse: {get_str(last.body, 'reason') if last else ''}")


def _hold(record: Record) -> int:
    return 0 if record.plan.steps[0].verb == "delete" else HOLD_SECONDS


def _look(reader: Reader, record: Record) -> Look:
    plan = record.plan
    workload = plan.workload
    evidence = collect(reader, Scope((workload.namespace,)))
    findings = [finding for finding in judge.find(evidence) if finding.workload == workload]
    now = baseline(evidence, workload, findings)
    if evidence.get(workload) is None and workload.kind != "Pod":
        return Look("inconclusive", f"{workload} is not there any more", now)
    fault = _fault_of_new_pods(evidence, record, findings)
    if fault:
        return Look("worse", fault, now)
    if not _rolled_out(evidence, workload):
        return Look(None, f"the rollout goes on: {now.ready} of {now.desired} pods ready", now)
    troubles = [finding for finding in findings if finding.severity != "info"]
    if troubles:
        return Look(None, f"{troubles[0].cause} is still there", now)
    if now.ready < max(now.desired, plan.baseline.ready):
        return Look(None, f"{now.ready} of {now.desired} pods ready", now)
    return Look("better", f"all {now.ready} pods ready, {plan.finding.get('cause')} is gone", now)


def _fault_of_new_pods(evidence: Evidence, record: Record, findings: t.Sequence[Finding]) -> str:
    """A fault of a pod that was made after the change; the old ones may still show why it was made."""
    fresh = {
        pod.ref
        for pod in evidence.pods_of(record.plan.workload)
        if not pod.deleting
        and (seconds := moments.seconds_between(_changed_at(record), pod.created)) is not None
        and seconds >= 0
    }
    newest = dataclasses.replace(
        evidence,
        objects={**evidence.objects, "Pod": [pod.json for pod in evidence.pods if pod.ref in fresh]},
    )
    faults = [
        finding
        for finding in judge.find(newest)
        if finding.workload == record.plan.workload
        and finding.cause != UNDETERMINED
        and finding.cause != "rollout-stuck"
    ]
    stuck = [finding for finding in findings if finding.cause == "rollout-stuck" and fresh]
    return next((f"the new pods fail: {finding.summary}" for finding in [*faults, *stuck]), "")


def _changed_at(record: Record) -> str:
    """When the change was written: ``applied`` may stand much later, where another run had to find out."""
    applying = record.last("applying")
    return applying.at if applying else ""


def _rolled_out(evidence: Evidence, workload: Ref) -> bool:
    """Whether the controller has done with the newest generation."""
    json = evidence.get(workload)
    if json is None or workload.kind not in {"Deployment", "StatefulSet", "DaemonSet"}:
        return True
    seen = (get_int(json, "status", "observedGeneration") or 0) >= (get_int(json, "metadata", "generation") or 0)
    if workload.kind == "DaemonSet":
        wanted = get_int(json, "status", "desiredNumberScheduled") or 0
        return seen and (get_int(json, "status", "updatedNumberScheduled") or 0) >= wanted
    wanted = get_int(json, "spec", "replicas") or 0
    status = {name: get_int(json, "status", name) or 0 for name in ("replicas", "updatedReplicas", "readyReplicas")}
    return (
        seen
        and status["updatedReplicas"] >= wanted
        and status["replicas"] <= wanted
        and status["readyReplicas"] >= wanted
    )


def _conclude(records: Records, writer: Writer, record: Record, look: Look, point: int, by: Person) -> Record:
    now = moments.now()
    body = {
        "checkpoint": point,
        "offset_seconds": int(moments.seconds_between(_changed_at(record), now) or 0),
        "verdict": look.verdict or "same",
        "reason": look.reason,
        "metrics": dataclasses.asdict(look.now),
    }
    record = records.append(record.id, "verified", now, by, body, expect_head=record.head)
    return _take_back_if_worse(records, writer, record, by)
