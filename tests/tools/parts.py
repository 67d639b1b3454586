# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the test run: what each of them starts."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.aiops.kubernetes.tests.tools.runner import (
    Environment,
    Runner,
    beside,
    count_importer,
    count_junit,
    count_sanity,
)
from ansible_collections.aiops.kubernetes.tests.tools.staging import listed, staged_copy

BIN = Path(sys.executable).parent
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
PACKAGE = "ansible_collections.aiops.kubernetes"

Command = list[str | Path]


@dataclass(frozen=True)
class Place:
    """What the parts need to know about this run."""

    runner: Runner
    scratch: Path
    """a folder of this run, removed at its end"""
    tree: Path
    """a collections path in which our collection is the working tree"""
    kubeconfig: Callable[[], Path | None] = lambda: None
    """waits for the test cluster; None when there is none"""

    @property
    def root(self) -> Path:
        return self.runner.root


def lint(place: Place) -> None:
    check = place.runner.check
    check("lint/ruff", BIN / "ruff", "check")
    mypy: Command = [BIN / "mypy", "--config-file", place.root / "pyproject.toml"]
    mypy += ["--cache-dir", place.root / ".mypy_cache"]
    # From the linked tree, so that imports under the full name resolve.
    cluster = place.root / "tests" / "cluster"
    packages = ["-p", f"{PACKAGE}.plugins", "-p", f"{PACKAGE}.tests", "--exclude", "/tests/cluster/"]
    both = {"MYPYPATH": f"{place.tree}{os.pathsep}{cluster}"}
    check("lint/mypy", *mypy, *packages, where=place.tree, environment=both)
    # The cluster's package has a name of its own: cluster.py runs without the collection.
    check("lint/mypy-cluster", *mypy, "-p", "onenode", "-m", "cluster", environment={"MYPYPATH": str(cluster)})
    check("lint/yamllint", BIN / "yamllint", "--strict", *listed(place.root, "*.yml", "*.yaml"))
    check("lint/ansible-lint", BIN / "ansible-lint")
    check("lint/changelog", BIN / "antsibull-changelog", "lint")
    check("lint/reuse", BIN / "reuse", "lint", where=staged_copy(place.root, place.scratch / "reuse"))


def docs(place: Place) -> None:
    options = ["--plugin-docs", "--validate-collection-refs", "dependent", "--check-extra-docs-refs"]
    command: Command = [BIN / "antsibull-docs", "lint-collection-docs", *options, "."]
    # It copies what git lists. The dependency lies in .venv, where git lists nothing: there it must not find our clone.
    place.runner.check("docs/antsibull-docs", *command, environment={"GIT_CEILING_DIRECTORIES": str(place.root)})


def units(place: Place) -> None:
    _pytest(place, "units", "tests/unit", "-n", "2")


def browser(place: Place) -> None:
    _pytest(place, "browser", "tests/browser")


def sanity(place: Place) -> None:
    where = staged_copy(place.root, place.scratch / "sanity")
    command = _ansible_test("sanity")
    place.runner.check("sanity", *command, where=where, counter=count_sanity, environment=_ansible_test_home(place))


def build(place: Place) -> None:
    where, output = staged_copy(place.root, place.scratch / "build"), place.scratch / "artifact"
    if place.runner.check(
        "build/galaxy", BIN / "ansible-galaxy", "collection", "build", "--output-path", output, where=where
    ):
        bin_import = place.root / ".venv-import" / "bin"
        [artifact] = output.glob("*.tar.gz")
        # The importer starts ansible-doc and ansible-lint: from its own environment.
        path = {"PATH": f"{bin_import}{os.pathsep}{os.environ['PATH']}"}
        command: Command = [bin_import / "python", "-m", "galaxy_importer.main", artifact]
        place.runner.check("build/importer", *command, where=output, counter=count_importer, environment=path)


def scenarios(place: Place) -> None:
    if cluster := _cluster(place, "scenarios"):
        _pytest(place, "scenarios", "tests/scenarios", "-m", "not alone", environment=cluster)


def alone(place: Place) -> None:
    if cluster := _cluster(place, "alone"):
        _pytest(place, "alone", "tests/scenarios", "-m", "alone", environment=cluster)


def loop(place: Place) -> None:
    if cluster := _cluster(place, "loop"):
        # What has the node for itself comes first, then what is timed, with no more beside it than there are cores.
        first = [f"tests/loop/test_{name}.py" for name in ("node", "respond")]
        _pytest(place, "loop/respond", *first, "-n", "3", environment=cluster)
        # These wait most of their time for a minute to pass. The longest come first.
        waiting = [f"tests/loop/test_{name}.py" for name in ("races", "kinds", "hard_cases", "measures")]
        kinds = functools.partial(_pytest, place, "loop/kinds", *waiting, "-n", "12", environment=cluster)
        ignored = [word for path in (*first, *waiting) for word in ("--ignore", path)]
        with beside(place.runner, kinds):
            _pytest(place, "loop/others", "tests/loop", *ignored, "-n", "4", environment=cluster)


