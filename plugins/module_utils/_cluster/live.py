# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a cluster: paged raw lists, in parallel, each page reduced as it comes."""

from __future__ import annotations

import concurrent.futures
import contextlib
import ctypes
import dataclasses
import gc
import itertools
import json
import re
import time
import typing as t
from concurrent.futures import Executor, ThreadPoolExecutor

from .._model import fields, moments
from .._model.errors import AiopsError
from .._model.evidence import CLUSTER_SCOPED, KINDS, Cluster, Evidence, Log, LogRequest, Scope, Stats, Unreadable
from .._model.objects import Pod, Ref
from .._model.secrets import redact
from .connection import Connection, Refused
from .reducing import add_page, next_page, reduced

# More would only queue at the server (API Priority and Fairness).
PARALLEL: t.Final = 4
PAGE: t.Final = "500"
# A list of 100,000 objects; what comes after them is a gap.
_PAGES: t.Final = 200
METADATA_ONLY: t.Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
_RETRIES: t.Final = 3
_LONGEST_RETRY_SECONDS: t.Final = 5.0
_LOG_BYTES: t.Final = 16 * 1024  # of each log its last ones are kept
# How many of the last lines are asked for.  A server that may send no more than so many bytes leaves out the last, which matter
# most: where lines are that long, fewer are asked for.
_LOG_LINES: t.Final = (200, 10, 1)
_ANSWER_BYTES: t.Final = 256 * 1024
_LOGS: t.Final = 100
# After so long no further log is asked for: those of a dead node come, or fail, one by one and late.
_LOGS_SECONDS: t.Final = 20.0
_M_ARENA_MAX: t.Final = -8  # malloc.h
# The kubelet's own words, with status 200, where the runtime has dropped the container or its file: they carry no time
# (pkg/kubelet/kuberuntime, k8s.io/cri-client/pkg/logs).
_NO_LOG: t.Final = (b"unable to retrieve container logs for ", b"failed to try resolving symlinks in path ")
_TIME: t.Final = re.compile(rb"(?m)^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) ?(?P<words>.*\S)?")
# The API's times are whole seconds: so much later is surely after an end.
_NEWER_SECONDS: t.Final = 1.0
# Lines of two streams were written down in the wrong order, 1 to 2 ms apart, by 3 of 120 pods on two busy cores (measured).
_AT_ONCE_SECONDS: t.Final = 0.05


@dataclasses.dataclass(frozen=True)
class _Answer:
    """What one list gave: its objects, or the gap."""

    kind: str
    objects: list[fields.Json]
    gap: Unreadable | None = None


