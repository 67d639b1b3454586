# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real cluster answered for each scenario, as `make record` kept it: the same findings, whatever the names, and
none invented where fields are damaged.
"""

from __future__ import annotations

import dataclasses
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import judge
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster import snapshot
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Scope
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import UNDETERMINED
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.diagnose import collect, diagnose
from ansible_collections.aiops.kubernetes.tests.scenarios.expectation import SHOP, Scenario, differences, scenarios

ROOT = Path(__file__).resolve().parents[3]
SNAPSHOTS = ROOT / "tests" / "unit" / "snapshots"
DEMO = ROOT / "playbooks" / "files" / "shop.json"

FILES = {SNAPSHOTS / scenario.recording: scenario for scenario in scenarios()} | {DEMO: scenarios(SHOP)[0]}
EACH = pytest.mark.parametrize(("path", "scenario"), FILES.items(), ids=[scenario.id for scenario in FILES.values()])


def test_every_snapshot_has_its_scenario() -> None:
    assert {*SNAPSHOTS.glob("*.json"), DEMO} == FILES.keys()


@EACH
def test_finds_what_the_cluster_showed(path: Path, scenario: Scenario) -> None:
    diagnosis = diagnose(snapshot.load(str(path)), Scope())
    lines = differences(scenario.findings, diagnosis.findings)
    assert not lines, "\n".join(lines)


@EACH
def test_is_small_and_names_no_foreign_place(path: Path, scenario: Scenario) -> None:
    text = path.read_text()
    assert len(text) < (500_000 if scenario.folder == SHOP else 150_000)
    assert not re.findall(r"(?<![\w.-])/(?:home|root|work)/[^\"]*", text)


@EACH
def test_names_do_not_decide(path: Path, scenario: Scenario, tmp_path: Path) -> None:
    renamed = tmp_path / "renamed.json"
    renamed.write_text(json.dumps(rename(json.loads(path.read_text()))))
    found = diagnose(snapshot.load(str(renamed)), Scope()).findings
    told = {(e.cause, e.confidence): (e.cause, e.confidence) for e in scenario.findings}
    told |= OF_UNKNOWN_IMAGE.get(scenario.id, {})
    expected = [
        (*told[e.cause, e.confidence], e.severity, (e.subject or e.workload).partition("/")[0])
        for e in scenario.findings
    ]
    assert sorted((f.cause, f.confidence, f.severity, f.subject.kind) for f in found) == sorted(expected)
    assert all(f.subject.name.startswith(HOSTILE) for f in found)


@EACH
def test_damage_invents_no_cause(path: Path, scenario: Scenario) -> None:
    evidence = collect(snapshot.load(str(path)), Scope())
    known = {UNDETERMINED, *(expected.cause for expected in scenario.findings)}
    known |= {weaker for cause, weaker in WEAKER.items() if cause in known}
    objects = json.dumps(evidence.objects)
    chance = random.Random(scenario.id)  # noqa: S311 (the same damage in every run)
    for _round in range(ROUNDS):
        damaged = dataclasses.replace(evidence, objects=json.loads(objects))
        every = [(kind, json_object) for kind, found in damaged.objects.items() for json_object in found]
        what = [damage(kind, json_object, chance) for kind, json_object in chance.sample(every, 3)]
        judge.logs_wanted(damaged)
        causes = {finding.cause for finding in judge.find(damaged)}
        assert causes <= known or any(map(ANOTHER_STORY.search, what)), what


# The proof is what a publisher says of the image: where nobody knows the image, less can be said.
OF_UNKNOWN_IMAGE = {
    "liveness-probe-misconfigured/cache": {
        ("liveness-probe-misconfigured", "probable"): ("startup-too-slow", "confirmed")
    },
    "readiness-probe-misconfigured/store": {
        ("readiness-probe-misconfigured", "probable"): ("readiness-probe-failing", "probable")
    },
}
ROUNDS = 100
# What stays true of it where the proof is gone that the question is wrong.
WEAKER = {"readiness-probe-misconfigured": "readiness-probe-failing"}
# Without these, or with others, it is another story and not the same one told badly: which object it is and whose, how far it
# got, that it ended well or goes away, that it can do without something, which keys there are, which labels a node
# or a pod has, whom a policy keeps from whom.
ANOTHER_STORY = re.compile(
    r"^\w+\.(metadata(\.name|\.namespace)?|spec|status)$"
    r"|\.(optional|restartPolicy|deletionTimestamp|phase|ownerReferences|controller|restartCount|updatedReplicas)\b"
    r"|^ConfigMap\.(binaryKeys|keys\.\d+$)|^Pod\.status\.containerStatuses$|^(Node|Pod)\.metadata\.labels\b|^NetworkPolicy\.spec\b"
)
LONG = 1_000_000
DAMAGES: tuple[Any, ...] = (
    None,
    7,
    True,
    "Junk",
    [],
    {},
    [None],
    [7, {}],
    {"name": []},
    "x" * LONG,
    "a: b " * (LONG // 5),
)


def damage(kind: str, json_object: Any, chance: random.Random) -> str:
    """Take one field out of the object, or put junk in its place: another type or another text; where that was."""
    path = kind
    while True:
        key: Any = chance.choice(list(json_object) if isinstance(json_object, dict) else range(len(json_object)))
        path += f".{key}"
        inner = json_object[key]
        if not isinstance(inner, (dict, list)) or not inner or chance.random() < 0.1:
            break
        json_object = inner
    junk = chance.choice(DAMAGES)
    if chance.random() < 0.3:
        del json_object[key]
    elif isinstance(junk, str) or type(junk) is not type(inner):
        json_object[key] = junk
    return path


# The words by which causes are told, as names that Kubernetes allows.
HOSTILE = ("not-found", "unauthorized-401", "oomkilled", "forbidden-403", "x509", "secret", "configmap", "no-such-host")
# What an autoscaler measures has a name that Kubernetes gave it.
MEASURED = ("resource", "containerResource")
NAMED_BY = ("name", "namespace", "secretName", "serviceAccountName", "nodeName", "key")


def rename(content: Any) -> Any:
    """The snapshot with every name that people chose replaced, the same everywhere, in messages and logs as well."""
    names = sorted({name for name in _names(content) if name and "/" not in name}, key=lambda name: (-len(name), name))
    given = {name: f"{HOSTILE[number % len(HOSTILE)]}-{number}" for number, name in enumerate(names)}
    pattern = re.compile(r"(?<![\w.-])(?:" + "|".join(map(re.escape, names)) + r")(?![\w-])")
    return _mapped(content, pattern, given)


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _names(item)
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "env":
                # what a program calls its variables is a part of its words, and not a name of Kubernetes
                yield from _names([{**each, "name": None} for each in item])
                continue
            if key in NAMED_BY and isinstance(item, str):
                yield item
            elif key == "keys":
                yield from item
            elif key in {"image", "reference"} and isinstance(item, str):
                # not the registry: an address that is well known, or a slip of the pen of one
                repository = re.split(r"[:@](?![^/]*/)", item)[0].removeprefix("docker.io/").removeprefix("library/")
                yield from (part for part in repository.split("/") if not re.search(r"[.:]", part))
            if key not in MEASURED:
                yield from _names(item)


def _mapped(value: Any, pattern: re.Pattern[str], given: dict[str, str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(lambda match: given[match[0]], value)
    if isinstance(value, list):
        return [_mapped(item, pattern, given) for item in value]
    if isinstance(value, dict):
        return {key: _mapped(item, pattern, given) for key, item in value.items()}
    return value
