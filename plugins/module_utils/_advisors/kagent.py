# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An agent of kagent, by the protocol that it speaks (A2A 0.3: JSON-RPC over HTTP).

It answers with HTTP status 200 whatever happens: only the state of its task counts.
"""

from __future__ import annotations

import dataclasses
import json
import time
import typing as t
import uuid

from .._model import fields
from .._model.advice import Command, Reply
from .answering import post
from .settings import Settings

# The tools of kagent's tool server that only read, as it names them itself.
_READS: t.Final = ("k8s_get_", "k8s_describe_")
_CONFIRM: t.Final = "adk_request_confirmation"
_REJECT: t.Final = (
    {"kind": "data", "data": {"decision_type": "reject"}, "metadata": {}},
    {"kind": "text", "text": "reject"},
)


def ask(settings: Settings, text: str) -> Reply:
    if not settings.url:
        return Reply("unavailable", "it has no url: set it, or KAGENT_URL, to the address of an agent")
    until = time.monotonic() + settings.seconds
    task = _send(settings, {"parts": [{"kind": "text", "text": text}]})
    if isinstance(task, Reply):
        return task
    commands = tuple(_commands(task))
    state = fields.get_str(task, "status", "state")
    if state == "input-required":
        _reject(settings, task, until)
        return Reply("needs_approval", f"it asks for a decision: {_asks(task)}", commands=commands)
    if state == "failed":
        code = fields.get_str(task, "metadata", "kagent_error_code")
        return Reply(
            "error",
            f"it failed: {code} {_words(fields.get_dict(task, 'status', 'message'))}".strip(),
            commands=commands,
        )
    if state != "completed":
        return Reply("invalid_answer", f"it did not end its task ({state or 'no state'})", commands=commands)
    said = "\n".join(_words(artifact) for artifact in fields.get_dicts(task, "artifacts"))
    return Reply("ok", text=said, commands=commands)


def _send(settings: Settings, message: fields.Json) -> fields.Json | Reply:
    """The task that comes of a message."""
    whole = {"kind": "message", "messageId": str(uuid.uuid4()), "role": "user", **message}
    params = {"message": whole, "configuration": {"blocking": True}}
    answer = post(settings, settings.url, {"jsonrpc": "2.0", "id": "1", "method": "message/send", "params": params})
    if isinstance(answer, Reply):
        return answer
    if fields.get(answer, "error"):
        return Reply("error", f"it refused the question: {fields.get_str(answer, 'error', 'message')}")
    return fields.get_dict(answer, "result")


def _reject(settings: Settings, task: fields.Json, until: float) -> None:
    """Nobody is there to decide, so that its task shall not wait for ever; what it says to that does not matter."""
    left = until - time.monotonic()
    if left > 0:
        message = {
            "taskId": fields.get_str(task, "id"),
            "contextId": fields.get_str(task, "contextId"),
            "parts": list(_REJECT),
        }
        _send(dataclasses.replace(settings, seconds=left), message)


def _asks(task: fields.Json) -> str:
    """What a task waits for: the call that it wants approved, else its question."""
    return (
        "; ".join(map(_call, _wanted(task)))
        or _words(fields.get_dict(task, "status", "message"))
        or "it does not say which"
    )


def _wanted(task: fields.Json) -> list[fields.Json]:
    """The calls that a task wants approved."""
    parts = fields.get_dicts(task, "status", "message", "parts")
    return [call for part in parts if (call := fields.get_dict(part, "data", "args", "originalFunctionCall"))]


def _words(holder: fields.Json) -> str:
    return "".join(fields.get_str(part, "text") for part in fields.get_dicts(holder, "parts"))


def _commands(task: fields.Json) -> t.Iterator[Command]:
    """The tools that the agent called, by the history of its task; what still waits for a decision was not called."""
    waiting = [fields.get_str(call, "id") for call in _wanted(task)]
    for message in fields.get_dicts(task, "history"):
        for part in fields.get_dicts(message, "parts"):
            call, kind = fields.get_dict(part, "data"), fields.get_str(part, "metadata", "kagent_type")
            if (
                kind == "function_call"
                and fields.get_str(call, "name") != _CONFIRM
                and fields.get_str(call, "id") not in waiting
            ):
                words = _call(call)
                yield Command(words, fields.get_str(call, "name").startswith(_READS) and "secret" not in words.lower())


def _call(call: fields.Json) -> str:
    return f"{fields.get_str(call, 'name')} {json.dumps(fields.get_dict(call, 'args'), sort_keys=True)}"
