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
from .._model import fields, moments
from .._model.errors import AiopsError
from .._model.evidence import Evidence, Reader, Scope
from .._model.finding import UNDETERMINED, Finding
from .._model.measuring import Gauge
from .._model.objects import Ref
from .._model.plan import Baseline, Plan, Query
from .._model.record import FIRST_GATE, Person, Record, Verdict
from .._model.records import Records
from .._model.writing import NotAllowed, Writer
from .._remedies.ownership import last_writer
from .baseline import about, baseline, figures
from .diagnose import collect
from .perform import found
from .roll_back import roll_back

HOLD_SECONDS: t.Final = 60
# A change that has not helped so long after its rollout was finished has not helped: an autoscaler looks every 15 s, a probe every 10.
_SAME_SECONDS: t.Final = 90
_POLL_SECONDS: t.Final = 2.0
_GATE_SECONDS: t.Final = 600
# What new pods are not to blame for: what is not known, what a rollout that goes on looks like, and an autoscaler that has no figures of
# them yet.
_NOT_OF_PODS: t.Final = frozenset({UNDETERMINED, "rollout-stuck", "autoscaler-unable"})
# How often somebody who waits is told that nothing is new.
_TELL_SECONDS: t.Final = 15.0

Tell = t.Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class Look:
    """One look at a workload after a change.  Without a verdict its rollout goes on; one counts once it has held ``holds`` seconds."""

    verdict: Verdict | None
    reason: str
    now: Baseline
    holds: float = 0.0


def first_gate(
    records: Records,
    writer: Writer,
    reader: Reader,
    record: Record,
    by: Person,
    gauge: Gauge | None = None,
    tell: Tell | None = None,
) -> Record:
    """Wait until the rollout is finished and has held, or has clearly failed; record it, and take back what did not help.

    ``tell`` is told in words what is awaited, and for how long still.
    """
    if record.verdict is not None or record.state(moments.now()) != "applied":
        return _take_back(records, writer, record, by)
    look = _wait(writer, reader, record, gauge, tell or _nobody)
    return _conclude(records, writer, record, look, FIRST_GATE, by)


def _nobody(_told: str) -> None:
    """Where nobody watches."""


def _wait(writer: Writer, reader: Reader, record: Record, gauge: Gauge | None, tell: Tell) -> Look:
    """The look that decides: the first whose verdict has held, or the last one when the time is over."""
    began = time.monotonic()
    since, last = began, t.cast("Look | None", None)
    told_at, told = began - _TELL_SECONDS, ""
    while True:
        look = _look(writer, reader, record, gauge)
        now = time.monotonic()
        if last is None or look.verdict != last.verdict:
            since = now
        elif look.verdict in ("better", "worse", "same") and now - since >= look.holds:
            return look
        if look.verdict == "better" and look.holds == 0:
            return look
        if now - began > _GATE_SECONDS:
            reason = f"not decided within {_GATE_SECONDS} s: {look.reason}"
            return dataclasses.replace(look, verdict="inconclusive", reason=reason)
        left = look.holds - (now - since) if look.verdict else _GATE_SECONDS - (now - began)
        if look.reason != told or now - told_at >= _TELL_SECONDS:
            told, told_at = look.reason, now
            tell(f"{look.reason}; {'to hold for' if look.verdict else 'waiting at most'} {moments.in_words(left)} more")
        last = look
        time.sleep(_POLL_SECONDS)


def due(record: Record, now: str) -> bool:
    """Whether there is something to do for a record: a checkpoint to take, or what a run that died left undone."""
    return bool(_due_checkpoints(record, now)) or record.state(now) == "rolling_back" or _must_go_back(record, now)


