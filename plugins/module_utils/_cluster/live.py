# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a cluster: paged raw lists, in parallel, reduced to what a diagnosis looks at."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import gc
import json
import time
import typing as t

from .._model import moments
from .._model.errors import AiopsError
from .._model.evidence import CLUSTER_SCOPED, KINDS, Cluster, Evidence, LogRequest, Scope, Stats, Unreadable
from .._model.fields import Json, get, get_dict, get_dicts, get_str
from .._model.secrets import redact
from .connection import Connection, Refused

# More would only queue at the server (API Priority and Fairness).
_PARALLEL: t.Final = 4
_PAGE: t.Final = "500"
_METADATA_ONLY: t.Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
_RETRIES: t.Final = 3
_LONGEST_RETRY_SECONDS: t.Final = 5.0
_LOG_LINES: t.Final = 200
_LOG_BYTES: t.Final = 16 * 1024
_LOGS: t.Final = 100
# The kubelet says so with status 200 where the runtime has dropped the container (pkg/kubelet/kuberuntime).
_NO_LOG: t.Final = "unable to retrieve container logs for "
_LAST_APPLIED: t.Final = "kubectl.kubernetes.io/last-applied-configuration"


@dataclasses.dataclass(frozen=True)
class _Answer:
    """What one list gave: its objects, or the gap."""

    kind: str
    objects: list[Json]
    gap: Unreadable | None = None


class LiveReader:
    """Reads one cluster.  Nothing but GET is ever sent, and no Secret is asked for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sent: list[str] = []  # every path that was asked for, for the statistics

    def cluster(self) -> Cluster:
        """Which cluster this is."""
        version = self._version()
        return Cluster(self._connection.context, self._connection.server, self._cluster_uid(), version)

    def read(self, scope: Scope) -> Evidence:
        began = time.monotonic()
        cluster = self.cluster()  # alone and first: a server that does not answer is asked once
        with concurrent.futures.ThreadPoolExecutor(_PARALLEL) as threads, _no_garbage_collection():
            places = scope.namespaces or (None,)
            known = [threads.submit(self._require_namespace, name) for name in scope.namespaces]
            lists = [
                threads.submit(self._list, kind, None if kind in CLUSTER_SCOPED else place, scope)
                for kind in KINDS
                for place in (places if kind not in CLUSTER_SCOPED else (None,))
            ]
            for check in known:
                check.result()
            answers = [future.result() for future in lists]
        objects: dict[str, list[Json]] = {}
        for answer in answers:
            objects.setdefault(answer.kind, []).extend(answer.objects)
        gaps = tuple(answer.gap for answer in answers if answer.gap)
        _require_pods([answer for answer in answers if answer.kind == "Pod"], self._connection)
        stats = Stats(len(self._sent), round(time.monotonic() - began, 3))
        return Evidence(moments.now(), cluster, scope, objects, {}, gaps, stats)

    def read_logs(self, evidence: Evidence, requests: t.Sequence[LogRequest]) -> Evidence:
        began = time.monotonic()
        chosen = requests[:_LOGS]
        with concurrent.futures.ThreadPoolExecutor(_PARALLEL) as threads:
            answers = list(threads.map(self._log, chosen))
        logs = {request: text for request, text, _gap in answers if text}
        gaps = [gap for _request, _text, gap in answers if gap]
        if len(requests) > len(chosen):
            gaps.append(
                Unreadable("pods/log", None, None, f"{len(requests) - len(chosen)} logs of failing containers left out")
            )
        return dataclasses.replace(
            evidence,
            logs=logs,
            unreadable=(*evidence.unreadable, *dict.fromkeys(gaps)),
            stats=Stats(len(self._sent), round(evidence.stats.seconds + time.monotonic() - began, 3)),
        )

    def _list(self, kind: str, namespace: str | None, scope: Scope) -> _Answer:
        resource = KINDS[kind].rsplit("/", 1)[-1]
        query = {"limit": _PAGE}
        if kind == "Pod" and scope.label_selector:
            query["labelSelector"] = scope.label_selector
        accept = _METADATA_ONLY if kind == "ConfigMap" else "application/json"
        objects: list[Json] = []
        try:
            while True:
                page = json.loads(self._patient_get(path_of(kind, namespace), query, accept))
                if not isinstance(get(page, "items"), list):
                    raise ValueError("the answer is no list")
                objects += [reduced(kind, item) for item in get_dicts(page, "items")]
                following = get_str(page, "metadata", "continue")
                if not following:
                    return _Answer(kind, objects)
                query["continue"] = following
        except Refused as exc:
            # 410: the list grew too old between two pages.  What was read so far stays, and the gap is told.
            return _Answer(kind, objects, Unreadable(resource, namespace, exc.status, redact(exc.message)))
        except ValueError as exc:
            return _Answer(kind, objects, Unreadable(resource, namespace, None, f"not what an API server says: {exc}"))

    def _patient_get(
        self, path: str, query: t.Mapping[str, str] | None = None, accept: str = "application/json"
    ) -> bytes:
        """GET, tried again as long as the server asks for patience (429)."""
        for _attempt in range(_RETRIES):
            self._sent.append(path)
            try:
                return self._connection.get(path, query, accept)
            except Refused as exc:
                if exc.status != 429:
                    raise
                wait = exc.retry_after or ""
                time.sleep(min(float(wait) if wait.isdecimal() else 1.0, _LONGEST_RETRY_SECONDS))
        self._sent.append(path)
        return self._connection.get(path, query, accept)

    def _log(self, request: LogRequest) -> tuple[LogRequest, str, Unreadable | None]:
        """The log with the request that it answers: a container may have ended, or started, since it was listed."""
        for run in (request, dataclasses.replace(request, previous=not request.previous)):
            query = {
                "container": run.container,
                "previous": str(run.previous).lower(),
                "tailLines": str(_LOG_LINES),
                "limitBytes": str(_LOG_BYTES),
            }
            path = f"/api/v1/namespaces/{run.namespace}/pods/{run.pod}/log"
            try:
                text = self._patient_get(path, query, "*/*").decode(errors="replace")
            except Refused as exc:
                if exc.status in (400, 404):
                    continue  # there is no such run any more
                return run, "", Unreadable("pods/log", run.namespace, exc.status, _without_name(exc, run))
            if text and not text.startswith(_NO_LOG):
                return run, redact(text), None
        return request, "", None

    def _version(self) -> str | None:
        try:
            return get_str(json.loads(self._patient_get("/version")), "gitVersion") or None
        except (Refused, ValueError):
            return None

    def _cluster_uid(self) -> str | None:
        try:
            return get_str(json.loads(self._patient_get("/api/v1/namespaces/kube-system")), "metadata", "uid") or None
        except (Refused, ValueError):
            return None  # somebody who may read one namespace only is told so by the lists

    def _require_namespace(self, name: str) -> None:
        try:
            self._patient_get(f"/api/v1/namespaces/{name}")
        except Refused as exc:
            if exc.status == 404:
                raise AiopsError(
                    f"Namespace {name!r} does not exist in {self._connection.server} ({self._connection.named}). "
                    "List those that do with: kubectl get namespaces"
                ) from exc


class _no_garbage_collection:
    """Decoding makes many objects and no circles: collecting meanwhile triples its cost (docs: performance)."""

    def __enter__(self) -> None:
        self._was_enabled = gc.isenabled()
        gc.disable()

    def __exit__(self, *_exc: object) -> None:
        if self._was_enabled:
            gc.enable()


def path_of(kind: str, namespace: str | None) -> str:
    group, _slash, resource = KINDS[kind].rpartition("/")
    return f"{group}/namespaces/{namespace}/{resource}" if namespace else f"{group}/{resource}"


def reduced(kind: str, item: Json) -> Json:
    """What a diagnosis looks at: no bookkeeping of field owners, no second copy of the manifest, no ConfigMap's content."""
    metadata = get_dict(item, "metadata")
    managed = metadata.pop("managedFields", None)
    get_dict(metadata, "annotations").pop(_LAST_APPLIED, None)
    if kind == "ConfigMap":
        return {"metadata": metadata, "keys": sorted(_keys(managed))}
    if kind == "Event":
        for name in ("source", "reportingComponent", "reportingInstance"):
            get_dict(item).pop(name, None)
    if kind == "Node":
        # which machine it is tells nothing about a failure
        for name in ("machineID", "systemUUID", "bootID", "kernelVersion", "osImage"):
            get_dict(item, "status", "nodeInfo").pop(name, None)
    return item


