# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asking a web server on behalf of an advisor: what it answers, or a reply that says why there is nothing."""

from __future__ import annotations

import json
import typing as t

from .._model import fields
from .._model.advice import Reply, State
from .._web.exchange import TooLarge, exchange
from .settings import Settings

_LARGEST: t.Final = 1024 * 1024
# Nobody is there to answer behind a proxy or a service.
_NOBODY: t.Final = frozenset({502, 503, 504})


def post(settings: Settings, url: str, content: fields.Json) -> fields.Json | Reply:
    """The JSON object that the server answers with status 200."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if settings.key:
        headers["Authorization"] = f"Bearer {settings.key}"
    try:
        status, body = exchange(url, headers, json.dumps(content).encode(), seconds=settings.seconds, largest=_LARGEST)
    except TooLarge:
        return Reply("invalid_answer", f"its answer has more than {_LARGEST // 1024} kB")
    except TimeoutError:
        return Reply("timeout", late(settings))
    except ConnectionError as exc:
        refused = isinstance(exc, ConnectionRefusedError)
        return Reply("unavailable" if refused else "error", f"{_host(url)}: {exc.strerror or exc}")
    except OSError as exc:
        return Reply("unavailable", f"{_host(url)}: {exc.strerror or exc}")
    except ValueError:  # its words may hold the key
        return Reply("unavailable", "its url or its key can't be used")
    if status != 200:
        return Reply(*_refused(status, body))
    found = _object(body)
    return Reply("invalid_answer", "its answer is no JSON") if found is None else found


def late(settings: Settings) -> str:
    return f"it gave no answer within {settings.seconds:g} s"


def _refused(status: int, body: bytes) -> tuple[State, str]:
    said = fields.get(_object(body) or {}, "error")
    words = fields.get_str(said, "message") or (said if isinstance(said, str) else "")
    return "unavailable" if status in _NOBODY else "error", f"HTTP status {status} {words}".strip()


def _object(body: bytes) -> fields.Json | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _host(url: str) -> str:
    """The address without what may stand before an @ or after a question mark."""
    return url.split("?")[0].split("://")[-1].split("@")[-1]
