# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's policy may tighten; whatever is unknown in it, of a wrong type or looser is refused, with the place."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import plan_from_bytes
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.policy import KNOWN, classify
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.rules import (
    BUILT_IN,
    RULES,
    SCHEMA,
    TIERS,
    AtLeast,
    Policy,
    Tier,
    tightened,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.apply import apply
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.risk import needed
from ansible_collections.aiops.kubernetes.tests.unit.loop.conftest import Clock
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import (
    ALICE,
    CART,
    CLUSTER,
    IMAGE,
    PHR,
    MemoryServer,
    QuickStore,
    image_step,
    plan,
)


def _site(**content: t.Any) -> Policy:
    return tightened(BUILT_IN, {"schema": SCHEMA, **content}, "policy.yml")


def _tier(tier: str, **fields: t.Any) -> Policy:
    return _site(tiers={tier: fields})


def test_an_empty_file_changes_nothing() -> None:
    assert _site() == BUILT_IN


def test_everything_can_be_tightened() -> None:
    policy = tightened(
        _tier(
            "medium",
            roles=["operator", "security"], proof="signature", window_minutes="15", use_by_minutes="5",
            rollback_within_minutes="2", automatic_rollback="false", justification="true", separation_of_duties="true",
            checkpoints_minutes=["5", "15", "60", "240"],
        ),
        {
            "schema": SCHEMA,
            "at_least": [{"tier": "critical", "namespaces": ["pay-*"]}, {"tier": "medium", "kinds": ["Pod"]}],
            "cumulative": {"small_changes": "1", "within_minutes": "120"},
        },
        "other.yml",
    )  # fmt: skip
    assert policy.rules["medium"] == dataclasses.replace(
        RULES["medium"],
        roles=("operator", "security"), proof="signature", window=900, use_by=300, rollback_within=120,
        automatic_rollback=False, separation_of_duties=True, checkpoints=(300, 900, 3600, 14400),
    )  # fmt: skip
    assert policy.rules["low"] == RULES["low"]
    assert policy.at_least == (AtLeast("critical", (), ("pay-*",)), AtLeast("medium", ("Pod",)))
    assert (policy.small_changes, policy.within) == (1, 7200)


_LOOSER: t.Final[list[tuple[str, dict[str, t.Any], str]]] = [
    ("medium", {"roles": []}, "roles"),
    ("critical", {"roles": ["operator", "operator"]}, "roles"),
    ("critical", {"roles": ["security"]}, "roles"),
    ("medium", {"proof": "claimed"}, "proof"),
    ("critical", {"proof": "terminal"}, "proof"),
    ("medium", {"window_minutes": "31"}, "window"),
    ("trivial", {"window_minutes": "1"}, "window"),
    ("low", {"use_by_minutes": "6"}, "use_by"),
    ("medium", {"rollback_within_minutes": "6"}, "rollback_within"),
    ("critical", {"rollback_within_minutes": "5"}, "rollback_within"),
    ("critical", {"automatic_rollback": "true"}, "automatic_rollback"),
    ("medium", {"justification": "false"}, "justification"),
    ("medium", {"checkpoints_minutes": ["5"]}, "checkpoints"),
    ("medium", {"checkpoints_minutes": []}, "checkpoints"),
]


@pytest.mark.parametrize(("tier", "fields", "what"), _LOOSER)
def test_nothing_can_be_loosened(tier: str, fields: dict[str, t.Any], what: str) -> None:
    with pytest.raises(AiopsError, match=rf"policy.yml: tiers.{tier}: {what} asks for less") as raised:
        _tier(tier, **fields)
    assert "may only tighten" in str(raised.value)


def test_what_the_first_file_tightened_may_stay_so() -> None:
    first = _tier("medium", separation_of_duties="true")
    second = tightened(first, {"schema": SCHEMA, "tiers": {"medium": {"window_minutes": "10"}}}, "x")
    assert (second.rules["medium"].separation_of_duties, second.rules["medium"].window) == (True, 600)


def test_a_second_file_can_not_take_back_what_the_first_tightened() -> None:
    first = _tier("medium", window_minutes="10", separation_of_duties="true")
    for fields in ({"window_minutes": "20"}, {"separation_of_duties": "false"}):
        with pytest.raises(AiopsError, match="may only tighten"):
            tightened(first, {"schema": SCHEMA, "tiers": {"medium": fields}}, "x")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "expected a mapping"),
        ([], "expected a mapping"),
        ("x", "expected a mapping"),
        ({}, "its schema is missing"),
        ({"schema": "aiops.kubernetes/policy/2"}, "expected aiops.kubernetes/policy/1"),
        ({"schema": SCHEMA, "tier": {}}, "tier is not known here"),
        ({"schema": SCHEMA, "tiers": {"harmless": {}}}, "harmless is not known here"),
        ({"schema": SCHEMA, "tiers": {"medium": []}}, "tiers.medium: expected a mapping"),
        ({"schema": SCHEMA, "tiers": {"medium": {"windows": "5"}}}, "windows is not known here"),
        ({"schema": SCHEMA, "tiers": {"medium": {"window_minutes": "5.0"}}}, "is no whole number"),
        ({"schema": SCHEMA, "tiers": {"medium": {"window_minutes": "-5"}}}, "is no whole number"),
        ({"schema": SCHEMA, "tiers": {"medium": {"window_minutes": "1:30"}}}, "is no whole number"),
        ({"schema": SCHEMA, "tiers": {"medium": {"window_minutes": "٣"}}}, "is no whole number"),
        ({"schema": SCHEMA, "tiers": {"medium": {"window_minutes": ["5"]}}}, "is no whole number"),
        ({"schema": SCHEMA, "tiers": {"medium": {"window_minutes": "1152921504606846976"}}}, "is no whole number"),
        ({"schema": SCHEMA, "tiers": {"medium": {"justification": "yes"}}}, "is none of true, false"),
        ({"schema": SCHEMA, "tiers": {"medium": {"proof": "sworn"}}}, "is none of claimed"),
        ({"schema": SCHEMA, "tiers": {"medium": {"roles": "operator"}}}, "expected a list"),
        ({"schema": SCHEMA, "tiers": {"medium": {"roles": [["operator"]]}}}, "expected a list of words"),
        ({"schema": SCHEMA, "at_least": {"tier": "low"}}, "expected a list"),
        ({"schema": SCHEMA, "at_least": [{"kinds": ["Pod"]}]}, "None is none of trivial"),
        ({"schema": SCHEMA, "at_least": [{"tier": "low", "kind": "Pod"}]}, "kind is not known here"),
        ({"schema": SCHEMA, "cumulative": {"small_changes": "3"}}, "asks for less"),
        ({"schema": SCHEMA, "cumulative": {"within_minutes": "59"}}, "asks for less"),
    ],
)  # fmt: skip
def test_what_is_no_policy_is_refused(content: t.Any, words: str) -> None:
    with pytest.raises(AiopsError, match=words):
        tightened(BUILT_IN, content, "policy.yml")


