# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any server that speaks OpenAI's chat completions: evidence in, JSON out.  It has no tools, so it can do nothing but answer."""

from __future__ import annotations

from .._model import fields
from .._model.advice import Reply
from .answering import post
from .settings import NO_MODEL, Settings


def ask(settings: Settings, text: str) -> Reply:
    if not settings.url or not settings.model:
        return Reply("unavailable", NO_MODEL)
    # No more than these: newer models refuse a temperature or a limit of tokens that older ones ask for.
    content = {"model": settings.model, "messages": [{"role": "user", "content": text}], "stream": False}
    answer = post(settings, f"{settings.url.rstrip('/')}/chat/completions", content)
    if isinstance(answer, Reply):
        return answer
    choice = next(iter(fields.get_dicts(answer, "choices")), {})
    model = fields.get_str(answer, "model") or settings.model
    said, ended = fields.get_str(fields.get_dict(choice, "message"), "content"), fields.get_str(choice, "finish_reason")
    if ended != "stop":
        return Reply("invalid_answer", f"it did not end its answer ({ended or 'no finish_reason'})", model=model)
    return Reply("ok", text=said, model=model)
