# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded shop, to be varied by one test."""

from __future__ import annotations

import pytest

from ansible_collections.aiops.kubernetes.tests.unit.remedies.shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop()
