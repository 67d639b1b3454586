# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a cluster: pages, patience, gaps, and what is never asked for or kept.

The server stands in for API server answers that a healthy one doesn't give.
"""

from __future__ import annotations

import dataclasses
import json
import time
import typing as t

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible import running
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster import connection, live
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.connection import connect
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.live import LiveReader
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import (
    KINDS,
    Evidence,
    Log,
    LogRequest,
    Scope,
    Unreadable,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.diagnose import diagnose
from ansible_collections.aiops.kubernetes.tests.unit.reading.api_server import Answer, ApiServer, page, pod, refusal

TOKEN = "t0p-s3cret-t0ken"
PODS = "/api/v1/pods"
EVENTS = "/api/v1/events"


def _reader(server: ApiServer) -> LiveReader:
    return LiveReader(connect({"host": server.url, "api_key": TOKEN}))


def _names(evidence: Evidence) -> list[str]:
    return [each.ref.name for each in evidence.pods]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(t.cast("t.MutableMapping[str, float]", connection._TIMEOUT_SECONDS), "read", 0.2)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the reader wanted to wait, without the waiting."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def test_an_empty_cluster(server: ApiServer) -> None:
    evidence = _reader(server).read(Scope())
    assert evidence.objects == {kind: [] for kind in KINDS}
    assert evidence.unreadable == ()
    assert (evidence.cluster.server, evidence.cluster.uid, evidence.cluster.version) == (
        server.url,
        "5c3e0a6e",
        "v1.36.2",
    )


def test_nothing_but_get_and_no_secret(server: ApiServer) -> None:
    server.on("/api/v1/namespaces/shop/pods/cart-1/log", Answer(b"started"))
    reader = _reader(server)
    evidence = reader.read(Scope(("shop",)))
    reader.read_logs(evidence, [LogRequest("shop", "cart-1", "app", False)])
    assert {request.method for request in server.seen} == {"GET"}
    assert [request.path for request in server.seen if "secret" in request.path] == []
    assert {request.header("Authorization")[0] for request in server.seen} == {f"Bearer {TOKEN}"}
    paths = [request.path for request in server.seen]
    assert len(set(paths)) == len(paths)


def test_a_name_is_no_path(server: ApiServer) -> None:
    """``kube-system/secrets`` as the name of a namespace would list Secrets."""
    for name in ("kube-system/secrets", "..", "a?b", "a b", "", "UPPER", "a\n", "%2e", "-a", "a" * 64):
        with pytest.raises(AiopsError, match="name of a namespace"):
            running.scope({"namespaces": [name], "label_selector": None})
    assert running.scope({"namespaces": ["shop", "a-1", "shop"], "label_selector": ""}) == Scope(("a-1", "shop"), None)
    assert server.seen == []


def test_pages_are_followed(server: ApiServer) -> None:
    server.on(PODS, page(pod("a"), pod("b"), following="t1"), page(pod("c"), following="t2"), page(pod("d")))
    assert _names(_reader(server).read(Scope())) == ["a", "b", "c", "d"]
    asked = [request.query for request in server.asked(PODS)]
    assert [query.get("continue") for query in asked] == [None, "t1", "t2"]
    assert {query["limit"] for query in asked} == {"500"}


def test_requests_are_counted(server: ApiServer) -> None:
    server.on_kind("Pod", page(pod("a"), following="t1"), page(pod("b")), namespace="shop")
    server.on("/api/v1/namespaces/shop/pods/a/log", Answer(b"started"))
    reader = _reader(server)
    evidence = reader.read(Scope(("shop",)))
    assert evidence.stats.requests == len(server.seen) == len(KINDS) + 3  # the namespace alone, not their list
    evidence = reader.read_logs(evidence, [LogRequest("shop", name, "app", False) for name in "ab"])
    assert evidence.stats.requests == len(server.seen)
    assert evidence.stats.seconds > 0


@pytest.mark.usefixtures("pauses")
def test_requests_that_were_made_again_are_counted_too(server: ApiServer) -> None:
    server.on(EVENTS, refusal(429, "slow down"), page())
    assert _reader(server).read(Scope()).stats.requests == len(server.seen)


def test_namespaces_are_read_one_by_one(server: ApiServer) -> None:
    server.on("/api/v1/namespaces/pay", Answer(b"{}"))
    server.on_kind("Pod", page(pod("a")), namespace="shop")
    server.on_kind("Pod", page(pod("b", "pay")), namespace="pay")
    evidence = _reader(server).read(Scope(("pay", "shop")))
    assert sorted(_names(evidence)) == ["a", "b"]
    assert server.asked(PODS) == []
    assert len(server.asked("/api/v1/nodes")) == 1  # they have no namespace


def test_the_selector_goes_to_the_pods_only(server: ApiServer) -> None:
    _reader(server).read(Scope((), "app=cart"))
    assert [r.path for r in server.seen if "labelSelector" in r.query] == [PODS]
    assert server.asked(PODS)[0].query["labelSelector"] == "app=cart"


@pytest.mark.parametrize(
    ("header", "pause"), [("2", 2.0), ("3600", 5.0), ("", 1.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 1.0), ("-1", 1.0)]
)
def test_patience_when_asked_for(server: ApiServer, pauses: list[float], header: str, pause: float) -> None:
    answer = refusal(429, "slow down", Retry_After=header) if header else refusal(429, "slow down")
    server.on(PODS, answer, answer, page(pod("a")))
    evidence = _reader(server).read(Scope())
    assert (_names(evidence), evidence.unreadable) == (["a"], ())
    assert pauses == [pause, pause]


def test_patience_ends(server: ApiServer, pauses: list[float]) -> None:
    server.on(EVENTS, refusal(429, "slow down", Retry_After="1"))
    assert _reader(server).read(Scope()).unreadable == (Unreadable("events", None, 429, "slow down"),)
    assert len(pauses) == 3


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_one_kind_that_is_refused_is_a_gap(server: ApiServer, status: int) -> None:
    server.on(PODS, page(pod("a")))
    server.on(EVENTS, refusal(status, "events is forbidden"))
    evidence = _reader(server).read(Scope())
    assert _names(evidence) == ["a"]
    assert evidence.unreadable == (Unreadable("events", None, status, "events is forbidden"),)
    assert evidence.objects["Event"] == []


def test_a_gap_names_its_namespace(server: ApiServer) -> None:
    server.on_kind("Event", refusal(403, "no"), namespace="shop")
    assert _reader(server).read(Scope(("shop",))).unreadable == (Unreadable("events", "shop", 403, "no"),)


def test_a_gap_holds_no_secret(server: ApiServer) -> None:
    server.on(EVENTS, refusal(500, "etcd://root:hunter2@10.0.0.1 is down"))
    assert "hunter2" not in repr(_reader(server).read(Scope()).unreadable)


TOO_OLD = refusal(410, "The provided continue parameter is too old")


def _listed(evidence: Evidence, kind: str) -> list[str]:
    return [item["metadata"]["name"] for item in evidence.objects[kind]]


@pytest.mark.parametrize("kind", ["Pod", "Event"])
def test_a_list_that_grew_too_old_is_read_anew(server: ApiServer, kind: str) -> None:
    server.on(KINDS[kind], page(pod("a"), following="t1"), TOO_OLD, page(pod("b"), following="t2"), page(pod("c")))
    evidence = _reader(server).read(Scope())
    assert (_listed(evidence, kind), evidence.unreadable) == (["b", "c"], ())
    assert [request.query.get("continue") for request in server.asked(KINDS[kind])] == [None, "t1", None, "t2"]


@pytest.mark.parametrize("kind", ["Pod", "Event"])
@pytest.mark.parametrize(
    ("second", "kept"), [((), ["a"]), ((page(pod("b"), pod("c"), following="t2"),), ["b", "c"])], ids=["less", "more"]
)
def test_a_list_that_grows_too_old_again_keeps_what_was_read(
    server: ApiServer, kind: str, second: tuple[Answer, ...], kept: list[str]
) -> None:
    server.on(KINDS[kind], page(pod("a"), following="t1"), TOO_OLD, *second, TOO_OLD)
    evidence = _reader(server).read(Scope())
    assert _listed(evidence, kind) == kept
    [gap] = evidence.unreadable
    assert (gap.resource, gap.status) == (KINDS[kind].rpartition("/")[2], 410)
    assert len(server.asked(KINDS[kind])) == 3 + len(second)


def test_a_list_without_an_end_ends(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_PAGES", 3)
    server.on(EVENTS, page(pod("a"), following="again"))
    evidence = _reader(server).read(Scope())
    assert len(server.asked(EVENTS)) == 3
    assert evidence.unreadable == (Unreadable("events", None, None, "only the first 3 pages were read"),)


def test_a_server_that_lacks_newer_kinds(server: ApiServer) -> None:
    """Its API groups are not served at all: a gap each, and a diagnosis all the same."""
    lacking = ("EndpointSlice", "HorizontalPodAutoscaler", "RuntimeClass")
    for kind in lacking:
        server.on_kind(kind, Answer(b"404 page not found\n", 404))
    server.on(PODS, page(pod("a")))
    made = diagnose(_reader(server), Scope())
    resources = sorted(KINDS[kind].rpartition("/")[2] for kind in lacking)
    assert sorted(gap.resource for gap in made.unreadable) == resources
    assert {(gap.status, gap.message) for gap in made.unreadable} == {(404, "404 page not found")}
    assert made.counts.pods == 1


@pytest.mark.usefixtures("impatient")
def test_logs_that_do_not_come_end_soon(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead node had many pods."""
    monkeypatch.setattr(live, "_LOGS_SECONDS", 0.5)
    wanted = [LogRequest("shop", f"cart-{n}", "app", False) for n in range(60)]
    for request in wanted:
        server.on(f"/api/v1/namespaces/shop/pods/{request.pod}/log", Answer(seconds=5))
    reader = _reader(server)
    evidence = reader.read_logs(reader.read(Scope()), wanted)
    asked = [request for request in server.seen if request.path.endswith("/log")]
    assert 0 < len(asked) <= 20
    assert evidence.unreadable[-1].message == f"{60 - len(asked)} logs of failing containers left out"


