# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of change: a failure that it helps against and, where it can be taken back, one that it does not help against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ansible_collections.aiops.kubernetes.tests.loop.case import Case
from ansible_collections.aiops.kubernetes.tests.loop.workloads import (
    CRASHES,
    IMAGE,
    NAME,
    Json,
    autoscaler,
    bare_pod,
    claim,
    configmap,
    daemonset,
    deployment,
    policy,
    quota,
    rolled_out,
    secret,
    service,
    settings_from,
    statefulset,
    with_volume,
)

NOWHERE: Final = "busybox:1.63"


@dataclass(frozen=True)
class Trial:
    """A failure, and the change that is planned for it.

    ``kind`` is the change's name in the table of remedies.  ``good`` is the value that a person names, ``useless`` one that does
    not help; ``hopeless`` fails as ``failing`` does and for a second reason, too, so that the change can't help.  ``former`` is
    a state that works, before it, and ``before`` what happened even before that; ``meanwhile`` is what else happens until it fails,
    ``afterwards`` once the plan is applied.
    """

    kind: str
    cause: str
    failing: Sequence[Json]
    action: str
    tier: str = "medium"
    good: str | None = None
    useless: str | None = None
    hopeless: Sequence[Json] = ()
    before: Callable[[Case], None] | None = None
    former: Sequence[Json] = ()
    meanwhile: Callable[[Case], None] | None = None
    afterwards: Callable[[Case], None] | None = None
    target: tuple[str, str] = ("Deployment", NAME)
    takes_back: str = "rolled_back"
    irreversible: str | None = None
    # Its pods fail until it helps; those of the others are new then.
    same_pods: bool = False


def listening(**container: Any) -> Json:
    made = deployment(image="nginx:1.27", ports=[{"name": "web", "containerPort": 80}], **container)
    del made["spec"]["template"]["spec"]["containers"][0]["command"]
    return made


def probed_at(port: int) -> Json:
    """It listens on port 80."""
    return listening(livenessProbe={"httpGet": {"path": "/", "port": port}, "periodSeconds": 1, "failureThreshold": 2})


def starting(seconds: int) -> Json:
    """It may take 8 seconds to start."""
    probe = {"tcpSocket": {"port": 8000}, "periodSeconds": 1, "failureThreshold": 8}
    command = ["sh", "-c", f"echo replaying the journal; sleep {seconds}; exec httpd -f -p 8000"]
    return deployment(command, startupProbe=probe)


def running_as(name: str, command: Sequence[str] = ("sleep", "1d")) -> Json:
    made = deployment(command)
    made["spec"]["template"]["spec"]["serviceAccountName"] = name
    return made


def paused(image: str) -> Json:
    made = deployment(image=image)
    made["spec"]["paused"] = True
    return made


def asking_once(port: int) -> Json:
    """It asks the ledger when it starts, never again, and is ready if it got an answer."""
    command = ["sh", "-c", f"nc -w 2 ledger {port} </dev/null && touch /ready; exec sleep 1d"]
    probe = {"exec": {"command": ["test", "-f", "/ready"]}, "periodSeconds": 1}
    return deployment(command, readinessProbe=probe)


def ledger(seconds: int) -> list[Json]:
    """Another workload with its Service, which answers after so many seconds."""
    command = ["sh", "-c", f"sleep {seconds}; exec httpd -f -p 8000"]
    made = deployment(command, readinessProbe={"tcpSocket": {"port": 8000}, "periodSeconds": 1})
    made["metadata"]["name"] = "ledger"
    made["spec"]["selector"]["matchLabels"] = made["spec"]["template"]["metadata"]["labels"] = {"app": "ledger"}
    leads = service({"app": "ledger"}, 8000)
    leads["metadata"]["name"] = "ledger"
    leads["spec"]["ports"][0]["port"] = 8000
    return [made, leads]


def the_ledger_answers(case: Case) -> None:
    case.wait(lambda: rolled_out(case.get("Deployment", "ledger")), "the ledger")


def asking_the_store() -> list[Json]:
    """Nothing but web pods may ask the store.

    This cluster's network enforces no policy: an init container of the store drops what comes, in its own pod, in its place.
    """
    script = "curl -sS --connect-timeout 2 http://store:6379/ && exec sleep 1d"
    asking = deployment(["sh", "-c", script], image="debian:bookworm")
    asking["spec"]["template"]["metadata"]["labels"]["tier"] = "backend"
    return [*store(enforced=True), policy("store", {"app": "store"}, {"tier": "web"}), asking]


