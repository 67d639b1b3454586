# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applying: only what was validly approved, once, on what was planned on; whoever dies, the next run settles it."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model import fields
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.edits import Edit
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Cluster, Evidence, Scope
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import Plan, Step
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import Record
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.writing import NotAllowed
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.apply import (
    apply,
    check,
    require_unkept,
)
from ansible_collections.aiops.kubernetes.tests.unit.loop.conftest import Clock
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import (
    ALICE,
    CART,
    CLUSTER,
    NOW,
    PEOPLE,
    PHR,
    Killed,
    MemoryServer,
    QuickStore,
    cart,
    person,
    plan,
)

OPEN: t.Final = {"pending", "approved", "claimed", "applying", "rolling_back"}
DELETED: t.Final = Ref("Pod", "shop", "cart-1")
POD: t.Final = {"metadata": {"namespace": "shop", "name": "cart-1", "uid": "p", "resourceVersion": "3"}}


def approved(kept: QuickStore, clock: Clock, of: Plan | None = None) -> Record:
    """A record whose plan is approved, as the use case ``decide`` leaves it."""
    made = kept.create(of or plan(), clock.now, ALICE)
    kept.append(PHR, "asked", clock.now, ALICE, {})
    return kept.append(PHR, "approved", clock.now, ALICE, {"digest": made.plan_digest, "justification": "it is right"})


def image(server: MemoryServer) -> str:
    return str(server.objects[CART]["spec"]["template"]["spec"]["containers"][0]["image"])


def kinds(kept: QuickStore) -> list[str]:
    return [event.type for event in kept.load(PHR).events]


