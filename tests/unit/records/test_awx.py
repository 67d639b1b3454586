# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Approvals by AWX, against a scripted stand-in: what it says counts only for this job, this workflow and this plan."""

from __future__ import annotations

import typing as t

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.people import People
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import digest
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import Person, Record
from ansible_collections.aiops.kubernetes.plugins.module_utils._records import awx
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.awx import Awx
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.apply import apply
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.decide import Voice, decide_by_platform
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.roll_back import roll_back
from ansible_collections.aiops.kubernetes.plugins.modules import approval as module
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import (
    ALICE,
    CART,
    CLUSTER,
    NOW,
    PEOPLE,
    PHR,
    MemoryServer,
    QuickStore,
    cart,
    later,
    plan,
)  # fmt: skip
from ansible_collections.aiops.kubernetes.tests.unit.records.awx_server import (
    JOB,
    TOKEN,
    WORKFLOW,
    Scripted,
    approval,
    node,
    serving,
)  # fmt: skip

DIGEST: t.Final = digest(plan().as_bytes())
CRITICAL: t.Final = digest(plan(tier="critical").as_bytes())


@pytest.fixture
def script() -> t.Iterator[Scripted]:
    with serving(Scripted(PHR, DIGEST)) as made:
        yield made


def _users(script: Scripted, of: str = DIGEST) -> list[str]:
    return [each.user for each in Awx(script.environment).approvals(PHR, of)]


def test_who_approved_and_when(script: Scripted) -> None:
    [found] = Awx(script.environment).approvals(PHR, DIGEST)
    assert (found.user, found.asked, found.at, found.node) == ("bob", later(2), later(28), "gate")
    assert found.proof(script.address)["workflow_job"] == WORKFLOW
    assert Awx(script.environment).launcher() == "alice"


_NOBODY: t.Final[dict[str, t.Callable[[Scripted], object]]] = {
    "denied": lambda s: s.approvals(approval(50, status="failed")),
    "timed out": lambda s: s.approvals(approval(50, user=None, status="failed", timed_out=True)),
    "timed out and yet successful": lambda s: s.approvals(approval(50, timed_out=True)),
    "pending": lambda s: s.approvals(approval(50, user=None, status="pending", finished=None)),
    "by nobody": lambda s: s.approvals(approval(50, user=None)),
    "of another workflow": lambda s: s.approvals(approval(50, workflow=99)),
    "answered for another number": lambda s: s.answers.update({"workflow_approvals/50/": approval(51)}),
    "without a time": lambda s: s.approvals(approval(50, finished=None)),
    "the node failed": lambda s: s.nodes(node(1, 50, "workflow_approval", 2, status="failed"), node(2, JOB, "job")),
    "the node did not run": lambda s: s.nodes(node(1, None, "workflow_approval", 2), node(2, JOB, "job")),
    "the node leads elsewhere": lambda s: s.nodes(node(1, 50, "workflow_approval", 3), node(2, JOB, "job")),
    "the node comes after this job": lambda s: s.nodes(node(1, 50, "workflow_approval"), node(2, JOB, "job", 1)),
    "by the way of failure": lambda s: s.nodes(
        node(1, 50, "workflow_approval", failure_nodes=[2]), node(2, JOB, "job")
    ),
    "by the way of whatever happens": lambda s: s.nodes(
        node(1, 50, "workflow_approval", always_nodes=[2]), node(2, JOB, "job")
    ),
    "a job in its place": lambda s: s.nodes(node(1, 50, "job", 2), node(2, JOB, "job")),
    "no node at all": lambda s: s.nodes(),
    "this job is not in it": lambda s: s.nodes(node(1, 50, "workflow_approval", 2), node(2, 77, "job")),
}  # fmt: skip


@pytest.mark.parametrize("case", _NOBODY)
def test_row_20_an_answer_by_which_nobody_approved(script: Scripted, case: str) -> None:
    _NOBODY[case](script)
    assert _users(script) == []


