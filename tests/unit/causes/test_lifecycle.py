# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends, deletions and nodes that this project's cluster can't show for real, or not in a minute: recorded snapshots, varied."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import judge
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Evidence
from ansible_collections.aiops.kubernetes.tests.unit.causes.recorded import Objects, objects_of, recorded


def varied(name: str, change: Callable[[Objects], object], later: float = 0) -> Evidence:
    """The recorded evidence with other objects, looked at so many seconds later."""
    evidence = recorded(name)
    objects = objects_of(evidence)
    change(objects)
    observed_at = moments.after(evidence.observed_at, later) or ""
    return dataclasses.replace(evidence, objects=objects, observed_at=observed_at)


def unchanged(_objects: Objects) -> None:
    """Only the time goes on."""


def found(evidence: Evidence) -> list[tuple[str, str, str]]:
    return [(f.cause, f.severity, (f.workload or f.subject).kind) for f in judge.find(evidence)]


# What kubelets of 1.27 to 1.36 write; the first two need a machine that is shut down.
ENDS = [
    ("Terminated", "Pod was terminated in response to imminent node shutdown.", "node-unavailable"),
    ("NodeShutdown", "Pod was rejected as the node is shutting down.", "node-unavailable"),
    ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline", "job-failed"),
]


@pytest.mark.parametrize(("reason", "message", "cause"), ENDS)
def test_a_pod_that_was_ended_as_a_whole_says_why(reason: str, message: str, cause: str) -> None:
    def change(objects: Objects) -> None:
        [pod] = objects["Pod"]
        pod["status"] |= {"reason": reason, "message": message}

    assert found(varied("job-failed--probe", change)) == [(cause, "critical", "Pod")]


FRESH = {"phase": "Pending", "qosClass": "Burstable"}
TAKEN = FRESH | {"startTime": "2026-11-25T22:42:46Z"}


@pytest.mark.parametrize(
    ("status", "expected"), [(FRESH, [("insufficient-resources", "critical", "Job")]), (TAKEN, [])]
)
def test_what_refused_a_pod_counts_until_a_kubelet_has_taken_the_next(
    status: dict[str, Any], expected: list[tuple[str, str, str]]
) -> None:
    def change(objects: Objects) -> None:
        [refused] = objects["Pod"]
        later = moments.after(refused["metadata"]["creationTimestamp"], 11)
        metadata = refused["metadata"] | {"name": "next", "uid": "next", "creationTimestamp": later}
        objects["Pod"].append(refused | {"metadata": metadata, "status": status})

    assert found(varied("insufficient-resources--pinned", change, 11.2)) == expected


def test_remains_of_a_shutdown_are_history_once_others_are_ready() -> None:
    def change(objects: Objects) -> None:
        for pod in objects["Pod"]:
            if pod["status"].get("reason") == "Evicted":
                pod["status"] |= {
                    "reason": "Terminated",
                    "message": "Pod was terminated in response to imminent node shutdown.",
                }

    assert found(varied("evicted--quote", change)) == []


def test_a_job_without_pods_says_itself_that_it_failed() -> None:
    assert found(varied("job-failed--import", lambda objects: objects["Pod"].clear())) == [
        ("job-failed", "critical", "Job")
    ]


def test_a_pod_that_is_left_tells_more_than_its_job_even_where_nothing_explains_it() -> None:
    """A kill that the container runtime did not tell of, as the test cluster shows it under load."""

    def change(objects: Objects) -> None:
        for pod in objects["Pod"]:
            pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["reason"] = "Error"

    [finding] = judge.find(varied("memory-limit-exceeded--import", change))
    assert (finding.cause, finding.container, finding.workload and finding.workload.kind) == (
        "undetermined",
        "unpack",
        "Job",
    )
    assert "exit code 137" in finding.evidence[0].text


def test_a_failed_run_is_history_once_the_next_one_has_begun() -> None:
    def change(objects: Objects) -> None:
        [job] = objects["Job"]
        newer = json.loads(json.dumps(job))
        newer["metadata"] |= {"name": "nightly-next", "uid": "2", "creationTimestamp": "2099-01-01T00:00:00Z"}
        newer["status"] = {"active": 1}
        objects["Job"].append(newer)

    assert found(varied("job-failed--nightly", change)) == []


def test_a_pod_without_finalizers_on_a_node_that_answers_is_its_kubelets() -> None:
    def change(objects: Objects) -> None:
        for pod in objects["Pod"]:
            pod["metadata"].pop("finalizers", None)

    assert found(varied("stuck-terminating--ledger", change)) == []  # a busy kubelet may be as late
    [finding] = judge.find(varied("stuck-terminating--ledger", change, later=120))
    assert (finding.cause, finding.confidence) == ("stuck-terminating", "probable")


def test_a_pod_that_shall_go_has_its_grace_period_and_half_a_minute() -> None:
    assert found(varied("stuck-terminating--ledger", unchanged, later=-60)) == []
    assert found(varied("stuck-terminating--twin", unchanged, later=500)) == []
    assert found(varied("stuck-terminating--twin", unchanged, later=740)) == [
        ("stuck-terminating", "warning", "Deployment")
    ]


def test_a_node_that_has_just_come_back_is_well() -> None:
    def change(objects: Objects) -> None:
        for node in objects["Node"]:
            for condition in node["status"]["conditions"]:
                if condition["type"] == "Ready":
                    condition["status"] = "True"

    assert "node-unavailable" not in {cause for cause, *_rest in found(varied("node-unavailable--web", change))}


def test_an_event_of_a_run_that_was_left_out_is_history_once_another_has_begun() -> None:
    def change(objects: Objects) -> None:
        [cronjob] = objects["CronJob"]
        cronjob["status"]["lastScheduleTime"] = "2099-01-01T00:00:00Z"

    for name in ("cronjob-not-running--sync", "cronjob-not-running--report"):
        assert found(varied(name, change)) == []


def test_a_refused_job_tells_why() -> None:
    [finding] = judge.find(varied("cronjob-not-running--report", unchanged))
    assert finding.summary.startswith("the CronJob makes no Jobs: its Job is refused: exceeded quota: no-jobs, ")


def test_an_autoscaler_that_may_go_to_zero_brings_it_back() -> None:
    def change(objects: Objects) -> None:
        for workload in objects["Deployment"]:
            workload["metadata"].setdefault("labels", {})["scaledobject.keda.sh/name"] = "web"

    assert found(varied("scaled-to-zero--web", change)) == []
