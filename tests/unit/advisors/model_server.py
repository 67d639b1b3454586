# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted model server on this machine: it stands in for a real model, and speaks OpenAI's chat completions as those do.

The name of the model picks what it does, so that several tests and several advisors can share one.  It streams where it is asked to,
in the form that kubectl-ai reads: one id in all chunks, the end in a chunk of its own, no text beside a call of a tool.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import json
import threading
import time
import typing as t

from ansible_collections.aiops.kubernetes.tests.unit.serving import Handler, served

Json = dict[str, t.Any]


@dataclasses.dataclass
class Scripted:
    """What it was asked, and what it says where the model is none of the broken ones."""

    text: str = "{}"
    finish: str | None = "stop"
    delay: float = 0
    address: str = ""
    asked: list[Json] = dataclasses.field(default_factory=list)
    authorizations: list[str] = dataclasses.field(default_factory=list)
    at_once: int = 0
    """the most questions that it had at one moment"""
    over: threading.Event = dataclasses.field(default_factory=threading.Event)
    _open: int = 0
    _lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def counted(self) -> t.Iterator[None]:
        with self._lock:
            self._open += 1
            self.at_once = max(self.at_once, self._open)
        try:
            yield
        finally:
            with self._lock:
                self._open -= 1

    @property
    def url(self) -> str:
        return f"{self.address}/v1"

    def completion(self, model: str) -> bytes:
        message = {"role": "assistant", "content": "" if model == "empty" else self.text}
        choice = {"index": 0, "finish_reason": self.finish, "message": message}
        made = {"id": "c1", "object": "chat.completion", "created": 1, "model": f"{model}-1", "choices": [choice]}
        return json.dumps(made).encode()


# What kubectl-ai is told to run, by the name of the model; after these it gets the text.
_CALLS: t.Final = {
    "ok": ("kubectl get pods -n demo -o wide", "kubectl describe pod -n demo -l app=oom"),
    "write": ("kubectl delete deployment crash -n demo",),
    "loop": ("kubectl get pods -n demo",) * 1000,
}


def chunks(model: str, text: str, asked: Json) -> bytes:
    """A stream of chunks: the next call of a tool, or the text."""
    before = sum(message.get("role") == "assistant" for message in asked.get("messages", []))
    command = next(iter(_CALLS.get(model, ())[before:]), None)
    deltas: list[Json] = [{"role": "assistant", "content": text[:10]}, {"content": text[10:]}]
    if command:
        arguments = json.dumps({"command": command, "modifies_resource": "no"})
        function = {"name": "kubectl", "arguments": arguments}
        call = {"index": 0, "id": f"call_{before}", "type": "function", "function": function}
        deltas = [{"role": "assistant", "tool_calls": [call]}]
    elif model == "empty":
        deltas = []
    ends = [*[(delta, None) for delta in deltas], ({}, "tool_calls" if command else "stop")]
    events = [
        {
            "id": f"c{before}",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": end}],
        }
        for delta, end in ends
    ]
    if model == "cut":
        return f"data: {json.dumps(events[0])}\n\n".encode()
    return "".join(f"data: {part}\n\n" for part in [*map(json.dumps, events), "[DONE]"]).encode()


def _answer(
    handler: http.server.BaseHTTPRequestHandler, status: int, content: bytes, length: int | None = None
) -> None:
    handler.send_response(status)
    if 300 <= status < 400:
        handler.send_header("Location", "/elsewhere")
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(content) if length is None else length))
    handler.end_headers()
    handler.wfile.write(content)


def _behave(handler: http.server.BaseHTTPRequestHandler, script: Scripted, model: str, asked: Json) -> None:
    if model.isdigit():
        error = {"message": f"scripted {model}", "type": "server_error", "code": model}
        return _answer(handler, int(model), json.dumps({"error": error}).encode())
    if model == "hang":
        script.over.wait(30)
    elif model == "drip":  # alive, and never done
        handler.send_response(200)
        handler.end_headers()
        while not script.over.wait(0.05):
            handler.wfile.write(b" ")
            handler.wfile.flush()
    elif model == "garbage":
        _answer(handler, 200, b"<html>not what you asked for</html>\n")
    elif model == "large":
        _answer(handler, 200, b'{"choices": [], "padding": "', 10 * 1024 * 1024)
        for _number in range(640):
            handler.wfile.write(b"x" * 16 * 1024)
    elif asked.get("stream"):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        handler.wfile.write(chunks(model, script.text, asked))
    elif model == "cut":
        content = script.completion(model)
        _answer(handler, 200, content[: len(content) // 2], len(content))
    else:
        time.sleep(script.delay)
        _answer(handler, 200, script.completion(model))
    return None


@contextlib.contextmanager
def serving(script: Scripted) -> t.Iterator[Scripted]:
    class Answering(Handler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            script.asked.append(content)
            script.authorizations.append(self.headers.get("Authorization", ""))
            with script.counted(), contextlib.suppress(OSError):  # who asked may have gone away
                _behave(self, script, content["model"] if self.path == "/v1/chat/completions" else "404", content)

    with served(Answering) as script.address:
        try:
            yield script
        finally:
            script.over.set()
