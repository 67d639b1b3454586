# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that the kernel ends for their use of memory."""

from __future__ import annotations

import re
import typing as t
from decimal import Decimal

from .._model import fields, moments, quantity
from .._model.finding import Confidence, EvidenceItem
from .._model.objects import Event, Ref, Terminated, condition
from . import _case

# runc, where the limit does not even suffice for the first process.
_TOO_LITTLE_TO_START: t.Final = r"(?i)OOM-killed \(memory limit too low|memory limit too low"
# The kubelet writes a pod's token, settings and secrets to a tmpfs of the size of the pod's memory limit.
_NO_SPACE: t.Final = r"no space left on device"
_TOO_LITTLE_FOR_A_TOKEN: t.Final = Decimal(2**20)
# A parent tells that the system took a child away: gunicorn, celery, uWSGI, nginx, PostgreSQL, php-fpm, Python, a shell.
_CHILD_KILLED: t.Final = (
    r"(?i)perhaps out of memory|(?:killed by|exited on|terminated by|exited prematurely:?|received) signal:? 9\b|\bsignal 9 \(SIGKILL\)"
    r"|\bsent SIGKILL|(?:exit|return)(?:ed)?(?: with)?(?: code| status)? -9\b|BrokenProcessPool|terminated abruptly"
)
_NO_MEMORY: t.Final = (
    r"(?i)cannot allocate memory|out of memory|\bENOMEM\b|OutOfMemoryError|std::bad_alloc|MemoryError|memory exhausted"
)
# The kernel's messages, which the kubelet repeats as events of the node (pkg/kubelet/oom), come within seconds.
_SOON_SECONDS: t.Final = 60


def memory_limit_exceeded(case: _case.ContainerCase) -> _case.Judgement | None:
    """The container's main process passed its own memory limit.

    Only ``OOMKilled`` says so: 137 alone is any SIGKILL, and is no more than probable where the log speaks of memory.  An exit
    code other than 137 means that a child was killed and the main process went on to its own end (containerd
    ``internal/cri/server/events.go``), which is another cause.
    """
    end, limit = case.last_end, _limit(case)
    if end is None or not limit or _passes_node(case, limit):
        return None
    killed, to_start = (
        end.reason == "OOMKilled" and end.exit_code == 137,
        bool(re.search(_TOO_LITTLE_TO_START, end.message)),
    )
    told = (
        None
        if killed or to_start or end.exit_code != 137 or end.reason != "Error" or case.kill
        else _case.said(case, _NO_MEMORY)
    )
    if not (killed or to_start or told):
        return None
    request = fields.get_str(case.container.spec, "resources", "requests", "memory")
    amount = quantity.parse(limit)
    place = f"{case.pod.ref}: {case.container.spec_place}.resources"
    confidence: Confidence = "probable" if told else "confirmed"
    return _case.Judgement(
        summary=f"container {case.container.name} needs more memory than its limit of {limit} and is killed",
        explanation=_why_limit(case, to_start, confirmed=not told),
        evidence=(
            _case.quote_end(case),
            EvidenceItem("spec", place, f"memory limit {limit}, request {request or 'none'}"),
            *((_case.quote_said(case, told),) if told else _case.quote_log(case)),
        ),
        next_step=_case.edit_command(case.workload)
        + f"   # raise the memory limit of {case.container.name}"
        + (f", e.g. to {quantity.in_words(amount * 2, 'memory')}" if amount else "")
        + ", or find out why it grows",
        confidence=confidence,
    )


def memory_limit_too_low(case: _case.PodCase) -> _case.Judgement | None:
    """The pod's memory limit does not even suffice to make its sandbox, or to start the first process."""
    limits = [
        (limit, each)
        for each in case.pod.containers
        if (limit := fields.get_str(each.spec, "resources", "limits", "memory"))
    ]
    if not limits:
        return None
    limit, smallest = min(limits, key=lambda pair: quantity.parse(pair[0]) or Decimal(0))
    words = _TOO_LITTLE_TO_START
    if (quantity.parse(limit) or Decimal(0)) < _TOO_LITTLE_FOR_A_TOKEN:
        words += f"|{_NO_SPACE}"
    event = next((each for each in case.events if re.search(words, each.message)), None)
    if event is None:
        return None
    return _case.Judgement(
        summary=f"container {smallest.name} has a memory limit of {limit}, which does not suffice to start anything",
        explanation="Not even the first process can start within it, nor the pod's token be written. "
        "A forgotten suffix (Mi, Gi), or m in place of M, is the usual slip.",
        evidence=(
            _case.quote_event(event),
            EvidenceItem("spec", f"{case.pod.ref}: {smallest.spec_place}.resources", f"memory limit {limit}"),
        ),
        next_step=_case.edit_command(case.workload) + f"   # raise the memory limit of {smallest.name}",
        container=smallest.name,
    )


