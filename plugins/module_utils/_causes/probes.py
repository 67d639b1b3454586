# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that a probe ends, and pods that a probe or a gate keeps from being ready.

The kubelet's words: Kubernetes 1.36 ``pkg/probe`` and ``pkg/kubelet/prober``.  Of an HTTP answer it tells the status alone; a
probe that it could not carry out ("errored") ends nothing, and lets nothing become ready.
"""

from __future__ import annotations

import dataclasses
import posixpath
import re
import typing as t

from .._model import fields, moments
from .._model.finding import Candidate, Confidence, EvidenceItem
from .._model.objects import PROBE_KINDS, SERVICE_ACCOUNT_FOLDER, Event, Probe, condition
from .._model.text import one_line
from . import _case
from ._near import near_misses
from ._services import services
from .images import split_image

_STATUS: t.Final = r"HTTP probe failed with statuscode: (?P<status>\d{3})\b"
# A server that is there and does not know what it is asked: no such path, no such method, no right to it.
_WRONG_REQUEST: t.Final = frozenset(
    {"400", "401", "403", "404", "405", "406", "410", "411", "415", "421", "426", "501"}
)
_WRONG_PROTOCOL: t.Final = (
    r"(?i)server gave HTTP response to HTTPS client|malformed HTTP|first record does not look like a TLS handshake"
    r"|remote error: tls|server preface|does not implement the grpc health protocol|unknown service|stopped after \d+ redirects"
)
# How a server of HTTP/1 logs the first line of HTTP/2, by which gRPC comes (RFC 9113, 3.4).
_PREFACE: t.Final = r"\bPRI \* HTTP/2"
_NO_COMMAND: t.Final = (
    r"(?im)exec: \\?\"(?P<word>[^\"\\]+)\\?\": (?:executable file not found|stat \S+: no such file|no such file|permission denied)"
    r"|(?P<script>[\w./+-]+): (?:command )?not found\s*$"
)
# "cat: can't open '/tmp/up': No such file or directory", and what node says of a script.
_NO_FILE: t.Final = r"(?i)no such file|cannot find module"
_FILE: t.Final = r"(?<![\w.:/-])/[\w./-]*\w"
_TEST: t.Final = r"(?:^|\s)(?:test|\[) -[efrs]\s"
_INTERPRETER: t.Final = r"(?:^|/)(?:\w{0,3}sh|python[\d.]*|node|perl|php|ruby)$"
_NOBODY: t.Final = r"(?i)connection refused|failed to connect service"
_LATE: t.Final = r"(?i)deadline exceeded|timed? ?out|did not complete within"
# "Listening on :8080", "port=6379", "Serving HTTP on 0.0.0.0 port 8000"; the parts of a time have two digits.
_LISTENS: t.Final = (
    r"(?i)\b(?:listen\w*|serv\w+|running|started|accept\w*|bound|available|ready)\b.{0,80}?"
    r"(?:\bport\W{1,3}|:)(80|\d{3,5})\b(?!:)"
)
# Flask, Django and Uvicorn begin so unless they are told otherwise; where a port is said of another address, too, it counts.
_SERVES: t.Final = r"(?i)\b(?:listen\w*|serv\w+|running|start\w*|accept\w*|bound|available|ready)\b"
_LOOPBACK: t.Final = r"(?i)(?:127\.0\.0\.1|\blocalhost|\[?::1\]?)['\"]?(?:\W{1,3}|\W{1,3}port\W{1,3})"
_ALL_ADDRESSES: t.Final = r"(?i)0\.0\.0\.0|\[::\]|\*:\d|\ball (?:addresses|interfaces)\b"
# Where these images listen as they come, by the pages of their publishers.
_USUAL_PORTS: t.Final[t.Mapping[str, int]] = {
    "nginx": 80,
    "httpd": 80,
    "tomcat": 8080,
    "redis": 6379,
    "memcached": 11211,
    "postgres": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "mongo": 27017,
    "grafana": 3000,
    "prometheus": 9090,
}
# The API's times are whole seconds, and a container may be ready for a moment.
_SLACK_SECONDS: t.Final = 3
# A kubelet with much to do asks, and ends a container, later than its probe says.
_LATENESS_SECONDS: t.Final = 8


@dataclasses.dataclass(frozen=True)
class _Fault:
    """Why a probe can't be answered as it asks, and what may have been meant."""

    why: str
    evidence: tuple[EvidenceItem, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    confidence: Confidence = "confirmed"
    help: str = "correct what it asks for"


def liveness_probe_misconfigured(case: _case.ContainerCase) -> _case.Judgement | None:
    """A liveness or startup probe ends a container because it asks for what is not there."""
    kill, probe = _killer(case)
    if kill is None or probe is None or _answered_before(case, kill, probe):
        return None
    fault = _fault(case, probe)
    if fault is None:
        return None
    same = [other.kind for other in _other_probes(case, probe) if other.action == probe.action]
    return _case.Judgement(
        summary=f"the {probe.kind} probe of container {case.container.name} asks for what is not there, and ends it: {fault.why}",
        explanation=f"Each run ends once the probe has failed {probe.failures} times; the container itself gave no sign of a fault."
        + "".join(f" Its {kind} probe asks the same." for kind in same),
        evidence=(*_proof_of_kill(case, kill, probe), *fault.evidence, *_case.quote_log(case)),
        next_step=_case.edit_command(case.workload)
        + f"   # {' and '.join(f'{kind}Probe' for kind in (probe.kind, *same))} of {case.container.name}: {fault.help}; do not remove it",
        confidence=fault.confidence if kill.event else "probable",
        candidates=fault.candidates,
    )


def startup_too_slow(case: _case.ContainerCase) -> _case.Judgement | None:
    """A probe ends the container before it has begun to answer, run after run."""
    kill, probe = _killer(case)
    if kill is None or probe is None or _answered_before(case, kill, probe):
        return None
    late = _file_of_its_own(case, probe)
    if probe.kind == "liveness" and not late and not _never_listened(case, probe):
        return None
    ran = f"{case.last_end.seconds:.0f} s" if case.last_end and case.last_end.seconds is not None else "about as long"
    right = _target_is_declared(case, probe) or (probe.kind == "startup" and not _nobody_answers(case, probe))
    return _case.Judgement(
        summary=f"container {case.container.name} needs longer to start than its {probe.kind} probe allows, and is ended before it answers",
        explanation=f"The probe gives up after {probe.soonest} to {probe.latest} s; the last run had no good answer in {ran}. "
        + (
            f"What it runs names {late}, for which the probe looks, and it was not there yet."
            if late
            else "Nothing shows that the probe asks for the wrong thing."
            if right
            else "Nothing that was read tells where the container listens: it may never answer there."
        ),
        evidence=(*_proof_of_kill(case, kill, probe), *_case.quote_log(case)),
        next_step=_case.edit_command(case.workload)
        + f"   # give {case.container.name} a startupProbe whose failureThreshold x periodSeconds covers its slowest start",
        confidence="confirmed" if kill.event and right else "probable",
    )


def _never_listened(case: _case.ContainerCase, probe: Probe) -> bool:
    """Whether a liveness probe found nobody in a container that may have meant to listen there, and had no startup probe."""
    meant = _target_is_declared(case, probe) or (bool(case.log) and not _heard(case))
    return (
        _nobody_answers(case, probe)
        and meant
        and case.container.probe("startup") is None
        and "grpc" not in probe.spec  # its words are the same where something else listens
    )


def _nobody_answers(case: _case.ContainerCase, probe: Probe) -> bool:
    """Whether all that the kubelet tells of the probe is that nothing listens there."""
    texts = _texts(case, probe)
    return bool(texts) and all(re.search(_NOBODY, text) for text in texts)


def liveness_probe_failing(case: _case.ContainerCase) -> _case.Judgement | None:
    """A liveness probe that asks the right thing ends the container, for it does not answer, or answers that it is not well."""
    kill, probe = _killer(case)
    if kill is None or probe is None or probe.kind != "liveness":
        return None
    before, texts = _answered_before(case, kill, probe), _texts(case, probe)
    if not before and (not texts or re.search(_NOBODY, texts[0])):
        return None  # whether it would ever have answered, nobody can tell
    what = _in_words(probe, texts[0]) if texts else "it failed"
    files = [] if before else [file for file in _missing_files(probe, texts) if file not in _own_files(case)]
    why = "Its command ran" if probe.command else "Its target is there and was reached"
    return _case.Judgement(
        summary=f"the liveness probe of container {case.container.name} fails and ends it: {what}",
        explanation=("It had answered in that run before, so what the probe asks is there" if before else why)
        + ": the container is not well, or too slow for the probe's patience."
        + "".join(
            f" Nothing that was read tells what makes {file}: the probe may look for the wrong file." for file in files
        ),
        evidence=(*_proof_of_kill(case, kill, probe), *_case.quote_log(case)),
        next_step=_case.log_command(case) + f"   # what was {case.container.name} doing when it stopped answering?",
        confidence="confirmed" if kill.event and not files else "probable",
    )


def readiness_probe_misconfigured(case: _case.ContainerCase) -> _case.Judgement | None:
    """A container runs and is not ready, because its probe asks for what is not there."""
    probe = case.container.holding_probe
    if probe is None or _was_ready(case):
        return None
    fault = _fault(case, probe, starting=probe.kind == "startup")
    if fault is None:
        return None
    return _case.Judgement(
        summary=f"container {case.container.name} runs and is not ready: its {probe.kind} probe asks for what is not there: {fault.why}",
        explanation="The container has not ended and no other probe complains; the pod gets no traffic until this one is answered.",
        evidence=(*_quote_failure(case, probe), _quote_probe(case, probe), *fault.evidence, *_case.quote_log(case)),
        next_step=_case.edit_command(case.workload) + f"   # {probe.kind}Probe of {case.container.name}: {fault.help}",
        confidence=fault.confidence,
        candidates=fault.candidates,
    )


def readiness_probe_failing(case: _case.ContainerCase) -> _case.Judgement | None:
    """A container runs and says by its readiness probe that it is not ready, or does not answer it."""
    probe = case.container.holding_probe
    texts = _texts(case, probe) if probe else []
    if probe is None or probe.kind != "readiness" or not texts:
        return None
    before, reached = _was_ready(case), not re.search(_NOBODY, texts[0])
    right = before or reached or _target_is_declared(case, probe)
    why = "The probe's command ran in it" if probe.command else "The probe reached it"
    return _case.Judgement(
        summary=f"container {case.container.name} runs and is not ready: {_in_words(probe, texts[0])}",
        explanation=("It was ready in this run before, so what the probe asks is there. " if before else "")
        + (why if reached or probe.command else "Nothing answers where the probe asks")
        + (
            ": the container itself says, or shows, that it can't serve yet. It may wait for something else; its log tells more."
            if right
            else ". Nothing that was read tells where the container listens: the probe may ask for the wrong port, "
            "or the container may not serve yet."
        ),
        evidence=(*_quote_failure(case, probe), _quote_probe(case, probe), *_case.quote_log(case)),
        next_step=_case.kubectl(case.pod.ref, f"logs {case.pod.ref.name} -c {case.container.name} --tail=50"),
        confidence="confirmed" if before or reached else "probable",
    )


def readiness_gate_closed(case: _case.PodCase) -> _case.Judgement | None:
    """Every container is ready, and a condition that somebody else has to set is not."""
    if fields.get_str(case.pod.condition("ContainersReady"), "status") != "True":
        return None
    gates = [fields.get_str(gate, "conditionType") for gate in fields.get_dicts(case.pod.spec, "readinessGates")]
    closed = [gate for gate in gates if gate and fields.get_str(condition(case.pod.json, gate), "status") != "True"]
    if not closed:
        return None
    found, ready = condition(case.pod.json, closed[0]), case.pod.condition("Ready")
    missing = EvidenceItem("absence", f"{case.pod.ref}: status.conditions", f"no condition {closed[0]}")
    return _case.Judgement(
        summary=f"every container is ready, and the pod waits for the readiness gate {closed[0]}",
        explanation="A readiness gate is opened by a controller outside the pod, such as that of a load balancer. "
        + (
            "It has set the condition, and not to True."
            if found
            else "Nothing has set its condition: the controller is absent or does not see this pod."
        ),
        evidence=(
            _case.quote_condition(case.pod.ref, found) if found else missing,
            EvidenceItem("spec", f"{case.pod.ref}: spec.readinessGates", ", ".join(gates)),
            *((_case.quote_condition(case.pod.ref, ready),) if ready else ()),
        ),
        next_step=_case.kubectl(case.pod.ref, f"describe pod {case.pod.ref.name}")
        + f"   # then look for the controller that sets {closed[0]}",
    )


def _other_probes(case: _case.ContainerCase, probe: Probe) -> list[Probe]:
    found = (case.container.probe(kind) for kind in PROBE_KINDS if kind != probe.kind)
    return [other for other in found if other]


def _killer(case: _case.ContainerCase) -> tuple[_case.Kill | None, Probe | None]:
    return case.kill, case.container.probe(case.kill.kind) if case.kill else None


def _answered_before(case: _case.ContainerCase, kill: _case.Kill, probe: Probe) -> bool:
    """Whether the run that was ended lasted longer than a probe that never succeeds lets it."""
    end, startup = case.last_end, case.container.probe("startup")
    held_back = (
        startup.latest if startup and probe.kind == "liveness" else 0
    )  # it is not asked until that one has succeeded
    if held_back and startup and startup.action == probe.action:
        return True
    if end is None or end.seconds is None:
        return False
    ran = moments.seconds_between(end.started_at, kill.event.last) if kill.event else None
    if ran is None or not 0 <= ran <= end.seconds:  # the event is about another run
        ran = end.seconds - case.pod.grace * (end.exit_code == 137)
    return ran > held_back + probe.latest + _LATENESS_SECONDS


def _was_ready(case: _case.ContainerCase) -> bool:
    """Whether the pod lost its readiness while this container ran."""
    lost = fields.get_str(case.pod.condition("Ready"), "lastTransitionTime")
    return (moments.seconds_between(case.container.running_since, lost) or 0) > _SLACK_SECONDS


def _failures(case: _case.ContainerCase, probe: Probe) -> list[Event]:
    """The probe's failures, newest first.

    Of a probe that ends the container, those that reached something come before all: nobody listens is what every start shows
    for a while, whatever is wrong with the question.
    """
    found = case.probe_failures(probe.kind)
    return (
        found if probe.kind == "readiness" else sorted(found, key=lambda event: bool(re.search(_NOBODY, event.message)))
    )


def _texts(case: _case.ContainerCase, probe: Probe) -> list[str]:
    """What the kubelet says of the probe's failures, the most telling first, without its "Liveness probe failed: ".

    It leaves events out where there were many of one pod; then the server's own log tells which status it answered with.
    """
    told = [event.message.partition(": ")[2].strip() for event in _failures(case, probe)]
    status = "" if told else _status_in_log(case, probe)
    return [f"HTTP probe failed with statuscode: {status}"] if status >= "400" else told


def _status_in_log(case: _case.ContainerCase, probe: Probe) -> str:
    """The status of the last line of an access log that is about the probe's path."""
    path = _path(probe)
    line = re.compile(rf"\b(?:GET|HEAD) {re.escape(path)}(?:[ ?].{{0,60}})?\"? (\d{{3}})\b")
    found = (line.search(text, 0, 1000) for text in reversed(case.log.splitlines()) if path)
    return next((match[1] for match in found if match), "")


def _fault(case: _case.ContainerCase, probe: Probe, starting: bool = False) -> _Fault | None:
    """What is wrong with the question; while a container may still be ``starting`` its answers don't count."""
    texts = _texts(case, probe)
    if probe.kind == "readiness":
        texts = texts[:1]  # what it says now
    answers = (
        _no_such_command(text)
        or _no_such_script(probe, text)
        or (None if starting else _wrong_request(case, probe, text))
        or _wrong_protocol(case, probe, text)
        for text in texts
    )
    nobody = bool(texts) and bool(re.search(_NOBODY, texts[0]))
    return (
        _no_such_port(case, probe)
        or next(filter(None, answers), None)
        or _another_file(case, probe, texts)
        or (_for_itself(case, probe) or _wrong_port(case, probe) if nobody else None)
    )


def _for_itself(case: _case.ContainerCase, probe: Probe) -> _Fault | None:
    """The container says that it listens on that port of the loopback address, and of no other: nobody else can reach it."""
    port = _number(case, probe)
    here = rf"{_LOOPBACK}{port}\b"
    said = [line for line in case.log.splitlines() if re.search(_SERVES, line[:1000]) and re.search(here, line[:1000])]
    elsewhere = bool(case.container.port_names) and port not in case.container.port_names
    if port is None or not said or elsewhere or re.search(_ALL_ADDRESSES, case.log):
        return None
    return _Fault(
        f"port {port} is open on 127.0.0.1 only, where nobody but its own pod reaches it",
        (_case.quote_line(case, said[-1]),),
        (Candidate("listen on 0.0.0.0", "who shall be asked from outside listens on all addresses"),),
        help="have the program listen on 0.0.0.0",
    )


def _no_such_port(case: _case.ContainerCase, probe: Probe) -> _Fault | None:
    if not isinstance(probe.port, str):
        return None
    names = [name for name in case.container.port_names.values() if name]
    if probe.port in names:
        return None
    declared = EvidenceItem(
        "absence", f"{case.pod.ref}: {case.container.spec_place}.ports", f"none is named {probe.port}"
    )
    near = near_misses(probe.port, names) or names
    return _Fault(
        f"it names port {probe.port}, and the container has no port of that name",
        (declared,),
        tuple(Candidate(f"port {name}", "the container declares it") for name in near),
    )


def _no_such_command(text: str) -> _Fault | None:
    match = re.search(_NO_COMMAND, text)
    return _Fault(f"its command {match['word'] or match['script']} is not in the image") if match else None


def _no_such_script(probe: Probe, text: str) -> _Fault | None:
    program, script = [*probe.command, "", ""][:2]
    missing = re.search(_NO_FILE, text) and script and not script.startswith("-") and script in text
    return _Fault(f"its script {script} is not there") if missing and re.search(_INTERPRETER, program) else None


def _another_file(case: _case.ContainerCase, probe: Probe, texts: t.Sequence[str]) -> _Fault | None:
    """Its command looks for a file that what the container runs does not name; that names one much like it."""
    own = _own_files(case)
    for file in _missing_files(probe, texts):
        folder, name = posixpath.split(file)
        alike = near_misses(name, [posixpath.basename(each) for each in own if posixpath.dirname(each) == folder])
        meant = [posixpath.join(folder, each) for each in alike] or [
            each for each in own if posixpath.basename(each) == name
        ]
        if meant and file not in own:
            return _Fault(
                f"it looks for {file}",
                (EvidenceItem("spec", f"{case.pod.ref}: {case.container.spec_place}", f"it names {', '.join(meant)}"),),
                tuple(Candidate(f"file {each}", "the container's own command names it") for each in meant),
                "probable",
            )
    return None


def _file_of_its_own(case: _case.ContainerCase, probe: Probe) -> str:
    """A file for which the probe looks in vain, that the container's own command names and does not take away."""
    text, own = _own_text(case), _own_files(case)
    files = [file for file in _missing_files(probe, _texts(case, probe)) if file in own]
    return next((file for file in files if not re.search(rf"\brm\b[^;&|\n]*{re.escape(file)}", text)), "")


def _missing_files(probe: Probe, texts: t.Sequence[str]) -> list[str]:
    """The files for which the probe's command looks and that it does not find, as it says; `test` fails without a word."""
    text = texts[0] if texts else None
    command = " ".join(probe.command)
    silent = text == "" and re.search(_TEST, command) is not None
    files = dict.fromkeys(re.findall(_FILE, command.partition(" ")[2]))
    return [file for file in files if silent or (text and file in text and re.search(_NO_FILE, text))]


def _own_files(case: _case.ContainerCase) -> list[str]:
    return list(dict.fromkeys(re.findall(_FILE, _own_text(case))))


def _own_text(case: _case.ContainerCase) -> str:
    """What the spec gives the container to run: its command, its arguments and the values of its variables."""
    spec = case.container.spec
    values = (fields.get_str(variable, "value") for variable in fields.get_dicts(spec, "env"))
    return "\n".join((*fields.get_strs(spec, "command"), *fields.get_strs(spec, "args"), *values))


def _wrong_request(case: _case.ContainerCase, probe: Probe, text: str) -> _Fault | None:
    match = re.search(_STATUS, text)
    if match is None or match["status"] not in _WRONG_REQUEST:
        return None
    asked = _path(probe)
    others = _other_probes(case, probe) if case.container.ready else []
    paths = {_path(other): f"its {other.kind} probe asks that" for other in others}
    for revision, spec in case.former_containers:
        paths.setdefault(
            _path(Probe(probe.kind, fields.get_dict(spec, f"{probe.kind}Probe"))),
            f"revision {revision.number} asked that",
        )
    return _Fault(
        f"the server answers {asked} with {match['status']}",
        candidates=tuple(Candidate(f"path {path}", why) for path, why in paths.items() if path and path != asked),
    )


def _wrong_protocol(case: _case.ContainerCase, probe: Probe, text: str) -> _Fault | None:
    if "grpc" in probe.spec and re.search(_NOBODY, text) and (preface := _case.said(case, _PREFACE)):
        return _Fault("what listens there does not speak gRPC", (_case.quote_said(case, preface),))
    match = re.search(_WRONG_PROTOCOL, text)
    if match is None:
        return None
    scheme = fields.get_str(probe.spec, "httpGet", "scheme") or "HTTP"
    other = "HTTP" if scheme == "HTTPS" else "HTTPS"
    offered = (
        (Candidate(f"scheme {other}", "what listens there does not speak " + scheme),)
        if "httpGet" in probe.spec
        else ()
    )
    return _Fault(f"what listens there speaks another protocol ({match[0]})", candidates=offered)


def _wrong_port(case: _case.ContainerCase, probe: Probe) -> _Fault | None:
    """Nobody listens where the probe asks: is that because the container listens elsewhere?"""
    port = _number(case, probe)
    if port is None:
        return None
    if _target_is_declared(case, probe):
        return _not_of_the_image(case, port)
    declared = case.container.port_names
    if declared:
        names = ", ".join(f"{number}" + (f" ({name})" if name else "") for number, name in declared.items())
        return _Fault(
            f"nothing listens on port {port}, and the container declares {names}",
            (EvidenceItem("spec", f"{case.pod.ref}: {case.container.spec_place}.ports", names),),
            tuple(Candidate(f"port {number}", "the container declares it") for number in declared),
        )
    heard, answered, served = _heard(case), _answered(case, probe), _served(case)
    end = case.last_end
    if answered:
        why, sure = "another probe of it is answered there", True
    elif heard:
        why, sure = "its log says that it listens there", False
    elif served:
        why, sure = "a Service leads there", False
    elif probe.kind != "readiness" and end and end.exit_code == 0:
        why, sure = "", False  # it was so far that it ended well when it was asked to, and had not listened there
    else:
        return None
    if port in heard | answered | served:
        return None
    return _Fault(
        f"nothing listens on port {port}",
        candidates=tuple(Candidate(f"port {number}", why) for number in sorted(answered or heard or served)),
        confidence="confirmed" if sure else "probable",
    )


def _not_of_the_image(case: _case.ContainerCase, port: int) -> _Fault | None:
    """The spec declares the port, and the image is known to listen on another one unless something tells it otherwise."""
    spec = case.container.spec
    usual = _USUAL_PORTS.get(posixpath.basename(split_image(case.container.image)[0]))
    mounts = [fields.get_str(mount, "mountPath") for mount in fields.get_dicts(spec, "volumeMounts")]
    told = (
        any(fields.get(spec, field) for field in ("command", "args", "envFrom"))
        or any(place != SERVICE_ACCOUNT_FOLDER for place in mounts)
        or any("PORT" in fields.get_str(variable, "name").upper() for variable in fields.get_dicts(spec, "env"))
    )
    if usual is None or usual == port or told or port not in case.container.port_names:
        return None
    return _Fault(
        f"nothing listens on port {port}; image {case.container.image} listens on {usual} unless it is told otherwise",
        (
            EvidenceItem(
                "spec", f"{case.pod.ref}: {case.container.spec_place}", "no command, args or volume tells it otherwise"
            ),
        ),
        (Candidate(f"port {usual}", "the image listens there, whatever containerPort says"),),
        "probable",
    )


def _heard(case: _case.ContainerCase) -> set[int]:
    """The ports that it says it listens on."""
    return {int(number) for line in case.log.splitlines() for number in re.findall(_LISTENS, line[:1000])}


def _served(case: _case.ContainerCase) -> set[int]:
    """The ports to which Services lead; of a pod with several containers they may mean another one."""
    if len(case.pod.containers) > 1:
        return set()
    of_pod = (each for each in services(case.evidence, case.pod.ref.namespace) if each.selects(case.pod.json))
    return {port.target for each in of_pod for port in each.ports if isinstance(port.target, int)}


def _answered(case: _case.ContainerCase, asked: Probe) -> set[int]:
    """The ports on which the container's other probes are answered now."""
    running = moments.seconds_between(case.container.running_since, case.evidence.observed_at) or 0
    good = []
    for probe in _other_probes(case, asked):
        lasts = probe.kind == "liveness" and running > probe.latest and not case.probe_failures(probe.kind)
        if (lasts or (probe.kind != "liveness" and case.container.ready)) and (number := _number(case, probe)):
            good.append(number)
    return set(good)


def _target_is_declared(case: _case.ContainerCase, probe: Probe) -> bool:
    """Whether a container of the pod, which share one network, says that it has that port."""
    port = _number(case, probe)
    return port is not None and any(port in each.port_names for each in case.pod.containers)


def _number(case: _case.ContainerCase, probe: Probe) -> int | None:
    if isinstance(probe.port, int):
        return probe.port
    return next((number for number, name in case.container.port_names.items() if name and name == probe.port), None)


def _path(probe: Probe) -> str:
    return (fields.get_str(probe.spec, "httpGet", "path") or "/") if "httpGet" in probe.spec else ""


def _in_words(probe: Probe, text: str) -> str:
    status = re.search(_STATUS, text)
    if status:
        return f"it answers with status {status['status']}"
    if re.search(_NOBODY, text):
        return "nothing answers where its probe asks"
    if re.search(_LATE, text):
        return "it does not answer in time"
    if text:
        return "its probe says " + text.splitlines()[0][:120]
    return (
        f"its probe's command fails: {one_line(' '.join(probe.command), 120)}" if probe.command else "its probe fails"
    )


def _proof_of_kill(case: _case.ContainerCase, kill: _case.Kill, probe: Probe) -> tuple[EvidenceItem, ...]:
    killed = (_case.quote_event(kill.event),) if kill.event else ()
    return (*killed, *_quote_failure(case, probe), _quote_probe(case, probe), _case.quote_end(case))


def _quote_failure(case: _case.ContainerCase, probe: Probe) -> tuple[EvidenceItem, ...]:
    return tuple(_case.quote_event(event) for event in _failures(case, probe)[:1])


def _quote_probe(case: _case.ContainerCase, probe: Probe) -> EvidenceItem:
    asks = f"port {probe.port}" if probe.port is not None else "command " + " ".join(probe.command)
    if "httpGet" in probe.spec:
        asks = f"{fields.get_str(probe.spec, 'httpGet', 'scheme') or 'HTTP'} GET {_path(probe)} on {asks}"
    times = f"first after {probe.initial_delay} s, every {probe.period} s, {probe.timeout} s each, {probe.failures} failures count"
    return EvidenceItem("spec", f"{case.pod.ref}: {case.container.spec_place}.{probe.kind}Probe", f"{asks}; {times}")
