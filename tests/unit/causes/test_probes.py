# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kubelets of several versions and runtimes say of a probe that fails, put into one recorded kill: which cause it is."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import judge
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Log, LogRequest
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import UNDETERMINED, Finding
from ansible_collections.aiops.kubernetes.tests.unit.causes.recorded import objects_of, recorded

WRONG, ILL, SLOW = "liveness-probe-misconfigured", "liveness-probe-failing", "startup-too-slow"
HTTP = {"httpGet": {"path": "/healthz", "port": 8000}}
ELSEWHERE = {"httpGet": {"path": "/healthz", "port": 9999}}
NAMED = {"httpGet": {"path": "/healthz", "port": "web"}}
COMMAND = {"exec": {"command": ["curl", "-f", "localhost"]}}
GRPC = {"grpc": {"port": 8000}}
REFUSED = 'Get "http://10.244.0.9:8000/healthz": dial tcp 10.244.0.9:8000: connect: connection refused'
KILLS = [
    (HTTP, f"Liveness probe failed: {REFUSED}", SLOW),
    (NAMED, f"Liveness probe failed: {REFUSED}", SLOW),
    (
        {"tcpSocket": {"port": 8000}},
        "Liveness probe failed: dial tcp 10.244.0.9:8000: connect: connection refused",
        SLOW,
    ),
    (ELSEWHERE, "Liveness probe failed: " + REFUSED.replace("8000", "9999"), WRONG),
    (HTTP, "Liveness probe failed: HTTP probe failed with statuscode: 404", WRONG),
    (HTTP, "Liveness probe failed: HTTP probe failed with statuscode: 401", WRONG),
    (HTTP, "Liveness probe failed: HTTP probe failed with statuscode: 500", ILL),
    (HTTP, "Liveness probe failed: HTTP probe failed with statuscode: 503", ILL),
    (HTTP, "Liveness probe failed: HTTP probe failed with statuscode: 429", ILL),
    (
        HTTP,
        'Liveness probe failed: Get "https://10.244.0.9:8000/": http: server gave HTTP response to HTTPS client',
        WRONG,
    ),
    (
        HTTP,
        'Liveness probe failed: Get "http://10.244.0.9:8000/": net/http: HTTP/1.x transport connection broken: malformed HTTP response',
        WRONG,
    ),
    (
        HTTP,
        'Liveness probe failed: Get "http://10.244.0.9:8000/healthz": context deadline exceeded (Client.Timeout exceeded)',
        ILL,
    ),
    (
        HTTP,
        'Liveness probe failed: Get "http://10.244.0.9:8000/healthz": net/http: request canceled (Client.Timeout exceeded)',
        ILL,
    ),
    (COMMAND, "Liveness probe failed: sh: 1: curl: not found", WRONG),
    (COMMAND, "Liveness probe failed: /bin/sh: curl: command not found", WRONG),
    (
        COMMAND,
        'Liveness probe failed: OCI runtime exec failed: exec: "curl": executable file not found in $PATH: unknown',
        WRONG,
    ),
    (COMMAND, "Liveness probe failed: curl: (22) The requested URL returned error: 503", ILL),
    (COMMAND, 'Liveness probe failed: command timed out: "curl -f localhost" timed out after 1s', ILL),
    (COMMAND, "Liveness probe failed: cat: can't open '/tmp/healthy': No such file or directory", ILL),
    (GRPC, 'Liveness probe failed: service unhealthy (responded with "NOT_SERVING")', ILL),
    (
        GRPC,
        "Liveness probe failed: error: this server does not implement the grpc health protocol (grpc.health.v1.Health): x",
        WRONG,
    ),
    (
        GRPC,
        'Liveness probe failed: timeout: failed to connect service "10.244.0.9:8000" within 1s: context deadline exceeded',
        UNDETERMINED,
    ),
]


