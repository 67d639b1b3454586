# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each other remedy once, to its good end."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import Record
from ansible_collections.aiops.kubernetes.tests.loop.case import Case, Ran
from ansible_collections.aiops.kubernetes.tests.loop.workloads import (
    IMAGE,
    Json,
    configmap,
    deployment,
    rolled_out,
    settings_from,
)

HELPED = ["proposed", "asked", "approved", "claimed", "applying", "applied", "verified"]


def helps(case: Case, plan: Record) -> Ran:
    """The approved plan is applied and gets its good verdict; a second run finds that nothing is left to do."""
    ran = [case.play("remediate", phr=plan.id) for _time in range(2)]
    assert [each.status for each in ran] == [0, 0], ran
    assert "changed=1" in ran[0].output
    assert "changed=0" in ran[1].output
    assert [(write.verb, write.status) for write in case.audit.writes(case.namespace)] == [("patch", 200)]
    assert (case.events(), case.record().verdict, case.errors()) == (HELPED, "better", [])
    assert rolled_out(case.live())
    return ran[0]


def test_an_image_that_a_person_names(case: Case) -> None:
    case.apply(deployment(image="busybox:1.63"))
    case.wait_for("image-not-found")
    playbook = Path(case.folder, "propose.yml")
    playbook.write_text(
        "- hosts: localhost\n"
        "  gather_facts: false\n"
        "  tasks:\n"
        '    - aiops.kubernetes.diagnosis_info: {kubeconfig: "{{ aiops_kubeconfig }}", '
        'namespaces: "{{ aiops_namespaces }}"}\n'
        "      register: found\n"
        '    - aiops.kubernetes.remediation_plan: {kubeconfig: "{{ aiops_kubeconfig }}", '
        'phr_dir: "{{ aiops_phr_dir }}", diagnosis: "{{ found.diagnosis }}", '
        'candidates: "{{ {found.diagnosis.findings[0].id: aiops_candidate} if aiops_candidate else {} }}"}\n'
        "      register: planned\n"
        "    - ansible.builtin.debug: {var: planned.proposals}\n"
    )
    without = case.play(str(playbook), candidate="")
    assert without.status == 0, without.output
    assert "an image that exists" in without.output
    assert case.store.ids() == []
    ran = case.play(str(playbook), candidate=IMAGE)
    assert ran.status == 0, ran.output
    helps(case, case.approve(case.record()))
    assert case.live()["spec"]["template"]["spec"]["containers"][0]["image"] == IMAGE


def test_an_image_by_the_variable_of_the_playbook(case: Case) -> None:
    case.apply(deployment(image="busybox:1.63"))
    case.wait_for("image-not-found")
    ran = case.play("diagnose", propose=True, candidate=IMAGE)
    assert ran.status == 0, ran.output
    assert (case.state(), case.record().plan.action) == ("pending", "set_image")
    assert case.record().plan.steps[0].patch[-1]["value"] == IMAGE


def test_a_reference_to_the_configmap_that_is_meant(case: Case) -> None:
    case.apply(
        configmap("web-settings", THEME="dark", LOCALE="de"),
        configmap("web-setting", THEME="light"),
        settings_from("web-setings", "THEME", "LOCALE"),
    )
    case.wait_for("configmap-missing")
    helps(case, case.approved())
    variables = case.live()["spec"]["template"]["spec"]["containers"][0]["env"]
    assert [each["valueFrom"]["configMapKeyRef"]["name"] for each in variables] == ["web-settings"] * 2


def test_more_memory_that_is_enough(case: Case) -> None:
    command = ("python3", "-c", 'import time; cache = b"x" * 60_000_000; time.sleep(86400)')
    resources = {"requests": {"memory": "24Mi"}, "limits": {"memory": "48Mi"}}
    case.apply(deployment(command, image="python:3.11-slim", resources=resources))
    case.wait_for("memory-limit-exceeded")
    helps(case, case.approved())
    resources["limits"] = {"memory": "96Mi"}
    assert case.live()["spec"]["template"]["spec"]["containers"][0]["resources"] == resources


def caching(limit: str) -> Json:
    made = deployment(["sh", "-c", "dd if=/dev/zero of=/cache/pages bs=1M count=16; exec sleep 1d"])
    spec = made["spec"]["template"]["spec"]
    spec["containers"][0]["volumeMounts"] = [{"name": "cache", "mountPath": "/cache"}]
    spec["volumes"] = [{"name": "cache", "emptyDir": {"sizeLimit": limit}}]
    return made


def test_the_remains_of_an_evicted_pod(case: Case) -> None:
    case.apply(caching("4Mi"))
    case.wait_for("evicted")
    case.apply(caching("64Mi"))
    case.wait(lambda: rolled_out(case.live()), "the rollout of the corrected volume")
    plan = case.plan()
    assert (plan.plan.tier, plan.state(moments.now()), plan.missing) == ("trivial", "approved", ())
    assert plan.plan.irreversible_because
    # The log goes with the pod, if its node still has it: of an evicted one it seldom has.
    assert plan.plan.finding["evidence"][-1]["source"] == f"{plan.plan.steps[0].target}: log of container app"
    ran = case.play("remediate", "--check", "--diff", phr=plan.id)
    assert ran.status == 0, ran.output
    assert f"+++ after: {plan.plan.steps[0].target} (deleted)" in ran.output
    assert f'"image": "{IMAGE}"' in ran.output
    ran = case.play("remediate", phr=plan.id)
    assert ran.status == 0, ran.output
    assert [(write.verb, write.status) for write in case.audit.writes(case.namespace)] == [("delete", 200)]
    assert (case.record().verdict, case.errors()) == ("better", [])
