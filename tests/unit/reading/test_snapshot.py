# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A snapshot: the same diagnosis from a file, redacted, written at once or not at all."""

from __future__ import annotations

import json
import os
import stat
import typing as t
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster import snapshot
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import (
    KINDS,
    Cluster,
    Evidence,
    Log,
    LogRequest,
    Scope,
    Stats,
    Unreadable,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.diagnose import collect, diagnose
from ansible_collections.aiops.kubernetes.tests.unit.reading.api_server import pod

LOG = LogRequest("shop", "cart-1", "app", previous=False)
CRASHED = {"exitCode": 1, "reason": "Error", "startedAt": "2026-11-22T09:14:00Z", "finishedAt": "2026-11-22T09:14:02Z"}


def _crashing() -> dict[str, t.Any]:
    container = {
        "name": "app",
        "image": "registry.example/shop/auth:1.4.2",
        "command": ["serve", "--password", "hunter2", "--api-key=hunter2"],
        "env": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "LOG_LEVEL", "value": "debug"}],
    }
    status = {
        "name": "app",
        "restartCount": 4,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": CRASHED},
    }
    made = pod(
        "cart-1", uid="u1", labels={"app": "cart"}, annotations={"x/api-token": "hunter2", "note": "password=hunter2"}
    )
    made["metadata"]["creationTimestamp"] = "2026-11-22T09:00:00Z"
    return made | {
        "spec": {"containers": [container], "restartPolicy": "Always"},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }


def _evidence(**changes: t.Any) -> Evidence:
    event = {
        "metadata": {"namespace": "shop", "name": "e"},
        "involvedObject": {"uid": "u1", "kind": "Pod", "namespace": "shop", "name": "cart-1"},
        "reason": "BackOff",
        "type": "Warning",
        "message": "Back-off; token=hunter2",
        "lastTimestamp": "2026-11-22T09:15:00Z",
    }
    account = {"metadata": {"namespace": "shop", "name": "default"}}
    made: dict[str, t.Any] = {
        "observed_at": "2026-11-22T09:15:02Z",
        "cluster": Cluster("prod", "https://10.0.0.1:6443", "5c3e0a6e", "v1.36.2"),
        "scope": Scope(),
        "objects": {
            **{kind: [] for kind in KINDS},
            "Pod": [_crashing(), pod("web-1", "other")],
            "Event": [event],
            "ServiceAccount": [account],
            "Node": [{"metadata": {"name": "n1"}}],
        },
        "logs": {LOG: Log("connecting to postgres://app:hunter2@db\npanic: no route")},
        "unreadable": (Unreadable("jobs", "shop", 403, "forbidden"),),
        "stats": Stats(13, 0.4),
    }
    return Evidence(**(made | changes))


