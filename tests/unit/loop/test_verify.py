# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Did it help?  What each look says, how long a verdict must hold, and what follows from it."""

from __future__ import annotations

import copy
import dataclasses
import json
import types
import typing as t

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.connection import Refused
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.gauge import LiveGauge
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import fields
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Evidence, LogRequest, Scope
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref, ref_of
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import Measures, Query
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import Record
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases import perform, verify
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.apply import apply
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.diagnose import diagnose
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.propose import Site, propose
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.verify import (
    due,
    first_gate,
    look_again,
    needs_a_person,
)
from ansible_collections.aiops.kubernetes.tests.unit.loop.conftest import Clock
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import ALICE, PHR, MemoryServer, QuickStore
from ansible_collections.aiops.kubernetes.tests.unit.records.awx_server import serving
from ansible_collections.aiops.kubernetes.tests.unit.remedies.shop import Shop, finding

SEARCH: t.Final = Ref("Deployment", "shop", "search")
FOUND: t.Final = finding("memory-limit-exceeded", "search")
ERRORS: t.Final = Measures("http://prometheus", (Query("errors", "errors{namespace='$namespace'}", "above", 0.2),))


@dataclasses.dataclass
class Watched:
    """The shop after its search was given more memory; ``see`` says how the search does at each look."""

    shop: Shop
    server: MemoryServer
    kept: QuickStore
    clock: Clock
    see: t.Callable[[Watched, int], None] = lambda _watched, _look: None
    looks: int = 0
    figure: float | None = 1.0
    told: list[str] = dataclasses.field(default_factory=list)
    measures: Measures | None = None

    def read(self, scope: Scope) -> Evidence:
        self.looks += 1
        self.see(self, self.looks)
        self.shop.objects["Deployment"] = [
            self.server.objects.get(ref_of(json, "Deployment"), json) for json in self.shop.objects["Deployment"]
        ]
        return dataclasses.replace(self.shop.read(scope), observed_at=self.clock.now)

    def read_logs(self, evidence: Evidence, requests: t.Sequence[LogRequest]) -> Evidence:
        return self.shop.read_logs(evidence, requests)

    def figures(self, workload: Ref, pods: t.Collection[str], measures: Measures | None) -> dict[str, float]:
        assert workload == SEARCH
        assert all(name.startswith("search-") for name in pods)
        return {} if measures is None or self.figure is None else {"errors": self.figure}

    def applied(self) -> Record:
        see, self.see = self.see, lambda _watched, _look: None
        site = Site(self, self.server, self.kept, ALICE, lambda _now: PHR, self, self.measures)
        propose(site, diagnose(self, Scope(("shop",))), [FOUND.id], {})
        record = self.kept.append(PHR, "asked", self.clock.now, ALICE, {})
        body = {"digest": record.plan_digest, "justification": "it is right"}
        self.kept.append(PHR, "approved", self.clock.now, ALICE, body)
        record = apply(self.kept, self.server, record.plan.cluster, PHR, ALICE)
        self.see, self.looks = see, 0
        return record

    def gate(self) -> Record:
        record = self.applied()
        return first_gate(self.kept, self.server, self, record, ALICE, self, self.told.append)

    def verdict(self) -> tuple[str | None, str]:
        record = self.gate()
        return record.verdict, record.state(self.clock.now)


