# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cause function is given (a case) and what it answers (a judgement), with the ways to quote evidence."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from .._model import fields, moments
from .._model.evidence import Evidence, Log, Revision
from .._model.finding import Candidate, Confidence, EvidenceItem, Severity
from .._model.objects import Container, Event, Pod, ProbeKind, Ref, Terminated
from .._model.text import shorten
from . import _placement
from ._failures import headline, told

LOG_LINES: t.Final = 12
LOG_CHARACTERS: t.Final = 1500
# Why a program ends stands near the end of what it said, and at the beginning of a line; some put all they have into one.
_SAID_LINES: t.Final = 60
_LINE_CHARACTERS: t.Final = 4000


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

    @functools.cached_property
    def places(self) -> _placement.Places | None:
        """The nodes as the pod sees them; None where they were not read."""
        return _placement.places_of(self.evidence, self.pod)

    @functools.cached_property
    def obstacle(self) -> _placement.Kind | None:
        """What stands between the pod and a node, where the scheduler says that something does."""
        return _placement.deciding(self.evidence, self.pod, self.places)


# The kubelet's words: Kubernetes 1.36 pkg/kubelet/kuberuntime/kuberuntime_manager.go and pkg/kubelet/prober/prober.go.
_KILLED: t.Final = r"(?i)failed (liveness|startup) probe"
PROBES_THAT_END: t.Final[tuple[ProbeKind, ...]] = ("liveness", "startup")
# The kubelet tells of one pod no more than one event in five minutes, once it had much to tell (client-go's spam filter).
_EARLIER_SECONDS: t.Final = 900
# Ended well, SIGKILL, SIGTERM.
_ENDS_ON_REQUEST: t.Final = frozenset({0, 137, 143})
# 128+n where n is a signal that stands for a fault in native code: ILL, TRAP, ABRT, BUS, FPE, SEGV, SYS.
NATIVE_FAULTS: t.Final[t.Mapping[int, str]] = {
    132: "SIGILL",
    133: "SIGTRAP",
    134: "SIGABRT",
    135: "SIGBUS",
    136: "SIGFPE",
    139: "SIGSEGV",
    159: "SIGSYS",
}
# abort() is the program's own decision: runtimes end so over an error that nobody handles.
_ABORT: t.Final = 134
# A shell's words for a command that it can't run or find, the signals of a fault, and those that ask for an end.
_NOT_ITS_OWN: t.Final = frozenset({126, 127, 137, 143, *NATIVE_FAULTS} - {_ABORT})


@dataclasses.dataclass(frozen=True)
class Kill:
    """A probe ended the container: which one, and the event that says so, where there is one."""

    kind: ProbeKind
    event: Event | None = None


