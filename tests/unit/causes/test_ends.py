# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends that the test cluster can't make: a node without memory would take the other tests with it, and events go only after
an hour. Each is a recorded end with little of it changed, as told beside it.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import Any, cast

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import judge
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Evidence, Log
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import UNDETERMINED
from ansible_collections.aiops.kubernetes.tests.unit.causes.recorded import recorded

NODE_OUT, LIMIT = "node-out-of-memory", "memory-limit-exceeded"


def found_in(evidence: Evidence) -> list[tuple[str, str]]:
    return [(finding.cause, finding.confidence) for finding in judge.find(evidence)]


def last_end(pod: Any) -> dict[str, Any]:
    """The present state of the only container, where that is an end, else the state before."""
    [status] = pod["status"]["containerStatuses"]
    ended: dict[str, Any] = status["state"].get("terminated") or status["lastState"]["terminated"]
    return ended


def killed(limit: str | None, reason: str) -> tuple[Evidence, Any]:
    """The recorded OOMKilled of a container, with another limit or none, and another reason."""
    evidence = recorded("memory-limit-exceeded--api")
    for pod in evidence.objects["Pod"]:
        pod["spec"]["containers"][0]["resources"] = {"limits": {"memory": limit}} if limit else {}
        last_end(pod)["reason"] = reason
    return evidence, evidence.objects["Node"][0]


def system_oom(node: Any, at: str) -> dict[str, Any]:
    """The kubelet's event about its node, whose uid is the node's name (pkg/kubelet/oom/oom_watcher_linux.go)."""
    about = {"kind": "Node", "name": node["metadata"]["name"], "uid": node["metadata"]["name"]}
    words = "System OOM encountered, victim process: python3, pid: 4711"
    return {"involvedObject": about, "reason": "SystemOOM", "message": words, "type": "Warning", "lastTimestamp": at}


def test_the_limit_ends_it() -> None:
    assert found_in(killed("48Mi", "OOMKilled")[0]) == [(LIMIT, "confirmed")]


@pytest.mark.parametrize("limit", [None, "900Ti"])
def test_without_a_limit_that_could_be_reached_the_node_ran_out(limit: str | None) -> None:
    evidence, node = killed(limit, "OOMKilled")
    assert found_in(evidence) == [(NODE_OUT, "probable")]
    node["status"]["conditions"].append(
        {"type": "MemoryPressure", "status": "True", "reason": "KubeletHasInsufficientMemory"}
    )
    node["status"]["conditions"] = [
        c for c in node["status"]["conditions"] if c.get("status") == "True" or c["type"] != "MemoryPressure"
    ]
    assert found_in(evidence) == [(NODE_OUT, "confirmed")]


@pytest.mark.parametrize(
    ("minutes", "expected"), [("", (NODE_OUT, "probable")), ("2020-01-01T00:00:00Z", (UNDETERMINED, "undetermined"))]
)
def test_a_kill_while_the_node_says_that_it_ran_out(minutes: str, expected: tuple[str, str]) -> None:
    evidence, node = killed("48Mi", "Error")
    at = minutes or last_end(evidence.objects["Pod"][0])["finishedAt"]
    evidence = dataclasses.replace(evidence, objects={**evidence.objects, "Event": [system_oom(node, at)]})
    assert found_in(evidence) == [expected]


def test_a_kill_of_which_nothing_tells_is_undetermined() -> None:
    assert found_in(killed("48Mi", "Error")[0]) == [(UNDETERMINED, "undetermined")]


def test_a_kill_is_no_more_than_probably_the_limit_where_only_the_log_speaks_of_memory() -> None:
    evidence, _node = killed("48Mi", "Error")
    logs = dict.fromkeys(judge.logs_wanted(evidence), Log("MemoryError: unable to allocate 300 MiB"))
    assert found_in(dataclasses.replace(evidence, logs=logs)) == [(LIMIT, "probable")]


@pytest.mark.parametrize("code", [0, 1, 137, 143])
def test_a_probe_ends_it_whatever_the_code(code: int) -> None:
    """What a program answers to the request to end is its own affair."""
    evidence = recorded("liveness-probe-failing--api")
    for pod in evidence.objects["Pod"]:
        last_end(pod).update(exitCode=code, reason="Error" if code else "Completed")
    assert found_in(evidence) == [("liveness-probe-failing", "confirmed")]


