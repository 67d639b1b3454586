# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A few requests to a cluster's API server, with the standard library only."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .layout import Layout
from .problem import Problem

Object = dict[str, Any]


@dataclass(frozen=True)
class Api:
    """Where the API server is and how it knows us."""

    server: str
    trust: ssl.SSLContext


class NotFound(Exception):
    """The API server has no such object."""


def connect(layout: Layout, port: int) -> Api:
    """Return the administrator's access through the loopback port of the machine."""
    trust = ssl.create_default_context(cafile=str(layout.pki / "ca.crt"))
    trust.load_cert_chain(layout.pki / "admin.crt", layout.pki / "admin.key")
    return Api(f"https://127.0.0.1:{port}", trust)


def call(api: Api, method: str, path: str, body: Object | None = None) -> Object:
    """Send one request and return the answer's object.

    Raises NotFound on 404, a Problem on any other refusal, and OSError when there is no answer.
    """
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 - the address is ours
        api.server + path, data=data, method=method, headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10, context=api.trust) as answer:  # noqa: S310
            value: Object = json.load(answer)
            return value
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        if error.code == 404:
            raise NotFound(path) from error
        raise Problem(f"The API server refused {method} {path} with {error.code}: {text[:300]}") from error


def wait_until(what: str, true: Callable[[], bool], limit: float) -> None:
    """Ask ten times a second until it is true; a missing object counts as not yet.  Raises a Problem in the end."""
    end = time.monotonic() + limit
    while True:
        try:
            if true():
                return
        except (NotFound, OSError):
            pass
        if time.monotonic() > end:
            raise Problem(f"{what}: not after {limit:.0f} s.")
        time.sleep(0.1)