@pytest.mark.parametrize(
    "body",
    [b"<html>log in</html>", b"", b"null", b"[]", b'{"login": "required"}', b'{"items": "x"}', b'{"items": [', b"\xff"],
)
def test_an_answer_that_is_no_list_is_a_gap(server: ApiServer, body: bytes) -> None:
    server.on(EVENTS, Answer(body))
    [gap] = _reader(server).read(Scope()).unreadable
    assert (gap.resource, gap.status) == ("events", None)
    server.on(PODS, Answer(body))
    with pytest.raises(AiopsError, match="Pods of any namespace can't be read"):
        _reader(server).read(Scope())


def test_without_any_pods_there_is_no_diagnosis(server: ApiServer) -> None:
    server.on(PODS, refusal(403, "pods is forbidden: User ada can't list"))
    with pytest.raises(AiopsError) as told:
        _reader(server).read(Scope())
    text = str(told.value)
    for words in ("Pods of any namespace", server.url, "403", "User ada can't list", "aiops_namespaces"):
        assert words in text


def test_pods_of_one_namespace_of_two(server: ApiServer) -> None:
    server.on("/api/v1/namespaces/pay", Answer(b"{}"))
    server.on_kind("Pod", page(pod("a")), namespace="shop")
    server.on_kind("Pod", refusal(403, "no"), namespace="pay")
    evidence = _reader(server).read(Scope(("pay", "shop")))
    assert (_names(evidence), evidence.unreadable) == (["a"], (Unreadable("pods", "pay", 403, "no"),))
    server.on_kind("Pod", refusal(403, "no"), namespace="shop")
    with pytest.raises(AiopsError, match="Pods of namespace pay, shop"):
        _reader(server).read(Scope(("pay", "shop")))


