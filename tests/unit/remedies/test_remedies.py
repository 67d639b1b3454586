# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remedies: each proposes one bounded change where the evidence carries it, and nothing where it does not."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model import quantity
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.edits import Deletion
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import Candidate
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.policy import classify
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies._change import Change, RemedyCase
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies.images import set_image
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies.pods import delete_failed_pod
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies.references import correct_configmap
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies.resources import raise_memory
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies.revisions import roll_back
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies.table import REMEDIES, changes
from ansible_collections.aiops.kubernetes.tests.unit.loop.json_patch import Failed, patched
from ansible_collections.aiops.kubernetes.tests.unit.remedies.shop import Shop, after, edit, finding

FRONTEND: t.Final = ("image-not-found", "frontend")
SEARCH: t.Final = ("memory-limit-exceeded", "search")
CART: t.Final = ("configmap-missing", "cart")


def _case(shop: Shop, of: tuple[str, str], candidate: str | None = None, **changes: t.Any) -> RemedyCase:
    return RemedyCase(dataclasses.replace(finding(*of), **changes), shop.evidence, candidate)


def _memory(shop: Shop) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", shop.container("search")["resources"])


# Back to a revision


def test_back_to_the_revision_that_serves(shop: Shop) -> None:
    change = roll_back(_case(shop, FRONTEND))
    assert change is not None
    assert (change.action, change.needs, change.irreversible_because) == ("roll_back", None, None)
    assert "revision 1" in change.summary
    assert "2 ready pods now" in change.summary
    wanted = copy.deepcopy(shop.revision("frontend", 1)["spec"]["template"])
    del wanted["metadata"]["labels"]["pod-template-hash"]
    changed, before = after(change), shop.get("Deployment", "frontend")
    assert changed["spec"]["template"] == wanted
    assert {**changed["spec"], "template": None} == {**before["spec"], "template": None}
    assert changed["metadata"] == before["metadata"]
    assert classify([edit(change).step()], None)[0] == "medium"


@pytest.mark.parametrize("ready", [0, None, "2", True])
def test_a_number_alone_proves_nothing(ready: object, shop: Shop) -> None:
    shop.revision("frontend", 1)["status"]["readyReplicas"] = ready
    asked = roll_back(_case(shop, FRONTEND))
    assert asked is not None
    assert not asked.writes
    assert "revision=N (there are: 1)" in str(asked.needs)
    named = roll_back(_case(shop, FRONTEND, "revision=1"))
    assert named is not None
    assert "which a person named; no ready pod proves that it works" in named.summary
    assert roll_back(_case(shop, FRONTEND, "revision=2")) is None
    assert roll_back(_case(shop, FRONTEND, "revision=7")) is None


def test_an_older_revision_that_serves_is_taken_over_a_newer_that_does_not(shop: Shop) -> None:
    newest = copy.deepcopy(shop.revision("frontend", 2))
    newest["metadata"] |= {"name": "frontend-3", "uid": "3"}
    newest["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "10"
    shop.objects["ReplicaSet"].insert(0, newest)
    change = roll_back(_case(shop, FRONTEND))
    assert change is not None
    assert "revision 1 " in change.summary


def _no_former(shop: Shop) -> None:
    shop.objects["ReplicaSet"].remove(shop.revision("frontend", 1))


def _of_another(shop: Shop) -> None:
    shop.revision("frontend", 1)["metadata"]["ownerReferences"][0]["name"] = "other"


def _same(shop: Shop) -> None:
    shop.get("Deployment", "frontend")["spec"]["template"] = copy.deepcopy(
        shop.revision("frontend", 1)["spec"]["template"]
    )
    del shop.get("Deployment", "frontend")["spec"]["template"]["metadata"]["labels"]["pod-template-hash"]


@pytest.mark.parametrize(
    "vary",
    [
        _no_former,
        _of_another,
        _same,
        lambda shop: shop.get("Deployment", "frontend")["spec"].update(paused=True),
        lambda shop: shop.objects["Deployment"].clear(),
        lambda shop: shop.objects["ReplicaSet"].clear(),
    ],
    ids=["no former", "another's", "the same", "paused", "gone", "no revisions"],
)
def test_no_way_back(vary: t.Callable[[Shop], object], shop: Shop) -> None:
    vary(shop)
    assert roll_back(_case(shop, FRONTEND)) is None


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "Pod", "ReplicaSet"])
def test_only_a_deployment_has_revisions_of_ours(kind: str, shop: Shop) -> None:
    assert roll_back(_case(shop, FRONTEND, workload=Ref(kind, "shop", "frontend"))) is None