@pytest.mark.parametrize(
    ("row", "tier"),
    [
        (AtLeast("critical"), "critical"),
        (AtLeast("critical", ("Deployment",)), "critical"),
        (AtLeast("critical", (), ("sh?p",)), "critical"),
        (AtLeast("critical", ("Deployment",), ("pay",)), "medium"),
        (AtLeast("critical", ("Pod",)), "medium"),
        (AtLeast("trivial"), "medium"),
        (AtLeast("low", (), ("*",)), "medium"),
    ],
)
def test_a_site_raises_and_never_lowers(row: AtLeast, tier: str) -> None:
    found, reasons = classify([image_step()], None, Policy(at_least=(row,)))
    assert (found, len(reasons)) == (tier, 1)


_FLOOR: t.Final = (
    "Secret", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "NetworkPolicy", "Namespace",
    "ResourceQuota", "LimitRange", "Node", "PersistentVolume", "StorageClass", "PriorityClass",
)  # fmt: skip


@pytest.mark.parametrize("kind", _FLOOR)
def test_the_floor_holds_whatever_a_row_says(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tuple(dataclasses.replace(row, kinds=frozenset({kind}), paths=".*") for row in KNOWN)
    monkeypatch.setattr("ansible_collections.aiops.kubernetes.plugins.module_utils._model.policy.KNOWN", rows)
    step = dataclasses.replace(image_step(), target=Ref(kind, "shop", "x"))
    assert classify([step], None)[0] == "critical"
    assert classify([dataclasses.replace(step, verb="delete")], None)[0] == "critical"


# Several small changes


@given(st.lists(st.sampled_from(TIERS)), st.sampled_from(TIERS))
def test_many_small_changes_are_no_small_one(earlier: list[Tier], tier: Tier) -> None:
    small = sum(each != "trivial" for each in earlier)
    assert BUILT_IN.climbed(tier, earlier) == ("medium" if tier == "low" and small >= 2 else tier)


def _changed(kept: QuickStore, number: int, at: str, *kinds: str) -> None:
    made = plan(image_step(image=f"shop/cart:{number}"), phr=f"PHR-20261122-0915{number:02d}-00000{number}", tier="low")
    kept.create(made, at, ALICE)
    for kind in kinds:
        kept.append(made.phr, kind, at, ALICE, {})


@pytest.mark.parametrize(
    ("kinds", "minutes", "counts"),
    [
        (("claimed", "applying", "applied"), 0, True),
        (("claimed", "applying", "applied"), 60, True),
        (("claimed", "applying", "applied"), 61, False),
        (("claimed", "applying"), 1, True),
        (("claimed", "applying", "not_applied"), 1, False),
        (("claimed", "not_applied"), 1, False),
        (("rejected",), 1, False),
        ((), 1, False),
    ],
)
def test_what_counts_as_just_before(
    kept: QuickStore,
    clock: Clock,
    kinds: tuple[str, ...],
    minutes: float,
    counts: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.risk.classify", lambda *_: ("low", ("x",))
    )
    _changed(kept, 1, clock.now, "claimed", "applying", "applied")
    _changed(kept, 2, clock.now, *kinds)
    clock.passes(minutes * 60)
    assert needed(kept, CLUSTER, plan().workload, (), None, clock.now)[0] == ("medium" if counts else "low")
    elsewhere = dataclasses.replace(CLUSTER, uid="another")
    assert needed(kept, elsewhere, plan().workload, (), None, clock.now)[0] == "low"
    assert needed(kept, CLUSTER, Ref("Deployment", "shop", "other"), (), None, clock.now)[0] == "low"


# The gate finds the tier anew


def test_a_plan_that_calls_itself_harmless_is_not_applied(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    """A plan of tier trivial needs nobody; one that only says so does not get past the gate."""
    kept.create(plan(tier="trivial"), clock.now, ALICE)
    assert kept.load(PHR).state(clock.now) == "approved"
    with pytest.raises(AiopsError, match="was planned as trivial and is medium by now"):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert server.writes == []
    assert [event.type for event in kept.load(PHR).events] == ["proposed"]


def test_a_plan_made_under_a_looser_policy_is_not_applied(
    kept: QuickStore, clock: Clock, server: MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = kept.create(plan(), clock.now, ALICE)
    kept.append(PHR, "asked", clock.now, ALICE, {})
    kept.append(PHR, "approved", clock.now, ALICE, {"digest": made.plan_digest})
    monkeypatch.setattr(type(kept), "policy", _tier("medium", window_minutes="10"))
    with pytest.raises(AiopsError, match=r"under a policy that asked for less \(window\)"):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert server.writes == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"roles": ()}, "less than tier medium needs at the least: roles"),
        ({"proof": "claimed"}, "proof"),
        ({"window": 10**6}, "window"),
        ({"window": 1800.0}, "not as this collection writes it"),
        ({"justification": 1}, "not as this collection writes it"),
        ({"proof": "sworn"}, "not as this collection writes it"),
        ({"roles": (1,)}, "not as this collection writes it"),
    ],
)
def test_a_plan_whose_rule_was_softened_is_no_plan(change: dict[str, t.Any], words: str) -> None:
    made = plan()
    softened = dataclasses.replace(made, rule=dataclasses.replace(made.rule, **change))
    with pytest.raises(AiopsError, match=words):
        plan_from_bytes(softened.as_bytes())
    assert plan_from_bytes(made.as_bytes()) == made


def test_the_size_of_a_change_can_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row can cover small values only; what another row covers, too, has the lesser tier."""
    small = dataclasses.replace(
        KNOWN[1],
        tier="low",
        paths=IMAGE.replace("/0/", "/[^/]+/"),
        size=lambda before, after: len(after) <= len(before),
    )
    monkeypatch.setattr(
        "ansible_collections.aiops.kubernetes.plugins.module_utils._model.policy.KNOWN", (*KNOWN, small)
    )
    assert classify([image_step(image="shop/cart:1")], None)[0] == "low"
    assert classify([image_step(image="shop/cart:100")], None)[0] == "medium"
    assert image_step().target == CART
