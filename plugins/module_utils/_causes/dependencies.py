# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that can't use what they need, and init containers that wait for it for ever.

A log is evidence of second rank: a cause is confirmed where the cluster shows what is wrong with the address that the log names,
else it is probable.  What lies outside the cluster is never confirmed.
"""

from __future__ import annotations

import re
import typing as t

from .._model import moments
from .._model.finding import Candidate, EvidenceItem
from .._model.text import shorten
from . import _case
from ._failures import DNS, IN_WORDS, told
from ._reach import Fault, by_port, fault, locate
from ._trouble import Trouble, asked, evidence_of, said_last, speaks_for_itself, trouble_of

# An init container that runs longer than this without an address that it waits for may still be at work.
_LONG_SECONDS: t.Final = 300
_TIMES_THE_USUAL: t.Final = 5
# A shell goes on after a command that is not there, is called wrongly or crashes: what it waits with never gets an answer.
_TOOL_FAILS: t.Final = (
    r"^\S+: (?:(?:line )?\d+: )?(?:\S+: )?(?:command )?not found$|: (?:invalid|unrecognized|unknown) option\b"
    r"|^Segmentation fault"
)
_NEVER_ENDS: t.Final = r"\bsleep (?:inf(?:inity)?\b|\d+[hd]\b|\d{4,}\b)|\btail -f /dev/null"


def dependency_unavailable(case: _case.ContainerCase) -> _case.Judgement | None:
    """The container ends, or does not become ready, because something that it needs refuses it or does not answer."""
    trouble = None if case.container.role == "init" and case.container.running else trouble_of(case)
    if trouble is None or not (trouble.fault or speaks_for_itself(case, trouble)):
        return None
    if trouble.quote.kind == "event" and trouble.place.kind == "self":
        return None  # its probe asks itself
    if trouble.failure.kind in DNS and not (trouble.fault and not trouble.fault.missing):
        return None
    if trouble.fault and {root for root in trouble.fault.roots if root != trouble.place.ref} == {case.workload}:
        return None  # it waits for its own like
    fault, what = trouble.fault, str(trouble.target or "something it connects to")
    sure = fault is not None and not (fault.missing and trouble.failure.kind != "unresolved")
    how = IN_WORDS[trouble.failure.kind]
    return _case.Judgement(
        summary=f"container {case.container.name} can't use {what}: {fault.what if fault else how}",
        explanation=_why(trouble, sure),
        evidence=evidence_of(case, trouble),
        next_step=f"{fault.check}   # what {case.container.name} needs comes from there"
        if fault
        else _case.log_command(case),
        confidence="confirmed" if sure else "probable",
        candidates=fault.candidates if fault else _elsewhere(case, trouble),
        roots=fault.roots if fault else (),
    )


def _why(trouble: Trouble, sure: bool) -> str:
    if trouble.fault:
        proof = (
            "The cluster shows it"
            if sure
            else "The name must have been known when it failed, so this alone does not prove it"
        )
        return f"The last thing it says is that this failed. {proof}: {trouble.fault.what}."
    if trouble.failure.kind == "rejected":
        return "The other side answers and rejects the login: a wrong or changed password, user or certificate. Secrets are not read here."
    if trouble.failure.kind == "untrusted":
        return (
            "The other side answers, and this container does not accept its certificate: it does not know who signed it, "
            "the certificate is for another name, or its time is over. The line says which."
        )
    if trouble.failure.kind == "unable":
        return "The other side answers and says why it can't serve: what is wrong is there, and its own log tells more."
    if trouble.place.kind == "self":
        return "The address is the pod itself: what listens there must be a container of this pod."
    if trouble.place.kind == "outside":
        return (
            "The last thing it says is that this failed. It lies outside the cluster, where nothing can be looked up."
        )
    return "The last thing it says is that this failed. What was read of the cluster shows nothing wrong with that address now."


def _elsewhere(case: _case.ContainerCase, trouble: Trouble) -> tuple[Candidate, ...]:
    if trouble.place.kind != "self" or not trouble.target:
        return ()
    return by_port(case.evidence, case.pod.ref.namespace, trouble.target.port)


def init_container_hanging(case: _case.ContainerCase) -> _case.Judgement | None:
    """An init container goes on and on: what it waits for does not come."""
    if case.container.role != "init" or not case.container.running:
        return None
    failure, quote = said_last(case)
    for target in asked(case.container.spec, failure):
        place = locate(case.evidence, case.pod, target.host)
        if found := fault(case.evidence, place, target.port):
            return _hangs(
                case, f"it waits for {target}: {found.what}", (*found.evidence, *((quote,) if quote else ())), found
            )
    if failing := _failing_tool(case):
        return _hangs(case, f"what it waits with fails again and again: {failing}", _case.quote_log(case), None)
    ran = moments.seconds_between(case.container.running_since, case.evidence.observed_at) or 0
    usual = _usual_seconds(case)
    long = ran > _LONG_SECONDS if usual is None else ran > max(60, _TIMES_THE_USUAL * usual)
    waits = next(iter(asked(case.container.spec, failure)), None)
    if not (long or waits or re.search(_NEVER_ENDS, _case.command_line(case.container.spec))):
        return None
    what = f"it waits for {waits}" if waits else f"it has run for {moments.in_words(ran)} and does not end"
    if usual is not None:
        what += f"; it usually takes {moments.in_words(usual)}"
    return _hangs(case, what, (quote,) if quote else (), None)


def _failing_tool(case: _case.ContainerCase) -> str:
    """The last complaint of that kind, where there is more than one."""
    lines = [line for line in map(str.strip, told(case.log)) if re.search(_TOOL_FAILS, line)]
    return lines[-1] if len(lines) > 1 else ""


def _hangs(
    case: _case.ContainerCase, what: str, evidence: tuple[EvidenceItem, ...], found: Fault | None
) -> _case.Judgement:
    container = case.container
    status = EvidenceItem(
        "status",
        f"{case.pod.ref}: {container.status_place}.state.running",
        f"since {container.running_since}",
        container.running_since,
    )
    spec = EvidenceItem(
        "spec",
        f"{case.pod.ref}: {container.spec_place}: command and args",
        shorten(_case.command_line(container.spec), 400),
    )
    return _case.Judgement(
        summary=f"init container {container.name} does not end: {what}",
        explanation="An init container must end before the others begin. It runs without an error"
        + (
            ", and what it waits for can't come by itself."
            if found
            else "; nothing that was read of the cluster shows what is wrong."
        ),
        evidence=(*evidence, status, spec),
        next_step=f"{found.check}   # what {container.name} waits for" if found else _case.log_command(case),
        confidence="confirmed" if found else "probable",
        candidates=found.candidates if found else (),
        roots=found.roots if found else (),
    )


def _usual_seconds(case: _case.ContainerCase) -> float | None:
    """How long this init container took in other pods of the workload, at the most."""
    took = [
        each.terminated.seconds
        for pod in case.evidence.pods_of(case.workload)
        for each in pod.containers
        if each.name == case.container.name and each.terminated and each.terminated.exit_code == 0
    ]
    return max((seconds for seconds in took if seconds is not None), default=None)
