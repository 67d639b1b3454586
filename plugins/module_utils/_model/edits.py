# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The writes that a plan may hold, each with what takes it back: an edit, a deletion, and the making of an object.

An edit is a guarded JSON patch (RFC 6902), and so is the patch that takes it back.

A ``test`` of an absent value against null holds on the API server, so what was absent is guarded like any other value.
"""

from __future__ import annotations

import dataclasses
import typing as t

from . import fields
from .objects import Ref
from .plan import Operations, Step


@dataclasses.dataclass(frozen=True)
class Edit:
    """New values for some paths of an object.

    ``after`` maps a JSON pointer to its new value (None: it is removed); ``guards`` are values that must stay as they are,
    such as the name of the list item that a path goes through.
    """

    target: Ref
    json: fields.Json
    after: t.Mapping[str, t.Any]
    guards: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    def step(self) -> Step:
        """The guarded patch and its inverse, which tests that the new values stand there."""
        uid = fields.get_str(self.json, "metadata", "uid")
        held = _tests({"/metadata/uid": uid, **self.guards})
        before = {path: at(self.json, path) for path in self.after}
        return Step("patch", self.target, uid, _patch(held, before, self.after), _patch(held, self.after, before))

    def as_stored(self, stored: fields.Json) -> Edit:
        """The same edit in the words of the server, which stores 1024Mi as 1Gi: only those can be tested for."""
        return dataclasses.replace(self, after={path: at(stored, path) for path in self.after})


@dataclasses.dataclass(frozen=True)
class Deletion:
    """An object that is taken away.

    ``as_seen`` holds it to the very version that was seen; else ``guards`` are the values that must still stand there, for what
    changes by itself all the time.  ``manifest`` is what would be made again to take it back, None where a controller does.
    """

    target: Ref
    json: fields.Json
    as_seen: bool = False
    guards: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    manifest: fields.Json | None = None

    def step(self) -> Step:
        uid = fields.get_str(self.json, "metadata", "uid")
        version = fields.get_str(self.json, "metadata", "resourceVersion") if self.as_seen else None
        tests = tuple(_tests({"/metadata/uid": uid, **self.guards}))
        return Step("delete", self.target, uid, tests, resource_version=version, manifest=self.manifest)


@dataclasses.dataclass(frozen=True)
class Creation:
    """An object that is made.  Its name must be free."""

    target: Ref
    manifest: fields.Json

    def step(self) -> Step:
        return Step("create", self.target, "", manifest=self.manifest)


Write: t.TypeAlias = "Edit | Deletion | Creation"


def with_value(json: t.Any, pointer: str, value: t.Any) -> t.Any:
    """A copy with another value under a JSON pointer; None removes it."""
    first, _slash, rest = pointer.removeprefix("/").partition("/")
    name = first.replace("~1", "/").replace("~0", "~")
    if isinstance(json, list):
        index = int(name)
        return [*json[:index], with_value(json[index], f"/{rest}", value) if rest else value, *json[index + 1 :]]
    changed = dict(json or {})
    new = with_value(changed.get(name), f"/{rest}", value) if rest else value
    changed.pop(name, None)
    return changed if new is None else {**changed, name: new}


def contains(whole: t.Any, part: t.Any) -> bool:
    """Whether everything of ``part`` stands in ``whole``; a server only adds to what it is given."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(contains(whole.get(key), value) for key, value in part.items())
    if isinstance(part, list):
        same_length = isinstance(whole, list) and len(whole) == len(part)
        return same_length and all(contains(one, other) for one, other in zip(whole, part, strict=True))
    return bool(whole == part)


def _tests(values: t.Mapping[str, t.Any]) -> list[fields.Json]:
    return [{"op": "test", "path": path, "value": value} for path, value in values.items()]


def _patch(held: list[fields.Json], before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any]) -> Operations:
    operations = held + _tests(before)
    for path, value in after.items():
        if value is not None:
            operations.append({"op": "add" if before[path] is None else "replace", "path": path, "value": value})
        elif before[path] is not None:
            operations.append({"op": "remove", "path": path})
    return tuple(operations)


def at(json: t.Any, pointer: str) -> t.Any:
    """The value under a JSON pointer (RFC 6901), or None where there is none."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(json, list):
            json = json[int(name)] if name.isdecimal() and int(name) < len(json) else None
        else:
            json = json.get(name) if isinstance(json, dict) else None
    return json


Difference = tuple[str, t.Any, t.Any]


def differences(pointer: str, before: t.Any, after: t.Any) -> t.Iterator[Difference]:
    """The smallest parts that differ: pointer, value before, value after (None: absent).

    Items of a list are compared where both lists name the same items in the same order; else the list differs as a whole.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            name = key.replace("~", "~0").replace("/", "~1")
            yield from differences(f"{pointer}/{name}", before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list) and _names(before) == _names(after):
        for index, (first, second) in enumerate(zip(before, after, strict=True)):
            yield from differences(f"{pointer}/{index}", first, second)
    elif before != after:
        yield pointer, before, after


def _names(items: list[t.Any]) -> list[str]:
    return [fields.get_str(item, "name") for item in items]


def names_on_the_way(json: fields.Json, pointer: str) -> dict[str, str]:
    """The names of the list items that a pointer goes through, as guards against a list that was reordered."""
    parts = pointer.split("/")
    prefixes = ["/".join(parts[:length]) for length in range(2, len(parts)) if parts[length - 1].isdecimal()]
    return {f"{prefix}/name": name for prefix in prefixes if (name := fields.get_str(at(json, prefix), "name"))}
