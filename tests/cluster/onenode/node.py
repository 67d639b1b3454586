# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The init process of a cluster: pid 1 of its namespaces.

It mounts what the node needs, makes the network, starts the services and reaps processes until it is killed, which
ends everything in its namespaces.  It talks with `up` over a socket: lines `say TEXT`, `ready` and `fail TEXT` go out;
`keep` comes in.  When the socket closes before `keep`, `up` was killed, and this process ends, too.

SIGHUP starts services again that have ended: tests kill some on purpose.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from . import services
from .layout import API_PORT, CLUSTER_VARIABLE, NODE_ADDRESS, NODE_NAME, SERVICE_RANGE, SOURCES, Layout

# Mounted over the node's own folders: nothing of the cluster is written outside its state folder.
BOUND_FOLDERS = {
    "kubelet": "/var/lib/kubelet",
    "containerd": "/var/lib/containerd",
    "pod-logs": "/var/log/pods",
    "container-logs": "/var/log/containers",
    "cni": "/var/lib/cni",
    "host-path-volumes": "/tmp/hostpath_pv",  # noqa: S108 - the provisioner in Kubernetes has this path built in
}
BOUND_FILES = {"hosts": "/etc/hosts", "nsswitch.conf": "/etc/nsswitch.conf"}
_START_LIMIT = 120.0

Services = dict[str, list[str]]
Running = dict[str, "subprocess.Popen[bytes]"]


class StartError(Exception):
    """A service did not come up; the text is for the person who started the cluster."""


def main(state: Path, control: socket.socket, listener: int) -> None:
    """Run a cluster.  `node.json` in the state folder says its name and where the binaries are."""
    settings = json.loads((state / "node.json").read_text(encoding="utf-8"))
    layout = Layout(settings["name"], state)
    binaries = Path(settings["binaries"])
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    threading.Thread(target=_end_with_starter, args=(control,), daemon=True).start()
    running: Running = {}
    try:
        commands = _start(layout, binaries, listener, running, lambda text: _send(control, f"say {text}"))
    except (StartError, OSError, subprocess.CalledProcessError) as error:
        _send(control, f"fail {error}")
        os._exit(1)
    _send(control, "ready")
    _reap_for_ever(layout, commands, running)


def _start(
    layout: Layout, binaries: Path, listener: int, running: Running, say: Callable[[str], None]
) -> dict[str, list[str]]:
    _mount(layout)
    _make_network()
    environment = _environment(layout)

    def launch(commands: Services) -> None:
        for name, argv in commands.items():
            running[name] = _launch(layout, name, argv, environment)

    base = services.base_services(layout)
    api = {"kube-apiserver": services.api_server(layout, binaries)}
    node = services.node_services(layout, binaries)
    forward = [sys.executable, "-m", "onenode.forward", str(listener), str(API_PORT)]
    launch(base)
    launch(api)
    running["forward"] = _launch(layout, "forward", forward, environment, listener)
    os.close(listener)
    trust = ssl.create_default_context(cafile=str(layout.pki / "ca.crt"))
    _wait(f"https://127.0.0.1:{API_PORT}/readyz", running, trust)
    say("the API server answers")
    launch(node)
    _wait("http://127.0.0.1:10248/healthz", running)
    say("the kubelet answers")
    return {**base, **api, **node}


def _mount(layout: Layout) -> None:
    _run("mount", "--make-rshared", "/")
    for name, target in BOUND_FOLDERS.items():
        source = layout.volumes / name
        source.mkdir(parents=True)
        _run("mount", "--bind", str(source), target)
    for name, target in BOUND_FILES.items():
        _run("mount", "--bind", str(layout.configuration / name), target)
    _run("mount", "-t", "tmpfs", "tmpfs", "/run")
    Path("/run/netns").mkdir()


def _make_network() -> None:
    """Make the node's network: loopback and a bridge, no default route, so nothing can leave the machine.

    Service addresses need a route to exist before kube-proxy's rules can rewrite them.
    """
    socket.sethostname(NODE_NAME)
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "link", "add", "cni0", "type", "bridge")
    _run("ip", "address", "add", f"{NODE_ADDRESS}/24", "dev", "cni0")
    _run("ip", "link", "set", "cni0", "up")
    _run("ip", "route", "add", SERVICE_RANGE, "dev", "cni0", "src", NODE_ADDRESS)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1", encoding="ascii")
    Path("/proc/sys/net/bridge/bridge-nf-call-iptables").write_text("1", encoding="ascii")


def _environment(layout: Layout) -> dict[str, str]:
    """Return the services' environment: no proxies and no settings of the person who started the cluster."""
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "GODEBUG": "netdns=cgo",  # Go's own resolver of containerd's age has a strange error for unknown hosts
        "PYTHONPATH": str(SOURCES),
        CLUSTER_VARIABLE: str(layout.state),
    }


def _launch(
    layout: Layout, name: str, argv: list[str], environment: dict[str, str], descriptor: int | None = None
) -> subprocess.Popen[bytes]:
    with (layout.logs / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd="/",
            pass_fds=[] if descriptor is None else [descriptor],
        )
    (layout.pids / name).write_text(str(process.pid), encoding="ascii")
    return process


def _wait(url: str, running: Running, trust: ssl.SSLContext | None = None) -> None:
    """Wait until the address answers 200; a service that ends meanwhile is an error at once."""
    limit = time.monotonic() + _START_LIMIT
    while not _answers(url, trust):
        for name, process in running.items():
            if process.poll() is not None:
                raise StartError(f"{name} ended with code {process.returncode}; read {name}.log")
        if time.monotonic() > limit:
            raise StartError(f"{url} does not answer after {_START_LIMIT:.0f} s; read the logs")
        time.sleep(0.1)


def _answers(url: str, trust: ssl.SSLContext | None) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2, context=trust) as answer:  # noqa: S310 - our own addresses
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _reap_for_ever(layout: Layout, commands: Services, running: Running) -> None:
    restart = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        restart.set()

    signal.signal(signal.SIGHUP, ask)
    while True:
        pid = _reap_one()
        for name, process in list(running.items()):
            if process.pid == pid:
                _note(layout, f"{name} ended")
                del running[name]
        if restart.is_set():
            restart.clear()
            for name, argv in commands.items():
                if name not in running:
                    running[name] = _launch(layout, name, argv, _environment(layout))
                    _note(layout, f"{name} started again")


def _reap_one() -> int:
    """Wait for one child, adopted ones included; look up five times a second for a wish to restart."""
    with contextlib.suppress(ChildProcessError):
        pid, _status = os.waitpid(-1, os.WNOHANG)
        if pid:
            return pid
    time.sleep(0.2)
    return 0


def _note(layout: Layout, text: str) -> None:
    with (layout.logs / "node.log").open("a", encoding="utf-8") as log:
        log.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def _end_with_starter(control: socket.socket) -> None:
    if control.recv(16) != b"keep\n":
        os._exit(1)


def _send(control: socket.socket, line: str) -> None:
    control.sendall(line.replace("\n", " ").encode() + b"\n")


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True)


def settings_of(layout: Layout, binaries: Path, images: Path) -> dict[str, str]:
    """Return what `node.json` holds: the name, and the folders of the binaries and of the registries' contents."""
    return {"name": layout.name, "binaries": str(binaries), "images": str(images)}


if __name__ == "__main__":
    main(Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])), int(sys.argv[3]))
