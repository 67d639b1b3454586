# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy as data: what each tier asks for.  A site's own policy may ask for more, never for less."""

from __future__ import annotations

import collections
import dataclasses
import fnmatch
import re
import typing as t

from . import fields
from .errors import AiopsError

SCHEMA: t.Final = "aiops.kubernetes/policy/1"

Tier = t.Literal["trivial", "low", "medium", "critical"]
TIERS: t.Final[tuple[Tier, ...]] = ("trivial", "low", "medium", "critical")
Proof = t.Literal["claimed", "terminal", "platform", "signature"]
PROOFS: t.Final[tuple[Proof, ...]] = ("claimed", "terminal", "platform", "signature")
# The role that nobody may take for a plan of their own.
SECURITY: t.Final = "security"


@dataclasses.dataclass(frozen=True)
class Rule:
    """What one tier asks for: the roles of different persons, how they prove who they are, and the times in seconds."""

    roles: tuple[str, ...]
    proof: Proof
    window: int
    use_by: int
    rollback_within: int | None
    automatic_rollback: bool
    justification: bool
    separation_of_duties: bool = False
    checkpoints: tuple[int, ...] = (300, 900, 3600)

    def has_the_types(self) -> bool:
        """Whether a rule that was read from a file has what its fields say."""
        times: tuple[object, ...] = (self.window, self.use_by, *self.checkpoints, self.rollback_within or 0)
        answers: tuple[object, ...] = (self.automatic_rollback, self.justification, self.separation_of_duties)
        return (
            all(fields.is_whole(each) for each in times)
            and all(isinstance(each, bool) for each in answers)
            and all(isinstance(role, str) for role in self.roles)
            and self.proof in PROOFS
        )

    def looser_than(self, other: Rule) -> str | None:
        """The first thing in which this rule asks for less than the other, or None."""
        less = {
            "roles": bool(collections.Counter(other.roles) - collections.Counter(self.roles)),
            "proof": PROOFS.index(self.proof) < PROOFS.index(other.proof),
            "window": self.window > other.window,
            "use_by": self.use_by > other.use_by,
            "rollback_within": (self.rollback_within or 0) > (other.rollback_within or 0),
            "automatic_rollback": self.automatic_rollback and not other.automatic_rollback,
            "justification": other.justification and not self.justification,
            "separation_of_duties": other.separation_of_duties and not self.separation_of_duties,
            "checkpoints": not set(self.checkpoints) >= set(other.checkpoints),
        }
        return next((name for name, is_less in less.items() if is_less), None)


RULES: t.Final[t.Mapping[Tier, Rule]] = {
    "trivial": Rule((), "claimed", 0, 300, 60, True, False),
    "low": Rule(("operator",), "terminal", 5 * 60, 5 * 60, 2 * 60, True, False),
    "medium": Rule(("operator",), "terminal", 30 * 60, 10 * 60, 5 * 60, True, True),
    "critical": Rule(("operator", SECURITY), "platform", 120 * 60, 15 * 60, None, False, True),
}


@dataclasses.dataclass(frozen=True)
class AtLeast:
    """Steps on these kinds in these namespaces (shell patterns; empty: any) are of this tier at least."""

    tier: Tier
    kinds: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()

    def covers(self, kind: str, namespace: str) -> bool:
        there = not self.namespaces or any(fnmatch.fnmatchcase(namespace, each) for each in self.namespaces)
        return there and (not self.kinds or kind in self.kinds)


@dataclasses.dataclass(frozen=True)
class Policy:
    """The rules of the tiers, what climbs, and how many small changes of one workload stay small in how many seconds."""

    rules: t.Mapping[Tier, Rule] = dataclasses.field(default_factory=lambda: RULES)
    at_least: tuple[AtLeast, ...] = ()
    small_changes: int = 2
    within: int = 3600

    def climbed(self, tier: Tier, earlier: t.Sequence[Tier]) -> Tier:
        """The tier of a plan after these changes of the same workload within the time: many small ones are no small one.

        A trivial change is left alone: it touches nothing that runs.
        """
        small = sum(TIERS.index(each) >= TIERS.index("low") for each in earlier)
        return "medium" if tier == "low" and small >= self.small_changes else tier


BUILT_IN: t.Final = Policy()