_REFUSED: t.Final[dict[str, tuple[t.Callable[[Scripted], object], str]]] = {
    "500": (lambda s: s.status.update({f"jobs/{JOB}/": 500}), "answered jobs/41/ with 500"),
    "503 of the approval": (lambda s: s.status.update({"workflow_approvals/50/": 503}), "with 503"),
    "401": (lambda s: s.status.update({f"workflow_jobs/{WORKFLOW}/": 401}), "with 401"),
    "403": (lambda s: s.status.update({f"workflow_jobs/{WORKFLOW}/workflow_nodes/": 403}), "with 403"),
    "400": (lambda s: s.status.update({f"jobs/{JOB}/": 400}), "with 400"),
    "204": (lambda s: s.status.update({f"jobs/{JOB}/": 204}), "with 204"),
    "a redirect, which would take the token elsewhere": (lambda s: s.status.update({f"jobs/{JOB}/": 302}), "with 302"),
    "404": (lambda s: s.answers.pop("workflow_approvals/50/"), "with 404"),
    "a page": (lambda s: s.answers.update({f"jobs/{JOB}/": b"<html>login</html>"}), "is damaged"),
    "a list": (lambda s: s.answers.update({f"jobs/{JOB}/": b"[]"}), "is damaged"),
    "a key twice": (lambda s: s.answers.update({f"jobs/{JOB}/": b'{"id": 1, "id": 2}'}), "a key stands twice"),
    "nothing": (lambda s: s.answers.update({f"jobs/{JOB}/": b""}), "is damaged"),
    "no workflow": (lambda s: s.answers[f"jobs/{JOB}/"].update(summary_fields={}), "is no part of a workflow"),
    "another plan": (lambda s: s.variables({"aiops_phr": "PHR-20261122-091502-000000", "aiops_digest": DIGEST}), "not for"),
    "another digest": (lambda s: s.variables({"aiops_phr": PHR, "aiops_digest": "sha256:0"}), "not for"),
    "no variables": (lambda s: s.variables({}), "launched for None"),
    "variables of another form": (lambda s: s.answers[f"workflow_jobs/{WORKFLOW}/"].update(extra_vars="--- \n- x"), "launched for None"),
}  # fmt: skip


@pytest.mark.parametrize("case", _REFUSED)
def test_row_20_what_awx_does_not_answer_is_no_approval(script: Scripted, case: str) -> None:
    change, words = _REFUSED[case]
    change(script)
    with pytest.raises(AiopsError, match=words) as raised:
        _users(script)
    assert TOKEN not in str(raised.value)


def test_row_20_one_that_is_slow_is_not_waited_for(script: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awx, "_SECONDS", 0.2)
    script.delay = 0.6
    with pytest.raises(AiopsError, match="did not answer"):
        _users(script)


def test_one_that_is_gone(script: Scripted) -> None:
    environment = {**script.environment, "CONTROLLER_HOST": "http://127.0.0.1:9"}
    with pytest.raises(AiopsError, match="did not answer"):
        Awx(environment).approvals(PHR, DIGEST)


@pytest.mark.parametrize("host", ["file:///etc/passwd#", "ftp://127.0.0.1/"])
def test_no_other_kind_of_address(script: Scripted, host: str) -> None:
    with pytest.raises(AiopsError, match="does not begin with http"):
        Awx({**script.environment, "CONTROLLER_HOST": host}).approvals(PHR, DIGEST)


@pytest.mark.parametrize("name", ["CONTROLLER_HOST", "CONTROLLER_OAUTH_TOKEN", "JOB_ID"])
def test_without_a_credential_nobody_is_asked(script: Scripted, name: str) -> None:
    with pytest.raises(AiopsError, match="Who approves is not proven"):
        Awx({key: value for key, value in script.environment.items() if key != name})


def test_a_wrong_token_is_told(script: Scripted) -> None:
    with pytest.raises(AiopsError, match="401"):
        Awx({**script.environment, "CONTROLLER_OAUTH_TOKEN": "another"}).approvals(PHR, DIGEST)


def test_row_20_a_name_that_stands_twice(script: Scripted) -> None:
    """Two nodes of one name: only the one that leads here counts."""
    script.nodes(
        node(1, 50, "workflow_approval", 2),
        node(2, JOB, "job"),
        node(3, 51, "workflow_approval", 4),
        node(4, 77, "job"),
    )
    script.approvals(approval(51, "mallory"))
    assert _users(script) == ["bob"]


def test_gates_one_after_the_other_and_in_workflows_of_their_own(script: Scripted) -> None:
    """The right to approve is one of a whole workflow in AWX: gates of two teams are two workflows within one."""
    script.nodes(
        node(1, 60, "workflow_job", 2), node(2, 61, "workflow_job", 3), node(3, 70, "job", 4), node(4, JOB, "job")
    )
    for number, user in ((60, "carol"), (61, "bob")):
        script.nodes(node(9, number + 100, "workflow_approval"), workflow=number)
        script.approvals(approval(number + 100, user, workflow=number))
    assert sorted(_users(script)) == ["bob", "carol"]


