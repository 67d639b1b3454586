# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading JSON that anybody may have written: a missing, null or wrongly typed field is an empty value, never a crash."""

from __future__ import annotations

import typing as t

Json = t.Mapping[str, t.Any]


def get(obj: object, *path: str) -> object:
    """The value under ``path``, or None where any step of it is missing."""
    # Thousands of pods make hundreds of thousands of calls: asking and being refused is faster than looking first.
    value: t.Any = obj
    try:
        for key in path:
            value = value[key]
    except (KeyError, TypeError):
        return None
    return value


def get_dict(obj: object, *path: str) -> dict[str, t.Any]:
    value = get(obj, *path)
    return value if isinstance(value, dict) else {}


def get_dicts(obj: object, *path: str) -> list[dict[str, t.Any]]:
    """The dictionaries in the list under ``path``; whatever else stands in it is left out."""
    value = get(obj, *path)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def get_list(obj: object, *path: str) -> list[t.Any]:
    value = get(obj, *path)
    return value if isinstance(value, list) else []


def get_strs(obj: object, *path: str) -> list[str]:
    return [item for item in get_list(obj, *path) if isinstance(item, str)]


def get_str(obj: object, *path: str) -> str:
    value: t.Any = obj  # get, once more, because most of its calls come from here
    try:
        for key in path:
            value = value[key]
    except (KeyError, TypeError):
        return ""
    return value if isinstance(value, str) else ""


def get_int(obj: object, *path: str) -> int | None:
    value = get(obj, *path)
    return value if is_whole(value) else None


def is_whole(value: object) -> t.TypeGuard[int]:
    """Whether it is a whole number; to Python, a truth value is one, too."""
    return isinstance(value, int) and not isinstance(value, bool)
