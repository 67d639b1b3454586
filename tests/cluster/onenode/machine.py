# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster changes outside its namespaces, and how it is put back.

The kubelet sets machine-wide sysctls, mounts need folders to exist, and cgroups are not namespaced.  The first
cluster of the machine writes down how it was; the last one that goes restores it.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from pathlib import Path
from typing import Any

from .layout import RUN_FOLDER, Layout
from .locks import locked
from .node import BOUND_FOLDERS
from .problem import Problem

SYSCTLS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
_PROC_SYS = Path("/proc/sys")
_CGROUPS = Path("/sys/fs/cgroup")


def acquire(layout: Layout, run_folder: Path = RUN_FOLDER, proc_sys: Path = _PROC_SYS) -> None:
    """Write down that this cluster uses the machine, and how the machine was before the first one; make mount points.

    Raises a Problem when the kernel lacks what a bridge needs.
    """
    _need_bridge_filter(proc_sys)
    with locked(run_folder.with_suffix(".lock"), "another cluster changes the machine's settings"):
        ledger = _read(run_folder)
        if ledger is None:
            ledger = {"sysctls": _sysctls(proc_sys), "folders": [], "clusters": []}
        ledger["clusters"] = sorted({*ledger["clusters"], str(layout.state)})
        for target in BOUND_FOLDERS.values():
            missing = _missing(Path(target))
            ledger["folders"] += [str(path) for path in missing]
            _write(run_folder, ledger)
            for path in missing:
                path.mkdir(exist_ok=True)
        _write(run_folder, ledger)


def release(layout: Layout, run_folder: Path = RUN_FOLDER, proc_sys: Path = _PROC_SYS) -> None:
    """Forget this cluster; after the last one put sysctls back and remove the mount points that we made."""
    if not run_folder.exists():
        return
    with locked(run_folder.with_suffix(".lock"), "another cluster changes the machine's settings"):
        ledger = _read(run_folder)
        if ledger is None:
            return
        others = [path for path in ledger["clusters"] if path != str(layout.state) and Path(path).is_dir()]
        if others:
            _write(run_folder, {**ledger, "clusters": others})
            return
        for name, value in ledger["sysctls"].items():
            (proc_sys / name).write_text(value, encoding="ascii")
        for folder in reversed(ledger["folders"]):
            with contextlib.suppress(OSError):  # somebody else uses it by now
                Path(folder).rmdir()
        (run_folder / "machine.json").unlink()
        run_folder.rmdir()


def make_cgroups(name: str) -> None:
    """Make the cluster's cgroup in every hierarchy (v1), or the one there is (v2)."""
    for root in _hierarchies():
        group = root / name
        group.mkdir(exist_ok=True)
        if (root / "cpuset.cpus").exists() and root != _CGROUPS:
            for file in ("cpuset.cpus", "cpuset.mems"):
                (group / file).write_text((root / file).read_text(encoding="ascii"), encoding="ascii")


def remove_cgroups(name: str, patience: float = 15.0) -> None:
    """Remove the cluster's cgroups; the kernel may take a moment to let go of the dead processes in them."""
    limit = time.monotonic() + patience
    for group in cgroups(name):
        while not _removed(group):
            if time.monotonic() > limit:
                raise Problem(f"The cgroup {group} is still in use; end the processes in it and try again.")
            time.sleep(0.05)


def cgroups(name: str) -> list[Path]:
    """Return all cgroup folders of this cluster, children first."""
    found: list[Path] = []
    for root in _hierarchies():
        top = root / name
        if top.is_dir():
            found += [*sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True), top]
    return found


def _removed(group: Path) -> bool:
    try:
        group.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _hierarchies() -> list[Path]:
    if (_CGROUPS / "cgroup.controllers").exists():
        return [_CGROUPS]
    return [path for path in _CGROUPS.iterdir() if not path.is_symlink() and (path / "cgroup.procs").exists()]


def _need_bridge_filter(proc_sys: Path) -> None:
    bridge = proc_sys / "net/bridge"
    if not bridge.is_dir():
        subprocess.run(["modprobe", "-a", "overlay", "br_netfilter"], capture_output=True, check=False)
    if not bridge.is_dir():
        raise Problem("This kernel has no br_netfilter, which service addresses need; load that module and try again.")


def _sysctls(proc_sys: Path) -> dict[str, str]:
    return {name: (proc_sys / name).read_text(encoding="ascii").strip() for name in SYSCTLS}


def _missing(path: Path) -> list[Path]:
    chain = [path, *path.parents]
    return [one for one in reversed(chain) if not one.exists()]


def _read(run_folder: Path) -> dict[str, Any] | None:
    try:
        value: dict[str, Any] = json.loads((run_folder / "machine.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return value


def _write(run_folder: Path, ledger: dict[str, Any]) -> None:
    run_folder.mkdir(exist_ok=True)
    temporary = run_folder / "machine.json.new"
    temporary.write_text(json.dumps(ledger, indent=1), encoding="utf-8")
    temporary.replace(run_folder / "machine.json")
