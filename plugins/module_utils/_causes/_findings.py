# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From single judgements to findings: one for all alike, how bad it is, and which of them is behind another."""

from __future__ import annotations

import dataclasses
import typing as t

from .._model import moments
from .._model.evidence import Evidence
from .._model.finding import SEVERITIES, UNDETERMINED, Finding, Severity
from .._model.objects import Pod, Ref
from .._model.text import one_line
from . import _case

# A command that somebody will paste: one line, whatever a spec that it quotes holds.
_NEXT_STEP: t.Final = 1000


@dataclasses.dataclass(frozen=True)
class Hit:
    """A judgement on one pod, or (without one) on a workload or on another object, which may concern no workload."""

    cause: str
    runbook: str
    workload: Ref | None
    subject: Ref
    judgement: _case.Judgement
    container: str | None
    pod: Pod | None
    since: str | None


def gathered(evidence: Evidence, hits: t.Sequence[Hit]) -> tuple[Finding, ...]:
    """One finding for each cause, workload and container, the worst first."""
    return tuple(sorted(_linked(_merged(evidence, hits)), key=_worst_first))


def _merged(evidence: Evidence, hits: t.Sequence[Hit]) -> list[tuple[Finding, tuple[Ref, ...]]]:
    """One finding for each cause, workload and container, with the roots it names; the newest pod's evidence stands for all."""
    alike: dict[tuple[str, Ref | None, Ref, str | None], list[Hit]] = {}
    for hit in hits:
        alike.setdefault((hit.cause, hit.workload, hit.subject, hit.container), []).append(hit)
    found = []
    for (cause, workload, subject, container), group in alike.items():
        first = group[0]
        pods = {hit.pod.ref for hit in group if hit.pod}
        finding = Finding(
            cause=cause,
            confidence=first.judgement.confidence,
            severity=first.judgement.severity or _severity(evidence, workload, pods),
            subject=subject,
            workload=workload,
            container=container,
            summary=first.judgement.summary,
            explanation=first.judgement.explanation,
            next_step=one_line(_undo(evidence, first) or first.judgement.next_step, _NEXT_STEP),
            since=moments.earliest(*(hit.since for hit in group)),
            replicas_affected=first.judgement.affected or len(pods),
            evidence=first.judgement.evidence,
            runbook=first.runbook,
            candidates=first.judgement.candidates,
        )
        # What is said of an owned pod itself is behind what its containers show.
        found.append((finding, (*first.judgement.roots, *sorted(pods - {workload}))))
    return found


def _linked(found: t.Sequence[tuple[Finding, tuple[Ref, ...]]]) -> t.Iterator[Finding]:
    """Each finding, and where it names a root that has a finding of its own, as the consequence of that one."""
    about: dict[Ref | None, list[Finding]] = {}
    for finding, _roots in found:
        for ref in dict.fromkeys((finding.workload, finding.subject)):
            about.setdefault(ref, []).append(finding)
    behind: dict[str, str] = {}
    for finding, roots in found:
        for other in (each for root in roots for each in about.get(root, ())):
            if not _leads_to(other.id, finding.id, behind):
                behind[finding.id] = other.id
                break
    for finding, _roots in found:
        root = behind.get(finding.id)
        yield dataclasses.replace(finding, caused_by=root, severity="info") if root else finding


def _leads_to(start: str, end: str, behind: t.Mapping[str, str]) -> bool:
    """Whether a finding goes back to another one: causes must not stand in a circle."""
    while start != end and start in behind:
        start = behind[start]
    return start == end


def _severity(evidence: Evidence, workload: Ref | None, affected: set[Ref]) -> Severity:
    """Critical where nothing of the workload is ready; a pod between two crashes may call itself so."""
    if workload is None:
        return "warning"
    serving = (pod for pod in evidence.pods_of(workload) if pod.ready and not pod.deleting and pod.ref not in affected)
    return "warning" if any(serving) else "critical"


def _undo(evidence: Evidence, hit: Hit) -> str | None:
    """Where only the newest revision fails and a former one still serves, going back to that is the shortest way out."""
    if hit.pod is None or hit.workload is None or hit.judgement.severity == "info":
        return None
    revisions = evidence.revisions(hit.workload)
    if not revisions or evidence.revision_of(hit.pod) != revisions[0]:
        return None
    good = next((each for each in revisions[1:] if evidence.ready_pods(each) > 0), None)
    if good is None:
        return None
    words = f"rollout undo {hit.workload.kind.lower()} {hit.workload.name} --to-revision={good.number}"
    return (
        f"{_case.kubectl(hit.workload, words)}   # revision {good.number} still serves; correct the new one after that"
    )


def _worst_first(finding: Finding) -> tuple[int, bool, str, str, str]:
    return (
        SEVERITIES.index(finding.severity),
        finding.cause == UNDETERMINED,
        finding.since or "",
        str(finding.workload),
        finding.container or "",
    )
