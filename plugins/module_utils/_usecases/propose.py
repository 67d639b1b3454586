# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From findings to plans: dry-run what would help, and open a record for each."""

from __future__ import annotations

import dataclasses
import typing as t

from .._causes import judge
from .._model import moments
from .._model.edits import Deletion, Edit, at
from .._model.errors import AiopsError
from .._model.evidence import Cluster, Evidence, LogRequest, Reader, Scope
from .._model.fields import Json, get_dict, get_int, get_str
from .._model.finding import Diagnosis, EvidenceItem, Finding
from .._model.objects import Pod, Ref
from .._model.plan import FROM_SNAPSHOT, Baseline, Plan, Source, Step
from .._model.policy import policy_digest
from .._model.record import Person, Record
from .._model.records import Records
from .._model.writing import NotAllowed, NotAsPlanned, Writer
from .._remedies._change import Change
from .._remedies.ownership import breaks_budget, kept_by, warning
from .._remedies.table import changes, why_none
from .diagnose import collect
from .perform import lacking_right, perform
from .risk import needed

AT_MOST: t.Final = 10


@dataclasses.dataclass(frozen=True)
class Proposal:
    """One finding and the record of its plan; without a plan ``phr`` is None and ``needs`` or ``why_none`` says why."""

    finding: str
    phr: str | None
    digest: str | None
    tier: str | None
    state: str
    dry_run: str
    summary: str | None = None
    needs: str | None = None
    why_none: str | None = None


@dataclasses.dataclass(frozen=True)
class Tried:
    """A change with the steps that a dry run made of it."""

    change: Change
    steps: tuple[Step, ...]
    dry_run: str
    irreversible_because: str | None


def propose(
    reader: Reader,
    writer: Writer | None,
    records: Records,
    diagnosis: Diagnosis,
    wanted: t.Sequence[str],
    candidates: t.Mapping[str, str] | str | None,
    by: Person,
    new_id: t.Callable[[str], str],
) -> list[Proposal]:
    """Plans for the findings of these ids, or for all.

    The diagnosis tells only which findings are meant: the cluster is read again, and nothing else of it is believed.
    ``candidates`` are values that persons named, by the id of their finding; a plain one is for the only finding that needs one.
    Without a writer the evidence is a snapshot's, and its plans can never be applied.
    """
    evidence = collect(reader, Scope(diagnosis.scope.namespaces, diagnosis.scope.label_selector))
    present = [finding for finding in judge.find(evidence) if finding.caused_by is None]
    chosen = [finding for finding in present if not wanted or finding.id in wanted][:AT_MOST]
    named = _named(candidates, chosen, evidence)
    return [
        _propose(finding, evidence, reader, writer, records, named.get(finding.id), by, new_id) for finding in chosen
    ]


def _named(
    candidates: t.Mapping[str, str] | str | None, chosen: t.Sequence[Finding], evidence: Evidence
) -> t.Mapping[str, str]:
    if candidates is None or isinstance(candidates, t.Mapping):
        return candidates or {}
    needing = [finding.id for finding in chosen if any(change.needs for change in changes(finding, evidence))]
    if len(needing) != 1:
        raise AiopsError(
            f"{len(needing)} findings need a value from a person ({', '.join(needing) or 'none'}), so {candidates!r} can't be given "
            "to one of them. Name the finding: aiops_candidate={<finding>: <value>}."
        )
    return {needing[0]: candidates}