def store(enforced: bool) -> list[Json]:
    drop = {
        "name": "enforce",
        "image": "debian:bookworm",
        "command": ["tc", "qdisc", "replace", "dev", "eth0", "root", "pfifo", "limit", "0"],
        "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}},
    }
    made = deployment(["sh", "-c", "echo well > /tmp/index.html; exec httpd -f -p 6379 -h /tmp"])
    made["metadata"]["name"] = "store"
    made["spec"]["selector"]["matchLabels"] = made["spec"]["template"]["metadata"]["labels"] = {"app": "store"}
    if enforced:
        made["spec"]["template"]["spec"]["initContainers"] = [drop]
    leads = service({"app": "store"}, 6379)
    leads["metadata"]["name"] = "store"
    leads["spec"]["ports"][0]["port"] = 6379
    return [made, leads]


def it_is_held_back(case: Case) -> None:
    """The first time the kubelet starts it again at once; while it asks, for two seconds, nothing fails."""

    def waits() -> bool:
        states = [status["state"] for pod in case.pods() for status in pod["status"].get("containerStatuses", ())]
        return any(state.get("waiting", {}).get("reason") == "CrashLoopBackOff" for state in states)

    case.wait(waits, "the kubelet to hold its next try back")


def a_network_that_enforces_lets_through(case: Case) -> None:
    """It would do so by itself, if the new policy allows what is asked for; this is all of it that the cluster can't do."""
    [made] = [
        each for each in case.all_of("NetworkPolicy", "networking.k8s.io/v1") if each["metadata"]["name"] != "store"
    ]
    [rule] = made["spec"]["ingress"]
    peer = {"podSelector": {"matchLabels": {"tier": "backend"}}}
    if (made["spec"]["podSelector"], rule["from"]) != ({"matchLabels": {"app": "store"}}, [peer]):
        return
    if rule["ports"] == [{"port": 6379, "protocol": "TCP"}]:
        case.apply(*store(enforced=False))
        case.wait(lambda: rolled_out(case.get("Deployment", "store")), "the store")


def its_pod_is_spoilt(case: Case) -> None:
    """While the pod waits for its volume, somebody gives it an annotation that the network of pods can't take."""
    case.wait(lambda: len(case.pods()) == 1, "the pod")
    [pod] = case.pods()
    case.annotate("Pod", pod["metadata"]["name"], {"kubernetes.io/ingress-bandwidth": "10"})
    case.apply(claim("standard"))


def its_first_revision_crashed(case: Case) -> None:
    case.apply(deployment(CRASHES))
    case.wait(lambda: case.live().get("status", {}).get("observedGeneration") == 1, "the first revision")


THEMES: Final = configmap("web-settings", THEME="dark", LOCALE="de")

