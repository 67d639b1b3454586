# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The other kinds of change, on the recorded shop with one thing changed: what the evidence proves, a person names, or neither."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.edits import Creation, Deletion, Edit
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import Candidate, EvidenceItem, Finding
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.policy import classify
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies import (
    claims,
    commands,
    images,
    nodes,
    pods,
    probes,
    references,
    resources,
    revisions,
    running,
    services,
    traffic,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies._change import Change, RemedyCase, manifest
from ansible_collections.aiops.kubernetes.tests.unit.loop.json_patch import patched
from ansible_collections.aiops.kubernetes.tests.unit.remedies.shop import Shop, after, finding

SEARCH: t.Final = Ref("Deployment", "shop", "search")
_ANY: t.Final = finding("memory-limit-exceeded", "search")


def _case(shop: Shop, cause: str, candidate: str | None = None, **changes: t.Any) -> RemedyCase:
    made: Finding = dataclasses.replace(_ANY, cause=cause, **changes)
    return RemedyCase(made, shop.evidence, candidate)


def _container(json: t.Any) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json["spec"]["template"]["spec"]["containers"][0])


def _tier(change: Change | None) -> str:
    assert change is not None
    return classify([write.step() for write in change.writes], change.irreversible_because)[0]


def _needs(change: Change | None) -> bool:
    return change is not None and not change.writes and bool(change.needs)


# A command


@pytest.mark.parametrize(
    ("candidate", "words"),
    [
        ('["/app/run", "--port=8080"]', ["/app/run", "--port=8080"]),
        ("/app/run --name 'a b'", ["/app/run", "--name", "a b"]),
        ("[", None),
        ('["a", 1]', None),
        ("'open", None),
        ("   ", None),
        ("{}", ["{}"]),
    ],
)
def test_a_command_is_named_by_a_person(candidate: str, words: list[str] | None, shop: Shop) -> None:
    change = commands.patch_command(_case(shop, "command-not-found", candidate))
    assert (change is None) == (words is None)
    if words:
        assert _container(after(change)) == {**shop.container("search"), "command": words}
        assert _tier(change) == "medium"


def test_without_a_command_it_asks(shop: Shop) -> None:
    assert _needs(commands.patch_command(_case(shop, "command-not-found")))


# A probe


def _probe(shop: Shop, ports: list[dict[str, t.Any]], **probe: t.Any) -> None:
    shop.container("search").update(ports=ports, livenessProbe=probe)


def test_the_only_declared_port_is_where_a_probe_asks(shop: Shop) -> None:
    _probe(shop, [{"containerPort": 8080}], httpGet={"port": 80, "path": "/"}, periodSeconds=7)
    change = probes.patch_probe(_case(shop, "liveness-probe-misconfigured"))
    probe = {"httpGet": {"port": 8080, "path": "/"}, "periodSeconds": 7}
    assert _container(after(change))["livenessProbe"] == probe
    assert _tier(change) == "medium"


@pytest.mark.parametrize(
    "ports",
    [
        [],
        [{"containerPort": 80}],
        [{"containerPort": 8080}, {"containerPort": 9090}],
        [{"containerPort": 53, "protocol": "UDP"}],
    ],
)
def test_where_no_single_port_tells_a_person_is_asked(ports: list[dict[str, t.Any]], shop: Shop) -> None:
    _probe(shop, ports, tcpSocket={"port": 80})
    assert _needs(probes.patch_probe(_case(shop, "liveness-probe-misconfigured")))


@pytest.mark.parametrize(
    ("candidate", "target"),
    [
        ("port=8080", {"port": 8080, "path": "/"}),
        ("path=/healthz", {"port": 80, "path": "/healthz"}),
        ("port=web, path=/ok", {"port": "web", "path": "/ok"}),
        ("port=0", None),
        ("port=99999", None),
        ("path=healthz", None),
        ("host=evil", None),
        ("port=80", None),
        ("", None),
    ],
)
def test_a_person_may_say_where_a_probe_asks(candidate: str, target: t.Any, shop: Shop) -> None:
    _probe(shop, [], httpGet={"port": 80, "path": "/"})
    change = probes.patch_probe(_case(shop, "liveness-probe-misconfigured", candidate))
    if target is None:
        assert change is None or not change.writes
    else:
        assert _container(after(change))["livenessProbe"]["httpGet"] == target