def _propose(
    finding: Finding,
    evidence: Evidence,
    reader: Reader,
    writer: Writer | None,
    records: Records,
    candidate: str | None,
    by: Person,
    new_id: t.Callable[[str], str],
) -> Proposal:
    offered = changes(finding, evidence, candidate)
    failed = _failed(finding.id, evidence.cluster, records)
    refused: list[str] = []
    dry_run = "not tried"
    for change in offered:
        if not change.writes:
            continue
        why_not = _why_not(change, evidence, writer, failed)
        if why_not:
            refused.append(f"to {change.summary} is not offered: {why_not}")
            continue
        usable = _try(change, writer)
        if not usable.dry_run.startswith("refused"):
            break
        dry_run = usable.dry_run if dry_run == "not tried" else dry_run
        refused.append(f"to {change.summary} was {usable.dry_run}")
    else:
        needs = " or ".join(dict.fromkeys(change.needs for change in offered if change.needs)) or None
        return Proposal(
            finding.id, None, None, None, "none", dry_run, needs=needs, why_none="; ".join(refused) or why_none(finding)
        )
    finding = dataclasses.replace(finding, evidence=(*finding.evidence, *_last_words(usable.change, evidence, reader)))
    usable = dataclasses.replace(usable, change=_with_warning(usable.change, _live(writer)))
    record = _record(finding, evidence, usable, "cluster" if writer else "snapshot", records, by, new_id)
    plan = record.plan
    state = record.state(moments.now())
    return Proposal(finding.id, record.id, record.plan_digest, plan.tier, state, plan.dry_run, plan.summary)


def _why_not(change: Change, evidence: Evidence, writer: Writer | None, failed: t.Sequence[t.Any]) -> str | None:
    """What speaks against a change before the server is asked."""
    written = _what_it_writes([write.step() for write in change.writes])
    if written and written in failed:
        return "it was tried, and it did not help"
    return kept_by(change, evidence, _live(writer)) or breaks_budget(change, evidence)


def _with_warning(change: Change, live: t.Callable[[Ref], Json | None]) -> Change:
    return dataclasses.replace(change, effect=change.effect + warning(change, live))


def _live(writer: Writer | None) -> t.Callable[[Ref], Json | None]:
    def read(target: Ref) -> Json | None:
        try:
            return writer.get(target) if writer else None
        except NotAllowed:
            return None

    return read


def _failed(finding: str, cluster: Cluster, records: Records) -> list[t.Any]:
    """What was written for the same finding before, and did not help."""
    found = []
    for phr in records.ids():
        record = records.load(phr)
        same = (record.plan.finding.get("id"), record.plan.cluster.uid) == (finding, cluster.uid)
        if same and record.verdict in {"worse", "same"}:
            found.append(_what_it_writes(record.plan.steps))
    return found


def _what_it_writes(steps: t.Sequence[Step]) -> list[tuple[str, str, t.Any]]:
    """The new values by object and path; deletions write none."""
    patched = [
        (str(step.target), get_str(op, "path"), op.get("value"))
        for step in steps
        for op in step.patch
        if op.get("op") != "test"
    ]
    return patched + [(str(step.target), "", step.manifest) for step in steps if step.verb == "create"]


def _record(
    finding: Finding,
    evidence: Evidence,
    tried: Tried,
    source: Source,
    records: Records,
    by: Person,
    new_id: t.Callable[[str], str],
) -> Record:
    """The open record of the same steps, or a new one; an older plan for the same finding is superseded."""
    now = moments.now()
    older = _open_for(finding.id, source, evidence.cluster, records, now)
    if older and older.plan.steps == tried.steps:
        return older
    policy = records.policy
    workload = finding.workload or finding.subject
    tier, reasons = needed(records, evidence.cluster, workload, tried.steps, tried.irreversible_because, now)
    plan = Plan(
        phr=new_id(now),
        created_at=now,
        source=source,
        cluster=evidence.cluster,
        requester=str(by),
        finding=finding.as_json(),
        action=tried.change.action,
        summary=tried.change.summary,
        effect=tried.change.effect,
        steps=tried.steps,
        tier=tier,
        tier_reasons=reasons,
        policy=policy_digest(policy),
        rule=policy.rules[tier],
        irreversible_because=tried.irreversible_because,
        dry_run=tried.dry_run,
        baseline=baseline(evidence, workload, judge.find(evidence)),
        supersedes=older.id if older else None,
    )
    if older:
        records.append(older.id, "superseded", now, by, {"by": plan.phr})
    return records.create(plan, now, by)


