# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A snapshot: everything that one diagnosis read, redacted, in one file; and the reader that gives it back."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import tempfile
import typing as t
from pathlib import Path

from .._model import fields, moments
from .._model.errors import AiopsError
from .._model.evidence import CLUSTER_SCOPED, Cluster, Evidence, Log, LogRequest, Scope, Stats, Unreadable
from .._model.secrets import redact, redact_object
from .._model.selectors import matcher

SCHEMA: t.Final = "aiops.kubernetes/snapshot/1"
_NAME: t.Final = re.compile(r"[A-Za-z0-9][\w.:-]*", re.ASCII)
_SCHEMA_NAME, _SCHEMA_VERSION = SCHEMA.rsplit("/", 1)


class SnapshotReader:
    """Reads a snapshot as if it were the cluster at the moment it was taken."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence

    def read(self, scope: Scope) -> Evidence:
        whole = self._evidence
        _require_covered(scope, whole)
        wanted = set(scope.namespaces or whole.scope.namespaces)
        matches = matcher(scope.label_selector)
        objects = {
            kind: [
                item
                for item in items
                if (kind in CLUSTER_SCOPED or not wanted or fields.get_str(item, "metadata", "namespace") in wanted)
                and (kind != "Pod" or matches(fields.get_dict(item, "metadata", "labels")))
            ]
            for kind, items in whole.objects.items()
        }
        combined = Scope(tuple(sorted(wanted)), scope.label_selector or whole.scope.label_selector)
        return dataclasses.replace(whole, scope=combined, objects=objects, logs={}, stats=Stats(0, 0.0))

    def read_logs(self, evidence: Evidence, requests: t.Sequence[LogRequest]) -> Evidence:
        runs = [
            run
            for request in requests
            for run in (request, dataclasses.replace(request, previous=not request.previous))
        ]
        logs = {run: self._evidence.logs[run] for run in runs if run in self._evidence.logs}
        return evidence.with_logs(logs, (), evidence.stats)


def save(evidence: Evidence, path: str) -> None:
    """Write the file at once or not at all, readable by its owner only."""
    content = _one_object_a_line(_as_json(evidence))
    target = Path(path).absolute()
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".snapshot-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(content + "\n")
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink()
            raise
    except OSError as exc:
        raise AiopsError(f"The snapshot can't be written to {path}: {exc.strerror or exc}.") from exc


def load(path: str) -> SnapshotReader:
    """The snapshot in the file; an AiopsError where there is none, or it is damaged or of another make."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as exc:
        raise AiopsError(
            f"The snapshot {path} can't be read: {exc.strerror or exc}. Name a file that cluster_snapshot wrote."
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise AiopsError(
            f"{path} is damaged or no snapshot: it is not JSON ({exc}). Take a new one with cluster_snapshot."
        ) from exc
    name, _slash, version = fields.get_str(content, "schema").rpartition("/")
    if name != _SCHEMA_NAME:
        raise AiopsError(
            f"{path} is no snapshot: its schema is {fields.get_str(content, 'schema') or 'missing'}, expected {SCHEMA}."
        )
    if version != _SCHEMA_VERSION:
        raise AiopsError(
            f"{path} is a snapshot of version {version}; this release reads version {_SCHEMA_VERSION}. Take a new one."
        )
    if not _is_whole(content):
        raise AiopsError(
            f"{path} is damaged: its pods, objects or time are missing, or a name is none. Take a new one with cluster_snapshot."
        )
    return SnapshotReader(_from_json(content))


def _one_object_a_line(content: t.Mapping[str, t.Any]) -> str:
    """JSON that is small and that a version control system can still compare."""
    objects = content["objects"]
    kinds = [
        f"{json.dumps(kind)}: [\n"
        + ",\n".join(json.dumps(item, sort_keys=True, ensure_ascii=False) for item in objects[kind])
        + "\n]"
        for kind in objects
    ]
    rest = json.dumps({key: value for key, value in content.items() if key != "objects"}, indent=1, ensure_ascii=False)
    return rest.removesuffix("\n}") + ',\n "objects": {\n' + ",\n".join(kinds) + "\n}}"


def _is_whole(content: t.Mapping[str, t.Any]) -> bool:
    objects = fields.get_dict(content, "objects")
    lists = all(isinstance(items, list) and all(isinstance(item, dict) for item in items) for items in objects.values())
    return (
        lists
        and "Pod" in objects
        and _has_names(objects)
        and moments.earliest(fields.get_str(content, "observed_at")) is not None
    )


def _has_names(objects: t.Mapping[str, t.Any]) -> bool:
    """Whether every name is one that an API server allows: names stand in the commands that a person is told to run."""
    named = [fields.get_dict(item, "metadata") for items in objects.values() for item in items]
    named += [
        container
        for pod in objects.get("Pod", ())
        for spec_list in ("initContainers", "containers")
        for container in fields.get_dicts(pod, "spec", spec_list)
    ]
    return all(
        _NAME.fullmatch(fields.get_str(each, field))
        for each in named
        for field in ("name", "namespace")
        if fields.get_str(each, field)
    )


def _as_json(evidence: Evidence) -> dict[str, t.Any]:
    return {
        "schema": SCHEMA,
        "observed_at": evidence.observed_at,
        "cluster": dataclasses.asdict(evidence.cluster),
        "scope": {"namespaces": list(evidence.scope.namespaces), "label_selector": evidence.scope.label_selector},
        "objects": {kind: [redact_object(item) for item in items] for kind, items in evidence.objects.items()},
        "logs": [
            {**dataclasses.asdict(request), "text": redact(log.text), "at_once": log.at_once}
            for request, log in sorted(evidence.logs.items())
        ],
        "unreadable": [dataclasses.asdict(gap) for gap in evidence.unreadable],
    }


def _from_json(content: t.Mapping[str, t.Any]) -> Evidence:
    cluster = fields.get_dict(content, "cluster")
    scope = fields.get_dict(content, "scope")
    return Evidence(
        observed_at=fields.get_str(content, "observed_at"),
        cluster=Cluster(*(fields.get_str(cluster, field.name) or None for field in dataclasses.fields(Cluster))),
        scope=Scope(tuple(fields.get_strs(scope, "namespaces")), fields.get_str(scope, "label_selector") or None),
        objects={kind: fields.get_dicts(content, "objects", kind) for kind in fields.get_dict(content, "objects")},
        logs={
            LogRequest(
                fields.get_str(log, "namespace"),
                fields.get_str(log, "pod"),
                fields.get_str(log, "container"),
                log.get("previous") is True,
            ): Log(fields.get_str(log, "text"), fields.get_int(log, "at_once") or 1)
            for log in fields.get_dicts(content, "logs")
        },
        unreadable=tuple(
            Unreadable(
                fields.get_str(gap, "resource"),
                fields.get_str(gap, "namespace") or None,
                fields.get_int(gap, "status"),
                fields.get_str(gap, "message"),
            )
            for gap in fields.get_dicts(content, "unreadable")
        ),
    )


def _require_covered(asked: Scope, taken: Evidence) -> None:
    # Every namespace holds at least a ServiceAccount of its own.
    seen = {fields.get_str(item, "metadata", "namespace") for items in taken.objects.values() for item in items}
    missing = [name for name in asked.namespaces if name not in (taken.scope.namespaces or seen)]
    if missing:
        covered = ", ".join(taken.scope.namespaces or sorted(seen - {""}))
        raise AiopsError(f"The snapshot does not cover namespace {', '.join(missing)}; it covers: {covered}.")
