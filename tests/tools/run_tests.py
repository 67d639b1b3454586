# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the tests: all parts, or those named. The last line is the plain count of tests."""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.aiops.kubernetes.tests.tools.parts import ALL, BIN, STAGES, STATIC, Job, Place
from ansible_collections.aiops.kubernetes.tests.tools.runner import Runner, beside, end, read, start, wait
from ansible_collections.aiops.kubernetes.tests.tools.staging import linked_tree

ROOT = Path(__file__).resolve().parents[2]
CLUSTER = [sys.executable, str(ROOT / "tests" / "cluster" / "cluster.py")]
EXPORT = "export KUBECONFIG="


class OwnCluster:
    """A cluster of this run's own, started in the background while other parts run."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.name = f"test-{uuid.uuid4().hex[:6]}"
        self.log = runner.logs / "cluster.log"
        command = [*CLUSTER, "up", "--name", self.name, "--addons", "wait"]
        print(f"---- cluster {self.name} (beside the other parts)", flush=True)
        self.process = start(command, ROOT, runner.environment, self.log)
        runner.running.append(self.process)

    @functools.cached_property
    def kubeconfig(self) -> Path | None:
        began = time.monotonic()
        status = wait(self.process)
        lines = read(self.log).split("\n")
        exported = [line.removeprefix(EXPORT).strip("'\"") for line in lines if line.startswith(EXPORT)]
        if status == 0 and exported:
            print(f"ok   cluster {self.name}: up, after {time.monotonic() - began:.1f} s of waiting", flush=True)
            return Path(exported[-1])
        self.runner.fail("cluster", f"'up' ended with status {status}:\n" + "\n".join(lines[-40:]))
        return None

    def down(self) -> None:
        end(self.process)
        with start([*CLUSTER, "down", "--name", self.name], ROOT, self.runner.environment, self.log) as process:
            if wait(process):
                self.runner.fail("cluster", f"'down' failed:\n{read(self.log)}")


@contextmanager
def lend_cluster(place: Place, needed: bool) -> Iterator[Place]:
    """The place with a cluster to test on: the one that the caller names, or our own, which is always taken down."""
    given = os.environ.get("AIOPS_TEST_KUBECONFIG")
    if given or not needed:
        path = Path(given).absolute() if given else None
        yield Place(place.runner, place.scratch, place.tree, lambda: path)
        return
    cluster = OwnCluster(place.runner)
    try:
        yield Place(place.runner, place.scratch, place.tree, lambda: cluster.kubeconfig)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave a cluster behind
        cluster.down()


def environment(scratch: Path, tree: Path) -> dict[str, str]:
    """This process's environment without what would lead to other collections, settings or clusters, or slow it down."""
    foreign = ("ANSIBLE_", "K8S_AUTH_", "KUBECONFIG", "AIOPS_", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "MOLECULE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {
        "PATH": f"{BIN}{os.pathsep}{kept.get('PATH', os.defpath)}",
        "ANSIBLE_COLLECTIONS_PATH": str(tree),
        "ANSIBLE_HOME": str(scratch / "ansible"),
        "KUBECONFIG": os.devnull,
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
    }


def run_those(jobs: Iterable[Job], place: Place) -> None:
    for job in jobs:
        job(place)


def run(chosen: Set[Job]) -> int:
    logs = ROOT / ".logs"
    logs.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="aiops-tests-") as name:
        scratch = Path(name)
        tree = linked_tree(ROOT, scratch / "tree")
        runner = Runner(ROOT, logs, environment(scratch, tree))
        needs_cluster = not chosen <= set(STATIC)
        try:
            with lend_cluster(Place(runner, scratch, tree), needs_cluster) as place:
                for stage in STAGES:
                    others, jobs = ([job for job in jobs if job in chosen] for jobs in stage)
                    with beside(runner, functools.partial(run_those, others, place)):
                        run_those(jobs, place)
        except KeyboardInterrupt:
            runner.fail("run", "interrupted")
    print(*runner.failures, runner.count, sep="\n", flush=True)
    return int(runner.count.failed > 0)


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", help=f"all when none is named: {', '.join(ALL)}")
    parts = parser.parse_args().part or list(ALL)
    if unknown := set(parts) - set(ALL):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        sys.exit("The tests look at what git tracks: install git and run them in a clone.")
    signal.signal(signal.SIGTERM, interrupt)
    sys.exit(run({ALL[part] for part in parts}))


if __name__ == "__main__":
    main()