@pytest.fixture
def watched(kept: QuickStore, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Waiting lets the clock pass, and takes no time; whatever else waits, as for git, waits in its own time."""
    shop = Shop()
    moment = [0.0]

    def sleep(seconds: float) -> None:
        moment[0] += seconds
        clock.passes(seconds)

    for module in (perform, verify):
        monkeypatch.setattr(module, "time", types.SimpleNamespace(sleep=sleep, monotonic=lambda: moment[0]))
    made = Watched(shop, MemoryServer(*(("Deployment", json) for json in shop.objects["Deployment"])), kept, clock)
    clock.now = shop.evidence.observed_at
    return made


def well(watched: Watched, _look: int = 0) -> None:
    """The controller has replaced the pods, and all are ready."""
    json = watched.server.objects[SEARCH]
    wanted = json["spec"]["replicas"]
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), wanted)
    json["status"] = {**counts, "observedGeneration": json["metadata"]["generation"]}
    for pod in _pods(watched):
        pod["metadata"]["creationTimestamp"] = watched.clock.now
        pod["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
        pod["status"]["containerStatuses"] = [
            {**status, "ready": True, "restartCount": 0, "state": {"running": {}}, "lastState": {}}
            for status in pod["status"]["containerStatuses"]
        ]


def going_on(watched: Watched, _look: int = 0) -> None:
    watched.server.objects[SEARCH]["status"] = {"observedGeneration": 0}
    watched.shop.objects["Pod"] = [pod for pod in watched.shop.objects["Pod"] if pod not in _pods(watched)]


def failing(watched: Watched, _look: int = 0) -> None:
    """The new pods end as the old ones did."""
    for pod in _pods(watched):
        pod["metadata"]["creationTimestamp"] = watched.clock.now


def _pods(watched: Watched) -> list[dict[str, t.Any]]:
    return [pod for pod in watched.shop.objects["Pod"] if pod["metadata"]["name"].startswith("search-")]


def test_better_after_it_has_held(watched: Watched) -> None:
    watched.see = well
    assert watched.verdict() == ("better", "applied")
    assert watched.kept.load(PHR).events[-1].body["offset_seconds"] == 60
    assert watched.told[0] == "all 1 pods ready, memory-limit-exceeded is gone; to hold for 1 min more"


def test_pods_beyond_the_replicas_are_not_waited_for(watched: Watched) -> None:
    """A rollout went on when the plan was made, and its crashing pod counted as ready between two crashes."""
    before = copy.deepcopy(watched.shop.objects["Pod"])
    for number in range(watched.server.objects[SEARCH]["spec"]["replicas"] + 1):
        pod = copy.deepcopy(_pods(watched)[0])
        pod["metadata"]["name"] = pod["metadata"]["uid"] = f"search-surge-{number}"
        pod["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
        watched.shop.objects["Pod"].append(pod)
    record = watched.applied()
    assert record.plan.baseline.ready > record.plan.baseline.desired
    watched.shop.objects["Pod"], watched.see = before, well
    assert first_gate(watched.kept, watched.server, watched, record, ALICE).verdict == "better"


def test_new_pods_that_fail_are_worse_at_the_second_look(watched: Watched) -> None:
    watched.see = failing
    assert watched.verdict() == ("worse", "rolled_back")
    assert watched.looks == 2
    assert watched.server.objects[SEARCH]["spec"] == Shop().get("Deployment", "search")["spec"]


def test_what_fails_again_within_the_minute_has_not_held(watched: Watched) -> None:
    broken = [dict(pod["status"]) for pod in _pods(watched)]

    def see(w: Watched, look: int) -> None:
        well(w)
        if look >= 20:
            for pod, status in zip(_pods(w), broken, strict=True):
                pod["status"] = copy.deepcopy(status)

    watched.see = see
    assert watched.verdict() == ("worse", "rolled_back")


def test_a_rollout_that_never_ends_is_inconclusive(watched: Watched) -> None:
    watched.see = going_on
    verdict, state = watched.verdict()
    assert (verdict, state) == ("inconclusive", "applied")
    assert "not decided within 600 s" in watched.kept.load(PHR).events[-1].body["reason"]
    assert any("waiting at most" in line for line in watched.told)
    assert 600 / 20 < len(watched.told) <= 600 / 15


def test_a_neighbour_that_breaks_is_worse(watched: Watched) -> None:
    """The cart's finding was there before and is not held against the change; the checkout's begins with it."""
    broken = watched.shop.objects["Pod"]
    watched.shop.objects["Pod"] = [pod for pod in broken if not pod["metadata"]["name"].startswith("checkout-")]

    def see(w: Watched, look: int) -> None:
        well(w)
        if look == 3:
            w.shop.objects["Pod"] = broken

    watched.see = see
    assert watched.verdict() == ("worse", "rolled_back")
    assert "since the change, beside it" in fields.get_str(watched.kept.load(PHR).last("verified").body, "reason")  # type: ignore[union-attr]  # it is there


@pytest.mark.parametrize(
    ("figure", "verdict"), [(1.0, "better"), (1.2, "better"), (0.0, "better"), (1.3, "worse"), (None, "inconclusive")]
)
def test_a_figure_is_compared_with_the_one_before(figure: float | None, verdict: str, watched: Watched) -> None:
    watched.measures = ERRORS
    record = watched.applied()
    assert dict(record.plan.baseline.figures) == {"errors": 1.0}
    watched.see, watched.figure = well, figure
    record = first_gate(watched.kept, watched.server, watched, record, ALICE, watched)
    assert record.verdict == verdict
    assert (record.state(watched.clock.now) == "rolled_back") == (verdict == "worse")


def test_a_cluster_that_can_not_be_read_is_inconclusive(watched: Watched) -> None:
    def see(_watched: Watched, _look: int) -> None:
        raise AiopsError("no answer")

    watched.see = see
    assert watched.verdict() == ("inconclusive", "applied")
    assert watched.server.writes == [f"patch {SEARCH}"]


def _later(watched: Watched, seconds: float) -> Record:
    watched.clock.passes(seconds)
    record = watched.kept.load(PHR)
    assert due(record, watched.clock.now)
    return look_again(watched.kept, watched.server, watched, record, ALICE, watched)


def test_the_looks_later(watched: Watched) -> None:
    watched.see = well
    watched.gate()
    assert not due(watched.kept.load(PHR), watched.clock.now)
    record = _later(watched, 250)
    assert record.events[-1].body["checkpoint"] == 300
    assert record.events[-1].body["offset_seconds"] == 310
    record = _later(watched, 7200)  # late: one look for both that were missed
    assert record.events[-1].body["checkpoint"] == 3600
    assert record.verdict == "better"


def test_worse_later_takes_it_back(watched: Watched) -> None:
    broken = [dict(pod["status"]) for pod in _pods(watched)]
    watched.see = well
    watched.gate()

    def see(w: Watched, _look: int) -> None:
        for pod, status in zip(_pods(w), broken, strict=True):
            pod["status"] = copy.deepcopy(status)

    watched.see = see
    assert _later(watched, 300).state(watched.clock.now) == "rolled_back"


def test_what_a_run_that_died_did_not_take_back_is_taken_back_late(watched: Watched) -> None:
    record = watched.applied()
    body = {"verdict": "worse", "checkpoint": 0, "reason": "it is worse"}
    watched.kept.append(PHR, "verified", watched.clock.now, ALICE, body, expect_head=record.head)
    record = _later(watched, 720)
    assert record.state(watched.clock.now) == "rolled_back"
    assert record.rollback_late(watched.clock.now) == 720 - 300


def test_two_looks_without_an_answer_ask_for_a_person(watched: Watched) -> None:
    watched.see = well
    watched.gate()

    def see(_watched: Watched, _look: int) -> None:
        raise AiopsError("no answer")

    watched.see = see
    assert not needs_a_person(_later(watched, 300))
    record = _later(watched, 600)
    assert needs_a_person(record)
    assert record.events[-1].type == "note"
    assert record.state(watched.clock.now) == "applied"


# Rows 33 and 36 to 38 of what a verdict must withstand


def test_row_33_what_another_puts_back_is_no_success(watched: Watched) -> None:
    """Argo CD puts its own state back after 5 s; that the pods are well then is not our doing."""
    before = Shop().get("Deployment", "search")["spec"]

    def see(w: Watched, look: int) -> None:
        well(w)
        if look == 3:
            json = w.server.objects[SEARCH]
            json["spec"] = copy.deepcopy(before)
            ours, theirs = (
                {"manager": manager, "time": moment, "fieldsV1": {"f:spec": {"f:template": {}}}}
                for manager, moment in (
                    ("aiops.kubernetes", "2026-11-22T09:15:03Z"),
                    ("argocd-controller", w.clock.now),
                )
            )
            status = {"manager": "kube-controller-manager", "time": "2099-01-01T00:00:00Z", "subresource": "status"}
            json["metadata"]["managedFields"] = [theirs, {**status, "fieldsV1": {"f:status": {}, "f:spec": {}}}, ours]

    watched.see = see
    assert watched.verdict() == ("same", "rolled_back")
    told = fields.get_str(watched.kept.load(PHR).last("verified").body, "reason")  # type: ignore[union-attr]  # it is there
    assert told.startswith(f"the change is gone again: argocd-controller put back what stood in {SEARCH} before")
    assert watched.server.writes == [f"patch {SEARCH}"], "what was put back already is not written again"


@dataclasses.dataclass
class Prometheus:
    """Stands in for one that answers a single query; the client, the wire and the JSON are real."""

    body: bytes
    status: int = 200
    address: str = ""

    def answer(self, _target: str, _authorization: str) -> tuple[int, bytes]:
        return self.status, self.body


def _single(value: object) -> bytes:
    return json.dumps({"status": "success", "data": {"result": [{"metric": {}, "value": [0, value]}]}}).encode()


class NoMetrics:
    """Stands in for the connection to a cluster that has no metrics API."""

    def get(self, _path: str) -> bytes:
        raise Refused(404, "the server could not find the requested resource")


_NO_FIGURE: t.Final[dict[str, tuple[int, bytes]]] = {
    "empty": (200, b'{"status": "success", "data": {"resultType": "vector", "result": []}}'),
    "no traffic, which is nought by nought": (200, _single("NaN")),
    "by nought": (200, _single("+Inf")),
    "500": (500, b"internal error"),
    "a page": (200, b"<html>login</html>"),
    "two series": (200, b'{"data": {"result": [{"value": [0, "1"]}, {"value": [0, "0"]}]}}'),
}


@pytest.mark.parametrize("case", _NO_FIGURE)
def test_row_36_without_a_figure_no_checkpoint_is_a_success(watched: Watched, case: str) -> None:
    with serving(Prometheus(_single("1.0"))) as prometheus:
        watched.measures = dataclasses.replace(ERRORS, url=prometheus.address)
        gauge = LiveGauge(t.cast("t.Any", NoMetrics()))
        watched.figures = gauge.figures  # type: ignore[method-assign]  # the real one, against a real server
        assert dict(watched.applied().plan.baseline.figures) == {"errors": 1.0}
        watched.see = well
        prometheus.status, prometheus.body = _NO_FIGURE[case]
        for seconds in (300, 600, 2700):
            record = _later(watched, seconds)
            assert (record.verdict, record.state(watched.clock.now)) == ("inconclusive", "applied")
    assert needs_a_person(watched.kept.load(PHR))


def test_row_36_a_target_that_is_gone_is_no_success(watched: Watched) -> None:
    watched.applied()

    def see(w: Watched, _look: int) -> None:
        w.server.objects.pop(SEARCH, None)
        w.shop.objects["Deployment"] = [
            each for each in w.shop.objects["Deployment"] if ref_of(each, "Deployment") != SEARCH
        ]

    watched.see = see
    for seconds in (300, 600, 2700):
        assert _later(watched, seconds).verdict == "inconclusive"


def test_row_37_late_twice_and_out_of_order(watched: Watched) -> None:
    watched.applied()
    watched.see = well
    record = _later(watched, 2700)  # the job of the fifth minute comes 40 minutes late
    looked = record.events[-1].body
    assert (looked["checkpoint"], looked["offset_seconds"]) == (900, 2700)
    assert not due(record, watched.clock.now)
    again = look_again(watched.kept, watched.server, watched, record, ALICE, watched)
    assert again.head == record.head, "the same job a second time"
    last = _later(watched, 1000)
    assert last.events[-1].body["checkpoint"] == 3600
    assert not due(last, watched.clock.now), "no look for the fifth minute after that for the sixtieth"
    with pytest.raises(
        AiopsError, match="has gone on meanwhile"
    ):  # a job that began before the others and comes to its end now
        watched.kept.append(PHR, "verified", watched.clock.now, ALICE, looked, expect_head=record.head)


def test_row_38_worse_and_then_better_is_one_rollback(watched: Watched) -> None:
    broken = [dict(pod["status"]) for pod in _pods(watched)]
    watched.applied()
    well(watched)

    def fails(w: Watched, _look: int) -> None:
        for pod, status in zip(_pods(w), broken, strict=True):
            pod["status"] = copy.deepcopy(status)

    watched.see = fails
    record = _later(watched, 300)
    assert (record.verdict, record.state(watched.clock.now)) == ("worse", "rolled_back")
    watched.see = well
    watched.clock.passes(600)
    assert not due(record, watched.clock.now)
    assert look_again(watched.kept, watched.server, watched, record, ALICE, watched).head == record.head
    assert watched.server.writes == [f"patch {SEARCH}"] * 2


def test_row_38_a_moment_of_worse_is_no_rollback(watched: Watched) -> None:
    broken = [dict(pod["status"]) for pod in _pods(watched)]
    watched.applied()

    def flaps(w: Watched, look: int) -> None:
        well(w)
        if look == 1:
            for pod, status in zip(_pods(w), broken, strict=True):
                pod["status"] = copy.deepcopy(status)

    watched.see = flaps
    record = _later(watched, 300)
    assert (record.verdict, record.state(watched.clock.now)) == ("better", "applied")
