# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of the loop: what they say is what the record says, check mode leaves it alone, an error is one sentence."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import types
import typing as t
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.action.approval_prompt import ActionModule
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible import module as common
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible import recording
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.edits import Deletion
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Cluster, Evidence, Scope
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref
from ansible_collections.aiops.kubernetes.plugins.module_utils._remedies._change import manifest
from ansible_collections.aiops.kubernetes.plugins.modules import (
    approval,
    approval_info,
    phr,
    phr_info,
    remediation,
    remediation_plan,
    rollback,
    verification,
)
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import (
    ALICE,
    CLUSTER,
    PHR,
    MemoryServer,
    QuickStore,
    cart,
    plan,
)
from ansible_collections.aiops.kubernetes.tests.unit.modules.conftest import Run

MODULES: t.Final = (approval, approval_info, phr, phr_info, remediation, remediation_plan, rollback, verification)
LOCAL: t.Final = (approval, approval_info, phr)
CHANGING: t.Final = (remediation, rollback)
_MISSING: t.Final = "PHR-20261122-091502-ffffff"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> QuickStore:
    """One pending medium plan, in the folder that the modules are given."""
    monkeypatch.setattr(recording, "Store", lambda root, *_more: QuickStore(root))
    store = QuickStore(tmp_path / "records")
    store.create(plan(created_at=moments.now()), moments.now(), ALICE)
    return store


@dataclasses.dataclass
class _Reader:
    """Stands in for the live reader, as far as a module asks it before a use case does."""

    found: Cluster = CLUSTER

    def cluster(self) -> Cluster:
        return self.found

    def read(self, scope: Scope) -> Evidence:
        return Evidence(moments.now(), self.found, scope, {"Deployment": [cart()]})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> MemoryServer:
    made = MemoryServer(("Deployment", cart()))
    for module in CHANGING:
        monkeypatch.setattr(module, "cluster", lambda _params: (_Reader(), made))
    return made


def _approve(kept: QuickStore, phr: str = PHR) -> None:
    kept.append(phr, "asked", moments.now(), ALICE, {})
    body = {"digest": kept.load(phr).plan_digest, "justification": "it is right"}
    kept.append(phr, "approved", moments.now(), ALICE, body)


def _files(tmp_path: Path) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and not path.name.startswith(".")
    }


def _run(run: Run, tmp_path: Path, module: types.ModuleType, **given: t.Any) -> dict[str, t.Any]:
    return run(module, phr_dir=str(tmp_path / "records"), **{"phr": PHR, **given})


def _is_a_sentence(result: dict[str, t.Any], words: str) -> None:
    assert (result["rc"], result["failed"]) == (1, True)
    assert words in result["msg"]
    assert "Traceback" not in json.dumps(result)
    assert "\n" not in result["msg"]


def test_the_state_is_told(run: Run, tmp_path: Path, kept: QuickStore) -> None:
    result = _run(run, tmp_path, approval_info)
    assert (result["rc"], result["changed"], result["state"], result["missing"]) == (0, False, "pending", ["operator"])
    assert (result["phr"], result["tier"], result["digest"]) == (PHR, "medium", kept.load(PHR).plan_digest)
    assert (result["until"], result["verdict"]) == (None, None)
    _approve(kept)
    result = _run(run, tmp_path, approval_info)
    assert (result["state"], result["missing"]) == ("approved", [])
    assert result["until"] == moments.after(kept.load(PHR).events[-1].at, 600)


@pytest.mark.parametrize(("verdict", "state"), [("reject", "rejected"), ("revoke", "revoked")])
def test_reject_and_revoke(run: Run, tmp_path: Path, kept: QuickStore, verdict: str, state: str) -> None:
    before = _files(tmp_path)
    checked = _run(run, tmp_path, approval, verdict=verdict, _ansible_check_mode=True)
    assert (checked["changed"], checked["state"]) == (True, state)
    assert _files(tmp_path) == before
    done = _run(run, tmp_path, approval, verdict=verdict, justification="not wanted now")
    assert (done["rc"], done["changed"], done["state"]) == (0, True, state)
    assert kept.load(PHR).events[-1].body["justification"] == "not wanted now"
    assert kept.load(PHR).events[-1].by.proof == "claimed"
    assert _run(run, tmp_path, approval, verdict=verdict)["changed"] is False


@pytest.mark.parametrize("verdict", ["approve", "break_glass", "approve_rollback"])
def test_there_is_no_way_to_approve_without_a_proof(run: Run, tmp_path: Path, kept: QuickStore, verdict: str) -> None:
    _is_a_sentence(_run(run, tmp_path, approval, verdict=verdict), "Who approves is not proven: name a signing_key")
    assert [event.type for event in kept.load(PHR).events] == ["proposed"]


