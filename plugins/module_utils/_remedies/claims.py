# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making an unbound claim again, of a storage class that exists."""

from __future__ import annotations

from .._model import fields
from .._model.edits import Creation, Deletion, with_value
from .._model.objects import Ref
from ._change import Change, RemedyCase, manifest

_PVC = "PersistentVolumeClaim"


def recreate_claim(case: RemedyCase) -> Change | None:
    """Make a claim that no volume was ever bound to again, of the only storage class that can be meant, or of a person's."""
    found = _unbound(case)
    if found is None:
        return None
    claim, json = found
    classes = case.evidence.named("StorageClass", "")
    former = fields.get_str(json, "spec", "storageClassName") or "(none)"
    hints = [c.what.rpartition(" ")[2] for c in case.finding.candidates if c.what.startswith("StorageClass ")]
    near = [name for name in hints or classes if name in classes]
    name = case.candidate or (near[0] if len(near) == 1 else None)
    effect = f"{claim} is deleted and made again; it holds no data, for no volume was ever bound to it"
    if name is None:
        needs = f"the storage class, one of {', '.join(sorted(classes)) or 'none that exist'}"
        return Change(
            "recreate_claim", f"make {claim} again with another storage class than {former}", effect, needs=needs
        )
    if name not in classes or name == former:
        return None
    cleaned = manifest(json)
    gone = Deletion(claim, json, guards={"/status/phase": "Pending", "/spec/volumeName": None}, manifest=cleaned)
    made = Creation(claim, with_value(cleaned, "/spec/storageClassName", name))
    return Change(
        action="recreate_claim",
        summary=f"make {claim} again with storage class {name} instead of {former}",
        effect=effect,
        writes=(gone, made),
        irreversible_because="the new claim may hold data as soon as a volume is bound to it",
    )


def _unbound(case: RemedyCase) -> tuple[Ref, fields.Json] | None:
    """The claim that the finding is about or that its pods wait for, if its storage class does not exist."""
    names = [case.finding.subject.name] if case.finding.subject.kind == _PVC else []
    for pod in case.evidence.pods_of(case.workload):
        names += [
            fields.get_str(v, "persistentVolumeClaim", "claimName") for v in fields.get_dicts(pod.spec, "volumes")
        ]
    namespace = case.finding.subject.namespace
    for name in dict.fromkeys(names):
        claim = Ref(_PVC, namespace, name)
        json = case.evidence.get(claim)
        if (
            json is not None
            and fields.get_str(json, "status", "phase") == "Pending"
            and not fields.get(json, "spec", "volumeName")
        ):
            wanted = fields.get_str(json, "spec", "storageClassName")
            if (
                wanted
                and case.evidence.lists("StorageClass", "")
                and wanted not in case.evidence.named("StorageClass", "")
            ):
                return claim, json
    return None
