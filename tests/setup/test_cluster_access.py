# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The identities on the real API: every verb of every resource of the cluster is tried with each."""

from __future__ import annotations

import base64
import itertools
import json
import time
import typing as t
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.connection import Connection, Refused, connect
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.identity import kubeconfig_of
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.access import Right, rights
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.tests.setup.playing import Own, play

ROLE = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "roles/cluster_access/vars/main.yml").read_text(encoding="utf-8")
)
READS = ROLE["cluster_access_reads"]
READER = rights(
    [
        rule | {"verbs": rule["verbs"] if isinstance(rule["verbs"], list) else READS}
        for rule in ROLE["cluster_access_reader_rules"]
    ]
)
WRITER = rights(ROLE["cluster_access_writer_rules"])
NODES = rights(ROLE["cluster_access_node_rules"])
# What the API server lets everybody ask about themselves.
EVERYBODY = {
    Right("create", "authorization.k8s.io", "selfsubjectaccessreviews"),
    Right("create", "authorization.k8s.io", "selfsubjectrulesreviews"),
    Right("create", "authentication.k8s.io", "selfsubjectreviews"),
}
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
METHODS = {"create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE", "deletecollection": "DELETE"}
# What discovery does not name: these hold for objects of these resources, or for none.
VIRTUAL = (
    *(Right("impersonate", "", name) for name in ("users", "groups", "serviceaccounts")),
    *(Right(verb, "rbac.authorization.k8s.io", "clusterroles") for verb in ("bind", "escalate")),
    Right("approve", "certificates.k8s.io", "signers"),
    Right("use", "policy", "podsecuritypolicies"),
)


# What the server serves beside resources, and does not name either.
PATHS = ("/metrics", "/logs/", "/configz", "/debug/pprof/", "/metrics/slis")
POD = {"containers": [{"name": "a", "image": "busybox:1.36"}]}
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": POD}
WORKLOAD = {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}
# Objects of the kinds that the planner may try to change; none of them runs anything.
SPECS: dict[str, dict[str, t.Any]] = {
    "deployments": {**WORKLOAD, "replicas": 0},
    "statefulsets": {**WORKLOAD, "replicas": 0, "serviceName": "a"},
    "daemonsets": {**WORKLOAD, "template": {**TEMPLATE, "spec": {**POD, "nodeSelector": {"no": "node"}}}},
    "cronjobs": {
        "schedule": "0 0 1 1 *",
        "suspend": True,
        "jobTemplate": {"spec": {"template": {"spec": {**POD, "restartPolicy": "Never"}}}},
    },
    "services": {"ports": [{"port": 80}]},
    "pods": {**POD, "nodeSelector": {"no": "node"}},
    "persistentvolumeclaims": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    "networkpolicies": {"podSelector": {"matchLabels": {"nobody": "has"}}},
}


class Resource(t.NamedTuple):
    base: str
    group: str
    name: str
    namespaced: bool


Login = t.Callable[[str], Connection]


@pytest.fixture(scope="module")
def admin(kubeconfig: Path) -> Connection:
    return connect({"kubeconfig": str(kubeconfig)})


@pytest.fixture(scope="module")
def login(kubeconfig: Path, place: str, admin: Connection) -> Iterator[Login]:
    """All identities, the writing ones in the namespace ``default`` only; removed afterwards."""
    variables = {
        "aiops_kubeconfig": str(kubeconfig),
        "aiops_setup": ["cluster_access"],
        "cluster_access_namespace": place,
        "cluster_access_identities": ["reader", "planner", "executor"],
        "cluster_access_namespaces": ["default"],
    }
    try:
        assert play(variables).status == 0
        yield lambda name: connect({"kubeconfig": kubeconfig_of(admin, place, name, 600)[0]})
    finally:
        assert play(variables | {"aiops_setup_state": "absent"}).status == 0
    with pytest.raises(Refused, match="not found"):
        admin.get(f"/api/v1/namespaces/{place}")


@pytest.fixture(scope="module")
def resources(admin: Connection) -> list[Resource]:
    """Every resource and subresource that the server names; rights do not tell versions apart."""
    found: dict[tuple[str, str], Resource] = {}
    groups = json.loads(admin.get("/apis"))["groups"]
    bases = ["/api/v1", *(f"/apis/{version['groupVersion']}" for group in groups for version in group["versions"])]
    for base in bases:
        group = "" if base == "/api/v1" else base.split("/")[2]
        for each in json.loads(admin.get(base))["resources"]:
            found.setdefault((group, each["name"]), Resource(base, group, each["name"], each["namespaced"]))
    assert len(found) > 100
    return list(found.values())


