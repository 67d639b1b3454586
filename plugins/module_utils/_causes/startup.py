# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers whose command can't be started, or does not take the arguments it is given.

``StartError`` is containerd's reason (``internal/cri/server/container_start.go``), ``ContainerCannotRun`` that of Docker
and CRI-O; the words after ``exec:`` are runc's, those after ``executable file`` and ``exec container process`` crun's.  What
only the kernel finds (a foreign format, no interpreter), runc's init writes where the container's log is: ``exec /app: …``.
"""

from __future__ import annotations

import dataclasses
import posixpath
import re
import typing as t

from .._model import fields
from .._model.finding import Candidate, EvidenceItem
from .._model.objects import Ref, mount_at
from . import _case
from ._near import near_misses
from .images import failed_pull, known_images

START_REASONS: t.Final = frozenset({"StartError", "ContainerCannotRun", "RunContainerError"})

_Why = t.Literal["missing", "denied", "format"]
_RUNTIME: t.Final = (
    r"(?is)exec: \"(?P<word>[^\"]+)\": (?P<why>.+)",
    r"(?i)executable file [`'\"](?P<word>[^`'\"]+)[`'\"] (?P<why>not found)",
    r"(?is)exec container process [^`'\"]*[`'\"](?P<word>[^`'\"]+)[`'\"]: (?P<why>.+)",
    r"(?i)(?P<word>)open executable: (?P<why>permission denied)",
)
# What stands alone in a log because nothing else ever ran: runc's init, older runc, tini, dumb-init and su-exec, gosu.
_BEFORE_ANYTHING: t.Final = (
    r"^exec (?P<word>\S+): (?P<why>.+)$",
    r"exec (?P<word>)user process caused:? \"?(?P<why>[^\"]+)",
    r"^\[FATAL tini \(\d+\)\] exec (?P<word>\S+) failed: (?P<why>.+)$",
    r"^(?:\[dumb-init\]|su-exec:) (?P<word>\S+): (?P<why>.+)$",
    r"^error: exec: \"(?P<word>[^\"]+)\": (?P<why>.+)$",
)
# sh: "x: not found", bash: "x: command not found", env: "'x': No such file or directory", bash 5.2: "cannot execute: required file …"
_SHELL: t.Final = (
    r"(?i)(?<![\w./+^-])(?P<word>[\w./+^-]+)(?:['\"\u2019])?: "
    r"(?:command |cannot execute(?: binary file)?: |can't execute: |bad interpreter: )?"
    r"(?P<why>not found|no such file or directory|required file not found|permission denied|is a directory|exec format error"
    r"|cannot execute binary file)\s*$"
)
# The same, told so that nobody else can be meant: by a script that gives up with a code of its own.
_SHELL_GIVES_UP: t.Final = (
    r"(?:^|[/-])\w{0,3}sh: (?:(?:line )?\d+: )?(?P<word>[\w./+-]+): (?:command )?not found\s*$"
    r"|: line \d+: (?P<line>[\w./+-]+): command not found\s*$"
)
_WHYS: t.Final[tuple[tuple[_Why, str], ...]] = (
    ("format", r"(?i)exec format error|cannot execute binary file"),
    ("denied", r"(?i)permission denied|is a directory|operation not permitted|text file busy"),
    ("missing", r"(?i)not found|no such file|required file"),
)
# A shell that takes a foreign binary for a script: "line 1: ELF…: not found".
_READ_AS_SCRIPT: t.Final = r"(?:line )?\d+: \W{0,4}ELF\W"
_FOREIGN: t.Final = (
    r"(?i)exec format error|cannot execute binary file|wrong ELF class|invalid ELF header"
    r"|qemu-\w+(?:-static)?: could not open|rosetta error"
)
_SHELL_CODES: t.Final[t.Mapping[int, _Why]] = {126: "denied", 127: "missing"}
_EXECUTABLE_BITS: t.Final = 0o111
_DEFAULT_MODE: t.Final = 0o644
_TEXT_VOLUMES: t.Final = ("configMap", "secret", "projected", "downwardAPI")


@dataclasses.dataclass(frozen=True)
class _Refusal:
    """What could not be executed (an empty word where nobody says), and why; who says so is in the evidence."""

    word: str
    why: _Why
    by: t.Literal["runtime", "kernel", "shell"]
    evidence: tuple[EvidenceItem, ...]


def command_not_found(case: _case.ContainerCase) -> _case.Judgement | None:
    """The program that the container shall run is not in its image, or what it needs to be read is not."""
    refusal = _refusal(case)
    if refusal is None or refusal.why != "missing":
        return None
    word = refusal.word
    what = f'command "{word}"' if word else "a command"
    volume = _mounted(case, word)
    files = _case.files_of(case, volume)
    if refusal.by == "kernel" or posixpath.basename(word) in files:
        summary = f"can't start: what {what} needs to run is not in image {case.container.image}"
        why = (
            "The file is there, and the kernel misses what shall run it: the interpreter that its first line names (a script with "
            "Windows line ends names one that ends in a carriage return), or the loader of a program that was built for another C library."
        )
    elif volume:
        summary = f"can't start: {what} is not in volume {fields.get_str(volume, 'name')}, which is mounted there"
        why = (
            f"ConfigMap {fields.get_str(volume, 'configMap', 'name')} brings {', '.join(sorted(files))}."
            if files
            else "Or it is there, and what shall run it is not."
        )
        why += " It hides what the image may have at that place."
    elif refusal.by == "runtime":
        summary = f"can't start: {what} is not in image {case.container.image}"
        why = "The runtime could not find the program, so the container never ran and has no log."
    else:
        summary = f"can't start: {what} is not in image {case.container.image}"
        why = "A shell can't find a command" + (", which the log names." if word else ": that is its exit code 127.")
    return _case.Judgement(
        summary=f"container {case.container.name} {summary}",
        explanation=f"{why} The image was pulled and the container was created, so the fault is in the command or in what the image holds.",
        evidence=(*refusal.evidence, _written(case)),
        next_step=_case.edit_command(case.workload)
        + f"   # correct command or args of {case.container.name}, or use an image that has it",
        confidence="confirmed" if word and (refusal.by != "shell" or _ended_over_it(case)) else "probable",
        candidates=(
            *(
                Candidate(f"file {name}", "the name is similar")
                for name in near_misses(posixpath.basename(word), files)
            ),
            *_former_commands(case),
        ),
    )


def command_not_executable(case: _case.ContainerCase) -> _case.Judgement | None:
    """The file is there and may not be executed: its mode, its mount, or it is no program at all."""
    refusal = _refusal(case)
    if refusal is None:
        return None
    if refusal.why == "missing" or (refusal.why == "format" and not _is_script(case, refusal.word)):
        return None
    volume = _mounted(case, refusal.word)
    mode = _mode(volume, refusal.word)
    what = f'"{refusal.word}"' if refusal.word else "its command"
    evidence = [*refusal.evidence, _written(case)]
    candidates: tuple[Candidate, ...] = ()
    if refusal.why == "format":
        why = "The file begins neither like a program nor with #! and an interpreter, so the kernel does not know how to run it."
        step = f"begin the script with a line like #!/bin/sh, or run it by its interpreter in command of {case.container.name}"
    else:
        why = (
            "The file is there, so it is no slip in its name; it lacks the permission to execute, "
            "is a folder, or lies on a mount without exec."
        )
        step = f"let {case.container.name} run a file with mode 0755, or name its interpreter in command: [sh, FILE]"
    if volume:
        name = fields.get_str(volume, "name")
        kind = next((key for key in volume if key != "name"), "nothing")
        given = f"a volume of {kind}" + (f", whose file has mode {mode:04o}" if mode is not None else "")
        evidence.append(EvidenceItem("spec", f"{case.pod.ref}: spec.volumes[{name}]", given))
        if refusal.why == "denied" and mode is not None and not mode & _EXECUTABLE_BITS:
            candidates = (Candidate("defaultMode: 0755", f"volume {name} gives its files mode {mode:04o}"),)
            step = f"give volume {name} defaultMode: 0755, or name the interpreter in command of {case.container.name}"
    return _case.Judgement(
        summary=f"container {case.container.name} can't start: {what} is there and can't be executed",
        explanation=why,
        evidence=tuple(evidence),
        next_step=f"{_case.edit_command(case.workload)}   # {step}",
        confidence="confirmed" if refusal.word and (refusal.why == "denied" or volume) else "probable",
        candidates=(*candidates, *_former_commands(case)),
    )


def image_architecture_mismatch(case: _case.ContainerCase) -> _case.Judgement | None:
    """The image holds programs for another kind of processor than the node has."""
    node = case.evidence.get(Ref("Node", "", case.pod.node)) or {}
    architecture = fields.get_str(node, "status", "nodeInfo", "architecture")
    on_node = f"node {case.pod.node or '(unknown)'}" + (f" ({architecture})" if architecture else "")
    evidence: list[EvidenceItem]
    if failed_pull(case) == "platform":
        evidence = [_case.quote_waiting(case)]
        summary = f"image {case.container.image} of container {case.container.name} has no variant for {on_node}"
        why = (
            "The registry has the image, and none of its variants is for this operating system and processor: "
            "neither the name nor credentials are at fault."
        )
        sure = True
    else:
        refusal = _refusal(case)
        foreign = refusal if refusal and refusal.why == "format" and not _is_script(case, refusal.word) else None
        ended = case.last_end is not None and bool(case.last_end.exit_code)
        if foreign is None and (
            refusal or not ended or not (_case.said(case, _FOREIGN) or _case.said(case, _READ_AS_SCRIPT))
        ):
            return None
        evidence = [*foreign.evidence] if foreign else [_case.quote_end(case), *_case.quote_log(case)]
        evidence.append(_written(case))
        summary = f"container {case.container.name} starts a program whose format {on_node} can't execute"
        why = (
            "The file is there and may be executed, but the kernel does not know its format: "
            "it was built for another processor, or it is damaged or empty."
        )
        sure = foreign is not None and foreign.by == "runtime"
    elsewhere = _runs_elsewhere(case, architecture)
    if architecture:
        evidence.append(EvidenceItem("object", f"Node {case.pod.node}: status.nodeInfo.architecture", architecture))
    if elsewhere:
        evidence.append(elsewhere)
    return _case.Judgement(
        summary=summary,
        explanation=why,
        evidence=tuple(evidence),
        next_step=_case.edit_command(case.workload)
        + f"   # an image built for {architecture or 'this processor'}, or a nodeSelector kubernetes.io/arch",
        confidence="confirmed" if sure or elsewhere else "probable",
        candidates=known_images(case, case.container.image),
    )


# What a program says that was called wrongly: getopt, busybox, argparse, click, Go's flag and cobra, clap, the JVM, npm, curl, shells.
_COMPLAINT: t.Final = (
    r"(?i)(?:unknown|unrecogni[sz]ed|invalid|illegal|bad|unexpected|unsupported|no such|ambiguous|missing|extra)"
    r" (?:long |short |command[- ]line |shorthand )*(?:options?|flags?|switch|command|sub-?command|operand|script)\b"
    r"|(?:unknown|unrecogni[sz]ed|invalid|illegal|unexpected|missing) arguments?:? ['\"\u2018`<-]"
    r"|(?:option|flag|argument|command)s? .{0,60}(?:is unknown|not recogni[sz]ed|not defined|requires? an? |needs an? |is ambiguous)"
    r"|flag provided but not defined|the following arguments are required|is not an? \S+ command|wrong number of arguments"
    r"|too (?:many|few) arguments|invalid (?:number|value|time interval) ['\"\u2018`]|found argument .{0,60} which wasn't expected"
    r"|^\S+: (?:-c: )?(?:line )?(?:\d+: )?syntax error(?: near unexpected|:)"
)
# Interpreters that can't find what they are to run.
_CANT_OPEN: t.Final = (
    r"(?i)(?:can(?:'t|not) open (?:file |perl script )?|cannot find module |unable to access jarfile |no module named "
    r"|could not find or load main class |could not open input file: |no such file or directory -- )['\"]?(?P<file>[^'\":\s]+)"
)
# nginx -g, cobra
_OF_COMMAND_LINE: t.Final = r"(?i)\bin (?:the )?command[- ]line$|\brequired flag\(s\) \""
# An interpreter that is given a program as an argument: python -c, node -e, php -r.
_LANGUAGE: t.Final = r"(?:^|/)(?:python|node|ruby|perl|php)[\d.]*$"
_CODE_OPTIONS: t.Final = frozenset({"-c", "-e", "-r", "--eval"})
_USAGE: t.Final = r"(?i)^\s*usage(?: of [^:]+)?:|try ['\"`\u2018]?\S+ (?:-h|--?help)"
# Exit codes that say "called wrongly": shells, getopt, argparse, Go's flag; and EX_USAGE of BSD.
_USAGE_CODES: t.Final = frozenset({2, 64})
# A setting that is missing is no wrong argument, even where the program tells its usage thereafter; Go's panic ends with 2 as well.
_OTHER_STORY: t.Final = r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b|(?i:environment variable)|^panic:|^goroutine \d"
_CONFIGURATION_FILE: t.Final = r"(?i)\.(?:conf|cfg|ini|json|properties|toml|ya?ml)\b"


def command_usage_error(case: _case.ContainerCase) -> _case.Judgement | None:
    """The program is found and does not understand the arguments that the pod gives it."""
    end = case.last_end
    if end is None or end.reason != "Error" or not end.exit_code or end.exit_code > 125 or case.kill is not None:
        return None
    lines = end.message.strip().splitlines() or _case.last_lines(case)
    told = _told_of_arguments(case.container.spec, lines)
    if told is None and not _tells_usage(end.exit_code, lines):
        return None
    return _case.Judgement(
        summary=f"container {case.container.name} is called with arguments that it does not take"
        + (f": {told}" if told else f" (exit code {end.exit_code})"),
        explanation="The program was found and ran; it refused the way it is called before it did any work."
        + (" What it names stands in the container's command and args." if told else ""),
        evidence=(_case.quote_end(case), *_case.quote_log(case), _written(case)),
        next_step=_case.edit_command(case.workload) + f"   # correct command and args of {case.container.name}",
        confidence="confirmed" if told else "probable",
        candidates=_former_commands(case),
    )


def _told_of_arguments(spec: fields.Json, lines: t.Sequence[str]) -> str | None:
    """The line that complains of something which stands in the container's command or args."""
    words = _arguments(spec)
    for number, line in reversed([*enumerate(lines)]):
        if match := re.search(_CANT_OPEN, line):
            file = match["file"].rstrip(".,")
            if any(file == word or file.endswith("/" + word.removeprefix("./")) for word in words):
                return line.strip()
        elif re.search(_OF_COMMAND_LINE, line):
            return line.strip()
        elif re.search(_COMPLAINT, line) and not re.search(_CONFIGURATION_FILE, line):
            around = " ".join(lines[max(number - 1, 0) : number + 1])
            if any(_names(around, word) for word in words[1:]) or _by_its_own_name(line, words):
                return line.strip()
    return None