def test_many_nodes_and_a_circle(script: Scripted) -> None:
    chain = [node(number, None, "job", number + 1) for number in range(10, 260)]
    script.nodes(node(1, 50, "workflow_approval", 10), *chain, node(260, JOB, "job", 1))
    assert _users(script) == ["bob"]


# Recording it


@pytest.fixture
def kept(root: t.Any, monkeypatch: pytest.MonkeyPatch) -> QuickStore:
    monkeypatch.setattr(moments, "now", lambda: later(40))
    return QuickStore(root, PEOPLE)


def _record(kept: QuickStore, script: Scripted, of: Record) -> Record:
    found = Awx(script.environment).approvals(PHR, of.plan_digest)
    voices = [Voice(Person(each.user, "platform", "awx"), None, each.proof("awx"), each.at) for each in found]
    return decide_by_platform(kept, of, "approve", min((each.asked for each in found), default=""), voices, ALICE)


def test_medium_by_awx(kept: QuickStore, script: Scripted) -> None:
    record = _record(kept, script, kept.create(plan(), NOW, ALICE))
    [event] = record.approvals
    assert (record.state(later(40)), event.at, str(event.by)) == ("approved", later(28), "bob (platform, on awx)")
    assert event.body["proof"]["id"] == 50
    assert record.until == later(28 + 600)


def test_critical_by_two_people_in_awx(kept: QuickStore, script: Scripted) -> None:
    script.variables({"aiops_phr": PHR, "aiops_digest": CRITICAL})
    script.nodes(node(1, 50, "workflow_approval", 2), node(2, 51, "workflow_approval", 3), node(3, JOB, "job"))
    script.approvals(approval(51, "carol", finished="2026-11-22T09:15:35Z"))
    record = _record(kept, script, kept.create(plan(tier="critical"), NOW, ALICE))
    assert (record.state(later(40)), len(record.approvals)) == ("approved", 2)


@pytest.mark.parametrize("user", ["robot", "admin", "mallory"])
def test_row_16_a_bot_an_administrator_and_a_stranger_in_awx(kept: QuickStore, script: Scripted, user: str) -> None:
    """A superuser of AWX may click at every gate; here counts who is listed, with the roles that are written there."""
    script.approvals(approval(50, user))
    with pytest.raises(AiopsError, match="can't decide that"):
        _record(kept, script, kept.create(plan(), NOW, ALICE))
    assert kept.load(PHR).approvals == []


def test_without_a_list_nobody_of_awx_counts(root: t.Any, script: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "now", lambda: later(40))
    kept = QuickStore(root, People())
    with pytest.raises(AiopsError, match=r"trust/identities\.yml"):
        _record(kept, script, kept.create(plan(), NOW, ALICE))


def test_nobody_approved(kept: QuickStore, script: Scripted) -> None:
    script.approvals(approval(50, status="failed"))
    with pytest.raises(AiopsError, match="Nobody has approved"):
        _record(kept, script, kept.create(plan(), NOW, ALICE))
    assert [event.type for event in kept.load(PHR).events] == ["proposed"]


# Applying it: AWX is asked once more


def test_it_is_applied_as_awx_confirms_it(kept: QuickStore, script: Scripted) -> None:
    _record(kept, script, kept.create(plan(), NOW, ALICE))
    server = MemoryServer(("Deployment", cart()))
    assert apply(kept, server, CLUSTER, PHR, ALICE, Awx(script.environment).require).state(later(40)) == "applied"


_FORGED: t.Final[dict[str, t.Callable[[Scripted], object]]] = {
    "nobody": lambda s: s.approvals(approval(50, status="failed")),
    "somebody else": lambda s: s.approvals(approval(50, "carol")),
    "at another time": lambda s: s.approvals(approval(50, finished="2026-11-22T09:15:31Z")),
    "for another plan": lambda s: s.variables({"aiops_phr": PHR, "aiops_digest": "sha256:0"}),
    "not at all": lambda s: s.status.update({"workflow_approvals/50/": 500}),
}


@pytest.mark.parametrize("case", _FORGED)
def test_row_19_what_awx_does_not_confirm_is_not_applied(kept: QuickStore, script: Scripted, case: str) -> None:
    """Whoever can write records can write that AWX said something: the module that changes the cluster asks AWX itself."""
    _record(kept, script, kept.create(plan(), NOW, ALICE))
    _FORGED[case](script)
    server = MemoryServer(("Deployment", cart()))
    with pytest.raises(AiopsError):
        apply(kept, server, CLUSTER, PHR, ALICE, Awx(script.environment).require)
    assert server.writes == []
    assert kept.load(PHR).state(later(40)) == "approved"


