# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role in the guide allows what is read, and nothing more."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import yaml

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import KINDS

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "docsite" / "rst" / "guide_diagnosis.rst"


def test_the_role_in_the_guide_allows_what_is_read() -> None:
    block = re.search(r"\n(   apiVersion: rbac.*?\n)\n\S", GUIDE.read_text(), re.DOTALL)
    assert block
    role = yaml.safe_load(textwrap.dedent(block[1]))
    given = {(group, name) for rule in role["rules"] for group in rule["apiGroups"] for name in rule["resources"]}
    asked = {_resource(path) for path in KINDS.values()} | {("", "namespaces"), ("", "pods/log")}
    assert given == asked
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list"}


def _resource(path: str) -> tuple[str, str]:
    """API group and resource: /api/v1/pods, /apis/GROUP/VERSION/RESOURCE."""
    parts = path.strip("/").split("/")
    return ("" if parts[0] == "api" else parts[1]), parts[-1]