class _Cluster:
    """A reader that gives this evidence, as the live one would."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence

    def read(self, scope: Scope) -> Evidence:  # noqa: ARG002  # it is what was asked for
        return self._evidence

    def read_logs(self, evidence: Evidence, requests: t.Sequence[LogRequest]) -> Evidence:  # noqa: ARG002
        return evidence


def _saved(tmp_path: Path, evidence: Evidence) -> str:
    path = str(tmp_path / "snapshot.json")
    snapshot.save(evidence, path)
    return path


def test_the_diagnosis_is_the_same(tmp_path: Path) -> None:
    live = diagnose(_Cluster(_evidence()), Scope()).as_json()
    again = diagnose(snapshot.load(_saved(tmp_path, _evidence())), Scope()).as_json()
    assert live["findings"][0]["cause"] == "application-error"
    assert "panic: no route" in json.dumps(live["findings"])
    assert {**again, "stats": None} == {**live, "stats": None}


def test_a_snapshot_of_a_snapshot_is_the_same(tmp_path: Path) -> None:
    path = _saved(tmp_path, _evidence())
    second = tmp_path / "second.json"
    snapshot.save(collect(snapshot.load(path), Scope()), str(second))
    assert second.read_text() == Path(path).read_text()


def test_no_secret_is_in_the_file(tmp_path: Path) -> None:
    text = Path(_saved(tmp_path, _evidence())).read_text()
    assert "hunter2" not in text
    container = json.loads(text)["objects"]["Pod"][0]["spec"]["containers"][0]
    assert container["command"] == ["serve", "--password", "<redacted>", "--api-key=<redacted>"]
    assert container["env"] == [{"name": "DB_PASSWORD", "value": "<redacted>"}, {"name": "LOG_LEVEL", "value": "debug"}]
    assert container["image"] == "registry.example/shop/auth:1.4.2"


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = Path(_saved(tmp_path, _evidence()))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_there_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    path.write_text("x" * 100_000)
    path.chmod(0o644)
    _saved(tmp_path, _evidence())
    assert json.loads(path.read_text())["schema"] == snapshot.SCHEMA
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "snapshot.json"
    path.write_text("old")

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(AiopsError, match=f"can't be written to {path}: No space left on device"):
        snapshot.save(_evidence(), str(path))
    assert [each.name for each in tmp_path.iterdir()] == ["snapshot.json"]
    assert path.read_text() == "old"


@pytest.mark.parametrize("place", ["missing/snapshot.json", "."])
def test_a_place_that_can_not_be_written(tmp_path: Path, place: str) -> None:
    with pytest.raises(AiopsError, match="can't be written to"):
        snapshot.save(_evidence(), str(tmp_path / place))
    assert list(tmp_path.iterdir()) == []


def test_odd_characters_survive(tmp_path: Path) -> None:
    odd = "lone \ud800 half, \u2028, \x1b[31m, 世界"
    loaded = snapshot.load(_saved(tmp_path, _evidence(logs={LOG: Log(odd, at_once=2)}))).read(Scope())
    reader = snapshot.load(_saved(tmp_path, _evidence(logs={LOG: Log(odd, at_once=2)})))
    assert reader.read_logs(loaded, [LOG]).logs == {LOG: Log(odd, at_once=2)}


def test_a_part_of_it_can_be_asked_for(tmp_path: Path) -> None:
    reader = snapshot.load(_saved(tmp_path, _evidence()))
    part = reader.read(Scope(("shop",), "app=cart"))
    assert [each.ref.name for each in part.pods] == ["cart-1"]
    assert part.scope == Scope(("shop",), "app=cart")
    assert len(part.objects["Node"]) == 1
    assert reader.read(Scope(("shop",), "app=pay")).pods == ()
    assert [each.ref.name for each in reader.read(Scope(("other",))).pods] == ["web-1"]
    assert len(reader.read(Scope()).pods) == 2


def test_its_own_scope_stays(tmp_path: Path) -> None:
    reader = snapshot.load(_saved(tmp_path, _evidence(scope=Scope(("shop",), "app=cart"))))
    assert reader.read(Scope()).scope == Scope(("shop",), "app=cart")


@pytest.mark.parametrize("scope", [Scope(("shop",)), Scope()])
def test_a_namespace_that_it_does_not_cover(tmp_path: Path, scope: Scope) -> None:
    reader = snapshot.load(_saved(tmp_path, _evidence(scope=scope)))
    with pytest.raises(AiopsError, match=r"does not cover namespace typo; it covers: .*shop"):
        reader.read(Scope(("shop", "typo")))


def test_the_log_of_the_other_run_is_found_as_it_was_live(tmp_path: Path) -> None:
    """The live reader files a log under the run that answered."""
    reader = snapshot.load(_saved(tmp_path, _evidence()))
    asked = LogRequest("shop", "cart-1", "app", previous=True)
    assert list(reader.read_logs(reader.read(Scope()), [asked]).logs) == [LOG]
    other = LogRequest("shop", "cart-1", "sidecar", previous=True)
    assert reader.read_logs(reader.read(Scope()), [other]).logs == {}


def _whole() -> dict[str, t.Any]:
    return {"schema": snapshot.SCHEMA, "observed_at": "2026-11-22T09:15:02Z", "objects": {"Pod": []}}


def test_the_least_that_is_a_snapshot(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps(_whole()))
    assert snapshot.load(str(path)).read(Scope()).pods == ()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("no json", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("null", "schema is missing"),
        ("[]", "schema is missing"),
        ("{}", "schema is missing"),
        ('{"kind": "List", "items": []}', "schema is missing"),
        ('{"schema": "aiops.kubernetes/diagnosis/1"}', "schema is aiops.kubernetes/diagnosis/1"),
        ('{"schema": "aiops.kubernetes/snapshot/2"}', "version 2; this release reads version 1"),
        ('{"schema": "aiops.kubernetes/snapshot/1"}', "damaged"),
        (json.dumps({**_whole(), "objects": {}}), "damaged"),
        (json.dumps({**_whole(), "objects": None}), "damaged"),
        (json.dumps({**_whole(), "objects": {"Pod": {}}}), "damaged"),
        (json.dumps({**_whole(), "objects": {"Pod": ["x"]}}), "damaged"),
        (json.dumps({**_whole(), "objects": {"Pod": [], "Event": "x"}}), "damaged"),
        (json.dumps({**_whole(), "observed_at": "yesterday"}), "damaged"),
        (json.dumps({**_whole(), "objects": {"Pod": [{"metadata": {"name": "x; reboot"}}]}}), "damaged"),
        (json.dumps({**_whole(), "objects": {"Pod": [{"metadata": {"name": "x", "namespace": "$(id)"}}]}}), "damaged"),
        (json.dumps({**_whole(), "objects": {"Pod": [], "Job": [{"metadata": {"name": "x\nid"}}]}}), "damaged"),
        (json.dumps({**_whole(), "objects": {"Pod": [{"spec": {"containers": [{"name": "`id`"}]}}]}}), "damaged"),
        (json.dumps({**_whole(), "observed_at": None}), "damaged"),
    ],
)
def test_what_is_no_snapshot_is_told(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "s.json"
    path.write_text(content)
    with pytest.raises(AiopsError) as told:
        snapshot.load(str(path))
    assert str(path) in str(told.value)
    assert words in str(told.value)
    assert len(str(told.value)) < 400


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x1f\x8b\x08binary"])
def test_bytes_are_no_snapshot(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s.json"
    path.write_bytes(content)
    with pytest.raises(AiopsError, match="not JSON"):
        snapshot.load(str(path))


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_file_that_can_not_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(AiopsError, match="can't be read"):
        snapshot.load(str(tmp_path / name))


@pytest.mark.parametrize("field", ["cluster", "scope", "logs", "unreadable"])
@pytest.mark.parametrize("value", [None, 3, "x", [None], {"a": None}])
def test_a_lesser_field_that_is_damaged_is_empty(tmp_path: Path, field: str, value: object) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps({**_whole(), field: value}))
    assert diagnose(snapshot.load(str(path)), Scope()).as_json()["findings"] == []
