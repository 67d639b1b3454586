# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Figures from the resource metrics API and, where a plan names one, from a Prometheus."""

from __future__ import annotations

import json
import math
import os
import typing as t
import urllib.parse

from .._model import fields, quantity
from .._model.objects import Ref
from .._model.plan import Measures
from .._web.exchange import exchange
from .connection import Connection, Refused

_SECONDS: t.Final = 10
_LARGEST: t.Final = 1024 * 1024
# The token for a Prometheus that asks for one; a credential sets it.
TOKEN: t.Final = "AIOPS_PROMETHEUS_TOKEN"


class LiveGauge:
    """Measures one cluster."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def figures(self, workload: Ref, pods: t.Collection[str], measures: Measures | None) -> dict[str, float]:
        found = self._usage(workload.namespace, pods)
        for query in measures.queries if measures else ():
            value = _ask(t.cast("Measures", measures).url, _filled(query.query, workload))
            if value is not None:
                found[query.name] = value
        return found

    def _usage(self, namespace: str, pods: t.Collection[str]) -> dict[str, float]:
        """The sum over the pods of which the metrics API knows; nothing where it knows none, or is not there."""
        try:
            answer = json.loads(self._connection.get(f"/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods"))
        except (Refused, ValueError):
            return {}
        known = [item for item in fields.get_dicts(answer, "items") if fields.get_str(item, "metadata", "name") in pods]
        if not known:
            return {}
        return {name: sum(_used(item, resource) for item in known) for name, resource in _USAGE}


_USAGE: t.Final = (("cpu_cores", "cpu"), ("memory_bytes", "memory"))


def _used(item: fields.Json, resource: str) -> float:
    usages = (fields.get_dict(container, "usage").get(resource) for container in fields.get_dicts(item, "containers"))
    return float(sum((quantity.parse(usage) or 0) for usage in usages))


def _filled(query: str, workload: Ref) -> str:
    """The query for this workload; Kubernetes' names hold nothing that could end a string of PromQL."""
    return query.replace("$namespace", workload.namespace).replace("$name", workload.name)


def _ask(url: str, query: str) -> float | None:
    """The single number that a Prometheus answers, or None: no answer, no series, several, or no number."""
    address = f"{url.rstrip('/')}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    token = os.environ.get(TOKEN)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        status, content = exchange(address, headers, seconds=_SECONDS, largest=_LARGEST)
        result = fields.get_list(json.loads(content), "data", "result")
        value = float(result[0]["value"][1]) if status == 200 and len(result) == 1 else math.nan
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
    return value if math.isfinite(value) else None
