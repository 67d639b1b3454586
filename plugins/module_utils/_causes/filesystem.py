# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that end because they can't write where they want to.

A log says so in the words of the C library (EROFS, EACCES, EPERM, ENOSPC) or of a runtime; the pod's spec has to bear it out.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._model import fields
from .._model.finding import Confidence, EvidenceItem
from .._model.objects import Mount, mount_at
from . import _case

# Python tries several places and tells none of the errors.
_READ_ONLY: t.Final = r"(?i)read-only file ?system|\bEROFS\b|\berrno 30\b|\bno usable temporary directory\b"
_FULL: t.Final = (
    r"(?i)no space left on device|\bENOSPC\b|\berrno 28\b|disk quota exceeded|there is not enough space on the disk"
)
# The kernel says the same where it may watch no more files, or has no more shared memory.
_NO_DISK: t.Final = r"(?i)\b(?:inotify|watch\w*|shared memory|shm\w*|sem\w*)\b"
_REFUSED: t.Final = (
    r"(?i)permission denied|operation not permitted|\bEACCES\b|\bEPERM\b|AccessDeniedException"
    r"|access to the path .* is denied"
)
# Refusals that are not about writing a file: sockets, keys, rights within a database, programs that may not be run.
_OTHER_RIGHTS: t.Final = (
    r"(?i)\b(?:bind|listen|connect|dial|sockets?|ports?|publickey|exec\w*|relation|table|schema|database|role"
    r"|forbidden)\b"
)
_INNERMOST: t.Final = 3  # file, call, and the marks under it
# It went on in spite of that.
_IN_SPITE: t.Final = r"(?i)\b(?:ignor|skip|continu)\w*|(?<!PHP )\bwarn(?:ing)?\b"
# An absolute path, and no part of a URL; a program that names itself first ("/bin/sh: can't create") is none.
_PATH: t.Final = r"(?<![\w.:/~-])(/[\w.@+-]+(?:/[\w.@+-]+)*)"
_FIRST_WORD: t.Final = r"^\s*/[\w./@+-]+:(?:\d+:in\b[^:]*:)?\s"  # of Ruby with the place in its code
# The kubelet mounts these read-only, whatever the mount says (pkg/volume: all of them are "ReadOnly: true").
_ALWAYS_READ_ONLY: t.Final = {
    "configMap": "ConfigMap",
    "secret": "Secret",
    "projected": "projected volume",
    "downwardAPI": "downward API",
}


@dataclasses.dataclass(frozen=True)
class _Reason:
    """Why it can't write, the proof in the spec where there is one, and what would help."""

    why: str
    help: str
    proof: EvidenceItem | None = None


def filesystem_not_writable(case: _case.ContainerCase) -> _case.Judgement | None:
    """The program can't write a file: the file system is read-only, is full, or belongs to somebody else."""
    if not case.gave_up:
        return None
    for verb, pattern, why in (
        ("write", _READ_ONLY, _read_only),
        ("write", _FULL, _full),
        ("use", _REFUSED, _refused),
    ):
        if (match := _told(case, pattern)) and (reason := why(case, match.string)):
            return _judged(case, verb, match, reason)
    return None


def _judged(case: _case.ContainerCase, verb: str, match: re.Match[str], reason: _Reason) -> _case.Judgement:
    path = next(iter(_paths(match.string)), "")
    confidence: Confidence = "confirmed" if reason.proof else "probable"
    return _case.Judgement(
        summary=f"container {case.container.name} can't {verb} {path or 'a file'}: {reason.why}",
        explanation="The program said so and ended itself. "
        + (
            "What its spec says about that place bears it out."
            if reason.proof
            else "Nothing in its spec says why, so only its log tells."
        ),
        evidence=(_case.quote_said(case, match), _case.quote_end(case), *((reason.proof,) if reason.proof else ())),
        next_step=_case.edit_command(case.workload) + f"   # {reason.help}",
        confidence=confidence,
    )


def _told(case: _case.ContainerCase, pattern: str) -> re.Match[str] | None:
    match = _case.said(case, pattern)
    return None if match and re.search(_IN_SPITE, match.string) else match


