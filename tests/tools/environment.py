# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the virtual environments: `install` for all tools, `demo` for ansible-core alone (then run the demo).

Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "tests" / "requirements"
INSTALL, IMPORT, DEMO = (".venv", "install"), (".venv-import", "import"), (".venv-demo", "demo")


def fingerprint(venv: Path, requirements: Path) -> str:
    """What an environment was made of; its own path counts, since its scripts name it."""
    parts = (str(venv).encode(), sys.version.encode(), requirements.read_bytes())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_fresh(venv: Path, requirements: Path) -> bool:
    stamp = venv / "made-of"
    python = venv / "bin" / "python"
    return python.exists() and stamp.exists() and stamp.read_text() == fingerprint(venv, requirements)


def make(venv: Path, requirements: Path) -> None:
    """Create the environment unless it is there and made of the same requirements."""
    if is_fresh(venv, requirements):
        return
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"{sys.executable} has no {' and no '.join(missing)}. On Debian: apt-get install python3-venv")
    print(f"Making {venv.name} from {requirements.relative_to(ROOT)} ...", flush=True)
    run("-m", "venv", "--clear", str(venv))
    python = venv / "bin" / "python"
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
    run(*pip, "--requirement", str(requirements), python=python)
    # On all cores, which pip does not; without the twelve thousand files that Ansible compiles itself whenever it needs one.
    compiling = (
        "-m",
        "compileall",
        "-qq",
        "-j",
        "0",
        "-x",
        "/site-packages/ansible_collections/",
        str(site_packages(venv)),
    )
    subprocess.run([str(python), *compiling], check=False)  # templates that are no Python are no failure
    (venv / "made-of").write_text(fingerprint(venv, requirements))


def run(*arguments: str, python: Path | None = None) -> None:
    command = [str(python or sys.executable), *arguments]
    status = subprocess.run(command, check=False).returncode
    if status:
        sys.exit(f"This command failed with status {status}: {' '.join(command)}")


def site_packages(venv: Path) -> Path:
    return Path(sysconfig.get_path("purelib", "venv", vars={"base": str(venv), "platbase": str(venv)}))


def link(place: Path, target: Path) -> None:
    if place.is_symlink() and place.resolve() == target.resolve():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(target, target_is_directory=True)


def link_collection(venv: Path) -> None:
    """Put this checkout under its full name, so that `ansible-playbook aiops.kubernetes.X` finds it from anywhere."""
    link(site_packages(venv) / "ansible_collections" / "aiops" / "kubernetes", ROOT)


def prepare(venv_name: str, requirements_name: str) -> Path:
    venv, requirements = ROOT / venv_name, REQUIREMENTS / f"{requirements_name}.txt"
    make(venv, requirements)
    return venv


def install() -> None:
    with ThreadPoolExecutor() as threads:
        venv, importer = threads.map(prepare, *zip(INSTALL, IMPORT, strict=True))
    link_collection(venv)
    # The importer reads our documentation, which takes fragments from kubernetes.core, and our playbooks for AWX.
    for namespace in ("kubernetes", "awx"):
        link(*(site_packages(where) / "ansible_collections" / namespace for where in (importer, venv)))


def demo(arguments: Sequence[str]) -> None:
    has_all_tools = is_fresh(ROOT / INSTALL[0], REQUIREMENTS / f"{INSTALL[1]}.txt")
    venv = prepare(*(INSTALL if has_all_tools else DEMO))
    link_collection(venv)
    # Named outright, so that no other copy of the collection on this machine is shown instead.
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(site_packages(venv))
    # The demo has no inventory, and need not warn of that.
    os.environ["ANSIBLE_LOCALHOST_WARNING"] = os.environ["ANSIBLE_INVENTORY_UNPARSED_WARNING"] = "false"
    playbook = str(venv / "bin" / "ansible-playbook")
    os.execv(playbook, [playbook, "aiops.kubernetes.demo", *arguments])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("install", "demo"))
    options, rest = parser.parse_known_args()
    if options.what == "install":
        install()
    else:
        demo(rest)


if __name__ == "__main__":
    main()
