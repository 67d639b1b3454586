# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules: arguments in, one use case, result out; an error is one sentence and no traceback."""

from __future__ import annotations

import gc
import importlib
import json
import subprocess
import sys
import types
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleActionFail
from ansible.module_utils.testing import patch_module_args

from ansible_collections.aiops.kubernetes.plugins.action import advice_info, remediation, report
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible import module as common
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster import connection, snapshot
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import KINDS, Evidence, LogRequest, Scope
from ansible_collections.aiops.kubernetes.plugins.modules import cluster_snapshot, diagnosis_info
from ansible_collections.aiops.kubernetes.tests.unit.acting import run_action
from ansible_collections.aiops.kubernetes.tests.unit.modules.conftest import Run


class _FromFile:
    """Stands in for the live reader where a test is about the module around it."""

    def __init__(self, path: str) -> None:
        self._reader = snapshot.load(path)

    def read(self, scope: Scope) -> Evidence:
        return self._reader.read(scope)

    def read_logs(self, evidence: Evidence, requests: t.Sequence[LogRequest]) -> Evidence:
        return self._reader.read_logs(evidence, requests)


def test_a_snapshot_is_diagnosed(run: Run, snapshot_path: str) -> None:
    result = run(diagnosis_info, snapshot=snapshot_path)
    assert (result["rc"], result["changed"]) == (0, False)
    diagnosis = result["diagnosis"]
    assert diagnosis["schema"] == "aiops.kubernetes/diagnosis/1"
    assert [(f["cause"], f["subject"], f["container"]) for f in diagnosis["findings"]] == [
        ("configmap-missing", {"kind": "Pod", "namespace": "shop", "name": "cart"}, "app")
    ]
    assert diagnosis["observed_at"] == "2026-11-22T09:15:02Z"


def test_check_mode_is_the_same(run: Run, snapshot_path: str) -> None:
    checked = run(diagnosis_info, snapshot=snapshot_path, _ansible_check_mode=True)
    assert checked["diagnosis"] == run(diagnosis_info, snapshot=snapshot_path)["diagnosis"]


def test_a_snapshot_needs_no_client_and_no_kubernetes_core(
    run: Run, snapshot_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_MISSING", ImportError("kubernetes"))
    assert run(diagnosis_info, snapshot=snapshot_path)["rc"] == 0


def test_a_selector_chooses(run: Run, snapshot_path: str) -> None:
    assert run(diagnosis_info, snapshot=snapshot_path, label_selector="app=pay")["diagnosis"]["findings"] == []
    scope = run(diagnosis_info, snapshot=snapshot_path, label_selector="app=cart", namespaces=["shop"])["diagnosis"][
        "scope"
    ]
    assert scope == {"namespaces": ["shop"], "label_selector": "app=cart"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"snapshot": "/does/not/exist.json"}, "The snapshot /does/not/exist.json can't be read: No such file"),
        ({"label_selector": "a in b"}, "The label selector 'a in b' can't be read"),
        ({"namespaces": ["typo"]}, "does not cover namespace typo"),
        ({"namespaces": ["kube-system/secrets"]}, "can't be the name of a namespace"),
        ({"namespaces": {"a": "b"}}, "namespaces"),
        ({"nonsense": 1}, "Unsupported parameters"),
    ],
)
def test_an_error_is_a_sentence(run: Run, snapshot_path: str, given: dict[str, t.Any], words: str) -> None:
    result = run(diagnosis_info, **{"snapshot": snapshot_path, **given})
    _is_a_sentence(result, words)


def _is_a_sentence(result: dict[str, t.Any], words: str) -> None:
    assert result["rc"] == 1
    assert result["failed"] is True
    assert words in result["msg"]
    assert "exception" not in result
    assert "Traceback" not in json.dumps(result)


