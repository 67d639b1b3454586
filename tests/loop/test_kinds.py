# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of change from the failure to its good end and, where it can be taken back, once with a value that does not help."""

from __future__ import annotations

import copy
import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.edits import contains, differences
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import Record
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies._change import manifest
from ansible_collections.aiops.kubernetes.tests.loop.case import Case
from ansible_collections.aiops.kubernetes.tests.loop.workloads import (
    IMAGE,
    NAME,
    Json,
    bare_pod,
    claim,
    configmap,
    daemonset,
    deployment,
    quota,
    rolled_out,
    secret,
    service,
    settings_from,
    statefulset,
    with_volume,
)

NOWHERE: Final = "busybox:1.63"


@dataclass(frozen=True)
class Trial:
    """A failure, and the change that is planned for it.

    ``good`` is the value that a person names, ``useless`` one that does not help; ``former`` is a state that works, before it.
    """

    cause: str
    failing: Sequence[Json]
    action: str
    tier: str = "medium"
    good: str | None = None
    useless: str | None = None
    former: Sequence[Json] = ()
    target: tuple[str, str] = ("Deployment", NAME)
    takes_back: str = "rolled_back"
    irreversible: str | None = None


def listening(**container: Any) -> Json:
    made = deployment(image="nginx:1.27", ports=[{"name": "web", "containerPort": 80}], **container)
    del made["spec"]["template"]["spec"]["containers"][0]["command"]
    return made


def running_as(name: str) -> Json:
    made = deployment()
    made["spec"]["template"]["spec"]["serviceAccountName"] = name
    return made


def paused(image: str) -> Json:
    made = deployment(image=image)
    made["spec"]["paused"] = True
    return made


TRIALS: Final = {
    "image": Trial("image-not-found", [deployment(image=NOWHERE)], "set_image", good=IMAGE, useless="busybox:1.64"),
    "image of a bare pod": Trial(
        "image-not-found", [bare_pod(NOWHERE)], "set_image", good=IMAGE, useless="busybox:1.64", target=("Pod", NAME)
    ),
    "image of a stuck StatefulSet": Trial(
        "image-not-found", [statefulset(NOWHERE)], "set_image", good=IMAGE, target=("StatefulSet", NAME)
    ),
    "command": Trial(
        "command-not-found", [deployment(["slep", "1d"])], "patch_command", good='["sleep", "1d"]', useless="slip 1d"
    ),
    "requests": Trial(
        "insufficient-resources",
        [deployment(resources={"requests": {"cpu": "500"}, "limits": {"memory": "32Mi"}})],
        "set_resources",
        good="cpu=10m",
        useless="cpu=ALL",
    ),
    "name of a ConfigMap": Trial(
        "configmap-missing",
        [
            configmap("web-settings", THEME="dark"),
            configmap("other", COLOUR="red"),
            settings_from("web-setings", "THEME"),
        ],
        "patch_reference",
        useless="other",
    ),
    "key of a ConfigMap": Trial(
        "key-missing",
        [configmap("web-settings", THEME="dark", LOCALE="de"), settings_from("web-settings", "THEMES")],
        "patch_reference",
    ),
    "name of a Secret": Trial(
        "secret-missing",
        [secret("web-token", TOKEN="x"), settings_from("web-tokn", "TOKEN", kind="secretKeyRef")],
        "patch_reference",
        tier="critical",
        good="web-token",
        useless="nowhere",
        takes_back="applied",
    ),
    "ServiceAccount": Trial(
        "service-account-missing",
        [running_as("defalt")],
        "patch_reference",
        tier="critical",
        good="default",
    ),
    "limits that a quota asks for": Trial(
        "quota-requires-limits",
        [quota(**{"limits.cpu": "1", "limits.memory": "1Gi"}), deployment()],
        "set_resources",
        good="cpu=50m,memory=32Mi",
    ),
    "class of an unbound claim": Trial(
        "volume-claim-unbound",
        [claim("standrad"), with_volume()],
        "recreate_claim",
        tier="critical",
        good="standard",
        target=("PersistentVolumeClaim", "data"),
        irreversible="the new claim may hold data as soon as a volume is bound to it",
    ),
    "selector of a Service": Trial(
        "service-selector-mismatch",
        [listening(), service({"app": "wbe"}, 80)],
        "patch_service_selector",
        useless="app=nobody",
        target=("Service", NAME),
    ),
    "target port of a Service": Trial(
        "service-port-mismatch",
        [listening(), service({"app": NAME}, "wbe")],
        "patch_service_target_port",
        useless="9999",
        target=("Service", NAME),
    ),
    "paused rollout": Trial("rollout-stuck", [paused("busybox:latest")], "resume", former=[deployment()]),
    "former revision of a StatefulSet": Trial(
        "image-not-found",
        [statefulset(NOWHERE)],
        "roll_back",
        former=[statefulset(IMAGE)],
        target=("StatefulSet", NAME),
    ),
    "former revision of a DaemonSet": Trial(
        "image-not-found", [daemonset(NOWHERE)], "roll_back", former=[daemonset(IMAGE)], target=("DaemonSet", NAME)
    ),
}