@pytest.mark.parametrize(
    ("hint", "target"),
    [
        ("port 81", {"port": 81, "path": "/"}),
        ("path /ok", {"port": 80, "path": "/ok"}),
        ("scheme HTTPS", {"port": 80, "path": "/", "scheme": "HTTPS"}),
    ],
)
def test_where_the_finding_knows_the_answer(hint: str, target: t.Any, shop: Shop) -> None:
    _probe(shop, [], httpGet={"port": 80, "path": "/"})
    near = (Candidate(hint, "it answers there"),)
    change = probes.patch_probe(_case(shop, "liveness-probe-misconfigured", candidates=near))
    assert _container(after(change))["livenessProbe"]["httpGet"] == target
    several = (*near, Candidate("port 9", "it is declared"))
    assert _needs(probes.patch_probe(_case(shop, "liveness-probe-misconfigured", candidates=several)))


def test_a_probe_that_runs_a_command_has_no_port(shop: Shop) -> None:
    _probe(shop, [{"containerPort": 8080}], exec={"command": ["true"]})
    assert probes.patch_probe(_case(shop, "liveness-probe-misconfigured", "port=8080")) is None


def test_a_startup_probe_gets_twice_the_time(shop: Shop) -> None:
    shop.container("search")["startupProbe"] = {"tcpSocket": {"port": 80}, "periodSeconds": 5, "failureThreshold": 6}
    change = probes.give_time(_case(shop, "startup-too-slow"))
    assert _container(after(change))["startupProbe"]["failureThreshold"] == 12
    assert change is not None
    assert "take 60 s to start" in change.summary


def test_a_liveness_probe_gets_a_startup_probe_before_it(shop: Shop) -> None:
    _probe(shop, [], httpGet={"port": 80, "path": "/"}, initialDelaySeconds=3, periodSeconds=5, failureThreshold=2)
    changed = _container(after(probes.give_time(_case(shop, "startup-too-slow"))))
    assert changed["livenessProbe"] == shop.container("search")["livenessProbe"]
    assert changed["startupProbe"] == {"httpGet": {"port": 80, "path": "/"}, "periodSeconds": 5, "failureThreshold": 60}
    assert _tier(probes.give_time(_case(shop, "startup-too-slow"))) == "medium"


def test_without_a_probe_there_is_none_to_slow_down(shop: Shop) -> None:
    assert probes.give_time(_case(shop, "startup-too-slow")) is None


# Resources


def test_requests_are_lowered_where_most_is_asked(shop: Shop) -> None:
    spec = shop.get("Deployment", "search")["spec"]["template"]["spec"]
    spec["containers"][0]["resources"] = {"requests": {"cpu": "100m", "memory": "1Gi"}}
    spec["containers"].append({"name": "b", "resources": {"requests": {"cpu": "900", "memory": "1Mi"}}})
    assert _needs(resources.lower_requests(_case(shop, "insufficient-resources", container=None)))
    change = resources.lower_requests(_case(shop, "insufficient-resources", "cpu=250m", container=None))
    first, second = after(change)["spec"]["template"]["spec"]["containers"]
    assert first == spec["containers"][0]
    assert second["resources"] == {"requests": {"cpu": "250m", "memory": "1Mi"}}
    assert _tier(change) == "medium"


@pytest.mark.parametrize("candidate", ["250m", "cpu", "cpu=", "cpu=-1", "gpu=1", "cpu=1,cpu=2", "cpu=9999999", "cpu=x"])
def test_amounts_that_are_none(candidate: str, shop: Shop) -> None:
    shop.container("search")["resources"] = {"requests": {"cpu": "900"}}
    assert resources.lower_requests(_case(shop, "insufficient-resources", candidate)) is None


