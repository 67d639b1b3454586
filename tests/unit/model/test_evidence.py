# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence: who owns what, what was read as a whole, which event speaks of whom."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model import fields
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import (
    KINDS,
    Cluster,
    Evidence,
    Log,
    LogRequest,
    Scope,
    Unreadable,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Pod, Ref


def _evidence(objects: t.Mapping[str, t.Sequence[fields.Json]], **read: t.Any) -> Evidence:
    read.setdefault("scope", Scope())
    return Evidence("2026-11-22T09:15:02Z", Cluster(None, None, None, None), objects=objects, **read)


def _object(
    name: str, owner: tuple[str, str] | None = None, *, controls: bool = True, **metadata: t.Any
) -> dict[str, t.Any]:
    owners = [{"kind": owner[0], "name": owner[1], "controller": controls}] if owner else []
    return {"metadata": {"namespace": "shop", "name": name, "ownerReferences": owners, **metadata}}


def _top(evidence: Evidence) -> str:
    return str(evidence.workload(evidence.pods[0]))


def test_the_workload_is_the_top_owner() -> None:
    deployment = {
        "Pod": [_object("cart-1-a", ("ReplicaSet", "cart-1"))],
        "ReplicaSet": [_object("cart-1", ("Deployment", "cart"))],
        "Deployment": [_object("cart")],
    }
    assert _top(_evidence(deployment)) == "Deployment shop/cart"
    nightly = {
        "Pod": [_object("n-1-a", ("Job", "n-1"))],
        "Job": [_object("n-1", ("CronJob", "n"))],
        "CronJob": [_object("n")],
    }
    assert _top(_evidence(nightly)) == "CronJob shop/n"


def test_an_owner_that_was_not_read_is_named_all_the_same() -> None:
    assert _top(_evidence({"Pod": [_object("db-0", ("StatefulSet", "db"))]})) == "StatefulSet shop/db"
    assert _top(_evidence({"Pod": [_object("x-0", ("Rollout", "x"))]})) == "Rollout shop/x"


def test_a_pod_that_nobody_controls_is_its_own_workload() -> None:
    assert _top(_evidence({"Pod": [_object("debug")]})) == "Pod shop/debug"
    assert _top(_evidence({"Pod": [_object("debug", ("Deployment", "x"), controls=False)]})) == "Pod shop/debug"


def test_static_pods_of_a_node_are_workloads_of_their_own() -> None:
    """The kubelet makes their Node the controller of their mirror pods."""
    evidence = _evidence({"Pod": [_object("etcd-n1", ("Node", "n1")), _object("apiserver-n1", ("Node", "n1"))]})
    assert [str(evidence.workload(pod)) for pod in evidence.pods] == ["Pod shop/etcd-n1", "Pod shop/apiserver-n1"]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_forged_circle_of_owners_ends(length: int) -> None:
    circle = [_object(f"r{n}", ("ReplicaSet", f"r{(n + 1) % length}")) for n in range(length)]
    evidence = _evidence({"Pod": [_object("p", ("ReplicaSet", "r0"))], "ReplicaSet": circle})
    assert evidence.workload(evidence.pods[0]).kind == "ReplicaSet"


def test_the_pods_of_a_workload() -> None:
    pods = [
        _object("cart-1-a", ("ReplicaSet", "cart-1")),
        _object("cart-2-a", ("ReplicaSet", "cart-2")),
        _object("debug"),
    ]
    sets = [_object("cart-1", ("Deployment", "cart")), _object("cart-2", ("Deployment", "cart"))]
    evidence = _evidence({"Pod": pods, "ReplicaSet": sets})
    assert [pod.ref.name for pod in evidence.pods_of(Ref("Deployment", "shop", "cart"))] == ["cart-1-a", "cart-2-a"]
    assert evidence.pods_of(Ref("Deployment", "other", "cart")) == []


def test_what_is_listed_whole() -> None:
    whole = _evidence({"ConfigMap": []})
    assert whole.lists("ConfigMap", "shop")
    assert not whole.lists("Node", "")  # was not read at all
    assert not whole.lists("Secret", "shop")


def test_outside_the_scope_nothing_is_known() -> None:
    evidence = _evidence({"ConfigMap": [], "Node": []}, scope=Scope(("shop",)))
    assert evidence.lists("ConfigMap", "shop")
    assert not evidence.lists("ConfigMap", "other")
    assert evidence.lists("Node", "")


def test_a_gap_is_no_whole_list() -> None:
    here = Unreadable("configmaps", "shop", 403, "forbidden")
    evidence = _evidence({kind: [] for kind in KINDS}, unreadable=(here,))
    assert not evidence.lists("ConfigMap", "shop")
    assert evidence.lists("ConfigMap", "other")
    assert evidence.lists("ServiceAccount", "shop")
    everywhere = _evidence({"ConfigMap": []}, unreadable=(Unreadable("configmaps", None, 410, "too old"),))
    assert not everywhere.lists("ConfigMap", "shop")


def test_a_kind_that_we_never_read_is_not_listed() -> None:
    """Somebody may have written it into a snapshot."""
    assert not _evidence({"Secret": []}).lists("Secret", "shop")


def _event(uid: str, last: str, path: str = "") -> fields.Json:
    return {"involvedObject": {"uid": uid, "fieldPath": path}, "lastTimestamp": last, "message": last[11:16]}


def test_events_belong_to_a_uid_newest_first() -> None:
    events = [
        _event("u1", "2026-11-22T09:01:00Z"),
        _event("u2", "2026-11-22T09:04:00Z"),
        _event("u1", "2026-11-22T09:03:00Z", "spec.containers{app}"),
        _event("u1", "2026-11-22T09:02:00Z", "spec.initContainers{prepare}"),
        _event("", "2026-11-22T09:05:00Z"),
    ]
    evidence = _evidence({"Event": events})
    assert [event.message for event in evidence.events("u1")] == ["09:03", "09:02", "09:01"]
    assert [event.message for event in evidence.events("u1", "app")] == ["09:03"]
    assert [event.message for event in evidence.events("u1", "prepare")] == ["09:02"]
    assert evidence.events("u3") == []
    assert evidence.events("") == []


def test_when_an_event_happened() -> None:
    def event(**given: t.Any) -> fields.Json:
        return {"involvedObject": {"uid": "u"}, "metadata": {"creationTimestamp": "2026-11-22T09:00:00Z"}, **given}

    events = [
        event(message="made"),
        event(message="once", eventTime="2026-11-22T09:01:00.000000Z"),
        event(message="last", lastTimestamp="2026-11-22T09:02:00Z", firstTimestamp="2026-11-22T08:00:00Z", count=7),
        event(
            message="series",
            eventTime="2026-11-22T08:01:00Z",
            series={"lastObservedTime": "2026-11-22T09:03:00Z", "count": 9},
        ),
    ]
    found = _evidence({"Event": events}).events("u")
    assert [(e.message, e.last, e.count) for e in found] == [
        ("series", "2026-11-22T09:03:00Z", 9),
        ("last", "2026-11-22T09:02:00Z", 7),
        ("once", "2026-11-22T09:01:00Z", 1),
        ("made", "2026-11-22T09:00:00Z", 1),
    ]
    assert [e.first for e in found] == ["2026-11-22T08:01:00Z", "2026-11-22T08:00:00Z", "2026-11-22T09:01:00Z", None]


CART = Ref("Deployment", "shop", "cart")


def _revision(name: str, number: str | None, owner: str = "cart") -> fields.Json:
    annotations = {} if number is None else {"deployment.kubernetes.io/revision": number}
    return _object(name, ("Deployment", owner), annotations=annotations)


def test_revisions_newest_first() -> None:
    sets = [_revision("c-9", "9"), _revision("c-10", "10"), _revision("c-x", None), _revision("p-11", "11", "pay")]
    evidence = _evidence({"ReplicaSet": sets})
    assert [(r.number, r.ref.name) for r in evidence.revisions(CART)] == [(10, "c-10"), (9, "c-9"), (0, "c-x")]
    assert evidence.revisions(Ref("StatefulSet", "shop", "cart")) == []


@pytest.mark.parametrize("number", ["", "-1", "two", "²", "9" * 5000])
def test_an_annotation_that_is_no_revision(number: str) -> None:
    evidence = _evidence({"ReplicaSet": [_revision("c-1", number)]})
    assert [revision.ref.name for revision in evidence.revisions(CART)] == ["c-1"]


def test_the_logs_of_two_runs() -> None:
    pod = Pod(_object("cart-1-a"))
    both = _evidence({}, logs={LogRequest("shop", "cart-1-a", "app", True): Log("before")})
    assert both.log(pod, "app", previous=True) == Log("before")
    assert both.log(pod, "app", previous=False) == Log()
    assert both.log(pod, "other", previous=True) == Log()


def test_objects_by_name_and_namespace() -> None:
    config = _object("settings")
    evidence = _evidence({"ConfigMap": [config], "Node": [{"metadata": {"name": "n1"}}]})
    assert evidence.get(Ref("ConfigMap", "shop", "settings")) is config
    assert evidence.get(Ref("ConfigMap", "other", "settings")) is None
    assert evidence.named("ConfigMap", "shop") == {"settings": config}
    assert list(evidence.named("Node", "")) == ["n1"]


@pytest.mark.parametrize(
    "broken", [{}, {"metadata": None}, {"metadata": {"ownerReferences": [None, "x", {"controller": True}]}}]
)
def test_a_broken_object_is_no_crash(broken: fields.Json) -> None:
    evidence = _evidence({kind: [broken] for kind in KINDS})
    assert len(evidence.pods) == 1
    assert str(evidence.workload(evidence.pods[0]))
    assert evidence.events("u") == []
    assert evidence.revisions(CART) == []
