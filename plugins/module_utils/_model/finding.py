# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings: causes with their evidence, and the diagnosis that holds them, as DESIGN section 5 writes them in JSON."""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t

from . import fields
from .advice import Advice, advice_from_json
from .errors import AiopsError
from .evidence import Cluster, Scope, Stats, Unreadable
from .objects import Ref
from .secrets import redact

DIAGNOSIS_SCHEMA: t.Final = "aiops.kubernetes/diagnosis/1"

Confidence = t.Literal["confirmed", "probable", "undetermined"]
Severity = t.Literal["critical", "warning", "info"]
EvidenceKind = t.Literal["status", "condition", "event", "log", "spec", "object", "absence"]

SEVERITIES: t.Final[tuple[Severity, ...]] = ("critical", "warning", "info")
UNDETERMINED: t.Final = "undetermined"
# What a proposal says of its dry run where there is no server to try it on.
FROM_SNAPSHOT: t.Final = "not possible: from a snapshot"


@dataclasses.dataclass(frozen=True)
class EvidenceItem:
    """One piece of proof: where it stands (``source``), what stands there (``text``), and when it was written."""

    kind: EvidenceKind
    source: str
    text: str
    at: str | None = None


@dataclasses.dataclass(frozen=True)
class Candidate:
    """Something that may be meant instead; a guess with its reason, never a certainty."""

    what: str
    why: str


@dataclasses.dataclass(frozen=True)
class Remedy:
    """A kind of change that would help; ``needs`` is what a person must name first."""

    action: str
    tier: str | None
    summary: str
    needs: str | None = None