def _during(event: Event, run: Terminated | None, earlier: float = 0) -> bool:
    """Whether it may have happened in that run, or a little earlier; of a repeated event only the first and last time are known."""
    if run is None:
        return True
    began_before_its_end = (moments.seconds_between(event.first, run.finished_at) or 0) >= -1
    lasted_into_it = (moments.seconds_between(run.started_at, event.last) or 0) >= -earlier
    return began_before_its_end and lasted_into_it


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
    def kill(self) -> Kill | None:
        """The end of the last run by a liveness or startup probe, where it lasted long enough for that.

        Events may be gone, or left out where a pod had many.  So a "Killing" of an earlier run counts, and so do failures of the
        probe in this one, where the exit code is one that a request to end leads to.
        """
        end = self.last_end
        asked = end is None or end.exit_code in _ENDS_ON_REQUEST
        for event in self.container_events:
            match = re.search(_KILLED, event.message) if event.reason == "Killing" else None
            ended_by = next((kind for kind in PROBES_THAT_END if match and kind == match[1].lower()), None)
            if ended_by and self.could_end(ended_by) and (asked or _during(event, end, _EARLIER_SECONDS)):
                return Kill(ended_by, event)
        if end is None or not asked:
            return None
        for kind in PROBES_THAT_END:
            if self.could_end(kind) and any(_during(event, end) for event in self.probe_failures(kind)):
                return Kill(kind)
        return Kill("startup") if self._starts_in_vain(end) else None

    def _starts_in_vain(self, end: Terminated) -> bool:
        """Whether a signal ended the last run just when its startup probe must have given up, and no event is left to tell."""
        probe, ran = self.container.probe("startup"), end.seconds
        if probe is None or ran is None or not end.exit_code or self.container_events or self.container.restarts < 2:
            return False
        return probe.soonest - 1 <= ran <= probe.latest + self.pod.grace + 1

    @property
    def gave_up(self) -> bool:
        """Whether the program ended itself with an error: no signal, no probe, nothing about starting it."""
        end = self.last_end
        own = end is not None and end.reason == "Error" and bool(end.exit_code) and end.exit_code not in _NOT_ITS_OWN
        return own and self.kill is None

    def could_end(self, kind: ProbeKind) -> bool:
        """Whether the last run lasted long enough for that probe to end it."""
        probe, ran = self.container.probe(kind), self.last_end.seconds if self.last_end else None
        return probe is None or ran is None or ran >= probe.soonest - 1  # the API's times are whole seconds

    def probe_failures(self, kind: ProbeKind) -> list[Event]:
        """The failures that the kubelet tells of one probe, newest first."""
        told = re.compile(rf"^{kind} probe (?:failed|errored)", re.I)
        return [each for each in self.container_events if each.reason == "Unhealthy" and told.match(each.message)]

    @functools.cached_property
    def logs(self) -> tuple[tuple[str, Log], ...]:
        """What was read of its log, each run with where it stands: the run that ended last, then the other one.

        One log is read for all pods that are alike: another one's, whose container ended in the same way, speaks for this.
        """
        for pod in (self.pod, *self.evidence.pods_with_logs(self.pod, self.container.name)):
            container = next((each for each in pod.containers if each.name == self.container.name), None)
            alike = container and (pod is self.pod or _alike(container, self.container))
            found = tuple(_read_runs(self.evidence, pod, container)) if container and alike else ()
            if found:
                return found
        return ()

    @property
    def log(self) -> str:
        """The log of the run that tells most: the one that ended last, the present one where none has; or an empty string."""
        return self.logs[0][1].text if self.logs else ""

    @property
    def said_at_once(self) -> int:
        """How many of the last lines of ``log`` have no certain order."""
        return self.logs[0][1].at_once if self.logs else 1

    @functools.cached_property
    def former_containers(self) -> list[tuple[Revision, fields.Json]]:
        """This container in the other revisions of its workload, newest first."""
        current = self.evidence.revision_of(self.pod)
        found: list[tuple[Revision, fields.Json]] = []
        for revision in self.evidence.revisions(self.workload):
            if revision == current:
                continue
            for spec_list in ("containers", "initContainers"):
                for spec in fields.get_dicts(revision.template, "spec", spec_list):
                    if fields.get_str(spec, "name") == self.container.name:
                        found.append((revision, spec))
        return found


def _alike(one: Container, other: Container) -> bool:
    ends = [(each.last_end.reason, each.last_end.exit_code) if each.last_end else None for each in (one, other)]
    return ends[0] == ends[1]


def _read_runs(evidence: Evidence, pod: Pod, container: Container) -> t.Iterator[tuple[str, Log]]:
    if not container.running:
        runs = (("the last run", False), ("the run before", True))
    elif container.last_end:
        runs = (("the run that ended last", True), ("the present run", False))
    else:
        runs = (("the present run", False), ("the run before", True))
    for run, previous in runs:
        log = evidence.log(pod, container.name, previous)
        if log.text:
            yield f"{pod.ref}: log of container {container.name}, {run}", log


@dataclasses.dataclass(frozen=True)
class WorkloadCase:
    """A workload whose own status says that something is wrong."""

    evidence: Evidence
    workload: Ref
    json: fields.Json


