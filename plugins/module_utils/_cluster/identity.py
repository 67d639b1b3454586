# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Identities of a cluster: a token for a while as a kubeconfig of its own, and what the bearer of one can do."""

from __future__ import annotations

import json
import os
import secrets
import typing as t
from pathlib import Path

from .._model import fields
from .._model.access import Rules, rights
from .._model.errors import AiopsError
from .connection import Connection, Refused

_JSON: t.Final = {"Content-Type": "application/json"}
_RULES: t.Final = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"


class Bearer:
    """Whoever a connection is let in as."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rules(self, namespace: str) -> Rules:
        answer = _post(
            self._connection, _RULES, "authorization.k8s.io/v1", "SelfSubjectRulesReview", {"namespace": namespace}
        )
        status = fields.get_dict(answer, "status")
        found = rights([*fields.get_dicts(status, "resourceRules"), *fields.get_dicts(status, "nonResourceRules")])
        known = status.get("incomplete") is False
        return Rules(
            found, None if known else fields.get_str(status, "evaluationError") or "the server does not say why"
        )


def kubeconfig_of(connection: Connection, namespace: str, name: str, seconds: int) -> tuple[fields.Json, str]:
    """A kubeconfig with a new token of a ServiceAccount, and when that expires.  The server may give less or more time."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
    answer = _post(connection, path, "authentication.k8s.io/v1", "TokenRequest", {"expirationSeconds": seconds})
    user = f"system:serviceaccount:{namespace}:{name}"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "cluster", "cluster": {"server": connection.server, **connection.trust}}],
        "users": [{"name": user, "user": {"token": fields.get_str(answer, "status", "token")}}],
        "contexts": [{"name": user, "context": {"cluster": "cluster", "user": user, "namespace": namespace}}],
        "current-context": user,
    }
    return content, fields.get_str(answer, "status", "expirationTimestamp")


def save(content: fields.Json, path: str) -> None:
    """Write a kubeconfig that nobody else can read, whole or not at all."""
    temporary = Path(f"{path}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file)  # YAML reads it, too
        temporary.replace(path)
    except OSError as exc:
        temporary.unlink(missing_ok=True)
        raise AiopsError(f"The kubeconfig {path} can't be written: {exc.strerror}. Choose another path.") from exc


def _post(connection: Connection, path: str, version: str, kind: str, spec: fields.Json) -> fields.Json:
    body = json.dumps({"apiVersion": version, "kind": kind, "spec": spec}).encode()
    try:
        return t.cast("fields.Json", json.loads(connection.send("POST", path, None, _JSON, body)))
    except Refused as exc:
        raise AiopsError(f"The API server {connection.server} refuses a {kind} ({exc.status}): {exc.message}.") from exc
