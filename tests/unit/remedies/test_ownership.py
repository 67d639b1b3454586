# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else writes what a change would write, on the recorded shop with one mark put in."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.edits import Edit
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies._change import Change
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies.ownership import (
    breaks_budget,
    kept_by,
    selects,
    warning,
)
from ansible_collections.aiops.kubernetes.tests.unit.remedies.shop import Shop

_KEDA: t.Final = [{"kind": "ScaledObject", "name": "k", "controller": True}]
SEARCH: t.Final = Ref("Deployment", "shop", "search")


def _change(shop: Shop, action: str = "set_image", path: str = "/spec/template/spec/containers/0/image") -> Change:
    return Change(action, "", "", (Edit(SEARCH, shop.get("Deployment", "search"), {path: "x"}),))


def _who(shop: Shop, *action: str) -> str | None:
    change = _change(shop, *action)
    steps = [write.step() for write in change.writes]
    return kept_by(change.action, steps, shop.evidence, lambda _target: None)


def test_nobody_else(shop: Shop) -> None:
    assert _who(shop) is None


@pytest.mark.parametrize(
    ("field", "marks", "told"),
    [
        (
            "annotations",
            {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/search"},
            "Argo CD application shop",
        ),
        ("labels", {"argocd.argoproj.io/instance": "shop"}, "Argo CD application shop"),
        ("labels", {"kustomize.toolkit.fluxcd.io/name": "apps"}, "Flux Kustomization apps"),
        ("labels", {"helm.toolkit.fluxcd.io/name": "apps"}, "Flux HelmRelease apps"),
        ("ownerReferences", [{"kind": "Shop", "name": "one", "controller": True}], "belongs to Shop one"),
        ("managedFields", [{"manager": "argocd-controller"}], "Argo CD"),
    ],
)
def test_who_keeps_the_object_is_where_to_change_it(field: str, marks: t.Any, told: str, shop: Shop) -> None:
    metadata = shop.get("Deployment", "search")["metadata"]
    metadata[field] = {**metadata.get(field, {}), **marks} if isinstance(marks, dict) else marks
    assert told in str(_who(shop))
    if field != "ownerReferences":
        assert _who(shop, "restart") is None  # no manifest holds it, so nobody takes it away


def test_helm_is_two_marks(shop: Shop) -> None:
    metadata = shop.get("Deployment", "search")["metadata"]
    metadata["labels"] = {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "shop"}
    assert _who(shop) is None
    metadata.setdefault("annotations", {})["meta.helm.sh/release-name"] = "shop"
    assert "Helm release shop" in str(_who(shop))


@pytest.mark.parametrize("status", ["deployed", "pending-upgrade", "failed"])
def test_row_39_a_helm_release_is_changed_by_helm_in_whatever_state_it_is(status: str, shop: Shop) -> None:
    """Its state stands in a Secret, which is never asked for: what Helm keeps is left alone in all of them, and told where to go."""
    metadata = shop.get("Deployment", "search")["metadata"]
    metadata["labels"] = {"app.kubernetes.io/managed-by": "Helm"}
    metadata["annotations"] = {"meta.helm.sh/release-name": "shop"}
    release = {"metadata": {"namespace": "shop", "name": "sh.helm.release.v1.shop.v2", "labels": {"status": status}}}
    shop.objects["Secret"] = [release]
    assert _who(shop) == (
        "Deployment shop/search is kept by Helm release shop, and a live change would be undone: make it there"
    )


@pytest.mark.parametrize(
    ("owner", "told"),
    [
        ([], "HorizontalPodAutoscaler shop/s"),
        ([{"kind": "ScaledObject", "name": "k", "controller": True}], "ScaledObject shop/k"),
    ],
)
def test_an_autoscaler_or_what_owns_it_counts_the_replicas(owner: list[t.Any], told: str, shop: Shop) -> None:
    target = {"kind": "Deployment", "name": "search"}
    scaler = {
        "metadata": {"namespace": "shop", "name": "s", "ownerReferences": owner},
        "spec": {"scaleTargetRef": target},
    }
    shop.objects["HorizontalPodAutoscaler"] = [scaler]
    assert _who(shop, "scale", "/spec/replicas") == (
        f"{told} counts the replicas of Deployment shop/search: change its bounds instead"
    )
    assert _who(shop) is None
    target["name"] = "other"
    assert _who(shop, "scale", "/spec/replicas") is None


def test_a_vertical_autoscaler_sets_the_resources(shop: Shop) -> None:
    pod = next(each for each in shop.objects["Pod"] if each["metadata"]["name"].startswith("search-"))
    pod["metadata"].setdefault("annotations", {})["vpaUpdates"] = "Pod resources updated by search"
    assert "VerticalPodAutoscaler" in str(_who(shop, "set_resources"))
    assert _who(shop, "set_image") is None


def test_a_later_apply_is_warned_of(shop: Shop) -> None:
    json = {"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}}
    assert "the next apply of its manifest undoes this" in warning(_change(shop), lambda _target: json)
    assert warning(_change(shop, "restart"), lambda _target: json) == ""
    assert warning(_change(shop), lambda _target: None) == ""


@pytest.mark.parametrize(
    ("strategy", "allowed", "app", "kept"),
    [
        ("Recreate", 0, "search", True),
        ("Recreate", 1, "search", False),
        ("Recreate", 0, "cart", False),
        ("RollingUpdate", 0, "search", False),
    ],
)
def test_a_budget_stands_before_the_last_ready_pods(
    strategy: str, allowed: int, app: str, kept: bool, shop: Shop
) -> None:
    shop.get("Deployment", "search")["spec"]["strategy"] = {"type": strategy}
    for pod in shop.objects["Pod"]:
        pod["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    budget = {
        "metadata": {"namespace": "shop", "name": "b"},
        "spec": {"selector": {"matchLabels": {"app": app}}},
        "status": {"disruptionsAllowed": allowed},
    }
    shop.objects["PodDisruptionBudget"] = [budget]
    assert (breaks_budget(_change(shop), shop.evidence) is not None) == kept


@pytest.mark.parametrize(
    ("expression", "taken"),
    [
        ({"operator": "In", "values": ["a", "b"]}, True),
        ({"operator": "In", "values": ["b"]}, False),
        ({"operator": "NotIn", "values": ["b"]}, True),
        ({"operator": "NotIn", "values": ["a"]}, False),
        ({"operator": "Exists"}, True),
        ({"operator": "DoesNotExist"}, False),
    ],
)
def test_a_selector(expression: dict[str, t.Any], taken: bool) -> None:
    assert selects({"matchExpressions": [{"key": "app", **expression}]}, {"app": "a"}) == taken
    assert selects({}, {"app": "a"})
    assert not selects({"matchLabels": {"app": "b"}}, {"app": "a"})
