# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay the collection out as Ansible wants it: under ansible_collections/aiops/kubernetes, its dependency beside it."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

SITE_COLLECTIONS = Path(sysconfig.get_path("purelib")) / "ansible_collections"


def _tree(tree: Path) -> Path:
    """An empty tree with the dependency linked; the path is where our collection belongs."""
    ours = tree / "ansible_collections" / "aiops" / "kubernetes"
    ours.parent.mkdir(parents=True)
    (tree / "ansible_collections" / "kubernetes").symlink_to(SITE_COLLECTIONS / "kubernetes")
    return ours


def linked_tree(root: Path, tree: Path) -> Path:
    """A tree whose collection is the working tree itself."""
    _tree(tree).symlink_to(root, target_is_directory=True)
    return tree


def listed(root: Path, *patterns: str) -> list[str]:
    """The files that git tracks or would track, relative to the root."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    names = subprocess.run(command, check=True, capture_output=True).stdout.decode().split("\0")
    return [name for name in names if name and (root / name).is_file()]


def staged_copy(root: Path, tree: Path) -> Path:
    """A copy of what git tracks or would track: ansible-test refuses links, and a build must not see caches."""
    ours = _tree(tree)
    for name in listed(root):
        (ours / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, ours / name, follow_symlinks=False)
    return ours