def test_a_namespace_that_is_missing(server: ApiServer) -> None:
    server.on("/api/v1/namespaces/shpo", refusal(404, "not found"))
    with pytest.raises(AiopsError, match=r"Namespace 'shpo' does not exist.*kubectl get namespaces"):
        _reader(server).read(Scope(("shop", "shpo")))


def test_a_namespace_that_may_not_be_looked_up_is_read_all_the_same(server: ApiServer) -> None:
    server.on("/api/v1/namespaces/shop", refusal(403, "no"))
    server.on("/api/v1/namespaces/kube-system", refusal(403, "no"))
    server.on("/version", refusal(403, "no"))
    server.on_kind("Pod", page(pod("a")), namespace="shop")
    evidence = _reader(server).read(Scope(("shop",)))
    assert _names(evidence) == ["a"]
    assert (evidence.cluster.uid, evidence.cluster.version) == (None, None)


@pytest.mark.parametrize("path", ["/version", PODS, EVENTS, "/api/v1/namespaces/kube-system"])
def test_credentials_that_are_not_accepted(server: ApiServer, path: str) -> None:
    server.on(path, refusal(401, f"Unauthorized {TOKEN}"))
    with pytest.raises(AiopsError, match="401") as told:
        _reader(server).read(Scope())
    assert TOKEN not in str(told.value)


