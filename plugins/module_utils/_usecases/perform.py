# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One step of a plan: doing it, finding out whether it was done, and taking it back, without writing over anybody."""

from __future__ import annotations

import time
import typing as t

from .._model import fields
from .._model.edits import at, contains
from .._model.objects import Pod, Ref
from .._model.plan import Step
from .._model.secrets import redact_object
from .._model.writing import NotAllowed, NotAsPlanned, Writer
from .._remedies._change import manifest

# What is deleted to be made again must be gone first: this long beyond the time that it is given to end.
_ENDING_SECONDS: t.Final = 60
_POLL_SECONDS: t.Final = 0.2
_DEFAULT_GRACE: t.Final = 30
# A pod that crashes all the time has a new version all the time: between reading and deleting it that may happen again.
_ATTEMPTS: t.Final = 5


class Unfinished(NotAllowed):
    """A step was begun, which can't be called back, and did not come to its end."""


def perform(writer: Writer, step: Step, dry_run: bool) -> fields.Json:
    """One step; the object after it, or an empty one after a deletion."""
    if step.verb == "patch":
        return writer.patch(step.target, step.patch, dry_run)
    if step.verb == "create":
        return writer.create(step.target, step.manifest or {}, dry_run)
    if step.verb == "delete":
        _delete(writer, step, dry_run)
        return {}
    raise NotAllowed(f"no step of kind {step.verb} is known", forbidden=False)


def found(writer: Writer, step: Step, former: t.Collection[str]) -> t.Literal["before", "after", "other"]:
    """Whether the live object is as before the step, as after it, or neither; ``former`` are the uids that the plan deletes."""
    live = writer.get(step.target)
    uid = fields.get_str(live, "metadata", "uid")
    if step.verb == "delete":
        ending = live is None or uid != step.uid or fields.get_str(live, "metadata", "deletionTimestamp")
        return "after" if ending or (_replaced(step) and Pod(live or {}).ready) else "before"
    if step.verb == "create":
        if live is None or uid in former:
            return "before"
        return "after" if _is_made(live, step.manifest) else "other"
    if live is None or uid != step.uid:
        return "other"
    if _holds(live, step.inverse):
        return "after"
    return "before" if _holds(live, step.patch) else "other"


def take_back(writer: Writer, step: Step, made: str, former: fields.Json | None) -> tuple[str, fields.Json]:
    """What became of it, as the type and body of an event.

    ``made`` is the uid of what a step of creation made, ``former`` the manifest of what stood in its place before.
    """
    try:
        live = writer.get(step.target)
        if step.verb == "create":
            return _unmake(writer, step, live, made, former)
        if step.verb == "delete":
            return _remake(writer, step, live)
        return _patch_back(writer, step, live)
    except NotAllowed as exc:
        return "rollback_failed", {"reason": str(exc)}


def taken_away(writer: Writer, step: Step) -> fields.Json | None:
    """What a deletion takes away, as it could be made again: for people, before it goes.  None where nobody can tell."""
    if step.verb != "delete" or step.manifest is not None:
        return step.manifest
    try:
        live = writer.get(step.target)
    except NotAllowed:
        return None
    return manifest(live) if live is not None and fields.get_str(live, "metadata", "uid") == step.uid else None


def lacking_right(writer: Writer, steps: t.Sequence[Step]) -> str | None:
    """What this identity may not do that taking the steps back would ask of it; a patch back is a patch like the one before."""
    opposites = {"create": "delete", "delete": "create"}
    for step in steps:
        verb = opposites.get(step.verb)
        if verb and not _replaced(step) and not step.resource_version and not writer.may(verb, step.target):
            return f"this identity may not {verb} {step.target}"
    return None


def _replaced(step: Step) -> bool:
    """Whether a step deletes a pod that its controller replaces, to be left alone where that has happened already."""
    return step.verb == "delete" and step.manifest is None and step.resource_version is None


def _delete(writer: Writer, step: Step, dry_run: bool) -> None:
    for attempt in range(_ATTEMPTS):
        live = writer.get(step.target)
        gone = live is None or fields.get_str(live, "metadata", "uid") != step.uid
        ready = step.target.kind == "Pod" and Pod(live or {}).ready
        if _replaced(step) and (gone or ready):
            return
        if live is None or gone:
            raise NotAsPlanned(f"{step.target} is gone or was made anew")
        if ready:
            raise NotAsPlanned(f"{step.target} is ready now")
        if not _holds(live, step.patch):
            raise NotAsPlanned(f"{step.target} was changed")
        version = step.resource_version or fields.get_str(live, "metadata", "resourceVersion")
        try:
            writer.delete(step.target, step.uid, version, dry_run)
        except NotAsPlanned:
            if step.resource_version or attempt == _ATTEMPTS - 1:
                raise
            continue
        if step.manifest is not None and not dry_run:
            _wait_until_gone(writer, step.target, step.uid, live)
        return


