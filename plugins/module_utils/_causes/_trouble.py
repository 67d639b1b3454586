# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a container says of its last failure, joined with what the cluster shows of the address that it names."""

from __future__ import annotations

import dataclasses

from .._model import fields
from .._model.finding import EvidenceItem
from .._model.text import shorten
from . import _case
from ._commands import addresses, written_at
from ._failures import DNS, Failure, Target, last_failure
from ._reach import Fault, Place, fault, locate


@dataclasses.dataclass(frozen=True)
class Trouble:
    """What a container says, the address it is about, and what the cluster shows to be wrong with that."""

    failure: Failure
    quote: EvidenceItem
    target: Target | None
    place: Place
    fault: Fault | None


def trouble_of(case: _case.ContainerCase) -> Trouble | None:
    """The last failure with its address; of several that may be meant, the only one that the cluster shows to be at fault."""
    failure, quote = said_last(case)
    if failure is None or quote is None:
        return None
    spec = case.container.spec if quote.kind != "event" else _asked_by_probe(case)
    places = [(target, locate(case.evidence, case.pod, target.host)) for target in asked(spec, failure)]
    found = [
        Trouble(failure, quote, target, place, _fault_at(case, failure, target, place)) for target, place in places
    ]
    if failure.target or len(found) == 1:
        return found[0]
    faulty = [each for each in found if each.fault]
    sure = len({each.place for each in faulty}) == 1
    return faulty[0] if sure else Trouble(failure, quote, None, Place("unknown"), None)


def _fault_at(case: _case.ContainerCase, failure: Failure, target: Target, place: Place) -> Fault | None:
    found = None if failure.kind in {"rejected", "untrusted"} else fault(case.evidence, place, target.port)
    if found and failure.kind in DNS and not (found.missing or found.nameless):
        return None  # whatever is wrong with the Service, its name has an address
    return found


def said_last(case: _case.ContainerCase) -> tuple[Failure | None, EvidenceItem | None]:
    """The last failure that the container tells of, in its termination message or its log, with where that stands."""
    if case.container.waiting_reason not in {"", "CrashLoopBackOff"}:
        return None, None
    end = case.last_end
    if end and end.message and (failure := last_failure(end.message, ended=True)):
        return failure, _case.quote_end(case)
    if case.logs and (failure := last_failure(case.log, end is not None, case.said_at_once)):
        return failure, EvidenceItem("log", case.logs[0][0], shorten(failure.line, _case.LOG_CHARACTERS))
    return _said_by_probe(case)


def _said_by_probe(case: _case.ContainerCase) -> tuple[Failure | None, EvidenceItem | None]:
    """What the command of a readiness probe said last: it often asks something else than its own container."""
    if fields.get_dict(case.container.spec, "readinessProbe", "exec"):
        for event in case.container_events:
            if event.reason == "Unhealthy" and event.message.startswith("Readiness probe failed"):
                return last_failure(event.message, ended=False), _case.quote_event(event)
    return None, None


def _asked_by_probe(case: _case.ContainerCase) -> fields.Json:
    """The readiness probe's command in the place of the container's own."""
    spec = case.container.spec
    return {"command": fields.get_strs(spec, "readinessProbe", "exec", "command"), "env": fields.get_dicts(spec, "env")}


def asked(spec: fields.Json, failure: Failure | None) -> list[Target]:
    """The addresses that may be meant: what the failure names, else what stands around it and in the container spec."""
    if failure and failure.target:
        return [failure.target]
    return list(dict.fromkeys((*(failure.around if failure else ()), *addresses(spec))))


def speaks_for_itself(case: _case.ContainerCase, trouble: Trouble) -> bool:
    """Whether the words alone make it probable: nothing else ended the container, and they tell of a connection."""
    end = case.last_end
    if case.kill is not None or (end and not case.container.running and end.exit_code in (0, 137, 143)):
        return False
    return trouble.target is not None or trouble.failure.kind != "timed-out"


def evidence_of(case: _case.ContainerCase, trouble: Trouble) -> tuple[EvidenceItem, ...]:
    proof = trouble.fault.evidence if trouble.fault else ()
    end = (_case.quote_end(case),) if case.last_end and trouble.quote.kind == "log" else ()
    written = written_at(case, trouble.target.host) if trouble.target else None
    return (trouble.quote, *proof, *((written,) if written else ()), *end)
