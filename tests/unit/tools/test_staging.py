# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A staged copy holds what git would track, and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ansible_collections.aiops.kubernetes.tests.tools.staging import linked_tree, staged_copy


def test_staged_copy(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    (root / "plugins").mkdir(parents=True)
    (root / ".gitignore").write_text("*.cache\n")
    (root / "plugins" / "new.py").write_text("x = 1\n")
    (root / "plugins" / "left.cache").touch()
    (root / "gone.py").touch()
    subprocess.run(["git", "init", "--quiet", root], check=True)
    subprocess.run(["git", "-C", root, "add", "gone.py"], check=True)
    (root / "gone.py").unlink()

    ours = staged_copy(root, tmp_path / "tree")

    assert sorted(str(path.relative_to(ours)) for path in ours.rglob("*") if path.is_file()) == [
        ".gitignore",
        "plugins/new.py",
    ]
    assert ours.relative_to(tmp_path) == Path("tree/ansible_collections/aiops/kubernetes")
    assert (ours.parents[1] / "kubernetes" / "core" / "plugins").is_dir()


def test_linked_tree(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    tree = linked_tree(root, tmp_path / "tree")
    assert (tree / "ansible_collections" / "aiops" / "kubernetes").resolve() == root
