# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases of kubectl-ai on loopback, with a stand-in for the program: the real one can't be had from package registries."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.server
import io
import tarfile
import threading
import typing as t
from collections.abc import Iterator, Mapping

Members = Mapping[str, bytes | tarfile.TarInfo]


def stand_in(version: str, says: str = "", status: int = 0) -> bytes:
    """A program that says that it is none, and the version; ``says`` is one that it says in its place."""
    lines = ["#!/bin/sh", "echo 'this is a stand-in for kubectl-ai'", f"echo 'version: {says or version}'"]
    return "\n".join([*lines, f"exit {status}", ""]).encode()


def archive(members: Members) -> bytes:
    """What a release publishes: a tar.gz of these members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
            else:
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(content), 0o755
                tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(buffer.getvalue())


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Mirror(t.NamedTuple):
    """What is served, by path, and which paths were asked for."""

    address: str
    files: dict[str, bytes]
    asked: list[str]


@contextlib.contextmanager
def mirror() -> Iterator[Mirror]:
    """A web server on a free port of loopback."""
    files: dict[str, bytes] = {}
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            content = files.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield Mirror(f"http://127.0.0.1:{server.server_port}", files, asked)
        finally:
            server.shutdown()