def child_process_oom_killed(case: _case.ContainerCase) -> _case.Judgement | None:
    """The kernel killed a child of the main process at the memory limit, and the main process came to an end of its own."""
    end, limit = case.last_end, _limit(case)
    if end is None or not limit or end.exit_code in (None, 137):
        return None
    told = _case.said(case, _CHILD_KILLED)
    if end.reason != "OOMKilled" and not (told and case.gave_up):
        return None
    amount = quantity.parse(limit)
    return _case.Judgement(
        summary=f"a child process of container {case.container.name} was killed at the memory limit of {limit}, and the container ended",
        explanation=(
            f"OOMKilled with exit code {end.exit_code}: a process that is killed ends with 137, and the main one ended by itself."
            if end.reason == "OOMKilled"
            else "The log tells of a process that was taken away; that memory was the reason, only the limit makes likely."
        ),
        evidence=(
            _case.quote_end(case),
            EvidenceItem("spec", f"{case.pod.ref}: {case.container.spec_place}.resources", f"memory limit {limit}"),
            *((_case.quote_said(case, told),) if told else ()),
            *_case.quote_log(case),
        ),
        next_step=_case.edit_command(case.workload)
        + f"   # fewer or smaller workers in {case.container.name}, or a higher memory limit"
        + (f", e.g. {quantity.in_words(amount * 2, 'memory')}" if amount else ""),
        confidence="confirmed" if end.reason == "OOMKilled" else "probable",
    )


def node_out_of_memory(case: _case.ContainerCase) -> _case.Judgement | None:
    """The node itself had no memory left, and the kernel took this container for it."""
    end, limit = case.last_end, _limit(case)
    if end is None or end.exit_code != 137 or case.kill:
        return None
    node = Ref("Node", "", case.pod.node)
    events = _system_oom(case, node, end)
    pressure = condition(case.evidence.get(node) or {}, "MemoryPressure")
    pressed = fields.get_str(pressure, "status") == "True"
    unlimited = end.reason == "OOMKilled" and (not limit or _passes_node(case, limit))
    if not unlimited and not (end.reason == "Error" and events):
        return None
    allowed = f"memory limit {limit}" if limit else "no memory limit"
    return _case.Judgement(
        summary=f"node {case.pod.node} ran out of memory, and container {case.container.name} was killed for it",
        explanation=f"It was killed with SIGKILL and has {allowed}, so no limit of its own ended it, and no probe did"
        + (
            "; the node says that it ran out."
            if events or pressed
            else "; what else ran on the node, its own status tells."
        ),
        evidence=(
            _case.quote_end(case),
            EvidenceItem("spec", f"{case.pod.ref}: {case.container.spec_place}.resources", allowed),
            *(_case.quote_event(event) for event in events[:1]),
            *((_case.quote_condition(node, pressure),) if pressed else ()),
        ),
        next_step=_case.kubectl(node, f"describe node {case.pod.node}")
        + f"   # then give {case.container.name} and its neighbours requests and limits",
        confidence="confirmed" if unlimited and (events or pressed) else "probable",
    )


def _why_limit(case: _case.ContainerCase, to_start: bool, confirmed: bool) -> str:
    if to_start:
        return "The limit does not even suffice to start the first process: the runtime says so."
    if confirmed:
        return (
            f"The kernel ended it inside its own control group (OOMKilled, exit code 137) {case.container.restarts} times; "
            "neither a probe nor a lack of memory on the node ended it."
        )
    return "It was killed by SIGKILL, has a limit, and its log speaks of memory; nothing says that the limit was the reason."


def _limit(case: _case.ContainerCase) -> str:
    """The memory limit that holds for the container: its own, or that of its pod."""
    return fields.get_str(case.container.spec, "resources", "limits", "memory") or fields.get_str(
        case.pod.spec, "resources", "limits", "memory"
    )


def _passes_node(case: _case.ContainerCase, limit: str) -> bool:
    """Whether the node has less than the limit allows, so that the limit can't have been reached."""
    node = case.evidence.get(Ref("Node", "", case.pod.node)) or {}
    amount, there = quantity.parse(limit), quantity.parse(fields.get_str(node, "status", "allocatable", "memory"))
    return amount is not None and there is not None and Decimal(0) < there < amount


def _system_oom(case: _case.ContainerCase, node: Ref, end: Terminated) -> list[Event]:
    """The node's own word that it ran out, at the time of that end.  The kubelet uses the node's name as uid."""
    uid = fields.get_str(case.evidence.get(node) or {}, "metadata", "uid")
    found = [*case.evidence.events(uid), *(case.evidence.events(node.name) if node.name else ())]
    return [
        event
        for event in found
        if event.reason == "SystemOOM"
        and abs(moments.seconds_between(event.last, end.finished_at) or 0) <= _SOON_SECONDS
    ]
