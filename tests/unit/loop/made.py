# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans, records, a store and a cluster to vary: what the tests of the loop start from."""

from __future__ import annotations

import copy
import dataclasses
import types
import typing as t
from pathlib import Path

from ansible_collections.aiops.kubernetes.plugins.module_utils._model import fields, moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.edits import Edit
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Cluster
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref, ref_of
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.people import UNLISTED, Member, People
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import (
    Baseline,
    Operations,
    Plan,
    Step,
    digest,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.policy import classify, policy_digest
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import Event, Person, Record
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.rules import BUILT_IN, RULES, Proof
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.writing import NotAsPlanned
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.signing import Signers
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.store import Store
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.trust import Trust, Trusting
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.phr import page
from ansible_collections.aiops.kubernetes.tests.unit.loop.json_patch import Failed, patched
from ansible_collections.aiops.kubernetes.tests.unit.model.made import finding

PHR: t.Final = "PHR-20261122-091502-3f9c1a"
NOW: t.Final = "2026-11-22T09:15:02Z"
CLUSTER: t.Final = Cluster("prod", "https://10.0.0.1:6443", "5c3e0a6e-6f0f-4f5d-9d3f-2d1f0a2b3c4d", "v1.36.2")
CART: t.Final = Ref("Deployment", "shop", "cart")
UID: t.Final = "0b1c0a6e-6f0f-4f5d-9d3f-2d1f0a2b3c4d"
IMAGE: t.Final = "/spec/template/spec/containers/0/image"


def person(name: str = "alice", proof: Proof = "terminal") -> Person:
    return Person(name, proof, "desk")


ALICE: t.Final = person()


def cart(**spec: t.Any) -> dict[str, t.Any]:
    """A Deployment with one container, whose image is "shop/cart:2"."""
    containers = [{"name": "app", "image": "shop/cart:2", "resources": {"limits": {"memory": "64Mi"}}}]
    template = {"metadata": {"labels": {"app": "cart"}}, "spec": {"containers": containers}}
    return {
        "metadata": {"namespace": "shop", "name": "cart", "uid": UID, "resourceVersion": "7", "generation": 2},
        "spec": {"replicas": 2, "template": template, **spec},
    }


def image_step(json: fields.Json | None = None, image: str = "shop/cart:1") -> Step:
    guards = {IMAGE.replace("image", "name"): "app"}
    return Edit(CART, json or cart(), {IMAGE: image}, guards).step()


def plan(*steps: Step, **changes: t.Any) -> Plan:
    """A plan that sets the image of cart back; its tier is the policy's."""
    steps = steps or (image_step(),)
    because = changes.get("irreversible_because")
    tier, reasons = classify(steps, because)
    made = Plan(
        phr=PHR,
        created_at=NOW,
        source="cluster",
        cluster=CLUSTER,
        requester="alice (claimed, on desk)",
        finding=finding().as_json(),
        action="set_image",
        summary="set the image of container app of Deployment shop/cart from shop/cart:2 to shop/cart:1",
        effect="Deployment shop/cart starts a new rollout",
        steps=steps,
        tier=tier,
        tier_reasons=reasons,
        policy=policy_digest(),
        rule=RULES[changes.get("tier", tier)],
        irreversible_because=because,
        dry_run="ok",
        baseline=Baseline(NOW, 2, 1, 4, ("f-3b1c5d7e9f02",)),
    )
    return dataclasses.replace(made, **changes)


def later(seconds: float, moment: str = NOW) -> str:
    found = moments.after(moment, seconds)
    assert found is not None  # noqa: S101
    return found


Happened = tuple[str, float] | tuple[str, float, Person] | tuple[str, float, Person, fields.Json]


def chain(of: Plan, *happened: Happened) -> list[Event]:
    """The events of a record, with a right chain: (type, seconds after the plan, by whom, body)."""
    events: list[Event] = []
    head = digest(of.as_bytes())
    for number, (kind, at, *rest) in enumerate((("proposed", 0), *happened), 1):
        who = t.cast("Person", rest[0]) if rest else ALICE
        given = t.cast("fields.Json", rest[1]) if len(rest) > 1 else {}
        body = {"digest": digest(of.as_bytes()), "justification": "it is right"} if kind == "approved" else {}
        events.append(Event(number, kind, later(at), who, head, {**body, **given}))
        head = digest(events[-1].as_bytes())
    return events


def files(events: t.Sequence[Event]) -> list[tuple[str, bytes]]:
    return [(f"{event.number:04d}-{event.type}.json", event.as_bytes()) for event in events]


class Killed(BaseException):
    """The process ends here: no handler of the code under test may run on."""


Hook = t.Callable[[str], None]


def _nothing(_what: str) -> None:
    """The hook of a test that needs none."""


class QuickStore(Store):
    """The store without git, whose commits would be most of the tests' time, and without ssh-keygen.

    ``hook`` is told before and after each event; ``trust`` is what would stand on the protected branch.
    """

    def __init__(self, root: Path, people: People = UNLISTED) -> None:
        super().__init__(root, page)
        self.hook: Hook = _nothing
        self.trust = Trust(BUILT_IN, people, Signers(None, None))
        self._trust = t.cast(Trusting, types.SimpleNamespace(now=self.trust))

    def append(
        self, phr: str, kind: str, at: str, by: Person, body: fields.Json, expect_head: str | None = None
    ) -> Record:
        self.hook(f"before {kind}")
        record = super().append(phr, kind, at, by, body, expect_head)
        self.hook(f"after {kind}")
        return record

    def _verify(self, *_args: t.Any) -> None:
        """Not here."""

    def _commit(self, *_args: t.Any, **_named: t.Any) -> None:
        """Not here."""

    def _make_up(self, *_args: t.Any) -> None:
        """Not here."""


# alice may be anything, bob anything, carol only an operator; alice and bob each have two principals, and there is a bot.
PEOPLE: t.Final = People(
    {
        **{f"{kind}:{name}": Member(name, frozenset(roles)) for kind in ("terminal", "signature", "awx") for name, roles in (
            ("alice", ("operator", "security")), ("bob", ("operator", "security")), ("carol", ("operator",)),
        )},
        "signature:alice2": Member("alice", frozenset({"operator", "security"})),
        "awx:robot": Member("robot", frozenset(), human=False),
        "signature:gone": Member("gone", frozenset({"operator"}), until=NOW),
    }
)  # fmt: skip


class MemoryServer:
    """Stands in for the API server of one cluster, as far as a Writer sees it.

    JSON patches by the letter (a failed test is 422 without causes, so NotAsPlanned), preconditions of a deletion, 404, a new
    resourceVersion and generation for each stored write, nothing stored by a dry run.  What admission says is scripted with
    ``hook``; what the server makes of a value, with ``normalise``.  The real server is covered by tests/integration.
    """

    def __init__(self, *objects: tuple[str, fields.Json]) -> None:
        self.objects = {ref_of(json, kind): copy.deepcopy(dict(json)) for kind, json in objects}
        self.writes: list[str] = []
        self.forbidden: set[str] = set()
        self.hook: Hook = _nothing
        self.normalise: t.Callable[[dict[str, t.Any]], None] = lambda _document: None

    def get(self, target: Ref) -> fields.Json | None:
        self.hook(f"get {target}")
        return copy.deepcopy(self.objects.get(target))

    def patch(self, target: Ref, operations: Operations, dry_run: bool) -> fields.Json:
        self._told("patch", target, dry_run)
        if target not in self.objects:
            raise NotAsPlanned(f'"{target.name}" not found')
        try:
            document = patched(self.objects[target], operations)
        except Failed as exc:
            raise NotAsPlanned(str(exc)) from exc
        self.normalise(document)
        if not dry_run:
            document["metadata"]["resourceVersion"] = str(int(document["metadata"]["resourceVersion"]) + 1)
            document["metadata"]["generation"] += 1
            self.objects[target] = document
            self.writes.append(f"patch {target}")
            self.hook(f"stored {target}")
        return copy.deepcopy(t.cast("fields.Json", document))

    def delete(self, target: Ref, uid: str, resource_version: str, dry_run: bool) -> None:
        self._told("delete", target, dry_run)
        metadata = self.objects.get(target, {}).get("metadata", {})
        if (metadata.get("uid"), metadata.get("resourceVersion")) != (uid, resource_version):
            raise NotAsPlanned(f'"{target.name}" not found, or the preconditions do not hold')
        if not dry_run:
            del self.objects[target]
            self.writes.append(f"delete {target}")
            self.hook(f"stored {target}")

    def create(self, target: Ref, manifest: fields.Json, dry_run: bool) -> fields.Json:
        self._told("create", target, dry_run)
        document = copy.deepcopy(dict(manifest))
        document["metadata"] = {**manifest["metadata"], "uid": f"made-{len(self.writes)}", "resourceVersion": "1"}
        if not dry_run:
            if target in self.objects:
                raise NotAsPlanned(f'"{target.name}" already exists')
            self.objects[target] = document
            self.writes.append(f"create {target}")
            self.hook(f"stored {target}")
        return copy.deepcopy(document)

    def may(self, verb: str, target: Ref) -> bool:
        return f"{verb} {target}" not in self.forbidden

    def try_pod(self, namespace: str, template: fields.Json) -> None:
        self.hook(f"try a pod of {template['metadata']['labels']} in {namespace}")

    def _told(self, verb: str, target: Ref, dry_run: bool) -> None:
        self.hook(f"{'try to ' if dry_run else ''}{verb} {target}")