@dataclasses.dataclass(frozen=True)
class ObjectCase:
    """An object that runs no pods itself: a Service, an autoscaler, a budget, a claim, a node."""

    evidence: Evidence
    ref: Ref
    json: fields.Json


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


def quote_condition(ref: Ref, condition: fields.Json) -> EvidenceItem:
    kind, status, reason, message = (
        fields.get_str(condition, name) for name in ("type", "status", "reason", "message")
    )
    return EvidenceItem(
        "condition",
        f"{ref}: status.conditions[{kind}]",
        f"{status}, {reason}: {message}".rstrip(": "),
        fields.get_str(condition, "lastTransitionTime") or None,
    )


def quote_log(case: ContainerCase) -> tuple[EvidenceItem, ...]:
    """The last lines of the run that tells most, or nothing where no log was read."""
    lines = last_lines(case)
    return (EvidenceItem("log", case.logs[0][0], "\n".join(lines)),) if lines else ()


def quote_said(case: ContainerCase, match: re.Match[str]) -> EvidenceItem:
    """The line in which ``said`` found something, with where it stands."""
    return quote_line(case, match.string)


def quote_line(case: ContainerCase, line: str) -> EvidenceItem:
    """A line that the container itself said: of a log, or else of its termination message."""
    source = next((source for source, log in case.logs if line in log.text.splitlines()), None)
    return EvidenceItem("log", source, shorten(line.strip(), LOG_CHARACTERS)) if source else quote_end(case)


def last_lines(case: ContainerCase) -> list[str]:
    lines = [line.rstrip() for line in case.log.splitlines() if line.strip()]
    return shorten("\n".join(lines[-LOG_LINES:])[-LOG_CHARACTERS:], LOG_CHARACTERS).splitlines()


def last_words(case: ContainerCase) -> str:
    """What of its termination message, or else of its log, tells most of its end; an empty string where it said nothing."""
    return headline(told(case.last_end.message if case.last_end else "") or told(case.log))


def said(case: ContainerCase, pattern: str) -> re.Match[str] | None:
    """The last thing that matches in what the container itself said: its termination message, else a line of its logs.

    The run that ended last comes before the other one; of each only the end counts.  Evidence of second rank: whoever uses it
    needs something structural beside it to be sure.
    """
    message = case.last_end.message if case.last_end else ""
    for text in (message, *(log.text for _source, log in case.logs)):
        for line in reversed(text.splitlines()[-_SAID_LINES:]):
            if match := re.search(pattern, line[:_LINE_CHARACTERS]):
                return match
    return None


def command_line(container: fields.Json) -> str:
    """What a container spec says to run."""
    words = [*fields.get_strs(container, "command"), *fields.get_strs(container, "args")]
    return " ".join(words) or "the image's own entrypoint"


def config_map(case: PodCase, volume: fields.Json) -> fields.Json | None:
    """The ConfigMap that a volume holds."""
    return case.evidence.get(Ref("ConfigMap", case.pod.ref.namespace, fields.get_str(volume, "configMap", "name")))


def files_of(case: PodCase, volume: fields.Json) -> dict[str, str]:
    """The files that a ConfigMap's volume brings, and the keys that hold them; empty where nothing tells."""
    items = {
        fields.get_str(item, "path"): fields.get_str(item, "key")
        for item in fields.get_dicts(volume, "configMap", "items")
    }
    return items or {key: key for key in fields.get_strs(config_map(case, volume), "keys")}


def brings(files: t.Iterable[str], path: str) -> bool:
    """Whether files of a volume have this path, as a file or as a folder of theirs."""
    return any(f"{file}/".startswith(f"{path}/") for file in files)


def kubectl(ref: Ref, words: str) -> str:
    """A kubectl command in the object's namespace."""
    return f"kubectl -n {ref.namespace} {words}" if ref.namespace else f"kubectl {words}"


def log_command(case: ContainerCase) -> str:
    """The command that shows the log of the run that ended last, or of the present one where none has."""
    previous = " --previous" if case.last_end and not case.container.terminated else ""
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