def _wait_until_gone(writer: Writer, target: Ref, uid: str, live: fields.Json) -> None:
    grace = fields.get_int(live, "spec", "terminationGracePeriodSeconds")
    seconds = (_DEFAULT_GRACE if grace is None else grace) + _ENDING_SECONDS
    end = time.monotonic() + seconds
    while fields.get_str(writer.get(target), "metadata", "uid") == uid:
        if time.monotonic() > end:
            raise Unfinished(f"{target} has not ended within {seconds} s", forbidden=False)
        time.sleep(_POLL_SECONDS)


def _patch_back(writer: Writer, step: Step, live: fields.Json | None) -> tuple[str, fields.Json]:
    if live is None or fields.get_str(live, "metadata", "uid") != step.uid:
        return _blocked(f"{step.target} is gone or was made anew")
    if _holds(live, step.patch):
        return "rolled_back", {}  # somebody has done it already
    try:
        writer.patch(step.target, step.inverse, dry_run=False)
    except NotAsPlanned:
        return _blocked(f"{step.target} was changed by somebody else since", _difference(step, live))
    return "rolled_back", {}


def _unmake(
    writer: Writer, step: Step, live: fields.Json | None, made: str, former: fields.Json | None
) -> tuple[str, fields.Json]:
    if live is None:
        return "rolled_back", {}
    uid = fields.get_str(live, "metadata", "uid")
    if uid != made:
        back = former is not None and _is_made(live, former)
        return ("rolled_back", {}) if back else _blocked(f"{step.target} was made anew by somebody else")
    if not _is_made(live, step.manifest):
        return _blocked(f"{step.target} was changed by somebody else since")
    for _attempt in range(_ATTEMPTS):
        try:
            writer.delete(step.target, uid, fields.get_str(live, "metadata", "resourceVersion"), dry_run=False)
            break
        except NotAsPlanned:
            live = writer.get(step.target)
            if live is None or fields.get_str(live, "metadata", "uid") != uid:
                break
    if live is not None:
        _wait_until_gone(writer, step.target, uid, live)
    return "rolled_back", {}


def _remake(writer: Writer, step: Step, live: fields.Json | None) -> tuple[str, fields.Json]:
    if step.manifest is None:
        return "rolled_back", {}  # its controller has made another
    ending = bool(fields.get_str(live, "metadata", "deletionTimestamp"))
    if live is not None and ending and fields.get_str(live, "metadata", "uid") == step.uid:
        _wait_until_gone(writer, step.target, step.uid, live)
    elif live is not None:
        there = _is_made(live, step.manifest) and not ending
        return ("rolled_back", {}) if there else _blocked(f"{step.target} was made anew by somebody else")
    try:
        writer.create(step.target, step.manifest, dry_run=False)
    except NotAsPlanned as exc:
        return _blocked(str(exc))
    return "rolled_back", {}


def _blocked(reason: str, difference: t.Sequence[fields.Json] = ()) -> tuple[str, fields.Json]:
    return "rollback_blocked", {"reason": reason, "difference": list(difference)}


def _is_made(live: fields.Json, wanted: fields.Json | None) -> bool:
    """Whether an object is what was made from a manifest, and nobody has changed it since; admission adds to it."""
    return contains(manifest(live), wanted)


def _holds(live: fields.Json | None, operations: t.Sequence[fields.Json]) -> bool:
    return all(at(live, fields.get_str(op, "path")) == op.get("value") for op in operations if op.get("op") == "test")


def _difference(step: Step, live: fields.Json) -> list[dict[str, t.Any]]:
    """Three ways: what stood there before us, what we wrote, and what stands there now."""
    before = {fields.get_str(op, "path"): op.get("value") for op in step.patch if op.get("op") == "test"}
    ours = {fields.get_str(op, "path"): op.get("value") for op in step.inverse if op.get("op") == "test"}
    return [
        {"path": path, **redact_object({"before": before.get(path), "ours": ours.get(path), "now": at(live, path)})}
        for path in step.paths
        if at(live, path) != ours.get(path)
    ]
