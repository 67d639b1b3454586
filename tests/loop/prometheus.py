# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Prometheus on the loopback interface, which scrapes itself every second."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PACKAGE: Final = "prometheus"
_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Prometheus:
    address: str
    folder: Path

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def watch(self, namespace: str, name: str) -> None:
        """Know its own series as those of this workload, too."""
        labels = {"namespace": namespace, "name": name}
        content = json.dumps([{"targets": [self.address], "labels": labels}])
        (self.folder / "new").write_text(content)
        (self.folder / "new").replace(self.folder / f"{namespace}.json")
        _until(lambda: f'"{namespace}"' in _get(self.address, "/api/v1/query?query=up"), f"a series of {namespace}")


@contextmanager
def prometheus(folder: Path) -> Iterator[Prometheus]:
    """One that ends with the block; ``folder`` is where it keeps what it knows."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    scrape = {"job_name": "itself", "scrape_interval": "1s", "file_sd_configs": [{"files": [f"{folder}/*.json"]}]}
    (folder / "prometheus.yml").write_text(json.dumps({"scrape_configs": [scrape]}))
    command = [
        str(_program()),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            _until(lambda: process.poll() is not None or "Ready" in _get(address, "/-/ready"), "Prometheus")
            if process.poll() is not None:
                raise AssertionError(f"Prometheus has ended: {(folder / 'log').read_text()[-2000:]}")
            yield Prometheus(address, folder)
        finally:
            process.terminate()
            process.wait(timeout=_SECONDS)


def _program() -> Path:
    """Debian's, out of its package, which is not installed: nothing shall start it."""
    if found := shutil.which(_PACKAGE):
        return Path(found)
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aiops-kubernetes" / _PACKAGE
    program = caches / "usr" / "bin" / _PACKAGE
    if not program.exists():
        aside = caches.with_name(f"{_PACKAGE}.{os.getpid()}")
        aside.mkdir(parents=True)
        try:
            _unpack(aside)
            if not caches.exists():
                aside.rename(caches)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return program


def _unpack(folder: Path) -> None:
    download = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", _PACKAGE]
    if subprocess.run(download, cwd=folder, capture_output=True, check=False).returncode:
        subprocess.run(["apt-get", "-qq", "update"], capture_output=True, check=True)
        subprocess.run(download, cwd=folder, capture_output=True, check=True)
    [package] = folder.glob("*.deb")
    subprocess.run(["dpkg-deb", "--extract", str(package), str(folder)], check=True)
    package.unlink()


def _until(done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _SECONDS
    while not done():
        if time.monotonic() > end:
            raise AssertionError(f"waited {_SECONDS:.0f} s in vain for {what}")
        time.sleep(0.2)


def _get(address: str, path: str) -> str:
    """What it answers, or nothing where it does not."""
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    except OSError:
        return ""
    finally:
        connection.close()