@pytest.mark.parametrize("before", [None, {}, {"requests": {"cpu": "1m"}}, {"limits": {}}])
def test_limits_are_set_where_there_are_none(before: t.Any, shop: Shop) -> None:
    shop.container("search").pop("resources", None)
    if before is not None:
        shop.container("search")["resources"] = before
    change = resources.set_limits(_case(shop, "quota-requires-limits", "cpu=500m,memory=64Mi"))
    assert _container(after(change))["resources"]["limits"].items() >= {"cpu": "500m", "memory": "64Mi"}.items()


def test_an_autoscaler_gets_the_request_it_counts_in(shop: Shop) -> None:
    scaler = {
        "metadata": {"namespace": "shop", "name": "s"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "search"}},
    }
    shop.objects["HorizontalPodAutoscaler"] = [scaler]
    subject = Ref("HorizontalPodAutoscaler", "shop", "s")
    shop.container("search")["resources"] = {"limits": {"memory": "1Gi"}}
    given: dict[str, t.Any] = {"subject": subject, "workload": None, "container": None}
    assert _needs(resources.add_cpu_request(_case(shop, "autoscaler-unable", **given)))
    change = resources.add_cpu_request(_case(shop, "autoscaler-unable", "cpu=50m", **given))
    assert _container(after(change))["resources"] == {"limits": {"memory": "1Gi"}, "requests": {"cpu": "50m"}}
    assert resources.add_cpu_request(_case(shop, "autoscaler-unable", "memory=1Mi", **given)) is None


# References


def test_the_name_of_a_secret_is_a_persons_and_critical(shop: Shop) -> None:
    reference = {"name": "db-pasword", "key": "url"}
    shop.container("search")["env"] = [{"name": "DB", "valueFrom": {"secretKeyRef": reference}}]
    told = (EvidenceItem("spec", "Pod", "Secret db-pasword, key url, not optional"),)
    assert _needs(references.correct_secret(_case(shop, "secret-missing", evidence=told)))
    change = references.correct_secret(_case(shop, "secret-missing", "db-password", evidence=told))
    assert _container(after(change))["env"][0]["valueFrom"]["secretKeyRef"] == {**reference, "name": "db-password"}
    assert _tier(change) == "critical"
    assert references.correct_secret(_case(shop, "secret-missing", "../x", evidence=told)) is None


def _key(shop: Shop, keys: list[str]) -> None:
    reference = {"name": "cart-config", "key": "CART_TL"}
    shop.container("search")["env"] = [{"name": "TTL", "valueFrom": {"configMapKeyRef": reference}}]
    shop.get("ConfigMap", "cart-config")["keys"] = keys


def test_the_only_key_that_is_like_it(shop: Shop) -> None:
    _key(shop, ["CART_TTL", "OTHER"])
    near = (Candidate("key CART_TTL", "similar"),)
    change = references.correct_key(_case(shop, "key-missing", candidates=near))
    assert _container(after(change))["env"][0]["valueFrom"]["configMapKeyRef"]["key"] == "CART_TTL"
    assert _tier(change) == "medium"
    assert _needs(references.correct_key(_case(shop, "key-missing")))
    assert references.correct_key(_case(shop, "key-missing", "NOWHERE")) is None
    named = references.correct_key(_case(shop, "key-missing", "OTHER"))
    assert _container(after(named))["env"][0]["valueFrom"]["configMapKeyRef"]["key"] == "OTHER"


def test_a_key_that_is_there_is_not_corrected(shop: Shop) -> None:
    _key(shop, ["CART_TL", "CART_TTL"])
    assert references.correct_key(_case(shop, "key-missing", "CART_TTL")) is None


def test_a_service_account_is_critical(shop: Shop) -> None:
    shop.get("Deployment", "search")["spec"]["template"]["spec"]["serviceAccountName"] = "defalt"
    near = (Candidate("ServiceAccount shop/default", "similar"),)
    change = references.correct_service_account(_case(shop, "service-account-missing", candidates=near))
    assert after(change)["spec"]["template"]["spec"]["serviceAccountName"] == "default"
    assert _tier(change) == "critical"
    assert references.correct_service_account(_case(shop, "service-account-missing", "nobody")) is None
    assert _needs(references.correct_service_account(_case(shop, "service-account-missing")))


# Services


