# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolling back: what we wrote, and only that; what somebody else wrote since stays, and the difference is told."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.edits import Edit
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import Step
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import Record
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.rules import RULES
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.writing import NotAllowed
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.apply import apply
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.roll_back import roll_back
from ansible_collections.aiops.kubernetes.tests.unit.loop.conftest import Clock
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import (
    ALICE,
    CART,
    CLUSTER,
    IMAGE,
    PHR,
    Killed,
    MemoryServer,
    QuickStore,
    cart,
    plan,
)


def _applied(kept: QuickStore, clock: Clock, server: MemoryServer, **changes: t.Any) -> Record:
    made = kept.create(plan(**changes), clock.now, ALICE)
    kept.append(PHR, "asked", clock.now, ALICE, {})
    kept.append(PHR, "approved", clock.now, ALICE, {"digest": made.plan_digest})
    return apply(kept, server, CLUSTER, PHR, ALICE)


def _containers(server: MemoryServer) -> list[dict[str, t.Any]]:
    return t.cast("list[dict[str, t.Any]]", server.objects[CART]["spec"]["template"]["spec"]["containers"])


def _spec(server: MemoryServer) -> str:
    return json.dumps(server.objects[CART]["spec"], sort_keys=True)


def test_it_is_as_before_to_the_byte(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    before = _spec(server)
    _applied(kept, clock, server)
    assert _spec(server) != before
    record = roll_back(kept, server, PHR, ALICE, "slower")
    assert (record.state(clock.now), _spec(server)) == ("rolled_back", before)
    began, ended = record.last("rolling_back"), record.last("rolled_back")
    assert began is not None
    assert ended is not None
    assert (began.body["reason"], ended.body["reason"], began.number + 1) == ("slower", "slower", ended.number)


def test_the_intent_is_recorded_first(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    _applied(kept, clock, server)
    seen: list[tuple[str, str]] = []
    server.hook = lambda what: seen.append((what.split()[0], kept.load(PHR).events[-1].type))
    roll_back(kept, server, PHR, ALICE, "x")
    assert {kind for _what, kind in seen} == {"rolling_back"}
    assert ("patch", "rolling_back") in seen


def test_what_others_changed_elsewhere_stays(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    _applied(kept, clock, server)
    server.objects[CART]["spec"]["replicas"] = 7
    _containers(server)[0]["resources"] = {"limits": {"memory": "1Gi"}}
    assert roll_back(kept, server, PHR, ALICE, "x").state(clock.now) == "rolled_back"
    assert server.objects[CART]["spec"]["replicas"] == 7
    assert _containers(server)[0] == {"name": "app", "image": "shop/cart:2", "resources": {"limits": {"memory": "1Gi"}}}


def test_what_others_changed_in_the_same_place_blocks(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    _applied(kept, clock, server)
    _containers(server)[0]["image"] = "shop/cart:3"
    record = roll_back(kept, server, PHR, ALICE, "x")
    assert record.state(clock.now) == "rollback_blocked"
    assert record.events[-1].body["difference"] == [
        {"path": IMAGE, "before": "shop/cart:2", "ours": "shop/cart:1", "now": "shop/cart:3"}
    ]
    assert _containers(server)[0]["image"] == "shop/cart:3"
    assert len(server.writes) == 1
    with pytest.raises(AiopsError, match="nothing to take back: it is rollback_blocked"):
        roll_back(kept, server, PHR, ALICE, "x")


def test_an_index_that_drifted_blocks(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    """The injected container has the very image that we wrote: only the name tells."""
    _applied(kept, clock, server)
    _containers(server).insert(0, {"name": "sidecar", "image": "shop/cart:1"})
    assert roll_back(kept, server, PHR, ALICE, "x").state(clock.now) == "rollback_blocked"
    assert [container["image"] for container in _containers(server)] == ["shop/cart:1", "shop/cart:1"]


@pytest.mark.parametrize("how", ["gone", "made anew"])
def test_an_object_that_is_gone_is_not_made_again(
    how: str, kept: QuickStore, clock: Clock, server: MemoryServer
) -> None:
    _applied(kept, clock, server)
    if how == "gone":
        server.objects.clear()
    else:
        server.objects[CART]["metadata"]["uid"] = "other"
    record = roll_back(kept, server, PHR, ALICE, "x")
    assert record.state(clock.now) == "rollback_blocked"
    assert "gone or was made anew" in record.events[-1].body["reason"]
    assert len(server.writes) == 1


def test_what_is_already_as_before_is_not_written(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    _applied(kept, clock, server)
    _containers(server)[0]["image"] = "shop/cart:2"
    assert roll_back(kept, server, PHR, ALICE, "x").state(clock.now) == "rolled_back"
    assert len(server.writes) == 1


def test_twice_is_once(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    _applied(kept, clock, server)
    before = roll_back(kept, server, PHR, ALICE, "x")
    assert roll_back(kept, server, PHR, ALICE, "x") == before
    assert len(server.writes) == 2


@pytest.mark.parametrize("verb", ["get", "patch"])
def test_a_rollback_that_is_refused_can_be_tried_again(
    verb: str, kept: QuickStore, clock: Clock, server: MemoryServer
) -> None:
    _applied(kept, clock, server)

    def refuse(what: str) -> None:
        if what.startswith(verb):
            raise NotAllowed("quota", forbidden=False)

    server.hook = refuse
    record = roll_back(kept, server, PHR, ALICE, "x")
    assert (record.state(clock.now), record.events[-1].body["reason"]) == ("rollback_failed", "quota")
    server.hook = lambda _what: None
    assert roll_back(kept, server, PHR, ALICE, "again").state(clock.now) == "rolled_back"
    assert _containers(server)[0]["image"] == "shop/cart:2"


_MOMENTS: t.Final = (
    "before rolling_back", "after rolling_back", f"get {CART}", f"patch {CART}", f"stored {CART}",
    "before rolled_back", "after rolled_back",
)  # fmt: skip


def test_what_needs_a_decision_is_decided_once(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    """A run that finishes what another began asks nobody again."""
    record = _applied(kept, clock, server, rule=dataclasses.replace(RULES["medium"], automatic_rollback=False))
    with pytest.raises(AiopsError, match="one person must decide that it is taken back"):
        roll_back(kept, server, PHR, ALICE, "x")
    kept.append(PHR, "rolling_back", clock.now, ALICE, {"reason": "x"}, expect_head=record.head)
    assert roll_back(kept, server, PHR, ALICE, "x").state(clock.now) == "rolled_back"
    assert roll_back(kept, server, PHR, ALICE, "x").state(clock.now) == "rolled_back"


@pytest.mark.parametrize("fatal", _MOMENTS)
def test_whoever_dies_the_next_run_ends_it(fatal: str, kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    _applied(kept, clock, server)

    def dies(what: str) -> None:
        if what == fatal:
            raise Killed

    kept.hook = server.hook = dies
    with pytest.raises(Killed):
        roll_back(kept, server, PHR, ALICE, "x")
    kept.hook = server.hook = lambda _what: None
    assert roll_back(kept, server, PHR, ALICE, "x").state(clock.now) == "rolled_back"
    assert len(server.writes) == 2
    assert _containers(server)[0]["image"] == "shop/cart:2"


@pytest.mark.parametrize("before", ["proposed", "asked", "approved", "rejected"])
def test_what_was_not_applied_is_not_taken_back(
    before: str, kept: QuickStore, clock: Clock, server: MemoryServer
) -> None:
    kept.create(plan(), clock.now, ALICE)
    if before != "proposed":
        kept.append(PHR, before, clock.now, ALICE, {})
    server.hook = lambda what: pytest.fail(f"it should not {what}")
    with pytest.raises(AiopsError, match="has nothing to take back"):
        roll_back(kept, server, PHR, ALICE, "x")
    assert kept.load(PHR).events[-1].type == before


def test_what_can_not_be_taken_back_says_why(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    pod = Step("delete", Ref("Pod", "shop", "cart-1"), "p", resource_version="3")
    kept.create(plan(pod, irreversible_because="so it is"), clock.now, ALICE)
    for kind in ("claimed", "applying", "applied"):
        kept.append(PHR, kind, clock.now, ALICE, {})
    with pytest.raises(AiopsError, match=r"can't be taken back: so it is\."):
        roll_back(kept, server, PHR, ALICE, "x")


def test_no_secret_of_a_template_is_told(kept: QuickStore, clock: Clock) -> None:
    """A blocked rollback of a whole template shows what differs, and no literal password that stands beside it."""
    secret = {"name": "DB_PASSWORD", "value": "hunter2-correct-horse"}

    def template(image: str) -> dict[str, t.Any]:
        return {"metadata": {}, "spec": {"containers": [{"name": "app", "image": image, "env": [secret]}]}}

    server = MemoryServer(("Deployment", cart(template=template("shop/cart:2"))))
    step = Edit(CART, cart(template=template("shop/cart:2")), {"/spec/template": template("shop/cart:1")}).step()
    kept.create(plan(step, tier="medium"), clock.now, ALICE)
    kept.append(PHR, "asked", clock.now, ALICE, {})
    kept.append(PHR, "approved", clock.now, ALICE, {"digest": kept.load(PHR).plan_digest})
    apply(kept, server, CLUSTER, PHR, ALICE)
    _containers(server)[0]["image"] = "shop/cart:3"
    record = roll_back(kept, server, PHR, ALICE, "x")
    assert record.state(clock.now) == "rollback_blocked"
    text = kept.page(PHR) or ""
    assert "shop/cart:3" in text
    for told in (text, json.dumps([dict(event.body) for event in record.events])):
        assert secret["value"] not in told
