# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container images from bytes: deterministic tar layers, configuration and manifest (Docker schema 2)."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
_LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_EPOCH = "1970-01-01T00:00:00Z"

PASSWD = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
GROUP = b"root:x:0:\nnogroup:x:65534:\n"


@dataclass(frozen=True)
class Layer:
    """One layer: the digest of its tar, and the gzip'ed tar that goes over the wire."""

    diff_id: str
    blob: bytes


@dataclass(frozen=True)
class Image:
    """An image as a registry holds it: the blobs of its layers, the configuration and the manifest."""

    layers: tuple[bytes, ...]
    configuration: bytes
    manifest: bytes


def digest_of(data: bytes) -> str:
    """Return the digest by which registries name a blob."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(
    files: Mapping[str, tuple[bytes, int]],
    links: Mapping[str, str] | None = None,
    folders: Mapping[str, int] | None = None,
) -> Layer:
    """Make a layer of files (path: content and mode), symbolic links (path: target) and folders (path: mode)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, mode in sorted((folders or {}).items()):
            archive.addfile(_member(path, tarfile.DIRTYPE, mode))
        for path, (content, mode) in sorted(files.items()):
            entry = _member(path, tarfile.REGTYPE, mode)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for path, target in sorted((links or {}).items()):
            entry = _member(path, tarfile.SYMTYPE, 0o777)
            entry.linkname = target
            archive.addfile(entry)
    return _packed(buffer.getvalue())


def layer_of_folder(root: Path, skip: Sequence[str] = ()) -> Layer:
    """Make a layer of a folder's contents with owners and modes, without times and without the paths in `skip`."""

    def keep(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if any(entry.name == path or entry.name.startswith(path + "/") for path in skip):
            return None
        entry.mtime = 0
        entry.uname = entry.gname = ""
        return entry

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for child in sorted(root.iterdir()):
            archive.add(child, arcname=child.name, filter=keep)
    return _packed(buffer.getvalue())


def image(layers: Sequence[Layer], settings: Mapping[str, object]) -> Image:
    """Put layers and settings (Cmd, Entrypoint, Env, … as Docker names them) together."""
    configuration = _json(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": _EPOCH,
            "config": dict(settings),
            "rootfs": {"type": "layers", "diff_ids": [one.diff_id for one in layers]},
            "history": [{"created": _EPOCH, "created_by": "aiops.kubernetes test cluster"} for _layer in layers],
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": _descriptor(_CONFIG_TYPE, configuration),
            "layers": [_descriptor(_LAYER_TYPE, one.blob) for one in layers],
        }
    )
    return Image(tuple(one.blob for one in layers), configuration, manifest)


def program_image(name: str, program: bytes) -> Image:
    """Make an image that holds nothing but one static program, which is its entrypoint."""
    files = {name: (program, 0o755), "etc/passwd": (PASSWD, 0o644), "etc/group": (GROUP, 0o644)}
    only = layer(files, folders={"etc": 0o755, "tmp": 0o1777})
    return image([only], {"Entrypoint": [f"/{name}"], "WorkingDir": "/"})


def pause_program() -> bytes:
    """Return a static x86-64 ELF program of 132 bytes that does nothing but wait (pause(2) in a loop)."""
    code = bytes.fromhex("b8220000000f05ebf7")  # mov eax,34; syscall; jmp back
    base, start = 0x400000, 64 + 56
    identification = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = struct.pack("<16sHHIQQQIHHHHHH", identification, 2, 62, 1, base + start, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    size = start + len(code)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x1000)
    return header + segment + code


def _member(path: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.type = kind
    entry.mode = mode
    return entry


def _packed(tar: bytes) -> Layer:
    return Layer(digest_of(tar), gzip.compress(tar, 1, mtime=0))


def _descriptor(media_type: str, data: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "size": len(data), "digest": digest_of(data)}


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
