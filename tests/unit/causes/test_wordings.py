# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the test cluster can't say: other runtimes, languages and policies, on variations of what it recorded."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import judge
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import fields
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Evidence, Log, LogRequest
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import Finding
from ansible_collections.aiops.kubernetes.tests.unit.causes.recorded import recorded

CRASH = recorded("application-error--api")
SANDBOX = recorded("sandbox-creation-failed--web")
SLIP = recorded("image-name-invalid--report")


def ended(exit_code: int, log: Sequence[str], reason: str = "Error", message: str = "", **spec: Any) -> Finding:
    """The finding on a container that ended so, after it was started with this command and args."""
    pod: dict[str, Any] = copy.deepcopy(dict(CRASH.pods[0].json))
    [container] = pod["spec"]["containers"]
    container.pop("command", None)
    container.update(spec)
    [status] = pod["status"]["containerStatuses"]
    status["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
    end = {"exitCode": exit_code, "reason": reason, "message": message}
    end["finishedAt"] = end["startedAt"] = CRASH.observed_at
    status["lastState"] = {"terminated": end}
    request = LogRequest(pod["metadata"]["namespace"], pod["metadata"]["name"], container["name"], False)
    objects = {**CRASH.objects, "Pod": (pod,), "Event": ()}
    [finding] = judge.find(dataclasses.replace(CRASH, objects=objects, logs={request: Log("\n".join(log))}))
    return finding


MISSING, DENIED, FOREIGN = "command-not-found", "command-not-executable", "image-architecture-mismatch"
MADE, USAGE, ERROR = "container-create-failed", "command-usage-error", "application-error"
SETTINGS = "configuration-invalid"
OCI = "OCI runtime create failed: runc create failed: unable to start container process: "
STARTS = [
    # runc, under containerd and Docker
    ("StartError", OCI + 'exec: "serve": executable file not found in $PATH: unknown', MISSING),
    ("StartError", OCI + 'exec: "/app/serve": stat /app/serve: no such file or directory: unknown', MISSING),
    ("ContainerCannotRun", OCI + 'exec: "/app/serve": permission denied: unknown', DENIED),
    ("StartError", OCI + 'exec: "/app": is a directory: unknown', DENIED),
    ("StartError", OCI + 'exec: "/app/serve": exec format error: unknown', FOREIGN),
    ("StartError", OCI + 'error during container init: exec: "/app/serve": permission denied', DENIED),
    # crun, under CRI-O
    ("StartError", "executable file `serve` not found in $PATH: No such file or directory", MISSING),
    (
        "ContainerCannotRun",
        "crun: executable file `serve` not found in $PATH: No such file or directory: OCI not found",
        MISSING,
    ),
    (
        "StartError",
        "exec container process (missing dynamic library?) `/app/serve`: No such file or directory",
        MISSING,
    ),
    ("StartError", "exec container process `/app/serve`: Exec format error", FOREIGN),
    ("StartError", "exec container process `/app/serve`: Permission denied", DENIED),
    ("StartError", "crun: open executable: Permission denied: OCI permission denied", DENIED),
    # the container, not its command
    ("StartError", OCI + 'chdir to cwd ("/root") set in config.json failed: permission denied: unknown', MADE),
    ("StartError", OCI + "write /proc/sys/net/core/somaxconn: invalid argument: unknown", MADE),
    (
        "StartError",
        "failed to create containerd task: unable to apply cgroup configuration: no such file or directory",
        MADE,
    ),
]


@pytest.mark.parametrize(("reason", "message", "cause"), STARTS)
def test_tells_why_a_container_was_not_started(reason: str, message: str, cause: str) -> None:
    assert ended(128, (), reason, message).cause == cause


LAST_WORDS: list[tuple[int, list[str], str]] = [
    # the kernel, by runc's init, older runc, and small init programs
    (255, ["exec /app/serve: no such file or directory"], MISSING),
    (1, ["exec /entrypoint.sh: exec format error"], FOREIGN),
    (1, ["standard_init_linux.go:228: exec user process caused: exec format error"], FOREIGN),
    (1, ['standard_init_linux.go:211: exec user process caused "no such file or directory"'], MISSING),
    (127, ["[FATAL tini (7)] exec serve failed: No such file or directory"], MISSING),
    (126, ["[FATAL tini (7)] exec /app/serve failed: Permission denied"], DENIED),
    (1, ['error: exec: "serve": executable file not found in $PATH'], MISSING),
    # shells
    (127, ["starting", "sh: 1: serve: not found"], MISSING),
    (127, ["bash: line 1: serve: command not found"], MISSING),
    (127, ["env: \u2018serve\u2019: No such file or directory"], MISSING),
    (127, ["/bin/bash: line 1: /app/serve: cannot execute: required file not found"], MISSING),
    (126, ["/bin/sh: /app/serve: Permission denied"], DENIED),
    (126, ["bash: /app: Is a directory"], DENIED),
    (126, ["bash: line 1: /app/serve: cannot execute binary file: Exec format error"], FOREIGN),
    (126, ["bash: /app/run.sh: /bin/zsh: bad interpreter: No such file or directory"], MISSING),
    # other languages
    (1, ["OSError: [Errno 8] Exec format error: '/opt/tools/resize'"], FOREIGN),
    (1, ["Error: /app/node_modules/sharp/build/sharp.node: invalid ELF header"], FOREIGN),
    # nothing of the kind
    (1, ["open /data/journal: no such file or directory"], ERROR),
    (1, ["loading", "exec /app/serve: no such file or directory"], ERROR),
    (1, ["listen tcp :80: bind: permission denied"], ERROR),
]


@pytest.mark.parametrize(("exit_code", "log", "cause"), LAST_WORDS)
def test_tells_why_a_command_did_not_run(exit_code: int, log: list[str], cause: str) -> None:
    assert ended(exit_code, log).cause == cause


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["Error: no route to the ledger", "Exit status: 1"], "Error: no route to the ledger"),
        (["the ledger is torn", "exiting with code 1"], "the ledger is torn"),
        (["the ledger is torn", "Exit code of the ledger was 3"], "Exit code of the ledger was 3"),
        (["aborting."], "aborting."),
        (["starting", "Segmentation fault", "exiting with code 1"], "Segmentation fault"),
        (
            [
                "ERROR: Validate failed",
                "checksum mismatch for version 7",
                "-> here: 4",
                "Need more? See https://a.example",
            ],
            "checksum mismatch for version 7",
        ),
        (
            [
                "ImportError: torn",
                "[1] [ERROR] Worker (pid:7) exited with code 3",
                "[1] [ERROR] Reason: Worker failed to boot.",
            ],
            "ImportError: torn",
        ),
        (["error: no cache, continuing", "the ledger is torn"], "the ledger is torn"),
        (["error: the ledger is torn:", "    Page: 4", "Action:", "Mend it"], "error: the ledger is torn:"),
        (
            ['{"level":"fatal","ts":1.5,"msg":"sync failed","error":"x509: unknown authority"}'],
            "sync failed: x509: unknown authority",
        ),
        (['{"level":"fatal","code":3}'], '{"level":"fatal","code":3}'),
        (["[1, 2]"], "[1, 2]"),
        (
            [
                "panic: torn",
                "[signal SIGSEGV: segmentation violation]",
                "goroutine 1 [running]:",
                "main.main()",
                "\t/src/main.go:4",
            ],
            "panic: torn",
        ),
        (
            [
                "java.lang.RuntimeException: it failed",
                "\tat a.B.c(B.java:1)",
                "Caused by: a.Torn: torn",
                "\t... 3 more",
            ],
            "Caused by: a.Torn: torn",
        ),
        (["thread 'main' panicked at src/main.rs:4:5:", "torn", "note: run with `RUST_BACKTRACE=1`"], "torn"),
        (
            ["PHP Fatal error: Uncaught Exception: torn", "Stack trace:", "#0 {main}", "  thrown in /a.php"],
            "PHP Fatal error: Uncaught Exception: torn",
        ),
        (["Error: torn", *(f"    at step{n} (/app/index.js:{n}:1)" for n in range(40))], "Error: torn"),
    ],
)
def test_last_words_say_something(lines: list[str], words: str) -> None:
    finding = ended(1, lines)
    assert finding.summary.endswith(f"its last words: {words}")
    assert words.rpartition(": ")[2] in "\n".join(item.text for item in finding.evidence)


