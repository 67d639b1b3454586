# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server on this machine, for as long as a test needs it."""

from __future__ import annotations

import contextlib
import http.server
import threading
import typing as t


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers, and says nothing of it on the terminal."""

    def log_message(self, *_words: t.Any) -> None:
        """Not here."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = False  # no answer outlives the test that asked


@contextlib.contextmanager
def served(handler: type[Handler]) -> t.Iterator[str]:
    """The address at which the handler answers."""
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
