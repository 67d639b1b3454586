# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubernetes label selectors (``app=web,tier in (a, b),!canary``), as ``k8s.io/apimachinery/pkg/labels`` reads them."""

from __future__ import annotations

import re
import typing as t

from . import fields
from .errors import AiopsError

Labels = t.Mapping[str, t.Any]
Matches = t.Callable[[Labels], bool]

_NAME: t.Final = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_KEY: t.Final = rf"(?P<key>(?:[a-z0-9](?:[a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_NAME})"
_VALUE: t.Final = rf"(?:{_NAME})?"
_SET: t.Final = re.compile(rf"{_KEY}\s+(?P<operator>in|notin)\s*\(\s*(?P<values>{_VALUE}(?:\s*,\s*{_VALUE})*)\s*\)")
_EQUAL: t.Final = re.compile(rf"{_KEY}\s*(?P<operator>==|=|!=)\s*(?P<value>{_VALUE})")
_EXISTS: t.Final = re.compile(rf"(?P<operator>!?)\s*{_KEY}")
_COMMA_OUTSIDE_BRACKETS: t.Final = re.compile(r",(?![^()]*\))")


def matcher(selector: str | None) -> Matches:
    """A function that tells whether labels match.  An empty selector matches all; a malformed one is an AiopsError."""
    if not (selector or "").strip():
        return lambda _labels: True
    requirements = [
        _requirement(part.strip(), selector or "") for part in _COMMA_OUTSIDE_BRACKETS.split(selector or "")
    ]
    return lambda labels: all(requirement(labels) for requirement in requirements)


def _requirement(part: str, selector: str) -> Matches:
    if match := _SET.fullmatch(part):
        values, key = {value.strip() for value in match["values"].split(",")}, match["key"]
        if match["operator"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if match := _EQUAL.fullmatch(part):
        key, wanted = match["key"], match["value"]
        if match["operator"] == "!=":
            return lambda labels: labels.get(key) != wanted
        return lambda labels: labels.get(key) == wanted
    if match := _EXISTS.fullmatch(part):
        key, absent = match["key"], bool(match["operator"])
        return lambda labels: (key in labels) != absent
    raise AiopsError(
        f"The label selector {selector!r} can't be read at {part!r}. Write it as kubectl takes it: app=web,tier in (a,b)"
    )


def selects(selector: object, labels: Labels) -> bool:
    """Whether a LabelSelector (``matchLabels``, ``matchExpressions``) takes these labels; an empty one takes all, none takes nothing."""
    if not isinstance(selector, dict):
        return False
    equal = fields.get_dict(selector, "matchLabels").items() <= labels.items()
    return equal and all(holds(each, labels) for each in fields.get_dicts(selector, "matchExpressions"))


def holds(expression: fields.Json, labels: Labels) -> bool:
    """Whether labels meet one requirement of a LabelSelector or a NodeSelector; an operator that nobody knows is met by nothing."""
    key, operator, values = (
        fields.get_str(expression, "key"),
        fields.get_str(expression, "operator"),
        fields.get_strs(expression, "values"),
    )
    if operator in {"NotIn", "DoesNotExist"}:
        return key not in labels or (operator == "NotIn" and labels[key] not in values)
    if operator in {"Gt", "Lt"}:
        return _compares(str(labels.get(key, "")), operator, values)
    return key in labels and (operator == "Exists" or (operator == "In" and labels[key] in values))


def _compares(value: str, operator: str, values: t.Sequence[str]) -> bool:
    try:
        difference = int(value) - int(values[0])
    except (ValueError, IndexError):
        return False
    return difference > 0 if operator == "Gt" else difference < 0
