# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an identity can do what it must, and nothing more."""

from __future__ import annotations

import dataclasses
import typing as t

from .._model import fields
from .._model.access import Right, RulesReader, rights

# What every identity of a cluster has by the API server's own roles system:basic-user, system:discovery and
# system:public-info-viewer (plugin/pkg/auth/authorizer/rbac/bootstrappolicy).
_SELF: t.Final = ("selfsubjectaccessreviews", "selfsubjectrulesreviews")
_PATHS: t.Final = (
    "/api",
    "/apis",
    "/healthz",
    "/livez",
    "/openapi",
    "/readyz",
    "/version",
    "/version/",
    "/statusz",
    "/flagz",
)
# for whoever verifies tokens: every ServiceAccount (system:service-account-issuer-discovery)
_ISSUER: t.Final = ("/.well-known/openid-configuration", "/openid/v1/jwks")
_EVERYBODY: t.Final = rights(
    [
        {"verbs": ["create"], "apiGroups": ["authorization.k8s.io"], "resources": list(_SELF)},
        {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]},
        {"verbs": ["get"], "nonResourceURLs": [*_PATHS, "/api/*", "/apis/*", "/openapi/*"]},
        {"verbs": ["get"], "nonResourceURLs": [each + end for each in _ISSUER for end in ("", "/")]},
    ]
)


@dataclasses.dataclass(frozen=True)
class Review:
    """What an identity lacks, and what it can do beyond, each by the namespace where that was seen."""

    missing: tuple[str, ...]
    excess: tuple[str, ...]
    incomplete: str | None

    @property
    def exact(self) -> bool:
        return not (self.missing or self.excess or self.incomplete)


def review_access(
    reader: RulesReader,
    namespaces: t.Sequence[str],
    wanted: t.Sequence[fields.Json],
    tolerated: t.Sequence[fields.Json],
) -> Review:
    """Ask in each namespace.  ``wanted`` and ``tolerated`` are RBAC rules, a rule with ``namespaces`` holds only there.

    Where the server does not know all rules (a webhook decides, too), the review is never exact.
    """
    missing: dict[Right, list[str]] = {}
    excess: dict[Right, list[str]] = {}
    incomplete: str | None = None
    for namespace in namespaces:
        found = reader.rules(namespace)
        incomplete = incomplete or found.incomplete
        must = rights(_there(wanted, namespace))
        may = must | _EVERYBODY | rights(_there(tolerated, namespace))
        for right in must:
            if not any(each.covers(right) for each in found.rights):
                missing.setdefault(right, []).append(namespace)
        for right in found.rights:
            if not any(each.covers(right) for each in may):
                excess.setdefault(right, []).append(namespace)
    return Review(_told(missing, len(namespaces)), _told(excess, len(namespaces)), incomplete)


def _there(rules: t.Sequence[fields.Json], namespace: str) -> list[fields.Json]:
    return [rule for rule in rules if "namespaces" not in rule or namespace in fields.get_strs(rule, "namespaces")]


def _told(found: t.Mapping[Right, t.Sequence[str]], asked: int) -> tuple[str, ...]:
    """Each right with where it was seen; what was seen everywhere needs no names."""
    return tuple(
        str(right) + ("" if len(places) == asked else f" (in {', '.join(places[:3])}{' …' if len(places) > 3 else ''})")
        for right, places in sorted(found.items())
    )
