# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of change from the failure to its good end and, where it can be taken back, once with a value that does not help."""

from __future__ import annotations

import copy
import datetime
import json
from typing import Final

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.edits import contains, differences
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import Record
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies._change import manifest
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.plan_text import plan_text
from ansible_collections.aiops.kubernetes.tests.loop.case import Case
from ansible_collections.aiops.kubernetes.tests.loop.trials import TRIALS, Trial
from ansible_collections.aiops.kubernetes.tests.loop.workloads import IMAGE, NAME, Json, rolled_out

# How long what helps must hold: a minute, less the second that a cluster's time-stamps leave out.
HELD_SECONDS: Final = 59


def failing(case: Case, trial: Trial, hopeless: bool = False) -> Json:
    """The object to change, as it fails."""
    if trial.before:
        trial.before(case)
    if trial.former:
        case.apply(*trial.former)
        case.wait(lambda: rolled_out(case.get(*trial.target)), "the state before")
    case.apply(*(trial.hopeless if hopeless and trial.hopeless else trial.failing))
    if trial.meanwhile:
        trial.meanwhile(case)
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
    back = f"no, because {trial.irreversible}" if trial.irreversible else "yes, by the inverse of each step"
    assert f"Reversible {back}" in plan_text(record)  # what a person reads before deciding
    return case.approve(record)


def carried_out(case: Case, trial: Trial, record: Record) -> Record:
    return case.carry_out(record, lambda: trial.afterwards(case) if trial.afterwards else None)


@pytest.mark.parametrize("trial", TRIALS.values(), ids=TRIALS)
def test_it_helps(trial: Trial, case: Case) -> None:
    before = failing(case, trial)
    record = carried_out(case, trial, planned(case, trial, trial.good))
    assert (record.verdict, record.state(moments.now())) == ("better", "applied"), record.events[-1].body
    if all(step.verb == "delete" for step in record.plan.steps):  # what runs was not touched: nothing has to hold
        case.wait(lambda: all(held(pod) >= HELD_SECONDS for pod in case.pods()), "the pods to have held")
    healthy(case, trial, before, case.get(*trial.target), record)
    assert case.errors() == []


USELESS: Final = {name: trial for name, trial in TRIALS.items() if trial.useless or trial.hopeless}


@pytest.mark.parametrize("trial", USELESS.values(), ids=USELESS)
def test_what_does_not_help_is_taken_back(trial: Trial, case: Case) -> None:
    before = failing(case, trial, hopeless=True)
    record = carried_out(case, trial, planned(case, trial, trial.useless))
    assert record.verdict in {"worse", "same"}, record.events[-1].body
    assert record.state(moments.now()) == trial.takes_back, record.events[-1].body
    if trial.takes_back == "applied":  # a person decides
        record = case.take_back(record)
        assert record.state(moments.now()) == "rolled_back"
    after = case.get(*trial.target)
    if trial.target[0] == "Pod":
        assert as_bytes(manifest(after)["spec"]) == as_bytes(manifest(before)["spec"])
    else:
        assert as_bytes(after["spec"]) == as_bytes(before["spec"])
    made = {step.target for step in record.plan.steps if step.verb == "create"}
    gone = {step.target for step in record.plan.steps if step.verb == "delete"}
    assert [target for target in made - gone if case.writer.get(target)] == []
    assert case.errors() == []


def as_bytes(spec: Json) -> bytes:
    return json.dumps(spec, sort_keys=True).encode()


def healthy(case: Case, trial: Trial, before: Json, after: Json, record: Record) -> None:
    """The failure is gone by what was approved and by nothing else: nothing is smaller, looser or less guarded than before."""
    steps = [step for step in record.plan.steps if (step.target.kind, step.target.name) == trial.target]
    again = any(step.verb == "create" for step in steps)
    assert (after["metadata"]["uid"] == before["metadata"]["uid"]) != again
    assert after["spec"].get("replicas", 1) >= before["spec"].get("replicas", 1)
    if not again:
        written = {path for step in steps for path in step.paths}
        changed = [path for path, _before, _after in differences("/spec", before["spec"], after["spec"])]
        assert bool(changed) == bool(written)
        assert all(any(path.startswith(each) for each in written) for path in changed), changed
    for former, now in zip(containers(before), containers(after), strict=True):
        assert {name for name in former if name.endswith("Probe")} <= set(now)
        assert set(former.get("resources", {}).get("limits", {})) <= set(now.get("resources", {}).get("limits", {}))
        assert former.get("securityContext") == now.get("securityContext")
    pods = case.pods()
    assert pods
    for pod in pods:
        assert held(pod) >= HELD_SECONDS, f"{pod['metadata']['name']} is ready for {held(pod):.0f} s only"
        if not trial.same_pods:
            assert [status["restartCount"] for status in pod["status"]["containerStatuses"]] == [0]


def held(pod: Json) -> float:
    """For how many seconds it has been ready; a restart would begin them anew."""
    [ready] = [c for c in pod["status"].get("conditions", ()) if c["type"] == "Ready"] or [{"status": "False"}]
    if ready["status"] != "True":
        return 0
    since = datetime.datetime.fromisoformat(ready["lastTransitionTime"])
    return (datetime.datetime.now(datetime.UTC) - since).total_seconds()


def containers(json_object: Json) -> list[Json]:
    spec = json_object["spec"].get("template", {}).get("spec") or json_object["spec"]
    found: list[Json] = spec.get("containers", [])
    return found


def test_a_bare_pod_is_the_same_but_for_what_was_approved(case: Case) -> None:
    """What admission and the scheduler add is theirs to add again."""
    trial = TRIALS["image of a bare pod"]
    before = failing(case, trial)
    wanted = copy.deepcopy(manifest(before))
    wanted["spec"]["containers"][0]["image"] = IMAGE
    case.carry_out(planned(case, trial, IMAGE))
    assert contains(manifest(case.get("Pod", NAME)), wanted)