def look_again(
    records: Records, writer: Writer, reader: Reader, record: Record, by: Person, gauge: Gauge | None = None
) -> Record:
    """Take what is due; several checkpoints that were missed are one look, recorded for the latest of them."""
    if record.state(moments.now()) == "rolling_back":
        return roll_back(records, writer, record.id, by, "finishing what another run began")
    points = _due_checkpoints(record, moments.now())
    if not points or _must_go_back(record, moments.now()):  # what was decided is not looked at again
        return _take_back(records, writer, record, by)
    look = _look(writer, reader, record, gauge)
    if look.verdict == "worse":  # one look may fall into the moment between two states
        time.sleep(_POLL_SECONDS)
        look = _look(writer, reader, record, gauge)
    record = _conclude(records, writer, record, look, points[-1], by)
    if needs_a_person(record):
        text = f"Two looks in a row were inconclusive: {look.reason}. A person must look, and may take it back."
        record = records.append(record.id, "note", moments.now(), by, {"text": text}, expect_head=record.head)
    return record


def needs_a_person(record: Record) -> bool:
    """Whether nobody can tell by themselves what became of the change: two looks in a row without an answer."""
    verdicts = [fields.get_str(event.body, "verdict") for event in record.events if event.type == "verified"]
    return verdicts[-2:] == ["inconclusive", "inconclusive"]


def _due_checkpoints(record: Record, now: str) -> list[int]:
    """The checkpoints, in seconds after the change, whose time has come; one that was missed is no more due after a later one."""
    if record.state(now) != "applied":
        return []
    taken = (fields.get_int(event.body, "checkpoint") for event in record.events if event.type == "verified")
    last = max((point for point in taken if point is not None), default=FIRST_GATE)
    passed = moments.seconds_between(_changed_at(record), now) or 0.0
    return [seconds for seconds in record.rule.checkpoints if last < seconds <= passed]


def _must_go_back(record: Record, now: str) -> bool:
    return record.state(now) == "applied" and record.due_back is not None


def _take_back(records: Records, writer: Writer, record: Record, by: Person) -> Record:
    if not _must_go_back(record, moments.now()):
        return record
    last = record.last("verified")
    if last is None:
        return roll_back(records, writer, record.id, by, "finishing what another run began")
    return roll_back(records, writer, record.id, by, f"verdict {record.verdict}: {fields.get_str(last.body, 'reason')}")


def _look(writer: Writer, reader: Reader, record: Record, gauge: Gauge | None) -> Look:
    plan = record.plan
    try:
        evidence = collect(reader, Scope((plan.workload.namespace,) if plan.workload.namespace else ()))
        undone = _undone_by_others(writer, plan)
    except AiopsError as exc:
        return Look("inconclusive", f"the cluster can't be read: {exc}", _unknown())
    now = baseline(evidence, plan.workload, judge.find(evidence), _measured(gauge, evidence, plan))
    if undone:
        return Look("same", undone, now)
    look = _judged(evidence, record, now)
    worse = _worse_figures(plan, now)
    if look.verdict == "better" and worse:
        return dataclasses.replace(look, verdict="worse", reason=worse)
    lost = sorted(set(plan.baseline.figures) & {q.name for q in _queries(plan)} - set(now.figures))
    if look.verdict == "better" and lost:
        return dataclasses.replace(
            look, verdict="inconclusive", reason=f"there is no figure any more for {', '.join(lost)}"
        )
    return look


def _undone_by_others(writer: Writer, plan: Plan) -> str:
    """Who put back what the change had written, in words: then nothing that is seen is its effect."""
    for step in plan.steps:
        try:
            if step.verb == "patch" and found(writer, step, ()) == "before":
                who = last_writer(writer.get(step.target) or {}) or "somebody"
                return f"the change is gone again: {who} put back what stood in {step.target} before; make it where that is kept"
        except NotAllowed:
            return ""
    return ""


