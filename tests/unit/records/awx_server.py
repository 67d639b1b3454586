# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted AWX on this machine: it stands in for a real one, which can't run here, and answers in the form of its API.

The form is that of AWX 24's serializers (jobs, workflow_jobs, workflow_nodes, workflow_approvals): ids, links, summary_fields.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
import typing as t
import urllib.parse

from ansible_collections.aiops.kubernetes.tests.unit.serving import Handler, served

TOKEN: t.Final = "a-token-of-the-credential"
JOB: t.Final = 41
WORKFLOW: t.Final = 40
Json = dict[str, t.Any]


def node(number: int, job: int | None, kind: str, *then: int, status: str = "successful", **more: t.Any) -> Json:
    """A node of a workflow job; ``then`` are the nodes that run when it was successful."""
    summary = {} if job is None else {"job": {"id": job, "type": kind, "status": status, "name": f"{kind} {job}"}}
    links = {"success_nodes": list(then), "failure_nodes": [], "always_nodes": []}
    return {"id": number, "type": "workflow_job_node", "job": job, "summary_fields": summary, **links, **more}


def approval(number: int, user: str | None = "bob", workflow: int = WORKFLOW, **more: t.Any) -> Json:
    """A workflow approval as it is after somebody's click."""
    summary: Json = {"workflow_job": {"id": workflow, "name": "remediate", "status": "running"}}
    if user:
        summary["approved_or_denied_by"] = {"id": 7, "username": user, "first_name": "", "last_name": ""}
    times = {"created": "2026-11-22T09:15:04.118372Z", "finished": "2026-11-22T09:15:30.201147Z"}
    return {
        "id": number, "type": "workflow_approval", "name": "gate", "status": "successful", "timed_out": False,
        "can_approve_or_deny": False, "summary_fields": summary, **times, **more,
    }  # fmt: skip


@dataclasses.dataclass
class Scripted:
    """The answers by path; a path that is not there is 404, as in AWX."""

    phr: str
    digest: str
    answers: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    asked: list[str] = dataclasses.field(default_factory=list)
    status: dict[str, int] = dataclasses.field(default_factory=dict)
    delay: float = 0
    address: str = ""
    job: int = JOB

    def __post_init__(self) -> None:
        launched_by = {"created_by": {"id": 3, "username": "alice", "first_name": "", "last_name": ""}}
        self.answers = {
            f"jobs/{JOB}/": {
                "id": JOB, "type": "job", "launch_type": "workflow",
                "summary_fields": {"source_workflow_job": {"id": WORKFLOW, "name": "remediate", "status": "running"}, **launched_by},
            },
            f"workflow_jobs/{WORKFLOW}/": {"id": WORKFLOW, "type": "workflow_job", "summary_fields": launched_by},
            f"workflow_jobs/{WORKFLOW}/workflow_nodes/": [
                node(1, 50, "workflow_approval", 2), node(2, JOB, "job", status="running"),
            ],
            "workflow_approvals/50/": approval(50),
        }  # fmt: skip
        self.variables({"aiops_phr": self.phr, "aiops_digest": self.digest})

    def variables(self, variables: Json) -> None:
        self.answers[f"workflow_jobs/{WORKFLOW}/"]["extra_vars"] = json.dumps(variables)

    def nodes(self, *nodes: Json, workflow: int = WORKFLOW) -> None:
        self.answers[f"workflow_jobs/{workflow}/workflow_nodes/"] = list(nodes)

    def approvals(self, *approvals: Json) -> None:
        for each in approvals:
            self.answers[f"workflow_approvals/{each['id']}/"] = each

    @property
    def environment(self) -> dict[str, str]:
        return {"CONTROLLER_HOST": self.address, "CONTROLLER_OAUTH_TOKEN": TOKEN, "JOB_ID": str(self.job)}

    def answer(self, target: str, authorization: str) -> tuple[int, bytes]:
        time.sleep(self.delay)
        parts = urllib.parse.urlsplit(target)
        path = parts.path.removeprefix("/api/v2/")
        self.asked.append(path)
        if authorization != f"Bearer {TOKEN}":
            return (
                401,
                b'{"detail": "Authentication credentials were not provided. To establish a login session, visit /api/login/."}',
            )
        if path in self.status:
            return self.status[path], b'{"detail": "A server error has occurred."}'
        found = self.answers.get(path)
        if found is None:
            return 404, b'{"detail": "Not found."}'
        if isinstance(found, list):
            query = urllib.parse.parse_qs(parts.query)
            size, page = int(query["page_size"][0]), int(query["page"][0])
            some = found[(page - 1) * size : page * size]
            more = f"/api/v2/{path}?page={page + 1}" if page * size < len(found) else None
            found = {"count": len(found), "next": more, "previous": None, "results": some}
        return 200, found if isinstance(found, bytes) else json.dumps(found).encode()


class Answering(t.Protocol):
    """Whatever stands in for a server; it is told its address."""

    address: str

    def answer(self, target: str, authorization: str) -> tuple[int, bytes]:
        """The status and the body for a path with its query."""


_Answering = t.TypeVar("_Answering", bound=Answering)


@contextlib.contextmanager
def serving(script: _Answering) -> t.Iterator[_Answering]:
    class Api(Handler):
        def do_GET(self) -> None:
            status, content = script.answer(self.path, self.headers.get("Authorization", ""))
            with contextlib.suppress(OSError):  # who asked may have gone away
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "http://127.0.0.1:9/elsewhere/")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

    with served(Api) as script.address:
        yield script
