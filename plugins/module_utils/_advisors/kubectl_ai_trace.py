# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What kubectl-ai did, by the trace that it writes: its only account that a program can read.

Its exit status and its output prove nothing: it ends with 0 for half an answer and for none.  The trace is YAML, one document
for each request to the model, answer of the model, and command.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from .._model import fields
from .._model.advice import Command, Reply
from .._model.reads import is_read

try:
    import yaml
except ImportError:
    HAS_YAML = False
else:
    HAS_YAML = True

# The other documents hold the key, the prompt, and what commands printed.
_READ: t.Final = ("action: http.response", "action: http.error", "action: tool-request")


@dataclasses.dataclass(frozen=True)
class _Said:
    """An answer of the model, put together from its stream."""

    text: str
    ended: str
    wanted: tuple[str, ...]


def reply(trace: str) -> Reply:
    """What came of it, as far as the trace says; one that was cut off is read up to there."""
    documents = list(_documents(trace))
    ran = [_command(fields.get_dict(each, "payload")) for each in documents if each["action"] == "tool-request"]
    commands = tuple(Command(command, is_read(command)) for command in ran)
    answers = [each for each in documents if each["action"] != "tool-request"]
    if not answers:
        return Reply("error", "it asked no model", commands=commands)
    last = answers[-1]
    if last["action"] == "http.error":
        return Reply(
            "unavailable", f"no answer of the model: {fields.get_str(last, 'payload', 'detail')}", commands=commands
        )
    status = fields.get_str(last, "payload", "status")
    if not status.startswith("200"):
        return Reply("error", f"the model answered with HTTP status {status}", commands=commands)
    said = [_said(fields.get_str(each, "payload", "body")) for each in answers if each["action"] == "http.response"]
    return dataclasses.replace(_outcome(said, len(ran)), commands=commands)


def _outcome(said: t.Sequence[_Said], ran: int) -> Reply:
    wanted = [command for each in said for command in each.wanted]
    if len(wanted) > ran:
        return Reply("needs_approval", f"it asks to run what it may not by itself: {'; '.join(wanted[ran:])}")
    if said[-1].ended == "tool_calls":
        return Reply("invalid_answer", f"it came to no answer with {ran} commands")
    if said[-1].ended != "stop":
        return Reply("invalid_answer", f"the model did not end its answer ({said[-1].ended or 'no finish_reason'})")
    return Reply("ok", text=said[-1].text)


def _documents(trace: str) -> t.Iterator[dict[str, t.Any]]:
    """The documents of interest, in order.  The rest is not even parsed."""
    for text in f"\n{trace}".split("\n---\n"):
        if text.lstrip("\n").startswith(_READ):
            try:
                found = yaml.load(text, Loader=_loader())  # noqa: S506 - a loader that makes plain data only
            except (yaml.YAMLError, ValueError, RecursionError):
                continue
            if isinstance(found, dict):
                yield found


def _loader() -> t.Any:
    """The loader that makes text of every value, the fast one where it was built."""
    return getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def _command(request: fields.Json) -> str:
    """What a tool was called with: a shell's command, or the name of another tool with its arguments."""
    arguments = fields.get_dict(request, "arguments")
    return fields.get_str(arguments, "command") or f"{fields.get_str(request, 'name')} {json.dumps(arguments)}"


def _said(stream: str) -> _Said:
    """The answer in a stream of events, as the chat completions of OpenAI send it."""
    text, ended = "", ""
    calls: dict[int, dict[str, str]] = {}
    for line in stream.splitlines():
        choice = _choice(line)
        text += fields.get_str(choice, "delta", "content")
        ended = fields.get_str(choice, "finish_reason") or ended
        for call in fields.get_dicts(choice, "delta", "tool_calls"):
            known = calls.setdefault(fields.get_int(call, "index") or 0, {"name": "", "arguments": ""})
            for name in known:
                known[name] += fields.get_str(call, "function", name)
    return _Said(text, ended, tuple(_wanted(call) for call in calls.values()))


def _choice(line: str) -> fields.Json:
    """The first choice of an event; an empty one for whatever else stands in a stream."""
    try:
        event = json.loads(line.removeprefix("data:"))
    except (ValueError, RecursionError):
        return {}
    return next(iter(fields.get_dicts(event, "choices")), {})


def _wanted(call: t.Mapping[str, str]) -> str:
    try:
        arguments = json.loads(call["arguments"])
    except (ValueError, RecursionError):
        arguments = {}
    return _command({"name": call["name"], "arguments": arguments if isinstance(arguments, dict) else {}})
