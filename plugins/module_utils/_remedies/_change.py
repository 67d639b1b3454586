# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a remedy function answers: a change that would help, or what it still needs from a person."""

from __future__ import annotations

import dataclasses
import typing as t

from .._model.edits import Edit
from .._model.evidence import Evidence
from .._model.fields import Json, get_dict, get_dicts, get_int, get_str
from .._model.finding import Finding
from .._model.objects import Ref
from .._model.plan import Step

EDITABLE: t.Final = frozenset({"Deployment", "StatefulSet", "DaemonSet"})


@dataclasses.dataclass(frozen=True)
class PodDeletion:
    """A pod that is taken away as it was seen."""

    target: Ref
    json: Json

    def step(self) -> Step:
        """The step, which holds only for the pod as it was seen."""
        uid, version = (get_str(self.json, "metadata", name) for name in ("uid", "resourceVersion"))
        return Step("delete", self.target, uid, resource_version=version)


@dataclasses.dataclass(frozen=True)
class Change:
    """One bounded change.

    ``write`` is None where ``needs`` says what a person must name first.  ``effect`` tells in words what it does to what runs.
    """

    action: str
    summary: str
    effect: str
    write: Edit | PodDeletion | None
    needs: str | None = None
    irreversible_because: str | None = None


@dataclasses.dataclass(frozen=True)
class RemedyCase:
    """One finding with what was read, and the value that a person named for it, if one did."""

    finding: Finding
    evidence: Evidence
    candidate: str | None = None

    @property
    def workload(self) -> Ref:
        return self.finding.workload or self.finding.subject

    @property
    def json(self) -> Json | None:
        """The workload's object, where a live edit of it can help."""
        return self.evidence.get(self.workload) if self.workload.kind in EDITABLE else None

    def container(self) -> tuple[str, Json] | None:
        """The JSON pointer and the template's spec of the container that the finding names."""
        for spec_list in ("containers", "initContainers"):
            for index, spec in enumerate(get_dicts(self.json, "spec", "template", "spec", spec_list)):
                if get_str(spec, "name") == self.finding.container:
                    return f"/spec/template/spec/{spec_list}/{index}", spec
        return None

    @property
    def replaced(self) -> str:
        """What any change of the template does to the running pods."""
        count = get_int(self.json, "spec", "replicas")
        pods = f"its {count} pods" if count and count > 1 else "its pods"
        recreate = get_str(get_dict(self.json, "spec", "strategy"), "type") == "Recreate"
        how = "all at once: nothing serves meanwhile" if recreate else "one after another"
        return f"{self.workload} starts a new rollout: {pods} are replaced {how}"
