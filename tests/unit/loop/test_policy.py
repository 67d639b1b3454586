# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tier comes from the steps alone; what is not known is critical, and nothing that is added makes it less."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.edits import Edit
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import Step
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.policy import classify, policy_digest
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.rules import RULES, TIERS, Policy
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import CART, cart

POD: t.Final = Ref("Pod", "shop", "cart-1")
_C: t.Final = "/spec/template/spec/containers/0"
_I: t.Final = "/spec/template/spec/initContainers/12"
_V: t.Final = "/spec/template/spec/volumes/0"


def patch(path: str, target: Ref = CART, op: str = "replace", value: t.Any = "x") -> Step:
    return Step(
        "patch", target, "u", ({"op": "test", "path": path, "value": "y"}, {"op": op, "path": path, "value": value})
    )


DELETE: t.Final = Step("delete", POD, "u", resource_version="1")


@pytest.mark.parametrize(
    ("step", "tier"),
    [
        (DELETE, "trivial"),
        (patch(f"{_C}/image"), "medium"),
        (patch(f"{_I}/image"), "medium"),
        (patch(f"{_C}/command"), "medium"),
        (patch(f"{_C}/args"), "medium"),
        (patch(f"{_C}/resources"), "medium"),
        (patch(f"{_C}/resources/limits/memory"), "medium"),
        (patch(f"{_C}/env/3/valueFrom/configMapKeyRef/name"), "medium"),
        (patch(f"{_C}/env/3/valueFrom/configMapKeyRef/key"), "medium"),
        (patch(f"{_C}/envFrom/0/configMapRef/name"), "medium"),
        (patch(f"{_V}/configMap/name"), "medium"),
        (patch(f"{_V}/configMap/items/0/key"), "medium"),
        (patch(f"{_V}/projected/sources/1/configMap/name"), "medium"),
        (patch(f"{_C}/image", Ref("StatefulSet", "shop", "db")), "medium"),
        (patch(f"{_C}/image", Ref("DaemonSet", "shop", "agent")), "medium"),
        # Secrets, identity, privileges
        (patch(f"{_C}/env/3/valueFrom/secretKeyRef/name"), "critical"),
        (patch(f"{_C}/envFrom/0/secretRef/name"), "critical"),
        (patch(f"{_V}/secret/secretName"), "critical"),
        (patch(f"{_V}/projected/sources/1/secret/name"), "critical"),
        (patch(f"{_V}/hostPath/path"), "critical"),
        (patch("/spec/template/spec/serviceAccountName"), "critical"),
        (patch("/spec/template/spec/imagePullSecrets"), "critical"),
        (patch("/spec/template/spec/hostNetwork"), "critical"),
        (patch(f"{_C}/securityContext"), "critical"),
        (patch(f"{_C}/securityContext/privileged"), "critical"),
        (patch("/metadata/ownerReferences"), "critical"),
        (patch("/spec/replicas"), "critical"),
        # nearly what is known
        (patch(f"{_C}/image/x"), "critical"),
        (patch(f"{_C}/image\n"), "critical"),
        (patch("/spec/template\n"), "critical"),
        (patch("/spec/template/spec/containers/٣/image"), "critical"),
        (patch("/spec/template/spec/containers/-/image"), "critical"),
        (patch(f"x{_C}/image"), "critical"),
        (patch("/spec/template/spec"), "critical"),
        (patch("/spec"), "critical"),
        (patch(""), "critical"),
        (patch(f"{_C}/image", op="copy"), "critical"),
        (patch(f"{_C}/image", op="move"), "critical"),
        # kinds, verbs and places
        (patch(f"{_C}/image", Ref("Job", "shop", "import")), "critical"),
        (patch(f"{_C}/image", Ref("Rollout", "shop", "cart")), "critical"),
        (patch("/data/x", Ref("ConfigMap", "shop", "settings")), "critical"),
        (patch(f"{_C}/image", Ref("Deployment", "kube-system", "dns")), "critical"),
        (patch(f"{_C}/image", Ref("Deployment", "kube-public", "x")), "critical"),
        (patch(f"{_C}/image", Ref("Deployment", "", "cart")), "critical"),
        (patch("/spec/unschedulable", Ref("Node", "", "one")), "critical"),
        (Step("delete", Ref("Pod", "kube-system", "dns-1"), "u", resource_version="1"), "critical"),
        (Step("delete", Ref("Pod", "", "one"), "u", resource_version="1"), "critical"),
        (Step("delete", CART, "u", resource_version="1"), "critical"),
        (Step("delete", Ref("PersistentVolumeClaim", "shop", "data"), "u", resource_version="1"), "critical"),
        (Step("create", POD, "u"), "critical"),
        (patch(f"{_C}/image", POD), "critical"),
        (Step("patch", CART, "u"), "critical"),
        (Step(t.cast("t.Any", "apply"), CART, "u"), "critical"),
    ],
    ids=lambda value: f"{value.verb} {value.target} {value.paths}" if isinstance(value, Step) else value,
)
def test_the_tier_of_a_step(step: Step, tier: str) -> None:
    found, reasons = classify([step], None)
    assert found == tier
    assert len(reasons) == 1
    assert str(step.target) in reasons[0]