def test_without_a_log_it_is_no_more_than_probable_and_nothing_is_quoted_twice() -> None:
    finding = ended(1, [])
    assert (finding.cause, finding.confidence) == (ERROR, "probable")
    assert len(set(finding.evidence)) == len(finding.evidence)


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ("task", 'what command "/steps/prepare.sh" needs to run is not in image busybox:1.36'),
        ("chore", 'command "/steps/prepair.sh" is not in volume steps, which is mounted there'),
    ],
)
def test_tells_a_script_that_is_not_there_from_one_that_nothing_can_run(scenario: str, words: str) -> None:
    [finding] = judge.find(recorded(f"command-not-found--{scenario}"))
    assert finding.summary.endswith(words)


CALLS: list[tuple[int, list[str], list[str], str, str]] = [
    # command and args, what it says, whether that names something of them
    (2, ["serve", "-prot=80"], ["flag provided but not defined: -prot", "Usage of serve:"], USAGE, "confirmed"),
    (1, ["serve", "--prot", "80"], ["Error: unknown flag: --prot", "Usage:", "  serve [flags]"], USAGE, "confirmed"),
    (1, ["app", "strat"], ['Error: unknown command "strat" for "app"'], USAGE, "confirmed"),
    (2, ["python", "-m", "serve", "--prot"], ["serve.py: error: unrecognized arguments: --prot"], USAGE, "confirmed"),
    (2, ["python", "-m", "srve"], ["/usr/bin/python: No module named srve"], USAGE, "confirmed"),
    (2, ["serve", "--prot"], ["Error: No such option: --prot Did you mean --port?"], USAGE, "confirmed"),
    (2, ["serve", "--prot"], ["error: unexpected argument '--prot' found"], USAGE, "confirmed"),
    (9, ["node", "--inspekt", "app.js"], ["node: bad option: --inspekt"], USAGE, "confirmed"),
    (1, ["node", "sever.js"], ["Error: Cannot find module '/app/sever.js'", "Node.js v20.1.0"], USAGE, "confirmed"),
    (1, ["java", "-jar", "ap.jar"], ["Error: Unable to access jarfile ap.jar"], USAGE, "confirmed"),
    (
        1,
        ["java", "-Xmy2g", "Main"],
        ["Unrecognized option: -Xmy2g", "Error: Could not create the JVM."],
        USAGE,
        "confirmed",
    ),
    (1, ["php", "serve.php"], ["Could not open input file: serve.php"], USAGE, "confirmed"),
    (1, ["ruby", "serve.rb"], ["ruby: No such file or directory -- serve.rb (LoadError)"], USAGE, "confirmed"),
    (1, ["postgres", "--prot"], ["postgres: unrecognized option '--prot'"], USAGE, "confirmed"),
    (1, ["npm", "run", "strat"], ['npm error Missing script: "strat"'], USAGE, "confirmed"),
    (1, ["probe", "--region=eu"], ['Error: required flag(s) "cluster-id" not set'], USAGE, "confirmed"),
    (2, ["sh", "/run.sh"], ['/run.sh: line 3: syntax error near unexpected token "fi"'], USAGE, "confirmed"),
    (1, ["nginx", "-g", "x off"], ["[emerg] 1#1: unexpected end of parameter in command line"], USAGE, "confirmed"),
    (64, ["serve"], ["usage: serve [-p port]"], USAGE, "probable"),
    # it was called well
    (2, ["serve"], ["usage: serve", "environment variable DATABASE_URL is required"], SETTINGS, "probable"),
    (1, ["serve", "--config", "/etc/app.yaml"], ["/etc/app.yaml:3: unknown option foo"], ERROR, "confirmed"),
    (1, ["serve"], ['nginx: [emerg] invalid number of arguments in "listen" directive'], SETTINGS, "probable"),
    (2, ["serve", "/data"], ["panic: open /data/x: invalid argument", "goroutine 1 [running]:"], ERROR, "confirmed"),
    (1, ["serve", "--verbose"], ["verbose logging is on", 'ERROR: syntax error at or near "FORM"'], ERROR, "confirmed"),
]


