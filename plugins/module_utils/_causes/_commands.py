# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The addresses that a container's own spec names: in its command, its arguments and its variables."""

from __future__ import annotations

import re
import typing as t

from .._model import fields
from .._model.finding import EvidenceItem
from . import _case
from ._failures import NAME, PORT, Target, targets

_OPTIONS: t.Final = r"(?:\s+-\S+(?:\s+\d+)?)*"
_HOST: t.Final = rf"(?!\d+(?![\w.-]))(?P<host>{NAME})"  # a bare number is an option's value
# What waiting scripts are made of, beside addresses with a colon.
_TOOLS: t.Final[tuple[str, ...]] = (
    rf"\b(?:nc|ncat|netcat|telnet)\b{_OPTIONS}\s+{_HOST}(?:\s+{PORT})?",
    rf"\b(?:nslookup|ping|dig|host|getent\s+a?hosts(?:v4)?){_OPTIONS}\s+{_HOST}",
    rf"\b(?:wget|curl)\b{_OPTIONS}\s+{_HOST}(?=[/\s;)\"']|$)",
    rf"\s(?:-h|--host)[=\s]+{_HOST}(?:[^;&|\n]*?\s(?:-p|--port)[=\s]+{PORT})?",
    rf"\(\s*['\"]{_HOST}['\"]\s*,\s*{PORT}",
)
_VARIABLE: t.Final = r"\$(?:\((?P<k8s>\w+)\)|\{(?P<braces>\w+)[^}]*\}|(?P<plain>\w+))"
# A variable that the kubelet sets for each Service: NAME_SERVICE_HOST.
_OF_SERVICE: t.Final = r"(?P<name>[A-Z0-9_]+)_SERVICE_HOST"
_HOST_VARIABLE: t.Final = r"(?i)(?:HOST(?:NAME)?|ADDR(?:ESS)?|SERVER|ENDPOINT|SERVICE|BROKERS?|URL|URI)S?$"
_WORDS: t.Final = frozenset({"sh", "bash", "true", "false", "in", "do", "done", "then", "localhost"})


def addresses(spec: fields.Json) -> list[Target]:
    """Every address that a container spec names, those of its command first."""
    values = _variables(spec)
    text = re.sub(
        _VARIABLE,
        lambda match: _value(match, values),
        "\n".join((*fields.get_strs(spec, "command"), *fields.get_strs(spec, "args"))),
    )
    found = [
        _target(match) for pattern in _TOOLS for match in re.finditer(pattern, text) if match["host"] not in _WORDS
    ]
    found += targets(text)
    for name, value in values.items():
        found += targets(value) or _bare(name, value, values)
    known = {each.host for each in found if each.port}
    return list(dict.fromkeys(each for each in found if each.port or each.host not in known))


def written_at(case: _case.ContainerCase, host: str) -> EvidenceItem | None:
    """Where the spec of the container names that host."""
    place = f"{case.pod.ref}: {case.container.spec_place}"
    for name, value in _variables(case.container.spec).items():
        if _names(value, host):
            return EvidenceItem("spec", f"{place}.env[{name}]", host)
    for path in (("command",), ("args",), ("readinessProbe", "exec", "command")):
        if any(_names(word, host) for word in fields.get_strs(case.container.spec, *path)):
            return EvidenceItem("spec", f"{place}.{'.'.join(path)}", host)
    return None


def _variables(spec: fields.Json) -> dict[str, str]:
    return {
        name: value
        for each in fields.get_dicts(spec, "env")
        if (name := fields.get_str(each, "name")) and (value := fields.get_str(each, "value"))
    }


def _value(match: re.Match[str], values: t.Mapping[str, str]) -> str:
    name = match["k8s"] or match["braces"] or match["plain"]
    if name in values:
        return values[name]
    service = re.fullmatch(_OF_SERVICE, name)
    return service["name"].lower().replace("_", "-") if service else match[0]


def _bare(name: str, value: str, values: t.Mapping[str, str]) -> list[Target]:
    """A variable that holds a host and nothing else; its port may stand in one beside it."""
    if not re.search(_HOST_VARIABLE, name) or not re.fullmatch(NAME, value):
        return []
    port = values.get(re.sub(_HOST_VARIABLE, "PORT", name), "")
    return [Target(value, int(port) if port.isdecimal() and len(port) < 6 else None)]


def _target(match: re.Match[str]) -> Target:
    port = match.groupdict().get("port")
    return Target(match["host"], int(port) if port else None)


def _names(text: str, host: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", text) is not None
