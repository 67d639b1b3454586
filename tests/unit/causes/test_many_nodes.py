# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster of one node can't show: many nodes, sick ones, the words of other versions, volumes that moved, events that are
gone.  Recorded snapshots, varied.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import judge
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Evidence, Unreadable
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import Finding
from ansible_collections.aiops.kubernetes.tests.unit.causes.recorded import recorded

LABEL, SIZE = "kubernetes.io/hostname", {"cpu": "4", "memory": "16Gi", "pods": "110"}
CONTROL_PLANE = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
DEDICATED = {"key": "dedicated", "value": "batch", "effect": "NoSchedule"}
DISK = {"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule"}
UNTOLERATED = "node(s) had untolerated taint(s)"
UNSELECTED = "node(s) didn't match Pod's node affinity/selector"
APART = "node(s) didn't match pod anti-affinity rules"


def each(evidence: Evidence, kind: str) -> list[Any]:
    return list(evidence.objects[kind])


def node(
    name: str, *taints: Mapping[str, str], cordoned: bool = False, size: Mapping[str, str] | None = None, **labels: str
) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {LABEL: name, **labels}},
        "spec": {"taints": list(taints), "unschedulable": cordoned},
        "status": {"allocatable": dict(size or SIZE)},
    }


def waiting(message: str, nodes: list[dict[str, Any]], replicas: int = 1, **spec: Any) -> Evidence:
    """A pod of a Deployment that asks for 512 CPUs and waits, on other nodes and with other words."""
    evidence = recorded("insufficient-resources--web")
    [pod], [deployment] = each(evidence, "Pod"), each(evidence, "Deployment")
    pod["spec"] |= spec
    deployment["spec"]["replicas"] = replicas
    [condition] = [one for one in pod["status"]["conditions"] if one["type"] == "PodScheduled"]
    condition["message"] = message
    return dataclasses.replace(evidence, objects={**evidence.objects, "Node": nodes})


def only(evidence: Evidence, cause: str | None = None) -> Finding:
    """The one finding, or the one of that cause."""
    [finding] = [each for each in judge.find(evidence) if cause in (None, each.cause)]
    return finding


def proof(finding: Finding) -> str:
    return "\n".join(f"{item.source}: {item.text}" for item in finding.evidence)


THREE = [node("a"), node("b"), node("c")]
GPU = [node("a", DEDICATED, pool="gpu"), node("b"), node("c")]
PREEMPTION = " preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 Insufficient cpu."
KEEPS_APART = {
    "podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": LABEL, "labelSelector": {"matchLabels": {"app": "web"}}}
        ]
    }
}

DECIDED: list[tuple[str, list[dict[str, Any]], dict[str, Any], str]] = [
    # A tainted control plane is as it should be: the others decide.
    (
        "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient cpu."
        + PREEMPTION,
        [node("a", CONTROL_PLANE), node("b"), node("c")],
        {},
        "insufficient-resources",
    ),
    (
        f"0/3 nodes are available: 1 {UNTOLERATED}, 2 Insufficient cpu. no new claims to deallocate,{PREEMPTION}",
        [node("a", CONTROL_PLANE), node("b"), node("c")],
        {},
        "insufficient-resources",
    ),
    (
        "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable.",
        [node("a"), node("b", cordoned=True)],
        {},
        "insufficient-resources",
    ),
    ("0/3 nodes are available: 1 Too many pods, 2 Insufficient cpu.", THREE, {}, "insufficient-resources"),
    # The only one that it selects is closed: the others don't matter.
    (
        f"0/3 nodes are available: 1 {UNTOLERATED}, 2 {UNSELECTED}.",
        GPU,
        {"nodeSelector": {"pool": "gpu"}},
        "node-tainted-or-cordoned",
    ),
    (
        "0/2 nodes are available: 1 node(s) had taint {dedicated: x}, that the pod didn't tolerate, 1 node(s) didn't match node selector",
        GPU,
        {"nodeSelector": {"pool": "gpu"}},
        "node-tainted-or-cordoned",
    ),
    # What it selects is nowhere; that one of the others is closed does not matter.
    (
        f"0/3 nodes are available: 1 {UNTOLERATED}, 2 {UNSELECTED}.",
        GPU,
        {"nodeSelector": {"pool": "cpu"}},
        "node-selection-unsatisfiable",
    ),
    (
        "0/2 nodes are available: 2 node(s) were unschedulable.",
        [node("a", cordoned=True), node("b", cordoned=True)],
        {},
        "node-tainted-or-cordoned",
    ),
    # A toleration for all opens every node.
    (
        f"0/3 nodes are available: 3 {UNSELECTED}.",
        GPU,
        {"nodeSelector": {"pool": "x"}, "tolerations": [{"operator": "Exists"}]},
        "node-selection-unsatisfiable",
    ),
    (
        "0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports.",
        THREE,
        {},
        "host-port-conflict",
    ),
    (
        "0/3 nodes are available: 3 node(s) didn't match pod topology spread constraints.",
        THREE,
        {},
        "node-selection-unsatisfiable",
    ),
    (
        "0/3 nodes are available: 3 node(s) didn't satisfy existing pods anti-affinity rules.",
        THREE,
        {},
        "node-selection-unsatisfiable",
    ),
    # What preemption would meet is not why the pod waits.
    (
        f"0/3 nodes are available: 3 {APART}. preemption: 0/3 nodes are available: 9 Insufficient cpu.",
        THREE,
        {},
        "node-selection-unsatisfiable",
    ),
    # What is new in another version is not known.
    ("0/3 nodes are available: 3 node(s) were too far from the moon.", THREE, {}, "undetermined"),
]