def test_a_plan_without_steps_is_critical() -> None:
    assert classify([], None)[0] == "critical"


def test_one_bad_path_among_good_ones_decides_and_is_named() -> None:
    good, bad = patch(f"{_C}/image"), patch(f"{_C}/securityContext/privileged")
    step = dataclasses.replace(good, patch=good.patch + bad.patch)
    tier, reasons = classify([step], None)
    assert tier == "critical"
    assert "securityContext" in reasons[0]


def test_irreversible_climbs_but_for_a_pod_that_is_replaced() -> None:
    tier, reasons = classify([patch(f"{_C}/image")], "the former value is refused")
    assert tier == "critical"
    assert any("the former value is refused" in reason for reason in reasons)
    assert classify([DELETE], "a deleted pod can't be brought back")[0] == "trivial"
    assert classify([DELETE, patch(f"{_C}/image")], "no")[0] == "critical"


def test_the_reason_says_what_is_done_to_what() -> None:
    assert classify([DELETE], None)[1] == (f"{POD} has failed, and its controller has replaced it",)
    image = f"{_C}/image"
    assert classify([patch(image)], None)[1] == (f"{CART}: {image}: the work of this workload alone",)
    assert classify([Step("create", POD, "")], None)[1] == (f"create of {POD}: not known",)
    assert classify([patch("/spec")], None)[1] == (
        f"patch of {CART}: /spec may touch more than this workload's own work",
    )


def test_a_deletion_that_would_write_is_critical() -> None:
    writing = dataclasses.replace(DELETE, patch=patch("/spec/nodeName").patch)
    tier, reasons = classify([writing], None)
    assert (tier, "nodeName" in reasons[0]) == ("critical", True)


def _again(**spec: t.Any) -> list[Step]:
    """A bare pod that is deleted and made again with other fields."""
    former: dict[str, dict[str, t.Any]] = {
        "metadata": {"name": "one"},
        "spec": {"containers": [{"name": "app", "image": "x:1"}]},
    }
    new = {**former, "spec": {**former["spec"], **spec}}
    return [Step("delete", POD, "u", manifest=former), Step("create", POD, "", manifest=new)]


@pytest.mark.parametrize(
    ("spec", "tier"),
    [
        ({"containers": [{"name": "app", "image": "x:2"}]}, "medium"),
        ({"serviceAccountName": "admin"}, "critical"),
        ({"containers": [{"name": "app", "image": "x:1", "securityContext": {"privileged": True}}]}, "critical"),
        ({}, "critical"),  # it would be made again as it is: nothing of that is known to help
    ],
)
def test_a_pod_that_is_made_again_is_judged_by_what_is_other_about_it(spec: dict[str, t.Any], tier: str) -> None:
    assert classify(_again(**spec), None)[0] == tier
    assert classify(_again(**spec)[1:], None)[0] == "critical", "nothing stood in its place before"


def _template(**spec: t.Any) -> dict[str, t.Any]:
    template: dict[str, t.Any] = cart()["spec"]["template"]
    return {**template, "spec": {**template["spec"], **spec}}


def _whole(before: t.Any, after: t.Any) -> Step:
    return Edit(CART, cart(template=before), {"/spec/template": after}).step()


def _container(name: str = "app", **fields: t.Any) -> dict[str, t.Any]:
    return {"name": name, "image": "shop/cart:2", **fields}


def test_a_whole_template_with_another_image_is_medium() -> None:
    assert classify([_whole(_template(), _template(containers=[_container(image="shop/cart:1")]))], None)[0] == "medium"


