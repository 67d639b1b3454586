# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which objects our field manager has written to, by the cluster's own managedFields; only metadata is read."""

from __future__ import annotations

import json
import typing as t

from .._model import fields
from .._model.objects import ref_of
from .._model.written import Written
from .connection import Connection, Refused
from .live import METADATA_ONLY, PAGE, LiveReader, path_of
from .writer import FIELD_MANAGER

# The kinds that plans write to.
_KINDS: t.Final = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Service", "Pod")


def written(connection: Connection, namespaces: t.Sequence[str]) -> tuple[list[Written], list[str]]:
    """The newest write of ours to each object, and what could not be read."""
    cluster = LiveReader(connection).cluster().uid
    found: list[Written] = []
    unread: list[str] = []
    for kind in _KINDS:
        for namespace in namespaces or (None,):
            try:
                found += [_written(cluster, kind, item, at) for item, at in _ours(connection, kind, namespace)]
            except Refused as exc:
                unread.append(f"{kind}{f' of namespace {namespace}' if namespace else ''}: {exc.message}")
    return found, unread


def _written(cluster: str | None, kind: str, item: dict[str, t.Any], at: str) -> Written:
    return Written(cluster, ref_of(item, kind), at)


def _ours(connection: Connection, kind: str, namespace: str | None) -> t.Iterator[tuple[dict[str, t.Any], str]]:
    going_on = ""
    while True:
        query = {"limit": PAGE, **({"continue": going_on} if going_on else {})}
        page = json.loads(connection.get(path_of(kind, namespace), query, METADATA_ONLY))
        for item in fields.get_dicts(page, "items"):
            times = [
                fields.get_str(entry, "time")
                for entry in fields.get_dicts(item, "metadata", "managedFields")
                if fields.get_str(entry, "manager") == FIELD_MANAGER
            ]
            if times:
                yield item, max(times)
        going_on = fields.get_str(fields.get_dict(page, "metadata"), "continue")
        if not going_on:
            return
