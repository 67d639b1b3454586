# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of several steps: never half done, and nobody written over; deletions and creations with what takes them back."""

from __future__ import annotations

import contextlib
import typing as t

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.edits import Creation, Deletion, Edit
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import Plan, Step
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.writing import NotAllowed
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.apply import apply
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.roll_back import roll_back
from ansible_collections.aiops.kubernetes.tests.unit.loop.conftest import Clock
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import (
    ALICE,
    CART,
    CLUSTER,
    PHR,
    Killed,
    MemoryServer,
    QuickStore,
    cart,
    image_step,
    plan,
)
from ansible_collections.aiops.kubernetes.tests.unit.loop.test_apply import approved, image, kinds

REPLICAS: t.Final = "/spec/replicas"


def _two_steps(second: Step) -> Plan:
    return plan(image_step(), second)


def test_every_step_is_done_in_order(kept: QuickStore, clock: Clock, server: MemoryServer) -> None:
    approved(kept, clock, _two_steps(Edit(CART, cart(), {REPLICAS: 3}).step()))
    record = apply(kept, server, CLUSTER, PHR, ALICE)
    assert (record.state(clock.now), image(server)) == ("applied", "shop/cart:1")
    assert server.objects[CART]["spec"]["replicas"] == 3
    back = roll_back(kept, server, PHR, ALICE, "asked")
    assert (back.state(clock.now), server.objects[CART]["spec"]) == ("rolled_back", cart()["spec"])


def test_what_was_done_before_a_step_that_fails_is_taken_back(
    kept: QuickStore, clock: Clock, server: MemoryServer
) -> None:
    """The second step fails only when it is done: the dry runs before it were both good."""
    approved(kept, clock, _two_steps(Edit(CART, cart(), {REPLICAS: 3}).step()))

    def quota(what: str) -> None:
        if what == f"patch {CART}" and server.writes == [f"patch {CART}"] and kinds(kept)[-1] == "applying":
            raise NotAllowed("exceeded quota", forbidden=False)

    server.hook = quota
    with pytest.raises(AiopsError, match=r"exceeded quota.*: rolled_back"):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert server.objects[CART]["spec"] == cart()["spec"]
    assert kinds(kept)[-3:] == ["applied", "rolling_back", "rolled_back"]
    assert kept.load(PHR).events[-1].body["reason"] == "step 2 of 2 failed: exceeded quota"


def test_row_35_where_the_second_of_three_objects_fails_the_first_is_undone(kept: QuickStore, clock: Clock) -> None:
    targets = [Ref("Deployment", "shop", name) for name in ("one", "two", "three")]
    objects = []
    for target in targets:
        json = cart()
        json["metadata"] |= {"name": target.name, "uid": f"uid-{target.name}"}
        objects.append(json)
    server = MemoryServer(*(("Deployment", json) for json in objects))
    steps = [Edit(target, json, {REPLICAS: 3}).step() for target, json in zip(targets, objects, strict=True)]
    approved(kept, clock, plan(*steps))

    def quota(what: str) -> None:
        if what == f"patch {targets[1]}" and kinds(kept)[-1] == "applying":
            raise NotAllowed("exceeded quota", forbidden=False)

    server.hook = quota
    with pytest.raises(AiopsError, match=r"did not apply to Deployment shop/two: exceeded quota.*: rolled_back"):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert server.writes == [f"patch {targets[0]}"] * 2
    assert [server.objects[target]["spec"] for target in targets] == [json["spec"] for json in objects]
    assert kinds(kept)[-3:] == ["applied", "rolling_back", "rolled_back"]
    assert kept.load(PHR).last("applied").body["done"] == 1  # type: ignore[union-attr]  # it is there


def test_a_third_party_is_not_written_over_while_steps_are_undone(
    kept: QuickStore, clock: Clock, server: MemoryServer
) -> None:
    approved(kept, clock, _two_steps(Edit(CART, cart(), {REPLICAS: 3}).step()))

    def quota(what: str) -> None:
        if what == f"patch {CART}" and server.writes == [f"patch {CART}"] and kinds(kept)[-1] == "applying":
            containers = server.objects[CART]["spec"]["template"]["spec"]["containers"]
            containers[0]["image"] = "shop/cart:theirs"
            raise NotAllowed("exceeded quota", forbidden=False)

    server.hook = quota
    with pytest.raises(AiopsError, match="rollback_blocked"):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert image(server) == "shop/cart:theirs"
    assert kept.load(PHR).events[-1].body["difference"][0]["now"] == "shop/cart:theirs"


@pytest.mark.parametrize("dies", ["after applied", "after rolling_back", "before rolled_back"])
def test_half_a_change_is_taken_back_by_the_next_run(
    dies: str, kept: QuickStore, clock: Clock, server: MemoryServer
) -> None:
    approved(kept, clock, _two_steps(Edit(CART, cart(), {REPLICAS: 3}).step()))

    def quota(what: str) -> None:
        if what == f"patch {CART}" and server.writes == [f"patch {CART}"] and kinds(kept)[-1] == "applying":
            raise NotAllowed("exceeded quota", forbidden=False)

    def killed(what: str) -> None:
        if what == dies:
            raise Killed

    server.hook, kept.hook = quota, killed
    with pytest.raises(Killed):
        apply(kept, server, CLUSTER, PHR, ALICE)
    server.hook = kept.hook = lambda _what: None
    with contextlib.suppress(AiopsError):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert (kept.load(PHR).state(clock.now), server.objects[CART]["spec"]) == ("rolled_back", cart()["spec"])


POD: t.Final = Ref("Pod", "shop", "one")