# Taking a critical change back


def _applied(kept: QuickStore, script: Scripted, server: MemoryServer) -> Record:
    """A critical change that two people approved in AWX, with its job at an end."""
    script.variables({"aiops_phr": PHR, "aiops_digest": CRITICAL})
    script.nodes(node(1, 50, "workflow_approval", 2), node(2, 51, "workflow_approval", 3), node(3, JOB, "job"))
    script.approvals(approval(51, "carol", finished="2026-11-22T09:15:35Z"))
    _record(kept, script, kept.create(plan(tier="critical"), NOW, ALICE))
    return apply(kept, server, CLUSTER, PHR, ALICE, Awx(script.environment).require)


@pytest.fixture
def take_back(kept: QuickStore, script: Scripted, monkeypatch: pytest.MonkeyPatch) -> t.Callable[[], dict[str, t.Any]]:
    """The module ``approval`` with the verdict approve_rollback, as a job of AWX runs it."""

    def said(*_params: object, **result: t.Any) -> t.NoReturn:
        raise _Said(result)

    for name, value in script.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(module, "store", lambda _params: kept)
    monkeypatch.setattr(AnsibleModule, "exit_json", said)
    monkeypatch.setattr(AnsibleModule, "fail_json", said)

    def run() -> dict[str, t.Any]:
        with patch_module_args({"phr": PHR, "verdict": "approve_rollback"}), pytest.raises(_Said) as raised:
            module.main()
        return raised.value.result

    return run


class _Said(Exception):
    def __init__(self, result: dict[str, t.Any]) -> None:
        super().__init__(str(result))
        self.result = result


def test_a_rollback_by_awx(
    kept: QuickStore, script: Scripted, take_back: t.Callable[[], dict[str, t.Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = MemoryServer(("Deployment", cart()))
    _applied(kept, script, server)
    with pytest.raises(AiopsError, match="one person must decide that it is taken back"):
        roll_back(kept, server, PHR, ALICE, "asked", Awx(script.environment).require)
    assert "Nobody has approved" in take_back()["msg"], (
        "the two who approved the change said nothing about taking it back"
    )
    monkeypatch.setattr(moments, "now", lambda: later(120))
    script.nodes(node(5, 52, "workflow_approval", 6), node(6, JOB, "job"))
    script.approvals(approval(52, "carol", finished="2026-11-22T09:16:55Z"))
    said = take_back()
    assert (said.get("msg"), said["changed"], said["state"]) == (None, True, "applied")
    event = kept.load(PHR).last("rollback_approved")
    assert event
    assert (str(event.by), event.body["proof"]["id"]) == (f"carol (platform, on {script.address})", 52)
    back = roll_back(kept, server, PHR, ALICE, "asked", Awx(script.environment).require)
    assert (back.state(later(120)), server.objects[CART]["spec"]) == ("rolled_back", cart()["spec"])


def test_row_19_a_rollback_that_awx_does_not_confirm_is_not_done(
    kept: QuickStore, script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = MemoryServer(("Deployment", cart()))
    record = _applied(kept, script, server)
    monkeypatch.setattr(moments, "now", lambda: later(120))
    body = {"digest": record.plan_digest, "justification": "as AWX says", "proof": {"id": 52}}
    kept.append(PHR, "rollback_approved", later(115), Person("bob", "platform", "awx"), body)
    with pytest.raises(AiopsError, match="AWX does not confirm"):
        roll_back(kept, server, PHR, ALICE, "asked", Awx(script.environment).require)
    assert (len(server.writes), kept.load(PHR).state(later(120))) == (1, "applied")


@pytest.mark.parametrize("case", ["another plan", "somebody unknown"])
def test_a_rollback_that_nobody_decided_in_awx(
    case: str,
    kept: QuickStore,
    script: Scripted,
    take_back: t.Callable[[], dict[str, t.Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _applied(kept, script, MemoryServer(("Deployment", cart())))
    monkeypatch.setattr(moments, "now", lambda: later(120))
    script.nodes(node(5, 52, "workflow_approval", 6), node(6, JOB, "job"))
    script.approvals(approval(52, "mallory" if case == "somebody unknown" else "bob", finished="2026-11-22T09:16:55Z"))
    if case == "another plan":
        script.variables({"aiops_phr": PHR, "aiops_digest": DIGEST})
    assert ("can't decide that" if case == "somebody unknown" else "not for") in take_back()["msg"]
    assert kept.load(PHR).last("rollback_approved") is None
