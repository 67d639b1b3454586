# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan: the exact steps for one finding, what takes them back, a tier and a digest.  Written once, approved as bytes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import typing as t

from . import fields
from .errors import AiopsError
from .evidence import Cluster
from .objects import Ref
from .rules import RULES, TIERS, Rule, Tier

SCHEMA: t.Final = "aiops.kubernetes/plan/1"

Verb = t.Literal["patch", "delete", "create"]
Source = t.Literal["cluster", "snapshot"]
Operations = tuple[fields.Json, ...]


@dataclasses.dataclass(frozen=True)
class Step:
    """One write to one object.

    A ``patch`` is a JSON patch (RFC 6902) that begins with a ``test`` for the uid and for every value it replaces;
    ``inverse`` takes it back in the same way.  A ``create`` makes ``manifest``, and is taken back by a deletion.

    A ``delete`` carries the resourceVersion it was planned on.  Without one it holds for the object as it is then, if that has
    the uid and passes the tests of ``patch``.  Where it has a ``manifest``, that is what takes it back; where it has none, a
    controller replaces what is deleted.
    """

    verb: Verb
    target: Ref
    uid: str
    patch: Operations = ()
    inverse: Operations = ()
    resource_version: str | None = None
    manifest: fields.Json | None = None

    def as_json(self) -> dict[str, t.Any]:
        return {
            "verb": self.verb,
            "target": dataclasses.asdict(self.target),
            "uid": self.uid,
            "patch": list(self.patch),
            "inverse": list(self.inverse),
            "resource_version": self.resource_version,
            "manifest": self.manifest,
        }

    @property
    def paths(self) -> tuple[str, ...]:
        """What a patch writes; the ``test`` operations only look."""
        return tuple(
            fields.get_str(operation, "path") for operation in self.patch if fields.get_str(operation, "op") != "test"
        )


@dataclasses.dataclass(frozen=True)
class Baseline:
    """How the workload was doing: its own findings, those of its neighbours, and figures by name."""

    at: str
    desired: int
    ready: int
    restarts: int
    findings: tuple[str, ...]
    neighbours: tuple[str, ...] = ()
    figures: t.Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Query:
    """A question to a Prometheus.  Its figure is worse where it has gone ``above`` or ``below`` what it was by more than ``tolerance``."""

    name: str
    query: str
    worse: t.Literal["above", "below"]
    tolerance: float


@dataclasses.dataclass(frozen=True)
class Measures:
    """What is asked of a Prometheus before and after the change."""

    url: str
    queries: tuple[Query, ...]


def measures_from_json(json_: fields.Json) -> Measures:
    """As people and plans write them; an AiopsError where something is missing or wrong."""
    url, queries = fields.get_str(json_, "url"), tuple(_query(query) for query in fields.get_dicts(json_, "queries"))
    if not url.startswith(("http://", "https://")) or not queries:
        raise AiopsError(
            "The option prometheus needs a url that begins with http:// or https://, and at least one query."
        )
    return Measures(url, queries)


def _query(json_: fields.Json) -> Query:
    name, query, worse, tolerance = (json_.get(key) for key in ("name", "query", "worse", "tolerance"))
    tolerance = 0.2 if tolerance is None else tolerance
    named = isinstance(name, str) and isinstance(query, str) and name and query
    if not named or worse not in ("above", "below") or not isinstance(tolerance, (int, float)) or tolerance < 0:
        raise AiopsError(
            f"Query {name!r} of the option prometheus needs name, query, and worse, which is above or below."
        )
    return Query(t.cast("str", name), t.cast("str", query), t.cast("t.Any", worse), tolerance)


@dataclasses.dataclass(frozen=True)
class Plan:
    """What would be done about one finding, and all that a person must know to decide."""

    phr: str
    created_at: str
    source: Source
    cluster: Cluster
    requester: str
    finding: fields.Json
    action: str
    summary: str
    effect: str
    steps: tuple[Step, ...]
    tier: Tier
    tier_reasons: tuple[str, ...]
    policy: str
    rule: Rule
    irreversible_because: str | None
    dry_run: str
    baseline: Baseline
    supersedes: str | None = None
    measures: Measures | None = None

    @property
    def workload(self) -> Ref:
        """What is watched: the workload that suffers or, where the finding is about none, its object."""
        return _ref(fields.get_dict(self.finding, "workload") or fields.get_dict(self.finding, "subject"))

    def as_bytes(self) -> bytes:
        """The content of ``plan.json``; the digest is taken of exactly these bytes."""
        content = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        content.update(
            schema=SCHEMA,
            cluster=dataclasses.asdict(self.cluster),
            steps=[step.as_json() for step in self.steps],
            rule=dataclasses.asdict(self.rule),
            baseline=dataclasses.asdict(self.baseline),
            measures=dataclasses.asdict(self.measures) if self.measures else None,
        )
        return canonical(content)


