# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workloads that don't reach the revision they were given, without a fault in a pod that would explain it.

The conditions: Kubernetes 1.36 ``pkg/controller/deployment/util/deployment_util.go``; how a StatefulSet goes on:
``pkg/controller/statefulset/stateful_set_control.go``.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._model import fields
from .._model.finding import EvidenceItem
from .._model.objects import Pod, condition
from . import _case
from ._failing import beyond_patience, failing

_SHOWN: t.Final = 6


def rollout_stuck(case: _case.WorkloadCase) -> _case.Judgement | None:
    """A new revision does not get on: paused, past its deadline, held by the strategy, or by a pod of an old revision."""
    judges = {"Deployment": (_paused, _past_deadline), "StatefulSet": (_by_strategy,), "DaemonSet": (_by_strategy,)}
    found = (judge(case) for judge in judges.get(case.workload.kind, ()))
    judgement = next((each for each in found if each), None)
    return dataclasses.replace(judgement, evidence=(*judgement.evidence, *_changed(case))) if judgement else None


def held_by_an_old_pod(case: _case.WorkloadCase) -> _case.Judgement | None:
    """A StatefulSet waits for a pod of its old revision that never becomes ready, and does not try the new one.

    With OrderedReady it goes on only when every pod is ready, so a template that mends the fault does not reach the pod that has it.
    """
    if case.workload.kind != "StatefulSet" or fields.get_str(case.json, "spec", "podManagementPolicy") == "Parallel":
        return None
    newest = fields.get_str(case.json, "status", "updateRevision")
    partition = fields.get_int(case.json, "spec", "updateStrategy", "rollingUpdate", "partition") or 0
    waiting = [
        pod
        for pod in case.evidence.pods_of(case.workload)
        if not pod.ready and not pod.deleting and _revision(pod) not in ("", newest) and _ordinal(pod) >= partition
    ]
    if not newest or _strategy(case) == "OnDelete" or not waiting or not _bad(case, waiting):
        return None
    pod = min(waiting, key=_ordinal)
    return _case.Judgement(
        summary=f"the new revision {newest} is not tried: {pod.ref.name} of the old one has to become ready first",
        explanation="podManagementPolicy is OrderedReady: the controller touches no pod while one is not ready, not even that one. "
        "What is shown of the pod is the old template's fault, which the new one may mend.",
        evidence=(
            EvidenceItem("status", f"{case.workload}: status.updateRevision", newest),
            EvidenceItem("spec", f"{pod.ref}: metadata.labels[{_LABEL}]", _revision(pod)),
            _case.quote_condition(pod.ref, pod.condition("Ready")),
            *_changed(case),
        ),
        next_step=_case.kubectl(pod.ref, f"delete pod {pod.ref.name}") + "   # it comes back with the new template",
        subject=pod.ref,
        affected=len(waiting),
    )


_LABEL: t.Final = "controller-revision-hash"


def _revision(pod: Pod) -> str:
    return fields.get_str(pod.json, "metadata", "labels", _LABEL)


def _ordinal(pod: Pod) -> int:
    """Which of the set it is; before Kubernetes 1.28 only its name tells."""
    number = (
        fields.get_str(pod.json, "metadata", "labels", "apps.kubernetes.io/pod-index")
        or pod.ref.name.rpartition("-")[2]
    )
    return int(number) if number.isdecimal() and len(number) < 10 else -1


def _bad(case: _case.WorkloadCase, pods: list[Pod]) -> bool:
    """Whether they are not just on their way: a container waits with an error or has ended, or it takes too long."""
    return any(
        failing(_case.ContainerCase(case.evidence, pod, each)) for pod in pods for each in pod.containers
    ) or any(beyond_patience(case.evidence, pod) for pod in pods)


def _strategy(case: _case.WorkloadCase) -> str:
    return fields.get_str(case.json, "spec", "updateStrategy", "type")


def _by_strategy(case: _case.WorkloadCase) -> _case.Judgement | None:
    """Nothing fails; the strategy leaves pods on an old revision until somebody does something."""
    partition = fields.get_int(case.json, "spec", "updateStrategy", "rollingUpdate", "partition") or 0
    manual = _strategy(case) == "OnDelete"
    revisions = case.evidence.revisions(case.workload)
    newest = fields.get_str(case.json, "status", "updateRevision") or (revisions[0].ref.name if revisions else "")
    pods = [pod for pod in case.evidence.pods_of(case.workload) if not pod.deleting]
    old = [pod for pod in pods if _revision(pod) and not newest.endswith(_revision(pod))]
    if not newest or not old or not (manual or (partition and all(_ordinal(pod) < partition for pod in old))):
        return None
    rule = "updateStrategy.type OnDelete" if manual else f"updateStrategy.rollingUpdate.partition {partition}"
    return _case.Judgement(
        summary=f"{len(old)} of {len(pods)} pods stay on an old revision ({rule})",
        explanation="Nothing fails: the strategy asks for it. "
        + (
            "A pod gets the new template when somebody deletes it."
            if manual
            else "Pods below the partition keep the old template."
        ),
        evidence=(
            EvidenceItem("spec", f"{case.workload}: spec", rule),
            EvidenceItem("status", f"{case.workload}: its newest revision", newest),
        ),
        next_step=_case.kubectl(case.workload, f"rollout status {case.workload.kind.lower()} {case.workload.name}"),
        affected=len(old),
        severity="info",
    )


