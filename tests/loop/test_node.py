# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that somebody cordoned: while it is, nothing else on a cluster of one node may look for a place."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.tests.loop.case import Case
from ansible_collections.aiops.kubernetes.tests.loop.test_kinds import HELD_SECONDS, held
from ansible_collections.aiops.kubernetes.tests.loop.workloads import Json, deployment, rolled_out


def test_a_node_takes_pods_again(case: Case, let_others_begin: Callable[[], None]) -> None:
    """Uncordoned, taken back by a person before it has helped, and uncordoned again until all is well.

    That it does not help at all is not waited for: the node would be cordoned while other tests need it.
    """
    cordon(case, True)
    try:
        case.apply(deployment())
        case.wait_for("node-tainted-or-cordoned")
        before = spec(case)
        record = case.plan()
        assert (record.plan.action, record.plan.tier) == ("uncordon", "critical")
        assert record.plan.irreversible_because is None
        record = case.apply_plan(case.approve(record))
        assert "unschedulable" not in spec(case)
        assert case.take_back(record).state(moments.now()) == "rolled_back"
        case.wait(lambda: spec(case) == before, "the node as it was")
        case.apply(deployment(replicas=2))  # the first pod may have been quicker, and stays
        case.wait_for("node-tainted-or-cordoned")
        record = case.apply_plan(case.approved())
        case.wait(lambda: rolled_out(case.live()), "the pods on the node")
    finally:
        cordon(case, False)
        let_others_begin()
    record = case.watch(record)
    assert (record.verdict, record.state(moments.now())) == ("better", "applied"), record.events[-1].body
    assert [held(pod) >= HELD_SECONDS for pod in case.pods()] == [True, True]
    assert case.errors() == []


def cordon(case: Case, unschedulable: bool) -> None:
    """As somebody else; the node's controller adds and takes away the taint that goes with it."""
    case.merge("Node", case.node()["metadata"]["name"], {"spec": {"unschedulable": unschedulable}})
    case.wait(lambda: bool(spec(case).get("taints")) == unschedulable, "the taint")


def spec(case: Case) -> Json:
    """Without the moment at which a taint was added."""
    found: Json = case.node()["spec"]
    taints = [
        {name: value for name, value in taint.items() if name != "timeAdded"} for taint in found.get("taints", [])
    ]
    return {**found, "taints": taints}
