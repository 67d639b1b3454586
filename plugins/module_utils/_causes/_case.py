# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cause function is given (a case) and what it answers (a judgement), with the ways to quote evidence."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from .._model.evidence import Evidence, Revision
from .._model.fields import Json, get_dicts, get_str, get_strs
from .._model.finding import Candidate, Confidence, EvidenceItem, Severity
from .._model.objects import Container, Event, Pod, Ref, Terminated
from .._model.text import shorten

LOG_LINES: t.Final = 12
LOG_CHARACTERS: t.Final = 1500


@dataclasses.dataclass(frozen=True)
class Judgement:
    """A cause that holds.  The first evidence is the one that proves it.

    ``container`` names the one concerned where the case is about the whole pod, ``affected`` how many replicas where it is about
    the workload, ``subject`` the object that somebody would edit where that is not the workload, and ``workload`` the one that
    suffers where the case is about another object.  ``severity`` is set where the number of ready pods does not tell it.
    ``roots`` are objects whose own finding, where there is one, is behind this one.
    """

    summary: str
    explanation: str
    evidence: tuple[EvidenceItem, ...]
    next_step: str
    confidence: Confidence = "confirmed"
    candidates: tuple[Candidate, ...] = ()
    container: str | None = None
    affected: int | None = None
    subject: Ref | None = None
    workload: Ref | None = None
    severity: Severity | None = None
    roots: tuple[Ref, ...] = ()


@dataclasses.dataclass(frozen=True)
class PodCase:
    """A pod that does not come up, before any of its containers could run."""

    evidence: Evidence
    pod: Pod

    @functools.cached_property
    def workload(self) -> Ref:
        return self.evidence.workload(self.pod)

    @property
    def events(self) -> list[Event]:
        return self.evidence.events(self.pod.uid)


@dataclasses.dataclass(frozen=True)
class ContainerCase(PodCase):
    """A container that fails, or does not become ready."""

    container: Container

    @property
    def last_end(self) -> Terminated | None:
        return self.container.last_end

    @functools.cached_property
    def container_events(self) -> list[Event]:
        return self.evidence.events(self.pod.uid, self.container.name)

    @functools.cached_property
    def killed_by_probe(self) -> bool:
        """Whether the kubelet ended a run because a liveness or startup probe failed; one of its two events may be gone."""
        return any(
            event.reason in {"Killing", "Unhealthy"} and re.search(r"(?:liveness|startup) probe", event.message, re.I)
            for event in self.container_events
        )

    @functools.cached_property
    def log(self) -> str:
        """The log of the run that ended last, or an empty string."""
        found = self.evidence.log(self.pod, self.container.name)
        return found[1] if found else ""

    @functools.cached_property
    def former_containers(self) -> list[tuple[Revision, Json]]:
        """This container in the other revisions of its workload, newest first."""
        current = self.evidence.revision_of(self.pod)
        found: list[tuple[Revision, Json]] = []
        for revision in self.evidence.revisions(self.workload):
            if revision == current:
                continue
            for spec_list in ("containers", "initContainers"):
                for spec in get_dicts(revision.template, "spec", spec_list):
                    if get_str(spec, "name") == self.container.name:
                        found.append((revision, spec))
        return found


@dataclasses.dataclass(frozen=True)
class WorkloadCase:
    """A workload whose own status says that something is wrong."""

    evidence: Evidence
    workload: Ref
    json: Json


@dataclasses.dataclass(frozen=True)
class ObjectCase:
    """An object that runs no pods itself: a Service, an autoscaler, a budget, a claim, a node."""

    evidence: Evidence
    ref: Ref
    json: Json


def quote_waiting(case: ContainerCase) -> EvidenceItem:
    """The waiting state, reason and message."""
    container = case.container
    return EvidenceItem(
        "status",
        f"{case.pod.ref}: {container.status_place}.state.waiting",
        f"{container.waiting_reason}: {container.waiting_message}".rstrip(": "),
    )


