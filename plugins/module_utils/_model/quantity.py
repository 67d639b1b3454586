# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubernetes quantities (``500m``, ``128Mi``) as numbers, and numbers as a person reads them."""

from __future__ import annotations

import decimal
import functools
import re

_FACTORS = {
    "n": decimal.Decimal("1e-9"),
    "u": decimal.Decimal("1e-6"),
    "m": decimal.Decimal("1e-3"),
    "": decimal.Decimal(1),
    **{suffix: decimal.Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", 1)},
    **{f"{suffix}i": decimal.Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}
# Kubernetes caps every quantity here.
_LARGEST = decimal.Decimal(2**63 - 1)
# No quantity is longer; longer texts are no use to keep.
_LONGEST = 100
# An exponent and a suffix exclude each other, as in k8s.io/apimachinery/pkg/api/resource.
_QUANTITY = re.compile(
    r"^([+-]?(?:[0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40}))(?:([eE][+-]?[0-9]{1,2})|([numkMGTPE]|[KMGTPE]i))?$"
)


def parse(quantity: object) -> decimal.Decimal | None:
    """The number a quantity stands for (cores, bytes, pieces), or None where it is none."""
    if isinstance(quantity, bool) or not isinstance(quantity, (int, float, str)):
        return None
    text = str(quantity).strip()
    return _parse(text) if len(text) <= _LONGEST else None


@functools.lru_cache(maxsize=1024)
def _parse(text: str) -> decimal.Decimal | None:
    """The few amounts that many pods and nodes have alike are read once."""
    match = _QUANTITY.match(text)
    if match is None:
        return None
    amount = decimal.Decimal(match[1] + (match[2] or "")) * _FACTORS[match[3] or ""]
    return max(-_LARGEST, min(amount, _LARGEST))


def in_words(amount: decimal.Decimal, resource: str) -> str:
    """An amount of ``resource`` as Kubernetes writes it: whole milli-cores, bytes in the largest binary unit."""
    if resource == "cpu":
        milli = (amount * 1000).to_integral_value(decimal.ROUND_CEILING)
        return f"{milli / 1000:f}" if milli % 1000 == 0 else f"{milli:f}m"
    if resource in {"memory", "ephemeral-storage"} or resource.startswith("hugepages-"):
        for suffix in ("Ti", "Gi", "Mi", "Ki"):
            if amount >= _FACTORS[suffix]:
                return f"{amount / _FACTORS[suffix]:.1f}".removesuffix(".0") + suffix
    return f"{amount.normalize():f}"
