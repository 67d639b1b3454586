# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure on a real API server of a cluster of this run's own, which is taken down again.

What is compared is measured in turn, in one run. Ends with status 1 when a figure falls short of its target.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.connection import Connection, connect
from ansible_collections.aiops.kubernetes.tests.benchmarks import fleet, loop
from ansible_collections.aiops.kubernetes.tests.unit.advisors.model_server import Scripted, serving

BIN = Path(sys.executable).parent
PLAYBOOKS = Path(__file__).parent / "playbooks"
CLUSTER = [sys.executable, str(Path(__file__).parents[1] / "cluster" / "cluster.py")]
PACKAGE = "ansible_collections.aiops.kubernetes"
READING, MODULE = f"{PACKAGE}.tests.benchmarks.reading", f"{PACKAGE}.plugins.modules.diagnosis_info"
EXPORT = "export KUBECONFIG="
NAME = f"benchmark-{os.getpid()}"
CAUSES = ("application-error", "image-not-found", "configmap-missing")
# How often each pair is measured.
SMALL_PAIRS, READING_PAIRS, LARGE_PAIRS, MODULE_RUNS, LOOPS = 15, 7, 3, 7, 20
ADVISOR_SECONDS = 1.0
PODS, MOST_PODS = 5_000, 10_000

Environment = Mapping[str, str]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Figure:
    """One row of the table; a figure without a target is told for the reader's sake."""

    name: str
    measured: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def target(self) -> str:
        if self.most is not None:
            return f"<= {self.most:g}"
        return f">= {self.least:g}" if self.least is not None else ""

    @property
    def verdict(self) -> str:
        short = (self.most is not None and self.measured > self.most) or (
            self.least is not None and self.measured < self.least
        )
        return "SHORT" if short else "ok" if self.target else ""


@dataclass(frozen=True)
class Cost:
    """What the operating system says that one finished process cost: seconds and megabytes."""

    cpu: float
    memory: float


def main() -> None:
    with tempfile.TemporaryDirectory() as home, a_cluster() as kubeconfig:
        own = environment(Path(home), kubeconfig)
        figures = told(diagnose_beside_a_list(own))
        figures += told(the_loop(kubeconfig))
        connection = connect({"kubeconfig": kubeconfig})
        with fleet.nodes(connection):
            figures += told(large(own, kubeconfig, connection, Path(home) / "arguments.json"))
    sys.exit(any(figure.verdict == "SHORT" for figure in figures))


def told(figures: list[Figure]) -> list[Figure]:
    """The figures, printed as soon as they are known."""
    say(table(figures))
    return figures


def diagnose_beside_a_list(environment: Environment) -> list[Figure]:
    """The wall time of `diagnose` beside that of one task that lists the same 20 pods, and beside itself with advice."""
    listing = [str(PLAYBOOKS / "list.yml"), "--extra-vars", f"place={NAME} pods=20"]
    diagnosing = ["aiops.kubernetes.diagnose", "--extra-vars", f'{{"aiops_namespaces": ["{NAME}"]}}']
    with a_namespace(environment):
        found = play(environment, *diagnosing)  # warms up, as the first list does
        if missing := [cause for cause in CAUSES if cause not in found]:
            sys.exit(f"The diagnosis misses {', '.join(missing)}, so its time says nothing:\n{found}")
        play(environment, *listing)
        lists, diagnoses = in_turn(
            SMALL_PAIRS, lambda: seconds(environment, *listing), lambda: seconds(environment, *diagnosing)
        )
        added = advice(environment)
    return [
        Figure("20 pods: a play with one k8s_info task", statistics.median(lists), "s"),
        Figure("20 pods, 6 failing: diagnose", statistics.median(diagnoses), "s"),
        Figure("20 pods: diagnose / k8s_info", ratio(diagnoses, lists), most=1.3),
        Figure(f"20 pods: three advisors of {ADVISOR_SECONDS:g} s each, beyond that time", added, "s", most=0.5),
    ]


