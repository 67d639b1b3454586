# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for an agent of kagent, over HTTP on this machine: it answers what kagent-adk 0.10.4 answered.

The recordings are of the real agent runtime, against a scripted model server and a scripted tool server; it can't be installed for
these tests, because it is a gigabyte.  The first part of the address picks one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
import typing as t
from pathlib import Path

from ansible_collections.aiops.kubernetes.tests.unit.serving import Handler, served

Json = dict[str, t.Any]
RECORDED: t.Final[Json] = json.loads(
    (Path(__file__).parent / "recorded" / "kagent-adk-0.10.4.json").read_text(encoding="utf-8")
)


@dataclasses.dataclass
class Agent:
    """What it was sent, and what it says where that was not recorded."""

    address: str = ""
    sent: list[Json] = dataclasses.field(default_factory=list)
    authorizations: list[str] = dataclasses.field(default_factory=list)
    more: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    over: threading.Event = dataclasses.field(default_factory=threading.Event)

    def answer(self, case: str, message: Json) -> Json | None:
        """The answer to a message; None where there is none."""
        if "taskId" in message:
            case = f"{case}, then rejected"
        found = self.more.get(case, RECORDED.get(case))
        return t.cast("Json | None", found)


@contextlib.contextmanager
def serving(agent: Agent) -> t.Iterator[Agent]:
    class Answering(Handler):
        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            agent.sent.append(sent)
            agent.authorizations.append(self.headers.get("Authorization", ""))
            found = agent.answer(self.path.strip("/"), sent["params"]["message"])
            if found is None:
                agent.over.wait(30)
                return
            content = json.dumps(found).encode()
            with contextlib.suppress(OSError):
                self.send_response(found.get("http_status", 200))
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

    with served(Answering) as agent.address:
        try:
            yield agent
        finally:
            agent.over.set()