@pytest.mark.parametrize(
    ("identity", "there", "elsewhere"),
    [("reader", READER, READER), ("planner", READER | WRITER, READER), ("executor", READER | WRITER, READER)],
)
def test_each_identity_can_do_what_the_role_says_and_nothing_more(
    login: Login,
    resources: list[Resource],
    identity: str,
    there: frozenset[Right],
    elsewhere: frozenset[Right],
) -> None:
    connection = login(identity)
    for namespace, wanted in (("default", there), ("kube-system", elsewhere)):
        allowed = {
            Right(verb, resource.group, resource.name)
            for resource, verb in itertools.product(resources, VERBS)
            if not ("/" in resource.name and verb in ("list", "watch", "deletecollection"))  # there is no such request
            and _let_in(connection, resource, verb, namespace)
        }
        known = {Right("", resource.group, resource.name) for resource in resources}
        served = {right for right in wanted if Right("", right.group, right.resource) in known}
        assert allowed == served | EVERYBODY
        assert [right for right in VIRTUAL if _may(connection, right, namespace)] == []
    assert [path for path in PATHS if _answers(connection, path)] == []


def test_the_planner_can_try_and_the_executor_can_write(login: Login, admin: Connection) -> None:
    path = "/api/v1/namespaces/default/pods"
    pod = {"metadata": {"generateName": "it-access-"}, "spec": {"containers": [{"name": "a", "image": "busybox:1.36"}]}}
    body, headers = json.dumps(pod).encode(), {"Content-Type": "application/json"}
    tried = json.loads(login("planner").send("POST", path, {"dryRun": "All"}, headers, body))
    assert tried["metadata"]["name"].startswith("it-access-")
    with pytest.raises(Refused, match="may only try changes") as refused:
        login("planner").send("POST", path, None, headers, body)
    assert refused.value.status == 403
    made = json.loads(login("executor").send("POST", path, None, headers, body))
    with pytest.raises(Refused, match="may only try changes"):
        login("planner").send("DELETE", f"{path}/{made['metadata']['name']}")
    patch = [{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}]
    service = "/api/v1/namespaces/default/services/kubernetes"
    json_patch = {"Content-Type": "application/json-patch+json"}
    with pytest.raises(Refused, match="may only try changes"):
        login("planner").send("PATCH", service, None, json_patch, json.dumps(patch).encode())
    login("executor").send("DELETE", f"{path}/{made['metadata']['name']}", {"gracePeriodSeconds": "0"})
    left = json.loads(admin.get(path))["items"]
    assert [each for each in left if each["metadata"]["name"] == tried["metadata"]["name"]] == []


@pytest.mark.parametrize("right", sorted(WRITER), ids=lambda right: f"{right.verb} {right.resource}")
def test_the_planner_changes_nothing(login: Login, admin: Connection, resources: list[Resource], right: Right) -> None:
    """Each of its rights, on an object that is there, with no dry run and with one."""
    [kind] = [each for each in resources if (each.group, each.name) == (right.group, right.resource)]
    path, name = f"{kind.base}/namespaces/default/{kind.name}", f"it-{uuid.uuid4().hex[:6]}"
    made = _send(admin, "POST", path, {"metadata": {"name": name}, "spec": SPECS[kind.name]})
    try:
        new = {"metadata": {"name": f"{name}-new"}, "spec": SPECS[kind.name]}
        body = {"create": new, "delete": None, "patch": {"metadata": {"labels": {"planner": "was-here"}}}}[right.verb]
        where = path if right.verb == "create" else f"{path}/{name}"
        # a parameter that the server does not read as one, and the same asked for in the body, are no way around
        for query in (None, {"dryRun": ""}, {"dryrun": "All"}, {"dryRun": "None"}):
            with pytest.raises(Refused, match=r"may only try changes|dryRun") as refused:
                _send(login("planner"), METHODS[right.verb], where, body, query)
            assert refused.value.status in (400, 403, 422)
        _send(login("planner"), METHODS[right.verb], where, body, {"dryRun": "All"})
        there = json.loads(admin.get(f"{path}/{name}"))
        assert there["metadata"]["uid"] == made["metadata"]["uid"]
        assert "planner" not in there["metadata"].get("labels", {})
        assert "deletionTimestamp" not in there["metadata"]
        with pytest.raises(Refused, match="not found"):
            admin.get(f"{path}/{name}-new")
    finally:
        _send(admin, "DELETE", f"{path}/{name}", None, {"gracePeriodSeconds": "0"})


