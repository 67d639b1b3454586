# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hard cases: who else writes the object, what may not go, what can't be done again, and what fails half-way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.recording import somebody
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.connection import connect
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.writer import GuardedWriter
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.edits import Edit
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Scope
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies._change import Change, manifest
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies.ownership import breaks_budget, kept_by
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.roll_back import roll_back
from ansible_collections.aiops.kubernetes.tests.loop.case import Case
from ansible_collections.aiops.kubernetes.tests.loop.workloads import (
    CRASHES,
    IMAGE,
    NAME,
    Json,
    bare_pod,
    deployment,
    hungry,
    quota,
    rolled_out,
)

NOWHERE: Final = "busybox:1.63"
MARKS: Final = {
    "Argo CD": (
        {"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:x/web"}},
        "kept by Argo CD application shop",
    ),
    "Flux": ({"labels": {"kustomize.toolkit.fluxcd.io/name": "shop"}}, "kept by Flux Kustomization shop"),
    "Helm": (
        {"labels": {"app.kubernetes.io/managed-by": "Helm"}, "annotations": {"meta.helm.sh/release-name": "shop"}},
        "kept by Helm release shop",
    ),
}


def marked(json: Json, marks: Json) -> Json:
    return {**json, "metadata": {**json["metadata"], **marks}}


@pytest.mark.parametrize("who", MARKS)
def test_a_change_belongs_to_whoever_keeps_the_object(who: str, case: Case) -> None:
    marks, told = MARKS[who]
    case.apply(marked(hungry(), marks))
    case.wait_for("memory-limit-exceeded")
    proposal = case.propose()
    assert proposal.phr is None
    assert told in str(proposal.why_none)
    assert "raise the memory limit of container app" in str(proposal.why_none)
    assert case.store.ids() == []


def test_who_applies_with_argo_is_seen_without_a_mark(case: Case) -> None:
    """Server-side apply leaves the name of the manager, and nothing else."""
    case.apply(hungry(), manager="argocd-controller")
    case.wait_for("memory-limit-exceeded")
    assert "kept by Argo CD" in str(case.propose().why_none)


def test_a_later_apply_is_warned_of(case: Case) -> None:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    case.apply(marked(hungry(), {"annotations": annotations}))
    case.wait_for("memory-limit-exceeded")
    assert "the next apply of its manifest undoes this" in case.plan().plan.effect


def test_a_budget_keeps_the_ready_pods(case: Case) -> None:
    """A rollout that takes every pod at once is no way to a better one, where the budget allows no disruption."""
    made = deployment(replicas=2)
    made["spec"]["strategy"] = {"type": "Recreate"}
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": NAME},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": NAME}}},
    }
    case.apply(made, budget)
    case.wait(lambda: rolled_out(case.live()), "the pods")
    evidence = case.reader.read(Scope((case.namespace,)))
    workload = Ref("Deployment", case.namespace, NAME)
    change = Change("restart", "", "", (Edit(workload, case.live(), {"/spec/template/metadata/labels/again": "1"}),))
    told = f"PodDisruptionBudget {case.namespace}/{NAME} allows no disruption now"
    assert told in str(breaks_budget(change, evidence))
    case.remove("PodDisruptionBudget", NAME, "policy/v1")
    assert breaks_budget(change, case.reader.read(Scope((case.namespace,)))) is None


def test_an_autoscaler_counts_its_replicas_itself(case: Case) -> None:
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": NAME},
        "spec": {
            "minReplicas": 1,
            "maxReplicas": 3,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME},
        },
    }
    case.apply(deployment(), scaler)
    workload = Ref("Deployment", case.namespace, NAME)
    step = Edit(workload, case.live(), {"/spec/replicas": 2}).step()
    evidence = case.reader.read(Scope((case.namespace,)))
    told = f"HorizontalPodAutoscaler {case.namespace}/{NAME} counts the replicas"
    assert told in str(kept_by("scale", [step], evidence, case.writer.get))


def test_a_paused_rollout_is_not_rolled_back(case: Case) -> None:
    case.apply(deployment())
    case.wait(lambda: rolled_out(case.live()), "the first revision")
    case.apply(deployment(CRASHES))
    case.wait_for("application-error")
    case.patch([{"op": "add", "path": "/spec/paused", "value": True}])
    assert case.propose().phr is None


def test_no_history_is_no_way_back_but_our_own_snapshot_is(case: Case) -> None:
    """The revision of before is gone from the cluster; what a plan wrote is taken back all the same."""
    made = hungry()
    made["spec"]["revisionHistoryLimit"] = 0
    case.apply(made)
    case.wait_for("memory-limit-exceeded")
    before = case.spec()
    record = case.applied()
    assert case.take_back(record).state(moments.now()) == "rolled_back"
    assert case.spec() == before