def _arguments(spec: fields.Json) -> list[str]:
    """The words of the command line, those within a shell's script as well; the code of another language is no argument."""
    texts = [*fields.get_strs(spec, "command"), *fields.get_strs(spec, "args")]
    code = {number + 1 for number, text in enumerate(texts) if text in _CODE_OPTIONS and re.search(_LANGUAGE, texts[0])}
    return [word for number, text in enumerate(texts) if number not in code for word in text.split()]


def _names(text: str, word: str) -> bool:
    """Whether the text names an argument: as it stands, or an option without its dashes and value."""
    bare = word.lstrip("-").partition("=")[0]
    return len(bare) > 1 and re.search(rf"(?<![\w-])-*{re.escape(bare)}(?![\w-])", text) is not None


def _by_its_own_name(line: str, words: t.Sequence[str]) -> bool:
    """Whether a program that the command names speaks, as getopt does: "nginx: invalid option"."""
    speaker = posixpath.basename(line.partition(":")[0])
    return speaker in {posixpath.basename(word) for word in words}


def _tells_usage(exit_code: int, lines: t.Sequence[str]) -> bool:
    if exit_code not in _USAGE_CODES or any(re.search(_OTHER_STORY, line) for line in lines):
        return False
    return any(re.search(_COMPLAINT, line) or re.search(_USAGE, line) for line in lines)


