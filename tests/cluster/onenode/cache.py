# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders that take long to make, kept by a key of what they are made from."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from .locks import locked


def key_of(parts: Iterable[str | Path]) -> str:
    """Return a short digest of texts and the contents of files, in the given order."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part.encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()[:16]


def cached(cache: Path, name: str, key: str, make: Callable[[Path], None]) -> Path:
    """Return the folder `name-key`; where it is missing, `make` fills an empty one, which then gets the name.

    A folder with the final name is therefore always whole.  What a killed run left is removed by the next one.
    """
    final = cache / f"{name}-{key}"
    if final.is_dir():
        return final
    with locked(cache / f".{name}.lock", f"another process is making {name}"):
        if final.is_dir():
            return final
        for left in cache.glob(f".{name}-*.new"):
            shutil.rmtree(left)
        temporary = cache / f".{name}-{key}.new"
        temporary.mkdir(parents=True)
        try:
            make(temporary)
            temporary.rename(final)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return final