@pytest.mark.parametrize(("exit_code", "command", "log", "cause", "confidence"), CALLS)
def test_tells_a_wrong_call_from_an_error(
    exit_code: int, command: list[str], log: list[str], cause: str, confidence: str
) -> None:
    finding = ended(exit_code, log, command=command[:1], args=command[1:])
    assert (finding.cause, finding.confidence) == (cause, confidence)


def with_sandbox_message(*names: str, message: str, reason: str = "FailedCreatePodSandBox") -> Evidence:
    """The recorded pod without its odd annotation, once for each name as a bare pod, with other words of the runtime."""
    pods, events = [], []
    [event] = [json for json in SANDBOX.objects["Event"] if json["reason"] == "FailedCreatePodSandBox"]
    for name in names:
        pod: dict[str, Any] = copy.deepcopy(dict(SANDBOX.pods[0].json))
        pod["metadata"].update(name=name, uid=name, annotations={}, ownerReferences=[])
        pods.append(pod)
        about = {**event["involvedObject"], "name": name, "uid": name}
        events.append({**event, "involvedObject": about, "message": message, "reason": reason})
    return dataclasses.replace(SANDBOX, objects={**SANDBOX.objects, "Pod": pods, "Event": events})


NO_NETWORK = (
    'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "00ff": '
    'plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized'
)


