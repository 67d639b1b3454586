# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LabelSelector objects, as the API defines them: the parts add up, an empty one takes all, no selector takes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.selectors import selects

CART = {"app": "cart", "tier": "web"}


def one(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


SELECTORS: list[tuple[object, bool]] = [
    ({}, True),
    (None, False),
    ("app=cart", False),
    ({"matchLabels": {"app": "cart"}}, True),
    ({"matchLabels": {"app": "cart", "tier": "db"}}, False),
    (one("app", "In", "cart", "pay"), True),
    (one("app", "In", "pay"), False),
    (one("app", "NotIn", "pay"), True),
    (one("app", "NotIn", "cart"), False),
    (one("other", "NotIn", "x"), True),
    (one("app", "Exists"), True),
    (one("other", "Exists"), False),
    (one("other", "DoesNotExist"), True),
    (one("app", "DoesNotExist"), False),
    (one("app", "Like", "cart"), False),
    ({"matchLabels": {"app": "cart"}, **one("tier", "In", "db")}, False),
]


@pytest.mark.parametrize(("selector", "takes"), SELECTORS)
def test_takes(selector: object, takes: bool) -> None:
    assert selects(selector, CART) is takes
