# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which logs are asked for, and what a cause gets to see of them, on variations of one recorded crash."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import _case, judge
from ansible_collections.aiops.kubernetes.plugins.module_utils._causes._case import ContainerCase
from ansible_collections.aiops.kubernetes.plugins.module_utils._causes._case import said as said_by
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Evidence, Log, LogRequest
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Pod
from ansible_collections.aiops.kubernetes.tests.unit.causes.recorded import recorded

EVIDENCE = recorded("application-error--api")
NOW = "2026-11-22T10:00:00Z"
CRASH = {"exitCode": 1, "reason": "Error", "startedAt": "2026-11-22T09:59:00Z", "finishedAt": "2026-11-22T09:59:10Z"}
WAITS = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": CRASH}, "restartCount": 3}
RUNS = {"state": {"running": {"startedAt": "2026-11-22T09:59:50Z"}}}
AGAIN = {**RUNS, "lastState": {"terminated": CRASH}, "restartCount": 3}
STAYS = {"state": {"running": {"startedAt": "2026-11-22T09:40:00Z"}}, "ready": False}
RECOVERED = {**STAYS, "lastState": {"terminated": CRASH}, "restartCount": 1}
IDLE = {"state": {"waiting": {"reason": "PodInitializing"}}, "ready": False}


def a_pod(name: str, status: dict[str, Any], unready_since: str, init: dict[str, Any] | None = None) -> dict[str, Any]:
    pod: dict[str, Any] = copy.deepcopy(dict(EVIDENCE.pods[0].json))
    pod["metadata"].update(name=name, uid=name, creationTimestamp=unready_since)
    pod["status"]["phase"] = "Running"
    pod["status"]["containerStatuses"] = [{"name": "server", **status}]
    ready = {"type": "Ready", "status": "False", "lastTransitionTime": unready_since}
    pod["status"]["conditions"] = [ready, {"type": "PodScheduled", "status": "True"}]
    if init:
        pod["spec"]["initContainers"] = [{"name": "migrate", "image": "busybox:1.36"}]
        pod["status"]["initContainerStatuses"] = [{"name": "migrate", **init}]
    return pod


def evidence(*pods: dict[str, Any], **logs: str) -> Evidence:
    """The recorded cluster with other pods; a log is named by its pod, and by `_before` for the run before."""
    read = {
        LogRequest(pods[0]["metadata"]["namespace"], name.removesuffix("_before"), "server", before): Log(text)
        for name, text in logs.items()
        for before in ("_before" in name,)
    }
    objects = {**EVIDENCE.objects, "Pod": pods, "Event": ()}
    return dataclasses.replace(EVIDENCE, observed_at=NOW, objects=objects, logs=read)


OLD, YOUNG = "2026-11-22T09:30:00Z", "2026-11-22T09:59:30Z"
WANTED = [
    ("waits", a_pod("a", WAITS, OLD), [("server", False)]),
    ("runs between two crashes", a_pod("a", AGAIN, OLD), [("server", True), ("server", False)]),
    ("is not ready for long", a_pod("a", STAYS, OLD), [("server", False)]),
    ("is not ready for long after a restart", a_pod("a", RECOVERED, OLD), [("server", False), ("server", True)]),
    ("is not ready yet", a_pod("a", RUNS, YOUNG), []),
    ("has an init container that goes on", a_pod("a", IDLE, OLD, init=STAYS), [("migrate", False)]),
    ("has an init container that has just begun", a_pod("a", IDLE, YOUNG, init=RUNS), []),
]


@pytest.mark.parametrize(("pod", "wanted"), [each[1:] for each in WANTED], ids=[each[0] for each in WANTED])
def test_asks_for_the_logs_that_tell(pod: dict[str, Any], wanted: list[tuple[str, bool]]) -> None:
    assert [(each.container, each.previous) for each in judge.logs_wanted(evidence(pod))] == wanted


def test_asks_for_one_of_each_kind_and_for_the_most_telling_first() -> None:
    other = a_pod("other", AGAIN, OLD)
    other["metadata"]["ownerReferences"] = []
    pods = (a_pod("b", AGAIN, OLD), a_pod("a", AGAIN, "2026-11-22T09:50:00Z"), other)
    assert [(each.pod, each.previous) for each in judge.logs_wanted(evidence(*pods))] == [
        ("a", True),
        ("other", True),
        ("a", False),
        ("other", False),
    ]