def _service(shop: Shop, selector: dict[str, str], target: t.Any = 80) -> dict[str, t.Any]:
    port = {"name": "http", "port": 80, "targetPort": target}
    made = {
        "metadata": {"namespace": "shop", "name": "front", "uid": "s"},
        "spec": {"selector": selector, "ports": [port]},
    }
    shop.objects["Service"] = [made]
    return made


_FRONT: t.Final[dict[str, t.Any]] = {"subject": Ref("Service", "shop", "front"), "workload": None, "container": None}


def test_the_pods_that_a_selector_misses_by_one_label(shop: Shop) -> None:
    _service(shop, {"app": "serch", "app.kubernetes.io/part-of": "shop"})
    near = (Candidate("selector app=search,app.kubernetes.io/part-of=shop", "its pods"),)
    change = services.patch_service_selector(_case(shop, "service-selector-mismatch", **_FRONT, candidates=near))
    assert after(change)["spec"]["selector"] == {"app": "search", "app.kubernetes.io/part-of": "shop"}
    assert _tier(change) == "medium"


def test_a_guess_at_the_pods_that_are_meant_is_for_a_person(shop: Shop) -> None:
    _service(shop, {"app": "cart"})
    near = (Candidate("selector app=search", "its pods"),)
    guess = _case(shop, "service-selector-mismatch", **_FRONT, candidates=near, confidence="probable")
    assert _needs(services.patch_service_selector(guess))


def test_several_that_could_be_meant_are_for_a_person(shop: Shop) -> None:
    _service(shop, {"app": "serch", "app.kubernetes.io/part-of": "shop"})
    assert _needs(services.patch_service_selector(_case(shop, "service-selector-mismatch", **_FRONT)))
    named = services.patch_service_selector(_case(shop, "service-selector-mismatch", "app=cart", **_FRONT))
    assert after(named)["spec"]["selector"]["app"] == "cart"
    for wrong in ("app", "tier=x", "app=", "app=serch", "app=a b"):
        assert services.patch_service_selector(_case(shop, "service-selector-mismatch", wrong, **_FRONT)) is None


def test_the_only_port_that_the_pods_declare(shop: Shop) -> None:
    _service(shop, {"app": "search"}, "http-alt")
    for pod in shop.objects["Pod"]:
        pod["spec"]["containers"][0]["ports"] = [{"name": "web", "containerPort": 9200}]
    change = services.patch_service_target_port(_case(shop, "service-port-mismatch", **_FRONT))
    assert after(change)["spec"]["ports"][0] == {"name": "http", "port": 80, "targetPort": 9200}
    assert _tier(change) == "medium"
    named = services.patch_service_target_port(_case(shop, "service-port-mismatch", "web", **_FRONT))
    assert after(named)["spec"]["ports"][0]["targetPort"] == "web"
    for wrong in ("0", "70000", "A", "http-alt", "nope=80"):
        refused = services.patch_service_target_port(_case(shop, "service-port-mismatch", wrong, **_FRONT))
        assert refused is None or not refused.writes


def test_without_a_declared_port_a_person_is_asked(shop: Shop) -> None:
    _service(shop, {"app": "search"}, 81)
    for pod in shop.objects["Pod"]:
        pod["spec"]["containers"][0].pop("ports", None)
    assert _needs(services.patch_service_target_port(_case(shop, "service-port-mismatch", **_FRONT)))


# How much runs


@pytest.mark.parametrize(
    ("now", "wanted", "tier"), [(0, "2", "low"), (0, "3", "medium"), (3, "1", "low"), (0, "0", None), (2, "2", None)]
)
def test_scale_never_to_none(now: int, wanted: str, tier: str | None, shop: Shop) -> None:
    shop.get("Deployment", "search")["spec"]["replicas"] = now
    assert _needs(running.scale(_case(shop, "scaled-to-zero")))
    change = running.scale(_case(shop, "scaled-to-zero", wanted))
    assert (change is None) == (tier is None)
    if tier:
        assert after(change)["spec"]["replicas"] == int(wanted)
        assert _tier(change) == tier


