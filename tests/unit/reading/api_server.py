# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP server on the loopback device, in a thread.

It stands in for answers that a healthy API server doesn't give on request: refusals, a list that grows too old between two
pages, patience asked for, silence.  What a healthy one says is tested on a real cluster.
"""

from __future__ import annotations

import dataclasses
import http.server
import json
import ssl
import threading
import typing as t
import urllib.parse

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import KINDS

Json = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Answer:
    body: bytes = b""
    status: int = 200
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    """how long it takes"""
    missing: int = 0
    """how many bytes more are promised than sent"""


@dataclasses.dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: t.Mapping[str, str]
    headers: t.Sequence[tuple[str, str]]

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


def page(*items: Json, following: str = "") -> Answer:
    """One page of a list; ``following`` is the token of the next one."""
    return Answer(json.dumps({"kind": "List", "metadata": {"continue": following}, "items": items}).encode())


def refusal(status: int, message: str, **headers: str) -> Answer:
    """The Status object with which an API server refuses."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(json.dumps({"kind": "Status", "status": "Failure", "message": message}).encode(), status, named)


def pod(name: str, namespace: str = "shop", **metadata: t.Any) -> Json:
    return {"metadata": {"name": name, "namespace": namespace, **metadata}, "spec": {}, "status": {}}


class ApiServer:
    """An empty cluster with the namespaces ``shop`` and ``kube-system``, until told otherwise."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[Request] = []
        self._answers: dict[str, list[Answer]] = {}
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), _handler(self))
        if tls:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://localhost:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.on("/version", Answer(b'{"gitVersion": "v1.36.2"}'))
        self.on("/api/v1/namespaces/kube-system", Answer(b'{"metadata": {"uid": "5c3e0a6e"}}'))
        self.on("/api/v1/namespaces/shop", Answer(b"{}"))

    def close(self) -> None:
        self._closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def on(self, path: str, *answers: Answer) -> None:
        """These answers to that path, one after the other; the last one again and again."""
        self._answers[path] = list(answers)

    def on_kind(self, kind: str, *answers: Answer, namespace: str | None = None) -> None:
        group, _slash, resource = KINDS[kind].rpartition("/")
        self.on(f"{group}/namespaces/{namespace}/{resource}" if namespace else KINDS[kind], *answers)

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.seen if request.path == path]

    def answer(self, request: Request) -> Answer:
        with self._lock:
            self.seen.append(request)
            answers = self._answers.get(request.path)
            if answers is None:
                resource = request.path.rpartition("/")[2]
                known = {path.rpartition("/")[2] for path in KINDS.values()}
                found = page() if resource in known else refusal(404, "not found")
            else:
                found = answers.pop(0) if len(answers) > 1 else answers[0]
        self._closing.wait(found.seconds)
        return found


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """A client that went away, or did not trust the certificate, is what some tests are about."""


def _handler(server: ApiServer) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            url = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(url.query))
            answer = server.answer(Request(self.command, urllib.parse.unquote(url.path), query, self.headers.items()))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) + answer.missing))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any

        def log_message(self, format: str, *args: t.Any) -> None:  # noqa: A002  # the base class calls it so
            """Nothing: the tests look at what was seen."""

    return Handler