def plan_from_bytes(content: bytes) -> Plan:
    """The plan in the content of a ``plan.json``; an AiopsError where it is none."""
    json_ = strict_json(content, "plan.json")
    if fields.get_str(json_, "schema") != SCHEMA:
        raise AiopsError(
            f"plan.json is no plan: its schema is {fields.get_str(json_, 'schema') or 'missing'}, expected {SCHEMA}."
        )
    try:
        plan = _plan(json_)
        whole = (
            plan.as_bytes() == content
            and _has_the_types(plan)
            and plan.tier in TIERS
            and plan.source in t.get_args(Source)
        )
        whole = whole and all(step.verb in t.get_args(Verb) for step in plan.steps) and plan.rule.has_the_types()
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise AiopsError(f"plan.json is damaged: {exc}.") from exc
    if not whole:
        raise AiopsError("plan.json is damaged: it is not as this collection writes it.")
    looser = plan.rule.looser_than(RULES[plan.tier])
    if looser:
        raise AiopsError(f"plan.json asks for less than tier {plan.tier} needs at the least: {looser}.")
    return plan


def _has_the_types(plan: Plan) -> bool:
    texts = (
        plan.phr,
        plan.created_at,
        plan.requester,
        plan.action,
        plan.summary,
        plan.effect,
        plan.policy,
        plan.dry_run,
    )
    perhaps = (plan.irreversible_because, plan.supersedes)
    return (
        all(isinstance(text, str) for text in texts)
        and all(text is None or isinstance(text, str) for text in perhaps)
        and isinstance(plan.finding, dict)
    )


def _plan(json_: dict[str, t.Any]) -> Plan:
    names = ("phr", "created_at", "source", "requester", "finding", "action", "summary", "effect")
    return Plan(
        **{name: json_[name] for name in (*names, "tier", "policy", "irreversible_because", "dry_run", "supersedes")},
        tier_reasons=tuple(fields.get_strs(json_, "tier_reasons")),
        cluster=Cluster(**fields.get_dict(json_, "cluster")),
        steps=tuple(_step(step) for step in fields.get_dicts(json_, "steps")),
        rule=_rule(fields.get_dict(json_, "rule")),
        baseline=Baseline(
            **{
                **json_["baseline"],
                **{name: tuple(fields.get_strs(json_, "baseline", name)) for name in ("findings", "neighbours")},
            }
        ),
        measures=None if json_["measures"] is None else measures_from_json(json_["measures"]),
    )


def _rule(json_: fields.Json) -> Rule:
    """The rule that was in force, so that a record can be judged by itself for as long as it is kept."""
    lists = {name: tuple(json_[name]) for name in ("roles", "checkpoints")}
    return Rule(**{**json_, **lists})


def _step(json_: fields.Json) -> Step:
    return Step(
        verb=json_["verb"],
        target=_ref(fields.get_dict(json_, "target")),
        uid=fields.get_str(json_, "uid"),
        patch=tuple(fields.get_dicts(json_, "patch")),
        inverse=tuple(fields.get_dicts(json_, "inverse")),
        resource_version=t.cast("str | None", fields.get(json_, "resource_version")),
        manifest=t.cast("fields.Json | None", fields.get(json_, "manifest")),
    )


def _ref(json_: fields.Json) -> Ref:
    return Ref(fields.get_str(json_, "kind"), fields.get_str(json_, "namespace"), fields.get_str(json_, "name"))


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def canonical(content: t.Any) -> bytes:
    """JSON in one form only: sorted keys, no spaces, no NaN, one line."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def strict_json(content: bytes, name: str) -> dict[str, t.Any]:
    """A JSON object without a key twice, NaN or Infinity: two readers must not see two things in the same bytes."""
    try:
        found = json.loads(content, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as exc:
        raise AiopsError(f"{name} is damaged: {exc}.") from exc
    if not isinstance(found, dict):
        raise AiopsError(f"{name} is damaged: it is no JSON object.")
    return found


def _once(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _finite(number: str) -> float:
    if math.isinf(float(number)):
        raise ValueError(f"{number} is too large a number")
    return float(number)


def _no_constant(name: str) -> t.NoReturn:
    raise ValueError(f"{name} is no JSON")
