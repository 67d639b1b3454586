# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One question to a web server, and its answer: whole, of bounded size, from that server and no other."""

from __future__ import annotations

import functools
import http.client
import ssl
import threading
import typing as t
import urllib.error
import urllib.parse
import urllib.request

# Questions that are put at the same moment would each read the certificates.
_ONCE: t.Final = threading.Lock()


class TooLarge(ValueError):
    """The answer is larger than was allowed."""


def exchange(
    url: str,
    headers: t.Mapping[str, str],
    content: bytes | None = None,
    *,
    seconds: float,
    largest: int,
    context: ssl.SSLContext | None = None,
) -> tuple[int, bytes]:
    """The status and the body, whatever the status; a POST where there is content.

    A redirect is an answer like another, for a token is for one server.  TimeoutError where a part of the answer takes longer
    than ``seconds``, another OSError where there is none or it breaks off, a ValueError where the address is none.
    """
    scheme = urllib.parse.urlsplit(url).scheme
    if scheme not in {"https", "http"}:
        raise ValueError(f"{url} does not begin with http:// or https://")
    if scheme == "https" and context is None:
        with _ONCE:
            context = _trust()
    request = urllib.request.Request(url, content, dict(headers))  # noqa: S310 (the scheme is checked above)
    opener = urllib.request.build_opener(_Stay(), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(request, timeout=seconds) as answer:
            return answer.status, _read(answer, largest)
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, _read(exc, largest)
    except urllib.error.URLError as exc:
        raise (exc.reason if isinstance(exc.reason, OSError) else exc) from None
    except http.client.HTTPException as exc:
        raise ConnectionError(f"the answer is none: {type(exc).__name__} {exc}".strip()) from exc


@functools.cache
def _trust() -> ssl.SSLContext:
    """The certificates of this machine, read once however many questions there are."""
    return ssl.create_default_context()


def _read(answer: t.IO[bytes], largest: int) -> bytes:
    content = answer.read(largest + 1)
    if len(content) > largest:
        raise TooLarge(f"the answer has more than {largest} bytes")
    if getattr(answer, "length", None):  # what the server promised and http.client still waits for, where it knows
        raise ConnectionError("the answer broke off")
    return content


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: t.Any, **_named: t.Any) -> None:
        return None
