# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Label selectors: the grammar that ``k8s.io/apimachinery/pkg/labels`` (Parse) documents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.selectors import holds, matcher, selects

CART = {"app": "cart", "tier": "web", "empty": "", "shop.example/part": "a-b_c.d"}


@pytest.mark.parametrize(
    "selector",
    [
        None,
        "",
        "app=cart",
        "app==cart",
        "app = cart",
        "app!=pay",
        "app!=",
        "missing!=cart",
        "empty=",
        "empty==",
        "app",
        "!missing",
        "! missing",
        "app in (cart)",
        "app in (pay, cart)",
        "app in(cart)",
        "app notin (pay)",
        "missing notin (pay)",
        "empty in ()",
        "empty in (,a)",
        "app notin ()",
        "app=cart,tier=web",
        " app = cart , tier in (web,db) , !missing ",
        "shop.example/part=a-b_c.d",
    ],
)
def test_it_matches(selector: str | None) -> None:
    assert matcher(selector)(CART)


@pytest.mark.parametrize(
    "selector",
    [
        "app=pay",
        "app!=cart",
        "missing",
        "missing=",
        "!app",
        "app in (pay,web)",
        "missing in (cart)",
        "missing in ()",
        "app notin (pay,cart)",
        "app=cart,tier=db",
        "app=cart,!tier",
        "App=cart",
        "app=car",
    ],
)
def test_it_does_not_match(selector: str) -> None:
    assert not matcher(selector)(CART)


@pytest.mark.parametrize(
    "selector",
    [
        "a b",
        "a in b",
        "a in (b",
        "a in b)",
        "a in (b c)",
        "a in (b)c",
        "a in (b),c)",
        "(a)",
        "a=b=c",
        "a=b)",
        "=b",
        "==b",
        "!",
        "!a=b",
        "a=>b",
        "a,,b",
        ",a",
        "a,",
        "ä=b",
        "a=-b",
        "a/b/c=d",
        "a;b",
        "$(id)",
    ],
)
def test_a_malformed_one_is_told(selector: str) -> None:
    with pytest.raises(AiopsError, match="label selector") as told:
        matcher(selector)
    assert repr(selector) in str(told.value)


@given(st.text(st.sampled_from("ab=!,() in\n-"), max_size=12))
def test_it_matches_or_tells(selector: str) -> None:
    try:
        matches = matcher(selector)
    except AiopsError:
        return
    assert matches({"a": "b"}) in (True, False)


LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "x", "y"]), max_size=3)


@given(LABELS, st.sampled_from("abc"), st.sampled_from(["", "x", "y"]))
def test_operators_and_their_opposites(labels: dict[str, str], key: str, value: str) -> None:
    for yes, no in (
        (f"{key}={value}", f"{key}!={value}"),
        (f"{key} in ({value})", f"{key} notin ({value})"),
        (key, f"!{key}"),
    ):
        assert matcher(yes)(labels) != matcher(no)(labels)


@pytest.mark.parametrize(
    ("operator", "values", "met"),
    [
        ("In", ["x", "5"], {"a": True, "z": False}),
        ("In", [], {"a": False, "z": False}),
        ("NotIn", ["5"], {"a": False, "z": True}),
        ("NotIn", ["x"], {"a": True, "z": True}),
        ("Exists", [], {"a": True, "z": False}),
        ("DoesNotExist", [], {"a": False, "z": True}),
        ("Gt", ["4"], {"a": True, "z": False}),
        ("Gt", ["5"], {"a": False, "z": False}),
        ("Lt", ["6"], {"a": True, "z": False}),
        ("Lt", ["much"], {"a": False, "z": False}),
        ("Like", ["5"], {"a": False, "z": False}),
    ],
)
def test_requirements_of_selectors(operator: str, values: list[str], met: dict[str, bool]) -> None:
    for key, expected in met.items():
        assert holds({"key": key, "operator": operator, "values": values}, {"a": "5"}) is expected


def test_label_selectors() -> None:
    wanted = {"matchLabels": {"a": "5"}, "matchExpressions": [{"key": "b", "operator": "DoesNotExist"}]}
    assert selects(wanted, {"a": "5", "c": "1"})
    assert not selects(wanted, {"a": "5", "b": "1"})
    assert not selects(wanted, {"a": "6"})
    assert selects({}, {})
    assert not selects(None, {"a": "5"})
