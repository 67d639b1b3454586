# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that start and end again by themselves."""

from __future__ import annotations

import json
import re
import typing as t

from .._model import fields
from .._model.finding import EvidenceItem
from .._model.objects import PROBE_KINDS, Container
from .._model.text import one_line
from . import _case
from ._failures import complaint, told

# Where loggers that write JSON put what they have to say: zap, zerolog, logrus, pino, winston, structlog, slog, log4j, ECS.
_SAYINGS: t.Final = ("msg", "message", "event", "error", "err", "exception", "error.message")
_OWN_REASONS: t.Final = frozenset({"Error", "Completed"})
# .NET and Rust abort over an error that nobody handles, and tell it: that is no fault in native code.
_TOLD: t.Final = r"^Unhandled exception\. [\w.]+|^thread '[^']*' (?:\(\d+\) )?panicked at "
# A runtime ends itself by a signal when its own heap is full.
_HEAP: t.Final = r"(?i)heap out of memory|OutOfMemoryError|Allocation failed"
_TAKEN: t.Final = (
    r"(?i)address (?:is )?(?:already )?in use|\bEADDRINUSE\b|\bconnection in use\b|\bonly one usage of each socket address"
    r"|\bport\W+\d+\W+(?:is |was |seems to be |appears to be )?(?:already )?(?:in use|allocated|taken|occupied)|\berrno 98\b"
)
_TIMEOUT: t.Final = r"(?:^|[\s;&|/])timeout\s"
# What scripts say where they end as if all were well; an error in plain words is found anyway.
_LACKS: t.Final = r"(?i)\b(?:undefined|unset|not (?:set|defined|found|given|provided))\b|^usage:"
# So many lines of a program that goes on are about what it does now.
_NOW: t.Final = 3
_UNIX_SOCKET: t.Final = r"(?i)\bunix\b|\.sock\b"
_PORT: t.Final = r"(?i)(?:\bport\W{1,3}|:|\('[^']*', )(\d{2,5})(?!\d)"


def application_error(case: _case.ContainerCase) -> _case.Judgement | None:
    """The application ends itself with an error code; nothing from outside ended it."""
    end = case.last_end
    if end is None or not case.gave_up:
        return None
    said = _case.last_words(case)
    shown = bool(told(end.message)) or said.strip() in "\n".join(_case.last_lines(case))
    above = () if shown else (_case.quote_line(case, said),)
    changed = _template_change(case)
    timed = end.exit_code == 124 and bool(re.search(_TIMEOUT, _case.command_line(case.container.spec)))
    return _case.Judgement(
        summary=f"container {case.container.name} {'is ended by the timeout in its own command' if timed else 'ends itself'}"
        f" with exit code {end.exit_code}" + (f"; its last words: {one_line(_plain(said), 160)}" if said else ""),
        explanation="The image was pulled, the command was found, and no probe, signal or memory limit ended the container: "
        + (
            "its command runs it under timeout, which ends it with 124 when its time is over."
            if timed
            else "the program itself gave up."
        )
        + (f" {changed.text}." if changed else ""),
        evidence=(_case.quote_end(case), *above, *_case.quote_log(case), *((changed,) if changed else ())),
        next_step=_case.log_command(case),
        confidence="confirmed" if said else "probable",
    )


def exits_with_success(case: _case.ContainerCase) -> _case.Judgement | None:
    """A container that shall go on running reaches its end without an error, again and again."""
    end = case.last_end
    if end is None or end.exit_code != 0 or end.reason not in _OWN_REASONS or case.kill:
        return None
    if case.container.role == "app" and case.pod.restart_policy != "Always":
        return None
    could = any(case.container.probe(kind) and case.could_end(kind) for kind in _case.PROBES_THAT_END)
    if not case.container_events and (could or "lifecycle" in case.container.spec):
        return None  # the kubelet's events may come late: without any nobody can tell that none of these ended it
    spec, last = case.container.spec, _case.last_words(case)
    admitted = last if complaint([last]) or re.search(_LACKS, last) else ""
    return _case.Judgement(
        summary=f"container {case.container.name} finishes without an error and is started again and again",
        explanation=f"Exit code 0, {case.container.restarts} restarts, and no probe ended it: the command does its work and returns, "
        f"but a {case.workload.kind} expects a process that stays."
        + (
            f" Its last words tell of a failure, and its exit code does not: {one_line(_plain(admitted), 160)}"
            if admitted
            else ""
        ),
        evidence=(
            _case.quote_end(case),
            EvidenceItem(
                "spec",
                f"{case.pod.ref}: {case.container.spec_place}: command and args; restartPolicy",
                f"{_case.command_line(spec)}; Always",
            ),
            *_case.quote_log(case),
        ),
        next_step=_case.edit_command(case.workload)
        + (
            f"   # mend what {case.container.name} tells of, and have it end with the exit code of what failed"
            if admitted
            else f"   # give {case.container.name} a command that stays, or make it a Job"
        ),
    )


