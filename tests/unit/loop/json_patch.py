# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A JSON patch (RFC 6902) by the letter, as the API server applies it: a test of an absent member against null holds."""

from __future__ import annotations

import copy
import json
import typing as t

from ansible_collections.aiops.kubernetes.plugins.module_utils._model import fields


class Failed(Exception):
    """An operation does not hold; nothing is changed then."""


def patched(document: t.Any, operations: t.Sequence[fields.Json]) -> t.Any:
    document = copy.deepcopy(document)
    for operation in operations:
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
        holder = document
        for name in way:
            holder = _member(holder, name)
        _do(operation, holder, last)
    return document


def _do(operation: fields.Json, holder: t.Any, last: str) -> None:
    verb, value = operation["op"], copy.deepcopy(operation.get("value"))
    if verb == "test":
        if not same(_member(holder, last, absent=None), value):
            raise Failed(f"testing value {operation['path']} failed")
    elif verb == "add" and isinstance(holder, list):
        holder.insert(len(holder) if last == "-" else int(last), value)
    elif verb == "add" and isinstance(holder, dict):
        holder[last] = value
    elif verb == "replace":
        _member(holder, last)
        holder[int(last) if isinstance(holder, list) else last] = value
    elif verb == "remove":
        _member(holder, last)
        del holder[int(last) if isinstance(holder, list) else last]
    else:
        raise Failed(f"{verb} at {operation['path']} is not possible")


def same(one: t.Any, other: t.Any) -> bool:
    """Equal as JSON: true is no 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


_MUST_BE_THERE: t.Final = object()


def _member(holder: t.Any, name: str, absent: t.Any = _MUST_BE_THERE) -> t.Any:
    if isinstance(holder, list) and name.isdigit() and int(name) < len(holder):
        return holder[int(name)]
    if isinstance(holder, dict) and name in holder:
        return holder[name]
    if absent is _MUST_BE_THERE or not isinstance(holder, dict):
        raise Failed(f"there is no {name}")
    return absent
