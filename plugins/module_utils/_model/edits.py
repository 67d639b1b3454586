# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An edit of one object as a guarded JSON patch (RFC 6902), and the patch that takes it back.

A ``test`` of an absent value against null holds on the API server, so what was absent is guarded like any other value.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .fields import Json, get_str
from .objects import Ref
from .plan import Operations, Step


@dataclasses.dataclass(frozen=True)
class Edit:
    """New values for some paths of an object.

    ``after`` maps a JSON pointer to its new value (None: it is removed); ``guards`` are values that must stay as they are,
    such as the name of the list item that a path goes through.
    """

    target: Ref
    json: Json
    after: t.Mapping[str, t.Any]
    guards: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    def step(self, observed: Json | None = None) -> Step:
        """The step.  With ``observed``, the object as the server would store it, the inverse tests what really stands there then."""
        uid = get_str(self.json, "metadata", "uid")
        held = _tests({"/metadata/uid": uid, **self.guards})
        before = {path: at(self.json, path) for path in self.after}
        stored = {path: value if observed is None else at(observed, path) for path, value in self.after.items()}
        return Step("patch", self.target, uid, _patch(held, before, self.after), _patch(held, stored, before))


def _tests(values: t.Mapping[str, t.Any]) -> list[Json]:
    return [{"op": "test", "path": path, "value": value} for path, value in values.items()]


def _patch(held: list[Json], before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any]) -> Operations:
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