@dataclasses.dataclass(frozen=True)
class Finding:
    """One cause on one workload and container."""

    cause: str
    confidence: Confidence
    severity: Severity
    subject: Ref
    workload: Ref | None
    container: str | None
    summary: str
    explanation: str
    next_step: str
    since: str | None
    replicas_affected: int
    evidence: tuple[EvidenceItem, ...]
    runbook: str
    candidates: tuple[Candidate, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    caused_by: str | None = None
    advice: tuple[Advice, ...] = ()

    @property
    def id(self) -> str:
        """Stable: the names of pods do not enter it, unless a bare pod is the workload."""
        parts = (self.cause, str(self.workload or self.subject), self.container or "")
        return "f-" + hashlib.sha256("\0".join(parts).encode(errors="backslashreplace")).hexdigest()[:12]

    def as_json(self) -> dict[str, t.Any]:
        return {
            "id": self.id,
            "cause": self.cause,
            "confidence": self.confidence,
            "severity": self.severity,
            "subject": dataclasses.asdict(self.subject),
            "workload": dataclasses.asdict(self.workload) if self.workload else None,
            "container": self.container,
            "summary": redact(self.summary),
            "explanation": redact(self.explanation),
            "next_step": redact(self.next_step),
            "since": self.since,
            "replicas_affected": self.replicas_affected,
            "evidence": [
                {"id": f"e{n}", **dataclasses.asdict(item), "text": redact(item.text)}
                for n, item in enumerate(self.evidence, 1)
            ],
            "candidates": [{"what": redact(item.what), "why": redact(item.why)} for item in self.candidates],
            "remedies": [{**dataclasses.asdict(remedy), "summary": redact(remedy.summary)} for remedy in self.remedies],
            "advice": [advice.as_json() for advice in self.advice],
            "caused_by": self.caused_by,
            "runbook": self.runbook,
        }


@dataclasses.dataclass(frozen=True)
class Counts:
    workloads: int
    healthy: int
    pods: int


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """What was found in one scope at one moment."""

    cluster: Cluster
    scope: Scope
    observed_at: str
    findings: tuple[Finding, ...]
    unreadable: tuple[Unreadable, ...]
    counts: Counts
    stats: Stats

    def as_json(self) -> dict[str, t.Any]:
        """The contract's JSON.  This is the door through which findings leave: all free text is redacted."""
        return {
            "schema": DIAGNOSIS_SCHEMA,
            "cluster": dataclasses.asdict(self.cluster),
            "scope": {"namespaces": list(self.scope.namespaces), "label_selector": self.scope.label_selector},
            "observed_at": self.observed_at,
            "findings": [finding.as_json() for finding in self.findings],
            "proposals": [],
            "unreadable": [{**dataclasses.asdict(gap), "message": redact(gap.message)} for gap in self.unreadable],
            "counts": dataclasses.asdict(self.counts),
            "stats": dataclasses.asdict(self.stats),
        }

    @classmethod
    def from_json(cls, json: object) -> Diagnosis:
        """The diagnosis again from the contract's JSON, which may have crossed YAML and other people's hands."""
        if fields.get_str(json, "schema") != DIAGNOSIS_SCHEMA:
            raise AiopsError(
                f"This is no diagnosis: its schema is {fields.get_str(json, 'schema') or 'missing'}, expected {DIAGNOSIS_SCHEMA}. "
                "Hand on what aiops.kubernetes.diagnosis_info returned as 'diagnosis'."
            )
        stats = fields.get(json, "stats", "seconds")
        return cls(
            cluster=Cluster(
                *(
                    _text_or_none(fields.get_dict(json, "cluster"), name)
                    for name in ("context", "server", "uid", "version")
                )
            ),
            scope=Scope(
                tuple(fields.get_strs(json, "scope", "namespaces")),
                _text_or_none(fields.get_dict(json, "scope"), "label_selector"),
            ),
            observed_at=fields.get_str(json, "observed_at"),
            findings=tuple(_finding(finding) for finding in fields.get_dicts(json, "findings")),
            unreadable=tuple(
                Unreadable(
                    fields.get_str(gap, "resource"),
                    _text_or_none(gap, "namespace"),
                    fields.get_int(gap, "status"),
                    fields.get_str(gap, "message"),
                )
                for gap in fields.get_dicts(json, "unreadable")
            ),
            counts=Counts(*(fields.get_int(json, "counts", name) or 0 for name in ("workloads", "healthy", "pods"))),
            stats=Stats(
                fields.get_int(json, "stats", "requests") or 0, float(stats) if isinstance(stats, (int, float)) else 0.0
            ),
        )


def _finding(json: fields.Json) -> Finding:
    return Finding(
        cause=fields.get_str(json, "cause"),
        confidence=_one_of(t.get_args(Confidence), fields.get_str(json, "confidence")),
        severity=_one_of(SEVERITIES, fields.get_str(json, "severity")),
        subject=_ref(fields.get_dict(json, "subject")),
        workload=_ref(fields.get_dict(json, "workload")) if fields.get_dict(json, "workload") else None,
        container=_text_or_none(json, "container"),
        summary=fields.get_str(json, "summary"),
        explanation=fields.get_str(json, "explanation"),
        next_step=fields.get_str(json, "next_step"),
        since=_text_or_none(json, "since"),
        replicas_affected=fields.get_int(json, "replicas_affected") or 0,
        evidence=tuple(
            EvidenceItem(
                _one_of(t.get_args(EvidenceKind), fields.get_str(item, "kind")),
                fields.get_str(item, "source"),
                fields.get_str(item, "text"),
                _text_or_none(item, "at"),
            )
            for item in fields.get_dicts(json, "evidence")
        ),
        runbook=fields.get_str(json, "runbook"),
        candidates=tuple(
            Candidate(fields.get_str(item, "what"), fields.get_str(item, "why"))
            for item in fields.get_dicts(json, "candidates")
        ),
        remedies=tuple(
            Remedy(
                fields.get_str(item, "action"),
                _text_or_none(item, "tier"),
                fields.get_str(item, "summary"),
                _text_or_none(item, "needs"),
            )
            for item in fields.get_dicts(json, "remedies")
        ),
        caused_by=_text_or_none(json, "caused_by"),
        advice=tuple(advice_from_json(item) for item in fields.get_dicts(json, "advice")),
    )


def _ref(json: fields.Json) -> Ref:
    return Ref(fields.get_str(json, "kind"), fields.get_str(json, "namespace"), fields.get_str(json, "name"))


def _text_or_none(json: fields.Json, name: str) -> str | None:
    return fields.get_str(json, name) or None


def _one_of(known: t.Sequence[str], value: str) -> t.Any:
    if value not in known:
        raise AiopsError(f"This diagnosis is damaged: {value!r} is none of {', '.join(known)}.")
    return value
