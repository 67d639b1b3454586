# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubernetes quantities (``500m``, ``128Mi``) as numbers, and numbers as a person reads them."""

from __future__ import annotations

import decimal
import re

_FACTORS = {
    "n": decimal.Decimal("1e-9"),
    "u": decimal.Decimal("1e-6"),
    "m": decimal.Decimal("1e-3"),
    "": decimal.Decimal(1),
    **{suffix: decimal.Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", 1)},
    **{f"{suffix}i": decimal.Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}
_QUANTITY = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)([numkMGTPE]|[KMGTPE]i)?$")


def parse(quantity: object) -> decimal.Decimal | None:
    """The number a quantity stands for (cores, bytes, pieces), or None where it is none."""
    if isinstance(quantity, bool) or not isinstance(quantity, (int, float, str)):
        return None
    match = _QUANTITY.match(str(quantity).strip())
    return decimal.Decimal(match[1]) * _FACTORS[match[2] or ""] if match else None


def in_words(amount: decimal.Decimal, resource: str) -> str:
    """An amount of ``resource`` as Kubernetes writes it: whole milli-cores, bytes in the largest binary unit."""
    if resource == "cpu":
        return f"{amount.normalize():f}" if amount == amount.to_integral_value() else f"{int(amount * 1000)}m"
    if resource in {"memory", "ephemeral-storage"} or resource.startswith("hugepages-"):
        for suffix in ("Ti", "Gi", "Mi", "Ki"):
            if amount >= _FACTORS[suffix]:
                return f"{(amount / _FACTORS[suffix]).quantize(decimal.Decimal('0.1')).normalize():f}{suffix}"
    return f"{amount.normalize():f}"
