# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hard cases: who else writes the object, what may not go, what can't be done again, and what fails half-way."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.rehearse import rehearse
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.roll_back import roll_back
from ansible_collections.aiops.kubernetes.tests.loop.case import Case
from ansible_collections.aiops.kubernetes.tests.loop.trials import NOWHERE
from ansible_collections.aiops.kubernetes.tests.loop.workloads import (
    CRASHES,
    IMAGE,
    NAME,
    Json,
    autoscaler,
    bare_pod,
    claim,
    configmap,
    deployment,
    hungry,
    quota,
    rolled_out,
    secret,
    service,
    settings_from,
)

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


@contextmanager
def custom(case: Case, kind: str) -> Iterator[Json]:
    """An object of a kind that an operator brings along: it exists for this test, under a name of its own."""
    group, plural = f"{case.namespace}.example.com", f"{kind.lower()}s"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    names = {"plural": plural, "singular": kind.lower(), "kind": kind}
    definition: Json = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }
    case.apply(definition)
    try:
        case.wait(lambda: case.serves(f"{group}/v1", kind), f"the kind {kind}")
        case.apply({"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": "one"}})
        [made] = case.all_of(kind, f"{group}/v1")
        yield {"apiVersion": made["apiVersion"], "kind": kind, "name": "one", "uid": made["metadata"]["uid"]}
    finally:
        case.remove("CustomResourceDefinition", definition["metadata"]["name"], "apiextensions.k8s.io/v1")


def test_what_an_operator_made_is_changed_at_its_own_object(case: Case) -> None:
    """Hard case 6."""
    with custom(case, "Shop") as owner:
        case.apply(marked(hungry(), {"ownerReferences": [{**owner, "controller": True}]}))
        case.wait_for("memory-limit-exceeded")
        told = f"Shop {case.namespace}/one has an operator, which writes what belongs to it again: change it there"
        assert case.propose().why_none == told
        assert case.store.ids() == []


def test_what_keda_scales_is_scaled_by_keda(case: Case) -> None:
    """Hard case 2: an autoscaler that belongs to a ScaledObject."""
    with custom(case, "ScaledObject") as owner:
        case.apply(
            deployment(replicas=0),
            service({"app": NAME}, 80),
            marked(autoscaler(), {"ownerReferences": [{**owner, "controller": True}]}),
        )
        case.wait_for("scaled-to-zero")
        told = f"ScaledObject {case.namespace}/one counts the replicas of Deployment {case.namespace}/{NAME}"
        assert told in str(case.propose("2").why_none)
        assert case.store.ids() == []


def test_what_a_vertical_autoscaler_sets_is_its_own(case: Case) -> None:
    """Hard case 2: it leaves its mark on the pods that it has changed."""
    made = hungry()
    made["spec"]["template"]["metadata"]["annotations"] = {
        "vpaUpdates": "Pod resources updated by web: container 0: memory"
    }
    case.apply(made)
    case.wait_for("memory-limit-exceeded")
    proposal = case.propose()
    assert proposal.phr is None
    assert "a VerticalPodAutoscaler sets the resources of" in str(proposal.why_none)


