# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every report says alike, as plain sentences; each report escapes them in its own way."""

from __future__ import annotations

import dataclasses
import typing as t

from .._model import fields, moments
from .._model.advice import Advice
from .._model.evidence import Unreadable
from .._model.finding import FROM_SNAPSHOT, Diagnosis, Finding, Remedy
from .._model.text import shorten

_COMMENT: t.Final = 500


def headline(diagnosis: Diagnosis) -> str:
    """The outcome in one line; where something could not be read, it begins with "incomplete"."""
    counts = diagnosis.counts
    looked_at = f"{counted(counts.workloads, 'workload')}, {counted(counts.pods, 'pod')} looked at"
    failing = counts.workloads - counts.healthy
    if not diagnosis.findings:
        outcome = f"nothing is failing. {looked_at[0].upper()}{looked_at[1:]}"
    else:
        verb = "is" if failing == 1 else "are"
        outcome = f"{failing} of {counted(counts.workloads, 'workload')} {verb} failing, {counted(len(diagnosis.findings), 'finding')}"
    return f"incomplete: {outcome}" if diagnosis.unreadable else outcome[0].upper() + outcome[1:]


def place(diagnosis: Diagnosis) -> str:
    """Where and when it was read."""
    scope, cluster = diagnosis.scope, diagnosis.cluster
    where = f"namespace {', '.join(scope.namespaces)}" if scope.namespaces else "all namespaces"
    chosen = f", pods with {scope.label_selector}" if scope.label_selector else ""
    named = f"context {cluster.context}" if cluster.context else cluster.server or "a cluster without a name"
    version = f", Kubernetes {cluster.version}" if cluster.version else ""
    return f"{where}{chosen} of {named}{version}, read at {diagnosis.observed_at}"


def gaps(unreadable: t.Sequence[Unreadable]) -> list[str]:
    """What could not be read, a sentence for all that were refused alike: with few rights that may be thirty kinds."""
    alike: dict[tuple[str | None, int | None], list[Unreadable]] = {}
    for each in unreadable:
        alike.setdefault((each.namespace, each.status), []).append(each)
    return [_gap(group) for group in alike.values()]


def _gap(group: t.Sequence[Unreadable]) -> str:
    first = group[0]
    where = f" of namespace {first.namespace}" if first.namespace else ""
    status = f" ({first.status})" if first.status else ""
    more = "" if len(group) == 1 else " and so on"
    return f"{', '.join(each.resource for each in group)}{where} could not be read{status}: {first.message}{more}"


def title(finding: Finding) -> str:
    container = f", container {finding.container}" if finding.container else ""
    return f"{finding.workload or finding.subject}{container}"


def extent(finding: Finding, observed_at: str) -> str:
    """Since when, and how many."""
    lasted = moments.seconds_between(finding.since, observed_at)
    since = f"{finding.since} ({moments.in_words(lasted)})" if lasted is not None else "an unknown time"
    affected = f", {counted(finding.replicas_affected, 'pod')} affected" if finding.replicas_affected else ""
    return f"{since}{affected}"


def remedy(remedy: Remedy) -> str:
    """What would be changed, the tier of that, and what a person must name first."""
    needs = f"; needs {remedy.needs}" if remedy.needs else ""
    tier = f"tier {remedy.tier}" if remedy.tier else "no plan yet"
    return f"{remedy.summary} ({tier}{needs})"


@dataclasses.dataclass(frozen=True)
class Planned:
    """What came of proposing a change for one finding; without a plan there is no ``command`` to approve it by."""

    label: t.Literal["Plan", "No plan"]
    text: str
    command: str = ""


def planned(diagnosis: Diagnosis, proposals: t.Sequence[fields.Json]) -> list[Planned]:
    """Each proposal in words, in the order in which they were made."""
    titles = {finding.id: title(finding) for finding in diagnosis.findings}
    return [_planned(proposal, titles) for proposal in proposals]


def _planned(proposal: fields.Json, titles: t.Mapping[str, str]) -> Planned:
    finding = fields.get_str(proposal, "finding")
    about = titles.get(finding, finding)
    phr, tier, state, dry_run = (fields.get_str(proposal, name) for name in ("phr", "tier", "state", "dry_run"))
    if phr:
        text = f"{phr} (tier {tier}, {state}; dry run: {dry_run}): {fields.get_str(proposal, 'summary')}"
        if dry_run == FROM_SNAPSHOT:
            return Planned("Plan", f"{text}. It was made from a snapshot and can never be applied.")
        return Planned("Plan", text, f"ansible-playbook aiops.kubernetes.approve -e aiops_phr={phr}")
    if needs := fields.get_str(proposal, "needs"):
        return Planned("Plan", f"{about}: {needs} must be named before there can be a plan")
    return Planned("No plan", f"{about}: {fields.get_str(proposal, 'why_none')}")


def advice(said: Advice) -> str:
    """What a tool says, whether that is what the diagnosis says, and what it ran that it should not have."""
    by = " ".join(filter(None, (said.advisor, said.version, f"with {said.model}" if said.model else "")))
    comment = f'. It says: "{shorten(said.comment, _COMMENT)}"' if said.comment else ""
    return f"{by} {said.reason}{comment}{_wrote(said)}"


def counting(advice: t.Sequence[Advice]) -> list[Advice]:
    """The advice that is some."""
    return [said for said in advice if said.state == "ok"]


def without_advice(diagnosis: Diagnosis) -> list[str]:
    """Each advisor that said nothing that counts, and why, once however many findings it was asked about."""
    missed = (said for finding in diagnosis.findings for said in finding.advice if said.state != "ok")
    return list(dict.fromkeys(map(missing, missed)))


def missing(said: Advice) -> str:
    return f"no advice of {said.advisor} ({said.state}): {said.reason}{_wrote(said)}"


def _wrote(said: Advice) -> str:
    commands = [each.command for each in said.commands if not each.read]
    return f". It ran what is not surely a read: {'; '.join(commands)}" if commands else ""


def roots(diagnosis: Diagnosis) -> list[tuple[Finding, list[Finding]]]:
    """Each finding that stands for itself, with all that follow from it; one whose root is missing stands for itself."""
    by_id = {finding.id: finding for finding in diagnosis.findings}
    folded: dict[str, list[Finding]] = {}
    for finding in diagnosis.findings:
        root = _root(finding, by_id)
        folded.setdefault(root.id, [])
        if root is not finding:
            folded[root.id].append(finding)
    return [(finding, folded[finding.id]) for finding in diagnosis.findings if finding.id in folded]


def _root(finding: Finding, by_id: t.Mapping[str, Finding]) -> Finding:
    """The top of the chain; in a circle each stands for itself."""
    seen, top = {finding.id}, finding
    while top.caused_by is not None and top.caused_by in by_id:
        top = by_id[top.caused_by]
        if top.id in seen:
            return finding
        seen.add(top.id)
    return top


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
