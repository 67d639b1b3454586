# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing in a text of the cluster can steer a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.text import (
    one_line,
    shorten,
    visible,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Grüße, 世界 🎉", "Grüße, 世界 🎉"),
        ("a\x1b[31mred", r"a\x1b[31mred"),
        ("bell\x07 \x00 \x7f \x9b", r"bell\x07 \x00 \x7f \x9b"),
        ("over\rwritten", r"over\x0dwritten"),
        ("abc\u202edef\u2066", r"abc\u202edef\u2066"),
        ("zero\u200bwidth\ufeff\u00ad", r"zero\u200bwidth\ufeff\xad"),
        ("line\u2028break", r"line\u2028break"),
        ("lone \ud800 half", r"lone \ud800 half"),
        ("private \ue000 tag \U000e0041", r"private \ue000 tag \U000e0041"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
    ],
)
def test_what_hides_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters()))
def test_nothing_that_steers_is_left(text: str) -> None:
    shown = visible(text)
    assert {unicodedata.category(ch) for ch in shown if ch not in "\n\t"}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
    shown.encode()


@given(st.text(st.characters()), st.integers(1, 60))
def test_one_line_is_one_line_of_that_length(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert line.splitlines() in ([], [line])
    assert "\t" not in line


def test_what_is_too_long_says_so() -> None:
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefg", 6) == "abcde…"