@pytest.mark.parametrize("annotations", [None, {"a": "b"}])
def test_a_restart_is_done_once_for_a_finding(annotations: dict[str, str] | None, shop: Shop) -> None:
    metadata = shop.get("Deployment", "search")["spec"]["template"]["metadata"]
    if annotations:
        metadata["annotations"] = annotations
    assert running.restart(_case(shop, "dependency-unavailable")) is None  # its container ends and is started anew
    for pod in shop.objects["Pod"]:
        for status in pod["status"].get("containerStatuses", []):
            status["state"] = {"running": {}}
    case = _case(shop, "dependency-unavailable")
    restarted = after(running.restart(case))
    marks = {**(annotations or {}), "kubectl.kubernetes.io/restartedAt": case.finding.since}
    assert restarted["spec"]["template"]["metadata"]["annotations"] == marks
    assert _tier(running.restart(case)) == "medium"
    shop.objects["Deployment"] = [restarted]
    assert running.restart(_case(shop, "dependency-unavailable")) is None


def test_what_is_held_goes_on(shop: Shop) -> None:
    assert running.resume(_case(shop, "rollout-stuck")) is None
    shop.get("Deployment", "search")["spec"]["paused"] = True
    change = running.resume(_case(shop, "rollout-stuck"))
    assert "paused" not in after(change)["spec"]
    assert _tier(change) == "medium"
    shop.get("CronJob", "newsletter")["spec"]["suspend"] = True
    held = running.resume(_case(shop, "cronjob-not-running", workload=Ref("CronJob", "shop", "newsletter")))
    assert after(held)["spec"]["suspend"] is False
    assert _tier(held) == "medium"


# Pods, claims, nodes


def test_a_pod_that_never_ran_is_replaced(shop: Shop) -> None:
    pod = next(each for each in shop.objects["Pod"] if each["metadata"]["name"].startswith("search-"))
    assert pods.replace_pod(_case(shop, "container-create-failed")) is None
    pod["status"] = {
        "phase": "Pending",
        "containerStatuses": [{"state": {"waiting": {"reason": "CreateContainerError"}}}],
    }
    change = pods.replace_pod(_case(shop, "container-create-failed"))
    assert change is not None
    (write,) = change.writes
    assert isinstance(write, Deletion)
    assert (write.target.name, write.step().resource_version) == (pod["metadata"]["name"], None)
    assert _tier(change) == "trivial"


def _bare(shop: Shop) -> Ref:
    """A pod of the search as somebody could have made it by hand."""
    pod = next(each for each in shop.objects["Pod"] if each["metadata"]["name"].startswith("search-"))
    del pod["metadata"]["ownerReferences"]
    return Ref("Pod", "shop", pod["metadata"]["name"])


def test_a_bare_pod_is_made_again(shop: Shop) -> None:
    bare = _bare(shop)
    pod = shop.get("Pod", bare.name)
    change = images.set_image(_case(shop, "image-not-found", "nginx:1.25", workload=bare))
    assert change is not None
    gone, made = change.writes
    assert isinstance(gone, Deletion)
    assert isinstance(made, Creation)
    assert gone.manifest == manifest(pod)
    assert made.manifest["spec"]["containers"][0]["image"] == "nginx:1.25"
    assert gone.step().patch[0] == {"op": "test", "path": "/metadata/uid", "value": pod["metadata"]["uid"]}
    for json in (gone.manifest, made.manifest):
        assert json is not None
        assert "kube-api-access" not in str(json)
        assert not {"uid", "resourceVersion"} & set(json["metadata"])
        assert "nodeName" not in json["spec"]
    assert _tier(change) == "medium"
    assert patched(pod, gone.step().patch) == pod  # its tests hold


@pytest.mark.parametrize("field", ["hostNetwork", "serviceAccountName", "securityContext"])
def test_what_else_a_pod_made_again_would_be_is_critical(field: str, shop: Shop) -> None:
    change = images.set_image(_case(shop, "image-not-found", "nginx:1.25", workload=_bare(shop)))
    assert change is not None
    gone, made = change.writes
    assert isinstance(made, Creation)
    spec = {**copy.deepcopy(made.manifest["spec"]), field: "other"}
    other = Creation(made.target, {**made.manifest, "spec": spec})
    assert classify([gone.step(), other.step()], None)[0] == "critical"
    assert classify([made.step()], None)[0] == "critical"