def test_several_workloads_without_a_sandbox_are_the_nodes_trouble() -> None:
    findings = judge.find(with_sandbox_message("cart", "orders", message=NO_NETWORK))
    assert {(f.cause, f.subject.kind, f.workload.name if f.workload else "") for f in findings} == {
        ("sandbox-creation-failed", "Node", "cart"),
        ("sandbox-creation-failed", "Node", "orders"),
    }


def test_one_workload_without_a_sandbox_is_not_yet_the_nodes_trouble() -> None:
    [finding] = judge.find(with_sandbox_message("cart", message=NO_NETWORK))
    assert (finding.cause, finding.subject.kind) == ("sandbox-creation-failed", "Pod")


def sandbox_begun_anew(annotations: dict[str, str], *events: dict[str, Any]) -> list[str]:
    """What is said of a sandbox where nothing but these events is told."""
    message = "Pod sandbox changed, it will be killed and re-created."
    evidence = with_sandbox_message("cart", message=message, reason="SandboxChanged")
    [pod], [event] = evidence.objects["Pod"], evidence.objects["Event"]
    annotated = {**pod, "metadata": {**pod["metadata"], "annotations": annotations}}
    objects = {**evidence.objects, "Pod": [annotated], "Event": [{**event, **each} for each in events]}
    found = judge.find(dataclasses.replace(evidence, objects=objects))
    return [each.summary for each in found if each.cause == "sandbox-creation-failed"]


@pytest.mark.parametrize(
    ("annotations", "count", "expected"),
    [
        ({"kubernetes.io/egress-bandwidth": "10"}, 2, "bandwidth annotation"),
        ({"kubernetes.io/ingress-bandwidth": "10 M"}, 7, "bandwidth annotation"),
        ({"kubernetes.io/ingress-bandwidth": "10M"}, 3, "begun it anew 3 times"),
        ({}, 2, "begun it anew 2 times"),
        ({}, 1, ""),
    ],
)
def test_a_sandbox_that_is_begun_anew_again_and_again(annotations: dict[str, str], count: int, expected: str) -> None:
    """The failure itself was told once and has expired, or was lost."""
    [summary] = sandbox_begun_anew(annotations, {"count": count}) or [""]
    assert expected in summary
    assert bool(expected) is bool(summary)


@pytest.mark.parametrize(("at", "summaries"), [("2026-11-25T22:43:29Z", 1), ("2026-11-25T22:43:31Z", 0)])
def test_a_sandbox_that_was_made_after_all(at: str, summaries: int) -> None:
    anew = {"count": 2, "lastTimestamp": "2026-11-25T22:43:30Z"}
    pulled = {"reason": "Pulled", "message": "Container image already present", "lastTimestamp": at}
    assert len(sandbox_begun_anew({}, anew, pulled)) == summaries


