# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model server, and an environment in which nothing says where a model is."""

from __future__ import annotations

import os
import typing as t

import pytest

from ansible_collections.aiops.kubernetes.tests.unit.advisors.model_server import Scripted, serving

KEY: t.Final = "sk-a-made-up-key-of-nobody-1234567890"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "KAGENT_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def model() -> t.Iterator[Scripted]:
    with serving(Scripted()) as script:
        yield script
