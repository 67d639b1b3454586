# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who else writes what a change would write: then the change belongs there, for a live patch would be undone."""

from __future__ import annotations

import typing as t

from .._model import fields
from .._model.edits import Edit
from .._model.evidence import WORKLOAD_KINDS, Evidence
from .._model.objects import Ref, controller
from .._model.plan import Step
from .._model.text import one_line
from ._change import Change

_LAST_APPLIED: t.Final = "kubectl.kubernetes.io/last-applied-configuration"
# label or annotation → who writes the objects that carry it.  app.kubernetes.io/instance alone proves nothing: Helm writes it, too.
_MARKS: t.Final[t.Mapping[str, str]] = {
    "argocd.argoproj.io/tracking-id": "Argo CD application",
    "argocd.argoproj.io/instance": "Argo CD application",
    "kustomize.toolkit.fluxcd.io/name": "Flux Kustomization",
    "helm.toolkit.fluxcd.io/name": "Flux HelmRelease",
}
_MANAGERS: t.Final = {"argocd-controller": "Argo CD", "argocd-application-controller": "Argo CD"}
_RELEASE: t.Final = "meta.helm.sh/release-name"
# What a vertical autoscaler leaves on the pods whose resources it sets.
_VERTICAL: t.Final = frozenset({"vpaUpdates", "vpaObservedContainers"})
# What no manifest holds, so that nobody who writes manifests takes it away.
_NOT_IN_MANIFESTS: t.Final = frozenset({"restart", "delete_failed_pod"})


def kept_by(
    action: str, steps: t.Sequence[Step], evidence: Evidence, live: t.Callable[[Ref], fields.Json | None]
) -> str | None:
    """Who would undo these steps, and where to make the change instead; None where nobody would.

    ``live`` gives an object with all its metadata, as far as there is a cluster to ask.
    """
    for step in steps:
        if any(op.get("path") == "/spec/replicas" for op in step.patch) and (who := autoscaler(evidence, step.target)):
            return f"{who} counts the replicas of {step.target}: change its bounds instead"
        if step.verb == "create" or (step.verb == "delete" and step.manifest is None):
            continue
        json = live(step.target) or evidence.get(step.target) or {}
        above = controller(json)
        if above and above[0] not in WORKLOAD_KINDS:
            return f"{step.target} belongs to {above[0]} {above[1]}, whose operator writes it again: change it there"
        who = _gitops(json)
        if who and action not in _NOT_IN_MANIFESTS:
            return f"{step.target} is kept by {who}, and a live change would be undone: make it there"
        if action == "set_resources" and any(_vertical(pod.json) for pod in evidence.pods_of(step.target)):
            return f"a VerticalPodAutoscaler sets the resources of {step.target}: change its bounds instead"
    return None


def last_writer(json: fields.Json) -> str:
    """Whoever wrote an object's spec last, by the cluster's own managedFields; an empty string where they don't tell."""
    entries = [
        entry
        for entry in fields.get_dicts(json, "metadata", "managedFields")
        if fields.get_str(entry, "subresource") != "status" and "f:spec" in fields.get_dict(entry, "fieldsV1")
    ]
    newest = max(entries, key=lambda entry: fields.get_str(entry, "time"), default={})
    return one_line(fields.get_str(newest, "manager"), 100)


def warning(change: Change, live: t.Callable[[Ref], fields.Json | None]) -> str:
    """What will undo the change one day, though nothing does so by itself; an empty string where nothing is known."""
    for write in change.writes:
        annotations = fields.get_dict(live(write.target), "metadata", "annotations") if isinstance(write, Edit) else {}
        if _LAST_APPLIED in annotations and change.action not in _NOT_IN_MANIFESTS:
            return "; it was made by kubectl apply: the next apply of its manifest undoes this, so correct the manifest, too"
    return ""


def autoscaler(evidence: Evidence, workload: Ref) -> str | None:
    """Who counts the replicas of this workload: an autoscaler, or what owns the autoscaler (KEDA)."""
    for name, json in evidence.named("HorizontalPodAutoscaler", workload.namespace).items():
        target = fields.get_dict(json, "spec", "scaleTargetRef")
        if (fields.get_str(target, "kind"), fields.get_str(target, "name")) == (workload.kind, workload.name):
            ref = Ref("HorizontalPodAutoscaler", workload.namespace, name)
            return str(evidence.owner(ref, json) or ref)
    return None


def _gitops(json: fields.Json) -> str | None:
    marks = {**fields.get_dict(json, "metadata", "labels"), **fields.get_dict(json, "metadata", "annotations")}
    for mark, who in _MARKS.items():
        if isinstance(marks.get(mark), str):
            return f"{who} {marks[mark].partition(':')[0]}"
    for entry in fields.get_dicts(json, "metadata", "managedFields"):
        if fields.get_str(entry, "manager") in _MANAGERS:
            return _MANAGERS[fields.get_str(entry, "manager")]
    if marks.get("app.kubernetes.io/managed-by") == "Helm" and isinstance(marks.get(_RELEASE), str):
        return f"Helm release {marks[_RELEASE]}"
    return None


def _vertical(pod: fields.Json) -> bool:
    return not _VERTICAL.isdisjoint(fields.get_dict(pod, "metadata", "annotations"))


def breaks_budget(change: Change, evidence: Evidence) -> str | None:
    """The budget that allows no disruption now, where the change takes away every pod that is ready."""
    for write in change.writes:
        if not isinstance(write, Edit) or not any(path.startswith("/spec/template") for path in write.after):
            continue
        ready = [pod for pod in evidence.pods_of(write.target) if pod.ready and not pod.deleting]
        if not ready or not _all_at_once(write.json, write.target.kind, len(ready)):
            continue
        for name, budget in evidence.named("PodDisruptionBudget", write.target.namespace).items():
            covered = any(
                selects(fields.get_dict(budget, "spec", "selector"), fields.get_dict(p.json, "metadata", "labels"))
                for p in ready
            )
            if covered and not fields.get_int(budget, "status", "disruptionsAllowed"):
                place = f"PodDisruptionBudget {write.target.namespace}/{name}"
                return f"it would take away every ready pod of {write.target}, and {place} allows no disruption now"
    return None


def _all_at_once(json: fields.Json, kind: str, ready: int) -> bool:
    """Whether a rollout leaves no ready pod until the first new one is ready."""
    if kind == "Deployment":
        return fields.get_str(json, "spec", "strategy", "type") == "Recreate"
    surge = fields.get_dict(json, "spec", "updateStrategy", "rollingUpdate").get("maxSurge")
    return ready == 1 and surge in (None, 0, "0%")


def selects(selector: fields.Json, labels: fields.Json) -> bool:
    """Whether a LabelSelector takes these labels (k8s.io/apimachinery LabelSelector); an empty one takes all."""
    if any(labels.get(key) != value for key, value in fields.get_dict(selector, "matchLabels").items()):
        return False
    return all(_expression(each, labels) for each in fields.get_dicts(selector, "matchExpressions"))


def _expression(expression: fields.Json, labels: fields.Json) -> bool:
    key, operator, values = (
        fields.get_str(expression, "key"),
        fields.get_str(expression, "operator"),
        expression.get("values") or [],
    )
    if operator in ("In", "NotIn"):
        return (labels.get(key) in values) == (operator == "In")
    return (key in labels) == (operator == "Exists")