@pytest.mark.parametrize(
    ("code", "expected"), [(0, (UNDETERMINED, "undetermined")), (137, (UNDETERMINED, "undetermined"))]
)
def test_without_events_nobody_can_tell_that_a_probe_ended_it(code: int, expected: tuple[str, str]) -> None:
    evidence = recorded("liveness-probe-failing--api")
    for pod in evidence.objects["Pod"]:
        last_end(pod).update(exitCode=code, reason="Error" if code else "Completed")
        last_end(pod)["startedAt"] = "2026-11-20T00:00:00Z"
    evidence = dataclasses.replace(evidence, objects={**evidence.objects, "Event": []}, logs={})
    assert found_in(evidence) == [expected]


@pytest.mark.parametrize(("startup_seconds", "expected"), [(10, "startup-too-slow"), (200, UNDETERMINED)])
def test_without_events_the_time_tells_of_a_startup_probe(startup_seconds: int, expected: str) -> None:
    evidence = recorded("startup-too-slow--ledger")
    evidence = dataclasses.replace(evidence, objects={**evidence.objects, "Event": []})
    for pod in evidence.objects["Pod"]:
        last_end(pod).update(
            startedAt="2026-11-25T22:00:00Z",
            finishedAt=f"2026-11-25T22:{startup_seconds // 60:02}:{startup_seconds % 60:02}Z",
        )
    assert found_in(evidence) == [(expected, "probable" if expected != UNDETERMINED else UNDETERMINED)]


@pytest.mark.parametrize(
    ("limit", "reason", "words", "expected"),
    [
        ("128Ki", "FailedCreatePodSandBox", "runc: container init was OOM-killed (memory limit too low?)", LIMIT),
        ("64m", "FailedMount", 'MountVolume.SetUp failed for volume "t": write ca.crt: no space left on device', LIMIT),
        (
            "64Mi",
            "FailedMount",
            'MountVolume.SetUp failed for volume "t": no space left on device',
            "volume-mount-failed",
        ),
    ],
)
def test_a_limit_that_does_not_suffice_to_start_anything(limit: str, reason: str, words: str, expected: str) -> None:
    """The sandbox can't be made, or the token not be written, in the words that the test cluster showed."""
    evidence = recorded("sandbox-creation-failed--web")
    for pod in evidence.objects["Pod"]:
        pod["spec"]["containers"][0]["resources"] = {"limits": {"memory": limit}}
    for event in evidence.objects["Event"]:
        if event["reason"] == "FailedCreatePodSandBox":
            cast(dict[str, Any], event).update(reason=reason, message=words)
    assert found_in(evidence) == [(expected, "confirmed")]


@pytest.mark.parametrize(
    ("ready_for", "version", "severity"), [(70, "same", "critical"), (95, "same", "info"), (70, "other", "info")]
)
def test_a_pod_must_outlast_the_one_that_was_evicted_before_it(ready_for: int, version: str, severity: str) -> None:
    """Each of them lives for a while before it passes its limit; one of a corrected template does not."""
    evidence = recorded("evicted--api")
    gone: dict[str, Any] = next(
        dict(pod) for pod in evidence.objects["Pod"] if pod["status"].get("reason") == "Evicted"
    )
    lived, now = 30, evidence.observed_at
    ended = moments.after(now, -ready_for - 5)
    gone["metadata"]["creationTimestamp"] = moments.after(now, -ready_for - 5 - lived)
    gone["status"]["conditions"] = [{"type": "Ready", "status": "False", "lastTransitionTime": ended}]
    fresh = copy.deepcopy(gone)
    fresh["metadata"] |= {"name": "api-fresh", "uid": "api-fresh", "creationTimestamp": ended}
    fresh["metadata"]["labels"]["pod-template-hash"] += version.removeprefix("same")
    since = moments.after(now, -ready_for)
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": since}
    fresh["status"] = {"phase": "Running", "conditions": [ready], "containerStatuses": []}
    [finding] = judge.find(dataclasses.replace(evidence, objects={**evidence.objects, "Pod": [gone, fresh]}))
    assert (finding.cause, finding.severity) == ("evicted", severity)


@pytest.mark.parametrize(
    ("words", "admitted"),
    [
        ("Environment variable REGION is undefined", True),
        ("Traceback (most recent call last):\nValueError: no region", True),
        ("migration failed", True),
        ("12 reports are sent", False),
        ("", False),
    ],
)
def test_an_end_without_an_error_code_may_tell_of_a_failure(words: str, admitted: bool) -> None:
    evidence = recorded("exits-with-success--worker")
    logs = dict.fromkeys(judge.logs_wanted(evidence), Log(f"starting\n{words}\n"))
    [finding] = judge.find(dataclasses.replace(evidence, logs=logs))
    assert (finding.cause, finding.confidence) == ("exits-with-success", "confirmed")
    assert finding.explanation.endswith(words.splitlines()[-1] if admitted else "expects a process that stays.")
    assert ("make it a Job" in finding.next_step) is not admitted
