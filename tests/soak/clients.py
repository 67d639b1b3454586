# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One real diagnosis with each Kubernetes client that is promised, and of a server that lacks a kind.

On a cluster of its own.  Each client is installed from PyPI into a folder of its own, with what it needs itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.connection import Connection, connect

# The oldest that is promised, the last with generated models of the old kind, and the newest there is for this Python.
CLIENTS = ("kubernetes==24.2.0", "kubernetes==31.0.0", "kubernetes")
CLUSTER = [sys.executable, str(Path(__file__).parents[1] / "cluster" / "cluster.py")]
NAME = f"clients-{os.getpid()}"
PACKAGE = "ansible_collections.aiops.kubernetes"
PODS = "/api/v1/namespaces/default/pods"
# No node is as large: the pod waits, which needs no image and no time.
POD = {
    "metadata": {"name": "too-large"},
    "spec": {
        "containers": [{"name": "app", "image": "busybox:1.36", "resources": {"requests": {"cpu": "4000"}}}],
        "automountServiceAccountToken": False,
    },
}
# The same module, once it asks for a version of a group that the server does not serve.
LACKING = """
import runpy, sys
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import evidence
evidence.KINDS["RuntimeClass"] = "/apis/node.k8s.io/v9/runtimeclasses"
sys.argv = ["diagnosis_info", sys.argv[1]]
runpy.run_module("ansible_collections.aiops.kubernetes.plugins.modules.diagnosis_info", run_name="__main__")
"""

Diagnosis = dict[str, t.Any]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            kubeconfig = up()
            failing_pod(connect({"kubeconfig": kubeconfig}))
            arguments = Path(folder) / "arguments.json"
            arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {"kubeconfig": kubeconfig}}))
            for client in CLIENTS:
                with_client(client, Path(folder) / client, arguments)
            lacking_a_kind(arguments)
        finally:
            subprocess.run([*CLUSTER, "down", "--name", NAME], stdout=subprocess.DEVNULL, check=True)


def up() -> str:
    command = [*CLUSTER, "up", "--name", NAME, "--addons", "none"]
    started = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return started.stdout.splitlines()[-1].removeprefix("export KUBECONFIG=")


def failing_pod(connection: Connection) -> None:
    """Make the pod, and wait until the scheduler has said that it can't place it."""
    connection.send("POST", PODS, headers={"Content-Type": "application/json"}, body=json.dumps(POD).encode())
    for _attempt in range(60):
        if b'"reason":"Unschedulable"' in connection.get(f"{PODS}/too-large"):
            return
        time.sleep(0.5)
    sys.exit("The scheduler did not look at the pod within 30 s.")


def with_client(client: str, folder: Path, arguments: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(folder)]
    subprocess.run([*pip, client], check=True)
    path = {**os.environ, "PYTHONPATH": str(folder)}
    version = output(path, "-c", "import kubernetes; print(kubernetes.__version__, kubernetes.__file__)")
    number, place = version.split()
    if not Path(place).is_relative_to(folder):
        sys.exit(f"{client} was not the client that was used, but {place}.")
    found = diagnosis(path, "-m", f"{PACKAGE}.plugins.modules.diagnosis_info", str(arguments))
    expect(f"client {number}", found, [])


def lacking_a_kind(arguments: Path) -> None:
    found = diagnosis(dict(os.environ), "-c", LACKING, str(arguments))
    expect("a server that lacks a kind", found, [("runtimeclasses", 404)])


def expect(name: str, found: Diagnosis, gaps: list[tuple[str, int]]) -> None:
    causes = [(each["cause"], each["workload"]["name"]) for each in found["findings"] if each["workload"]]
    unreadable = [(gap["resource"], gap["status"]) for gap in found["unreadable"]]
    if causes != [("insufficient-resources", "too-large")] or unreadable != gaps:
        sys.exit(
            f"{name}: expected insufficient-resources of Pod too-large and the gaps {gaps}, got {causes}, {unreadable}."
        )
    print(f"ok   {name}: {found['stats']['requests']} requests, Kubernetes {found['cluster']['version']}", flush=True)


def diagnosis(environment: t.Mapping[str, str], *arguments: str) -> Diagnosis:
    told: Diagnosis = json.loads(output(environment, *arguments))["diagnosis"]
    return told


def output(environment: t.Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"This failed with status {done.returncode}: {' '.join(arguments)}\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