def case_of(read: Evidence, number: int = 0) -> ContainerCase:
    pod = Pod(read.objects["Pod"][number])
    return ContainerCase(read, pod, pod.containers[-1])


def test_the_run_that_ended_speaks_before_the_present_one() -> None:
    case = case_of(evidence(a_pod("a", AGAIN, OLD), a="port 1 is taken", a_before="port 2 is taken\nport 3 is taken"))
    [quoted] = _case.quote_log(case)
    assert quoted.text == "port 2 is taken\nport 3 is taken"
    assert quoted.source.endswith("log of container server, the run that ended last")
    match = said_by(case, r"port (\d)")
    assert match
    assert match[1] == "3"
    assert _case.quote_said(case, match).text == "port 3 is taken"
    now = said_by(case, "port 1")
    assert now
    assert _case.quote_said(case, now).source.endswith("the present run")


def test_the_termination_message_speaks_first() -> None:
    status = {**WAITS, "lastState": {"terminated": {**CRASH, "message": "port 4 is taken"}}}
    case = case_of(evidence(a_pod("a", status, OLD), a="port 1 is taken"))
    match = said_by(case, r"port \d")
    assert match
    assert match[0] == "port 4"
    assert _case.quote_said(case, match).kind == "status"


def test_one_log_speaks_for_the_pods_that_ended_alike() -> None:
    other_end = {**WAITS, "lastState": {"terminated": {**CRASH, "exitCode": 2}}}
    pods = (a_pod("a", WAITS, OLD), a_pod("b", WAITS, OLD), a_pod("c", other_end, OLD))
    read = evidence(*pods, a="the ledger is out of balance")
    assert case_of(read, 1).log == "the ledger is out of balance"
    assert case_of(read, 2).log == ""
    [finding] = judge.find(read)
    assert (finding.cause, finding.replicas_affected) == ("application-error", 3)


@pytest.mark.parametrize(("app", "cause"), [("api", "undetermined"), ("db", "dependency-unavailable")])
def test_its_own_likes_are_nothing_that_it_depends_on(app: str, cause: str) -> None:
    """A member of a cluster waits for the others, whose Service has no endpoint because none of them is ready."""
    pod = a_pod("a", STAYS, OLD)
    service = {
        "metadata": {**pod["metadata"], "name": "peers"},
        "spec": {"clusterIP": "None", "selector": {"app": app}},
    }
    other = copy.deepcopy(pod)
    other["metadata"].update(name="b", uid="b", labels={"app": "db"}, ownerReferences=[])
    read = evidence(pod, other, a="can't join: lookup b.peers: no such host")
    found = judge.find(dataclasses.replace(read, objects={**read.objects, "Service": [service]}))
    assert [each.cause for each in found if each.workload == read.workload(read.pods[0])] == [cause]


@pytest.mark.parametrize("name", ["dns-resolution-failed--own", "rbac-denied--nightly"])
@pytest.mark.parametrize("at_once", [1, 2])
def test_the_order_of_two_streams_is_not_relied_on(name: str, at_once: int) -> None:
    """What a program prints at its start may be written down after the error that ended it."""
    read = recorded(name)
    logs = {
        request: Log("\n".join(reversed(["asking for more", *log.text.splitlines()[-1:]])), at_once)
        for request, log in read.logs.items()
    }
    [finding] = judge.find(dataclasses.replace(read, logs=logs))
    assert finding.cause == (name.partition("--")[0] if at_once == 2 else "application-error")


@pytest.mark.parametrize(
    ("line", "fails"),
    [
        ("sh: nc: not found", True),
        ("/wait.sh: line 4: nc: command not found", True),
        ("nc: invalid option -- 'z'", True),
        ("Segmentation fault", True),
        ("curl: (22) The requested URL returned error: 404 Not Found", False),
        ("waiting for the queue", False),
    ],
)
@pytest.mark.parametrize("times", [1, 3])
def test_what_an_init_container_waits_with_may_fail_itself(line: str, fails: bool, times: int) -> None:
    """What it waits for answers; the shell asks with something that it can't run."""
    read = recorded("init-container-hanging--agent")
    [pod] = read.pods
    request = LogRequest(pod.ref.namespace, pod.ref.name, pod.containers[0].name, False)
    [finding] = judge.find(dataclasses.replace(read, logs={request: Log(f"{line}\nwaiting\n" * times)}))
    assert finding.cause == "init-container-hanging"
    assert finding.summary.endswith(f"fails again and again: {line}") is (fails and times > 1)
