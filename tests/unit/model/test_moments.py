# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments, and the time between them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments

ZONES = st.timezones() | st.integers(-839, 839).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    ("earlier", "later", "seconds"),
    [
        ("2026-11-22T09:11:40Z", "2026-11-22T09:15:02Z", 202.0),
        ("2026-11-22T09:15:02Z", "2026-11-22T09:11:40Z", -202.0),
        ("2026-11-22T09:15:02.250000Z", "2026-11-22T09:15:03Z", 0.75),
        ("2026-11-22T10:15:02+01:00", "2026-11-22T09:15:02Z", 0.0),
        ("2026-11-22T09:15:02", "2026-11-22T09:15:02Z", 0.0),
        (None, "2026-11-22T09:15:02Z", None),
        ("2026-11-22T09:15:02Z", "", None),
        ("yesterday", "2026-11-22T09:15:02Z", None),
        ("2026-13-45T99:00:00Z", "2026-11-22T09:15:02Z", None),
    ],
)
def test_seconds_between(earlier: str | None, later: str | None, seconds: float | None) -> None:
    assert moments.seconds_between(earlier, later) == seconds


def test_the_earliest_that_can_be_read() -> None:
    assert (
        moments.earliest("2026-11-22T09:15:02Z", None, "", "soon", "2026-11-22T09:11:40.9Z") == "2026-11-22T09:11:40Z"
    )
    assert moments.earliest("2026-11-22T09:15:02Z", "2026-11-22T10:10:00+01:00") == "2026-11-22T09:10:00Z"
    assert moments.earliest(None, "soon") is None
    assert moments.earliest() is None


@given(st.datetimes(timezones=ZONES))
def test_what_is_written_can_be_read_again(when: dt.datetime) -> None:
    written = moments.earliest(when.isoformat())
    if written is not None:  # before year 1 or after 9999 in UTC there is no such moment
        assert moments.earliest(written) == written
        assert abs(moments.seconds_between(written, when.isoformat()) or 0.0) < 1


@given(st.text(max_size=30))
def test_no_text_is_too_odd(text: str) -> None:
    assert moments.earliest(text) is None or moments.earliest(text) == moments.earliest(moments.earliest(text))


def test_now_is_a_moment_of_utc() -> None:
    now = moments.now()
    assert moments.earliest(now) == now
    assert abs((dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(now)).total_seconds()) < 5


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (86399, "23 h"),
        (432000, "5 d"),
    ],
)
def test_in_words(seconds: float, words: str) -> None:
    assert moments.in_words(seconds) == words
