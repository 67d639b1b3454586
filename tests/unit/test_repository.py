# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must stay true of the files of the repository."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.aiops.kubernetes.tests.tools.staging import listed

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "plugins" / "modules").glob("*.py"))
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
MOST_LINES = 90
HOME_PATH = re.compile(rb"/(?:home|Users)/(?!runner\b)\w+/|/root/[\w.]")


def lines_of_code(source: str) -> int:
    """Lines that are neither empty, nor a comment, nor part of the documentation."""
    documentation: set[int] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and {getattr(target, "id", "") for target in node.targets} & DOCUMENTATION:
            documentation.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(source.splitlines(), start=1)
    return sum(bool(line.strip()) and not line.lstrip().startswith("#") and n not in documentation for n, line in lines)


def test_there_are_modules() -> None:
    assert MODULES


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_modules_only_wire(module: Path) -> None:
    assert lines_of_code(module.read_text(encoding="utf-8")) <= MOST_LINES


def test_lines_of_code() -> None:
    assert lines_of_code('# note\nDOCUMENTATION = """\na: b\n"""\n\nx = 1\ny = 2  # why\n') == 2


def test_the_action_group_names_every_module_that_takes_cluster_options() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    takers = [
        module.stem for module in MODULES if "kubernetes.core.k8s_auth_options" in module.read_text(encoding="utf-8")
    ]
    assert sorted(runtime["action_groups"]["all"]) == takers


def test_no_file_names_a_home() -> None:
    assert [name for name in listed(ROOT) if HOME_PATH.search((ROOT / name).read_bytes())] == []


@pytest.mark.parametrize("text", [b"home/someone/x", b"root/.kube/config", b"Users/someone/x"])
def test_a_home_is_recognised(text: bytes) -> None:
    assert HOME_PATH.search(b"/" + text)


def test_versions_agree() -> None:
    """The same ansible-core for the demo, the tools and the importer."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "requirements").glob("*.txt")]
    found = [re.findall(r"^ansible-core==(\S+)$", text, re.MULTILINE) for text in texts]
    assert len(found) == 3
    assert all(versions == found[0] and versions for versions in found)
