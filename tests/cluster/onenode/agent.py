# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image of kagent's agent runtime, from PyPI: the one part of kagent that can be had from package registries."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from . import build, images, registry
from .cache import cached, key_of
from .commands import contained, run_long
from .layout import SOURCES

REPOSITORY = "ghcr.io/kagent-dev/kagent/app"
VERSION = "0.10.4"
_PINS = SOURCES / "kagent-adk.txt"
_START = ["python3", "-c", "from kagent.adk.cli import run_cli; run_cli()"]


def publish(cache: Path, parts: build.Parts) -> str:
    """Build what is missing, put the image into the mirror, which may be serving, and return its name."""
    key = key_of([_PINS, "1"])
    done = parts.images / f"published-kagent-adk-{key}"
    if not done.exists():
        folder = cached(cache, "kagent-adk", key, lambda target: _make(cache, target))
        shared = build.debian_layer(cache)
        own = images.Layer((folder / "diff_id").read_text(encoding="ascii"), (folder / "layer.tar.gz").read_bytes())
        settings = {"Entrypoint": _START, "Env": ["PATH=/usr/bin:/bin", "PYTHONPATH=/opt/kagent", "HOME=/tmp"]}
        registry.store(parts.images / "mirror", REPOSITORY, [VERSION], images.image([shared, own], settings))
        done.touch()
    return f"{REPOSITORY}:{VERSION}"


def _make(cache: Path, folder: Path) -> None:
    root = folder / "root"
    options = ["--no-deps", "--only-binary", ":all:", "--quiet", "--requirement", str(_PINS)]
    pip = [sys.executable, "-m", "pip", "install", "--target", str(root / "opt/kagent"), *options]
    what = f"kagent-adk {VERSION} from PyPI, once about 2 minutes"
    run_long(what, contained(pip), cache / "logs/kagent-adk.log", os.environ)
    layer = images.layer_of_folder(root)
    (folder / "diff_id").write_text(layer.diff_id, encoding="ascii")
    (folder / "layer.tar.gz").write_bytes(layer.blob)
    shutil.rmtree(root)