def test_what_can_not_be_changed_is_known_before_anybody_is_asked(case: Case) -> None:
    """Hard cases 7 and 8: fields that are fixed, and a ConfigMap that says of itself that it is."""
    fixed = configmap("fixed", THEME="dark") | {"immutable": True}
    job = {**deployment(), "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}}
    job["spec"] = {"template": {"spec": {**job["spec"]["template"]["spec"], "restartPolicy": "Never"}}}
    case.apply(deployment(), claim("standard"), fixed, job)
    case.wait(lambda: rolled_out(case.live()), "the pods")
    path = "/spec/template/spec/containers/0/image"
    for kind, version, name, after in (
        ("Deployment", "apps/v1", NAME, {"/spec/selector/matchLabels/app": "other"}),
        ("Job", "batch/v1", "once", {path: IMAGE + "-musl"}),
        ("PersistentVolumeClaim", "v1", "data", {"/spec/storageClassName": "other"}),
        ("ConfigMap", "v1", "fixed", {"/data/THEME": "light"}),
    ):
        [live] = [each for each in case.all_of(kind, version) if each["metadata"]["name"] == name]
        edit = Edit(Ref(kind, case.namespace, name), live, after)
        tried = rehearse(Change("set_image", "", "", (edit,)), case.writer)
        assert tried.dry_run.startswith("refused: "), kind
        assert "immutable" in tried.dry_run or "may not change" in tried.dry_run, tried.dry_run
        assert tried.dry_run.count(name), tried.dry_run


def test_of_a_fixed_configmap_the_reference_is_corrected(case: Case) -> None:
    """Hard case 8: nothing is ever written to a ConfigMap; whoever refers to it gets another key."""
    fixed = configmap("web-settings", THEME="dark") | {"immutable": True}
    case.apply(fixed, settings_from("web-settings", "THEMES"))
    case.wait_for("key-missing")
    before = case.get("ConfigMap", "web-settings")
    record = case.applied()
    assert [step.target.kind for step in record.plan.steps] == ["Deployment"]
    assert record.plan.irreversible_because is None
    assert case.get("ConfigMap", "web-settings") == before


def test_a_container_that_has_moved_is_not_taken_for_another(case: Case) -> None:
    """Hard case 17: somebody puts another container before it, before the change and once more after it."""
    made = hungry()
    made["spec"]["template"]["spec"]["containers"].append({"name": "side", "image": IMAGE, "command": ["sleep", "1d"]})
    case.apply(made)
    case.wait_for("memory-limit-exceeded")
    record = case.approved()
    turned = turn_around(case)
    with pytest.raises(AiopsError, match="is stale"):
        case.apply_plan(record)
    assert (case.state(), case.spec()) == ("stale", turned)
    case.wait_for("memory-limit-exceeded")  # the new pods have to fail first
    record = case.applied()
    [written] = record.plan.steps[0].paths
    assert written == "/spec/template/spec/containers/1/resources/limits/memory"
    turned = turn_around(case)
    record = case.take_back(record)
    assert (record.state(moments.now()), case.spec()) == ("rollback_blocked", turned)
    assert case.errors() == []


def turn_around(case: Case) -> str:
    """The containers in the other order; the spec after that."""
    path = "/spec/template/spec/containers"
    containers = case.live()["spec"]["template"]["spec"]["containers"]
    case.patch([{"op": "replace", "path": path, "value": containers[::-1]}])
    return case.spec()


def test_what_the_server_makes_of_a_value_is_what_is_taken_back(case: Case) -> None:
    """Hard case 16: it stores 1024Mi as 1Gi, and an admission policy makes of that what it likes."""
    case.apply(hungry())
    case.wait_for("memory-limit-exceeded")
    before = case.spec()
    with changed_by_admission(case, "1Gi", "1500Mi"):
        record = case.apply_plan(case.approved("1024Mi"))
        tests = [operation for operation in record.plan.steps[0].inverse if operation["op"] == "test"]
        assert "1500Mi" in [operation["value"] for operation in tests]
        assert '"memory": "1500Mi"' in case.spec()
        assert case.take_back(record).state(moments.now()) == "rolled_back"
    assert case.spec() == before
    assert case.errors() == []


@contextmanager
def changed_by_admission(case: Case, wanted: str, stored: str) -> Iterator[None]:
    """A mutating policy of the API server's own, for the Deployments of this namespace: whoever wants the one limit gets the other."""
    api, path = "admissionregistration.k8s.io/v1", "/spec/template/spec/containers/0/resources/limits/memory"
    limit = "object.spec.template.spec.containers[0].resources.limits['memory']"
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["deployments"]}
    place = {"matchLabels": {"kubernetes.io/metadata.name": case.namespace}}
    expression = f"[JSONPatch{{op: 'replace', path: '{path}', value: '{stored}'}}]"
    policy: Json = {
        "apiVersion": api,
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": case.namespace},
        "spec": {
            "matchConstraints": {"namespaceSelector": place, "resourceRules": [rule]},
            "matchConditions": [{"name": "wanted", "expression": f"string({limit}) == '{wanted}'"}],
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}],
            "reinvocationPolicy": "Never",
            "failurePolicy": "Fail",
        },
    }
    binding: Json = {
        "apiVersion": api,
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": case.namespace},
        "spec": {"policyName": case.namespace},
    }
    case.apply(policy, binding)
    try:
        edit = Edit(Ref("Deployment", case.namespace, NAME), case.live(), {path: wanted})

        def works() -> bool:
            return f"'{stored}'" in str(case.writer.patch(edit.target, edit.step().patch, dry_run=True))

        case.wait(works, "the policy to work")
        yield
    finally:
        for kind in ("MutatingAdmissionPolicyBinding", "MutatingAdmissionPolicy"):
            case.remove(kind, case.namespace, api)


def test_a_rollback_is_a_rollout_too(case: Case) -> None:
    """Hard case 21: what a tier promises is when it begins; the pods follow, as in any rollout."""
    case.apply(deployment())
    case.wait(lambda: rolled_out(case.live()), "the first revision")
    case.apply(deployment(image=NOWHERE))
    case.wait_for("image-not-found")
    record = case.applied()
    case.wait(lambda: rolled_out(case.live()), "the rollout of the former template")
    generation, asked = case.live()["metadata"]["generation"], moments.now()
    record = case.take_back(record)
    assert case.live()["metadata"]["generation"] == generation + 1
    assert case.live()["spec"]["template"]["spec"]["containers"][0]["image"] == NOWHERE
    assert not rolled_out(case.live())
    back = record.last("rolled_back")
    assert back is not None
    assert (moments.seconds_between(asked, back.at) or 0) <= 2
    assert "started within 5 min" in str(case.store.page(record.id))
    assert record.rollback_late(moments.now()) == 0


def test_a_secret_that_was_rotated_meanwhile_is_left_alone(case: Case) -> None:
    """Hard case 22: what is taken back is the name; no value was ever asked for, kept, or put back."""
    case.apply(secret("web-token", KEY="first-value"), settings_from("web-tokn", "KEY", kind="secretKeyRef"))
    case.wait_for("secret-missing")
    before = case.spec()
    record = case.apply_plan(case.approved("web-token"))
    case.apply(secret("web-token", KEY="second-value"))
    rotated = case.get("Secret", "web-token")
    assert case.take_back(record).state(moments.now()) == "rolled_back"
    assert (case.spec(), case.get("Secret", "web-token")) == (before, rotated)
    assert case.audit.asked_for(case.namespace, "secrets") == []
    kept = b"".join(path.read_bytes() for path in case.phr_dir.rglob("*") if path.is_file())
    for value in ("first-value", "second-value"):
        assert value.encode() not in kept
        assert base64.b64encode(value.encode()) not in kept
    assert case.errors() == []


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
    case.apply(deployment(), autoscaler())
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

    def no_room() -> None:
        case.apply(quota(pods="0"))
        # the API server knows a new quota a moment later
        case.wait(lambda: "hard" in case.get("ResourceQuota", "room").get("status", {}), "the quota to count")

    meddling(case, no_room)
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