def killed(action: dict[str, Any], message: str, log: str = "", **spec: Any) -> Finding:
    """What is found where the recorded probe had asked and got that; it has the same patience, and no startup probe beside it."""
    read = recorded("liveness-probe-misconfigured--api")
    objects = objects_of(read)
    for pod in objects["Pod"]:
        [container] = pod["spec"]["containers"]
        times = {key: container["livenessProbe"][key] for key in ("periodSeconds", "failureThreshold")}
        container |= {"livenessProbe": {**times, **action}, **spec}
        container.pop("startupProbe")
        for status in pod["status"]["containerStatuses"]:
            for state in (status["state"], status["lastState"]):
                if "terminated" in state:
                    state["terminated"] |= {"exitCode": 137, "reason": "Error"}
    for event in objects["Event"]:
        if event["reason"] == "Unhealthy":
            event["message"] = message
    logs = {
        LogRequest(pod["metadata"]["namespace"], pod["metadata"]["name"], container["name"], True): Log(log)
        for pod in objects["Pod"]
        for container in pod["spec"]["containers"]
        if log
    }
    [finding] = judge.find(dataclasses.replace(read, objects=objects, logs=logs))
    return finding


@pytest.mark.parametrize(
    ("action", "message", "cause"), KILLS, ids=[message[:70] for _action, message, _cause in KILLS]
)
def test_tells_a_wrong_question_from_a_bad_answer(action: dict[str, Any], message: str, cause: str) -> None:
    finding = killed(action, message)
    assert (finding.cause, finding.confidence) == (cause, "confirmed" if cause != UNDETERMINED else UNDETERMINED)


def test_a_server_that_takes_grpc_for_a_strange_request_speaks_something_else() -> None:
    message = KILLS[-1][1]
    line = '10.244.0.1 - - [27/Nov/2026 00:05:01] "PRI * HTTP/2.0" 505 -'
    assert killed(GRPC, message, log=line).cause == WRONG
    assert killed(GRPC, message, log=line.replace("PRI * HTTP/2.0", "GET / HTTP/1.1")).cause == UNDETERMINED
    assert killed(HTTP, f"Liveness probe failed: {REFUSED}", log=line).cause == SLOW


@pytest.mark.parametrize(
    ("ports", "words", "confidence"),
    [
        ([{"containerPort": 7000}], "connection refused", "confirmed"),
        ([], "connection refused", "probable"),
        ([], "i/o timeout", "confirmed"),
    ],
)
def test_a_slow_start_is_sure_where_the_probe_asks_the_right_port(
    ports: list[dict[str, int]], words: str, confidence: str
) -> None:
    read = recorded("startup-too-slow--ledger")
    objects = objects_of(read)
    for pod in objects["Pod"]:
        pod["spec"]["containers"][0]["ports"] = ports
    for event in objects["Event"]:
        event["message"] = event["message"].replace("connection refused", words)
    [finding] = judge.find(dataclasses.replace(read, objects=objects))
    assert (finding.cause, finding.confidence) == (SLOW, confidence)


def test_nobody_knows_where_nothing_is_declared() -> None:
    assert killed(HTTP, f"Liveness probe failed: {REFUSED}", ports=[]).cause == UNDETERMINED


@pytest.mark.parametrize(("asks", "same"), [(HTTP, True), (NAMED, False)])
def test_tells_of_another_probe_that_asks_the_same(asks: dict[str, Any], same: bool) -> None:
    message = "Liveness probe failed: HTTP probe failed with statuscode: 404"
    finding = killed(HTTP, message, readinessProbe={**asks, "periodSeconds": 7})
    assert ("Its readiness probe asks the same." in finding.explanation) is same
    assert ("livenessProbe and readinessProbe of" in finding.next_step) is same


def looks_for(file: str, runs: str, words: str | None = None) -> Finding:
    """What is found where a liveness probe looks for a file that no run had, of a container that runs this command."""
    asks = {"exec": {"command": ["test", "-f", file] if words == "" else ["cat", file]}}
    said = f"cat: can't open '{file}': No such file or directory" if words is None else words
    return killed(asks, f"Liveness probe failed: {said}", command=["sh", "-c", runs])


@pytest.mark.parametrize("words", [None, "", "cat: /tmp/helthy: No such file or directory"])
@pytest.mark.parametrize("meant", ["/tmp/healthy", "/var/run/helthy"])
def test_a_file_that_nothing_makes_beside_one_much_like_it_is_a_slip(words: str | None, meant: str) -> None:
    finding = looks_for("/tmp/helthy", f"while true; do date > {meant}; sleep 5; done", words)
    assert (finding.cause, finding.confidence) == (WRONG, "probable")
    assert [candidate.what for candidate in finding.candidates] == [f"file {meant}"]


