# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust files mean one thing only; identities name each principal once."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.people import people_from
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.strict_yaml import strict_yaml
from ansible_collections.aiops.kubernetes.tests.unit.records.trusted import IDENTITIES


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: no", {"a": "no"}),
        ("a: 1:30", {"a": "1:30"}),
        ("a: 1.10", {"a": "1.10"}),
        ("a: 2026-11-22", {"a": "2026-11-22"}),
        ("a: null", {"a": "null"}),
        ("a: 2.0e60\nb: [x, {c: d}]", {"a": "2.0e60", "b": ["x", {"c": "d"}]}),
        ("", None),
    ],
)
def test_every_scalar_is_its_text(text: str, found: t.Any) -> None:
    assert strict_yaml(text.encode(), "x.yml") == found


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"tier: low\ntier: critical", "stands twice"),
        (b"a: {b: 1, b: 2}", "stands twice"),
        (b"a: &x 1\nb: *x", "anchors"),
        (b"a: &a [1]\nb: [*a, *a]", "anchors"),
        (b"<<: {a: 1}", "stands twice or is none"),
        (b"? [a]\n: 1", "stands twice or is none"),
        (b"a: !!python/object/apply:os.system [x]", "tags"),
        (b"a: !!str 1", "tags"),
        (b"a: b: c", "is no YAML"),
        (b"a: [", "is no YAML"),
        (b"a: 1\n---\nb: 2", "is no YAML"),
        (b"\xff\xfe", "is no YAML"),
        (b"a: \x00", "is no YAML"),
        (b"[" * 5000, "is no YAML"),
        (b"a: " + b"x" * 300_000, "is larger"),
    ],
    ids=range(15),
)
def test_row_23_what_could_be_read_in_two_ways_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(AiopsError, match=words):
        strict_yaml(content, "x.yml")


def _people(edit: t.Callable[[t.Any], object]) -> None:
    content: t.Any = strict_yaml(IDENTITIES.encode(), "x.yml")
    edit(content)
    people_from(content, "identities.yml")


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda c: c.pop("schema"), "expected the schema"),
        (lambda c: c.update(more={}), "nothing else"),
        (lambda c: c.update(persons=[]), "expected a mapping"),
        (lambda c: c["persons"].update(x="y"), "persons.x: expected kind"),
        (lambda c: c["persons"]["bob"].update(role=["operator"]), "persons.bob: expected kind"),
        (lambda c: c["persons"]["bob"].pop("kind"), "persons.bob: expected kind"),
        (lambda c: c["persons"]["bob"].update(kind="ai"), "neither human nor bot"),
        (lambda c: c["persons"]["bob"].update(until="soon"), "is no moment"),
        (lambda c: c["persons"]["bob"].update(roles="operator"), "expected a list"),
        (lambda c: c["persons"]["bob"].update(principals=["bob"]), "is no principal"),
        (lambda c: c["persons"]["bob"].update(principals=["claimed:bob"]), "is no principal"),
        (lambda c: c["persons"]["robot"].update(roles=["security"]), "a bot has no role"),
        (lambda c: c["persons"]["bob"].update(principals=["signature:alice"]), "signature:alice is both alice and bob"),
    ],
    ids=range(13),
)
def test_an_identities_file_that_is_none_is_refused(edit: t.Callable[[t.Any], object], words: str) -> None:
    with pytest.raises(AiopsError, match=words):
        _people(edit)


def test_a_right_one_is_read() -> None:
    _people(lambda _content: None)