def test_what_was_approved_is_applied(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    approved(kept, clock)
    record = apply(kept, server, CLUSTER, PHR, person("runner", "claimed"))
    assert (record.state(clock.now), image(server), server.writes) == ("applied", "shop/cart:1", [f"patch {CART}"])
    assert kinds(kept) == ["proposed", "asked", "approved", "claimed", "applying", "applied"]
    claimed, applied = record.first("claimed"), record.first("applied")
    assert claimed is not None
    assert applied is not None
    assert claimed.body["decided_by"] == ["alice (terminal, on desk)"]
    assert applied.body["generations"] == [3]


def test_the_intent_is_recorded_before_the_first_write(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    approved(kept, clock)
    seen: list[tuple[str, str]] = []
    server.hook = lambda what: seen.append((what, kinds(kept)[-1]))
    apply(kept, server, CLUSTER, PHR, ALICE)
    assert seen == [(f"try to patch {CART}", "approved"), (f"patch {CART}", "applying"), (f"stored {CART}", "applying")]


def test_a_second_run_changes_nothing(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    approved(kept, clock)
    before = apply(kept, server, CLUSTER, PHR, ALICE)
    clock.passes(10**6)
    assert apply(kept, server, CLUSTER, PHR, ALICE) == before
    assert check(kept, server, CLUSTER, PHR) == before
    assert len(server.writes) == 1


def test_a_trivial_plan_is_decided_by_the_policy(kept: QuickStore, clock: Clock) -> None:
    server = MemoryServer(("Pod", POD))
    made = plan(Step("delete", DELETED, "p", resource_version="3"), irreversible_because="it is gone")
    assert made.tier == "trivial"
    kept.create(made, clock.now, ALICE)
    record = apply(kept, server, CLUSTER, PHR, ALICE)
    claimed = record.first("claimed")
    assert claimed is not None
    assert claimed.body["decided_by"] == [f"policy {made.policy}"]
    assert (server.objects, record.state(clock.now)) == ({}, "applied")


_Events = t.Sequence[tuple[str, t.Mapping[str, t.Any]]]


def _approval(**body: t.Any) -> tuple[str, dict[str, t.Any]]:
    return "approved", {"justification": "it is right", **body}


_REFUSED: t.Final[dict[str, tuple[_Events, float, str]]] = {
    "nobody asked": ((), 0, r"has no valid decision yet: operator must approve it\. .*approve -e aiops_phr=PHR"),
    "nobody answered": ((("asked", {}),), 0, "has no valid decision yet"),
    "approved unasked": ((_approval(right=True),), 0, "has no valid decision yet"),
    "another plan": ((("asked", {}), _approval(digest="sha256:" + "0" * 64)), 0, "has no valid decision yet"),
    "no digest": ((("asked", {}), _approval()), 0, "has no valid decision yet"),
    "claimed name": ((("asked", {}), _approval(right=True, proof="claimed")), 0, "has no valid decision yet"),
    "expired question": ((("asked", {}),), 1801, "it is expired"),
    "expired approval": ((("asked", {}), _approval(right=True)), 601, "it is expired"),
    "rejected": ((("asked", {}), ("rejected", {})), 0, "it is rejected"),
    "rejected after approval": ((("asked", {}), _approval(right=True), ("rejected", {})), 0, "it is rejected"),
    "revoked": ((("asked", {}), _approval(right=True), ("revoked", {})), 0, "it is revoked"),
    "superseded": ((("asked", {}), _approval(right=True), ("superseded", {})), 0, "it is superseded"),
    "stale": ((("asked", {}), _approval(right=True), ("stale", {})), 0, "it is stale"),
    "closed": ((("asked", {}), _approval(right=True), ("closed", {})), 0, "it is closed"),
    "claimed once": ((("asked", {}), _approval(right=True), ("claimed", {})), 0, "it is not_applied"),
    "used": (
        (("asked", {}), _approval(right=True), ("claimed", {}), ("applying", {}), ("not_applied", {})), 0,
        "it is not_applied",
    ),
    "rolled back": (
        (("asked", {}), _approval(right=True), ("claimed", {}), ("applying", {}), ("applied", {}), ("rolling_back", {}),
         ("rolled_back", {})), 0, "it is rolled_back",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _REFUSED)
def test_nothing_else_is_applied(name: str, kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    events, seconds, words = _REFUSED[name]
    made = kept.create(plan(), clock.now, ALICE)
    for kind, body in events:
        who = person(proof=body.get("proof", "terminal"))
        given = {"digest": made.plan_digest} if body.get("right") else {}
        kept.append(PHR, kind, clock.now, who, {**given, **body})
    clock.passes(seconds)
    server.hook = lambda what: pytest.fail(f"it should not {what}")
    for run in (apply, lambda *args: check(*args[:-1])):
        if name == "claimed once" and run is not apply:
            words = "it is (claimed|not_applied)"
        with pytest.raises(AiopsError, match=words) as raised:
            run(kept, server, CLUSTER, PHR, ALICE)
        assert str(raised.value).endswith((".", PHR))
    assert server.writes == []


def test_critical_by_terminal_is_not_enough(tmp_path: Path, clock: Clock, server: MemoryServer) -> None:
    kept = QuickStore(tmp_path / "records", PEOPLE)
    made = kept.create(plan(tier="critical"), clock.now, ALICE)
    kept.append(PHR, "asked", clock.now, ALICE, {})
    for name in ("alice", "bob"):
        kept.append(PHR, "approved", clock.now, person(name), {"digest": made.plan_digest})
    with pytest.raises(AiopsError, match="operator and security must approve it"):
        apply(kept, server, CLUSTER, PHR, ALICE)
    kept.append(PHR, "approved", clock.now, person("carol", "signature"), {"digest": made.plan_digest})
    with pytest.raises(AiopsError, match="valid decision yet: security must approve it"):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert server.writes == []
    kept.append(PHR, "approved", clock.now, person("bob", "platform"), {"digest": made.plan_digest})
    assert apply(kept, server, CLUSTER, PHR, ALICE).state(clock.now) == "applied"


@pytest.mark.parametrize("run", [apply, lambda *args: check(*args[:-1])], ids=["apply", "check"])
@pytest.mark.parametrize(
    ("changes", "cluster", "words"),
    [
        ({}, dataclasses.replace(CLUSTER, uid="other"), "was made for another cluster"),
        ({}, dataclasses.replace(CLUSTER, uid=None), "was made for another cluster"),
        ({"cluster": Cluster("prod", "s", None, "v")}, Cluster("prod", "s", None, "v"), "was made for another cluster"),
        ({"source": "snapshot"}, CLUSTER, "was made from a snapshot and can never be applied"),
    ],
    ids=["another", "unknown now", "never known", "snapshot"],
)
def test_only_to_the_cluster_it_was_made_for(
    run: t.Any, changes: t.Any, cluster: Cluster, words: str, kept: QuickStore, clock: Clock, server: MemoryServer
) -> None:
    approved(kept, clock, plan(**changes))
    server.hook = lambda what: pytest.fail(f"it should not {what}")
    with pytest.raises(AiopsError, match=words):
        run(kept, server, cluster, PHR, ALICE)
    assert kinds(kept)[-1] == "approved"


def _container(server: MemoryServer) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", server.objects[CART]["spec"]["template"]["spec"]["containers"][0])


_CHANGES: t.Final[dict[str, t.Callable[[MemoryServer], object]]] = {
    "image": lambda server: _container(server).update(image="shop/cart:3"),
    "as after": lambda server: _container(server).update(image="shop/cart:1"),
    "renamed": lambda server: _container(server).update(name="other"),
    "drifted": lambda server: server.objects[CART]["spec"]["template"]["spec"]["containers"].insert(0, {"name": "x"}),
    "made anew": lambda server: server.objects[CART]["metadata"].update(uid="other"),
    "gone": lambda server: server.objects.clear(),
}


@pytest.mark.parametrize("change", _CHANGES)
def test_what_changed_meanwhile_is_stale(change: str, kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    approved(kept, clock)
    _CHANGES[change](server)
    with pytest.raises(AiopsError, match="would not apply"):
        check(kept, server, CLUSTER, PHR)
    assert kinds(kept)[-1] == "approved"
    with pytest.raises(AiopsError, match=r"is stale: Deployment shop/cart is not as it was .* Nothing was written"):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert (kinds(kept)[-1], server.writes) == ("stale", [])
    with pytest.raises(AiopsError, match="it is stale"):
        apply(kept, server, CLUSTER, PHR, ALICE)


def test_what_changed_elsewhere_does_not_matter(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    approved(kept, clock)
    server.objects[CART]["spec"]["replicas"] = 5
    server.objects[CART]["metadata"]["resourceVersion"] = "99"
    apply(kept, server, CLUSTER, PHR, ALICE)
    assert (image(server), server.objects[CART]["spec"]["replicas"]) == ("shop/cart:1", 5)


def test_a_pod_that_changed_meanwhile_is_not_deleted(kept: QuickStore, clock: Clock) -> None:
    server = MemoryServer(("Pod", {"metadata": {**POD["metadata"], "resourceVersion": "4"}}))
    kept.create(plan(Step("delete", DELETED, "p", resource_version="3")), clock.now, ALICE)
    with pytest.raises(AiopsError, match="is stale"):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert DELETED in server.objects


@pytest.mark.parametrize(("forbidden", "words"), [(True, "this identity may not do it"), (False, "was refused")])
def test_who_may_not_write_claims_nothing(
    forbidden: bool, words: str, kept: QuickStore, clock: Clock, server: MemoryServer
) -> None:
    approved(kept, clock)

    def refuse(_what: str) -> None:
        raise NotAllowed("no", forbidden)

    server.hook = refuse
    with pytest.raises(AiopsError, match=rf"{words}: no\. Nothing was written"):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert kinds(kept)[-1] == "approved"
    server.hook = lambda _what: None
    assert apply(kept, server, CLUSTER, PHR, ALICE).state(clock.now) == "applied"


@pytest.mark.parametrize("change", ["image", "refused"])
def test_a_write_that_fails_after_the_dry_run_is_recorded(
    change: str, kept: QuickStore, clock: Clock, server: MemoryServer
) -> None:
    approved(kept, clock)

    def meanwhile(what: str) -> None:
        if what.startswith("patch"):
            if change == "refused":
                raise NotAllowed("quota", forbidden=False)
            _CHANGES[change](server)

    server.hook = meanwhile
    with pytest.raises(AiopsError, match=r"did not apply to Deployment shop/cart: .* Nothing was changed"):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert (kinds(kept)[-1], server.writes) == ("not_applied", [])


SCALER: t.Final = {
    "metadata": {"namespace": "shop", "name": "cart"},
    "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "cart"}},
}


@dataclasses.dataclass
class Room:
    """As a reader: the namespace, with an autoscaler or without one."""

    scalers: tuple[fields.Json, ...] = ()

    def read(self, scope: Scope) -> Evidence:
        return Evidence(NOW, CLUSTER, scope, {"HorizontalPodAutoscaler": list(self.scalers), "Deployment": [cart()]})

    def read_logs(self, evidence: Evidence, _requests: object) -> Evidence:
        return evidence


def _argo(server: MemoryServer) -> None:
    server.objects[CART]["metadata"]["annotations"] = {
        "argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/cart"
    }


@pytest.mark.parametrize(
    "who", ["HorizontalPodAutoscaler shop/cart counts the replicas", "kept by Argo CD application shop"]
)
def test_row_33_who_came_after_the_approval_keeps_the_object(
    who: str, kept: QuickStore, clock: Clock, server: MemoryServer
) -> None:
    approved(kept, clock, plan(Edit(CART, cart(), {"/spec/replicas": 3}).step()))
    room = Room()
    require_unkept(room, server, kept.load(PHR))
    if who.startswith("Horizontal"):
        room.scalers = (SCALER,)
    else:
        _argo(server)

    def look(record: Record) -> None:
        require_unkept(room, server, record)

    told = f"can't be applied any more: .*{who}"
    with pytest.raises(AiopsError, match=told):
        apply(kept, server, CLUSTER, PHR, ALICE, look)
    with pytest.raises(AiopsError, match=told):
        check(kept, server, CLUSTER, PHR, look)
    assert (server.writes, kinds(kept)[-1]) == ([], "approved")


def test_an_approval_that_runs_out_before_the_run_does_not_count(
    kept: QuickStore, clock: Clock, server: MemoryServer
) -> None:
    approved(kept, clock)
    clock.passes(600)
    assert apply(kept, server, CLUSTER, PHR, ALICE).state(clock.now) == "applied"


def test_revoked_while_it_is_tried(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    approved(kept, clock)

    def revokes(what: str) -> None:
        if what.startswith("try"):
            kept.append(PHR, "revoked", clock.now, person("bob"), {})

    server.hook = revokes
    with pytest.raises(AiopsError, match="has gone on meanwhile: revoked"):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert (kinds(kept)[-1], server.writes) == ("revoked", [])


# Runs that die, and runs at the same time


def _consistent(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    """The record says what is true, and nothing was written twice."""
    record = kept.load(PHR)
    state = record.state(clock.now)
    assert len(server.writes) <= 1
    assert (image(server) == "shop/cart:1") == (state == "applied") == bool(server.writes), (state, server.writes)
    assert state not in OPEN


def _points(kept: QuickStore, clock: Clock, server: MemoryServer) -> t.Iterator[tuple[str, t.Callable[[str], None]]]:
    """A hook for each moment of a run, which dies there."""
    seen: list[str] = []
    approved(kept, clock)
    kept.hook = server.hook = seen.append
    apply(kept, server, CLUSTER, PHR, ALICE)
    for fatal in seen:
        yield fatal, _dies_at(fatal)


def _dies_at(fatal: str) -> t.Callable[[str], None]:
    def hook(what: str) -> None:
        if what == fatal:
            raise Killed

    return hook


MOMENTS: t.Final = [
    f"try to patch {CART}",
    "before claimed",
    "after claimed",
    "before applying",
    "after applying",
    f"patch {CART}",
    f"stored {CART}",
    "before applied",
    "after applied",
]


def test_these_are_all_the_moments(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    assert [fatal for fatal, _hook in _points(kept, clock, server)] == MOMENTS


@pytest.mark.parametrize("fatal", MOMENTS)
@pytest.mark.parametrize("wait", [0, 3600])
def test_whoever_dies_the_next_run_settles_it(
    fatal: str, wait: float, kept: QuickStore, clock: Clock, server: MemoryServer
) -> None:
    approved(kept, clock)
    kept.hook = server.hook = _dies_at(fatal)
    with pytest.raises(Killed):
        apply(kept, server, CLUSTER, PHR, ALICE)
    kept.hook = server.hook = lambda _what: None
    clock.passes(wait)
    for _run in range(2):
        with contextlib.suppress(AiopsError):
            apply(kept, server, CLUSTER, PHR, ALICE)
        if wait == 0 or MOMENTS.index(fatal) > MOMENTS.index("before claimed"):
            _consistent(kept, clock, server)
        else:
            assert (kept.load(PHR).state(clock.now), server.writes) == ("expired", [])
    if fatal in {f"stored {CART}", "before applied", "after applied"}:
        assert image(server) == "shop/cart:1"


@pytest.mark.parametrize("fatal", MOMENTS[5:7])
@pytest.mark.parametrize("change", _CHANGES)
def test_settling_looks_at_what_is_there_now(
    fatal: str, change: str, kept: QuickStore, clock: Clock, server: MemoryServer
) -> None:
    """Somebody changed the object after the run had died: nothing is written, and nothing is claimed that is not so."""
    approved(kept, clock)
    server.hook = _dies_at(fatal)
    with pytest.raises(Killed):
        apply(kept, server, CLUSTER, PHR, ALICE)
    server.hook = lambda _what: None
    _CHANGES[change](server)
    before, written = dict(server.objects), len(server.writes)
    with contextlib.suppress(AiopsError):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert (server.objects, len(server.writes)) == (before, written)
    assert kinds(kept)[-1] == ("applied" if change == "as after" else "not_applied")


def test_an_object_that_can_not_be_read_is_settled_later(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    approved(kept, clock)
    server.hook = _dies_at(f"stored {CART}")
    with pytest.raises(Killed):
        apply(kept, server, CLUSTER, PHR, ALICE)

    def refuse(_what: str) -> None:
        raise NotAllowed("no", forbidden=True)

    server.hook = refuse
    with pytest.raises(AiopsError, match="can't be settled"):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert kinds(kept)[-1] == "applying"
    server.hook = lambda _what: None
    assert apply(kept, server, CLUSTER, PHR, ALICE).state(clock.now) == "applied"


def test_a_deletion_that_died_is_settled(kept: QuickStore, clock: Clock) -> None:
    server = MemoryServer(("Pod", POD))
    kept.create(plan(Step("delete", DELETED, "p", resource_version="3")), clock.now, ALICE)
    server.hook = _dies_at(f"stored {DELETED}")
    with pytest.raises(Killed):
        apply(kept, server, CLUSTER, PHR, ALICE)
    server.hook = lambda _what: None
    assert apply(kept, server, CLUSTER, PHR, ALICE).state(clock.now) == "applied"
    assert server.writes == [f"delete {DELETED}"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_two_runs_at_once_change_it_once(moment: str, kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    """While one run stands at any moment, another one starts: it must not settle what is still going on."""
    approved(kept, clock)
    told: list[str] = []

    def another(what: str) -> None:
        if what == moment and not told:
            told.append(what)
            with contextlib.suppress(AiopsError):
                apply(kept, server, CLUSTER, PHR, person("other"))

    kept.hook = server.hook = another
    with contextlib.suppress(AiopsError):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert told
    _consistent(kept, clock, server)


def test_check_writes_nothing(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    before = approved(kept, clock)
    assert check(kept, server, CLUSTER, PHR) == before
    assert (kept.load(PHR), server.writes, image(server)) == (before, [], "shop/cart:2")