def _refusal(case: _case.ContainerCase) -> _Refusal | None:
    """What could not be executed: the runtime, the kernel or a shell says it."""
    end = case.last_end
    by_runtime = _by_runtime(case)
    if by_runtime or end is None or end.reason != "Error" or not end.exit_code:
        return by_runtime
    lines = _case.last_lines(case)
    evidence = (_case.quote_end(case), *_case.quote_log(case))
    if len(lines) == 1:
        for pattern in _BEFORE_ANYTHING:
            if (match := re.search(pattern, lines[0])) and (why := _why(match["why"])):
                return _Refusal(match["word"], why, "kernel", evidence)
    if end.exit_code not in _SHELL_CODES:
        match = re.search(_SHELL_GIVES_UP, lines[-1]) if lines else None
        return _Refusal(match["word"] or match["line"], "missing", "shell", evidence) if match else None
    if any(re.search(_READ_AS_SCRIPT, line) for line in lines):
        return _Refusal("", "format", "shell", evidence)
    for line in reversed(lines):
        if (match := re.search(_SHELL, line)) and (why := _why(match["why"])):
            return _Refusal(match["word"], why, "shell", evidence)
    return _Refusal("", _SHELL_CODES[end.exit_code], "shell", evidence)


def _ended_over_it(case: _case.ContainerCase) -> bool:
    """Whether the exit code is a shell's for a command that it can't run."""
    return case.last_end is not None and case.last_end.exit_code in _SHELL_CODES