def test_a_token_that_ended_is_told_and_the_next_run_makes_another(own: Own) -> None:
    variables = {"aiops_kubeconfig": str(own.kubeconfig), "aiops_setup": ["cluster_access"]}
    assert play(variables).status == 0
    kubeconfig = kubeconfig_of(connect({"kubeconfig": str(own.kubeconfig)}), "aiops", "reader", 600)[0]
    user = kubeconfig["users"][0]["user"]
    key = (own.state / "pki/service-account.key").read_bytes()
    given = user["token"]
    user["token"] = _ending(given, 600, key)
    assert connect({"kubeconfig": kubeconfig}).get("/api/v1/namespaces/default/pods")
    user["token"] = _ending(given, -60, key)
    with pytest.raises(AiopsError, match=r"did not accept the credentials .* expired\. Log in again"):
        connect({"kubeconfig": kubeconfig}).get("/api/v1/namespaces/default/pods")
    again = play(variables)
    assert (again.status, again.changed) == (0, 0)
    assert "verified: each can do what it must" in again.text
    assert play({**variables, "aiops_setup_state": "absent"}).status == 0


def _ending(token: str, seconds: int, pem: bytes) -> str:
    """The same token that ends in so many seconds, signed by the cluster's own key: the server gives none below ten minutes."""
    head, middle, _signature = token.split(".")
    now = int(time.time())
    claims = json.loads(base64.urlsafe_b64decode(middle + "=="))
    claims |= {"iat": now - 700, "nbf": now - 700, "exp": now + seconds}
    signed = f"{head}.{_base64(json.dumps(claims).encode())}"
    key = serialization.load_pem_private_key(pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    pair = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{_base64(b''.join(number.to_bytes(32, 'big') for number in pair))}"


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _send(
    connection: Connection, method: str, path: str, body: dict[str, t.Any] | None, query: dict[str, str] | None = None
) -> dict[str, t.Any]:
    content = "application/merge-patch+json" if method == "PATCH" else "application/json"
    data = None if body is None else json.dumps(body).encode()
    return t.cast("dict[str, t.Any]", json.loads(connection.send(method, path, query, {"Content-Type": content}, data)))


def _answers(connection: Connection, path: str) -> bool:
    try:
        connection.get(path)
    except Refused as exc:
        return exc.status != 403
    return True


def _let_in(connection: Connection, resource: Resource, verb: str, namespace: str) -> bool:
    """Whether authorization lets the request through; what comes of it afterwards is another matter.  Writes are dry runs."""
    main, _slash, sub = resource.name.partition("/")
    path = f"{resource.base}/namespaces/{namespace}" if resource.namespaced else resource.base
    path += f"/{main}"
    if sub or verb in ("get", "update", "patch", "delete"):
        path += "/it-is-not-there" + (f"/{sub}" if sub else "")
    query = {"dryRun": "All"} if verb in METHODS else {}
    if verb == "deletecollection":
        query["labelSelector"] = "it=matches-nothing"
    if verb in ("list", "watch"):
        # a version that is none is refused only after the right was looked at, and no watch has to be waited for
        query |= {"limit": "1"} if verb == "list" else {"watch": "true", "resourceVersion": "none"}
    headers = {"Content-Type": "application/json-patch+json" if verb == "patch" else "application/json"}
    body = b"[]" if verb == "patch" else b"{}"
    try:
        connection.send(METHODS.get(verb, "GET"), path, query, headers, body if verb in METHODS else None)
    except Refused as exc:
        return exc.status != 403
    return True


def _may(connection: Connection, right: Right, namespace: str) -> bool:
    asked = {"verb": right.verb, "group": right.group, "resource": right.resource, "namespace": namespace}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    body = json.dumps({**review, "spec": {"resourceAttributes": asked}}).encode()
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    answer = json.loads(connection.send("POST", path, None, {"Content-Type": "application/json"}, body))
    return bool(answer["status"]["allowed"])
