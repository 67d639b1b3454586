# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenarios as their folders tell them, and the comparison of a diagnosis with what it must say.

Each folder holds manifests (`web.yml`, and `web-2.yml` for what is applied later) and `expect.yml`: variant → expectation.
In a manifest THIS-NAMESPACE and THIS-NODE stand for the names of the scenario's namespace and of the first node.

A scenario may bring cluster-scoped objects with names of its own (`THIS-NAMESPACE-disk`); they go when it ends. What changes an
object that was there before, or another namespace, or what the whole cluster feels, says `alone: true`: it runs after all others,
with nothing beside it, and everything is put back. `alone: {stop: kubelet}` also ends that service of the node, as the last step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import Finding
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref

FOLDER = Path(__file__).resolve().parent
SHOP = "shop"
TWIN = "twin"


@dataclass(frozen=True)
class Wait:
    """What must be so before it goes on, and for how many seconds; judged without our diagnosis.

    `ready` means that nothing is left to do for the cluster; `fields` maps `Kind/name-prefix path.in[item].object` to a
    pattern, a least number or a truth value; one object of that kind must have it. An Event is named by its reason.
    """

    ready: bool
    fields: Mapping[str, str | int | bool]
    seconds: int

    @classmethod
    def of(cls, given: str | Mapping[str, Any]) -> Wait:
        if given == "ready":
            return cls(True, {}, 0)
        assert not isinstance(given, str), f"neither 'ready' nor fields: {given}"  # noqa: S101
        fields = {name: value for name, value in given.items() if name not in ("ready", "for")}
        return cls(bool(given.get("ready")), fields, int(given.get("for", 0)))


@dataclass(frozen=True)
class Expected:
    """One finding that must be there; the words must stand in its evidence, the candidates among its candidates.

    `subject` is named where it is not the workload, `caused_by` is the cause of the finding behind it. A finding that concerns
    no workload has the workload "". THIS-NAMESPACE stands in a subject and in candidates for the same as in a manifest.
    """

    cause: str
    workload: str
    container: str | None = None
    subject: str | None = None
    caused_by: str | None = None
    severity: str = "critical"
    confidence: str = "confirmed"
    evidence: Sequence[str] = ()
    candidates: Sequence[str] = ()


@dataclass(frozen=True)
class Scenario:
    """One variant: manifests in the order in which they are applied, one wait after each, and the findings at the end.

    `stops` is the service that ends after the last manifest; then there is one wait more.
    """

    folder: str
    variant: str
    manifests: tuple[Path, ...]
    waits: tuple[Wait, ...]
    findings: tuple[Expected, ...]
    alone: bool
    stops: str | None

    @property
    def id(self) -> str:
        return f"{self.folder}/{self.variant}"

    @property
    def recording(self) -> str:
        return f"{self.folder}--{self.variant}.json"


def scenarios(*folders: str) -> list[Scenario]:
    """The scenarios of these folders; of all, without the demo's, where none is named."""
    names = folders or tuple(
        sorted(path.parent.name for path in FOLDER.glob("*/expect.yml") if path.parent.name != SHOP)
    )
    return [scenario for name in names for scenario in _load(FOLDER / name)]


def _load(folder: Path) -> list[Scenario]:
    found = [
        _scenario(folder, name, given) for name, given in yaml.safe_load((folder / "expect.yml").read_text()).items()
    ]
    unused = (
        {*folder.glob("*.yml")} - {path for scenario in found for path in scenario.manifests} - {folder / "expect.yml"}
    )
    assert not unused, f"manifests without an expectation: {unused}"  # noqa: S101
    return found


def _scenario(folder: Path, variant: str, given: Mapping[str, Any]) -> Scenario:
    waits = tuple(Wait.of(wait) for wait in (*given.get("before", ()), given["settled"]))
    alone = given.get("alone", False)
    stops = alone.get("stop") if isinstance(alone, Mapping) else None
    later = range(2, len(waits) + (0 if stops else 1))
    files = (folder / f"{variant}.yml", *(folder / f"{variant}-{number}.yml" for number in later))
    findings = tuple(Expected(**finding) for finding in given["findings"])
    return Scenario(folder.name, variant, files, waits, findings, bool(alone), stops)


def differences(expected: Sequence[Expected], findings: Sequence[Finding]) -> list[str]:
    """What is missing, too much or otherwise than expected; an empty list means that the diagnosis is right."""
    wanted = {(e.cause, e.workload, e.container): e for e in expected}
    given = {(f.cause, _name(f.workload), f.container): f for f in findings}
    lines = [f"missing: {_words(key)}" for key in wanted if key not in given]
    lines += [f"too much: {_words(key)}: {finding.summary}" for key, finding in given.items() if key not in wanted]
    if len(given) != len(findings):
        lines.append("the same cause, workload and container more than once")
    causes = {finding.id: finding.cause for finding in findings}
    for key in wanted.keys() & given.keys():
        behind = causes.get(given[key].caused_by or "")
        lines += [f"{_words(key)}: {line}" for line in _deviations(wanted[key], given[key], behind)]
    return lines


def _deviations(expected: Expected, finding: Finding, behind: str | None) -> list[str]:
    namespace = (finding.workload or finding.subject).namespace
    subject = (expected.subject or expected.workload).replace("THIS-NAMESPACE", namespace)
    candidates = [what.replace("THIS-NAMESPACE", namespace) for what in expected.candidates]
    lines = [
        f"{name} is {value!r}, not {wish!r}"
        for name, value, wish in (
            ("subject", _name(finding.subject), subject),
            ("the cause behind it", behind, expected.caused_by),
            ("severity", finding.severity, expected.severity),
            ("confidence", finding.confidence, expected.confidence),
        )
        if value != wish
    ]
    proof = "\n".join(f"{item.source}: {item.text}" for item in finding.evidence)
    lines += [f"{words!r} is not in its evidence:\n{proof}" for words in expected.evidence if words not in proof]
    # A candidate of the same namespace is named with it: "ConfigMap shop/settings".
    offered = [candidate.what.replace(f" {namespace}/", " ") for candidate in finding.candidates]
    lines += [f"{what!r} is no candidate: {offered}" for what in candidates if what not in offered]
    return lines


def _name(ref: Ref | None) -> str:
    return f"{ref.kind}/{ref.name}" if ref else ""


def _words(key: tuple[str, str, str | None]) -> str:
    cause, workload, container = key
    return f"{cause} on {workload}" + (f", container {container}" if container else "")
