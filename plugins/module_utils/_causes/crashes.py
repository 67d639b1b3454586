# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that start and end again by themselves."""

from __future__ import annotations

import typing as t

from .._model.fields import get_int
from .._model.finding import EvidenceItem
from .._model.text import one_line
from ._case import ContainerCase, Judgement, command_line, edit_command, last_lines, log_command, quote_end, quote_log

# Ends that are not the application's own doing or have a name of their own: 125 to 128 and StartError are about starting it,
# 128+n is a signal (134 abort, 137 kill, 139 segmentation fault, 143 terminate), 255 with Unknown is a lost task.
_OWN_REASONS: t.Final = frozenset({"Error", "Completed"})
_NOT_ITS_OWN: t.Final = frozenset({125, 126, 127, 128, 134, 137, 139, 143})

# What of a container's spec lets the kubelet end it.
_MAY_END_IT: t.Final = frozenset({"livenessProbe", "startupProbe", "lifecycle"})


def application_error(case: ContainerCase) -> Judgement | None:
    """The application ends itself with an error code; nothing from outside ended it."""
    end = case.last_end
    if (
        end is None
        or end.reason != "Error"
        or not end.exit_code
        or end.exit_code in _NOT_ITS_OWN
        or case.killed_by_probe
    ):
        return None
    lines = end.message.strip().splitlines() or last_lines(case)
    last_word = one_line(lines[-1], 160) if lines else ""
    changed = _template_change(case)
    return Judgement(
        summary=f"container {case.container.name} ends itself with exit code {end.exit_code}"
        + (f"; its last words: {last_word}" if last_word else ""),
        explanation="The image was pulled, the command was found, and no probe, signal or memory limit ended the container: "
        "the program itself gave up." + (f" {changed.text}." if changed else ""),
        evidence=(quote_end(case), *quote_log(case), *((changed,) if changed else ())),
        next_step=log_command(case),
        confidence="confirmed" if lines else "probable",
    )


def exits_with_success(case: ContainerCase) -> Judgement | None:
    """A container that shall go on running reaches its end without an error, again and again."""
    end = case.last_end
    if end is None or end.exit_code != 0 or end.reason not in _OWN_REASONS or case.killed_by_probe:
        return None
    if case.container.role == "app" and case.pod.restart_policy != "Always":
        return None
    if not case.container_events and not _MAY_END_IT.isdisjoint(case.container.spec):
        return None  # the kubelet's events may come late: without any nobody can tell that none of these ended it
    spec = case.container.spec
    return Judgement(
        summary=f"container {case.container.name} finishes without an error and is started again and again",
        explanation=f"Exit code 0, {case.container.restarts} restarts, and no probe ended it: the command does its work and returns, "
        f"but a {case.workload.kind} expects a process that stays.",
        evidence=(
            quote_end(case),
            EvidenceItem(
                "spec",
                f"{case.pod.ref}: {case.container.spec_place}: command and args; restartPolicy",
                f"{command_line(spec)}; Always",
            ),
            *quote_log(case),
        ),
        next_step=edit_command(case.workload)
        + f"   # give {case.container.name} a command that stays, or make it a Job",
    )


def _template_change(case: ContainerCase) -> EvidenceItem | None:
    """What this container's newest revision changed, by field name, where a former one is still known."""
    if not case.former_containers:
        return None
    revision, former = case.former_containers[0]
    spec = case.container.spec
    fields = sorted(
        key for key in {*spec, *former} if spec.get(key) != former.get(key) and key not in _SET_BY_ADMISSION
    )
    if not fields:
        return None
    ready = get_int(revision.json, "status", "readyReplicas") or 0
    serves = f", which still has {ready} ready pod{'s' if ready > 1 else ''}" if ready else ""
    return EvidenceItem(
        "object",
        f"{case.workload}: this revision against revision {revision.number}",
        f"Since revision {revision.number}{serves}, container {case.container.name} changed: {', '.join(fields)}",
    )


# A pod's containers carry what a template's don't.
_SET_BY_ADMISSION: t.Final = frozenset(
    {"volumeMounts", "terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy"}
)