def advice(environment: Environment) -> float:
    """The seconds that three advisors add to `diagnose` beyond those of one of them; a scripted model answers for them."""
    answer = json.dumps({"cause": "image-not-found", "evidence": ["e1"], "comment": "Seen."})
    with serving(Scripted(answer, delay=ADVISOR_SECONDS)) as model:
        one = {"kind": "openai_compatible", "url": model.url, "model": "text"}
        advisors = [{**one, "name": name} for name in ("first", "second", "third")]
        given = {"aiops_namespaces": [NAME]}
        without, asked = (
            ["aiops.kubernetes.diagnose", "--extra-vars", json.dumps(words)]
            for words in (given, {**given, "aiops_advisors": advisors})
        )
        key = {**environment, "OPENAI_API_KEY": "not-a-key"}
        if "third with text-1" not in play(key, *asked).replace("\\", ""):
            sys.exit("The report shows no advice, so its time says nothing.")
        before, after = in_turn(SMALL_PAIRS, lambda: seconds(key, *without), lambda: seconds(key, *asked))
    differences = [longer - shorter for longer, shorter in zip(after, before, strict=True)]
    return statistics.median(differences) - ADVISOR_SECONDS


def the_loop(kubeconfig: str) -> list[Figure]:
    """The medians of a bad rollout that a person answers, and of taking the answer back."""
    say(f"Going through the loop {LOOPS} times ...")
    rounds = loop.measured(kubeconfig, LOOPS)
    return [Figure(name, statistics.median(took), "s", most=loop.LIMITS[name]) for name, took in rounds.items()]


def large(environment: Environment, kubeconfig: str, connection: Connection, arguments: Path) -> list[Figure]:
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {"kubeconfig": kubeconfig}}))
    say(f"Making {PODS} pods ...")
    fleet.grow(connection, PODS)
    healthy = reading(environment, "judged", kubeconfig)
    fleet.break_some(connection)
    figures = reading_beside_bare(environment, kubeconfig, healthy)
    without = [module(environment, READING, "module", arguments) for _run in range(MODULE_RUNS)]
    runs = [module(environment, MODULE, arguments) for _run in range(MODULE_RUNS)]
    cpu, cpu_with_logs = (statistics.median(run.cpu for run in those) for those in (without, runs))
    figures += [
        Figure(f"{PODS} pods: processor time of the module, without logs", cpu, "s", 1.5),
        Figure(f"{PODS} pods: processor time of the module, with logs", cpu_with_logs, "s"),
        Figure(f"{PODS} pods: peak memory of the module process", max(run.memory for run in runs), "MB", 128),
    ]
    figures += plays_of_all(environment)
    say(f"Making {MOST_PODS} pods ...")
    fleet.grow(connection, MOST_PODS, PODS)
    fleet.break_some(connection)
    runs = [module(environment, MODULE, arguments) for _run in range(MODULE_RUNS)]
    memory = max(run.memory for run in runs)
    return [*figures, Figure(f"{MOST_PODS} pods: peak memory of the module process", memory, "MB", 192)]


def reading_beside_bare(environment: Environment, kubeconfig: str, healthy: Mapping[str, float]) -> list[Figure]:
    """Reading and judging beside reading alone, each in a process of its own; logs are left out."""
    say("Reading all of them, bare and judged in turn ...")
    bares, judged = in_turn(
        READING_PAIRS,
        lambda: reading(environment, "bare", kubeconfig),
        lambda: reading(environment, "judged", kubeconfig),
    )
    last = judged[-1]
    if healthy["findings"] or not last["findings"] or last["pods"] < PODS or last["unreadable"]:
        sys.exit(f"These were not the pods that were made, so their time says nothing: {healthy}, then {last}")
    walls = [each["wall"] for each in bares], [each["wall"] for each in judged]
    named = f"{PODS} pods, {last['findings']:.0f} findings"
    return [
        Figure(f"{PODS} pods: a bare read of {bares[-1]['bytes'] / 1e6:.0f} MB", statistics.median(walls[0]), "s"),
        Figure(f"{named}: read and judged", statistics.median(walls[1]), "s"),
        Figure(f"{named}: of it processor time", statistics.median(each["cpu"] for each in judged), "s"),
        Figure(f"{PODS} pods: read and judged / bare", ratio(walls[1], walls[0]), most=2.5),
        Figure(f"{PODS} pods, 0 findings: requests", healthy["requests"]),
        Figure(f"{PODS} pods, 0 findings: requests beyond the pages", healthy["requests"] - healthy["pages"], most=0),
        Figure(f"{named}: requests", last["requests"]),
        Figure(f"{named}: requests beyond the pages", last["requests"] - last["pages"], most=0),
    ]