def test_a_pod_with_a_secret_in_plain_is_for_a_person(shop: Shop) -> None:
    bare = _bare(shop)
    shop.get("Pod", bare.name)["spec"]["containers"][0]["env"] = [{"name": "DB_PASSWORD", "value": "hunter2-horse"}]
    assert images.set_image(_case(shop, "image-not-found", "nginx:1.25", workload=bare)) is None


def test_a_static_pod_is_its_nodes(shop: Shop) -> None:
    bare = _bare(shop)
    shop.get("Pod", bare.name)["metadata"]["ownerReferences"] = [{"kind": "Node", "name": "n", "controller": True}]
    assert images.set_image(_case(shop, "image-not-found", "nginx:1.25", workload=bare)) is None


def _claim(shop: Shop, phase: str = "Pending", **spec: t.Any) -> dict[str, t.Any]:
    claim = {
        "metadata": {"namespace": "shop", "name": "data", "uid": "c", "resourceVersion": "5"},
        "spec": {"storageClassName": "fsat", "accessModes": ["ReadWriteOnce"], **spec},
        "status": {"phase": phase},
    }
    shop.objects["PersistentVolumeClaim"] = [claim]
    shop.objects["StorageClass"] = [{"metadata": {"name": "fast"}}]
    return claim


_DATA: t.Final[dict[str, t.Any]] = {"subject": Ref("PersistentVolumeClaim", "shop", "data"), "container": None}


def test_an_unbound_claim_is_made_again(shop: Shop) -> None:
    _claim(shop)
    change = claims.recreate_claim(_case(shop, "volume-claim-unbound", **_DATA))
    assert change is not None
    gone, made = change.writes
    assert isinstance(made, Creation)
    assert made.manifest["spec"] == {"storageClassName": "fast", "accessModes": ["ReadWriteOnce"]}
    assert {"op": "test", "path": "/status/phase", "value": "Pending"} in gone.step().patch
    assert change.irreversible_because
    assert _tier(change) == "critical"
    assert claims.recreate_claim(_case(shop, "volume-claim-unbound", "slow", **_DATA)) is None


@pytest.mark.parametrize(
    ("phase", "spec"),
    [("Bound", {}), ("Lost", {}), ("Pending", {"volumeName": "pv"}), ("Pending", {"storageClassName": "fast"})],
)
def test_a_claim_that_may_hold_data_stays(phase: str, spec: dict[str, t.Any], shop: Shop) -> None:
    _claim(shop, phase, **spec)
    assert claims.recreate_claim(_case(shop, "volume-claim-unbound", "fast", **_DATA)) is None


def test_one_of_several_classes_is_a_persons(shop: Shop) -> None:
    _claim(shop)
    shop.objects["StorageClass"].append({"metadata": {"name": "slow"}})
    assert _needs(claims.recreate_claim(_case(shop, "volume-claim-unbound", **_DATA)))
    change = claims.recreate_claim(_case(shop, "volume-claim-unbound", "slow", **_DATA))
    assert change is not None
    assert "storage class slow instead of fsat" in change.summary


def test_a_node_that_is_only_cordoned(shop: Shop) -> None:
    (node,) = shop.objects["Node"]
    assert nodes.uncordon(_case(shop, "node-tainted-or-cordoned")) is None
    node["spec"] |= {
        "unschedulable": True,
        "taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}],
    }
    change = nodes.uncordon(_case(shop, "node-tainted-or-cordoned"))
    assert "unschedulable" not in after(change)["spec"]
    assert _tier(change) == "critical"
    node["spec"]["taints"].append({"key": "maintenance", "effect": "NoSchedule"})
    assert nodes.uncordon(_case(shop, "node-tainted-or-cordoned")) is None


# Traffic


def _closing(shop: Shop, **spec: t.Any) -> dict[str, t.Any]:
    policy = {
        "metadata": {"namespace": "shop", "name": "deny"},
        "spec": {"podSelector": {"matchLabels": {"app": "search"}}, **spec},
    }
    shop.objects["NetworkPolicy"] = [policy]
    return {"subject": Ref("NetworkPolicy", "shop", "deny")}


