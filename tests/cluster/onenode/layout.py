# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, addresses and paths of a test cluster.  Nothing here touches the machine."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent
DEFAULT_NAME = "aiops"

NODE_NAME = "node-1"
NODE_ADDRESS = "10.244.0.1"
POD_RANGE = "10.244.0.0/24"
SERVICE_RANGE = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"
DNS_ADDRESS = "10.96.0.10"
API_PORT = 6443  # inside the cluster's network namespace; outside it is a free port
MIRROR_PORT = 5055  # inside
PRIVATE_REGISTRY = "private.registry.test"
PRIVATE_REGISTRY_USER = "puller"
PRIVATE_REGISTRY_PASSWORD = "test-only"
RUN_FOLDER = Path("/run/aiops-kubernetes")  # what all clusters of the machine share; gone after a reboot
CLUSTER_VARIABLE = "AIOPS_TEST_CLUSTER"  # in the environment of every process that we start for a cluster

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?")


@dataclass(frozen=True)
class Layout:
    """Where one named cluster keeps its things."""

    name: str
    state: Path

    @property
    def cgroup(self) -> str:
        """Return the cgroup below which all pods run; two state folders with one name do not meet."""
        return f"aiops-{self.name}-{hashlib.sha256(str(self.state).encode()).hexdigest()[:6]}"

    @property
    def context(self) -> str:
        """Return the name of the kubeconfig's context, which says that this is a test cluster."""
        return f"aiops-test-{self.name}"

    @property
    def kubeconfig(self) -> Path:
        """Return the file for people and tests."""
        return self.state / "admin.kubeconfig"

    @property
    def inner_kubeconfig(self) -> Path:
        """Return the administrator's file for commands that run inside the namespaces."""
        return self.state / "inner.kubeconfig"

    @property
    def audit_log(self) -> Path:
        """Return the API server's audit log, one JSON event a line."""
        return self.state / "audit.log"

    @property
    def pki(self) -> Path:
        """Return the folder of keys and certificates."""
        return self.state / "pki"

    @property
    def configuration(self) -> Path:
        """Return the folder of the services' configuration files."""
        return self.state / "configuration"

    @property
    def logs(self) -> Path:
        """Return the folder with one log a service."""
        return self.state / "logs"

    @property
    def pids(self) -> Path:
        """Return the folder with one file a service: its pid as seen inside the namespaces."""
        return self.state / "pids"

    @property
    def volumes(self) -> Path:
        """Return the folder of what is mounted over the node's own folders."""
        return self.state / "volumes"

    @property
    def init_identity(self) -> Path:
        """Return the file that identifies the init process, as seen from outside."""
        return self.state / "init.json"

    @property
    def addons_identity(self) -> Path:
        """Return the file that identifies the background process that builds the addons."""
        return self.state / "addons.json"

    @property
    def ready(self) -> Path:
        """Return the file that `up` writes last: when, port, seconds."""
        return self.state / "ready.json"

    @property
    def lock(self) -> Path:
        """Return the file that is locked while the cluster is started or stopped."""
        return self.state.parent / f".{self.name}.lock"


def valid_name(name: str) -> bool:
    """Tell whether a cluster can have this name: it becomes a folder, a cgroup and a context."""
    return _NAME.fullmatch(name) is not None


def clusters_folder() -> Path:
    """Return the folder that holds one folder a cluster."""
    return _base("XDG_STATE_HOME", ".local/state") / "clusters"


def cache_folder() -> Path:
    """Return the folder of everything that takes long to make."""
    return _base("XDG_CACHE_HOME", ".cache")


def layout_of(name: str) -> Layout:
    """Return the layout of the cluster with this name for the calling user."""
    return Layout(name, clusters_folder() / name)


def _base(variable: str, fallback: str) -> Path:
    value = os.environ.get(variable, "")
    home = Path(value) if value.startswith("/") else Path.home() / fallback
    return home / "aiops-kubernetes"