def test_a_node_without_network_says_so_itself() -> None:
    message = "network is not ready: container runtime network not ready: cni plugin not initialized"
    [finding] = judge.find(with_sandbox_message("cart", message=message, reason="NetworkNotReady"))
    assert (finding.cause, finding.subject.kind) == ("sandbox-creation-failed", "Node")


def test_a_sandbox_that_came_in_the_end_is_history() -> None:
    evidence = with_sandbox_message("cart", message=NO_NETWORK)
    for condition in evidence.pods[0].json["status"]["conditions"]:
        if condition["type"] == "PodReadyToStartContainers":
            condition["status"] = "True"
    assert "sandbox-creation-failed" not in {finding.cause for finding in judge.find(evidence)}


def waiting(reason: str, message: str, events: Sequence[fields.Json] = ()) -> list[Finding]:
    """The findings on the recorded pull, with another reason, other words and other events."""
    pod: dict[str, Any] = copy.deepcopy(dict(SLIP.pods[0].json))
    [status] = pod["status"]["containerStatuses"]
    status["state"] = {"waiting": {"reason": reason, "message": message}}
    return list(judge.find(dataclasses.replace(SLIP, objects={**SLIP.objects, "Pod": (pod,), "Event": events})))


def attempts(newest: str) -> list[fields.Json]:
    """The recorded events of the pull, after one that ended in these words just now."""
    pulls = [event for event in SLIP.objects["Event"] if "no such host" in fields.get_str(event, "message")]
    told = {"message": f"Failed to pull image: {newest}", "lastTimestamp": SLIP.observed_at}
    return [{**pulls[0], **told}, *pulls]


def test_an_attempt_that_was_broken_off_does_not_hide_why_those_before_failed() -> None:
    broken_off = "failed to pull and unpack image: rpc error: code = Canceled desc = context canceled"
    newest, *pulls = attempts(broken_off)
    [finding] = waiting("ErrImagePull", broken_off, [newest, *pulls])
    assert finding.cause == "image-name-invalid"
    assert "no such host" in finding.evidence[1].text
    assert [f.cause for f in waiting("ErrImagePull", broken_off, [newest])] == ["undetermined"]


def test_a_pull_that_the_kubelet_put_off_does_not_hide_why_those_before_failed() -> None:
    """Seen with a hundred images at once; the kubelet's limit is 5 a second unless it is told otherwise."""
    put_off = "pull QPS exceeded"
    newest, *pulls = attempts(put_off)
    [finding] = waiting("ErrImagePull", put_off, [newest, *pulls])
    assert finding.cause == "image-name-invalid"
    for reason, message in (("ErrImagePull", put_off), ("ImagePullBackOff", "Back-off pulling image")):
        [finding] = waiting(reason, message, [newest])
        assert (finding.cause, put_off in str(finding.evidence)) == ("registry-rate-limited", True)
        assert finding.summary.startswith("the kubelet of node node-1 limits the rate of pulls")


def test_a_runtime_that_demands_signatures_refuses() -> None:
    """CRI-O's own reason; this cluster's containerd checks none."""
    [finding] = waiting(
        "SignatureValidationFailed",
        "image pull failed: Source image rejected: A signature was required, but no signature exists",
    )
    assert (finding.cause, finding.confidence) == ("image-policy-refused", "confirmed")


def test_a_mistyped_registry_is_a_name_and_a_lost_one_is_not() -> None:
    name, lost = "lookup ghrc.io: no such host", "lookup ghrc.io on 10.96.0.10:53: server misbehaving"
    assert [f.cause for f in waiting("ErrImagePull", f"dial tcp: {name}")] == ["image-name-invalid"]
    assert [f.cause for f in waiting("ErrImagePull", f"dial tcp: {lost}")] == ["registry-unreachable"]
    assert [f.cause for f in waiting("ErrImagePull", "dial tcp 10.0.0.1:443: i/o timeout")] == ["registry-unreachable"]
