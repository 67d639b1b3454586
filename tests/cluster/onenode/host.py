# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, stop and look at clusters from outside their namespaces."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from . import bootstrap, configuration, kubeapi, machine, node, pki, processes
from .build import Parts
from .layout import CLUSTER_VARIABLE, SOURCES, Layout
from .locks import locked
from .problem import Problem
from .progress import say

_READY_LIMIT = 180.0


@dataclass(frozen=True)
class State:
    """What is there of a cluster: `phase` is running, starting, stopped or remains (of a killed run)."""

    phase: str
    port: int | None = None
    since: str | None = None


def state_of(layout: Layout) -> State:
    """Look at a cluster's folder and its init process; changes nothing."""
    if not layout.state.exists():
        return State("stopped")
    if not processes.alive(processes.load(layout.init_identity)):
        return State("remains")
    try:
        ready = json.loads(layout.ready.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return State("starting")
    return State("running", ready["port"], ready["since"])


def parts_of(layout: Layout) -> Parts:
    """Return the parts that a cluster was started from.  Raises a Problem when it does not run."""
    if state_of(layout).phase != "running":
        raise Problem(f"The cluster {layout.name} is not running; start it with `make cluster`.")
    settings = json.loads((layout.state / "node.json").read_text(encoding="utf-8"))
    return Parts(Path(settings["binaries"]), Path(settings["images"]))


def start(layout: Layout, parts: Parts, port: int) -> bool:
    """Start the cluster and return when a pod has run; False when it runs already.

    `port` is the loopback port of the API, 0 for a free one.  Whatever stops us, nothing is left behind; only when the
    cluster itself fails, its logs are kept, and the Problem says where.
    """
    with _exclusive(layout):
        if state_of(layout).phase == "running":
            return False
        _remove_remains(layout)
        with _listen(port) as listener:
            try:
                _start(layout, parts, listener)
            except Problem as error:
                kept = _keep_logs(layout)
                _remove(layout)
                raise Problem(f"{error} The logs are in {kept}.") from error
            except BaseException:
                _remove(layout)
                raise
        shutil.rmtree(_failed_logs(layout), ignore_errors=True)
    return True


def stop(layout: Layout) -> bool:
    """Stop the cluster and remove everything of it; False when there was nothing."""
    with _exclusive(layout):
        if state_of(layout).phase == "stopped":
            return False
        _remove(layout)
    return True


def clean_up(layout: Layout) -> None:
    """Remove what a killed run left, if there is anything."""
    if state_of(layout).phase == "remains":
        with _exclusive(layout):
            _remove_remains(layout)


def node_text(layout: Layout, state: State) -> str:
    """Return in a few words how the node of a running cluster is."""
    try:
        return "Ready" if bootstrap.node_ready(kubeapi.connect(layout, state.port or 0)) else "not Ready"
    except (OSError, Problem, kubeapi.NotFound) as error:
        return f"unknown, the API server does not answer ({error})"


def run_inside(layout: Layout, command: list[str]) -> NoReturn:
    """Replace this process by a command inside the cluster's namespaces, with kubectl and its kubeconfig at hand."""
    parts = parts_of(layout)
    init = processes.load(layout.init_identity)
    assert init is not None  # noqa: S101 - parts_of has seen it alive
    os.environ["PATH"] = f"{parts.binaries}:{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/sbin:/bin"
    os.environ["KUBECONFIG"] = str(layout.inner_kubeconfig)
    enter = ["nsenter", "--target", str(init.pid), "--mount", "--net", "--pid", "--uts", "--ipc", "--", *command]
    try:
        os.execvp(enter[0], enter)
    except OSError as error:
        raise Problem(f"nsenter could not be run ({error}); install the Debian package util-linux.") from error


@contextlib.contextmanager
def _exclusive(layout: Layout) -> Iterator[None]:
    """Hold the cluster's lock; afterwards no empty folders stay behind."""
    try:
        with locked(layout.lock, f"another process starts or stops the cluster {layout.name}"):
            yield
    finally:
        for folder in (layout.state.parent, layout.state.parent.parent):
            with contextlib.suppress(OSError):  # not empty: other clusters
                folder.rmdir()


def _remove_remains(layout: Layout) -> None:
    if state_of(layout).phase in {"remains", "starting"}:  # we hold the lock, so nobody is starting it
        say(f"removing what a killed run of the cluster {layout.name} left")
        _remove(layout)


def _listen(port: int) -> socket.socket:
    """Return the socket that will be the API's address outside; raises a Problem when the port is taken."""
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        why = f"Port {port} of 127.0.0.1 cannot be used ({error.strerror})"
        raise Problem(f"{why}; choose another --port, or none for a free one.") from error
    return listener


def _start(layout: Layout, parts: Parts, listener: socket.socket) -> None:
    port = int(listener.getsockname()[1])
    _write_state(layout, parts, port)
    machine.acquire(layout)
    machine.make_cgroups(layout.cgroup)
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            process = _spawn(layout, theirs, listener)
        _save_init(layout, process)
        _follow(layout, ours)
        api = kubeapi.connect(layout, port)
        bootstrap.bootstrap(api)
        say("the node is Ready")
        bootstrap.run_first_pod(api)
        say("a pod has run")
        ready = {"port": port, "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        layout.ready.write_text(json.dumps(ready), encoding="utf-8")
        ours.sendall(b"keep\n")
    process.returncode = 0  # it outlives us on purpose


def _write_state(layout: Layout, parts: Parts, port: int) -> None:
    layout.state.mkdir(parents=True, mode=0o700)
    for folder in (layout.configuration, layout.logs, layout.pids):
        folder.mkdir()
    pki.write_pki(layout, port)
    for name, text in configuration.configuration_files(layout, parts.images).items():
        path = layout.configuration / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    settings = node.settings_of(layout, parts.binaries, parts.images)
    (layout.state / "node.json").write_text(json.dumps(settings), encoding="utf-8")


def _spawn(layout: Layout, control: socket.socket, listener: socket.socket) -> subprocess.Popen[bytes]:
    """Start the init process in its own namespaces; it gets our end of the conversation and the API's listener."""
    namespaces = ["--mount", "--net", "--pid", "--uts", "--ipc", "--propagation", "private", "--mount-proc"]
    init = [sys.executable, "-m", "onenode.node", str(layout.state), str(control.fileno()), str(listener.fileno())]
    with (layout.logs / "node.log").open("ab") as log:
        return subprocess.Popen(
            ["unshare", *namespaces, "--fork", "--kill-child", "--", *init],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[control.fileno(), listener.fileno()],
            start_new_session=True,
            cwd="/",
            env={**os.environ, "PYTHONPATH": str(SOURCES), CLUSTER_VARIABLE: str(layout.state)},
        )


def _save_init(layout: Layout, process: subprocess.Popen[bytes]) -> None:
    """Write down who the init process is: the only child of unshare."""
    limit = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < limit:
        for pid in processes.children(process.pid):
            identity = processes.identify(pid)
            if identity:
                processes.save(identity, layout.init_identity)
                return
        time.sleep(0.02)
    raise Problem("The namespaces of the cluster could not be made; this needs root with all capabilities.")


def _follow(layout: Layout, control: socket.socket) -> None:
    """Say what the init process reports until it is ready; raises a Problem when it fails, ends or takes too long."""
    control.settimeout(_READY_LIMIT)
    with control.makefile("r", encoding="utf-8") as lines:
        try:
            for line in lines:
                kind, _blank, text = line.rstrip("\n").partition(" ")
                if kind == "ready":
                    return
                if kind == "fail":
                    raise Problem(f"The cluster {layout.name} did not start: {text}.")
                say(text)
        except TimeoutError as error:
            raise Problem(f"The cluster {layout.name} did not start within {_READY_LIMIT:.0f} s.") from error
    raise Problem(f"The init process of the cluster {layout.name} ended while it started.")


def _failed_logs(layout: Layout) -> Path:
    return layout.state.parent.parent / f"failed-{layout.name}"


def _keep_logs(layout: Layout) -> Path:
    """Copy the logs of a failed start to where its removal does not reach them."""
    target = _failed_logs(layout)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(layout.logs, target)
    return target


def _remove(layout: Layout) -> None:
    """End the cluster's processes and remove its cgroups, settings and files, whatever there is of them."""
    processes.end(processes.load(layout.addons_identity), politely=5.0)
    if not processes.end(processes.load(layout.init_identity)):
        raise Problem(f"The init process of the cluster {layout.name} does not end; look at it and try again.")
    machine.remove_cgroups(layout.cgroup)
    shutil.rmtree(layout.state, ignore_errors=True)
    machine.release(layout)
    if layout.state.exists():
        raise Problem(f"The folder {layout.state} could not be removed; remove it by hand.")