def quote_end(case: ContainerCase) -> EvidenceItem:
    """How the last run ended: the exit triple and how long it ran."""
    container, end = case.container, case.last_end
    where = "state" if container.terminated else "lastState"
    source = f"{case.pod.ref}: {container.status_place}.{where}.terminated"
    if end is None:
        return EvidenceItem("status", source, "never ran")
    ran = "" if end.seconds is None else f", after {end.seconds:.0f} s"
    message = f": {end.message.strip()}" if end.message.strip() else ""
    restarts = f", restart count {container.restarts}"
    return EvidenceItem(
        "status", source, f"{end.reason} (exit code {end.exit_code}{ran}{restarts}){message}", end.finished_at
    )


def quote_event(event: Event) -> EvidenceItem:
    times = f" ({event.count} times)" if event.count > 1 else ""
    return EvidenceItem("event", f"{event.about}: event {event.reason}", f"{event.message}{times}", event.last)


def quote_condition(ref: Ref, condition: Json) -> EvidenceItem:
    return EvidenceItem(
        "condition",
        f"{ref}: status.conditions[{get_str(condition, 'type')}]",
        f"{get_str(condition, 'status')}, {get_str(condition, 'reason')}: {get_str(condition, 'message')}".rstrip(": "),
        get_str(condition, "lastTransitionTime") or None,
    )


def quote_log(case: ContainerCase) -> tuple[EvidenceItem, ...]:
    """The last lines before the end, or nothing where no log was read."""
    found = case.evidence.log(case.pod, case.container.name)
    lines = last_lines(case)
    if found is None or not lines:
        return ()
    run = "the run before" if found[0].previous else "the last run"
    return (EvidenceItem("log", f"{case.pod.ref}: log of container {case.container.name}, {run}", "\n".join(lines)),)


def last_lines(case: ContainerCase) -> list[str]:
    lines = [line.rstrip() for line in case.log.splitlines() if line.strip()]
    return shorten("\n".join(lines[-LOG_LINES:])[-LOG_CHARACTERS:], LOG_CHARACTERS).splitlines()


def said(case: ContainerCase, pattern: re.Pattern[str]) -> re.Match[str] | None:
    """The last thing that matches in what the container itself said: its termination message, else a line of its log.

    Evidence of second rank: whoever uses it needs something structural beside it to be sure.
    """
    message = case.last_end.message if case.last_end else ""
    lines = [*case.log.splitlines(), *message.splitlines()]
    return next((match for line in reversed(lines) if (match := pattern.search(line))), None)


def command_line(container: Json) -> str:
    """What a container spec says to run."""
    words = [*get_strs(container, "command"), *get_strs(container, "args")]
    return " ".join(words) or "the image's own entrypoint"


def kubectl(ref: Ref, words: str) -> str:
    """A kubectl command in the object's namespace."""
    return f"kubectl -n {ref.namespace} {words}" if ref.namespace else f"kubectl {words}"


def log_command(case: ContainerCase) -> str:
    """The command that shows the log of the run that ended last."""
    previous = "" if case.container.terminated else " --previous"
    return kubectl(case.pod.ref, f"logs {case.pod.ref.name} -c {case.container.name}{previous}")


def edit_command(workload: Ref) -> str:
    """The command that corrects a workload; of a pod or a Job hardly anything can be edited, so it is made anew."""
    if workload.kind == "Pod":
        file = f"{workload.name}.yaml"
        return (
            kubectl(workload, f"get pod {workload.name} -o yaml > {file}")
            + f" && ${{EDITOR:-vi}} {file} && kubectl replace --force -f {file}"
        )
    if workload.kind == "Job":
        return kubectl(workload, f"replace --force -f MANIFEST-OF-{workload.name}.yaml")
    return kubectl(workload, f"edit {workload.kind.lower()} {workload.name}")
