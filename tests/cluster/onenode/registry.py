# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of a docker-registry, written directly: its format is stable and no server is needed to fill it.

Blobs come first and a tag's link last, each by rename, so that a serving registry never sees half an image.
"""

from __future__ import annotations

import os
from pathlib import Path

from .images import Image, digest_of


def store(root: Path, repository: str, tags: list[str], image: Image) -> str:
    """Add an image to the registry's folder under these tags and return its digest."""
    base = root / "docker/registry/v2"
    folder = base / "repositories" / repository
    for blob in (*image.layers, image.configuration):
        _blob(base, blob)
        _link(folder / "_layers", digest_of(blob))
    digest = _blob(base, image.manifest)
    _link(folder / "_manifests/revisions", digest)
    for tag in tags:
        tag_folder = folder / "_manifests/tags" / tag
        _link(tag_folder / "index", digest)
        _write(tag_folder / "current/link", digest.encode())
    return digest


def _blob(base: Path, data: bytes) -> str:
    digest = digest_of(data)
    value = digest.removeprefix("sha256:")
    path = base / "blobs/sha256" / value[:2] / value / "data"
    if not path.exists():
        _write(path, data)
    return digest


def _link(folder: Path, digest: str) -> None:
    _write(folder / "sha256" / digest.removeprefix("sha256:") / "link", digest.encode())


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(data)
    temporary.replace(path)