def _last_words(change: Change, evidence: Evidence, reader: Reader) -> tuple[EvidenceItem, ...]:
    """The logs that go with a pod that is deleted, so that the record keeps them."""
    pods = [Pod(write.json) for write in change.writes if isinstance(write, Deletion) and write.target.kind == "Pod"]
    requests = [
        LogRequest(pod.ref.namespace, pod.ref.name, container.name, previous=False)
        for pod in pods
        for container in pod.containers
    ]
    logs = reader.read_logs(evidence, requests).logs
    return tuple(
        EvidenceItem(
            "log",
            f"Pod {request.namespace}/{request.pod}: log of container {request.container}",
            logs.get(request) or "(its node keeps no log of it any more)",
        )
        for request in requests
    )


def _open_for(finding: str, source: Source, cluster: Cluster, records: Records, now: str) -> Record | None:
    """The open record for this finding of this cluster; what was planned for another one is none of our business."""
    for phr in reversed(records.ids()):
        record = records.load(phr)
        plan = record.plan
        same = (plan.finding.get("id"), plan.source, plan.cluster.uid) == (finding, source, cluster.uid)
        if same and record.state(now) in {"pending", "approved"}:
            return record
    return None


def baseline(evidence: Evidence, workload: Ref, findings: t.Sequence[Finding]) -> Baseline:
    """How the workload does now."""
    pods = [pod for pod in evidence.pods_of(workload) if not pod.deleting]
    wanted = get_int(evidence.get(workload), "spec", "replicas")
    return Baseline(
        at=evidence.observed_at,
        desired=len(pods) if wanted is None else wanted,
        ready=sum(pod.ready for pod in pods),
        restarts=sum(container.restarts for pod in pods for container in pod.containers),
        findings=tuple(finding.id for finding in findings if finding.workload == workload),
    )


def _try(change: Change, writer: Writer | None) -> Tried:
    """What the server says to each write, to its inverse, and to a pod of it, without storing anything."""
    steps = tuple(write.step() for write in change.writes)
    if writer is None:
        return Tried(change, steps, FROM_SNAPSHOT, change.irreversible_because)
    tried: list[Step] = []
    because = [change.irreversible_because]

    def attempt() -> None:
        for write in change.writes:
            if isinstance(write, Edit):
                step, comes_back = _try_edit(write, writer)
                because.append(None if comes_back else "the server does not store the former values again as they were")
            else:
                step = write.step()
                perform(writer, step, dry_run=True)
            tried.append(step)
        if not change.irreversible_because:
            because.append(lacking_right(writer, tried))

    dry_run = _answer(attempt)
    done = (*tried, *steps[len(tried) :])
    return Tried(change, done, dry_run, next((why for why in because if why), None))


def _try_edit(edit: Edit, writer: Writer) -> tuple[Step, bool]:
    """The step in the server's own words, and whether its inverse gives back the former values."""
    stored = writer.patch(edit.target, edit.step().patch, dry_run=True)
    step = edit.as_stored(stored).step()
    if not step.paths:
        raise NotAllowed("the server would store nothing of it", forbidden=False)
    back = writer.patch(edit.target, (*step.patch, *step.inverse), dry_run=True)
    if any(path.startswith("/spec/template/") for path in edit.after):
        writer.try_pod(edit.target.namespace, get_dict(stored, "spec", "template"))
    return step, all(at(back, path) == at(edit.json, path) for path in edit.after)


def _answer(attempt: t.Callable[[], None]) -> str:
    try:
        attempt()
    except NotAllowed as exc:
        return "forbidden" if exc.forbidden else f"refused: {exc}"
    except NotAsPlanned as exc:
        return f"refused: it changed meanwhile: {exc}"
    return "ok"