def _changed(case: _case.WorkloadCase) -> tuple[EvidenceItem, ...]:
    """What the newest revision changed, where the one before still exists: the places, and the images in words."""
    revisions = case.evidence.revisions(case.workload)
    if len(revisions) < 2:
        return ()
    new, old = revisions[0], revisions[1]
    places = list(_differences(new.template, old.template))
    if not places:
        return ()
    more = f", and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    source = f"{case.workload}: revision {new.number} against revision {old.number}"
    return (EvidenceItem("object", source, f"changed: {', '.join(places[:_SHOWN])}{more}"),)


def _differences(new: fields.Json, old: fields.Json) -> t.Iterator[str]:
    first, second = fields.get_dict(new, "spec"), fields.get_dict(old, "spec")
    for kind in ("initContainers", "containers"):
        former = {fields.get_str(each, "name"): each for each in fields.get_dicts(second, kind)}
        for each in fields.get_dicts(first, kind):
            name = fields.get_str(each, "name")
            yield from _of_container(f"{kind}[{name}]", each, former.pop(name, {}))
        yield from (f"{kind}[{name}] is gone" for name in former)
    keys = {*first, *second} - {"initContainers", "containers"}
    yield from sorted(f"spec.{key}" for key in keys if first.get(key) != second.get(key))
    for key in ("labels", "annotations"):
        if _without_hash(new, key) != _without_hash(old, key):
            yield f"metadata.{key}"


def _of_container(place: str, new: fields.Json, old: fields.Json) -> t.Iterator[str]:
    if not old:
        yield f"{place} is new"
        return
    for key in sorted({*new, *old}):
        if new.get(key) != old.get(key):
            words = f" from {fields.get_str(old, key)} to {fields.get_str(new, key)}" if key == "image" else ""
            yield f"{place}.{key}{words}"


def _without_hash(template: fields.Json, key: str) -> fields.Json:
    found = fields.get_dict(template, "metadata", key)
    return {name: value for name, value in found.items() if name != "pod-template-hash"}


def _paused(case: _case.WorkloadCase) -> _case.Judgement | None:
    wanted = fields.get_int(case.json, "spec", "replicas")
    updated = fields.get_int(case.json, "status", "updatedReplicas") or 0
    if fields.get(case.json, "spec", "paused") is not True or not wanted or updated >= wanted:
        return None
    return _case.Judgement(
        summary=f"the rollout is paused with {updated} of {wanted} replicas on the new revision",
        explanation="spec.paused is true: the controller makes no new pods of the changed template until the rollout is resumed.",
        evidence=(
            EvidenceItem("spec", f"{case.workload}: spec.paused", "true"),
            EvidenceItem("status", f"{case.workload}: status.updatedReplicas", f"{updated} of {wanted}"),
            _case.quote_condition(case.workload, condition(case.json, "Progressing")),
        ),
        next_step=_case.kubectl(case.workload, f"rollout resume deployment {case.workload.name}"),
        affected=wanted - updated,
    )


def _past_deadline(case: _case.WorkloadCase) -> _case.Judgement | None:
    progressing = condition(case.json, "Progressing")
    if fields.get_str(progressing, "reason") != "ProgressDeadlineExceeded":
        return None
    wanted = fields.get_int(case.json, "spec", "replicas") or 0
    status = {
        name: fields.get_int(case.json, "status", name) or 0
        for name in ("updatedReplicas", "readyReplicas", "availableReplicas")
    }
    deadline = fields.get_int(case.json, "spec", "progressDeadlineSeconds")
    return _case.Judgement(
        summary=f"the rollout made no progress for {deadline} s: {status['updatedReplicas']} of {wanted} replicas are on the new revision, "
        f"{status['availableReplicas']} available",
        explanation=f"The controller waited {deadline} s for progress and gave up; no pod of it shows a fault of its own.",
        evidence=(
            _case.quote_condition(case.workload, progressing),
            EvidenceItem(
                "status", f"{case.workload}: status", ", ".join(f"{name} {count}" for name, count in status.items())
            ),
            EvidenceItem("spec", f"{case.workload}: spec", f"replicas {wanted}, progressDeadlineSeconds {deadline}"),
        ),
        next_step=_case.kubectl(case.workload, f"rollout status deployment {case.workload.name}"),
        affected=wanted - min(status["updatedReplicas"], status["availableReplicas"]),
    )