def _judged(evidence: Evidence, record: Record, now: Baseline) -> Look:
    plan, workload = record.plan, record.plan.workload
    if any(gap.resource == "pods" for gap in evidence.unreadable):
        return Look("inconclusive", "the pods can't be read", now)
    if evidence.get(workload) is None:
        return Look("inconclusive", f"{workload} is not there any more", now)
    findings = [finding for finding in judge.find(evidence) if about(finding) == workload]
    fault = _fault_of_new_pods(evidence, record, findings)
    if fault:
        return Look("worse", fault, now)
    # What is changed beside a workload makes no rollout: one that is not finished is what fails, and no reason to wait.
    if any(step.target == workload for step in plan.steps) and not _rolled_out(evidence, workload):
        return Look(None, f"the rollout goes on: {now.ready} of {now.desired} pods ready", now)
    troubles = [finding for finding in findings if finding.severity != "info"]
    if troubles:
        return Look("same", f"{troubles[0].cause} is still there", now, _SAME_SECONDS)
    before = min(plan.baseline.ready, plan.baseline.desired)  # a rollout that went on then had more pods than it wants
    if now.ready < max(now.desired, before):
        return Look(None, f"{now.ready} of {now.desired} pods ready", now)
    if workload.kind == "Service" and not _has_endpoints(evidence, workload):
        return Look("same", f"{workload} still leads to no pod that is ready", now, _SAME_SECONDS)
    new = set(now.neighbours) - {*plan.baseline.neighbours, *plan.baseline.findings}
    hurt = [finding for finding in judge.find(evidence) if finding.id in new]
    if hurt:
        return Look("worse", f"since the change, beside it: {hurt[0].summary} ({about(hurt[0])})", now, HOLD_SECONDS)
    held = 0 if all(step.verb == "delete" for step in plan.steps) else HOLD_SECONDS
    pods = f"all {now.ready} pods ready, " if now.desired else ""
    return Look("better", f"{pods}{plan.finding.get('cause')} is gone", now, held)


def _has_endpoints(evidence: Evidence, service: Ref) -> bool:
    """Whether a slice of the Service has an endpoint that is ready and a port to send to."""
    for json in evidence.named("EndpointSlice", service.namespace).values():
        if fields.get_str(json, "metadata", "labels", "kubernetes.io/service-name") != service.name:
            continue
        ready = any(
            fields.get(each, "conditions", "ready") is not False for each in fields.get_dicts(json, "endpoints")
        )
        if ready and fields.get_dicts(json, "ports"):
            return True
    return False


def _measured(gauge: Gauge | None, evidence: Evidence, plan: Plan) -> dict[str, float]:
    return figures(gauge, evidence, plan.workload, plan.measures)


def _queries(plan: Plan) -> tuple[Query, ...]:
    return plan.measures.queries if plan.measures else ()


def _worse_figures(plan: Plan, now: Baseline) -> str:
    """The first figure that has gone the wrong way, in words."""
    for query in _queries(plan):
        before, after = plan.baseline.figures.get(query.name), now.figures.get(query.name)
        if before is None or after is None:
            continue
        margin = abs(before) * query.tolerance
        if after > before + margin if query.worse == "above" else after < before - margin:
            return f"{query.name} went from {before:g} to {after:g}"
    return ""


def _unknown() -> Baseline:
    return Baseline(moments.now(), 0, 0, 0, ())


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
        if about(finding) == record.plan.workload and finding.cause not in _NOT_OF_PODS
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
    seen = (fields.get_int(json, "status", "observedGeneration") or 0) >= (
        fields.get_int(json, "metadata", "generation") or 0
    )
    if workload.kind == "DaemonSet":
        wanted = fields.get_int(json, "status", "desiredNumberScheduled") or 0
        return seen and (fields.get_int(json, "status", "updatedNumberScheduled") or 0) >= wanted
    wanted = fields.get_int(json, "spec", "replicas") or 0
    status = {
        name: fields.get_int(json, "status", name) or 0 for name in ("replicas", "updatedReplicas", "readyReplicas")
    }
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
        "verdict": look.verdict or "inconclusive",
        "reason": look.reason,
        "metrics": dataclasses.asdict(look.now),
    }
    record = records.append(record.id, "verified", now, by, body, expect_head=record.head)
    return _take_back(records, writer, record, by)
