# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of a real Prometheus: what can be measured, and what they make of a change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.connection import connect
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.gauge import LiveGauge
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import Measures, Query
from ansible_collections.aiops.kubernetes.tests.loop.case import Case
from ansible_collections.aiops.kubernetes.tests.loop.prometheus import Prometheus, prometheus
from ansible_collections.aiops.kubernetes.tests.loop.trials import NOWHERE
from ansible_collections.aiops.kubernetes.tests.loop.workloads import IMAGE, NAME, Json, deployment

UP: Final = 'up{namespace="$namespace",name="$name"}'
# Each look asks a question more.
QUESTIONS: Final = 'sum(prometheus_http_requests_total{handler="/api/v1/query",namespace="$namespace",name="$name"})'


FIGURES: Final = {
    UP: 1.0,
    "vector(0.25)": 0.25,
    "-1": None,  # a scalar is no series
    'up{namespace="nowhere"}': None,
    '{job="itself"}': None,  # many
    "vector(NaN)": None,
    "vector(1/0)": None,
    "up{": None,
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Prometheus]:
    (tmp_path / "prometheus").mkdir()
    with prometheus(tmp_path / "prometheus") as made:
        yield made


def test_a_figure_is_one_number_or_none(kubeconfig: Path, tmp_path: Path) -> None:
    gauge, workload = LiveGauge(connect({"kubeconfig": str(kubeconfig)})), Ref("Deployment", "shop", NAME)

    def figures() -> dict[str, float]:
        return gauge.figures(workload, (), Measures(own.url, tuple(Query(q, q, "above", 0.0) for q in FIGURES)))

    with prometheus(tmp_path) as own:
        own.watch(workload.namespace, workload.name)
        assert figures() == {query: figure for query, figure in FIGURES.items() if figure is not None}
    assert figures() == {}  # nobody answers any more


@pytest.mark.parametrize(
    ("query", "worse", "verdict", "state", "status"),
    [(UP, "below", "better", "applied", 0), (QUESTIONS, "above", "worse", "rolled_back", 2)],
)
def test_a_figure_decides_with(
    query: str, worse: str, verdict: str, state: str, status: int, case: Case, server: Prometheus
) -> None:
    """The pods are well after both changes; what was measured of them is not."""
    server.watch(case.namespace, NAME)
    case.apply(deployment(image=NOWHERE))
    case.wait_for("image-not-found")
    before = case.spec()
    measured = {"url": server.url, "queries": [{"name": "it", "query": query, "worse": worse, "tolerance": 0}]}
    ran = case.play("diagnose", propose=True, candidate=IMAGE, prometheus=measured)
    assert ran.status == 0, ran.output
    figures = case.record().plan.baseline.figures
    assert figures["it"] > 0
    case.approve(case.record())
    ran = case.play("remediate", phr=case.record().id)
    assert ran.status == status, ran.output
    verified = case.record().last("verified")
    assert verified is not None
    assert (case.record().verdict, case.state()) == (verdict, state), verified.body
    metrics: Json = verified.body["metrics"]
    after = metrics["figures"]["it"]
    if verdict == "worse":
        assert after > figures["it"]
        assert verified.body["reason"] == f"it went from {figures['it']:g} to {after:g}"
        assert case.spec() == before
    else:
        assert after == figures["it"]
    assert case.errors() == []