@pytest.mark.parametrize(
    ("runs", "cause", "confidence"),
    [
        ("load; touch /tmp/healthy; serve", SLOW, "probable"),
        ("load; touch /tmp/healthy; work; rm -f /tmp/healthy; sleep 600", ILL, "confirmed"),
        ("serve --log /tmp/access.log", ILL, "probable"),
        ("serve --from http://tmp/healthy", ILL, "probable"),
    ],
)
@pytest.mark.parametrize("words", [None, ""])
def test_a_file_that_the_container_makes_itself_comes_late(
    runs: str, cause: str, confidence: str, words: str | None
) -> None:
    finding = looks_for("/tmp/healthy", runs, words)
    assert (finding.cause, finding.confidence) == (cause, confidence)
    assert ("may look for the wrong file" in finding.explanation) is (cause == ILL and confidence == "probable")


@pytest.mark.parametrize(
    ("runs", "cause"),
    [
        ("touch /tmp/ready; serve", "readiness-probe-misconfigured"),
        ("touch /tmp/raedy; serve", "readiness-probe-failing"),
        ("serve", "readiness-probe-failing"),
    ],
)
def test_who_waits_for_traffic_looks_for_the_wrong_file_only_where_another_is_named(runs: str, cause: str) -> None:
    read = recorded("readiness-probe-misconfigured--ledger")
    objects = objects_of(read)
    for pod in objects["Pod"]:
        [container] = pod["spec"]["containers"]
        container["command"] = ["sh", "-c", runs]
        container["readinessProbe"]["exec"]["command"] = ["cat", "/tmp/raedy"]
    for event in objects["Event"]:
        if event["reason"] == "Unhealthy":
            event["message"] = "Readiness probe failed: cat: /tmp/raedy: No such file or directory"
    [finding] = judge.find(dataclasses.replace(read, objects=objects))
    assert finding.cause == cause


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["sh", "/opt/check.sh"], "sh: can't open '/opt/check.sh': No such file or directory"),
        (["/bin/bash", "/opt/check.sh"], "/bin/bash: /opt/check.sh: No such file or directory"),
        (["python3", "/opt/check.py"], "python3: can't open file '/opt/check.py': [Errno 2] No such file or directory"),
        (["node", "/opt/check.js"], "Error: Cannot find module '/opt/check.js'"),
    ],
)
def test_a_script_that_is_not_there_is_no_answer(command: list[str], words: str) -> None:
    finding = killed({"exec": {"command": command}}, f"Liveness probe failed: {words}")
    assert (finding.cause, finding.confidence) == (WRONG, "confirmed")
    assert f"its script {command[1]} is not there" in finding.summary
    wants = killed(
        {"exec": {"command": command}}, f"Liveness probe failed: {words.replace('/opt/check', '/tmp/state')}"
    )
    assert wants.cause == ILL


def test_offers_the_port_that_is_declared() -> None:
    finding = killed(HTTP, f"Liveness probe failed: {REFUSED}", ports=[{"containerPort": 9090}])
    assert [candidate.what for candidate in finding.candidates] == ["port 9090"]


@pytest.mark.parametrize(
    "line",
    [
        " * Running on http://127.0.0.1:8000",
        "Starting development server at http://127.0.0.1:8000/",
        'level=info msg="Listening on" address=localhost:8000',
        "listening on ('::1', 8000)",
        "Serving HTTP on 127.0.0.1 port 8000 (http://127.0.0.1:8000/) ...",
    ],
)
@pytest.mark.parametrize("declared", [True, False])
def test_a_server_that_listens_for_itself_only(line: str, declared: bool) -> None:
    message, ports = f"Liveness probe failed: {REFUSED}", [{"containerPort": 8000}] if declared else []
    finding = killed(HTTP, message, log=line, ports=ports)
    assert (finding.cause, finding.confidence) == (WRONG, "confirmed")
    assert "127.0.0.1 only" in finding.summary
    for others in (f" * Running on all addresses (0.0.0.0)\n{line}", line.replace("8000", "8001")):
        assert "127.0.0.1 only" not in killed(HTTP, message, log=others, ports=ports).summary
