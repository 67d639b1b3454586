# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields that are missing, null or of another type read as empty."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.kubernetes.plugins.module_utils._model import fields

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=6,
)
GETTERS: list[tuple[t.Callable[..., object], object]] = [
    (fields.get_dict, {}),
    (fields.get_dicts, []),
    (fields.get_list, []),
    (fields.get_strs, []),
    (fields.get_str, ""),
    (fields.get_int, None),
]


@pytest.mark.parametrize(
    ("getter", "value"),
    [
        (fields.get_dict, {"x": 1}),
        (fields.get_dicts, [{"x": 1}]),
        (fields.get_list, [1, "x"]),
        (fields.get_strs, ["x"]),
        (fields.get_str, "x"),
        (fields.get_int, 3),
    ],
)
def test_the_value_under_the_path(getter: t.Callable[..., object], value: object) -> None:
    assert getter({"a": {"b": value}}, "a", "b") == value


@pytest.mark.parametrize(("getter", "empty"), GETTERS)
@pytest.mark.parametrize("obj", [None, "a", 3, [], {}, {"a": None}, {"a": [1]}, {"a": "b"}, {"a": {"b": None}}])
def test_what_is_not_there_is_empty(getter: t.Callable[..., object], empty: object, obj: object) -> None:
    assert getter(obj, "a", "b") == empty


@pytest.mark.parametrize(("getter", "empty"), GETTERS)
def test_another_type_is_empty(getter: t.Callable[..., object], empty: object) -> None:
    for value in ("x", 1.5, True, [3], {"x": 1}):
        found = getter({"a": value}, "a")
        assert found in (empty, value)
        assert type(found) is type(empty) or found == value


def test_a_truth_value_is_no_number() -> None:
    assert fields.get_int({"a": True}, "a") is None


def test_lists_keep_only_the_wanted_type() -> None:
    mixed = {"a": [{"x": 1}, "y", None, 3, ["z"]]}
    assert fields.get_dicts(mixed, "a") == [{"x": 1}]
    assert fields.get_strs(mixed, "a") == ["y"]


@given(ANY_JSON)
def test_no_json_is_too_odd(json: object) -> None:
    assert isinstance(fields.get_dict(json, "a"), dict)
    assert all(isinstance(item, dict) for item in fields.get_dicts(json, "a", "b"))
    assert all(isinstance(item, str) for item in fields.get_strs(json, "b"))
    assert isinstance(fields.get_str(json, "a", "a"), str)
    assert not isinstance(fields.get_int(json, "b"), bool)