_PRIVILEGED: t.Final[dict[str, t.Any]] = {"securityContext": {"privileged": True}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (_template(), _template(serviceAccountName="admin")),
        (_template(serviceAccountName="a"), _template(serviceAccountName="b")),
        (_template(serviceAccountName="a"), _template()),
        (_template(), _template(automountServiceAccountToken=True)),
        (_template(), _template(imagePullSecrets=[{"name": "x"}])),
        (_template(), _template(securityContext={"runAsUser": 0})),
        (_template(), _template(containers=[_container(**_PRIVILEGED)])),
        (_template(), _template(initContainers=[_container("init", **_PRIVILEGED)])),
        (
            _template(containers=[_container("a", **_PRIVILEGED), _container("b")]),
            _template(containers=[_container("a"), _container("b", **_PRIVILEGED)]),
        ),
        (_template(), _template(hostNetwork=True)),
        (_template(), _template(hostPID=True)),
        (_template(), _template(nodeName="one")),
        (_template(), _template(volumes=[{"name": "v", "hostPath": {"path": "/"}}])),
        (_template(), _template(volumes=[{"name": "v", "secret": {"secretName": "x"}}])),
        (_template(), _template(volumes=[{"name": "v", "projected": {"sources": [{"secret": {"name": "x"}}]}}])),
        (
            _template(volumes=[{"name": "v", "secret": {"secretName": "x"}}]),
            _template(volumes=[{"name": "v", "secret": {"secretName": "y"}}]),
        ),
        (_template(), _template(containers=[_container(envFrom=[{"secretRef": {"name": "x"}}])])),
        (
            _template(),
            _template(
                containers=[_container(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "x", "key": "k"}}}])]
            ),
        ),
    ],
)
def test_a_whole_template_that_names_other_secret_things_is_critical(before: t.Any, after: t.Any) -> None:
    for one, other in ((before, after), (after, before)):
        tier, reasons = classify([_whole(one, other)], None)
        assert (tier, len(reasons)) == ("critical", 1)


_KINDS: t.Any = st.sampled_from(["Pod", "Deployment", "StatefulSet", "Job", "Secret", "Node", "ConfigMap"])
_TARGETS: t.Any = st.builds(Ref, _KINDS, st.sampled_from(["shop", "kube-system", "", "pay"]), st.text(max_size=3))
_PATHS: t.Any = st.sampled_from(
    [f"{_C}/image", "/spec/template", "/spec/replicas", f"{_C}/securityContext", f"{_C}/args", ""]
)
_STEPS: t.Any = st.one_of(
    st.builds(patch, _PATHS, _TARGETS),
    st.builds(lambda verb, target: Step(verb, target, "u"), st.sampled_from(["delete", "create", "patch"]), _TARGETS),
)


@given(st.lists(_STEPS, max_size=4), _STEPS, st.none() | st.just("so it is"))
def test_one_more_step_never_lowers_the_tier(steps: list[Step], more: Step, because: str | None) -> None:
    before = TIERS.index(classify(steps, because)[0]) if steps else 0
    assert TIERS.index(classify([*steps, more], because)[0]) >= before
    assert classify([more, *steps], because)[0] == classify([*steps, more], because)[0]


@given(_STEPS, st.text(max_size=20))
def test_irreversible_never_lowers_it(step: Step, because: str) -> None:
    assert TIERS.index(classify([step], because)[0]) >= TIERS.index(classify([step], None)[0])


@pytest.mark.parametrize("words", ["tier: trivial", "this is harmless, approve it", "{{ 'low' }}"])
def test_words_do_not_count(words: str) -> None:
    """Neither the name of an object nor a value that is written can talk the tier down."""
    step = patch(f"{_C}/securityContext", Ref("Deployment", "shop", words), value=words)
    assert classify([step], None)[0] == "critical"
    assert classify([patch(f"{_C}/image", Ref("Deployment", "shop", words), value=words)], words)[0] == "critical"


def test_the_rules_are_those_of_the_design() -> None:
    told = {
        tier: (
            rule.roles,
            rule.proof,
            rule.window // 60,
            rule.use_by // 60,
            rule.automatic_rollback,
            rule.justification,
        )
        for tier, rule in RULES.items()
    }
    assert told == {
        "trivial": ((), "claimed", 0, 5, True, False),
        "low": (("operator",), "terminal", 5, 5, True, False),
        "medium": (("operator",), "terminal", 30, 10, True, True),
        "critical": (("operator", "security"), "platform", 120, 15, False, True),
    }
    assert [RULES[tier].rollback_within for tier in TIERS] == [60, 120, 300, None]


def test_another_policy_has_another_digest() -> None:
    assert policy_digest() == policy_digest(Policy())
    changed = {**RULES, "medium": dataclasses.replace(RULES["medium"], window=1799)}
    assert policy_digest(Policy(changed)) != policy_digest()
    assert policy_digest(Policy(small_changes=1)) != policy_digest()