def _by_runtime(case: _case.ContainerCase) -> _Refusal | None:
    for text, quote in start_texts(case):
        match = next((m for pattern in _RUNTIME if (m := re.search(pattern, text))), None)
        if match and (why := _why(match["why"])):
            return _Refusal(match["word"], why, "runtime", (quote,))
    return None


def start_texts(case: _case.ContainerCase) -> t.Iterator[tuple[str, EvidenceItem]]:
    """What the runtime said when it could not start the container: with the last end, or in the waiting state."""
    end = case.last_end
    if end and end.reason in START_REASONS:
        yield end.message, _case.quote_end(case)
    if case.container.waiting_reason in START_REASONS:
        yield case.container.waiting_message, _case.quote_waiting(case)


def _why(words: str) -> _Why | None:
    return next((why for why, pattern in _WHYS if re.search(pattern, words)), None)


def _written(case: _case.ContainerCase) -> EvidenceItem:
    place = f"{case.workload}: template, container {case.container.name}: command and args"
    return EvidenceItem("spec", place, _case.command_line(case.container.spec))


def _mounted(case: _case.ContainerCase, word: str) -> fields.Json:
    """The volume in which a file lies, or an empty dictionary where it comes with the image."""
    path = posixpath.normpath(posixpath.join(fields.get_str(case.container.spec, "workingDir") or "/", word))
    mount = mount_at(case.pod.spec, case.container.spec, path) if "/" in word else None
    return mount.volume if mount else {}


