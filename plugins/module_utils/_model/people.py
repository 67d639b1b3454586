# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is who: a person behind each login, key or account, the person's roles, and who fills which role."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from . import fields, moments
from .errors import AiopsError
from .rules import SECURITY, Proof

SCHEMA: t.Final = "aiops.kubernetes/identities/1"
_PRINCIPAL: t.Final = re.compile(r"(terminal|awx|signature):[^\s:]\S*")
# A principal of AWX is written awx:name; its proof is that of a platform.
_PREFIX: t.Final[t.Mapping[Proof, str]] = {"terminal": "terminal", "platform": "awx", "signature": "signature"}


@dataclasses.dataclass(frozen=True)
class Member:
    """One person, or a bot, which is never one.  ``until`` ends the roles of somebody who left."""

    name: str
    roles: frozenset[str]
    human: bool = True
    until: str | None = None


@dataclasses.dataclass(frozen=True)
class People:
    """Everybody by principal; without a list (None) whoever proves to be somebody is an operator, and nobody more."""

    by_principal: t.Mapping[str, Member] | None = None

    def who(self, name: str, proof: Proof, at: str) -> Member | None:
        """The person behind a name that was proven so at that moment; None where nobody is known."""
        prefix = _PREFIX.get(proof)
        if prefix is None:
            return None
        if self.by_principal is None:
            # AWX knows bots and its own administrators: who they are must be written down.
            return None if proof == "platform" else Member(name, frozenset({"operator"}))
        found = self.by_principal.get(f"{prefix}:{name}")
        if found is None or not found.human:
            return None
        since_the_end = moments.seconds_between(found.until, at)
        return None if since_the_end is not None and since_the_end > 0 else found

    def name_of(self, name: str, proof: Proof) -> str:
        """The person behind a login, whoever it was proven by, else the name itself."""
        found = (self.by_principal or {}).get(f"{_PREFIX.get(proof, 'terminal')}:{name}")
        return found.name if found else name


UNLISTED: t.Final = People()


def unfilled(roles: t.Sequence[str], members: t.Sequence[Member], requester: str, separate: bool) -> tuple[str, ...]:
    """The roles that nobody fills when each of different persons fills at most one, in the best of all assignments.

    Nobody is the security half of an own request, nor anything of it where duties are separate.
    """
    takes: dict[str, int] = {}

    def place(index: int, tried: set[str]) -> bool:
        for member in members:
            own = member.name == requester and (separate or roles[index] == SECURITY)
            if roles[index] not in member.roles or own or member.name in tried:
                continue
            tried.add(member.name)
            if member.name not in takes or place(takes[member.name], tried):
                takes[member.name] = index
                return True
        return False

    for index in range(len(roles)):
        place(index, set())
    return tuple(role for index, role in enumerate(roles) if index not in takes.values())


def people_from(content: object, where: str) -> People:
    """The people in an identities file; an AiopsError names what is not as it should be."""
    if not isinstance(content, dict) or content.get("schema") != SCHEMA or set(content) != {"schema", "persons"}:
        raise AiopsError(f"{where}: expected the schema {SCHEMA} and persons, and nothing else.")
    persons = content["persons"]
    if not isinstance(persons, dict):
        raise AiopsError(f"{where}: persons: expected a mapping.")
    found: dict[str, Member] = {}
    for name, entry in persons.items():
        member, principals = _member(name, entry, f"{where}: persons.{name}")
        for principal in principals:
            if principal in found:
                raise AiopsError(f"{where}: {principal} is both {found[principal].name} and {name}.")
            found[principal] = member
    return People(found)


def _member(name: str, entry: object, where: str) -> tuple[Member, list[str]]:
    if not isinstance(entry, dict) or not {"kind", "principals"} <= set(entry) <= {
        "kind",
        "roles",
        "principals",
        "until",
    }:
        raise AiopsError(f"{where}: expected kind, principals and, where they apply, roles and until.")
    kind, until = entry["kind"], entry.get("until")
    if kind not in {"human", "bot"}:
        raise AiopsError(f"{where}: kind {kind!r} is neither human nor bot.")
    if until is not None and (not isinstance(until, str) or moments.after(until, 0) is None):
        raise AiopsError(f"{where}: until {until!r} is no moment like 2026-11-22T09:15:02Z.")
    roles, principals = _words(entry, "roles", where), _words(entry, "principals", where)
    odd = [each for each in principals if not _PRINCIPAL.fullmatch(each)]
    if odd or (kind == "bot" and roles):
        raise AiopsError(f"{where}: {', '.join(odd) + ' is no principal' if odd else 'a bot has no role'}.")
    return Member(name, frozenset(roles), kind == "human", until), principals


def _words(entry: fields.Json, name: str, where: str) -> list[str]:
    found = entry.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, str) and each for each in found):
        raise AiopsError(f"{where}: {name}: expected a list of words.")
    return found
