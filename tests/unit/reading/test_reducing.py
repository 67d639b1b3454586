# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left out before it is decoded, and what is kept once, changes nothing of what is kept."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster import reducing

Json = dict[str, t.Any]
# What somebody may name a field manager, a label or an annotation.
TEXTS = st.text(st.sampled_from('{}[]":,\\ spec managedFields name'), max_size=30) | st.sampled_from(
    ['}]},"spec":{', ',"managedFields":[', ',"managedFields":[{}]},"spec":{', '"name":', "\\", '\\"', "}]}"]
)


def _pod(name: str, text: str = "kubelet", **metadata: t.Any) -> Json:
    managed = [
        {"manager": text, "operation": "Update", "fieldsV1": {"f:spec": {'k:{"name":"app"}': {".": {}}}}},
        {"manager": "kubelet", "subresource": "status", "fieldsV1": {"f:status": {f"f:{text}": {}}}},
    ]
    return {
        "metadata": {
            "name": name,
            "labels": {"app": "cart"},
            "annotations": {"note": text},
            **metadata,
            "managedFields": managed,
        },
        "spec": {
            "containers": [{"name": "app", "args": ["serve", text], "volumeMounts": [{"name": f"token-{name}"}]}],
            "volumes": [{"ephemeral": {"volumeClaimTemplate": {"metadata": {"managedFields": []}, "spec": {}}}}],
        },
        "status": {"message": text, "podIP": f"10.0.0.{len(name)}"},
    }


def _body(items: t.Sequence[Json]) -> bytes:
    """As Go writes it."""
    return json.dumps({"metadata": {"continue": "t1"}, "items": items}, separators=(",", ":")).encode()


def _added(kind: str, items: t.Sequence[Json], *before: t.Mapping[str, t.Any]) -> list[t.Mapping[str, t.Any]]:
    objects = list(before)
    assert reducing.add_page(kind, _body(items), objects) == "t1"
    return objects[len(before) :]


def _expected(items: t.Sequence[Json]) -> list[Json]:
    kept = copy.deepcopy(list(items))
    for item in kept:
        del item["metadata"]["managedFields"]
    return kept


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_nothing_else_is_left_out(texts: list[str]) -> None:
    items = [_pod(f"cart-{n}", text) for n, text in enumerate(texts)]
    assert _added("Pod", items) == _expected(items)


@given(st.lists(TEXTS, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_a_server_may_write_in_another_order(texts: list[str], random: t.Any) -> None:
    items = []
    for n, text in enumerate(texts):
        pod = _pod(f"cart-{n}", text)
        parts = list(pod["metadata"].items())
        random.shuffle(parts)
        items.append({**pod, "metadata": dict(parts)})
    assert _added("Pod", items) == _expected(items)


def test_most_of_it_is_never_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    loads = json.loads

    def looking(body: bytes) -> object:
        seen.append(body)
        return loads(body)

    monkeypatch.setattr(json, "loads", looking)
    _added("Pod", [_pod(f"cart-{n}") for n in range(3)])
    assert b'"manager"' not in seen[0]


def test_what_is_alike_is_kept_once() -> None:
    first, second = _added("Pod", [_pod("cart-1"), _pod("cart-2")])
    assert first["metadata"]["labels"] is second["metadata"]["labels"]
    assert first["spec"]["containers"][0]["args"] is second["spec"]["containers"][0]["args"]
    assert first["spec"]["containers"][0]["volumeMounts"] != second["spec"]["containers"][0]["volumeMounts"]


def test_the_next_page_goes_on_from_the_last_object() -> None:
    [first] = _added("Pod", [_pod("cart-1")])
    [second] = _added("Pod", [_pod("cart-2")], first)
    assert first["spec"]["volumes"] is second["spec"]["volumes"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"spec": {"a": [1, 2]}}),
        ({"spec": {"a": [1, 2]}}, {}),
        ({"spec": {"a": [1, 2, 3]}}, {"spec": {"a": [1, 9]}}),
        ({"spec": {"a": [1]}}, {"spec": {"a": [1, {"b": 2}]}}),
        ({"spec": {"a": {"b": 1}}}, {"spec": {"a": ["b"]}}),
        ({"spec": "x"}, {"spec": None}),
    ],
)
def test_objects_of_other_forms(before: Json, after: Json) -> None:
    assert _added("Service", [before, after]) == [before, after]


def test_the_next_page_is_known_before_a_page_is_decoded() -> None:
    assert reducing.next_page(_body([_pod("cart-1")])) == "t1"
    assert reducing.next_page(b'{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"continue":"x"}}]}') == ""
    # Another order is slower and as right: the token is then read with the page.
    assert reducing.next_page(b'{"items":[],"metadata":{"continue":"t1"}}') == ""
    assert reducing.add_page("Pod", b'{"items":[],"metadata":{"continue":"t1"}}', []) == "t1"