def test_a_server_that_refuses_us_is_asked_once(server: ApiServer) -> None:
    for path in ("/version", "/api/v1/namespaces/kube-system", *KINDS.values()):
        server.on(path, refusal(401, "Unauthorized"))
    with pytest.raises(AiopsError):
        _reader(server).read(Scope())
    assert len(server.seen) == 1


@pytest.mark.usefixtures("impatient")
def test_one_list_that_does_not_come_is_a_gap(server: ApiServer) -> None:
    server.on(PODS, page(pod("a")))
    server.on(EVENTS, Answer(seconds=5))
    evidence = _reader(server).read(Scope())
    assert _names(evidence) == ["a"]
    [gap] = evidence.unreadable
    assert (gap.resource, gap.status) == ("events", None)
    assert "no answer" in gap.message


def test_a_list_that_is_cut_off_is_a_gap(server: ApiServer) -> None:
    """An API server ends its answer where it takes longer than a minute."""
    server.on(PODS, page(pod("a")))
    server.on(EVENTS, dataclasses.replace(page(pod("e")), missing=10))
    evidence = _reader(server).read(Scope())
    assert _names(evidence) == ["a"]
    assert evidence.unreadable == (Unreadable("events", None, None, "the answer was cut off"),)


def test_one_log_that_does_not_come_is_a_gap(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The API server waits for the kubelet of a dead node."""
    # long enough for the log that does come, on a machine that has much to do
    monkeypatch.setitem(t.cast("t.MutableMapping[str, float]", connection._TIMEOUT_SECONDS), "read", 2.0)
    server.on("/api/v1/namespaces/shop/pods/dead/log", Answer(seconds=5))
    server.on("/api/v1/namespaces/shop/pods/cart/log", Answer(b"started\n"))
    reader = _reader(server)
    wanted = [LogRequest("shop", name, "app", False) for name in ("dead", "cart")]
    evidence = reader.read_logs(reader.read(Scope()), wanted)
    assert evidence.logs == {wanted[1]: Log("started\n")}
    assert [gap.resource for gap in evidence.unreadable] == ["pods/log"]


@pytest.mark.usefixtures("impatient")
def test_silence_ends_soon(server: ApiServer) -> None:
    for path in ("/version", "/api/v1/namespaces/kube-system", *KINDS.values()):
        server.on(path, Answer(seconds=30))
    began = time.monotonic()
    with pytest.raises(AiopsError):
        _reader(server).read(Scope())
    assert time.monotonic() - began < 5


MANAGED = [
    {"manager": "kubectl", "fieldsV1": {"f:data": {".": {}, "f:LOG_LEVEL": {}, "f:app.conf": {}}}},
    {"manager": "other", "fieldsV1": {"f:binaryData": {"f:logo": {}}, "f:metadata": {"f:labels": {"f:x": {}}}}},
    {"manager": "odd", "fieldsV1": None},
]


def test_a_configmap_is_its_names_only(server: ApiServer) -> None:
    """Metadata alone is asked for; a server that sends the content all the same doesn't make us keep it."""
    config = pod(
        "settings", managedFields=MANAGED, annotations={"kubectl.kubernetes.io/last-applied-configuration": "hunter2"}
    )
    config |= {"data": {"LOG_LEVEL": "hunter2"}, "binaryData": {"logo": "hunter2"}}
    server.on_kind("ConfigMap", page(config))
    evidence = _reader(server).read(Scope())
    assert evidence.objects["ConfigMap"] == [
        {
            "metadata": {"name": "settings", "namespace": "shop", "annotations": {}},
            "keys": ["LOG_LEVEL", "app.conf", "logo"],
            "binaryKeys": ["logo"],
        }
    ]
    [request] = server.asked(KINDS["ConfigMap"])
    assert request.header("Accept")[0].startswith("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_second_copies_of_an_object_are_dropped(server: ApiServer, kind: str) -> None:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "hunter2", "note": "kept"}
    server.on_kind(kind, page(pod("x", managedFields=MANAGED, annotations=annotations)))
    [item] = _reader(server).read(Scope()).objects[kind]
    assert "managedFields" not in item["metadata"]
    assert item["metadata"]["annotations"] == {"note": "kept"}


@pytest.mark.parametrize("item", [{}, {"metadata": None}, {"metadata": {"annotations": None, "managedFields": "x"}}])
def test_broken_objects_are_read(server: ApiServer, item: dict[str, t.Any]) -> None:
    for kind in KINDS:
        server.on_kind(kind, page(item))
    assert _reader(server).read(Scope()).unreadable == ()


def test_a_log_within_its_budget(server: ApiServer) -> None:
    path = "/api/v1/namespaces/shop/pods/cart-1/log"
    server.on(path, Answer(b"2026-11-22T09:00:01.123456789Z connecting to postgres://app:hunter2@db \xff\n"))
    reader = _reader(server)
    wanted = LogRequest("shop", "cart-1", "app", True)
    logs = reader.read_logs(reader.read(Scope()), [wanted]).logs
    assert logs == {wanted: Log("connecting to postgres://app:<redacted>@db \ufffd\n")}
    assert dict(server.asked(path)[0].query) == {
        "container": "app",
        "previous": "true",
        "tailLines": "200",
        "limitBytes": "262144",
        "timestamps": "true",
    }


def test_the_last_words_are_kept_however_long_the_lines_are(server: ApiServer) -> None:
    path = "/api/v1/namespaces/shop/pods/cart-1/log"
    cut = b"x" * 262_144  # the server sends no more, and so leaves out the end
    server.on(path, Answer(cut), Answer(cut), Answer(b"y" * 40_000 + b"\n" + b"z" * 9_000 + b" token=hunter2\npanic\n"))
    wanted = LogRequest("shop", "cart-1", "app", False)
    reader = _reader(server)
    text = reader.read_logs(reader.read(Scope()), [wanted]).logs[wanted].text
    assert text == "z" * 9_000 + " token=<redacted>\npanic\n"
    assert [request.query["tailLines"] for request in server.asked(path)] == ["200", "10", "1"]


def test_a_log_without_lines_is_cut_at_a_word(server: ApiServer) -> None:
    path = "/api/v1/namespaces/shop/pods/cart-1/log"
    server.on(path, Answer(b"password=hunter2 " + b"a" * 16_370 + b" over"))
    wanted = LogRequest("shop", "cart-1", "app", False)
    reader = _reader(server)
    assert reader.read_logs(reader.read(Scope()), [wanted]).logs[wanted].text == "a" * 16_370 + " over"


@pytest.mark.parametrize("status", [400, 404])
def test_a_log_that_is_gone_is_no_gap(server: ApiServer, status: int) -> None:
    server.on("/api/v1/namespaces/shop/pods/cart-1/log", refusal(status, "previous terminated container not found"))
    reader = _reader(server)
    evidence = reader.read_logs(reader.read(Scope()), [LogRequest("shop", "cart-1", "app", True)])
    assert (evidence.logs, evidence.unreadable) == ({}, ())


@pytest.mark.parametrize("first", [refusal(400, "no such run"), Answer(b"")])
def test_the_log_of_the_other_run_when_the_container_ended_meanwhile(server: ApiServer, first: Answer) -> None:
    path = "/api/v1/namespaces/shop/pods/cart-1/log"
    server.on(path, first, Answer(b"panic"))
    reader = _reader(server)
    evidence = reader.read_logs(reader.read(Scope()), [LogRequest("shop", "cart-1", "app", False)])
    assert evidence.logs == {LogRequest("shop", "cart-1", "app", True): Log("panic")}
    assert [request.query["previous"] for request in server.asked(path)] == ["false", "true"]


def _crashed(ended: str) -> Answer:
    terminated = {"exitCode": 1, "reason": "Error", "finishedAt": ended}
    statuses = [{"name": "app", "state": {"terminated": terminated}, "restartCount": 3}]
    return page({**pod("cart-1"), "spec": {"containers": [{"name": "app"}]}, "status": {"containerStatuses": statuses}})


@pytest.mark.parametrize(
    ("first", "then", "read", "previous"),
    [
        ("2026-11-22T09:00:01.9Z panic", "2026-11-22T08:59:00Z older", "panic", ["false"]),
        ("2026-11-22T10:00:14.2+01:00 starting", "2026-11-22T09:00:01.9Z panic", "panic", ["false", "true"]),
        ("2026-11-22T09:00:14.2Z starting", "", "starting", ["false", "true"]),
    ],
    ids=["of the run that ended", "of the next run", "of the next run alone"],
)
def test_a_log_is_of_the_run_that_had_ended(
    first: str, then: str, read: str, previous: list[str], server: ApiServer
) -> None:
    """A container that has ended starts again, and has then said the first of its words only."""
    path = "/api/v1/namespaces/shop/pods/cart-1/log"
    server.on(PODS, _crashed("2026-11-22T09:00:01Z"))
    server.on(path, Answer(first.encode()), Answer(then.encode()))
    reader, wanted = _reader(server), LogRequest("shop", "cart-1", "app", False)
    assert reader.read_logs(reader.read(Scope()), [wanted]).logs == {wanted: Log(read)}
    assert [request.query["previous"] for request in server.asked(path)] == previous


@pytest.mark.parametrize(
    ("said", "at_once"),
    [
        ("01.952Z first|02.000Z second|02.001999999Z third", 3),
        ("01.900Z first|02.000Z second||02.001Z third", 2),
        ("01.000Z first|02.000Z second|09.000Z third", 1),
        ("02.001Z first|02.002Z|02.003Z ", 1),
        ("02.001Z", 1),
    ],
)
def test_lines_of_one_moment_are_counted(said: str, at_once: int, server: ApiServer) -> None:
    lines = "".join(f"2026-11-22T09:00:{line or '02.0Z'}\n" for line in said.split("|"))
    server.on("/api/v1/namespaces/shop/pods/cart-1/log", Answer(lines.encode()))
    reader, wanted = _reader(server), LogRequest("shop", "cart-1", "app", True)
    assert reader.read_logs(reader.read(Scope()), [wanted]).logs[wanted].at_once == at_once


@pytest.mark.parametrize(
    "words", [b"unable to retrieve container logs for containerd://1", b'failed to try resolving symlinks in path "/1"']
)
def test_the_kubelets_own_words_are_no_log(server: ApiServer, words: bytes) -> None:
    """The file may have gone because the container ended once more: asked again, the server knows the next one."""
    path = "/api/v1/namespaces/shop/pods/cart-1/log"
    server.on(path, Answer(words), Answer(b"2026-11-22T09:00:01Z panic"))
    reader, wanted = _reader(server), LogRequest("shop", "cart-1", "app", True)
    assert reader.read_logs(reader.read(Scope()), [wanted]).logs == {wanted: Log("panic")}
    server.on(path, Answer(words))
    assert reader.read_logs(reader.read(Scope()), [wanted]).logs == {}


def test_logs_are_capped_and_alike_gaps_are_one(server: ApiServer) -> None:
    wanted = [LogRequest("shop", f"cart-{n}", "app", False) for n in range(130)]
    for request in wanted:
        message = f'pods "{request.pod}" is forbidden: User "ada" cannot get resource "pods/log"'
        server.on(f"/api/v1/namespaces/shop/pods/{request.pod}/log", refusal(403, message))
    reader = _reader(server)
    evidence = reader.read_logs(reader.read(Scope()), wanted)
    assert len([r for r in server.seen if r.path.endswith("/log")]) == 100
    assert [(gap.namespace, gap.status) for gap in evidence.unreadable] == [("shop", 403), (None, None)]
    assert "cart-" not in evidence.unreadable[0].message
    assert evidence.unreadable[1].message.startswith("30 logs")


def test_the_body_may_be_large(server: ApiServer) -> None:
    items = [pod(f"p-{n}", labels={"x": "y" * 200}) for n in range(500)]
    server.on(PODS, Answer(json.dumps({"metadata": {}, "items": items}).encode()))
    assert len(_reader(server).read(Scope()).pods) == 500
