# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits: the patch does what was meant and the inverse takes it back, by the letter of RFC 6902, and only on what was seen."""

from __future__ import annotations

import copy
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.edits import Edit, at
from ansible_collections.aiops.kubernetes.tests.unit.loop.json_patch import Failed, patched, same
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import CART, IMAGE, UID, cart

NAME: t.Final = IMAGE.replace("image", "name")


def test_the_patch_is_what_the_design_asks_for() -> None:
    step = Edit(CART, cart(), {IMAGE: "shop/cart:1"}, {NAME: "app"}).step()
    assert step.patch == (
        {"op": "test", "path": "/metadata/uid", "value": UID},
        {"op": "test", "path": NAME, "value": "app"},
        {"op": "test", "path": IMAGE, "value": "shop/cart:2"},
        {"op": "replace", "path": IMAGE, "value": "shop/cart:1"},
    )
    assert step.inverse == (
        {"op": "test", "path": "/metadata/uid", "value": UID},
        {"op": "test", "path": NAME, "value": "app"},
        {"op": "test", "path": IMAGE, "value": "shop/cart:1"},
        {"op": "replace", "path": IMAGE, "value": "shop/cart:2"},
    )
    assert (step.verb, step.target, step.uid) == ("patch", CART, UID)


def test_what_was_absent_is_guarded_and_taken_away_again() -> None:
    path = "/spec/template/metadata/annotations"
    step = Edit(CART, cart(), {path: {"a": "b"}}).step()
    assert {"op": "test", "path": path, "value": None} in step.patch
    after = patched(cart(), step.patch)
    assert at(after, path) == {"a": "b"}
    assert patched(after, step.inverse) == cart()
    with pytest.raises(Failed):
        patched(after, step.patch)


def test_what_is_removed_comes_back() -> None:
    path = "/spec/template/spec/containers/0/resources/limits/memory"
    step = Edit(CART, cart(), {path: None}).step()
    after = patched(cart(), step.patch)
    assert at(after, path) is None
    assert patched(after, step.inverse) == cart()


def test_what_is_absent_and_stays_so_is_no_write() -> None:
    step = Edit(CART, cart(), {"/spec/paused": None}).step()
    assert step.paths == ()
    assert patched(cart(), step.patch) == cart()


@pytest.mark.parametrize("value", [0, False, "", [], {}])
def test_an_empty_value_is_no_absent_one(value: object) -> None:
    before = cart(paused=value)
    step = Edit(CART, before, {"/spec/paused": "x"}).step()
    assert step.patch[-1]["op"] == "replace"
    assert same(patched(patched(before, step.patch), step.inverse), before)


def test_the_inverse_is_of_what_the_server_stores() -> None:
    path = "/spec/template/spec/containers/0/resources/limits/memory"
    edit = Edit(CART, cart(), {path: "1024Mi"})
    stored = patched(cart(), edit.step().patch)
    stored["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = "1Gi"
    assert patched(stored, edit.as_stored(stored).step().inverse) == cart()
    with pytest.raises(Failed):
        patched(stored, edit.step().inverse)


@pytest.mark.parametrize("key", ["a/b", "a~b", "~1", "~01", "/", "", "0", "ü"])
def test_names_are_escaped_as_in_rfc_6901(key: str) -> None:
    pointer = "/spec/template/metadata/labels/" + key.replace("~", "~0").replace("/", "~1")
    before = cart()
    before["spec"]["template"]["metadata"]["labels"][key] = "old"
    assert at(before, pointer) == "old"
    step = Edit(CART, before, {pointer: "new"}).step()
    after = patched(before, step.patch)
    assert after["spec"]["template"]["metadata"]["labels"][key] == "new"
    assert patched(after, step.inverse) == before


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", {"a": [{"b": 1}], "0": "zero"}),
        ("/a/0/b", 1),
        ("/0", "zero"),
        ("/a/1", None),
        ("/a/-", None),
        ("/a/-1", None),
        ("/a/x", None),
        ("/a/0/b/c", None),
        ("/x/y/z", None),
    ],
)
def test_at(pointer: str, value: object) -> None:
    assert at({"a": [{"b": 1}], "0": "zero"}, pointer) == value


def _changed(change: t.Callable[[dict[str, t.Any]], object]) -> dict[str, t.Any]:
    document = cart()
    change(document)
    return document


@pytest.mark.parametrize(
    "changed",
    [
        _changed(lambda d: d["metadata"].update(uid="other")),
        _changed(lambda d: d["spec"]["template"]["spec"]["containers"][0].update(image="shop/cart:3")),
        _changed(lambda d: d["spec"]["template"]["spec"]["containers"][0].update(name="other")),
        _changed(
            lambda d: d["spec"]["template"]["spec"]["containers"].insert(0, {"name": "sidecar", "image": "shop/cart:2"})
        ),
        _changed(lambda d: d["spec"]["template"]["spec"]["containers"].clear()),
    ],
    ids=["made anew", "image changed", "renamed", "index drifted", "gone"],
)
def test_a_guard_holds_back(changed: dict[str, t.Any]) -> None:
    """The drifted index has the very image that is expected there: only the name tells."""
    before = copy.deepcopy(changed)
    with pytest.raises(Failed):
        patched(changed, Edit(CART, cart(), {IMAGE: "shop/cart:1"}, {NAME: "app"}).step().patch)
    assert changed == before


def test_what_others_change_elsewhere_stays() -> None:
    step = Edit(CART, cart(), {IMAGE: "shop/cart:1"}, {NAME: "app"}).step()
    after = patched(cart(), step.patch)
    after["spec"]["replicas"] = 5
    assert patched(after, step.inverse) == cart(replicas=5)


_VALUES: t.Any = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
_KEYS: t.Final = ("a", "b/c", "d~e", "~1", "f")


@given(
    st.dictionaries(st.sampled_from(_KEYS), _VALUES),
    st.dictionaries(st.sampled_from(_KEYS), st.none() | _VALUES, min_size=1),
    st.lists(_VALUES, min_size=2, max_size=2),
)
def test_patch_and_inverse_change_nothing(labels: t.Any, wanted: t.Any, items: t.Any) -> None:
    """Members of an object appear, change and go; an item of a list changes.  Also as one patch, as it is dry-run."""
    document = {"metadata": {"uid": "u"}, "spec": {"labels": labels, "items": items}}
    pointers = {"/spec/labels/" + key.replace("~", "~0").replace("/", "~1"): value for key, value in wanted.items()}
    step = Edit(CART, document, {**pointers, "/spec/items/1": "new"}, {"/spec/items/0": items[0]}).step()
    after = patched(document, step.patch)
    assert all(same(at(after, pointer), value) for pointer, value in pointers.items())
    assert same(patched(after, step.inverse), document)
    assert same(patched(document, (*step.patch, *step.inverse)), document)
