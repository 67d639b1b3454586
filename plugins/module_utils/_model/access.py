# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an identity can do, as single rights, so that two sets of rules can be compared."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from . import fields

ANY: t.Final = "*"
_URL: t.Final = "url"

# In place of a kubeconfig: the identity of the pod that this runs in.
IN_CLUSTER: t.Final = "in-cluster"


@dataclasses.dataclass(frozen=True, order=True)
class Right:
    """One verb on one resource (or on one path: then ``group`` is "url"); an empty name means every object."""

    verb: str
    group: str
    resource: str
    name: str = ""

    def __str__(self) -> str:
        where = f".{self.group}" if self.group not in ("", _URL) else ""
        return f"{self.verb} {self.resource}{where}" + (f" {self.name}" if self.name else "")

    def covers(self, other: Right) -> bool:
        """Whether whoever has this right has the other one, too."""
        return (
            self.verb in (ANY, other.verb)
            and self.group in (ANY, other.group)
            and _covers_resource(self.resource, other.resource)
            and self.name in ("", other.name)
        )


@dataclasses.dataclass(frozen=True)
class Rules:
    """What the server says an identity can do in one namespace; ``incomplete`` where it does not know everything."""

    rights: frozenset[Right]
    incomplete: str | None = None


class RulesReader(t.Protocol):
    """An identity that asks what it can do itself."""

    def rules(self, namespace: str) -> Rules:
        """Its rules in one namespace, with those that hold in the whole cluster."""


def rights(rules: t.Iterable[fields.Json]) -> frozenset[Right]:
    """The rights of rules in the form of RBAC, or of a SelfSubjectRulesReview: both name the same fields."""
    return frozenset(right for rule in rules for right in _rights(rule))


def _rights(rule: fields.Json) -> t.Iterator[Right]:
    names = fields.get_strs(rule, "resourceNames") or [""]
    named = (
        fields.get_strs(rule, "verbs"),
        fields.get_strs(rule, "apiGroups"),
        fields.get_strs(rule, "resources"),
        names,
    )
    for verb, group, resource, name in itertools.product(*named):
        yield Right(verb, group, resource, name)
    for verb, path in itertools.product(fields.get_strs(rule, "verbs"), fields.get_strs(rule, "nonResourceURLs")):
        yield Right(verb, _URL, path)


def _covers_resource(mine: str, other: str) -> bool:
    """RBAC's own rule: "*" is everything, "*/scale" that subresource of everything (rbac/v1 ResourceMatches)."""
    if mine in (ANY, other):
        return True
    return mine.startswith("*/") and other.partition("/")[2] == mine[2:]
