# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A STAND-IN for an agent of kagent.  It shows its card, so that its pod becomes ready, and answers no question."""

from __future__ import annotations

import http.server
import json
import os
import signal
from pathlib import Path


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_card = self.path == "/.well-known/agent-card.json"
        body = Path("/config/agent-card.json").read_bytes() if is_card else json.dumps({"error": "a stand-in"}).encode()
        self.send_response(200 if is_card else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
