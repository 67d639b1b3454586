# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One browser for all tests."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.aiops.kubernetes.tests.browser import chromium


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[chromium.Browser]:
    try:
        with chromium.browser(tmp_path_factory.mktemp("chromium")) as made:
            yield made
    except chromium.Missing as exc:
        pytest.exit(str(exc), returncode=1)
