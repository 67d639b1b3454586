# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan: its bytes are one form only, its digest is of exactly them, and what is no plan is an error with a sentence."""

from __future__ import annotations

import hashlib
import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import (
    Step,
    canonical,
    digest,
    plan_from_bytes,
    strict_json,
)
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import image_step, plan


def test_the_bytes_are_canonical() -> None:
    content = plan().as_bytes()
    assert content.endswith(b"}\n")
    assert content.count(b"\n") == 1
    assert (
        content
        == json.dumps(json.loads(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    )


def test_the_digest_is_of_exactly_these_bytes() -> None:
    content = plan().as_bytes()
    assert digest(content) == "sha256:" + hashlib.sha256(content).hexdigest()
    assert digest(content) != digest(content[:-1])


def test_the_order_of_keys_does_not_count_and_everything_else_does() -> None:
    turned = dict(reversed(list(plan().finding.items())))
    assert plan(finding=turned).as_bytes() == plan().as_bytes()
    for change in (
        {"summary": "x"},
        {"tier": "low"},
        {"dry_run": "forbidden"},
        {"supersedes": "PHR-1"},
        {"policy": "x"},
    ):
        assert plan(**change).as_bytes() != plan().as_bytes()
    assert plan(image_step(image="shop/cart:1 ")).as_bytes() != plan().as_bytes()


@pytest.mark.parametrize(
    "made",
    [
        plan(),
        plan(supersedes="PHR-20261122-091501-000000", irreversible_because="it is so"),
        plan(Step("delete", Ref("Pod", "shop", "cart-1"), "u", resource_version="8")),
        plan(summary='Grüße \u202e \ud800 \x00 { } \\ "\n'),
    ],
    ids=["patch", "irreversible", "delete", "odd text"],
)
def test_it_comes_back_as_it_was(made: t.Any) -> None:
    again = plan_from_bytes(made.as_bytes())
    assert again == made
    assert again.as_bytes() == made.as_bytes()


_JSON: t.Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), _JSON, max_size=4))
def test_any_json_comes_back_from_its_canonical_form(content: dict[str, t.Any]) -> None:
    assert strict_json(canonical(content), "x.json") == content
    assert canonical(strict_json(canonical(content), "x.json")) == canonical(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Expecting value"),
        (b"[]", "no JSON object"),
        (b"null", "no JSON object"),
        (b'{"a": 1', "damaged"),
        (b'{"a": 1, "a": 1}', "a key stands twice"),
        (b'{"b": {"a": 1, "a": 2}}', "a key stands twice"),
        (b'{"a": NaN}', "NaN is no JSON"),
        (b'{"a": -Infinity}', "-Infinity is no JSON"),
        (b'{"a": 1e999}', "damaged"),
        (b'{"a": "\xff"}', "damaged"),
        (b'{"a": ' + b"[" * 100_000, "damaged"),
        (b'{"a": ' + b"9" * 5000 + b"}", "damaged"),
    ],
)
def test_json_that_two_readers_could_read_differently_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(AiopsError, match=r"^x\.json is damaged: ") as raised:
        strict_json(content, "x.json")
    assert words in str(raised.value)


def test_nothing_that_is_no_number_is_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"a": float("nan")})


@pytest.mark.parametrize("schema", ["aiops.kubernetes/plan/2", "", None, 1])
def test_another_schema_is_no_plan(schema: object) -> None:
    content = canonical({**json.loads(plan().as_bytes()), "schema": schema})
    with pytest.raises(AiopsError, match=r"plan\.json is no plan"):
        plan_from_bytes(content)


@pytest.mark.parametrize("name", sorted(json.loads(plan().as_bytes()).keys() - {"schema"}))
def test_a_field_that_is_missing_is_told(name: str) -> None:
    content = {key: value for key, value in json.loads(plan().as_bytes()).items() if key != name}
    with pytest.raises(AiopsError, match=r"plan\.json is damaged"):
        plan_from_bytes(canonical(content))


_WRONG: t.Final[list[tuple[str, t.Any]]] = [
    ("phr", 1),
    ("created_at", ["x"]),
    ("source", "hearsay"),
    ("tier", "harmless"),
    ("tier", None),
    ("tier_reasons", "x"),
    ("tier_reasons", [1]),
    ("finding", "x"),
    ("summary", {}),
    ("steps", {}),
    ("steps", ["x"]),
    ("steps", [{**image_step().as_json(), "verb": "apply"}]),
    ("steps", [{**image_step().as_json(), "patch": ["x"]}]),
    ("steps", [{**image_step().as_json(), "target": "x"}]),
    ("steps", [{**image_step().as_json(), "uid": 1}]),
    ("steps", [{**image_step().as_json(), "more": 1}]),
    ("cluster", "x"),
    ("cluster", {"uid": "x"}),
    ("baseline", []),
    ("baseline", {"at": "x"}),
    ("irreversible_because", 1),
    ("more", "x"),
]


@pytest.mark.parametrize(
    ("name", "value"), _WRONG, ids=[f"{name}-{number}" for number, (name, _value) in enumerate(_WRONG)]
)
def test_a_field_of_a_wrong_type_is_told(name: str, value: object) -> None:
    """What is read must be all that stands there: what is left out in silence would be approved unseen."""
    content = canonical({**json.loads(plan().as_bytes()), name: value})
    with pytest.raises(AiopsError, match=r"^plan\.json is (damaged|no plan)"):
        plan_from_bytes(content)


def test_a_test_operation_writes_nothing() -> None:
    assert image_step().paths == ("/spec/template/spec/containers/0/image",)
