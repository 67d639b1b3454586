# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From findings to plans: dry-run what would help, and open a record for each."""

from __future__ import annotations

import dataclasses
import typing as t

from .._causes import judge
from .._model import fields, moments
from .._model.edits import Deletion
from .._model.errors import AiopsError
from .._model.evidence import Evidence, Log, LogRequest, Reader, Scope
from .._model.finding import Diagnosis, EvidenceItem, Finding
from .._model.measuring import Gauge
from .._model.objects import Pod, Ref
from .._model.plan import Measures, Plan, Source, Step
from .._model.policy import policy_digest
from .._model.record import Person, Record
from .._model.records import Records
from .._model.writing import NotAllowed, Writer
from .._remedies._change import Change
from .._remedies.ownership import breaks_budget, kept_by, warning
from .._remedies.table import changes, why_none
from .baseline import about, baseline, figures
from .diagnose import collect
from .rehearse import Tried, rehearse
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
class Site:
    """Where plans are made: the cluster, the records, and who asks.

    Without a writer the evidence is a snapshot's, and its plans can never be applied.
    """

    reader: Reader
    writer: Writer | None
    records: Records
    by: Person
    new_id: t.Callable[[str], str]
    gauge: Gauge | None = None
    measures: Measures | None = None

    @property
    def source(self) -> Source:
        return "cluster" if self.writer else "snapshot"

    def live(self, target: Ref) -> fields.Json | None:
        """An object with all its metadata, where there is a cluster to ask."""
        try:
            return self.writer.get(target) if self.writer else None
        except NotAllowed:
            return None


def propose(
    site: Site, diagnosis: Diagnosis, wanted: t.Sequence[str], candidates: t.Mapping[str, str] | str | None
) -> list[Proposal]:
    """Plans for the findings of these ids, or for all.

    The diagnosis tells only which findings are meant: the cluster is read again, and nothing else of it is believed.  What AI
    tools said stands in its findings; it goes into the records of new plans, and into nothing that a plan is made of.
    ``candidates`` are values that persons named, by the id of their finding; a plain one is for the only finding that needs one.
    """
    evidence = collect(site.reader, Scope(diagnosis.scope.namespaces, diagnosis.scope.label_selector))
    present = [finding for finding in judge.find(evidence) if finding.caused_by is None]
    chosen = [finding for finding in present if not wanted or finding.id in wanted][:AT_MOST]
    named = _named(candidates, chosen, evidence)
    former = [site.records.load(phr) for phr in site.records.naming([finding.id for finding in chosen])]
    here = [record for record in former if record.plan.cluster.uid == evidence.cluster.uid]
    advice = {finding.id: [said.as_json() for said in finding.advice[:AT_MOST]] for finding in diagnosis.findings}
    return [
        _propose(site, finding, evidence, here, named.get(finding.id), advice.get(finding.id, [])) for finding in chosen
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
    site: Site,
    finding: Finding,
    evidence: Evidence,
    here: t.Sequence[Record],
    candidate: str | None,
    advice: t.Sequence[fields.Json],
) -> Proposal:
    """``here`` are the records of this cluster whose plans name the finding, and others."""
    offered = changes(finding, evidence, candidate)
    former = [record for record in here if record.plan.finding.get("id") == finding.id]
    failed = [_what_it_writes(each.plan.steps) for each in former if each.verdict in {"worse", "same"}]
    refused: list[str] = []
    dry_run = "not tried"
    for change in offered:
        if not change.writes:
            continue
        why_not = _why_not(site, change, evidence, failed)
        if why_not:
            refused.append(f"to {change.summary} is not offered: {why_not}")
            continue
        usable = rehearse(change, site.writer)
        if not usable.dry_run.startswith("refused"):
            break
        dry_run = usable.dry_run if dry_run == "not tried" else dry_run
        refused.append(f"to {change.summary} was {usable.dry_run}")
    else:
        needs = " or ".join(dict.fromkeys(change.needs for change in offered if change.needs)) or None
        return Proposal(
            finding.id, None, None, None, "none", dry_run, needs=needs, why_none="; ".join(refused) or why_none(finding)
        )
    finding = dataclasses.replace(
        finding, evidence=(*finding.evidence, *_last_words(usable.change, evidence, site.reader))
    )
    record = _record(site, finding, evidence, usable, former, advice)
    plan = record.plan
    state = record.state(moments.now())
    return Proposal(finding.id, record.id, record.plan_digest, plan.tier, state, plan.dry_run, plan.summary)


def _why_not(site: Site, change: Change, evidence: Evidence, failed: t.Sequence[t.Any]) -> str | None:
    """What speaks against a change before the server is asked."""
    steps = [write.step() for write in change.writes]
    written = _what_it_writes(steps)
    if written and written in failed:
        return "it was tried, and it did not help"
    return kept_by(change.action, steps, evidence, site.live) or breaks_budget(change, evidence)


def _what_it_writes(steps: t.Sequence[Step]) -> list[tuple[str, str, t.Any]]:
    """The new values by object and path; deletions write none."""
    patched = [
        (str(step.target), fields.get_str(op, "path"), op.get("value"))
        for step in steps
        for op in step.patch
        if op.get("op") != "test"
    ]
    return patched + [(str(step.target), "", step.manifest) for step in steps if step.verb == "create"]


def _record(
    site: Site,
    finding: Finding,
    evidence: Evidence,
    tried: Tried,
    former: t.Sequence[Record],
    advice: t.Sequence[fields.Json],
) -> Record:
    """The open record of the same steps, or a new one; an older plan for the same finding is superseded."""
    now, records = moments.now(), site.records
    older = next((each for each in reversed(former) if _is_open(each, site.source, now)), None)
    if older and (older.plan.steps, older.plan.measures) == (tried.steps, site.measures):
        return older
    policy = records.policy
    workload = about(finding)
    tier, reasons = needed(records, evidence.cluster, workload, tried.steps, tried.irreversible_because, now)
    measured = figures(site.gauge, evidence, workload, site.measures)
    plan = Plan(
        phr=site.new_id(now),
        created_at=now,
        source=site.source,
        cluster=evidence.cluster,
        requester=str(site.by),
        finding=finding.as_json(),
        action=tried.change.action,
        summary=tried.change.summary,
        effect=tried.change.effect + warning(tried.change, site.live),
        steps=tried.steps,
        tier=tier,
        tier_reasons=reasons,
        policy=policy_digest(policy),
        rule=policy.rules[tier],
        irreversible_because=tried.irreversible_because,
        dry_run=tried.dry_run,
        baseline=baseline(evidence, workload, judge.find(evidence), measured),
        measures=site.measures,
        supersedes=older.id if older else None,
    )
    if older:
        records.append(older.id, "superseded", now, site.by, {"by": plan.phr})
    return records.create(plan, now, site.by, advice)


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
            logs.get(request, Log()).text or "(its node keeps no log of it any more)",
        )
        for request in requests
    )


def _is_open(record: Record, source: Source, now: str) -> bool:
    """Whether a plan of a cluster, or of a snapshot, still waits for its decision or its run."""
    return record.plan.source == source and record.state(now) in {"pending", "approved"}
