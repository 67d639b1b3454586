# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Applying exactly what was approved.  The decision is checked here, from the verified record; nothing else can stand in for it."""

from __future__ import annotations

import typing as t

from .._model import fields, moments
from .._model.edits import at
from .._model.errors import AiopsError
from .._model.evidence import Cluster, Reader, Scope
from .._model.objects import Ref
from .._model.plan import Plan
from .._model.record import Person, Record
from .._model.records import Records
from .._model.writing import NotAllowed, NotAsPlanned, Writer
from .._remedies.ownership import kept_by
from . import risk
from .perform import Unfinished, found, lacking_right, perform
from .roll_back import Confirm, half_applied, roll_back, undo


def apply(
    records: Records, writer: Writer, cluster: Cluster, phr: str, by: Person, confirm: Confirm = lambda _record: None
) -> Record:
    """The record after the change.  An AiopsError where it may not be applied or did not apply; the record says which.

    ``confirm`` asks once more whoever vouched for an approval, and what else may have come between; an AiopsError of it ends
    the matter.
    """
    if records.load(phr).state(moments.now()) == "rolling_back":
        return roll_back(records, writer, phr, by, "finishing what another run began")
    with records.alone(phr):
        record = reconcile(records, writer, records.load(phr), by)
        if record.state(moments.now()) == "applied":
            return record
        _require_decision(records, record)
        confirm(record)
        return _apply(records, writer, cluster, record, by)


def _apply(records: Records, writer: Writer, cluster: Cluster, record: Record, by: Person) -> Record:
    _require_same_cluster(record.plan, cluster)
    _rehearse(records, writer, record, by)
    phr = record.id
    record = records.append(
        phr, "claimed", moments.now(), by, {"decided_by": _deciders(record)}, expect_head=record.head
    )
    record = records.append(
        phr, "applying", moments.now(), by, {"steps": len(record.plan.steps)}, expect_head=record.head
    )
    return _write(records, writer, record, by)


def require_unkept(reader: Reader, writer: Writer, record: Record) -> None:
    """An AiopsError where somebody would undo the change by now: an autoscaler or a GitOps tool that came after the plan."""

    def live(target: Ref) -> fields.Json | None:
        try:
            return writer.get(target)
        except NotAllowed:
            return None

    plan = record.plan
    evidence = reader.read(Scope((plan.workload.namespace,) if plan.workload.namespace else ()))
    who = kept_by(plan.action, plan.steps, evidence, live)
    if who:
        raise AiopsError(f"{record.id} can't be applied any more: {who}. Nothing was written.")


def check(
    records: Records, writer: Writer, cluster: Cluster, phr: str, confirm: Confirm = lambda _record: None
) -> Record:
    """What ``apply`` would start from, for check mode: the same checks and a dry run, and nothing recorded."""
    record = records.load(phr)
    if record.state(moments.now()) == "applied":
        return record
    _require_decision(records, record)
    confirm(record)
    _require_same_cluster(record.plan, cluster)
    for step in record.plan.steps:
        try:
            perform(writer, step, dry_run=True)
        except (NotAsPlanned, NotAllowed) as exc:
            raise AiopsError(f"{phr} would not apply to {step.target}: {exc}.") from exc
    return record


def reconcile(records: Records, writer: Writer, record: Record, by: Person) -> Record:
    """Settle what a run that died left open: from the record and the live object, never by writing again."""
    state = record.state(moments.now())
    if state == "claimed":
        return records.append(
            record.id, "not_applied", moments.now(), by, {"reason": "the run ended before it wrote anything"}
        )
    if state == "applied" and half_applied(record):
        return undo(records, writer, record, by, "finishing what another run began")
    if state != "applying":
        return record
    uids = {step.uid for step in record.plan.steps if step.verb == "delete"}
    try:
        states = [found(writer, step, uids) for step in record.plan.steps]
        made = [
            fields.get_str(writer.get(s.target), "metadata", "uid") if s.verb == "create" else ""
            for s in record.plan.steps
        ]
    except NotAllowed as exc:
        raise AiopsError(
            f"{record.id} can't be settled: its object can't be read: {exc}. Run it again when it can."
        ) from exc
    if all(state == "after" for state in states):
        return records.append(record.id, "applied", moments.now(), by, {"reconciled": True, "uids": made})
    done = next(number for number, state in enumerate(states) if state != "after")
    if done:
        reason = f"the run ended after {done} of {len(states)} steps"
        return _undone(records, writer, record, by, {"reconciled": True, "done": done, "uids": made, "reason": reason})
    reason = (
        "nothing was written"
        if all(state == "before" for state in states)
        else "somebody else changed the object meanwhile"
    )
    return records.append(
        record.id, "not_applied", moments.now(), by, {"reason": f"the run ended while it wrote; {reason}"}
    )


