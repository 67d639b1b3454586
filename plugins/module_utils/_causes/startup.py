# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers whose command can't be started.

``StartError`` is containerd's reason (``internal/cri/server/container_start.go``), ``ContainerCannotRun`` that of Docker
and CRI-O; the words after ``exec:`` are runc's and crun's.
"""

from __future__ import annotations

import re
import typing as t

from .._model.finding import Candidate, EvidenceItem
from ._case import ContainerCase, Judgement, command_line, edit_command, last_lines, quote_end, quote_log

_START_REASONS: t.Final = frozenset({"StartError", "ContainerCannotRun", "RunContainerError"})
_NO_SUCH_COMMAND: t.Final = (
    re.compile(r"exec: \"(?P<word>[^\"]+)\": (?:executable file not found|stat \S+: no such file|no such file)", re.I),
    re.compile(r"executable file [`'\"](?P<word>[^`'\"]+)[`'\"] not found", re.I),
)
# sh: "x: not found", bash: "x: command not found", env: "'x': No such file or directory"
_SHELL_NOT_FOUND: t.Final = re.compile(r"(?:not found|no such file or directory)\s*$", re.I)


def command_not_found(case: ContainerCase) -> Judgement | None:
    """The program that the container shall run is not in its image."""
    return _by_runtime(case) or _by_shell(case)


def _by_runtime(case: ContainerCase) -> Judgement | None:
    end = case.last_end
    texts = [end.message] if end and end.reason in _START_REASONS else []
    if case.container.waiting_reason in _START_REASONS:
        texts.append(case.container.waiting_message)
    for text in texts:
        match = next((m for pattern in _NO_SUCH_COMMAND if (m := pattern.search(text))), None)
        if match:
            return _judgement(
                case,
                match["word"],
                "The runtime could not find the program, so the container never ran and has no log.",
                (quote_end(case),),
            )
    return None


def _by_shell(case: ContainerCase) -> Judgement | None:
    end = case.last_end
    if end is None or end.exit_code != 127 or end.reason != "Error":
        return None
    said = next((line for line in reversed(last_lines(case)) if _SHELL_NOT_FOUND.search(line)), "")
    words = re.findall(r"[\w./+-]+(?=['\"]?: (?:command )?(?:not found|no such file))", said, re.I)
    judgement = _judgement(
        case,
        words[-1] if words else "",
        "Exit code 127 is a shell's word for a command that it can't find"
        + (", and the log names it." if said else "."),
        (quote_end(case), *quote_log(case)),
    )
    return judgement


def _judgement(case: ContainerCase, word: str, why: str, evidence: tuple[EvidenceItem, ...]) -> Judgement:
    spec = case.container.spec
    written = command_line(spec)
    place = f"{case.workload}: template, container {case.container.name}: command and args"
    evidence = (*evidence, EvidenceItem("spec", place, written))
    what = f'command "{word}"' if word else "a command"
    return Judgement(
        summary=f"container {case.container.name} can't start: {what} is not in image {case.container.image}",
        explanation=f"{why} The image was pulled and the container was created, so the fault is in the command or in what the image holds.",
        evidence=evidence,
        next_step=edit_command(case.workload)
        + f"   # correct command or args of {case.container.name}, or use an image that has it",
        confidence="confirmed" if word else "probable",
        candidates=_former_commands(case, written),
    )


def _former_commands(case: ContainerCase, written: str) -> tuple[Candidate, ...]:
    for revision, spec in case.former_containers:
        former = command_line(spec)
        if former != written:
            return (
                Candidate(
                    former or "the image's own entrypoint", f"revision {revision.number} of {case.workload} used it"
                ),
            )
    return ()
