# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: results go to stdout, progress and errors to stderr."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from . import addons, agent, build, host, soak
from .layout import DEFAULT_NAME, Layout, cache_folder, clusters_folder, layout_of, valid_name
from .problem import Problem
from .progress import say

_NEED_ROOT = {"up", "down", "exec", "build", "soak", "addons", "helm", "agent"}


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code: 1 after a Problem, 130 after an interruption."""
    options = parse(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        check_machine(options.command, platform.system(), platform.machine(), os.geteuid())
        _run(options)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except BrokenPipeError:  # who read our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"`{options.command}` was refused by the machine: {error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; what was begun has been removed.", file=sys.stderr)
        return 130
    return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; ends the process with a usage text where it is wrong."""
    parser = argparse.ArgumentParser(prog="cluster.py", description="A real one-node Kubernetes cluster for tests.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start a cluster; the last line is the export of its kubeconfig")
    up.add_argument("--addons", choices=("none", "build", "wait"), default="build", help="CoreDNS and metrics-server")
    up.add_argument("--port", type=_port, default=0, help="loopback port of the API server (default: a free one)")
    down = commands.add_parser("down", help="stop a cluster and remove everything of it")
    status = commands.add_parser("status", help="say whether a cluster runs")
    commands.add_parser("list", help="list the clusters, one a line")
    inside = commands.add_parser("exec", help="run a command inside the node's namespaces: exec -- CMD ...")
    commands.add_parser("build", help="fill the caches only")
    commands.add_parser("helm", help="build helm where it is missing; the last line is its path")
    commands.add_parser(
        "agent", help="build the image of kagent's agent where it is missing; the last line is its name"
    )
    rounds = commands.add_parser("soak", help="start and stop a cluster many times and look for leaks")
    rounds.add_argument("--rounds", type=_positive, default=20)
    extra = commands.add_parser("addons", help="build and deploy the addons of a running cluster")
    for command in (up, down, status, inside, extra):
        command.add_argument("--name", type=_name, default=DEFAULT_NAME, help=f"the cluster's name ({DEFAULT_NAME})")
    rounds.add_argument("--name", type=_name, default="soak", help="the cluster's name (soak)")
    inside.add_argument("argv", nargs="+", metavar="CMD")
    return parser.parse_args(arguments)


def check_machine(command: str, system: str, architecture: str, user: int) -> None:
    """Raise a Problem when this machine or user cannot run the command."""
    if system != "Linux":
        raise Problem(f"The test cluster needs Linux, this is {system}; set AIOPS_TEST_KUBECONFIG to another cluster.")
    if architecture not in {"x86_64", "amd64"}:
        raise Problem(f"The test cluster's images are made for x86-64 only (this is {architecture}).")
    if command in _NEED_ROOT and user != 0:
        raise Problem(f"`{command}` needs root for namespaces, mounts and cgroups; run it with sudo.")


def _run(options: argparse.Namespace) -> None:
    if options.command == "list":
        _list()
        return
    if options.command in {"build", "helm", "agent"}:
        _build(options.command)
        return
    layout = layout_of(options.name)
    if options.command == "up":
        _up(layout, options.port, options.addons)
    elif options.command == "down":
        print(f"{layout.name}: stopped" if host.stop(layout) else f"{layout.name}: is not running")
    elif options.command == "status":
        _status(layout)
    elif options.command == "exec":
        host.run_inside(layout, options.argv)
    elif options.command == "addons":
        addons.deploy(layout, host.parts_of(layout), cache_folder())
    elif options.command == "soak":
        soak.soak(layout, options.rounds)


def _build(command: str) -> None:
    """Make something of the cache folder, which all clusters share."""
    cache = cache_folder()
    if command == "helm":
        print(build.helm(cache))
        return
    parts = build.node_parts(cache)
    if command == "agent":
        print(agent.publish(cache, parts))
    else:
        build.publish_addons(cache, parts.images)


def _up(layout: Layout, port: int, wanted: str) -> None:
    started = False
    if host.state_of(layout).phase != "running":
        host.clean_up(layout)
        parts = build.node_parts(cache_folder())
        started = host.start(layout, parts, port)
    say(f"the cluster {layout.name} {'is usable' if started else 'runs already'}")
    try:
        _give_addons(layout, wanted)
    except BaseException:
        if started:
            host.stop(layout)
        raise
    print(f"export KUBECONFIG={layout.kubeconfig}", flush=True)


def _give_addons(layout: Layout, wanted: str) -> None:
    """Deploy the addons now when that is quick or waited for, in the background when they must be built first."""
    if wanted == "none":
        return
    parts = host.parts_of(layout)
    if wanted == "wait" or build.addons_cached(cache_folder()):
        addons.deploy(layout, parts, cache_folder())
    elif addons.deploy_in_background(layout):
        say(f"CoreDNS and metrics-server are built in the background, about 4 minutes; {layout.logs}/addons.log")
    if wanted == "wait":
        addons.wait(layout, parts)


def _status(layout: Layout) -> None:
    state = host.state_of(layout)
    if state.phase != "running":
        texts = {"stopped": "is not running", "starting": "is being started", "remains": "was killed; run `down`"}
        print(f"{layout.name}: {texts[state.phase]}")
        return
    print(f"{layout.name}: running since {state.since}, API at https://127.0.0.1:{state.port}")
    print(f"  node:    {host.node_text(layout, state)}")
    print(f"  kubectl: {host.parts_of(layout).binaries / 'kubectl'}")
    if addons.log_of(layout).exists():
        print(f"  addons:  {addons.last_word(layout)}")
    print(f"  logs:    {layout.logs}, {layout.audit_log}")
    print(f"export KUBECONFIG={layout.kubeconfig}")


def _list() -> None:
    folder = clusters_folder()
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.is_dir():
            layout = layout_of(path.name)
            print(f"{layout.name} {host.state_of(layout).phase} {layout.kubeconfig}")


def _name(text: str) -> str:
    if not valid_name(text):
        raise argparse.ArgumentTypeError(f"{text!r}: use up to 30 small letters, digits and dashes")
    return text


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rounds")
    return int(text)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