def _is_script(case: _case.ContainerCase, file: str) -> bool:
    """Whether a file is text, because a ConfigMap or Secret brings it and not as binary data.

    A script of the image itself says nothing: its interpreter may be a foreign program, with the same complaint.
    """
    volume = _mounted(case, file)
    key = _case.files_of(case, volume).get(posixpath.basename(file))
    return key not in fields.get_strs(_case.config_map(case, volume), "binaryKeys") and _mode(volume, file) is not None


def _mode(volume: fields.Json, file: str) -> int | None:
    """The mode that a ConfigMap's or Secret's volume gives a file; None for volumes that keep modes themselves."""
    source = next((fields.get_dict(volume, kind) for kind in _TEXT_VOLUMES if kind in volume), None)
    if source is None:
        return None
    own = (
        fields.get_int(item, "mode")
        for item in fields.get_dicts(source, "items")
        if file.endswith(fields.get_str(item, "path"))
    )
    mode = next((mode for mode in own if mode is not None), fields.get_int(source, "defaultMode"))
    return _DEFAULT_MODE if mode is None else mode


def _former_commands(case: _case.ContainerCase) -> tuple[Candidate, ...]:
    written = _case.command_line(case.container.spec)
    for revision, spec in case.former_containers:
        former = _case.command_line(spec)
        if former != written:
            return (Candidate(former, f"revision {revision.number} of {case.workload} used it"),)
    return ()


def _runs_elsewhere(case: _case.ContainerCase, architecture: str) -> EvidenceItem | None:
    """A container that does run the same image, on a node of another architecture."""
    users = case.evidence.images_in_use.get(case.container.image, {}).get("", []) if architecture else []
    for pod in users:
        node = case.evidence.get(Ref("Node", "", pod.node)) or {}
        other = fields.get_str(node, "status", "nodeInfo", "architecture")
        if other and other != architecture and pod.ready:
            return EvidenceItem("status", str(pod.ref), f"runs {case.container.image} on node {pod.node} ({other})")
    return None