@pytest.mark.parametrize(("message", "nodes", "spec", "cause"), DECIDED)
def test_names_what_has_to_go_first(
    message: str, nodes: list[dict[str, Any]], spec: dict[str, Any], cause: str
) -> None:
    evidence = dataclasses.replace(waiting(message, nodes, **spec), observed_at="2099-01-01T00:00:00Z")
    finding = only(evidence)
    assert finding.cause == cause
    assert finding.confidence == ("undetermined" if cause == "undetermined" else "confirmed")


@pytest.mark.parametrize(("replicas", "cause"), [(3, "insufficient-resources"), (4, "node-selection-unsatisfiable")])
def test_replicas_that_keep_apart_need_as_many_nodes(replicas: int, cause: str) -> None:
    message = f"0/3 nodes are available: 1 Insufficient cpu, 2 {APART}."
    finding = only(waiting(message, THREE, replicas, affinity=KEEPS_APART))
    assert finding.cause == cause


def test_a_sick_node_is_the_nodes_own_trouble() -> None:
    finding = only(waiting(f"0/1 nodes are available: 1 {UNTOLERATED}.", [node("a", DISK)]))
    assert finding.cause == "node-tainted-or-cordoned"
    assert "goes when the node is well again" in finding.explanation
    assert finding.next_step.startswith("kubectl describe node a")
    assert finding.candidates == ()


@pytest.mark.parametrize(
    ("message", "cause", "confidence"),
    [
        (f"0/3 nodes are available: 3 {UNTOLERATED}.", "node-tainted-or-cordoned", "confirmed"),
        (f"0/3 nodes are available: 1 {UNTOLERATED}, 2 {UNSELECTED}.", "node-selection-unsatisfiable", "probable"),
        (f"0/3 nodes are available: 2 {UNTOLERATED}, 1 Insufficient cpu.", "insufficient-resources", "confirmed"),
    ],
)
def test_nodes_that_can_not_be_read(message: str, cause: str, confidence: str) -> None:
    gap = Unreadable("nodes", None, 403, "forbidden")
    finding = only(dataclasses.replace(waiting(message, []), unreadable=(gap,)))
    assert (finding.cause, finding.confidence) == (cause, confidence)


def test_a_larger_node_that_is_closed_is_told() -> None:
    large = node("huge", DEDICATED, size={**SIZE, "cpu": "600"})
    finding = only(waiting(f"0/2 nodes are available: 1 Insufficient cpu, 1 {UNTOLERATED}.", [node("a"), large]))
    assert "no node is large enough" in finding.summary
    assert "Node huge: would be large enough, but taint dedicated=batch:NoSchedule" in proof(finding)


def test_sizes_of_the_nodes_are_told() -> None:
    nodes = [node("a"), node("b"), node("c", size={**SIZE, "cpu": "8"})]
    assert "by size: 1 node: 8; 2 nodes: 4" in proof(
        only(waiting("0/3 nodes are available: 3 Insufficient cpu.", nodes))
    )


def asks(**amounts: str) -> dict[str, Any]:
    return {"containers": [{"name": "app", "image": "nginx", "resources": {"requests": amounts}}]}


def test_each_resource_is_somewhere_and_all_nowhere() -> None:
    nodes = [node("a", size={**SIZE, "cpu": "32"}), node("b", size={**SIZE, "memory": "256Gi"})]
    message = "0/2 nodes are available: 1 Insufficient cpu, 1 Insufficient memory."
    finding = only(waiting(message, nodes, **asks(cpu="16", memory="128Gi")))
    assert "no single node has as much of all of them" in finding.explanation


def test_full_now_is_not_too_large() -> None:
    finding = only(waiting("0/3 nodes are available: 3 Insufficient cpu.", THREE, **asks(cpu="3")))
    assert finding.summary == "no node has enough cpu left for the pod's requests"


