# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one door to all advisors: questions in, checked advice out, whatever a tool does."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
import typing as t

from .._model.advice import Advice, Reply
from .._model.question import Question, advice
from .._model.secrets import REDACTED
from . import kagent, kubectl_ai, openai_compatible
from .answering import late
from .settings import Settings, Wrong, name_of, settings

_TOOLS: t.Final[t.Mapping[str, t.Callable[[Settings, str], Reply]]] = {
    "openai_compatible": openai_compatible.ask,
    "kubectl_ai": kubectl_ai.ask,
    "kagent": kagent.ask,
}
# Each tool keeps its own time; this is for one that can't, as while a name is looked up.
_GRACE: t.Final = 0.25
_SHORTEST_KEY: t.Final = 8


def ask_all(asked: t.Sequence[tuple[t.Any, Question]]) -> list[Advice]:
    """One advice for each advisor (as the play gives it) with its question, in the same order.

    All are asked at once, so that together they take as long as the slowest.
    """
    began = time.monotonic()
    found: dict[int, tuple[Reply, float]] = {}
    running: list[tuple[threading.Thread, float]] = []
    for number, (given, question) in enumerate(asked):
        try:
            tool = settings(given, os.environ)
        except Wrong as exc:
            found[number] = Reply("unavailable", str(exc)), 0.0
            continue
        found[number] = Reply("timeout", late(tool)), tool.seconds
        # a daemon: the module ends without it
        thread = threading.Thread(target=_ask, args=(found, number, tool, question.text), daemon=True)
        thread.start()
        running.append((thread, began + tool.seconds + _GRACE))
    for thread, until in running:
        thread.join(max(0.0, until - time.monotonic()))
    replies = dict(found)  # what comes later comes too late
    return [advice(name_of(given), question, *replies[n]) for n, (given, question) in enumerate(asked)]


def _ask(found: dict[int, tuple[Reply, float]], number: int, tool: Settings, text: str) -> None:
    began = time.monotonic()
    try:
        reply = _TOOLS[tool.kind](tool, text)
    except Exception as exc:  # noqa: BLE001 - the diagnosis goes on, whatever is wrong with an advisor
        reply = Reply("error", f"it failed in a way that nobody foresaw: {type(exc).__name__}")
    found[number] = _without(tool.key, reply), time.monotonic() - began


def _without(key: str, reply: Reply) -> Reply:
    """A tool may say its own key; one of few letters is no key, but what is set where a server asks for none."""
    if len(key) < _SHORTEST_KEY:
        return reply
    return dataclasses.replace(
        reply,
        reason=reply.reason.replace(key, REDACTED),
        text=reply.text.replace(key, REDACTED),
        commands=tuple(
            dataclasses.replace(each, command=each.command.replace(key, REDACTED)) for each in reply.commands
        ),
    )