def test_traffic_is_allowed_beside_what_closes_it(shop: Shop) -> None:
    given = _closing(shop, policyTypes=["Egress"])
    assert _needs(traffic.allow_traffic(_case(shop, "network-policy-blocks", **given)))
    change = traffic.allow_traffic(_case(shop, "network-policy-blocks", "egress:5432:app=db,tier=x", **given))
    assert change is not None
    (made,) = change.writes
    assert isinstance(made, Creation)
    assert made.manifest["spec"] == {
        "podSelector": {"matchLabels": {"app": "search"}},
        "policyTypes": ["Egress"],
        "egress": [
            {
                "ports": [{"port": 5432, "protocol": "TCP"}],
                "to": [{"podSelector": {"matchLabels": {"app": "db", "tier": "x"}}}],
            }
        ],
    }
    assert _tier(change) == "critical"


@pytest.mark.parametrize(
    "rule",
    ["ingress:80:app=web", "egress:80", "egress:0:app=db", "egress:99999:app=db", "egress:80:", "egress:80:app", "all"],
)
def test_a_policy_that_would_close_or_open_more_is_not_made(rule: str, shop: Shop) -> None:
    """A policy for a way that nothing closes yet would close it; one without labels would open it to all."""
    given = _closing(shop, policyTypes=["Egress"])
    assert traffic.allow_traffic(_case(shop, "network-policy-blocks", rule, **given)) is None


# StatefulSets and DaemonSets


def _revisions(shop: Shop, kind: str, name: str) -> None:
    """A second revision with another image, as the controller keeps them."""
    owner = shop.get(kind, name)
    owners = [{"kind": kind, "name": name, "controller": True}]
    old: dict[str, t.Any] = {
        "metadata": {"namespace": "shop", "name": f"{name}-1", "ownerReferences": owners},
        "data": {"spec": {"template": {"$patch": "replace", **copy.deepcopy(owner["spec"]["template"])}}},
        "revision": 1,
    }
    new = copy.deepcopy(old)
    new["metadata"]["name"], new["revision"] = f"{name}-2", 2
    for json in (owner["spec"], new["data"]["spec"]):
        json["template"]["spec"]["containers"][0]["image"] = "nginx:nope"
    shop.objects["ControllerRevision"] = [old, new]


@pytest.mark.parametrize(("kind", "name"), [("StatefulSet", "orders-db"), ("DaemonSet", "log-collector")])
def test_back_to_the_revision_that_serves(kind: str, name: str, shop: Shop) -> None:
    former = copy.deepcopy(shop.get(kind, name)["spec"]["template"])
    _revisions(shop, kind, name)
    for pod in shop.objects["Pod"]:
        if pod["metadata"]["name"].startswith(name):
            pod["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
            pod["metadata"]["labels"]["controller-revision-hash"] = f"{name}-1" if kind == "StatefulSet" else "1"
    change = revisions.roll_back(_case(shop, "image-not-found", workload=Ref(kind, "shop", name)))
    assert after(change)["spec"]["template"] == former
    assert _tier(change) == "medium"


def test_pods_that_a_statefulset_would_wait_for_are_taken_away(shop: Shop) -> None:
    _revisions(shop, "StatefulSet", "orders-db")
    workload = Ref("StatefulSet", "shop", "orders-db")
    for pod in shop.objects["Pod"]:
        if pod["metadata"]["name"].startswith("orders-db"):
            pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    case = _case(shop, "image-not-found", "nginx:1.25", workload=workload, container=_first(shop, "orders-db"))
    change = images.set_image(case)
    assert change is not None
    assert [type(write) for write in change.writes] == [Edit, Deletion]
    assert _tier(change) == "medium"
    shop.get("StatefulSet", "orders-db")["spec"]["podManagementPolicy"] = "Parallel"
    parallel = images.set_image(dataclasses.replace(case, evidence=shop.evidence))
    assert parallel is not None
    assert [type(write) for write in parallel.writes] == [Edit]


def _first(shop: Shop, name: str) -> str:
    containers = shop.get("StatefulSet", name)["spec"]["template"]["spec"]["containers"]
    return str(containers[0]["name"])
