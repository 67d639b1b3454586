# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cluster that was named for testing, with a namespace for the identities of this run, and one of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import typing as t
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.tests.setup.playing import CLUSTER, Own
from ansible_collections.aiops.kubernetes.tests.setup.stand_ins import charts


def pytest_configure() -> None:
    """A run that is asked to end takes its own cluster down: SIGTERM would end pytest, and each of its workers, on the spot."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The cluster that was named for testing; no other is ever touched."""
    given = os.environ.get("AIOPS_TEST_KUBECONFIG")
    assert given, "name a test cluster in AIOPS_TEST_KUBECONFIG"
    return Path(given)


@pytest.fixture(scope="session")
def place() -> str:
    return f"it-access-{uuid.uuid4().hex[:6]}"


@pytest.fixture(scope="session")
def own() -> Iterator[Own]:
    """A cluster without addons, for what would change one that others use."""
    name = f"setup-{uuid.uuid4().hex[:6]}"
    command = [*CLUSTER, "up", "--name", name, "--addons", "none"]
    try:
        up = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
        yield Own(name, Path(up.stdout.strip().rpartition("export KUBECONFIG=")[2].strip("'\"")))
    finally:
        subprocess.run([*CLUSTER, "down", "--name", name], capture_output=True, timeout=300, check=True)


@pytest.fixture(scope="session")
def helm() -> Path:
    done = subprocess.run([*CLUSTER, "helm"], capture_output=True, text=True, timeout=600, check=True)
    return Path(done.stdout.strip().splitlines()[-1])


@pytest.fixture(scope="session")
def registry(helm: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An OCI registry on loopback with the two charts; its address, as helm wants it."""
    folder = tmp_path_factory.mktemp("registry")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    host = f"127.0.0.1:{port}"
    storage = {"filesystem": {"rootdirectory": str(folder / "data")}}
    log = {"level": "error", "accesslog": {"disabled": True}}
    (folder / "config.yml").write_text(
        json.dumps({"version": 0.1, "log": log, "storage": storage, "http": {"addr": host}})
    )
    with subprocess.Popen(
        ["docker-registry", "serve", folder / "config.yml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for("127.0.0.1", port)
            for chart in charts.write(folder / "charts", charts.VERSION):
                subprocess.run([helm, "package", chart, "-d", folder], capture_output=True, check=True)
                archive = folder / f"{chart.name}-{charts.VERSION}.tgz"
                subprocess.run(
                    [helm, "push", "--plain-http", archive, f"oci://{host}/stand-in"], capture_output=True, check=True
                )
            yield f"oci://{host}/stand-in"
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def kagent(own: Own, helm: Path, registry: str) -> dict[str, t.Any]:
    return {
        "aiops_kubeconfig": str(own.kubeconfig),
        "aiops_setup": ["kagent"],
        "kagent_charts": registry,
        "kagent_version": charts.VERSION,
        "kagent_helm": str(helm),
        "kagent_model": "scripted",
        "kagent_model_url": "http://127.0.0.1:1/v1",
        "kagent_key_secret": "model-key",
        "kagent_wait": 90,
    }


def _wait_for(host: str, port: int) -> None:
    for _attempt in range(100):
        try:
            socket.create_connection((host, port), timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"nobody listens on {host}:{port}")
