# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantities as ``k8s.io/apimachinery/pkg/api/resource`` reads and writes them."""

from __future__ import annotations

import decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.quantity import in_words, parse

SUFFIXES = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
QUANTITIES = st.builds("{}{}".format, st.decimals(0, 10**6, places=3), st.sampled_from(SUFFIXES))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", "0"),
        ("2", "2"),
        ("500m", "0.5"),
        ("100n", "1e-7"),
        ("250u", "0.00025"),
        ("1.5Gi", str(3 * 2**29)),
        ("128Mi", str(2**27)),
        ("1Ki", "1024"),
        ("1k", "1000"),
        ("1E", "1e18"),
        ("1Ei", str(2**60)),
        ("1e3", "1000"),
        ("12E-1", "1.2"),
        (".5", "0.5"),
        ("5.", "5"),
        ("+5", "5"),
        ("-1", "-1"),
    ],
)
def test_a_quantity(text: str, number: str) -> None:
    assert parse(text) == decimal.Decimal(number)


def test_a_number_is_a_quantity() -> None:
    assert (parse(3), parse(1.5)) == (decimal.Decimal(3), decimal.Decimal("1.5"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m",
        "Mi",
        "1KI",
        "1K",
        "1 Gi",
        "1Gib",
        "0x10",
        "nan",
        "inf",
        "1,5",
        "1e",
        "1e3Mi",
        "٣",
        True,
        None,
        [],
        float("nan"),
    ],
)
def test_no_quantity(text: object) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "resource", "words"),
    [
        ("2", "cpu", "2"),
        ("2000m", "cpu", "2"),
        ("1.5", "cpu", "1500m"),
        ("100", "cpu", "100"),
        ("0.0001", "cpu", "1m"),  # Kubernetes rounds up
        ("256Mi", "memory", "256Mi"),
        ("1.5Gi", "memory", "1.5Gi"),
        ("1000", "memory", "1000"),
        ("0", "memory", "0"),
        ("2048Gi", "ephemeral-storage", "2Ti"),
        ("4Mi", "hugepages-2Mi", "4Mi"),
        ("10", "nvidia.com/gpu", "10"),
    ],
)
def test_as_a_person_reads_it(text: str, resource: str, words: str) -> None:
    amount = parse(text)
    assert amount is not None
    assert in_words(amount, resource) == words


@given(QUANTITIES, st.sampled_from(["cpu", "memory", "nvidia.com/gpu"]))
def test_words_are_a_quantity_again(text: str, resource: str) -> None:
    amount = parse(text)
    assert amount is not None
    again = parse(in_words(amount, resource))
    assert again is not None
    assert abs(again - amount) <= max(decimal.Decimal("0.001"), amount * decimal.Decimal("0.05"))


@given(st.from_regex(r"[+-]?[0-9]{1,40}(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?([numkMGTPE]|[KMGTPE]i)?", fullmatch=True))
def test_no_amount_is_too_large_for_words(text: str) -> None:
    amount = parse(text)
    for resource in ("cpu", "memory", "pods") if amount is not None else ():
        assert amount is not None
        assert in_words(amount, resource)
