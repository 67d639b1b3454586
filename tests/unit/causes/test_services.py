# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that lead elsewhere than they should, and the names by which pods ask for them, on recorded evidence that is varied."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import judge
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Log
from ansible_collections.aiops.kubernetes.tests.unit.causes.recorded import objects_of, recorded


@pytest.mark.parametrize("name", ["cart-cache", "store"])
def test_a_service_is_meant_for_the_pods_of_its_name_or_for_those_that_have_none(name: str) -> None:
    evidence = recorded("service-selector-mismatch--portal")
    objects = objects_of(evidence)
    [portal], [entrance] = objects["Deployment"], objects["Service"]

    def called_so(kind: Mapping[str, Any], called: str, app: str) -> dict[str, Any]:
        made = copy.deepcopy(dict(kind))
        made["metadata"]["name"] = called
        made["spec"]["selector"] = {"matchLabels": {"app": app}} if "template" in made["spec"] else {"app": app}
        made["spec"].get("template", {"metadata": {}})["metadata"]["labels"] = {"app": app}
        return made

    objects |= {
        "Deployment": [called_so(portal, "a-cart", "cart-cash"), called_so(portal, "cart-cache", "cart-cache")],
        "Service": [called_so(entrance, name, "cartcache"), called_so(entrance, "a-cart", "cart-cash")],
    }
    found = [each for each in judge.find(dataclasses.replace(evidence, objects=objects)) if each.subject.name == name]
    assert [(each.cause, each.candidates[0].what) for each in found] == [
        ("service-selector-mismatch", "selector app=cart-cache")
    ]


@pytest.mark.parametrize(
    ("name", "number", "wrong"), [("grpc", 50, True), ("calls", 9090, True), ("calls", 50, False), ("", 50, False)]
)
def test_a_port_that_has_the_name_or_number_of_a_declared_one_is_meant_for_that(
    name: str, number: int, wrong: bool
) -> None:
    """Beside a port that leads rightly another one may lead to what nobody declared: only a namesake tells."""
    evidence = recorded("service-port-mismatch--quote")
    objects = objects_of(evidence)
    [service] = objects["Service"]
    service["spec"]["ports"] = [
        {"name": "http", "port": 80, "targetPort": 8000},
        {"name": name, "port": number, "targetPort": 9000},
    ]
    for slice_ in objects["EndpointSlice"]:
        slice_["ports"] = [{"name": "http", "port": 8000}, {"name": name, "port": 9000}]
    for json_ in (*objects["Pod"], *(each["spec"]["template"] for each in objects["Deployment"])):
        json_["spec"]["containers"][0]["ports"] = [{"containerPort": 8000}, {"name": "grpc", "containerPort": 9090}]
    found = judge.find(dataclasses.replace(evidence, objects=objects))
    mismatch = [each for each in found if each.cause == "service-port-mismatch"]
    assert bool(mismatch) is wrong
    assert all(f"sends port {number} to 9000" in each.summary for each in mismatch)


@pytest.mark.parametrize(
    ("host", "service", "subdomain", "why"),
    [
        ("prices", {"type": "ExternalName", "externalName": "old.example"}, "own", "stands for old.example"),
        ("own-0.prices", {}, "own", "gives its pods names in own, not in prices"),
        ("own-0.prices", {}, "", "gives its pods names in no Service, not in prices"),
        ("own-0.prices", {}, "prices", None),
        ("own-7.prices", {}, "own", None),
    ],
)
def test_a_service_that_is_there_does_not_give_every_name(
    host: str, service: dict[str, str], subdomain: str, why: str | None
) -> None:
    evidence = recorded("dns-resolution-failed--own")
    objects = objects_of(evidence)
    objects["Service"][0]["spec"] |= service
    for pod in objects["Pod"]:
        pod["spec"] |= {"dnsPolicy": "ClusterFirst", "subdomain": subdomain}
    logs = {request: Log(f"curl: (6) Could not resolve host: {host}\n") for request in evidence.logs}
    [finding] = judge.find(dataclasses.replace(evidence, objects=objects, logs=logs))
    assert (finding.cause, finding.confidence) == ("dns-resolution-failed", "confirmed" if why else "probable")
    assert (why or "the name is not found") in finding.summary


@pytest.mark.parametrize("written", [True, False])
def test_a_name_without_its_namespace_is_none(written: bool) -> None:
    """A tool tells such names, too, of a short name that it has tried with every end of the search list."""
    evidence = recorded("dns-resolution-failed--own")
    objects = objects_of(evidence)
    host = "prices.svc.cluster.local"
    for pod in objects["Pod"]:
        pod["spec"]["dnsPolicy"] = "ClusterFirst"
        pod["spec"]["containers"][0]["command"] = ["curl", f"http://{host if written else 'prices'}:8080"]
    logs = {request: Log(f"curl: (6) Could not resolve host: {host}\n") for request in evidence.logs}
    [finding] = judge.find(dataclasses.replace(evidence, objects=objects, logs=logs))
    assert (finding.cause, finding.confidence) == ("dns-resolution-failed", "confirmed" if written else "probable")
    assert [each.what.partition(".")[0] for each in finding.candidates] == ["prices"] * written


def test_a_probe_that_asks_its_own_container_in_vain_is_no_dependency() -> None:
    evidence = recorded("readiness-probe-failing--ledger")
    objects = objects_of(evidence)
    for event in objects["Event"]:
        if event["reason"] == "Unhealthy":
            event["message"] = "Readiness probe failed: redis-cli 127.0.0.1:6379: NOAUTH Authentication required."
    for pod in objects["Pod"]:
        pod["spec"]["containers"][0]["readinessProbe"] = {"exec": {"command": ["redis-cli", "-h", "127.0.0.1", "ping"]}}
    [finding] = judge.find(dataclasses.replace(evidence, objects=objects, logs={}))
    assert (finding.cause, "NOAUTH" in finding.summary) == ("readiness-probe-failing", True)
    for event in objects["Event"]:
        if event["reason"] == "Unhealthy":
            event["message"] = "Readiness probe failed: "
    [finding] = judge.find(dataclasses.replace(evidence, objects=objects, logs={}))
    assert finding.summary.endswith("its probe's command fails: redis-cli -h 127.0.0.1 ping")


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        ("start\nWARN could not start: [Errno 98] Address already in use, trying again\n" * 2, "port-in-use"),
        ("[Errno 98] Address already in use\nport is free now\nlistening on :8080\nGET /a\nGET /b\n", None),
    ],
)
def test_a_program_that_goes_on_trying_to_listen(log: str, cause: str | None) -> None:
    """What answers its probe is whoever has the port."""
    evidence = recorded("readiness-probe-misconfigured--web")
    logs = dict.fromkeys(judge.logs_wanted(evidence), Log(log))
    found = {finding.cause for finding in judge.find(dataclasses.replace(evidence, logs=logs))}
    assert found == {cause or "readiness-probe-misconfigured"}