def _write(records: Records, writer: Writer, record: Record, by: Person) -> Record:
    generations: list[t.Any] = []
    uids: list[str] = []
    for step in record.plan.steps:
        try:
            after = perform(writer, step, dry_run=False)
        except (NotAsPlanned, NotAllowed) as exc:
            done = len(generations) + isinstance(exc, Unfinished)
            if not done:
                records.append(record.id, "not_applied", moments.now(), by, {"reason": str(exc)})
                raise AiopsError(
                    f"{record.id} did not apply to {step.target}: {exc}. Nothing was changed; make a new plan."
                ) from exc
            reason = f"step {len(generations) + 1} of {len(record.plan.steps)} failed: {exc}"
            record = _undone(records, writer, record, by, {"done": done, "uids": uids, "reason": reason})
            raise AiopsError(
                f"{record.id} did not apply to {step.target}: {exc}. The steps before it: {record.state(moments.now())}."
            ) from exc
        generations.append(at(after, "/metadata/generation"))
        uids.append(fields.get_str(after, "metadata", "uid"))
    return records.append(record.id, "applied", moments.now(), by, {"generations": generations, "uids": uids})


def _undone(records: Records, writer: Writer, record: Record, by: Person, body: fields.Json) -> Record:
    """The record after the steps that were done are taken back: a change that is half applied helps nobody."""
    record = records.append(record.id, "applied", moments.now(), by, body)
    return undo(records, writer, record, by, fields.get_str(body, "reason"))


def _rehearse(records: Records, writer: Writer, record: Record, by: Person) -> None:
    """A dry run as the identity that will write, of the object as it is now: a plan that does not fit any more is stale."""
    for step in record.plan.steps:
        try:
            perform(writer, step, dry_run=True)
        except NotAsPlanned as exc:
            records.append(record.id, "stale", moments.now(), by, {"reason": str(exc)}, expect_head=record.head)
            raise AiopsError(
                f"{record.id} is stale: {step.target} is not as it was when the plan was made ({exc}). "
                "Nothing was written; make a new plan."
            ) from exc
        except NotAllowed as exc:
            what = "may not do it" if exc.forbidden else "was refused"
            raise AiopsError(
                f"{record.id} can't be applied: this identity {what}: {exc}. Nothing was written."
            ) from exc
    lacking = None if record.plan.irreversible_because else lacking_right(writer, record.plan.steps)
    if lacking:
        raise AiopsError(f"{record.id} can't be applied: {lacking} to take it back. Nothing was written.")


def _require_decision(records: Records, record: Record) -> None:
    state = record.state(moments.now())
    if state == "approved":
        risk.require_still_enough(records, record, moments.now())
        return
    if state == "pending":
        raise AiopsError(
            f"{record.id} has no valid decision yet: {' and '.join(record.missing)} must approve it. "
            f"Ask for it with: ansible-playbook aiops.kubernetes.approve -e aiops_phr={record.id}"
        )
    raise AiopsError(f"{record.id} can't be applied: it is {state}. Make a new plan.")


def _require_same_cluster(plan: Plan, cluster: Cluster) -> None:
    if plan.source != "cluster":
        raise AiopsError(f"{plan.phr} was made from a snapshot and can never be applied.")
    if plan.cluster.uid is None or plan.cluster.uid != cluster.uid:
        raise AiopsError(
            f"{plan.phr} was made for another cluster ({plan.cluster.server}) than this one ({cluster.server})."
        )


def _deciders(record: Record) -> list[str]:
    glass = [record.broken_glass] if record.broken_glass else []
    return [str(event.by) for event in glass or record.approvals] or [f"policy {record.plan.policy}"]
