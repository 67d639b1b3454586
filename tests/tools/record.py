# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record the snapshots of the unit tests and of the demo anew: make each failure for real and save what a diagnosis reads.

On the cluster that AIOPS_TEST_KUBECONFIG names, else on one of its own. Nothing is written unless every scenario settled.
With arguments (`traps/lost shop/shop`) only these are recorded; without, all, and snapshots without a scenario go.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster import snapshot
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.connection import connect
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.live import LiveReader
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Evidence, Scope
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.diagnose import collect
from ansible_collections.aiops.kubernetes.tests.scenarios.expectation import SHOP, Scenario, scenarios
from ansible_collections.aiops.kubernetes.tests.scenarios.stage import Stage

ROOT = Path(__file__).resolve().parents[2]
SNAPSHOTS = ROOT / "tests" / "unit" / "snapshots"
DEMO = ROOT / "playbooks" / "files" / "shop.json"
CLUSTER = [sys.executable, str(ROOT / "tests" / "cluster" / "cluster.py")]
NAME = ["--name", "record"]


@contextmanager
def test_cluster() -> Iterator[Path]:
    """The kubeconfig of a cluster that is meant for tests."""
    if given := os.environ.get("AIOPS_TEST_KUBECONFIG"):
        yield Path(given)
        return
    try:
        up = subprocess.run([*CLUSTER, "up", *NAME, "--addons", "none"], check=True, stdout=subprocess.PIPE, text=True)
        yield Path(up.stdout.strip().rpartition("=")[2].strip("'\""))
    finally:
        subprocess.run([*CLUSTER, "down", *NAME], check=True)


def snapshot_of(scenario: Scenario) -> Path:
    return DEMO if scenario.folder == SHOP else SNAPSHOTS / scenario.recording


def record(kubeconfig: Path, chosen: Sequence[Scenario], namespace: str | None = None) -> dict[Path, Evidence]:
    """What a diagnosis reads of each scenario, by the file that shall keep it."""
    reader = LiveReader(connect({"kubeconfig": str(kubeconfig)}))
    stage = Stage(kubeconfig)
    try:
        plays = stage.play(chosen, lambda place: collect(reader, Scope((place,))), namespace=namespace).values()
        return {snapshot_of(play.result().scenario): play.result().seen for play in plays}
    finally:
        stage.clear()


def write(recorded: Mapping[Path, Evidence]) -> None:
    for path, evidence in recorded.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        snapshot.save(evidence, str(path))
        path.chmod(0o644)  # a snapshot is its owner's alone unless it is meant for everybody
    size = sum(path.stat().st_size for path in recorded)
    print(f"{len(recorded)} snapshots, {size / 1e6:.1f} MB")


def main(ids: Sequence[str]) -> None:
    known = [*scenarios(), *scenarios(SHOP)]
    if unknown := set(ids) - {scenario.id for scenario in known}:
        sys.exit(f"no such scenario: {', '.join(sorted(unknown))}")
    chosen = [scenario for scenario in known if not ids or scenario.id in ids]
    demo = [scenario for scenario in chosen if scenario.folder == SHOP]
    with test_cluster() as kubeconfig:
        for part, namespace in (([s for s in chosen if s not in demo], None), (demo, SHOP)):
            if part:
                write(record(kubeconfig, part, namespace))
    for path in {*SNAPSHOTS.glob("*.json")} - {snapshot_of(scenario) for scenario in known}:
        path.unlink()


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupt)
    main(sys.argv[1:])