@pytest.mark.parametrize("verdict", ["approved", "terminal", "yes"])
def test_no_other_word_is_known(run: Run, tmp_path: Path, kept: QuickStore, verdict: str) -> None:
    _is_a_sentence(_run(run, tmp_path, approval, verdict=verdict), "value of verdict must be one of")
    assert [event.type for event in kept.load(PHR).events] == ["proposed"]


@pytest.mark.parametrize("proof", ["terminal", "signature"])
def test_no_option_says_who_it_is(run: Run, tmp_path: Path, kept: QuickStore, proof: str) -> None:
    for given in ({"proof": proof}, {"person": "alice"}, {"by": {"proof": proof}}):
        _is_a_sentence(_run(run, tmp_path, approval, verdict="reject", **given), "Unsupported parameters")
    assert kept.load(PHR).events[-1].type == "proposed"


@pytest.mark.parametrize(
    "given", [{"approved": True}, {"approval": {"state": "approved"}}, {"digest": "x"}, {"state": "approved"}]
)
def test_no_variable_stands_in_for_a_decision(
    run: Run, tmp_path: Path, kept: QuickStore, server: MemoryServer, given: dict[str, t.Any]
) -> None:
    _is_a_sentence(_run(run, tmp_path, remediation, **given), "Unsupported parameters")
    _is_a_sentence(_run(run, tmp_path, remediation), "has no valid decision yet: operator must approve it.")
    assert (server.writes, kept.load(PHR).events[-1].type) == ([], "proposed")


def test_check_mode_of_a_remediation(run: Run, tmp_path: Path, kept: QuickStore, server: MemoryServer) -> None:
    _is_a_sentence(_run(run, tmp_path, remediation, _ansible_check_mode=True), "has no valid decision yet")
    _approve(kept)
    before = _files(tmp_path)
    result = _run(run, tmp_path, remediation, _ansible_check_mode=True, _ansible_diff=True)
    assert (result["rc"], result["changed"], result["state"]) == (0, True, "approved")
    assert "shop/cart:1" in json.dumps(result["diff"])
    assert (server.writes, _files(tmp_path)) == ([], before)


def test_what_applies_a_plan_begins_without_the_causes() -> None:
    """Ansible compiles what a module imports each time, and the change waits for it."""
    told = "import sys; from {} import remediation; print(sorted(n for n in sys.modules if '._causes' in n))"
    script = told.format(remediation.__name__.rpartition(".")[0])
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize("made_again", [False, True])
def test_diff_shows_the_whole_of_what_is_deleted(
    run: Run, tmp_path: Path, kept: QuickStore, server: MemoryServer, made_again: bool
) -> None:
    """Without its secrets; whether its controller makes another one or the plan itself."""
    env = [{"name": "DB_PASSWORD", "value": "hunter2-horse"}, {"name": "NOTE", "value": "a\u202eb"}]
    pod = {
        "metadata": {"namespace": "shop", "name": "cart-1", "uid": "p", "resourceVersion": "3"},
        "spec": {"containers": [{"name": "app", "image": "shop/cart:2", "env": env}], "nodeName": "n"},
        "status": {"phase": "Failed"},
    }
    target = Ref("Pod", "shop", "cart-1")
    server.objects[target] = pod
    step = Deletion(target, pod, manifest=manifest(pod) if made_again else None).step()
    phr = PHR.replace("3f9c1a", "dddddd")
    kept.create(plan(step, phr=phr, created_at=moments.now()), moments.now(), ALICE)
    if made_again:  # of tier medium; without that the policy decides
        _approve(kept, phr)
    result = _run(run, tmp_path, remediation, phr=phr, _ansible_check_mode=True, _ansible_diff=True)
    (difference,) = result["diff"]
    assert (difference["before_header"], difference["after_header"]) == (str(target), f"{target} (deleted)")
    assert difference["after"] == ""
    shown = json.loads(difference["before"].replace("\\u202e", ""))
    assert shown["spec"]["containers"][0]["image"] == "shop/cart:2"
    assert "nodeName" not in shown["spec"]
    assert "hunter2" not in difference["before"]
    assert "\u202e" not in difference["before"]
    assert server.writes == []