_TEMPLATES: t.Final[dict[str, t.Callable[[dict[str, t.Any]], object]]] = {
    "command": lambda spec: spec["containers"][0].update(command=["nginx", "-g", "daemon off;"]),
    "no probe": lambda spec: spec["containers"][0].pop("readinessProbe"),
    "probe": lambda spec: spec["containers"][0]["readinessProbe"].update(periodSeconds=9),
    "variable": lambda spec: spec["containers"][0].update(env=[{"name": "A", "value": "1"}]),
    "sidecar": lambda spec: spec["containers"].append({"name": "sidecar", "image": "nginx:1.27"}),
    "sidecar first": lambda spec: spec["containers"].insert(0, {"name": "sidecar", "image": "nginx:1.27"}),
    "grace": lambda spec: spec.update(terminationGracePeriodSeconds=5),
    "init": lambda spec: spec.update(initContainers=[{"name": "init", "image": "nginx:1.27"}]),
}


@pytest.mark.parametrize("name", _TEMPLATES)
def test_every_difference_is_taken_back(name: str, shop: Shop) -> None:
    """Whatever the new revision changed, the patch gives exactly the template that serves."""
    former = shop.revision("frontend", 1)["spec"]["template"]
    _TEMPLATES[name](former["spec"])
    former["metadata"].setdefault("annotations", {})["example.com/a~b"] = "1"
    wanted = copy.deepcopy(former)
    del wanted["metadata"]["labels"]["pod-template-hash"]
    assert after(roll_back(_case(shop, FRONTEND)))["spec"]["template"] == wanted


@pytest.mark.parametrize("name", ["command", "no probe", "probe", "variable"])
def test_a_rollback_is_medium(name: str, shop: Shop) -> None:
    _TEMPLATES[name](shop.revision("frontend", 1)["spec"]["template"]["spec"])
    assert classify([edit(roll_back(_case(shop, FRONTEND))).step()], None)[0] == "medium"


