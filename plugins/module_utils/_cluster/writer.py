# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guarded writes to a cluster: JSON patches and deletions that hold only for the object that was planned on."""

from __future__ import annotations

import json
import re
import typing as t

from .._model import fields
from .._model.evidence import KINDS
from .._model.objects import Ref
from .._model.plan import Operations
from .._model.writing import NotAllowed, NotAsPlanned
from .connection import Connection, Refused
from .live import path_of
from .reducing import reduced

FIELD_MANAGER: t.Final = "aiops.kubernetes"
_JSON_PATCH: t.Final = {"Content-Type": "application/json-patch+json"}
_JSON: t.Final = {"Content-Type": "application/json"}
# k8s.io/apiserver/pkg/endpoints/handlers/responsewriters: forbiddenMessage
_NO_RIGHT: t.Final = re.compile(r"\bcannot \S+ (?:resource|path) \"")
_REVIEWS: t.Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


class GuardedWriter:
    """Writes to one cluster as our own field manager."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, target: Ref) -> fields.Json | None:
        try:
            return t.cast("fields.Json", json.loads(self._connection.get(_object_path(target))))
        except Refused as exc:
            if exc.status == 404:
                return None
            raise NotAllowed(exc.message, _may_not(exc)) from exc

    def patch(self, target: Ref, operations: Operations, dry_run: bool) -> fields.Json:
        body = json.dumps(operations).encode()
        return reduced(target.kind, json.loads(self._write("PATCH", _object_path(target), dry_run, _JSON_PATCH, body)))

    def delete(self, target: Ref, uid: str, resource_version: str, dry_run: bool) -> None:
        options: dict[str, t.Any] = {"preconditions": {"uid": uid, "resourceVersion": resource_version}}
        if dry_run:
            options["dryRun"] = ["All"]  # the server reads no option from the query where there is a body
        self._write("DELETE", _object_path(target), dry_run, _JSON, json.dumps(options).encode())

    def create(self, target: Ref, manifest: fields.Json, dry_run: bool) -> fields.Json:
        name = {"generateName": "aiops-dry-run-"} if dry_run else {"name": target.name}
        metadata = {key: value for key, value in fields.get_dict(manifest, "metadata").items() if key != "name"} | name
        body = {**manifest, **_type_of(target.kind), "metadata": metadata}
        path = path_of(target.kind, target.namespace or None)
        return reduced(target.kind, json.loads(self._write("POST", path, dry_run, _JSON, json.dumps(body).encode())))

    def may(self, verb: str, target: Ref) -> bool:
        group, resource = _group_and_resource(target.kind)
        asked = {"verb": verb, "group": group, "resource": resource, "namespace": target.namespace}
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
        content = json.dumps({**body, "spec": {"resourceAttributes": asked}}).encode()
        answer = json.loads(self._write("POST", _REVIEWS, False, _JSON, content))
        return fields.get_dict(answer, "status").get("allowed") is True

    def try_pod(self, namespace: str, template: fields.Json) -> None:
        metadata = {**fields.get_dict(template, "metadata"), "generateName": "aiops-dry-run-", "namespace": namespace}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": fields.get_dict(template, "spec")}
        self._write("POST", path_of("Pod", namespace), True, _JSON, json.dumps(pod).encode())

    def _write(self, method: str, path: str, dry_run: bool, headers: t.Mapping[str, str], body: bytes) -> bytes:
        query = {"fieldManager": FIELD_MANAGER} if method != "DELETE" else {}
        if dry_run:
            query["dryRun"] = "All"
        try:
            return self._connection.send(method, path, query, headers, body)
        except Refused as exc:
            if exc.status in (404, 409) or (exc.status == 422 and not exc.has_causes):
                raise NotAsPlanned(exc.message) from exc
            raise NotAllowed(exc.message, _may_not(exc)) from exc


def _may_not(refused: Refused) -> bool:
    """Whether the identity has no right to it: admission (a quota, a security standard) answers 403, too, in other words."""
    return refused.status == 403 and _NO_RIGHT.search(refused.message) is not None


def _group_and_resource(kind: str) -> tuple[str, str]:
    path = _known(kind).split("/")
    return (path[2] if path[1] == "apis" else ""), path[-1]


def _type_of(kind: str) -> fields.Json:
    return {"apiVersion": _known(kind).rpartition("/")[0].removeprefix("/apis/").removeprefix("/api/"), "kind": kind}


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise NotAllowed(f"{kind} is no kind that this collection writes", forbidden=False)
    return KINDS[kind]


def _object_path(target: Ref) -> str:
    _known(target.kind)
    return f"{path_of(target.kind, target.namespace or None)}/{target.name}"