def failing(case: Case, trial: Trial) -> Json:
    """The object to change, as it fails."""
    if trial.former:
        case.apply(*trial.former)
        case.wait(lambda: rolled_out(case.get(*trial.target)), "the state before")
    case.apply(*trial.failing)
    case.wait_for(trial.cause)
    return case.get(*trial.target)


def planned(case: Case, trial: Trial, value: str | None) -> Record:
    if value == "cpu=ALL":
        value = f"cpu={case.node()['status']['allocatable']['cpu']}"
    record = case.plan(value)
    plan = record.plan
    assert (plan.action, plan.tier, plan.irreversible_because) == (
        trial.action,
        trial.tier,
        trial.irreversible,
    )
    assert case.get(*trial.target)["metadata"]["uid"]
    return case.approve(record)


@pytest.mark.parametrize("trial", TRIALS.values(), ids=TRIALS)
def test_it_helps(trial: Trial, case: Case) -> None:
    before = failing(case, trial)
    record = case.carry_out(planned(case, trial, trial.good))
    assert (record.verdict, record.state(moments.now())) == ("better", "applied"), record.events[-1].body
    healthy(case, before, case.get(*trial.target), record)
    assert case.errors() == []


@pytest.mark.parametrize(
    "trial", [t for t in TRIALS.values() if t.useless], ids=[n for n, t in TRIALS.items() if t.useless]
)
def test_what_does_not_help_is_taken_back(trial: Trial, case: Case) -> None:
    before = failing(case, trial)
    record = case.carry_out(planned(case, trial, trial.useless))
    assert record.verdict in {"worse", "same"}
    assert record.state(moments.now()) == trial.takes_back, record.events[-1].body
    if trial.takes_back == "applied":  # a person decides
        record = case.take_back(record)
        assert record.state(moments.now()) == "rolled_back"
    after = case.get(*trial.target)
    if trial.target[0] == "Pod":
        assert as_bytes(manifest(after)["spec"]) == as_bytes(manifest(before)["spec"])
    else:
        assert as_bytes(after["spec"]) == as_bytes(before["spec"])
    assert case.errors() == []


def as_bytes(spec: Json) -> bytes:
    return json.dumps(spec, sort_keys=True).encode()


def healthy(case: Case, before: Json, after: Json, record: Record) -> None:
    """The failure is gone by what was approved and by nothing else: nothing is smaller, looser or less guarded than before."""
    again = any(step.verb == "create" for step in record.plan.steps)
    assert (after["metadata"]["uid"] == before["metadata"]["uid"]) != again
    assert after["spec"].get("replicas", 1) >= before["spec"].get("replicas", 1)
    if not again:
        written = {path for step in record.plan.steps for path in step.paths}
        changed = [path for path, _before, _after in differences("/spec", before["spec"], after["spec"])]
        assert changed
        assert all(any(path.startswith(each) for each in written) for path in changed), changed
    for former, now in zip(containers(before), containers(after), strict=True):
        assert {name for name in former if name.endswith("Probe")} <= set(now)
        assert set(former.get("resources", {}).get("limits", {})) <= set(now.get("resources", {}).get("limits", {}))
        assert former.get("securityContext") == now.get("securityContext")
    pods = case.pods()
    assert pods
    moment = datetime.datetime.now(datetime.UTC)
    for pod in pods:
        [ready] = [c for c in pod["status"]["conditions"] if c["type"] == "Ready"]
        assert ready["status"] == "True"
        held = moment - datetime.datetime.fromisoformat(ready["lastTransitionTime"])
        assert held.total_seconds() >= 59, f"{pod['metadata']['name']} is ready for {held} only"
        assert [status["restartCount"] for status in pod["status"]["containerStatuses"]] == [0]


def containers(json_object: Json) -> list[Json]:
    spec = json_object["spec"].get("template", {}).get("spec") or json_object["spec"]
    found: list[Json] = spec.get("containers", [])
    return found


def test_a_bare_pod_is_the_same_but_for_what_was_approved(case: Case) -> None:
    """What admission and the scheduler add is theirs to add again."""
    trial = replace(TRIALS["image of a bare pod"], useless=None)
    before = failing(case, trial)
    wanted = copy.deepcopy(manifest(before))
    wanted["spec"]["containers"][0]["image"] = IMAGE
    case.carry_out(planned(case, trial, IMAGE))
    assert contains(manifest(case.get("Pod", NAME)), wanted)
