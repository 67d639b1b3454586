# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules that read a cluster do alike: open what shall be read."""

from __future__ import annotations

import os
import re
import typing as t

from .._cluster import snapshot
from .._cluster.connection import Connection, connect
from .._cluster.live import LiveReader
from .._model.errors import AiopsError
from .._model.evidence import Reader, Scope
from .._model.selectors import matcher
from .arguments import CONNECTION, HAS_KUBERNETES_CORE, ArgumentSpec

# RFC 1123, as Kubernetes asks of a namespace.
_DNS_LABEL: t.Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def live_reader(params: t.Mapping[str, t.Any]) -> Reader:
    """The cluster to read."""
    return LiveReader(connection(params))


def connection(params: t.Mapping[str, t.Any]) -> Connection:
    """The cluster that the options, or ``K8S_AUTH_*`` in their place, name."""
    if not HAS_KUBERNETES_CORE:
        raise AiopsError(
            "The collection kubernetes.core is missing. Install it: ansible-galaxy collection install 'kubernetes.core:>=6.0.0,<8.0.0'"
        )
    return connect(connection_options(params, CONNECTION))


def connection_options(params: t.Mapping[str, t.Any], specs: ArgumentSpec) -> dict[str, t.Any]:
    """The connection options that were given, each else from its environment variable."""
    return {name: _option(name, spec, params.get(name)) for name, spec in specs.items()}


def reader(params: t.Mapping[str, t.Any]) -> Reader:
    """The snapshot, where one is given, else the cluster."""
    return snapshot.load(params["snapshot"]) if params["snapshot"] else live_reader(params)


def scope(params: t.Mapping[str, t.Any]) -> Scope:
    """The scope that was asked for; a selector or a name that can't be one is an AiopsError."""
    matcher(params["label_selector"])
    for name in params["namespaces"]:
        if not _DNS_LABEL.fullmatch(name):
            raise AiopsError(f"{name!r} can't be the name of a namespace: small letters, digits and hyphens only.")
    return Scope(tuple(sorted(set(params["namespaces"]))), params["label_selector"] or None)


def _option(name: str, spec: t.Mapping[str, t.Any], given: t.Any) -> t.Any:
    """The option, else its environment variable, as kubernetes.core names them."""
    if given is not None or name == "proxy_headers":
        return given
    names = [name, *spec.get("aliases", ())]
    value = next((value for each in names if (value := os.environ.get(f"K8S_AUTH_{each.upper()}"))), None)
    if value is None:
        return None
    if spec.get("type") == "bool":
        return value.lower() not in {"0", "false", "no"}
    return [item for item in value.split(",") if item] if spec.get("type") == "list" else value
