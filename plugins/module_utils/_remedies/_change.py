# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a remedy function answers: a change that would help, or what it still needs from a person."""

from __future__ import annotations

import dataclasses
import typing as t

from .._model import fields
from .._model.edits import Creation, Deletion, Edit, Write, at, with_value
from .._model.evidence import Evidence
from .._model.finding import Finding
from .._model.objects import Pod, Ref
from .._model.secrets import redact_object

EDITABLE: t.Final = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
# Controllers that make another pod in the place of one that is gone.  (A static pod's controller is its node.)
REPLACING: t.Final = frozenset({"ReplicaSet", "StatefulSet", "DaemonSet", "Job"})
# What the server and the kubelet add to a manifest, and what only the former object could claim.
_SERVER_METADATA: t.Final = frozenset(
    {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink", "generateName"}
)
_SCHEDULED: t.Final = frozenset({"nodeName", "priority", "preemptionPolicy", "ephemeralContainers"})
# The volume with the ServiceAccount's token, which admission mounts into every pod.
_TOKEN_VOLUME: t.Final = "kube-api-access-"


@dataclasses.dataclass(frozen=True)
class Change:
    """One bounded change.

    ``writes`` is empty where ``needs`` says what a person must name first.  ``effect`` tells in words what it does to what runs.
    """

    action: str
    summary: str
    effect: str
    writes: tuple[Write, ...] = ()
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
    def json(self) -> fields.Json | None:
        """The workload's object, where another pod template (of a bare pod: another pod) can help."""
        json = self.evidence.get(self.workload)
        bare = self.workload.kind == "Pod" and not fields.get_dicts(json, "metadata", "ownerReferences")
        return json if bare or self.workload.kind in EDITABLE else None

    @property
    def root(self) -> str:
        """The JSON pointer of the pod template; a bare pod is its own."""
        return "" if self.workload.kind == "Pod" else "/spec/template"

    @property
    def template(self) -> fields.Json:
        return t.cast("fields.Json", at(self.json, self.root)) or {}

    def container(self) -> tuple[str, fields.Json] | None:
        """The JSON pointer and the template's spec of the container that the finding names."""
        for spec_list in ("containers", "initContainers"):
            for index, spec in enumerate(fields.get_dicts(self.template, "spec", spec_list)):
                if fields.get_str(spec, "name") == self.finding.container:
                    return f"{self.root}/spec/{spec_list}/{index}", spec
        return None

    @property
    def place(self) -> str:
        return f"container {self.finding.container} of {self.workload}"

    def asking(self, action: str, summary: str, needs: str) -> Change:
        """The change as long as nobody has named the value."""
        return Change(action, summary, self.replaced, needs=needs)

    def change(
        self, action: str, summary: str, after: t.Mapping[str, t.Any], guards: t.Mapping[str, t.Any]
    ) -> Change | None:
        """New values for some paths of the template, with what it takes that the pods follow; None where that can't be done."""
        json = self.json
        if json is None:
            return None
        if self.workload.kind != "Pod":
            writes: tuple[Write, ...] = (Edit(self.workload, json, after, guards), *self._stuck())
            return Change(action, summary, self.replaced, writes)
        former = manifest(json)
        if redact_object(former) != former:
            return None  # a plan would hold a secret that stands in the pod in plain
        # Values are tested where they stand in the live pod; its manifest has other positions where the token's volume is left out.
        changed: fields.Json = json
        for path, value in after.items():
            changed = with_value(changed, path, value)
        held = {**guards, **{path: at(json, path) for path in after}}
        gone = Deletion(self.workload, json, guards=held, manifest=former)
        return Change(action, summary, self.replaced, (gone, Creation(self.workload, manifest(changed))))

    def _stuck(self) -> tuple[Deletion, ...]:
        """Pods that a StatefulSet would wait for for ever: in order, it replaces none before each is ready.

        https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
        """
        in_order = fields.get_str(self.json, "spec", "podManagementPolicy") != "Parallel"
        if self.workload.kind != "StatefulSet" or not in_order:
            return ()
        pods = (pod for pod in self.evidence.pods_of(self.workload) if not pod.ready and not pod.deleting)
        return tuple(Deletion(pod.ref, pod.json) for pod in pods)

    @property
    def replaced(self) -> str:
        """What any change of the template does to the running pods."""
        if self.workload.kind == "Pod":
            return f"{self.workload} is deleted and made again: its address, its own files and its log are lost"
        count = fields.get_int(self.json, "spec", "replicas")
        pods = f"its {count} pods" if count and count > 1 else "its pods"
        recreate = fields.get_str(fields.get_dict(self.json, "spec", "strategy"), "type") == "Recreate"
        how = "all at once: nothing serves meanwhile" if recreate else "one after another"
        return f"{self.workload} starts a new rollout: {pods} are replaced {how}"


def manifest(json: fields.Json) -> fields.Json:
    """A live object as it could be made again: without what the server, the scheduler or admission put there."""
    metadata = {key: value for key, value in fields.get_dict(json, "metadata").items() if key not in _SERVER_METADATA}
    spec = {key: value for key, value in fields.get_dict(json, "spec").items() if key not in _SCHEDULED}
    for spec_list in ("initContainers", "containers"):
        if spec_list in spec:
            spec[spec_list] = [_without_token(container) for container in fields.get_dicts(spec, spec_list)]
    if "volumes" in spec:
        spec["volumes"] = [each for each in fields.get_dicts(spec, "volumes") if not _is_token(each)]
    return {"metadata": metadata, "spec": spec}


def _without_token(container: fields.Json) -> fields.Json:
    mounts = [each for each in fields.get_dicts(container, "volumeMounts") if not _is_token(each)]
    return {**container, "volumeMounts": mounts} if "volumeMounts" in container else container


def _is_token(item: fields.Json) -> bool:
    return fields.get_str(item, "name").startswith(_TOKEN_VOLUME)


def replaced_by_controller(pod: Pod) -> bool:
    """Whether a controller makes another pod when this one is deleted."""
    return pod.owner is not None and pod.owner.kind in REPLACING
