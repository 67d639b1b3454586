# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CoreDNS and metrics-server as real pods of the cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from . import processes
from .build import Parts, publish_addons
from .commands import output
from .layout import CLUSTER_VARIABLE, SOURCES, Layout
from .progress import say

_WAITS = (
    ("rollout", "status", "deployment/coredns"),
    ("rollout", "status", "deployment/metrics-server"),
    ("wait", "--for=condition=Available", "apiservice/v1beta1.metrics.k8s.io"),
    ("wait", "--for=create", "nodemetrics.metrics.k8s.io/node-1"),
)


def deploy(layout: Layout, parts: Parts, cache: Path) -> None:
    """Put the addons' images into the mirror (building what is missing) and apply their manifests."""
    publish_addons(cache, parts.images)
    for name in ("coredns", "metrics-server"):
        _kubectl(layout, parts, "apply", "--filename", str(SOURCES / f"manifests/{name}.yaml"))
    say("CoreDNS and metrics-server are deployed")


def wait(layout: Layout, parts: Parts) -> None:
    """Wait until names resolve and metrics are served; raises a Problem after two minutes."""
    for argv in _WAITS:
        _kubectl(layout, parts, "--namespace=kube-system", *argv, "--timeout=120s")
    say("CoreDNS and metrics-server are ready")


def deploy_in_background(layout: Layout) -> bool:
    """Build and deploy the addons in a process that outlives this one; False when one is at it already.

    `down` ends it by its identity.
    """
    if processes.alive(processes.load(layout.addons_identity)):
        return False
    with log_of(layout).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(SOURCES / "cluster.py"), "addons", "--name", layout.name],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, CLUSTER_VARIABLE: str(layout.state)},
        )
    identity = processes.identify(process.pid)
    if identity:
        processes.save(identity, layout.addons_identity)
    process.returncode = 0  # it outlives us on purpose
    return True


def log_of(layout: Layout) -> Path:
    """Return the log of the background process."""
    return layout.logs / "addons.log"


def last_word(layout: Layout) -> str:
    """Return the last line of the background process."""
    lines = log_of(layout).read_text(encoding="utf-8").splitlines()
    return lines[-1] if lines else "starting"


def _kubectl(layout: Layout, parts: Parts, *arguments: str) -> None:
    advice = f"look at the pods of kube-system and at {layout.logs}"
    output([parts.binaries / "kubectl", f"--kubeconfig={layout.kubeconfig}", *arguments], advice)
