# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the server says to a change before anybody is asked: nothing is stored."""

from __future__ import annotations

import dataclasses
import typing as t

from .._model import fields
from .._model.edits import Edit, at
from .._model.finding import FROM_SNAPSHOT
from .._model.plan import Step
from .._model.writing import NotAllowed, NotAsPlanned, Writer
from .._remedies._change import Change
from .perform import lacking_right, perform


@dataclasses.dataclass(frozen=True)
class Tried:
    """A change with the steps that a dry run made of it."""

    change: Change
    steps: tuple[Step, ...]
    dry_run: str
    irreversible_because: str | None


def rehearse(change: Change, writer: Writer | None) -> Tried:
    """What the server says to each write, to its inverse, and to a pod of it, without storing anything."""
    steps = tuple(write.step() for write in change.writes)
    if writer is None:
        return Tried(change, steps, FROM_SNAPSHOT, change.irreversible_because)
    tried: list[Step] = []
    because = [change.irreversible_because]

    def attempt() -> None:
        for write in change.writes:
            if isinstance(write, Edit):
                step, comes_back = _try_edit(write, writer)
                because.append(None if comes_back else "the server does not store the former values again as they were")
            else:
                step = write.step()
                perform(writer, step, dry_run=True)
            tried.append(step)
        if not change.irreversible_because:
            because.append(lacking_right(writer, tried))

    dry_run = _answer(attempt)
    done = (*tried, *steps[len(tried) :])
    return Tried(change, done, dry_run, next((why for why in because if why), None))


def _try_edit(edit: Edit, writer: Writer) -> tuple[Step, bool]:
    """The step in the server's own words, and whether its inverse gives back the former values."""
    stored = writer.patch(edit.target, edit.step().patch, dry_run=True)
    step = edit.as_stored(stored).step()
    if not step.paths:
        raise NotAllowed("the server would store nothing of it", forbidden=False)
    back = writer.patch(edit.target, (*step.patch, *step.inverse), dry_run=True)
    if any(path.startswith("/spec/template/") for path in edit.after):
        writer.try_pod(edit.target.namespace, fields.get_dict(stored, "spec", "template"))
    return step, all(at(back, path) == at(edit.json, path) for path in edit.after)


def _answer(attempt: t.Callable[[], None]) -> str:
    try:
        attempt()
    except NotAllowed as exc:
        return "forbidden" if exc.forbidden else f"refused: {exc}"
    except NotAsPlanned as exc:
        return f"refused: it changed meanwhile: {exc}"
    return "ok"