def test_a_device_of_a_similar_name() -> None:
    nodes = [node("a", size={**SIZE, "nvidia.com/gpu": "2"})]
    finding = only(
        waiting("0/1 nodes are available: 1 Insufficient nvidia.com/gpus.", nodes, **asks(**{"nvidia.com/gpus": "1"}))
    )
    assert "offers nvidia.com/gpus at all" in finding.explanation
    assert [candidate.what for candidate in finding.candidates] == ["resource nvidia.com/gpu"]


def test_what_is_wrong_with_a_claim_is_told_before_any_node_is_looked_at() -> None:
    evidence = recorded("volume-claim-unbound--web")
    for pod in each(evidence, "Pod"):
        for condition in pod["status"]["conditions"]:
            condition["message"] = "0/3 nodes are available: 3 pod has unbound immediate PersistentVolumeClaims."
    assert only(evidence).cause == "volume-claim-unbound"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": {"phase": "Lost"}}, "is lost: its volume is gone"),
        ({"metadata": {"deletionTimestamp": "2026-11-25T22:00:00Z"}}, "is being deleted"),
        ({"status": {"phase": "Bound"}, "spec": {"volumeName": "gone"}}, "bound to volume gone, which is gone"),
    ],
)
def test_claims_that_had_a_volume(change: dict[str, Any], words: str) -> None:
    evidence = recorded("volume-claim-unbound--web")
    for claim in each(evidence, "PersistentVolumeClaim"):
        for part, fields in change.items():
            claim[part] |= fields
    assert words in only(evidence, "volume-claim-unbound").summary


def test_a_claim_that_was_just_made_may_take_its_time() -> None:
    evidence = recorded("volume-claim-unbound--remote")
    [claim] = each(evidence, "PersistentVolumeClaim")
    claim["metadata"]["creationTimestamp"] = evidence.observed_at
    assert judge.find(evidence) == ()


def test_a_volume_that_is_still_on_another_node() -> None:
    evidence = recorded("volume-mount-failed--web")
    [pod] = each(evidence, "Pod")
    pod["spec"]["volumes"][0] = {"name": "data", "persistentVolumeClaim": {"claimName": "web-data"}}
    claim = {
        "metadata": {"name": "web-data", "namespace": pod["metadata"]["namespace"]},
        "spec": {"volumeName": "pv-1"},
    }
    other = copy.deepcopy(pod)
    other["metadata"] |= {"name": "web-old", "uid": "old", "deletionTimestamp": "2026-11-25T22:00:00Z"}
    other["spec"]["nodeName"] = "node-2"
    message = 'Multi-Attach error for volume "pv-1" Volume is already used by pod(s) web-old'
    for event in each(evidence, "Event"):
        if event["reason"] == "FailedMount":
            event |= {"reason": "FailedAttachVolume", "message": message}
    objects = {**evidence.objects, "Pod": [pod, other], "PersistentVolumeClaim": [claim]}
    finding = only(dataclasses.replace(evidence, objects=objects), "volume-mount-failed")
    assert finding.container == "app"
    assert "web-old: uses the same claim on node node-2" in proof(finding)
    assert "bound to PersistentVolume pv-1" in proof(finding)


def test_only_the_symptom_is_probable() -> None:
    evidence = recorded("volume-mount-failed--web")
    for event in each(evidence, "Event"):
        if event["reason"] == "FailedMount":
            event["message"] = (
                "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[]: timed out waiting for the condition"
            )
    finding = only(evidence)
    assert (finding.cause, finding.confidence) == ("volume-mount-failed", "probable")


def without_events(name: str) -> Evidence:
    evidence = recorded(name)
    return dataclasses.replace(evidence, objects={**evidence.objects, "Event": []})


@pytest.mark.parametrize(
    "name",
    [
        "service-account-missing--ledger",  # the list of accounts proves it
        "priority-class-missing--agent",
        "pod-security-violated--web",  # the ReplicaSet's condition tells
        "quota-requires-limits--web",
        "admission-webhook-unavailable--web",
    ],
)
def test_events_that_are_gone(name: str) -> None:
    finding = only(without_events(name))
    assert (finding.cause, finding.confidence) == (name.partition("--")[0], "confirmed")


def test_a_refusal_before_the_newest_pod_is_history() -> None:
    evidence = recorded("quota-exceeded--web")
    for pod in each(evidence, "Pod"):
        pod["metadata"]["creationTimestamp"] = "2099-01-01T00:00:00Z"
    for replica_set in each(evidence, "ReplicaSet"):
        replica_set["status"].pop("conditions")
    assert "quota-exceeded" not in {finding.cause for finding in judge.find(evidence)}


@pytest.mark.parametrize(("name", "words"), [("ledger", "This alone is more"), ("web", "not what they use")])
def test_a_pod_that_is_too_large_for_its_quota(name: str, words: str) -> None:
    assert words in only(recorded(f"quota-exceeded--{name}")).explanation