@pytest.mark.parametrize(
    ("module", "given"), [(diagnosis_info, {}), (cluster_snapshot, {"path": "never-written.json"})]
)
def test_without_a_cluster(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: types.ModuleType, given: dict[str, t.Any]
) -> None:
    for name in ("KUBECONFIG", "K8S_AUTH_KUBECONFIG", "K8S_AUTH_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    _is_a_sentence(run(module, **given), "No cluster is given")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("module", [diagnosis_info, cluster_snapshot])
def test_without_the_client(run: Run, monkeypatch: pytest.MonkeyPatch, module: types.ModuleType) -> None:
    monkeypatch.setattr(connection, "_MISSING", ImportError("No module named 'kubernetes'"))
    given = {"path": "never-written.json"} if module is cluster_snapshot else {}
    _is_a_sentence(
        run(module, host="https://localhost:1", **given), f"{sys.executable} -m pip install 'kubernetes>=24.2'"
    )


def test_a_defect_stays_a_defect(monkeypatch: pytest.MonkeyPatch, snapshot_path: str) -> None:
    """Only our own error is made a sentence: a traceback tells more of a bug."""

    def broken(*_args: object) -> t.NoReturn:
        raise RuntimeError("a bug")

    monkeypatch.setattr(diagnosis_info, "diagnose", broken)
    with patch_module_args({"snapshot": snapshot_path}), pytest.raises(RuntimeError, match="a bug"):
        diagnosis_info.main()


def test_a_snapshot_is_taken(run: Run, snapshot_path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_snapshot, "live_reader", lambda _params: _FromFile(snapshot_path))
    path = tmp_path / "taken.json"
    result = run(cluster_snapshot, path=str(path))
    assert (result["rc"], result["changed"], result["path"], result["unreadable"]) == (0, True, str(path), [])
    assert result["objects"] == {kind: int(kind == "Pod") for kind in KINDS}
    assert path.read_text() == Path(snapshot_path).read_text()


def test_check_mode_takes_none(run: Run, snapshot_path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_snapshot, "live_reader", lambda _params: _FromFile(snapshot_path))
    path = tmp_path / "taken.json"
    result = run(cluster_snapshot, path=str(path), _ansible_check_mode=True)
    assert (result["rc"], result["changed"], result["objects"]["Pod"]) == (0, True, 1)
    assert not path.exists()


def test_a_snapshot_that_can_not_be_written(run: Run, snapshot_path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_snapshot, "live_reader", lambda _params: _FromFile(snapshot_path))
    _is_a_sentence(run(cluster_snapshot, path="/does/not/exist/s.json"), "can't be written to /does/not/exist/s.json")


def test_a_path_is_needed(run: Run) -> None:
    _is_a_sentence(run(cluster_snapshot), "missing required arguments: path")


Spec = dict[str, dict[str, t.Any]]


class _Captured(Exception):
    """Carries the argument spec out of a module."""


def _spec(module: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> Spec:
    def capture(argument_spec: Spec, **_options: t.Any) -> t.NoReturn:
        raise _Captured(argument_spec)

    monkeypatch.setattr(common, "AnsibleModule", capture)
    with pytest.raises(_Captured) as captured:
        module.main()
    return t.cast("Spec", captured.value.args[0])


@pytest.fixture(scope="session")
def documented() -> dict[str, dict[str, Spec]]:
    """What ansible-doc says of every module, fragments included."""
    names = [f"aiops.kubernetes.{name}" for name in ("advice_info", "diagnosis_info", "cluster_snapshot", "report")]
    command: list[str | Path] = [Path(sys.executable).parent / "ansible-doc", "--type", "module", "--json", *names]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {name.rpartition(".")[2]: entry["doc"] for name, entry in found.items()}


def _told(options: Spec) -> dict[str, tuple[object, ...]]:
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


@pytest.mark.parametrize("module", [diagnosis_info, cluster_snapshot])
def test_the_arguments_are_documented(
    module: types.ModuleType, documented: dict[str, dict[str, Spec]], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = module.__name__.rpartition(".")[2]
    assert _told(_spec(module, monkeypatch)) == _told(documented[name]["options"])


@pytest.mark.parametrize("action", [advice_info, report])
def test_the_arguments_of_an_action_are_documented(
    action: types.ModuleType, documented: dict[str, dict[str, Spec]]
) -> None:
    name = action.__name__.rpartition(".")[2]
    assert _told(t.cast("Spec", action.ActionModule.ARGUMENTS)) == _told(documented[name]["options"])


@pytest.mark.parametrize("name", ["diagnosis_info", "remediation", "remediation_plan", "verification"])
def test_no_garbage_is_collected_while_a_module_is_packed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[bool, object]] = []

    def execute(_self: object, module_name: object = None, **_given: object) -> dict[str, object]:
        seen.append((gc.isenabled(), module_name))
        return {"changed": False}

    action = importlib.import_module(f"ansible_collections.aiops.kubernetes.plugins.action.{name}").ActionModule
    monkeypatch.setattr(action, "_execute_module", execute)
    try:
        result = run_action(action, {})
    finally:
        gc.enable()
    assert (result["changed"], seen) == (False, [(False, None)])


def test_a_change_is_not_left_to_run_by_itself() -> None:
    with pytest.raises(AnsibleActionFail, match="does not support async"):
        run_action(remediation.ActionModule, {}, async_val=60)