def setup(place: Place) -> None:
    if cluster := _cluster(place, "setup"):
        # A file waits most of its time for something to become ready.  The real agent is for `make soak`.
        options = ["-n", "3", "--dist", "loadfile", "--ignore", "tests/setup/test_real_agent.py"]
        _pytest(place, "setup", "tests/setup", *options, environment=cluster)


def integration(place: Place) -> None:
    if not (cluster := _cluster(place, "integration")):
        return
    where = staged_copy(place.root, place.scratch / "integration")
    # ansible-test drops KUBECONFIG; this file reaches the targets as variables.
    config = where / "tests" / "integration" / "integration_config.yml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f"kubeconfig: {cluster['KUBECONFIG']}\n")
    environment = cluster | _ansible_test_home(place)
    for target in _targets(place, where):
        command = _ansible_test("integration", target)
        place.runner.check(f"integration/{target}", *command, where=where, environment=environment)


def molecule(place: Place) -> None:
    if not (cluster := _cluster(place, "molecule")):
        return
    names = sorted(path.parent.name for path in (place.root / "extensions" / "molecule").glob("*/molecule.yml"))
    if not names:
        place.runner.fail("molecule", "nothing to run: there is no extensions/molecule/*/molecule.yml")

    def play(scenarios: list[str]) -> None:
        for scenario in scenarios:
            command: Command = [BIN / "molecule", "test", "--scenario-name", scenario]
            place.runner.check(f"molecule/{scenario}", *command, environment=cluster)

    # One half waits for what it has changed while the other one works.
    with beside(place.runner, functools.partial(play, names[1::2])):
        play(names[::2])


Job = Callable[[Place], None]
STATIC = (lint, docs, units, browser, sanity, build)
# One stage after the other; in each, the first jobs run beside the second ones.
STAGES: tuple[tuple[tuple[Job, ...], tuple[Job, ...]], ...] = (
    ((setup,), (docs, sanity, build, lint)),  # the one waits for pods and metrics, the others need no cluster
    ((), (scenarios, loop)),
    ((integration,), (molecule,)),
    ((alone,), (browser, units)),  # the one has the cluster for itself and waits for it, the others need none
)
ALL: dict[str, Job] = {job.__name__: job for stage in STAGES for jobs in reversed(stage) for job in jobs}


def _pytest(place: Place, name: str, folder: str, *options: str, environment: Environment | None = None) -> None:
    report = place.scratch / f"{name.replace('/', '-')}.xml"
    command = [sys.executable, "-m", "pytest", folder, f"--junitxml={report}", *options]
    place.runner.check(name, *command, counter=count_junit(report), environment=environment)


def _cluster(place: Place, name: str) -> dict[str, str]:
    """The variables that lead to the test cluster; empty, and a failure, when there is none."""
    kubeconfig = place.kubeconfig()
    if kubeconfig is None:
        place.runner.fail(name, "no test cluster: see what 'cluster' said, or name one in AIOPS_TEST_KUBECONFIG")
        return {}
    return dict.fromkeys(("AIOPS_TEST_KUBECONFIG", "KUBECONFIG", "K8S_AUTH_KUBECONFIG"), str(kubeconfig))


def _targets(place: Place, where: Path) -> list[str]:
    """The targets that ansible-test would run; none is a failure."""
    command = _ansible_test("integration", "--list-targets")
    listing = subprocess.run(
        command, cwd=where, env=dict(place.runner.environment), capture_output=True, text=True, check=False
    )
    if listing.returncode or not listing.stdout.split():
        place.runner.fail("integration", f"nothing to run: no target under tests/integration/targets\n{listing.stderr}")
        return []
    return listing.stdout.split()


def _ansible_test(*words: str) -> Command:
    return [BIN / "ansible-test", *words, "--python", PYTHON, "--color", "no"]


def _ansible_test_home(place: Place) -> dict[str, str]:
    """A home for ansible-test's caches, with a get-pip that needs no download and the user's own pip settings."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = caches / "aiops-kubernetes" / "ansible-test"
    # The name carries the version of pip that ansible-core 2.19 wants.
    get_pip = home / ".ansible" / "test" / "cache" / "get_pip_24_2.py"
    get_pip.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(place.root / "tests" / "tools" / "get_pip.py", get_pip)
    for settings in (Path(".pip"), Path(".config/pip")):
        link = home / settings
        if (Path.home() / settings).is_dir() and not link.is_symlink():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(Path.home() / settings)
    return {"HOME": str(home)}