def _keys(managed_fields: object) -> set[str]:
    """Key names of a ConfigMap, which its managedFields name as ``f:data: {f:KEY: {}}``."""
    found: set[str] = set()
    for entry in managed_fields if isinstance(managed_fields, list) else ():
        for field in ("f:data", "f:binaryData"):
            found.update(key[2:] for key in get_dict(entry, "fieldsV1", field) if key.startswith("f:"))
    return found


def _without_name(exc: Refused, request: LogRequest) -> str:
    """The refusal without the pod's name, so that a hundred alike are one."""
    return redact(exc.message.replace(f'"{request.pod}"', "…"))


def _require_pods(answers: t.Sequence[_Answer], connection: Connection) -> None:
    """Without any pods there is nothing to diagnose."""
    gaps = [answer.gap for answer in answers if answer.gap and not answer.objects]
    if not gaps or len(gaps) < len(answers):
        return
    where = (
        "any namespace" if gaps[0].namespace is None else "namespace " + ", ".join(str(gap.namespace) for gap in gaps)
    )
    status = f"{gaps[0].status}, " if gaps[0].status else ""
    advice = (
        "No credentials were sent: name some by kubeconfig, context or K8S_AUTH_*."
        if "system:anonymous" in gaps[0].message
        else "A role that may get and list pods is needed; name the namespaces you may read with aiops_namespaces."
    )
    raise AiopsError(
        f"Pods of {where} can't be read from {connection.server} ({connection.named}): {status}{gaps[0].message}. {advice}"
    )