def tightened(base: Policy, content: object, where: str) -> Policy:
    """The policy with what a site's file asks for on top; ``content`` has text for every scalar.

    An AiopsError names what is unknown, of a wrong type, or would ask for less.
    """
    found = _mapping(content, where, ("schema", "tiers", "at_least", "cumulative"))
    if found.get("schema") != SCHEMA:
        raise AiopsError(f"{where}: its schema is {found.get('schema') or 'missing'}, expected {SCHEMA}.")
    rules = dict(base.rules)
    for tier, rule in _mapping(found.get("tiers", {}), f"{where}: tiers", TIERS).items():
        rules[t.cast("Tier", tier)] = _tighter(rules[t.cast("Tier", tier)], rule, f"{where}: tiers.{tier}")
    rows = _list(found.get("at_least", []), f"{where}: at_least")
    cumulative = _mapping(found.get("cumulative", {}), f"{where}: cumulative", ("small_changes", "within_minutes"))
    small, within = cumulative.get("small_changes"), cumulative.get("within_minutes")
    policy = Policy(
        rules,
        base.at_least + tuple(_at_least(row, f"{where}: at_least") for row in rows),
        base.small_changes if small is None else _number(small, f"{where}: small_changes"),
        base.within if within is None else _number(within, f"{where}: within_minutes") * 60,
    )
    if policy.small_changes > base.small_changes or policy.within < base.within:
        raise AiopsError(f"{where}: cumulative asks for less than before. A policy may only tighten.")
    return policy


def _tighter(rule: Rule, content: object, where: str) -> Rule:
    changes: dict[str, t.Any] = {}
    for name, value in _mapping(content, where, _FIELDS).items():
        attribute, read = _FIELDS[name]
        changes[attribute] = read(value, f"{where}.{name}")
    new = dataclasses.replace(rule, **changes)
    looser = new.looser_than(rule)
    if looser:
        raise AiopsError(f"{where}: {looser} asks for less than before. A policy may only tighten.")
    return new


def _at_least(content: object, where: str) -> AtLeast:
    row = _mapping(content, where, ("tier", "kinds", "namespaces"))
    tier = _choice(row.get("tier"), where, TIERS)
    kinds, namespaces = (tuple(_words(row.get(name, []), f"{where}.{name}")) for name in ("kinds", "namespaces"))
    return AtLeast(t.cast("Tier", tier), kinds, namespaces)


def _mapping(content: object, where: str, known: t.Collection[str]) -> fields.Json:
    if not isinstance(content, dict):
        raise AiopsError(f"{where}: expected a mapping.")
    unknown = sorted(str(key) for key in content if key not in known)
    if unknown:
        raise AiopsError(f"{where}: {', '.join(unknown)} is not known here. Known: {', '.join(known)}.")
    return content


def _list(content: object, where: str) -> list[t.Any]:
    if not isinstance(content, list):
        raise AiopsError(f"{where}: expected a list.")
    return content


def _words(content: object, where: str) -> list[str]:
    found = _list(content, where)
    if not all(isinstance(each, str) and each for each in found):
        raise AiopsError(f"{where}: expected a list of words.")
    return found


def _choice(content: object, where: str, known: t.Sequence[str]) -> str:
    if content not in known:
        raise AiopsError(f"{where}: {content!r} is none of {', '.join(known)}.")
    return str(content)


def _number(content: object, where: str) -> int:
    if not isinstance(content, str) or not re.fullmatch(r"[0-9]{1,6}", content):
        raise AiopsError(f"{where}: {content!r} is no whole number.")
    return int(content)


def _minutes(content: object, where: str) -> int:
    return _number(content, where) * 60


def _all_minutes(content: object, where: str) -> tuple[int, ...]:
    return tuple(sorted({_minutes(each, where) for each in _list(content, where)}))


def _yes(content: object, where: str) -> bool:
    return _choice(content, where, ("true", "false")) == "true"


def _roles(content: object, where: str) -> tuple[str, ...]:
    return tuple(_words(content, where))


def _proof(content: object, where: str) -> str:
    return _choice(content, where, PROOFS)


# What a site may write in a tier → the field of the rule, and how it is read.
_FIELDS: t.Final[t.Mapping[str, tuple[str, t.Callable[[object, str], t.Any]]]] = {
    "roles": ("roles", _roles),
    "proof": ("proof", _proof),
    "window_minutes": ("window", _minutes),
    "use_by_minutes": ("use_by", _minutes),
    "rollback_within_minutes": ("rollback_within", _minutes),
    "automatic_rollback": ("automatic_rollback", _yes),
    "justification": ("justification", _yes),
    "separation_of_duties": ("separation_of_duties", _yes),
    "checkpoints_minutes": ("checkpoints", _all_minutes),
}
