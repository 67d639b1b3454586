# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Letting a node take pods again."""

from __future__ import annotations

from .._model import fields
from .._model.edits import Edit
from .._model.objects import Ref
from ._change import Change, RemedyCase

# The node controller sets it for as long as a node is cordoned.
_CORDONED = "node.kubernetes.io/unschedulable"


def uncordon(case: RemedyCase) -> Change | None:
    """Uncordon the only node that nothing but a cordon keeps pods from, or the one that a person names."""
    cordoned = {
        name: json
        for name, json in case.evidence.named("Node", "").items()
        if fields.get(json, "spec", "unschedulable") is True
        and all(fields.get_str(taint, "key") == _CORDONED for taint in fields.get_dicts(json, "spec", "taints"))
    }
    meant = [case.finding.subject.name] if case.finding.subject.kind == "Node" else list(cordoned)
    name = case.candidate or (meant[0] if len(meant) == 1 else None)
    effect = "pods are placed on it again; why somebody cordoned it is not known here"
    if name is None and cordoned:
        needs = f"the node to uncordon, one of {', '.join(sorted(cordoned))}"
        return Change("uncordon", "uncordon a node", effect, needs=needs)
    if name not in cordoned:
        return None
    node = Ref("Node", "", name or "")
    edit = Edit(node, cordoned[node.name], {"/spec/unschedulable": None})
    return Change("uncordon", f"uncordon {node}", f"{node}: {effect}", (edit,))