def plays_of_all(environment: Environment) -> list[Figure]:
    """`diagnose` of the whole cluster beside one task that lists its pods."""
    say("Playing diagnose and k8s_info in turn ...")
    listing = [str(PLAYBOOKS / "list.yml"), "--extra-vars", f"pods={PODS}"]
    lists, diagnoses = in_turn(
        LARGE_PAIRS,
        lambda: seconds(environment, *listing),
        lambda: seconds(environment, "aiops.kubernetes.diagnose"),
    )
    return [
        Figure(f"{PODS} pods: a play with one k8s_info task", statistics.median(lists), "s"),
        Figure(f"{PODS} pods: diagnose, logs included", statistics.median(diagnoses), "s"),
        Figure(f"{PODS} pods: k8s_info / diagnose", ratio(lists, diagnoses), least=10),
    ]


def in_turn(times: int, first: Callable[[], _T], second: Callable[[], _T]) -> tuple[list[_T], list[_T]]:
    """Both measured one after the other, so often: a machine that grows slower does so to both."""
    pairs = [(first(), second()) for _pair in range(times)]
    return [one for one, _two in pairs], [two for _one, two in pairs]


def ratio(dividends: list[float], divisors: list[float]) -> float:
    """The median of the ratios, pair by pair."""
    return statistics.median(above / below for above, below in zip(dividends, divisors, strict=True))


def table(figures: list[Figure]) -> str:
    lines = [f"{'figure':<60}{'measured':>12}{'target':>10}"]
    for each in figures:
        measured = f"{each.measured:.2f}".removesuffix(".00") + f" {each.unit}".rstrip()
        lines.append(f"{each.name:<60}{measured:>12}{each.target:>10}  {each.verdict}".rstrip())
    return "\n".join(lines)


@contextmanager
def a_cluster() -> Iterator[str]:
    """The kubeconfig of a cluster of our own."""
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
    say(f"Making 20 pods in namespace {NAME} ...")
    try:
        play(environment, str(PLAYBOOKS / "prepare.yml"), "--extra-vars", f"place={NAME}")
        yield
    finally:
        options = "kind=Namespace state=absent wait=true name=" + NAME
        run(environment, "ansible", "localhost", "--module-name", "kubernetes.core.k8s", "--args", options)


def environment(home: Path, kubeconfig: str) -> dict[str, str]:
    """This process's environment without the user's settings for Ansible and for bytecode, which would be measured, too."""
    foreign = ("ANSIBLE_", "K8S_AUTH_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    settings = home / "ansible.cfg"
    settings.touch()
    own = {"ANSIBLE_CONFIG": str(settings), "ANSIBLE_HOME": str(home), "ANSIBLE_PYTHON_INTERPRETER": sys.executable}
    return kept | own | {"K8S_AUTH_KUBECONFIG": kubeconfig}


def reading(environment: Environment, what: str, kubeconfig: str) -> dict[str, float]:
    """What ``reading.py`` measured in a process of its own."""
    told = run(environment, "python", "-m", READING, what, kubeconfig)
    measured: dict[str, float] = json.loads(told)
    return measured


def module(environment: Environment, *words: str | Path) -> Cost:
    """What one process of the module diagnosis_info costs, imports included."""
    command = [sys.executable, "-m", *words]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode()
    if process.returncode:
        sys.exit(f"diagnosis_info failed with status {process.returncode}:\n{text}")
    found: dict[str, Any] = json.loads(text)["diagnosis"]
    if not found["findings"]:
        sys.exit("diagnosis_info found nothing, so its cost says nothing.")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)  # it counts KiB


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


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