def test_a_plan_for_another_cluster(
    run: Run, tmp_path: Path, kept: QuickStore, server: MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _approve(kept)
    elsewhere = _Reader(dataclasses.replace(CLUSTER, uid="other"))
    monkeypatch.setattr(remediation, "cluster", lambda _params: (elsewhere, server))
    _is_a_sentence(_run(run, tmp_path, remediation), "was made for another cluster")
    assert server.writes == []


def _apply(kept: QuickStore, server: MemoryServer) -> None:
    _approve(kept)
    for kind in ("claimed", "applying", "applied"):
        kept.append(PHR, kind, moments.now(), ALICE, {})
    step = kept.load(PHR).plan.steps[0]
    server.patch(step.target, step.patch, dry_run=False)


def test_a_rollback(run: Run, tmp_path: Path, kept: QuickStore, server: MemoryServer) -> None:
    _is_a_sentence(_run(run, tmp_path, rollback), "has nothing to take back: it is pending.")
    _apply(kept, server)
    before = _files(tmp_path)
    checked = _run(run, tmp_path, rollback, _ansible_check_mode=True)
    assert (checked["rc"], checked["changed"], _files(tmp_path) == before, len(server.writes)) == (0, True, True, 1)
    done = _run(run, tmp_path, rollback, reason="slower")
    assert (done["rc"], done["changed"], done["state"], len(server.writes)) == (0, True, "rolled_back", 2)
    again = _run(run, tmp_path, rollback)
    assert (again["rc"], again["changed"], again["state"], len(server.writes)) == (0, False, "rolled_back", 2)
    assert _run(run, tmp_path, rollback, _ansible_check_mode=True)["changed"] is False


def test_a_rollback_that_is_blocked_fails_with_the_difference(
    run: Run, tmp_path: Path, kept: QuickStore, server: MemoryServer
) -> None:
    _apply(kept, server)
    target = kept.load(PHR).plan.steps[0].target
    server.objects[target]["spec"]["template"]["spec"]["containers"][0]["image"] = "shop/cart:3"
    result = _run(run, tmp_path, rollback)
    _is_a_sentence(result, "was not taken back: Deployment shop/cart was changed by somebody else since.")
    assert result["state"] == "rollback_blocked"
    (row,) = result["difference"]
    assert [row[name] for name in ("before", "ours", "now")] == ["shop/cart:2", "shop/cart:1", "shop/cart:3"]


def test_a_rollback_that_another_run_left_undone_is_told_to_be_late(
    run: Run, tmp_path: Path, kept: QuickStore, server: MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "cluster", lambda _params: (_Reader(), server))
    monkeypatch.setattr(verification, "gauge", lambda _params: None)
    _apply(kept, server)
    clock, now = moments.now(), moments.after(moments.now(), 720)
    kept.append(PHR, "verified", clock, ALICE, {"verdict": "worse", "checkpoint": 0, "reason": "it is worse"})
    monkeypatch.setattr(moments, "now", lambda: now)
    result = _run(run, tmp_path, verification)
    _is_a_sentence(result, f"{PHR} made it worse. Taken back later than the tier allows: {PHR}.")
    assert result["phrs"][0]["state"] == "rolled_back"


def test_a_note_and_the_end(run: Run, tmp_path: Path, kept: QuickStore) -> None:
    before = _files(tmp_path)
    checked = _run(run, tmp_path, phr, note="seen", close=True, _ansible_check_mode=True)
    assert (checked["changed"], _files(tmp_path) == before) == (True, True)
    assert _run(run, tmp_path, phr)["changed"] is False
    result = _run(run, tmp_path, phr, note="seen", close=True)
    assert (result["changed"], result["state"]) == (True, "closed")
    assert [event.type for event in kept.load(PHR).events] == ["proposed", "note", "closed"]
    assert _run(run, tmp_path, phr, close=True)["changed"] is False
    assert _run(run, tmp_path, phr, note="again")["changed"] is True


def test_what_is_going_on_is_not_closed(run: Run, tmp_path: Path, kept: QuickStore) -> None:
    _approve(kept)
    kept.append(PHR, "claimed", moments.now(), ALICE, {})
    _is_a_sentence(_run(run, tmp_path, phr, close=True), "closed, may not follow")


def test_records_are_listed_and_verified(run: Run, tmp_path: Path, kept: QuickStore) -> None:
    other = "PHR-20261122-091502-000000"
    kept.create(plan(phr=other), moments.now(), ALICE)
    rows = _run(run, tmp_path, phr_info, phr=None)["phrs"]
    assert [(row["id"], row["valid"], row["state"]) for row in rows] == [
        (other, True, "pending"),
        (PHR, True, "pending"),
    ]
    event = tmp_path / "records" / "phr" / "2026" / "11" / other / "events" / "0001-proposed.json"
    event.write_text(event.read_text() + " ")
    broken, good = _run(run, tmp_path, phr_info, phr=None)["phrs"]
    assert (broken["valid"], broken["state"], good["valid"]) == (False, None, True)
    assert "0001-proposed.json" in broken["errors"][0]
    assert [row["id"] for row in _run(run, tmp_path, phr_info)["phrs"]] == [PHR]


def test_no_records_at_all(run: Run, tmp_path: Path) -> None:
    assert run(phr_info, phr_dir=str(tmp_path / "none"))["phrs"] == []
    assert run(verification, phr_dir=str(tmp_path / "none"))["changed"] is False
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("module", [*LOCAL, *CHANGING, verification])
@pytest.mark.parametrize(
    ("phr_", "words"), [(_MISSING, f"There is no record {_MISSING}"), ("../../etc/passwd", "is no id of a record")]
)
def test_a_record_that_is_not_there(
    run: Run, tmp_path: Path, kept: QuickStore, server: MemoryServer, module: types.ModuleType, phr_: str, words: str
) -> None:
    given = {"verdict": "reject"} if module is approval else {}
    before = _files(tmp_path)
    for check_mode in (False, True):
        _is_a_sentence(_run(run, tmp_path, module, phr=phr_, _ansible_check_mode=check_mode, **given), words)
    assert (_files(tmp_path), server.writes, kept.ids()) == (before, [], [PHR])


@pytest.mark.parametrize("module", [*LOCAL, *CHANGING, verification])
def test_a_broken_record_is_not_worked_on(
    run: Run, tmp_path: Path, kept: QuickStore, server: MemoryServer, module: types.ModuleType
) -> None:
    _approve(kept)
    event = tmp_path / "records" / "phr" / "2026" / "11" / PHR / "events" / "0002-asked.json"
    event.write_text(event.read_text().replace("alice", "mallory"))
    given: dict[str, t.Any] = {"verdict": "reject"} if module is approval else {"note": "x"} if module is phr else {}
    result = _run(run, tmp_path, module, **given)
    _is_a_sentence(result, "does not verify: 0003-approved.json does not follow")
    assert server.writes == []


@pytest.mark.parametrize("module", [remediation, rollback, remediation_plan])
def test_without_a_cluster(
    run: Run, tmp_path: Path, kept: QuickStore, monkeypatch: pytest.MonkeyPatch, module: types.ModuleType
) -> None:
    for name in ("KUBECONFIG", "K8S_AUTH_KUBECONFIG", "K8S_AUTH_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    _apply(kept, MemoryServer(("Deployment", cart())))
    given: dict[str, t.Any] = {"diagnosis": {}} if module is remediation_plan else {"phr": PHR}
    _is_a_sentence(run(module, phr_dir=str(tmp_path / "records"), **given), "No cluster is given")


@pytest.mark.parametrize("diagnosis", [{}, {"schema": "x"}])
def test_a_plan_needs_a_diagnosis(run: Run, tmp_path: Path, snapshot_path: str, diagnosis: dict[str, t.Any]) -> None:
    result = run(remediation_plan, phr_dir=str(tmp_path / "records"), snapshot=snapshot_path, diagnosis=diagnosis)
    _is_a_sentence(result, "This is no diagnosis")
    _is_a_sentence(run(remediation_plan, snapshot=snapshot_path), "missing required arguments: diagnosis")
    assert not (tmp_path / "records").exists()


Spec = dict[str, dict[str, t.Any]]


class _Captured(Exception):
    """Carries the argument spec out of a module."""


@pytest.fixture(scope="session")
def documented() -> dict[str, Spec]:
    """What ansible-doc says of the options of every module, fragments included."""
    names = [f"aiops.kubernetes.{module.__name__.rpartition('.')[2]}" for module in MODULES]
    tool = Path(sys.executable).parent / "ansible-doc"
    command: list[str | Path] = [tool, "--type", "module", "--json", *names, "aiops.kubernetes.approval_prompt"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {name.rpartition(".")[2]: entry["doc"]["options"] for name, entry in found.items()}


def _told(options: t.Mapping[str, t.Mapping[str, t.Any]]) -> dict[str, tuple[object, ...]]:
    """What an option's documentation and its argument spec must agree on."""
    return {
        name: (
            option.get("type", "str"),
            option.get("elements"),
            bool(option.get("required")),
            option.get("default"),
            sorted(option.get("aliases", ())),
            sorted(option.get("choices") or ()),
        )
        for name, option in options.items()
    }


@pytest.mark.parametrize("module", MODULES)
def test_the_arguments_are_documented(
    module: types.ModuleType, documented: dict[str, Spec], monkeypatch: pytest.MonkeyPatch
) -> None:
    def capture(argument_spec: Spec, **_options: t.Any) -> t.NoReturn:
        raise _Captured(argument_spec)

    monkeypatch.setattr(common, "AnsibleModule", capture)
    with pytest.raises(_Captured) as captured:
        module.main()
    assert _told(t.cast("Spec", captured.value.args[0])) == _told(documented[module.__name__.rpartition(".")[2]])


def test_the_arguments_of_the_prompt_are_documented(documented: dict[str, Spec]) -> None:
    assert _told(ActionModule.ARGUMENTS) == _told(documented["approval_prompt"])
