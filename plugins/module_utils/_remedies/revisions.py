# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Going back to a revision that is known to work."""

from __future__ import annotations

import typing as t

from .._model.edits import Edit, differences, names_on_the_way
from .._model.evidence import Revision
from .._model.fields import Json, get, get_dict
from .._model.secrets import redact_object, secret_name
from ._change import Change, RemedyCase

_HASH: t.Final = "pod-template-hash"


def roll_back(case: RemedyCase) -> Change | None:
    """Give a Deployment the template of a former revision whose pods are ready now."""
    json = case.json
    if json is None or case.workload.kind != "Deployment" or get(json, "spec", "paused") is True:
        return None
    good = _proven(case)
    if good is None:
        return None
    current = get_dict(json, "spec", "template")
    changed = list(differences("/spec/template", current, _template(good)))
    guards = {
        path: name for pointer, _before, _after in changed for path, name in names_on_the_way(json, pointer).items()
    }
    if not changed or any(_is_secret(*each, guards) for each in changed):
        return None
    ready = case.evidence.ready_pods(good)
    pods = "1 ready pod" if ready == 1 else f"{ready} ready pods"
    return Change(
        action="roll_back",
        summary=f"give {case.workload} the template of revision {good.number} again, which has {pods} now",
        effect=case.replaced,
        write=Edit(case.workload, json, {pointer: after for pointer, _before, after in changed}, guards),
    )


def _is_secret(pointer: str, before: t.Any, after: t.Any, guards: t.Mapping[str, str]) -> bool:
    """Whether a plan would hold a secret that stands in the template in plain: then a person must act."""
    named = secret_name(guards.get(pointer.removesuffix("value") + "name", "")) if pointer.endswith("/value") else False
    return named or any(redact_object(value) != value for value in (before, after))


def _proven(case: RemedyCase) -> Revision | None:
    """The newest former revision that serves: a number alone proves nothing."""
    former = case.evidence.revisions(case.workload)[1:]
    return next((revision for revision in former if case.evidence.ready_pods(revision) > 0), None)


def _template(revision: Revision) -> Json:
    """A revision's template as its Deployment had it: without the label that the controller adds."""
    template = dict(revision.template)
    metadata = dict(get_dict(template, "metadata"))
    metadata["labels"] = {key: value for key, value in get_dict(metadata, "labels").items() if key != _HASH}
    return {**template, "metadata": metadata}