def native_crash(case: _case.ContainerCase) -> _case.Judgement | None:
    """The processor, the C library or the runtime stopped the program: a fault in code, no error that it told."""
    end = case.last_end
    signal = _case.NATIVE_FAULTS.get(end.exit_code or 0) if end and end.reason == "Error" else None
    if end is None or signal is None or case.kill or (case.gave_up and _case.said(case, _TOLD)):
        return None
    heap = _case.said(case, _HEAP)
    said = heap.string if heap else complaint(told(case.log))
    changed = _template_change(case)
    why = (
        "The runtime stopped itself when its own heap was full: the container's memory limit was not reached."
        if heap
        else f"{signal} is how the system ends a program that did what it must not, in its own code or in a library. "
        "Nothing from outside ended it."
    )
    return _case.Judgement(
        summary=f"container {case.container.name} crashes in native code: {signal}, exit code {end.exit_code}"
        + (f"; its last words: {one_line(_plain(said), 120)}" if said else ""),
        explanation=why + (f" {changed.text}." if changed else ""),
        evidence=(
            _case.quote_end(case),
            *((_case.quote_said(case, heap),) if heap else _case.quote_log(case)),
            *((changed,) if changed else ()),
        ),
        next_step=_case.log_command(case),
    )


def port_in_use(case: _case.ContainerCase) -> _case.Judgement | None:
    """The program can't listen, for something else listens on the same address."""
    match = _case.said(case, _TAKEN)
    says_now = any(re.search(_TAKEN, line) for line in told(case.log)[-_NOW:])
    tries = case.container.running and not case.container.ready and says_now
    if match is None or not (tries or case.gave_up) or re.search(_UNIX_SOCKET, match.string):
        return None
    named = [int(number) for number in re.findall(_PORT, match.string)] or sorted(_ports(case.container))
    holder, port = _holder(case, named)
    on_node = fields.get(case.pod.spec, "hostNetwork") is True
    if holder:
        why = f"The containers of a pod share one network, and container {holder} has port {port} too."
        proof = f"{port}: declared by container {holder}, or asked by its probe"
    elif on_node:
        why = "The pod uses the network of its node, where another pod or the node itself has the port."
        proof = f"hostNetwork true, node {case.pod.node}"
    else:
        why = "Which process has it can't be seen from outside: one of another container, or a second one of this container."
        proof = "containers " + ", ".join(each.name for each in case.pod.containers)
    return _case.Judgement(
        summary=f"container {case.container.name} can't listen"
        + (f" on port {port or named[-1]}" if named else "")
        + ": the address is already in use"
        + (f" by container {holder}" if holder else ""),
        explanation=f"The program {'says so again and again' if tries else 'said so and ended itself'}. {why}",
        evidence=(
            _case.quote_said(case, match),
            *(() if tries else (_case.quote_end(case),)),
            EvidenceItem("spec", f"{case.pod.ref}: spec", proof),
        ),
        next_step=_case.edit_command(case.workload) + f"   # give {case.container.name} another port",
        confidence="confirmed" if holder or on_node else "probable",
    )


def _holder(case: _case.ContainerCase, named: t.Sequence[int]) -> tuple[str, int]:
    """The other container of the pod that has one of the ports, and which; init containers are over by then."""
    for each in case.pod.containers:
        common = [port for port in named if port in _ports(each)]
        if common and each.name != case.container.name and each.role != "init":
            return each.name, common[0]
    return "", 0


def _ports(container: Container) -> set[int]:
    """The ports that a container is known to have: those it declares and those its probes ask."""
    asked = (probe.port for kind in PROBE_KINDS if (probe := container.probe(kind)))
    return {*container.port_names, *(port for port in asked if isinstance(port, int))}


def _template_change(case: _case.ContainerCase) -> EvidenceItem | None:
    """What this container's newest revision changed, by field name, where a former one is still known."""
    if not case.former_containers:
        return None
    revision, former = case.former_containers[0]
    spec = case.container.spec
    changed = sorted(
        key for key in {*spec, *former} if spec.get(key) != former.get(key) and key not in _SET_BY_ADMISSION
    )
    if not changed:
        return None
    ready = fields.get_int(revision.json, "status", "readyReplicas") or 0
    serves = f", which still has {ready} ready pod{'s' if ready > 1 else ''}" if ready else ""
    return EvidenceItem(
        "object",
        f"{case.workload}: this revision against revision {revision.number}",
        f"Since revision {revision.number}{serves}, container {case.container.name} changed: {', '.join(changed)}",
    )


# A pod's containers carry what a template's don't.
_SET_BY_ADMISSION: t.Final = frozenset(
    {"volumeMounts", "terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy"}
)


def _plain(line: str) -> str:
    """What a line of a log in JSON says; any other line as it is."""
    try:
        logged = json.loads(line)
    except (ValueError, RecursionError):
        return line
    words = [logged[key] for key in _SAYINGS if isinstance(logged.get(key), str)] if isinstance(logged, dict) else []
    return ": ".join(words) or line