@dataclasses.dataclass(frozen=True)
class _LogAnswer:
    """What one request for a log gave: the log, empty where there is none, or the gap."""

    request: LogRequest
    log: Log
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
        # One thread decodes for all: several would wait for each other, with as many pages in memory.
        with ThreadPoolExecutor(PARALLEL) as threads, ThreadPoolExecutor(1) as decoder, _no_garbage_collection():
            places = scope.namespaces or (None,)
            asked = [threads.submit(self._namespace, name) for name in scope.namespaces]
            lists = [
                threads.submit(self._list, kind, None if kind in CLUSTER_SCOPED else place, scope, decoder)
                for kind in KINDS
                if kind != "Namespace" or not asked
                for place in (places if kind not in CLUSTER_SCOPED else (None,))
            ]
            answers = [future.result() for future in (*asked, *lists)]
        objects: dict[str, list[fields.Json]] = {}
        for answer in answers:
            objects.setdefault(answer.kind, []).extend(answer.objects)
        gaps = tuple(answer.gap for answer in answers if answer.gap)
        _require_pods([answer for answer in answers if answer.kind == "Pod"], self._connection)
        stats = Stats(len(self._sent), round(time.monotonic() - began, 3))
        return Evidence(moments.now(), cluster, scope, objects, {}, gaps, stats)

    def read_logs(self, evidence: Evidence, requests: t.Sequence[LogRequest]) -> Evidence:
        began = time.monotonic()
        over = began + _LOGS_SECONDS
        with ThreadPoolExecutor(PARALLEL) as threads:
            answers = list(threads.map(lambda each: self._log(each, _ended_at(evidence, each), over), requests[:_LOGS]))
        logs = {answer.request: answer.log for answer in answers if answer and answer.log.text}
        gaps = [answer.gap for answer in answers if answer and answer.gap]
        left_out = len(requests) - len(answers) + answers.count(None)
        if left_out:
            gaps.append(Unreadable("pods/log", None, None, f"{left_out} logs of failing containers left out"))
        stats = Stats(len(self._sent), round(evidence.stats.seconds + time.monotonic() - began, 3))
        return evidence.with_logs(logs, tuple(dict.fromkeys(gaps)), stats)

    def _list(self, kind: str, namespace: str | None, scope: Scope, decoder: Executor) -> _Answer:
        """The list; one that grew too old between two pages (410) is read once more from its start."""
        answer = self._pages(kind, namespace, scope, decoder)
        if answer.gap is None or answer.gap.status != 410:
            return answer
        again = self._pages(kind, namespace, scope, decoder)
        return again if again.gap is None or len(again.objects) > len(answer.objects) else answer

    def _pages(self, kind: str, namespace: str | None, scope: Scope, decoder: Executor) -> _Answer:
        """Page after page, to the end or to the first that can't be read: what came before it stays, and the gap is told.

        While one page is decoded, the next one comes.
        """
        query = {"limit": PAGE}
        if kind == "Pod" and scope.label_selector:
            query["labelSelector"] = scope.label_selector
        objects: list[fields.Json] = []
        decoded: concurrent.futures.Future[str] | None = None
        status, reason = None, ""
        try:
            for _page in range(_PAGES):
                body = self._patient_get(path_of(kind, namespace), query, accept_of(kind))
                if decoded:
                    decoded.result()
                decoded = decoder.submit(add_page, kind, body, objects)
                following = next_page(body) or decoded.result()
                if not following:
                    return _Answer(kind, objects)
                query["continue"] = following
            reason = f"only the first {_PAGES} pages were read"
        except Refused as exc:
            status, reason = exc.status, exc.message
        except ValueError as exc:
            reason = f"not what an API server says: {exc}"
        if decoded:
            concurrent.futures.wait([decoded])
        resource = KINDS[kind].rsplit("/", 1)[-1]
        return _Answer(kind, objects, Unreadable(resource, namespace, status, redact(reason)))

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

    def _log(self, request: LogRequest, ended: str | None, over: float) -> _LogAnswer | None:
        """The log with the request that it answers: a container may have ended, or started, since it was listed.

        ``ended`` is when the run that is meant had ended by then: newer words are those of the next run, which may not have come
        to its point, and the one that is meant is the one before.  None where there is no time left to ask.
        """
        newer: _LogAnswer | None = None
        for run in (request, dataclasses.replace(request, previous=not request.previous)):
            if time.monotonic() > over:
                return newer
            try:
                log, at = self._last_words(run)
            except Refused as exc:
                if exc.status in (400, 404):
                    continue  # there is no such run any more
                return _LogAnswer(
                    run, Log(), Unreadable("pods/log", run.namespace, exc.status, _without_name(exc, run))
                )
            if log.text and newer:
                return _LogAnswer(request, log)
            if log.text:
                newer = _LogAnswer(run, log)
                if (moments.seconds_between(ended, at) or 0) <= _NEWER_SECONDS:
                    return newer
        return newer or _LogAnswer(request, Log())

    def _last_words(self, run: LogRequest) -> tuple[Log, str | None]:
        """The end of a log, and when its last line was said; where its file has just gone, that of the run that came after it."""
        body = self._end_of_log(run)
        if body.startswith(_NO_LOG):
            body = self._end_of_log(run)
        if body.startswith(_NO_LOG):
            return Log(), None
        text, times = _without_times(body)
        if len(text) > _LOG_BYTES:  # whole lines, or at least words: half a secret would not be known as one
            _half, _end, text = text[-_LOG_BYTES:].partition(b"\n" if b"\n" in text[-_LOG_BYTES:-1] else b" ")
        return Log(redact(text.decode(errors="replace")), _said_at_once(times)), times[-1] if times else None

    def _end_of_log(self, run: LogRequest) -> bytes:
        path = f"/api/v1/namespaces/{run.namespace}/pods/{run.pod}/log"
        query = {
            "container": run.container,
            "previous": str(run.previous).lower(),
            "limitBytes": str(_ANSWER_BYTES),
            "timestamps": "true",
        }
        body = b""
        for lines in _LOG_LINES:
            body = self._patient_get(path, {**query, "tailLines": str(lines)}, "*/*")
            if len(body) < _ANSWER_BYTES:
                break
        return body

    def _version(self) -> str | None:
        try:
            return fields.get_str(json.loads(self._patient_get("/version")), "gitVersion") or None
        except (Refused, ValueError):
            return None

    def _cluster_uid(self) -> str | None:
        try:
            return (
                fields.get_str(json.loads(self._patient_get("/api/v1/namespaces/kube-system")), "metadata", "uid")
                or None
            )
        except (Refused, ValueError):
            return None  # somebody who may read one namespace only is told so by the lists

    def _namespace(self, name: str) -> _Answer:
        """A namespace that was asked for; an AiopsError where there is none of that name."""
        try:
            found = json.loads(self._patient_get(f"/api/v1/namespaces/{name}"))
            return _Answer("Namespace", [reduced("Namespace", found)])
        except Refused as exc:
            if exc.status == 404:
                raise AiopsError(
                    f"Namespace {name!r} does not exist in {self._connection.server} ({self._connection.named}). "
                    "List those that do with: kubectl get namespaces"
                ) from exc
            return _Answer("Namespace", [], Unreadable("namespaces", name, exc.status, redact(exc.message)))
        except ValueError as exc:
            return _Answer("Namespace", [], Unreadable("namespaces", name, None, f"not what an API server says: {exc}"))