@pytest.mark.parametrize(
    "vary",
    [
        lambda spec: spec.update(serviceAccountName="admin"),
        lambda spec: spec["containers"][0].update(securityContext={"privileged": True}),
        lambda spec: spec.update(imagePullSecrets=[{"name": "x"}]),
        lambda spec: spec["containers"][0].update(envFrom=[{"secretRef": {"name": "x"}}]),
        lambda spec: spec.update(volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
        lambda spec: spec.update(volumes=[{"name": "v", "projected": {"sources": [{"secret": {"name": "x"}}]}}]),
        lambda spec: spec["containers"].append({"name": "b", "image": "x", "securityContext": {"privileged": True}}),
    ],
)
def test_a_rollback_that_changes_secret_things_is_critical(vary: t.Callable[[t.Any], object], shop: Shop) -> None:
    vary(shop.revision("frontend", 1)["spec"]["template"]["spec"])
    assert classify([edit(roll_back(_case(shop, FRONTEND))).step()], None)[0] == "critical"


def test_a_secret_that_stands_in_the_template_is_in_no_plan(shop: Shop) -> None:
    secret = [{"name": "DB_PASSWORD", "value": "hunter2-correct-horse"}]
    shop.container("frontend")["env"] = secret
    shop.revision("frontend", 1)["spec"]["template"]["spec"]["containers"][0]["env"] = copy.deepcopy(secret)
    step = edit(roll_back(_case(shop, FRONTEND))).step()
    assert "hunter2" not in str(step)
    shop.container("frontend")["env"] = [{"name": "DB_PASSWORD", "value": "another-good-horse"}]
    change = roll_back(_case(shop, FRONTEND))
    assert change is None or "hunter2" not in str(change) + str(edit(change).step())


# More memory


@pytest.mark.parametrize(
    ("limit", "bytes_wanted"),
    [
        ("96Mi", 192 << 20),
        ("64Mi", 128 << 20),
        ("700Mi", 1400 << 20),
        ("1Gi", 2 << 30),
        ("1.5Gi", 3 << 30),
        ("100M", 200_000_000),
        ("128974848", 257949696),
        ("1e8", 200_000_000),
        ("512Ki", 1 << 20),
    ],
)
def test_memory_is_doubled_exactly(limit: str, bytes_wanted: int, shop: Shop) -> None:
    _memory(shop)["limits"]["memory"] = limit
    _memory(shop)["requests"]["memory"] = "1Ki"
    change = raise_memory(_case(shop, SEARCH))
    changed = after(change)["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert quantity.parse(changed["limits"]["memory"]) == bytes_wanted
    assert changed["requests"]["memory"] == "1Ki"
    assert change is not None
    assert f"from {limit} to {changed['limits']['memory']}" in change.summary
    assert classify([edit(change).step()], None)[0] == "medium"


def test_a_request_equal_to_the_limit_follows(shop: Shop) -> None:
    _memory(shop)["limits"]["memory"] = _memory(shop)["requests"]["memory"] = "96Mi"
    changed = after(raise_memory(_case(shop, SEARCH)))["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert quantity.parse(changed["limits"]["memory"]) == quantity.parse(changed["requests"]["memory"]) == 192 << 20
    assert changed["limits"].keys() == _memory(shop)["limits"].keys()


def test_the_former_limit_and_the_name_are_guarded(shop: Shop) -> None:
    step = edit(raise_memory(_case(shop, SEARCH))).step()
    moved = copy.deepcopy(shop.get("Deployment", "search"))
    moved["spec"]["template"]["spec"]["containers"].insert(0, {"name": "sidecar", "resources": _memory(shop)})
    with pytest.raises(Failed):
        patched(moved, step.patch)


@pytest.mark.parametrize(
    ("allocatable", "offered"), [("192Mi", True), ("201326591", False), ("100Mi", False), (None, True)]
)
def test_not_beyond_the_largest_node(allocatable: str | None, offered: bool, shop: Shop) -> None:
    node = shop.objects["Node"][0]
    small = copy.deepcopy(node)
    small["metadata"]["name"], small["status"]["allocatable"]["memory"] = "small", "1Mi"
    shop.objects["Node"] = [small, node, copy.deepcopy(small)]
    if allocatable is None:
        shop.objects["Node"] = []
    node["status"]["allocatable"]["memory"] = allocatable
    assert (raise_memory(_case(shop, SEARCH)) is not None) == offered
    assert (raise_memory(_case(shop, SEARCH, "192Mi")) is not None) == offered


@pytest.mark.parametrize(("candidate", "offered"), [
    ("128Mi", True), ("1Gi", True), ("97Mi", True), ("96Mi", False), ("95Mi", False), ("0", False), ("-1Gi", False), ("lots", False),
    ("", True), ("1Pi", False), ("1GB", False), ("NaN", False), ("1e99", False),
])  # fmt: skip
def test_a_person_may_name_the_limit(candidate: str, offered: bool, shop: Shop) -> None:
    change = raise_memory(_case(shop, SEARCH, candidate))
    assert (change is not None) == offered
    if candidate and change:
        changed = after(change)["spec"]["template"]["spec"]["containers"][0]["resources"]
        assert changed["limits"]["memory"] == candidate


@pytest.mark.parametrize("limit", [None, "", "many", "0", 5, {}])
def test_without_a_limit_there_is_nothing_to_raise(limit: object, shop: Shop) -> None:
    _memory(shop)["limits"]["memory"] = limit
    assert raise_memory(_case(shop, SEARCH)) is None


@pytest.mark.parametrize(
    "changes_", [{"container": "other"}, {"container": None}, {"workload": Ref("Pod", "shop", "x")}]
)
def test_only_the_container_that_was_found(changes_: dict[str, t.Any], shop: Shop) -> None:
    assert raise_memory(_case(shop, SEARCH, **changes_)) is None
    assert set_image(_case(shop, FRONTEND, "nginx:1.27", **changes_)) is None


# Another image


def test_an_image_is_named_by_a_person(shop: Shop) -> None:
    asked = set_image(_case(shop, FRONTEND))
    assert asked is not None
    assert (asked.writes, asked.needs) == ((), "an image that exists")
    change = set_image(_case(shop, FRONTEND, "nginx:1.27"))
    assert change is not None
    assert (change.action, change.needs) == ("set_image", None)
    assert after(change)["spec"]["template"]["spec"]["containers"][0] == {
        **shop.container("frontend"),
        "image": "nginx:1.27",
    }
    assert classify([edit(change).step()], None)[0] == "medium"


_DIGEST: t.Final = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize("image", [
    "nginx", "nginx:1.27", "library/nginx:1.27", "docker.io/library/nginx", "localhost:5000/a/b_c/d-e.f:V1.2_x-y",
    f"nginx@{_DIGEST}", f"registry.example.com:443/shop/cart:1@{_DIGEST}", "Registry.Example.com/shop/cart:1", "a__b/c",
])  # fmt: skip
def test_an_image(image: str, shop: Shop) -> None:
    assert set_image(_case(shop, FRONTEND, image)) is not None


@pytest.mark.parametrize("image", [
    " ", "nginx:1.27 ", " nginx", "nginx:1.27\n", "nginx 1.27", "nginx:", ":1.27", "nginx:1:2:3/", "/nginx", "nginx/", "a//b",
    "http://x/nginx", "nginx@sha256:abc", "nginx@" + _DIGEST.upper(), "../etc/passwd", "-x", "Shop/Cart_:1", "NGINX", "nginx:ä",
    "$(id)", "{{ image }}", "nginx\x00", "nginx:1.27;rm", "nginx:-1", "a" * 5 + ":" + "b" * 129,
])  # fmt: skip
def test_no_image(image: str, shop: Shop) -> None:
    assert set_image(_case(shop, FRONTEND, image)) is None


def test_the_same_image_helps_nobody(shop: Shop) -> None:
    assert set_image(_case(shop, FRONTEND, shop.container("frontend")["image"])) is None


# The name of a ConfigMap


def test_the_near_miss_that_has_every_key(shop: Shop) -> None:
    change = correct_configmap(_case(shop, CART))
    assert change is not None
    assert "use ConfigMap cart-config instead of cart-cofnig" in change.summary
    names = [
        v["valueFrom"]["configMapKeyRef"]["name"]
        for v in after(change)["spec"]["template"]["spec"]["containers"][0]["env"]
    ]
    assert names == ["cart-config", "cart-config"]
    assert classify([edit(change).step()], None)[0] == "medium"


def _named(shop: Shop, name: str, keys: list[str]) -> None:
    made = copy.deepcopy(shop.get("ConfigMap", "cart-config"))
    made["metadata"]["name"], made["keys"] = name, keys
    shop.objects["ConfigMap"].append(made)


def _candidates(*names: str) -> dict[str, t.Any]:
    return {"candidates": tuple(Candidate(f"ConfigMap shop/{name}", "similar") for name in names)}


def _needs(change: Change | None) -> bool:
    return change is not None and not change.writes and change.needs == "the name of the ConfigMap that is meant"


def test_a_name_alone_proves_nothing(shop: Shop) -> None:
    shop.get("ConfigMap", "cart-config")["keys"] = ["CART_TTL"]
    assert _needs(correct_configmap(_case(shop, CART)))
    _named(shop, "cart-conf", ["CART_TTL", "REDIS_HOST", "MORE"])
    change = correct_configmap(_case(shop, CART, **_candidates("cart-config", "cart-conf")))
    assert change is not None
    assert "use ConfigMap cart-conf instead" in change.summary


def test_two_that_could_be_meant_are_for_a_person(shop: Shop) -> None:
    _named(shop, "cart-conf", ["CART_TTL", "REDIS_HOST"])
    assert _needs(correct_configmap(_case(shop, CART, **_candidates("cart-config", "cart-conf"))))
    change = correct_configmap(_case(shop, CART, "cart-conf", **_candidates("cart-config", "cart-conf")))
    assert change is not None
    assert "use ConfigMap cart-conf instead" in change.summary


def test_a_whole_configmap_has_no_keys_that_prove(shop: Shop) -> None:
    container = shop.container("cart")
    del container["env"]
    container["envFrom"] = [{"configMapRef": {"name": "cart-cofnig"}}]
    assert _needs(correct_configmap(_case(shop, CART)))
    names = after(correct_configmap(_case(shop, CART, "cart-config")))["spec"]["template"]["spec"]["containers"][0][
        "envFrom"
    ]
    assert names == [{"configMapRef": {"name": "cart-config"}}]


@pytest.mark.parametrize("candidate", ["nowhere", "cart-cofnig", "../x", "kube-system/x"])
def test_a_name_that_is_not_there_is_not_written(candidate: str, shop: Shop) -> None:
    assert correct_configmap(_case(shop, CART, candidate)) is None


def test_every_place_is_corrected_with_its_names(shop: Shop) -> None:
    spec = shop.get("Deployment", "cart")["spec"]["template"]["spec"]
    wrong, keep = {"name": "cart-cofnig"}, {"name": "catalog-config"}
    spec["containers"][0]["envFrom"] = [{"configMapRef": keep}, {"configMapRef": wrong}]
    spec["containers"].append(
        {"name": "b", "env": [{"name": "X", "valueFrom": {"configMapKeyRef": {**wrong, "key": "CART_TTL"}}}]}
    )
    spec["initContainers"] = [{"name": "init", "envFrom": [{"configMapRef": wrong}]}]
    spec["volumes"] = [
        {"name": "v", "configMap": wrong},
        {"name": "w", "configMap": keep},
        {"name": "p", "projected": {"sources": [{"secret": {"name": "cart-cofnig"}}, {"configMap": wrong}]}},
    ]
    change = correct_configmap(_case(shop, CART))
    changed = after(change)["spec"]["template"]["spec"]
    assert str(spec).count("cart-cofnig") == 8
    assert str(changed) == str(spec).replace("cart-cofnig", "cart-config").replace(
        "{'secret': {'name': 'cart-config'}}", "{'secret': {'name': 'cart-cofnig'}}"
    )
    step = edit(change).step()
    for drifted in ("containers", "initContainers", "volumes"):
        moved = copy.deepcopy(dict(edit(change).json))
        moved["spec"]["template"]["spec"][drifted].insert(
            0, {**moved["spec"]["template"]["spec"][drifted][0], "name": "new"}
        )
        with pytest.raises(Failed):
            patched(moved, step.patch)
    assert classify([step], None)[0] == "medium"


def test_each_finding_corrects_its_own(shop: Shop) -> None:
    """Two containers miss two ConfigMaps: a person's word for the one is none for the other."""
    spec = shop.get("Deployment", "cart")["spec"]["template"]["spec"]
    spec["containers"].append({"name": "b", "envFrom": [{"configMapRef": {"name": "missing-too"}}]})
    change = correct_configmap(_case(shop, CART, "catalog-config", container="b"))
    changed = after(change)["spec"]["template"]["spec"]["containers"]
    assert changed[0] == spec["containers"][0]
    assert changed[1]["envFrom"] == [{"configMapRef": {"name": "catalog-config"}}]


def test_nothing_missing_nothing_corrected(shop: Shop) -> None:
    _named(shop, "cart-cofnig", [])
    assert correct_configmap(_case(shop, CART)) is None


# A failed pod


def _fail(shop: Shop, count: int = 1, **owner: t.Any) -> list[dict[str, t.Any]]:
    pods = [pod for pod in shop.objects["Pod"] if pod["metadata"]["name"].startswith("search-")][:1]
    pods += [copy.deepcopy(pods[0]) for _more in range(count - 1)]
    for number, pod in enumerate(pods):
        pod["metadata"] |= {
            "name": f"search-{number}",
            "uid": f"u{number}",
            "creationTimestamp": f"2026-11-22T09:1{number}:00Z",
        }
        pod["status"] = {"phase": "Failed", "reason": "Evicted"}
        pod["metadata"]["ownerReferences"][0] |= owner
    shop.objects["Pod"] += pods[1:]
    return pods


def test_the_newest_failed_pod_is_taken_away_as_it_was_seen(shop: Shop) -> None:
    pods = _fail(shop, 3)
    change = delete_failed_pod(_case(shop, SEARCH))
    assert change is not None
    (write,) = change.writes
    assert isinstance(write, Deletion)
    step = write.step()
    assert (step.verb, step.target, step.uid) == ("delete", Ref("Pod", "shop", "search-2"), "u2")
    assert step.resource_version == pods[2]["metadata"]["resourceVersion"]
    assert change.irreversible_because
    assert classify([step], change.irreversible_because)[0] == "trivial"


@pytest.mark.parametrize("phase", ["Running", "Pending", "Succeeded", "Unknown", ""])
def test_a_pod_that_has_not_failed_stays(phase: str, shop: Shop) -> None:
    _fail(shop)[0]["status"]["phase"] = phase
    assert delete_failed_pod(_case(shop, SEARCH)) is None


def test_a_pod_that_goes_already_stays(shop: Shop) -> None:
    _fail(shop)[0]["metadata"]["deletionTimestamp"] = "2026-11-22T09:15:00Z"
    assert delete_failed_pod(_case(shop, SEARCH)) is None


@pytest.mark.parametrize("owner", [{"controller": False}, {"kind": "Node"}, {"kind": "Workflow"}], ids=str)
def test_a_pod_that_nobody_replaces_stays(owner: dict[str, t.Any], shop: Shop) -> None:
    pod = _fail(shop, **owner)[0]
    bare = Ref("Pod", "shop", pod["metadata"]["name"])
    assert delete_failed_pod(_case(shop, SEARCH)) is None
    assert delete_failed_pod(_case(shop, SEARCH, workload=bare)) is None
    assert delete_failed_pod(_case(shop, SEARCH, workload=Ref("Workflow", "shop", "search"))) is None


# The table


def test_what_a_person_named_comes_first(shop: Shop) -> None:
    made, evidence = finding(*FRONTEND), shop.evidence
    assert [change.action for change in changes(made, evidence)] == ["roll_back", "set_image"]
    assert next(change.action for change in changes(made, evidence, "nginx:1.27")) == "set_image"


def test_a_cause_without_a_remedy_has_none(shop: Shop) -> None:
    for cause in ("quota-exceeded", "stuck-terminating", "undetermined", ""):
        assert changes(dataclasses.replace(finding(*FRONTEND), cause=cause), shop.evidence) == []
        assert cause not in REMEDIES


@pytest.mark.parametrize("kind", ["Pod", "Job", "CronJob", "ReplicaSet", "Workflow"])
def test_what_can_not_be_edited_is_not(kind: str, shop: Shop) -> None:
    for cause, workload in (FRONTEND, SEARCH, CART):
        made = dataclasses.replace(finding(cause, workload), workload=Ref(kind, "shop", workload))
        assert changes(made, shop.evidence, "nginx:1.27") == []


@pytest.mark.parametrize("damage", [None, [], {}, "x", 5, [None], [{"name": 5}]])
def test_damaged_objects_are_no_crash(damage: object, shop: Shop) -> None:
    for of in (FRONTEND, SEARCH, CART):
        template = shop.get("Deployment", of[1])["spec"]["template"]
        template["spec"] |= {"containers": damage, "volumes": damage, "initContainers": damage}
        for candidate in (None, "nginx:1.27"):
            changes(finding(*of), shop.evidence, candidate)
