# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images: the same input gives the same bytes, and what containerd reads is right."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from onenode import images, recipes, registry


def _members(layer: images.Layer) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(layer.blob))) as archive:
        return {entry.name: entry for entry in archive}


def test_layer_does_not_depend_on_order_or_time() -> None:
    one = images.layer({"b": (b"2", 0o644), "a": (b"1", 0o755)}, {"l": "a"}, {"d": 0o1777})
    two = images.layer({"a": (b"1", 0o755), "b": (b"2", 0o644)}, {"l": "a"}, {"d": 0o1777})
    assert one == two
    assert one != images.layer({"a": (b"1", 0o644), "b": (b"2", 0o644)}, {"l": "a"}, {"d": 0o1777})


def test_layer_holds_files_links_and_folders() -> None:
    members = _members(images.layer({"bin/sh": (b"program", 0o755)}, {"bin/ls": "sh"}, {"tmp": 0o1777}))
    assert list(members) == ["tmp", "bin/sh", "bin/ls"]
    assert members["bin/sh"].mode == 0o755
    assert members["bin/sh"].size == len(b"program")
    assert members["bin/ls"].linkname == "sh"
    assert members["tmp"].isdir()
    assert members["tmp"].mode == 0o1777


def test_diff_id_is_of_the_tar_and_not_of_the_blob() -> None:
    layer = images.layer({"a": (b"1", 0o644)})
    assert layer.diff_id == images.digest_of(gzip.decompress(layer.blob))
    assert layer.diff_id != images.digest_of(layer.blob)


def test_folder_layer_keeps_modes_and_leaves_out_what_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "etc/apt").mkdir(parents=True)
    (tmp_path / "etc/passwd").write_text("root", encoding="utf-8")
    (tmp_path / "etc/apt/list").write_text("x", encoding="utf-8")
    (tmp_path / "etc/aptitude").write_text("x", encoding="utf-8")
    (tmp_path / "etc/passwd").chmod(0o600)
    members = _members(images.layer_of_folder(tmp_path, ["etc/apt"]))
    assert set(members) == {"etc", "etc/passwd", "etc/aptitude"}
    assert members["etc/passwd"].mode == 0o600


def test_folder_layer_does_not_depend_on_times(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")
    before = images.layer_of_folder(tmp_path)
    os.utime(file, (1, 1))
    assert images.layer_of_folder(tmp_path) == before


def test_manifest_describes_configuration_and_layers() -> None:
    layer = images.layer({"a": (b"1", 0o644)})
    image = images.image([layer], {"Cmd": ["sh"]})
    manifest, configuration = json.loads(image.manifest), json.loads(image.configuration)
    assert manifest["config"]["digest"] == images.digest_of(image.configuration)
    assert manifest["layers"] == [
        {
            "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "size": len(layer.blob),
            "digest": images.digest_of(layer.blob),
        }
    ]
    assert configuration["rootfs"]["diff_ids"] == [layer.diff_id]
    assert configuration["config"] == {"Cmd": ["sh"]}


def test_program_image_starts_its_program() -> None:
    configuration = json.loads(images.program_image("coredns", b"program").configuration)
    assert configuration["config"]["Entrypoint"] == ["/coredns"]


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the program is for x86-64")
def test_pause_program_runs_and_waits(tmp_path: Path) -> None:
    program = tmp_path / "pause"
    program.write_bytes(images.pause_program())
    program.chmod(0o755)
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([program], timeout=0.3, check=False)


def test_registry_folder_leads_from_the_tag_to_every_blob(tmp_path: Path) -> None:
    image = images.program_image("x", b"program")
    digest = registry.store(tmp_path, "docker.io/library/x", ["latest", "1"], image)
    base = tmp_path / "docker/registry/v2"
    link = base / "repositories/docker.io/library/x/_manifests/tags/1/current/link"
    assert link.read_text(encoding="ascii") == digest
    value = digest.removeprefix("sha256:")
    stored = (base / "blobs/sha256" / value[:2] / value / "data").read_bytes()
    assert stored == image.manifest
    manifest = json.loads(stored)
    for part in [manifest["config"], *manifest["layers"]]:
        value = part["digest"].removeprefix("sha256:")
        assert (base / "blobs/sha256" / value[:2] / value / "data").stat().st_size == part["size"]
        assert (base / "repositories/docker.io/library/x/_layers/sha256" / value / "link").is_file()
    assert not list(tmp_path.rglob(".*"))


def test_registry_folder_moves_a_tag_to_the_newer_image(tmp_path: Path) -> None:
    registry.store(tmp_path, "x", ["latest"], images.program_image("x", b"old"))
    digest = registry.store(tmp_path, "x", ["latest"], images.program_image("x", b"new"))
    link = tmp_path / "docker/registry/v2/repositories/x/_manifests/tags/latest/current/link"
    assert link.read_text(encoding="ascii") == digest


def _tag(root: Path, name: str) -> str:
    repository, _colon, tag = name.rpartition(":")
    path = root / "docker/registry/v2/repositories" / repository / "_manifests/tags" / tag / "current/link"
    return path.read_text(encoding="ascii")


def test_recipes_give_every_version_its_own_digest(tmp_path: Path) -> None:
    recipes.store_debian_images(tmp_path, images.layer({"etc/debian_version": (b"12", 0o644)}))
    assert _tag(tmp_path, "docker.io/library/nginx:1.27") == _tag(tmp_path, "docker.io/library/nginx:latest")
    assert _tag(tmp_path, "docker.io/library/nginx:1.27") != _tag(tmp_path, "docker.io/library/nginx:1.25")
    for name in ("redis:7", "redis:latest", "python:3.11-slim", "python:latest", "debian:bookworm", "debian:latest"):
        assert _tag(tmp_path, f"docker.io/library/{name}").startswith("sha256:")
    assert _tag(tmp_path, "docker.io/curlimages/curl:latest").startswith("sha256:")