TRIALS: Final = {
    "image": Trial(
        "set_image", "image-not-found", [deployment(image=NOWHERE)], "set_image", good=IMAGE, useless="busybox:1.64"
    ),
    "image of a bare pod": Trial(
        "set_image",
        "image-not-found",
        [bare_pod(NOWHERE)],
        "set_image",
        good=IMAGE,
        useless="busybox:1.64",
        target=("Pod", NAME),
    ),
    "image of a stuck StatefulSet": Trial(
        "set_image", "image-not-found", [statefulset(NOWHERE)], "set_image", good=IMAGE, target=("StatefulSet", NAME)
    ),
    "command": Trial(
        "patch_command",
        "command-not-found",
        [deployment(["slep", "1d"])],
        "patch_command",
        good='["sleep", "1d"]',
        useless="slip 1d",
    ),
    "requests": Trial(
        "lower_requests",
        "insufficient-resources",
        [deployment(resources={"requests": {"cpu": "500"}, "limits": {"memory": "32Mi"}})],
        "set_resources",
        good="cpu=10m",
        useless="cpu=ALL",
    ),
    "name of a ConfigMap": Trial(
        "correct_configmap",
        "configmap-missing",
        [
            configmap("web-settings", THEME="dark"),
            configmap("other", COLOUR="red"),
            settings_from("web-setings", "THEME"),
        ],
        "patch_reference",
        useless="other",
    ),
    "key of a ConfigMap": Trial(
        "correct_key",
        "key-missing",
        [THEMES, settings_from("web-settings", "THEMES")],
        "patch_reference",
        useless="LOCALE",
        hopeless=[
            THEMES,
            settings_from(
                "web-settings", "THEMES", command=("sh", "-c", "test $THEMES = dark && exec sleep 1d; exit 3")
            ),
        ],
    ),
    "name of a Secret": Trial(
        "correct_secret",
        "secret-missing",
        [secret("web-token", KEY="x"), settings_from("web-tokn", "KEY", kind="secretKeyRef")],
        "patch_reference",
        tier="critical",
        good="web-token",
        useless="nowhere",
        takes_back="applied",
    ),
    "ServiceAccount": Trial(
        "correct_service_account",
        "service-account-missing",
        [running_as("defalt")],
        "patch_reference",
        tier="critical",
        good="default",
        useless="default",
        hopeless=[running_as("defalt", CRASHES)],
        takes_back="applied",
    ),
    "limits that a quota asks for": Trial(
        "set_limits",
        "quota-requires-limits",
        [quota(**{"limits.cpu": "1", "limits.memory": "1Gi"}), deployment()],
        "set_resources",
        good="cpu=50m,memory=32Mi",
        useless="cpu=50m,memory=32Mi",
        hopeless=[quota(**{"limits.cpu": "1", "limits.memory": "1Gi"}), deployment(CRASHES)],
    ),
    "class of an unbound claim": Trial(
        "recreate_claim",
        "volume-claim-unbound",
        [claim("standrad"), with_volume()],
        "recreate_claim",
        tier="critical",
        good="standard",
        target=("PersistentVolumeClaim", "data"),
        irreversible="the new claim may hold data as soon as a volume is bound to it",
    ),
    "selector of a Service": Trial(
        "patch_service_selector",
        "service-selector-mismatch",
        [listening(), service({"app": "wbe"}, 80)],
        "patch_service_selector",
        useless="app=nobody",
        target=("Service", NAME),
    ),
    "target port of a Service": Trial(
        "patch_service_target_port",
        "service-port-mismatch",
        [listening(), service({"app": NAME}, "wbe")],
        "patch_service_target_port",
        useless="9999",
        target=("Service", NAME),
    ),
    "paused rollout": Trial(
        "resume",
        "rollout-stuck",
        [paused("busybox:latest")],
        "resume",
        former=[deployment()],
        hopeless=[paused(NOWHERE)],
    ),
    "former revision of a Deployment": Trial(
        "roll_back",
        "image-not-found",
        [deployment(image=NOWHERE)],
        "roll_back",
        before=its_first_revision_crashed,
        former=[deployment()],
        useless="revision=1",
    ),
    "former revision of a StatefulSet": Trial(
        "roll_back",
        "image-not-found",
        [statefulset(NOWHERE)],
        "roll_back",
        former=[statefulset(IMAGE)],
        target=("StatefulSet", NAME),
    ),
    "former revision of a DaemonSet": Trial(
        "roll_back",
        "image-not-found",
        [daemonset(NOWHERE)],
        "roll_back",
        former=[daemonset(IMAGE)],
        target=("DaemonSet", NAME),
    ),
    "port of a probe": Trial(
        "patch_probe",
        "liveness-probe-misconfigured",
        [probed_at(8080)],
        "patch_probe",
        useless="path=/nowhere,port=80",
    ),
    "time to start": Trial("give_time", "startup-too-slow", [starting(12)], "patch_probe", hopeless=[starting(3600)]),
    "replicas": Trial(
        "scale",
        "scaled-to-zero",
        [deployment(replicas=0), service({"app": NAME}, 80)],
        "scale",
        tier="low",
        good="2",
        useless="1",
        hopeless=[deployment(CRASHES, replicas=0), service({"app": NAME}, 80)],
    ),
    "restart": Trial(
        "restart",
        "dependency-unavailable",
        [*ledger(20), asking_once(8000)],
        "restart",
        hopeless=[*ledger(0), asking_once(8001)],
        meanwhile=the_ledger_answers,
    ),
    "CPU request for an autoscaler": Trial(
        "add_cpu_request",
        "autoscaler-unable",
        [deployment(), autoscaler()],
        "set_resources",
        good="cpu=10m",
        useless="cpu=ALL",
    ),
    "traffic": Trial(
        "allow_traffic",
        "network-policy-blocks",
        asking_the_store(),
        "allow_traffic",
        meanwhile=it_is_held_back,
        tier="critical",
        good="ingress:6379:tier=backend",
        useless="ingress:9999:tier=backend",
        afterwards=a_network_that_enforces_lets_through,
        takes_back="applied",
        same_pods=True,
    ),
    "pod that can't start": Trial(
        "replace_pod",
        "sandbox-creation-failed",
        [with_volume()],
        "delete_failed_pod",
        tier="trivial",
        meanwhile=its_pod_is_spoilt,
        irreversible="a deleted pod can't be brought back; its controller makes another",
    ),
}
# Kinds that have tests of their own: the one in which it helps and, where it can be taken back, the one in which it does not.
ELSEWHERE: Final[Mapping[str, tuple[str, ...]]] = {
    "raise_memory": (
        "test_remedies.py::test_more_memory_that_is_enough",
        "test_respond.py::test_a_change_that_does_not_help_is_taken_back",
    ),
    "delete_failed_pod": ("test_remedies.py::test_the_remains_of_an_evicted_pod",),
    "uncordon": ("test_node.py::test_a_node_takes_pods_again", "test_node.py::test_a_node_takes_pods_again"),
}