def _read_only(case: _case.ContainerCase, line: str) -> _Reason:
    places = list(_places(case, line))
    proven = next((reason for path, mount in places if mount and (reason := _read_only_mount(case, path, mount))), None)
    if proven:
        return proven
    elsewhere = bool(_paths(line)) and all(mount for _path, mount in places)
    if fields.get(case.container.spec, "securityContext", "readOnlyRootFilesystem") is True and not elsewhere:
        return _Reason(
            "its root file system is read-only",
            "mount an emptyDir where it writes",
            EvidenceItem(
                "spec",
                f"{case.pod.ref}: {case.container.spec_place}.securityContext",
                "readOnlyRootFilesystem true, and no volume is mounted there",
            ),
        )
    return _Reason("the file system is read-only", "look at the volume that it writes to, and at its node")


def _read_only_mount(case: _case.ContainerCase, path: str, mount: Mount) -> _Reason | None:
    source = f"{case.pod.ref}: {case.container.spec_place}.volumeMounts"
    if mount.source in _ALWAYS_READ_ONLY:
        what = f"{_ALWAYS_READ_ONLY[mount.source]} {mount.source_name}".strip()
        proof = EvidenceItem("spec", source, f"{mount.path}: {what}, always read-only")
        return _Reason(
            f"{what} is mounted there, and nobody can write to that", f"let it write elsewhere than {path}", proof
        )
    if mount.read_only or fields.get(mount.volume, mount.source, "readOnly") is True:
        proof = EvidenceItem("spec", source, f"{mount.path}: readOnly true")
        return _Reason(
            f"the volume at {mount.path} is mounted read-only", "mount it without readOnly if it shall write", proof
        )
    return None


def _full(case: _case.ContainerCase, line: str) -> _Reason | None:
    if re.search(_NO_DISK, line):
        return None
    mount = next((mount for _path, mount in _places(case, line) if mount), None)
    if mount is None:
        return _Reason("no space is left", "mount a volume where it writes, or look at the disk of its node")
    where = f"no space is left in the volume at {mount.path}"
    size = fields.get_str(mount.volume, "emptyDir", "sizeLimit")
    if not size:
        return _Reason(where, "give it a larger volume, or delete what it no longer needs")
    place = f"{case.pod.ref}: {case.container.spec_place}.volumeMounts"
    proof = EvidenceItem("spec", place, f"{mount.path}: emptyDir, sizeLimit {size}")
    return _Reason(f"{where}, an emptyDir of {size}", "raise sizeLimit, or write less", proof)


def _refused(case: _case.ContainerCase, line: str) -> _Reason | None:
    if re.search(_OTHER_RIGHTS, line) or (not _paths(line) and re.search(_OTHER_RIGHTS, _trace_above(case, line))):
        return None
    user = _security(case, "runAsUser")
    for path, mount in _places(case, line):
        if mount and mount.source in _ALWAYS_READ_ONLY:
            continue  # nobody writes there: it may not read
        if not user and _security(case, "runAsNonRoot") is not True:
            return _Reason(
                f"{path} does not belong to the user that it runs as", "set runAsUser or fsGroup to whom it belongs"
            )
        group = fields.get_int(case.pod.spec, "securityContext", "fsGroup")
        who = f"runAsUser {user}" if user else "runAsNonRoot true"
        where = f"the volume at {mount.path}, fsGroup {group or 'none'}" if mount else "a file of the image"
        return _Reason(
            f"it does not run as root, and {path} belongs to somebody else",
            "set fsGroup so that it may write to the volume" if mount else "mount a volume where it writes",
            EvidenceItem(
                "spec", f"{case.pod.ref}: {case.container.spec_place}.securityContext", f"{who}; {path}: {where}"
            ),
        )
    return None


def _trace_above(case: _case.ContainerCase, line: str) -> str:
    """The innermost lines of the stack trace that an error in Python ends: they tell what it is about where it does not."""
    above = case.log.rpartition(line)[0].splitlines()[-_INNERMOST:]
    return "\n".join(each for each in above if each.startswith(" "))


def _security(case: _case.ContainerCase, name: str) -> object:
    own = fields.get(case.container.spec, "securityContext", name)
    return own if own is not None else fields.get(case.pod.spec, "securityContext", name)


def _places(case: _case.ContainerCase, line: str) -> t.Iterator[tuple[str, Mount | None]]:
    """The absolute paths of the line, else the places that a relative one may be meant from, each with its mount."""
    spec = case.container.spec
    words = (*fields.get_strs(spec, "command"), *fields.get_strs(spec, "args"))
    meant = (fields.get_str(spec, "workingDir"), *(word for word in words if re.fullmatch(_PATH, word)))
    for path in _paths(line) or filter(None, meant):
        yield path, mount_at(case.pod.spec, spec, path)


def _paths(line: str) -> list[str]:
    return re.findall(_PATH, re.sub(_FIRST_WORD, " ", line))
