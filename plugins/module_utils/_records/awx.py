# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who approved in AWX, by AWX's own word: this job's workflow, the approval nodes that lead to it, and its extra variables.

Nothing of that is taken from variables of the play, which whoever launches it can set.  AWX gives the workflow's extra
variables precedence over what a node hands on, so the plan that was approved is the one that stands in them.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import ssl
import typing as t

from .._model import fields, moments
from .._model.errors import AiopsError
from .._model.plan import strict_json
from .._model.record import Record
from .._web.exchange import exchange

_SECONDS: t.Final = 20.0
_LARGEST: t.Final = 8 * 1024 * 1024
_DEEPEST: t.Final = 3  # workflows within workflows
_PAGES: t.Final = 20


@dataclasses.dataclass(frozen=True)
class Approval:
    """One approval node that a person approved."""

    id: int
    node: str
    user: str
    asked: str
    at: str
    workflow_job: int

    def proof(self, server: str) -> fields.Json:
        return {"platform": "awx", "server": server, **dataclasses.asdict(self)}


class Awx:
    """The AWX that runs this job."""

    def __init__(self, environment: t.Mapping[str, str]) -> None:
        """An AiopsError where the environment that a credential of AWX sets is not there."""

        def value(name: str) -> str:
            return environment.get(f"CONTROLLER_{name}") or environment.get(f"TOWER_{name}") or ""

        host, token, job = value("HOST").rstrip("/"), value("OAUTH_TOKEN"), environment.get("JOB_ID", "")
        login = (value("USERNAME"), value("PASSWORD"))
        if not host or not (token or all(login)) or not job.isascii() or not job.isdecimal():
            raise AiopsError(
                "Who approves is not proven: name a signing_key, or run this as a job of AWX whose template has a credential of type "
                "'Red Hat Ansible Automation Platform' (it sets CONTROLLER_HOST and CONTROLLER_OAUTH_TOKEN)."
            )
        self.server = host if "://" in host else f"https://{host}"
        basic = base64.b64encode(":".join(login).encode()).decode()
        self._authorization = f"Bearer {token}" if token else f"Basic {basic}"
        self._job = int(job)
        context = ssl.create_default_context()
        if value("VERIFY_SSL").lower() in {"0", "false", "no"}:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._context = context

    def launcher(self) -> str | None:
        """Who launched this job, or the workflow that it is part of; None where a schedule did."""
        job = self._get(f"jobs/{self._job}/")
        parent = fields.get_int(fields.get_dict(job, "summary_fields", "source_workflow_job"), "id")
        found = self._get(f"workflow_jobs/{parent}/") if parent else job
        return fields.get_str(found, "summary_fields", "created_by", "username") or None

    def approvals(self, phr: str, digest: str) -> list[Approval]:
        """The approvals without which this job would not run, oldest first.

        An AiopsError where the workflow was not launched for exactly this plan, or AWX does not answer as it should.
        """
        job = self._get(f"jobs/{self._job}/")
        workflow = fields.get_int(fields.get_dict(job, "summary_fields", "source_workflow_job"), "id")
        if workflow is None:
            raise AiopsError(f"Job {self._job} of AWX is no part of a workflow, so nobody approved it there.")
        variables = _variables(self._get(f"workflow_jobs/{workflow}/"))
        if (variables.get("aiops_phr"), variables.get("aiops_digest")) != (phr, digest):
            raise AiopsError(
                f"Workflow job {workflow} of AWX was launched for {variables.get('aiops_phr')} with digest "
                f"{variables.get('aiops_digest')}, not for {phr} with {digest}. Nothing was recorded."
            )
        nodes = self._nodes(workflow)
        own = [
            fields.get_int(node, "id")
            for node in nodes
            if fields.get_int(node, "summary_fields", "job", "id") == self._job
        ]
        before = _before(nodes, own)
        found = [approval for node in before for approval in self._in(node, workflow, _DEEPEST)]
        return sorted(found, key=lambda approval: approval.at)

    def require(self, record: Record) -> None:
        """An AiopsError where AWX does not say (any more) what the record says that it said, of the newest decision."""
        back = record.last("rollback_approved")
        recorded = {
            (fields.get_int(event.body, "proof", "id"), event.by.name, event.at)
            for event in ([back] if back else record.approvals)
            if event.by.proof == "platform"
        }
        said = {(approval.id, approval.user, approval.at) for approval in self.approvals(record.id, record.plan_digest)}
        if recorded - said:
            raise AiopsError(f"AWX does not confirm the approval of {record.id} that is recorded. Nothing was changed.")

    def _in(self, node: fields.Json, workflow: int, deep: int) -> list[Approval]:
        """The approval of a node, or those of the workflow that a node stands for."""
        job = fields.get_dict(node, "summary_fields", "job")
        number, kind = fields.get_int(job, "id"), fields.get_str(job, "type")
        if number is None or fields.get_str(job, "status") != "successful":
            return []
        if kind == "workflow_job" and deep:
            return [each for inner in self._nodes(number) for each in self._in(inner, number, deep - 1)]
        if kind != "workflow_approval":
            return []
        found = self._get(f"workflow_approvals/{number}/")
        user = fields.get_str(found, "summary_fields", "approved_or_denied_by", "username")
        asked, at = (moments.earliest(fields.get_str(found, name)) for name in ("created", "finished"))
        approved = (
            fields.get_str(found, "status") == "successful"
            and found.get("timed_out") is False
            and user
            and asked
            and at
        )
        if (
            not approved
            or fields.get_int(found, "summary_fields", "workflow_job", "id") != workflow
            or found.get("id") != number
        ):
            return []
        return [Approval(number, fields.get_str(found, "name"), user, str(asked), str(at), workflow)]

    def _nodes(self, workflow: int) -> list[dict[str, t.Any]]:
        found: list[dict[str, t.Any]] = []
        for page in range(1, _PAGES + 1):
            answer = self._get(f"workflow_jobs/{workflow}/workflow_nodes/?page_size=100&page={page}")
            found += fields.get_dicts(answer, "results")
            if not answer.get("next"):
                return found
        raise AiopsError(f"Workflow job {workflow} of AWX has more nodes than can be looked at.")

    def _get(self, path: str) -> dict[str, t.Any]:
        url = f"{self.server}/api/v2/{path}"
        headers = {"Authorization": self._authorization, "Accept": "application/json"}
        try:
            status, content = exchange(url, headers, seconds=_SECONDS, largest=_LARGEST, context=self._context)
        except (OSError, ValueError) as exc:
            raise AiopsError(f"AWX at {self.server} did not answer {path}: {exc}. Nothing was recorded.") from exc
        if status != 200:
            raise AiopsError(f"AWX at {self.server} answered {path} with {status}. Nothing was recorded.")
        return strict_json(content, f"AWX's answer to {path}")


def _variables(workflow: fields.Json) -> dict[str, t.Any]:
    """The extra variables, which AWX gives as JSON in a text; those that are no object are none."""
    try:
        found = json.loads(fields.get_str(workflow, "extra_vars") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _before(nodes: t.Sequence[fields.Json], own: t.Sequence[int | None]) -> list[fields.Json]:
    """The nodes whose success leads, step by step, to the own one.  Names are not unique: only the arrows count."""
    reached: set[int | None] = set(own)
    found: list[fields.Json] = []
    while True:
        more = [node for node in nodes if node not in found and reached & set(fields.get_list(node, "success_nodes"))]
        if not more:
            return found
        found += more
        reached |= {fields.get_int(node, "id") for node in more}
