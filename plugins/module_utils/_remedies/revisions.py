# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Going back to a revision that is known to work."""

from __future__ import annotations

import re
import typing as t

from .._model import fields
from .._model.edits import differences, names_on_the_way
from .._model.evidence import Revision
from .._model.secrets import redact_object, secret_name
from ._change import EDITABLE, Change, RemedyCase

_HASH: t.Final = "pod-template-hash"
_NAMED: t.Final = re.compile(r"revision=([0-9]{1,18})")


def roll_back(case: RemedyCase) -> Change | None:
    """Give a workload the template of a former revision: the newest with a ready pod now, or the one that a person names."""
    json = case.json
    if json is None or case.workload.kind not in EDITABLE or fields.get(json, "spec", "paused") is True:
        return None
    named = _NAMED.fullmatch(case.candidate or "")
    former = [each for each in case.evidence.revisions(case.workload)[1:] if _changes(json, each)]
    serving = [each for each in former if case.evidence.ready_pods(each) > 0]
    chosen = [each for each in former if each.number == int(named[1])] if named else serving[:1]
    if chosen:
        return _to(case, json, chosen[0])
    if not former or named:
        return None
    numbers = ", ".join(str(each.number) for each in former[:5])
    needs = f"a former revision that a person knows to work, as revision=N (there are: {numbers}); none has a ready pod to prove it"
    return case.asking("roll_back", f"give {case.workload} the template of a former revision again", needs)


def _to(case: RemedyCase, json: fields.Json, good: Revision) -> Change | None:
    changed = _changes(json, good)
    guards = {
        path: name for pointer, _before, _after in changed for path, name in names_on_the_way(json, pointer).items()
    }
    if any(_is_secret(*each, guards) for each in changed):
        return None
    ready = case.evidence.ready_pods(good)
    proof = "which has 1 ready pod now" if ready == 1 else f"which has {ready} ready pods now"
    return case.change(
        "roll_back",
        f"give {case.workload} the template of revision {good.number} again, "
        + (proof if ready else "which a person named; no ready pod proves that it works"),
        {pointer: after for pointer, _before, after in changed},
        guards,
    )


def _changes(json: fields.Json, revision: Revision) -> list[tuple[str, t.Any, t.Any]]:
    """What the template would have to change to be that revision's again."""
    return list(differences("/spec/template", fields.get_dict(json, "spec", "template"), _template(revision)))


def _is_secret(pointer: str, before: t.Any, after: t.Any, guards: t.Mapping[str, str]) -> bool:
    """Whether a plan would hold a secret that stands in the template in plain: then a person must act."""
    named = secret_name(guards.get(pointer.removesuffix("value") + "name", "")) if pointer.endswith("/value") else False
    return named or any(redact_object(value) != value for value in (before, after))


def _template(revision: Revision) -> fields.Json:
    """A revision's template as its workload had it: without the label that the controller adds, and the mark of a patch."""
    template = {key: value for key, value in revision.template.items() if key != "$patch"}
    metadata = dict(fields.get_dict(template, "metadata"))
    if revision.ref.kind == "ReplicaSet":
        metadata["labels"] = {key: value for key, value in fields.get_dict(metadata, "labels").items() if key != _HASH}
    return {**template, "metadata": metadata}