def test_what_the_quota_refuses_is_known_before_anybody_is_asked(case: Case) -> None:
    case.apply(quota(pods="1"), hungry())
    case.wait_for("memory-limit-exceeded")
    proposal = case.propose()
    assert proposal.phr is None
    assert "exceeded quota: room" in str(proposal.why_none)


class Meddling(GuardedWriter):
    """The cluster's writer, and somebody else who is quicker than the next step."""

    meddle: Callable[[], None]

    def delete(self, target: Ref, uid: str, resource_version: str, dry_run: bool) -> None:
        super().delete(target, uid, resource_version, dry_run)
        if not dry_run:
            self.meddle()


def meddling(case: Case, meddle: Callable[[], None]) -> None:
    writer = Meddling(connect({"kubeconfig": str(case.kubeconfig)}))
    writer.meddle = meddle
    case.writer = writer


def test_a_second_step_that_fails_is_no_half_change(case: Case) -> None:
    """Between the two steps the room is taken away: the former pod can't come back either, until there is room again."""
    case.apply(bare_pod(NOWHERE))
    case.wait_for("image-not-found")
    former, record = case.get("Pod", NAME), case.approved(IMAGE)
    meddling(case, lambda: case.apply(quota(pods="0")))
    with pytest.raises(AiopsError, match="rollback_failed"):
        case.carry_out(record)
    assert case.pods() == []
    case.remove("ResourceQuota", "room")
    del case.writer
    assert case.take_back(case.record()).state(moments.now()) == "rolled_back"
    assert manifest(case.get("Pod", NAME))["spec"] == manifest(former)["spec"]
    assert case.errors() == []


def test_what_somebody_else_makes_between_two_steps_is_theirs(case: Case) -> None:
    case.apply(bare_pod(NOWHERE))
    case.wait_for("image-not-found")
    record = case.approved(IMAGE)

    def quicker() -> None:
        case.wait(lambda: not case.get("Pod", NAME), "the former pod to be gone")
        case.apply(bare_pod("busybox:latest"))

    meddling(case, quicker)
    with pytest.raises(AiopsError, match="rollback_blocked"):
        case.carry_out(record)
    assert case.get("Pod", NAME)["spec"]["containers"][0]["image"] == "busybox:latest"
    assert case.errors() == []


def test_a_finalizer_that_never_goes_ends_in_words(case: Case) -> None:
    made = bare_pod(NOWHERE)
    made["metadata"]["finalizers"] = ["example.com/stuck"]
    case.apply(made)
    case.wait_for("image-not-found")
    try:
        with pytest.raises(AiopsError, match="has not ended within 60 s"):
            case.carry_out(case.approved(IMAGE))
        assert case.state() in {"rollback_failed", "rollback_blocked"}
    finally:
        case.free("Pod", NAME)


def test_an_identity_that_could_not_take_it_back_does_not_begin(case: Case) -> None:
    """It may make the pod, and not delete it: the server says so before the first write."""
    case.apply(bare_pod(NOWHERE))
    case.wait_for("image-not-found")
    record = case.approved(IMAGE)
    case.writer = case.writer_of("half", "get", "create")
    with pytest.raises(AiopsError, match=r"may not do it|may not delete"):
        case.carry_out(record)
    assert case.get("Pod", NAME)["metadata"]["uid"] == record.plan.steps[0].uid


def test_what_did_not_help_is_not_offered_again(case: Case) -> None:
    case.apply(deployment(image=NOWHERE))
    case.wait_for("image-not-found")
    record = case.carry_out(case.approved("busybox:1.64"))
    assert (record.verdict, record.state(moments.now())) == ("worse", "rolled_back")
    case.wait_for("image-not-found")
    proposal = case.propose("busybox:1.64")
    assert proposal.phr is None
    assert "it was tried, and it did not help" in str(proposal.why_none)
    assert case.propose(IMAGE).phr is not None


def test_an_unreachable_cluster_leaves_the_rollback_to_the_next_run(case: Case) -> None:
    case.apply(hungry())
    case.wait_for("memory-limit-exceeded")
    before, record = case.spec(), case.applied()
    nowhere = GuardedWriter(connect({"kubeconfig": str(case.kubeconfig), "host": "https://127.0.0.1:1"}))
    with pytest.raises(AiopsError, match="can't be reached"):
        roll_back(case.store, nowhere, record.id, somebody(), "asked")
    assert case.state() == "rolling_back"
    ran = case.play("verify", phr=record.id)
    assert ran.status == 0, ran.output
    assert (case.state(), case.spec()) == ("rolled_back", before)