def _pod(image_: str = "shop/one:2", uid: str = "p1") -> dict[str, t.Any]:
    return {
        "metadata": {"namespace": "shop", "name": "one", "uid": uid, "resourceVersion": "3"},
        "spec": {"volumes": [], "containers": [{"name": "app", "image": image_, "volumeMounts": []}]},
    }


def _made_again() -> Plan:
    former, new = ({key: each[key] for key in ("metadata", "spec")} for each in (_pod(), _pod("shop/one:1")))
    for each in (former, new):
        each["metadata"] = {"namespace": "shop", "name": "one"}
    held = {"/spec/containers/0/image": "shop/one:2"}
    return plan(Deletion(POD, _pod(), guards=held, manifest=former).step(), Creation(POD, new).step())


def _pod_server() -> MemoryServer:
    return MemoryServer(("Deployment", cart()), ("Pod", _pod()))


def test_a_pod_is_made_again_and_taken_back(kept: QuickStore, clock: Clock) -> None:
    server = _pod_server()
    assert _made_again().tier == "medium"
    approved(kept, clock, _made_again())
    server.objects[POD]["metadata"]["resourceVersion"] = "8"  # it crashes all the time
    apply(kept, server, CLUSTER, PHR, ALICE)
    assert server.objects[POD]["spec"]["containers"][0]["image"] == "shop/one:1"
    assert server.writes == [f"delete {POD}", f"create {POD}"]
    roll_back(kept, server, PHR, ALICE, "asked")
    assert server.objects[POD]["spec"] == _pod()["spec"]
    assert roll_back(kept, server, PHR, ALICE, "asked").state(clock.now) == "rolled_back"
    assert len(server.writes) == 4


def test_what_admission_adds_to_a_pod_is_no_change_of_anybody(kept: QuickStore, clock: Clock) -> None:
    server = _pod_server()
    approved(kept, clock, _made_again())
    apply(kept, server, CLUSTER, PHR, ALICE)
    spec = server.objects[POD]["spec"]
    spec["volumes"] = [{"name": "kube-api-access-x1"}]
    spec["containers"][0] |= {
        "volumeMounts": [{"name": "kube-api-access-x1", "mountPath": "/x"}],
        "imagePullPolicy": "Always",
    }
    assert roll_back(kept, server, PHR, ALICE, "asked").state(clock.now) == "rolled_back"
    assert server.objects[POD]["spec"] == _pod()["spec"]


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda pod: pod["metadata"].update(uid="p2"),
        lambda pod: pod["spec"]["containers"][0].update(image="shop/one:3"),
        lambda pod: pod.update(status={"conditions": [{"type": "Ready", "status": "True"}]}),
    ],
    ids=["made anew", "changed", "ready"],
)
def test_a_pod_that_is_not_as_planned_stays(
    meanwhile: t.Callable[[t.Any], object], kept: QuickStore, clock: Clock
) -> None:
    server = _pod_server()
    approved(kept, clock, _made_again())
    meanwhile(server.objects[POD])
    with pytest.raises(AiopsError, match="stale"):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert server.writes == []


def test_a_pod_comes_back_where_the_new_one_is_refused(kept: QuickStore, clock: Clock) -> None:
    server = _pod_server()
    approved(kept, clock, _made_again())

    def taken(what: str) -> None:
        if what == f"create {POD}" and server.writes == [f"delete {POD}"] and kinds(kept)[-1] == "applying":
            raise NotAllowed("exceeded quota", forbidden=False)

    server.hook = taken
    with pytest.raises(AiopsError, match=r"exceeded quota.*: rolled_back"):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert server.objects[POD]["spec"] == _pod()["spec"]


@pytest.mark.parametrize("point", ["stored Pod shop/one", "get Pod shop/one"])
def test_killed_between_deleting_and_making_a_pod(point: str, kept: QuickStore, clock: Clock) -> None:
    server = _pod_server()
    approved(kept, clock, _made_again())

    def killed(what: str) -> None:
        if what == point and server.writes == [f"delete {POD}"]:
            raise Killed

    server.hook = killed
    with pytest.raises(Killed):
        apply(kept, server, CLUSTER, PHR, ALICE)
    server.hook = lambda _what: None
    with contextlib.suppress(AiopsError):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert kept.load(PHR).state(clock.now) == "rolled_back"
    assert server.objects[POD]["spec"] == _pod()["spec"]


def test_who_could_not_take_it_back_does_not_begin(kept: QuickStore, clock: Clock) -> None:
    server = _pod_server()
    approved(kept, clock, _made_again())
    server.forbidden = {f"delete {POD}"}
    with pytest.raises(AiopsError, match=f"may not delete {POD} to take it back"):
        apply(kept, server, CLUSTER, PHR, ALICE)
    assert server.writes == []


def test_a_pod_that_somebody_else_made_is_not_taken_away(kept: QuickStore, clock: Clock) -> None:
    server = _pod_server()
    approved(kept, clock, _made_again())
    apply(kept, server, CLUSTER, PHR, ALICE)
    server.objects[POD] = _pod("shop/one:theirs", uid="theirs")
    assert roll_back(kept, server, PHR, ALICE, "asked").state(clock.now) == "rollback_blocked"
    assert server.objects[POD]["spec"]["containers"][0]["image"] == "shop/one:theirs"


def test_a_pod_that_its_controller_replaces_need_not_be_there_any_more(kept: QuickStore, clock: Clock) -> None:
    server = _pod_server()
    approved(kept, clock, plan(image_step(), Deletion(POD, _pod()).step()))
    del server.objects[POD]
    assert apply(kept, server, CLUSTER, PHR, ALICE).state(clock.now) == "applied"
    assert server.writes == [f"patch {CART}"]