class _no_garbage_collection:
    """Decoding makes many objects and no circles: collecting meanwhile triples its cost (docs: performance)."""

    def __enter__(self) -> None:
        _share_one_heap()
        self._was_enabled = gc.isenabled()
        gc.disable()

    def __exit__(self, *_exc: object) -> None:
        gc.freeze()  # what was read stays to the end: no later collection need walk through it
        if self._was_enabled:
            gc.enable()


def _share_one_heap() -> None:
    """Have glibc serve all threads from one heap: each would keep its own page's buffers, a sixth of the peak (measured)."""
    with contextlib.suppress(AttributeError, OSError):  # another C library has no such setting
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _ended_at(evidence: Evidence, request: LogRequest) -> str | None:
    """When the present run had ended, where that is the one that is asked for and it had."""
    pod = Pod(evidence.get(Ref("Pod", request.namespace, request.pod)) or {})
    named = [container for container in pod.containers if container.name == request.container]
    if request.previous or not named or named[0].running or named[0].last_end is None:
        return None
    return named[0].last_end.finished_at


def _without_times(body: bytes) -> tuple[bytes, list[str]]:
    """A log without the time before each line, and the times of those that are not blank."""
    times = [match[1].decode() for match in _TIME.finditer(body) if match["words"]]
    return _TIME.sub(rb"\g<words>", body), times


def _said_at_once(times: t.Sequence[str]) -> int:
    """How many lines, the last one among them, were said so shortly before it that their order is not known."""
    near = itertools.takewhile(
        lambda at: (moments.seconds_between(at, times[-1]) or 0) <= _AT_ONCE_SECONDS, reversed(times)
    )
    return max(1, len(list(near)))


def accept_of(kind: str) -> str:
    """What to ask for: of a ConfigMap and of a namespace the metadata only."""
    return METADATA_ONLY if kind in {"ConfigMap", "Namespace"} else "application/json"


def path_of(kind: str, namespace: str | None) -> str:
    group, _slash, resource = KINDS[kind].rpartition("/")
    return f"{group}/namespaces/{namespace}/{resource}" if namespace else f"{group}/{resource}"


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
