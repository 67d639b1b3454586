# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports point one way: modules -> use cases -> causes, remedies, reports -> model. The edges are handed in."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
OURS = "ansible_collections.aiops.kubernetes.plugins"

WIRING = {"_model", "_reports", "_usecases", "_cluster", "_records", "_advisors", "_ansible"}
ALLOWED = {
    "_model": set(),
    "_causes": {"_model"},
    "_remedies": {"_model"},
    "_reports": {"_model"},
    "_usecases": {"_model", "_causes", "_remedies", "_reports"},
    "_web": set(),
    "_cluster": {"_model", "_web"},
    "_records": {"_model", "_web"},
    "_advisors": {"_model", "_web"},
    "_ansible": WIRING,
    "modules": WIRING,
    "action": WIRING | {"plugin_utils"},
    "plugin_utils": WIRING,
    "doc_fragments": set(),
}
KNOWS_ANSIBLE = {"_ansible", "modules", "action", "plugin_utils"}
ONE_FILE_ONLY = ("kubernetes", "ansible_collections.kubernetes.core")

Import = tuple[str, bool]
"""the full name that is imported, and whether a `try` guards it"""


def room_of(file: Path) -> str:
    """The room of a file, given relative to plugins/."""
    return file.parts[1] if file.parts[0] == "module_utils" and len(file.parts) > 1 else file.parts[0]


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def imports(file: Path, relative: Path) -> Iterator[Import]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    guarded = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.Try) for inner in _walk_all(node.body)}
    package = [*OURS.split("."), *relative.parent.parts]
    for node in ast.walk(tree):
        for name in _names(node, package):
            yield name, id(node) in guarded


def _walk_all(nodes: list[ast.stmt]) -> Iterator[ast.AST]:
    for node in nodes:
        yield from ast.walk(node)


def _names(node: ast.AST, package: list[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else []
        module = ".".join([*base, *filter(None, [node.module])])
        yield from (f"{module}.{alias.name}" for alias in node.names)


def violations(plugins: Path) -> list[str]:
    """What the files under plugins/ import that they should not."""
    found: list[str] = []
    users = defaultdict(set)
    for file in sorted(plugins.rglob("*.py")):
        relative = file.relative_to(plugins)
        for name, is_guarded in imports(file, relative):
            if reason := _forbidden(room_of(relative), name):
                found.append(f"{relative} imports {name}: {reason}")
            for package in ONE_FILE_ONLY:
                if within(name, package):
                    users[package].add(str(relative))
                    if not is_guarded:
                        found.append(f"{relative} imports {name}: not inside try")
    many = {package: sorted(files) for package, files in users.items() if len(files) > 1}
    return found + [f"{', '.join(files)} import {package}: one file may" for package, files in many.items()]


def _forbidden(room: str, name: str) -> str | None:
    if room not in ALLOWED:
        return f"{room} is no room that this test knows"
    if within(name, "ansible"):
        return None if room in KNOWS_ANSIBLE else f"{room} does not know Ansible"
    if within(name, OURS):
        other = room_of(Path(*name.removeprefix(f"{OURS}.").split(".")))
        return None if other in ALLOWED[room] | {room} else f"{room} may not import {other}"
    return None


def test_arrows() -> None:
    assert violations(PLUGINS) == []


def test_the_rooms_are_there() -> None:
    there = {path.name for path in PLUGINS.glob("module_utils/*")}
    assert there >= {"_model", "_causes", "_reports", "_usecases", "_cluster", "_ansible"}


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("module_utils/_model/a.py", f"from {OURS}.module_utils._causes import b"),
        ("module_utils/_model/a.py", "from .._causes.b import c"),
        ("module_utils/_model/a.py", "from .. import _causes"),
        ("module_utils/_causes/a.py", f"import {OURS}.module_utils._reports.text"),
        ("module_utils/_usecases/a.py", f"from {OURS}.module_utils._cluster.live import Reader"),
        ("module_utils/_cluster/a.py", "def f():\n    from ansible.module_utils.basic import AnsibleModule"),
        ("modules/a.py", f"from {OURS}.module_utils._causes.images import CAUSES"),
        ("modules/a.py", f"from {OURS}.plugin_utils._action import Base"),
        ("module_utils/_cluster/a.py", "import kubernetes"),
        ("module_utils/_cluster/a.py", "from ansible_collections.kubernetes.core.plugins import module_utils"),
        ("module_utils/_new/a.py", "import json"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, file: str, line: str) -> None:
    _write(tmp_path, file, line)
    assert len(violations(tmp_path)) == 1


def test_a_second_file_with_the_client_is_found(tmp_path: Path) -> None:
    guarded = "try:\n    import kubernetes\nexcept ImportError:\n    pass"
    _write(tmp_path, "module_utils/_cluster/a.py", guarded)
    assert violations(tmp_path) == []
    _write(tmp_path, "module_utils/_ansible/b.py", guarded)
    assert len(violations(tmp_path)) == 1


def _write(plugins: Path, file: str, text: str) -> None:
    (plugins / file).parent.mkdir(parents=True, exist_ok=True)
    (plugins / file).write_text(text + "\n", encoding="utf-8")
