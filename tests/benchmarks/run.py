# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure on a real cluster: AIOPS_TEST_KUBECONFIG names it, or one is started and taken down again.

Ends with status 1 when a figure passes its limit.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
PLAYBOOKS = Path(__file__).parent / "playbooks"
CLUSTER = [sys.executable, str(Path(__file__).parents[1] / "cluster" / "cluster.py")]
EXPORT = "export KUBECONFIG="
NAME = f"it-benchmark-{os.getpid()}"
PAIRS = 9
CAUSES = ("application-error", "image-not-found", "configmap-missing")

Environment = Mapping[str, str]


@dataclass(frozen=True)
class Figure:
    """One row of the table; a figure without a limit is told for the reader's sake."""

    name: str
    measured: float
    unit: str = ""
    limit: float | None = None

    @property
    def passes(self) -> bool:
        return self.limit is None or self.measured <= self.limit


def main() -> None:
    with tempfile.TemporaryDirectory() as home, a_cluster() as kubeconfig:
        figures = diagnose_beside_a_list(environment(Path(home), kubeconfig))
    print(table(figures))
    sys.exit(not all(figure.passes for figure in figures))


def diagnose_beside_a_list(environment: Environment) -> list[Figure]:
    """The wall time of `diagnose` beside that of one task that lists the same 20 pods, in turn in one run."""
    listing = [str(PLAYBOOKS / "list.yml"), "--extra-vars", f"place={NAME}"]
    diagnosing = ["aiops.kubernetes.diagnose", "--extra-vars", f'{{"aiops_namespaces": ["{NAME}"]}}']
    with a_namespace(environment):
        found = play(environment, *diagnosing)  # warms up, as the first list does
        if missing := [cause for cause in CAUSES if cause not in found]:
            sys.exit(f"The diagnosis misses {', '.join(missing)}, so its time says nothing:\n{found}")
        play(environment, *listing)
        pairs = [(seconds(environment, *listing), seconds(environment, *diagnosing)) for _pair in range(PAIRS)]
    lists, diagnoses = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(diagnosis / listed for listed, diagnosis in pairs)
    return [
        Figure("a playbook with one k8s_info task, 20 pods, median", lists, "s"),
        Figure("diagnose of the same pods, 6 of them failing, median", diagnoses, "s"),
        Figure("ratio of the medians", diagnoses / lists, limit=1.3),
        Figure(f"median of the ratios of {PAIRS} pairs", ratio, limit=1.3),
    ]


def table(figures: list[Figure]) -> str:
    lines = [f"{'figure':<56}{'measured':>10}{'limit':>8}"]
    for figure in figures:
        limit = "" if figure.limit is None else f"{figure.limit:.2f}"
        verdict = "" if figure.passes else "  PASSED THE LIMIT"
        lines.append(f"{figure.name:<56}{f'{figure.measured:.2f} {figure.unit}'.strip():>10}{limit:>8}{verdict}")
    return "\n".join(lines)


@contextmanager
def a_cluster() -> Iterator[str]:
    """The kubeconfig of the cluster that the caller names, or of one of our own."""
    if given := os.environ.get("AIOPS_TEST_KUBECONFIG"):
        yield str(Path(given).absolute())
        return
    try:
        up = subprocess.run(
            [*CLUSTER, "up", "--name", NAME, "--addons", "none"], stdout=subprocess.PIPE, text=True, check=False
        )
        if up.returncode:
            sys.exit(up.returncode)
        yield up.stdout.splitlines()[-1].removeprefix(EXPORT)
    finally:
        subprocess.run([*CLUSTER, "down", "--name", NAME], stdout=subprocess.DEVNULL, check=True)


@contextmanager
def a_namespace(environment: Environment) -> Iterator[None]:
    print(f"Making 20 pods in namespace {NAME} ...", flush=True)
    try:
        play(environment, str(PLAYBOOKS / "prepare.yml"), "--extra-vars", f"place={NAME}")
        yield
    finally:
        options = "kind=Namespace state=absent wait=true name=" + NAME
        run(environment, "ansible", "localhost", "--module-name", "kubernetes.core.k8s", "--args", options)


def environment(home: Path, kubeconfig: str) -> dict[str, str]:
    """This process's environment without the user's settings for Ansible, which would be measured, too."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "K8S_AUTH_"))}
    settings = home / "ansible.cfg"
    settings.touch()
    own = {"ANSIBLE_CONFIG": str(settings), "ANSIBLE_HOME": str(home), "ANSIBLE_PYTHON_INTERPRETER": sys.executable}
    return kept | own | {"K8S_AUTH_KUBECONFIG": kubeconfig}


def play(environment: Environment, *arguments: str) -> str:
    return run(environment, "ansible-playbook", *arguments)


def run(environment: Environment, program: str, *arguments: str) -> str:
    """The output of a program of our own virtual environment; its failure ends the run."""
    done = subprocess.run([BIN / program, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{program} {' '.join(arguments)} failed with status {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def seconds(environment: Environment, *arguments: str) -> float:
    began = time.perf_counter()
    play(environment, *arguments)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
