# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetworkPolicies and addresses, on variations of one recorded namespace: a client, a store, and a policy between them."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import judge
from ansible_collections.aiops.kubernetes.plugins.module_utils._causes._policies import Peer, forbids, forbids_port
from ansible_collections.aiops.kubernetes.plugins.module_utils._causes._reach import locate
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Evidence
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Pod
from ansible_collections.aiops.kubernetes.tests.unit.causes.recorded import recorded

EVIDENCE = recorded("network-policy-blocks--api")
PLACE = EVIDENCE.pods[0].ref.namespace
CLIENT, STORE = (next(p for p in EVIDENCE.pods if p.ref.name.startswith(name)) for name in ("api-", "store-"))
PORT = 6379


def with_policies(*specs: dict[str, Any]) -> Evidence:
    policies = [{"metadata": {"name": f"p{n}", "namespace": PLACE}, "spec": spec} for n, spec in enumerate(specs)]
    return dataclasses.replace(EVIDENCE, objects={**EVIDENCE.objects, "NetworkPolicy": policies})


def ingress(*rules: dict[str, Any], **selector: Any) -> dict[str, Any]:
    return {"podSelector": selector or {"matchLabels": {"app": "store"}}, "ingress": list(rules)}


def egress(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": {"app": "api"}}, "policyTypes": ["Egress"], "egress": list(rules)}


FROM_CLIENT = {"from": [{"podSelector": {"matchLabels": {"app": "api"}}}]}
FROM_HERE = {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": PLACE}}}]}
FROM_ELSEWHERE = {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "elsewhere"}}}]}
BOTH = {"from": [{**FROM_HERE["from"][0], "podSelector": {"matchLabels": {"app": "other"}}}]}
POLICIES: list[tuple[list[dict[str, Any]], bool]] = [
    ([], False),
    ([ingress()], True),
    ([ingress({})], False),
    ([ingress(FROM_CLIENT)], False),
    ([ingress(FROM_HERE)], False),
    ([ingress(FROM_ELSEWHERE)], True),
    ([ingress(BOTH)], True),
    ([ingress(BOTH), ingress(FROM_CLIENT)], False),
    ([ingress(matchLabels={"app": "somebody"})], False),
    ([ingress({"ports": [{"port": PORT}]})], False),
    ([ingress({"ports": [{"port": "db"}]})], False),
    ([ingress({"ports": [{"port": "web"}]})], True),
    ([ingress({"ports": [{"port": PORT, "protocol": "UDP"}]})], True),
    ([ingress({"ports": [{"port": 6000, "endPort": 6400}]})], False),
    ([ingress({"ports": [{"port": 6000, "endPort": 6300}]})], True),
    ([ingress({"ports": [{"protocol": "TCP"}]})], False),
    ([egress()], True),
    ([egress({})], False),
    ([egress({"to": [{"podSelector": {"matchLabels": {"app": "store"}}}]})], False),
    ([egress({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]})], False),
    ([egress({"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]})], True),
    ([egress({"to": [{"ipBlock": {"cidr": "junk"}}]})], False),
    ([{"podSelector": {}, "policyTypes": ["Ingress"]}], True),
    ([{"podSelector": {}, "policyTypes": ["Egress"]}], True),
    ([{"podSelector": {}, "egress": [{}]}], True),  # without types: Ingress, and Egress where it has rules
]


@pytest.mark.parametrize(("specs", "forbidden"), POLICIES)
def test_forbids(specs: list[dict[str, Any]], forbidden: bool) -> None:
    peer = Peer(STORE, STORE.json["status"]["podIP"])
    assert bool(forbids(with_policies(*specs), CLIENT, peer, PORT, "TCP")) is forbidden


def test_what_was_not_read_forbids_nothing() -> None:
    evidence = with_policies(ingress())
    objects = {kind: found for kind, found in evidence.objects.items() if kind != "NetworkPolicy"}
    unread = dataclasses.replace(evidence, objects=objects)
    assert forbids(unread, CLIENT, Peer(STORE, None), PORT, "TCP") is None
    labelled = {"from": [{"namespaceSelector": {"matchLabels": {"team": "shop"}}}]}
    nameless = dataclasses.replace(
        with_policies(ingress(labelled)), objects={**with_policies(ingress(labelled)).objects, "Namespace": []}
    )
    assert forbids(nameless, CLIENT, Peer(STORE, None), PORT, "TCP") is None


def test_a_pod_with_the_address_of_its_node_is_no_concern_of_policies() -> None:
    json = copy.deepcopy(dict(CLIENT.json))
    json["spec"]["hostNetwork"] = True
    assert forbids(with_policies(egress()), Pod(json), Peer(STORE, None), PORT, "TCP") is None
    assert forbids_port(with_policies(egress()), Pod(json), 53, ("UDP",)) is None


DNS: list[tuple[list[dict[str, Any]], bool]] = [
    ([], False),
    ([egress()], True),
    ([egress({"ports": [{"port": 443}]})], True),
    ([egress({"ports": [{"port": 53, "protocol": "UDP"}]})], False),
    ([egress({"ports": [{"port": 443}]}), egress({"ports": [{"port": 53, "protocol": "UDP"}]})], False),
    ([ingress(matchLabels={})], False),
]


@pytest.mark.parametrize(("specs", "forbidden"), DNS)
def test_forbids_a_port_of_anything(specs: list[dict[str, Any]], forbidden: bool) -> None:
    assert bool(forbids_port(with_policies(*specs), CLIENT, 53, ("UDP", "TCP"))) is forbidden


SERVICE = f"Service {PLACE}/store"
ADDRESSES = [
    ("store", "service", SERVICE),
    ("STORE.", "service", SERVICE),
    (f"store.{PLACE}", "service", SERVICE),
    (f"store.{PLACE}.svc", "service", SERVICE),
    (f"store.{PLACE}.svc.cluster.local", "service", SERVICE),
    (f"store-0.store.{PLACE}.svc.cluster.local", "service", SERVICE),
    ("store-0.store", "service", SERVICE),
    ("store.elsewhere.svc", "service", "Service elsewhere/store"),
    ("nothing", "service", f"Service {PLACE}/nothing"),
    ("nothing.svc.cluster.local", "service", f"Service {PLACE}/nothing"),
    ("nothing.cluster.local", "service", f"Service {PLACE}/nothing"),
    (f"db.{PLACE}.{PLACE}.svc.cluster.local", "service", f"Service {PLACE}/db"),
    (f"db.{PLACE}.cluster.local", "service", f"Service {PLACE}/db"),
    (f"db.{PLACE}.elsewhere.svc.cluster.local", "service", f"Service elsewhere/{PLACE}"),
    ("cluster.local", "outside", "None"),
    (EVIDENCE.objects["Service"][0]["spec"]["clusterIP"], "service", SERVICE),
    (STORE.json["status"]["podIP"], "pod", str(STORE.ref)),
    (CLIENT.json["status"]["podIP"], "self", "None"),
    ("localhost", "self", "None"),
    ("127.0.0.1", "self", "None"),
    ("203.0.113.7", "unknown", "None"),
    ("db.example.com", "outside", "None"),
    ("example.com", "outside", "None"),
]


@pytest.mark.parametrize(("host", "kind", "ref"), ADDRESSES)
def test_an_address_leads_somewhere(host: str, kind: str, ref: str) -> None:
    found = locate(EVIDENCE, CLIENT, host)
    assert (found.kind, str(found.ref)) == (kind, ref)


def test_an_endpoint_between_two_crashes_is_none() -> None:
    evidence = recorded("dependency-unavailable--front")
    slices = copy.deepcopy(list(evidence.objects["EndpointSlice"]))
    for endpoint in (endpoint for json in slices for endpoint in json["endpoints"] or ()):
        endpoint["conditions"]["ready"] = True
    ready = dataclasses.replace(evidence, objects={**evidence.objects, "EndpointSlice": slices})
    found = {finding.cause: finding for finding in judge.find(ready)}
    assert found["dependency-unavailable"].caused_by == found["application-error"].id
    assert "for moments only" in found["dependency-unavailable"].summary


def test_a_stateful_set_may_name_a_service_that_is_not_there() -> None:
    peers = {"metadata": {"namespace": PLACE, "name": "ledger"}, "spec": {"serviceName": "peers"}}
    named = dataclasses.replace(EVIDENCE, objects={**EVIDENCE.objects, "StatefulSet": [peers]})
    found = [locate(evidence, CLIENT, "ledger-1.peers") for evidence in (EVIDENCE, named)]
    assert [str(place.ref) for place in found] == ["None", f"Service {PLACE}/peers"]
