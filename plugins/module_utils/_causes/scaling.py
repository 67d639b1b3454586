# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many replicas there are: workloads at none, autoscalers that can't decide, budgets that let no pod go.

The conditions: Kubernetes 1.36 ``pkg/controller/podautoscaler/horizontal.go``, ``pkg/controller/disruption``.
"""

from __future__ import annotations

import re
import typing as t

from .._model import fields, moments
from .._model.evidence import KINDS
from .._model.finding import Candidate, EvidenceItem
from .._model.objects import Ref, condition
from .._model.selectors import selects
from . import _case
from ._near import near_misses
from ._services import services

_SCALED: t.Final = frozenset({"Deployment", "StatefulSet", "ReplicaSet"})
# Keys of labels and annotations of those who take a workload to zero and bring it back by themselves.
_TO_ZERO_AND_BACK: t.Final = ("serving.knative.dev/", "scaledobject.keda.sh/", "autoscaling.keda.sh/", "sablier.")
# New pods have no metrics at first; the metrics API may miss once.
_PODS_SETTLE_SECONDS: t.Final = 60
_BLIP_SECONDS: t.Final = 20
_METRICS_API: t.Final = r"from (resource|custom|external) metrics API"
_METRICS_SERVER: t.Final = Ref("Deployment", "kube-system", "metrics-server")
_NO_METRICS_YET: t.Final = r"(?i)did not receive metrics|no metrics returned|pods might be unready"


def scaled_to_zero(case: _case.WorkloadCase) -> _case.Judgement | None:
    """Somebody set the replicas to none, and a Service has nothing else to send its requests to."""
    if case.workload.kind not in _SCALED or fields.get_int(case.json, "spec", "replicas") != 0 or _comes_back(case):
        return None
    services = _left_alone(case)
    if not services:
        return None
    uid = fields.get_str(case.json, "metadata", "uid")
    scaled = [event for event in case.evidence.events(uid) if event.reason == "ScalingReplicaSet"][:1]
    return _case.Judgement(
        summary=f"scaled to zero: nobody answers for {' and '.join(map(str, services))}",
        explanation="spec.replicas is 0, so no pod is wanted and none is missing. No autoscaler is there to bring it back, "
        "and the Service selects no other pod.",
        evidence=(
            EvidenceItem("spec", f"{case.workload}: spec.replicas", "0", scaled[0].last if scaled else None),
            *(EvidenceItem("absence", f"{service}", "no pod that its selector takes") for service in services),
            *(_case.quote_event(event) for event in scaled),
        ),
        next_step=_case.kubectl(case.workload, f"scale {case.workload.kind.lower()} {case.workload.name} --replicas=1"),
        severity="critical",
    )


def _comes_back(case: _case.WorkloadCase) -> bool:
    """Whether an autoscaler looks after it, which may go to zero on purpose."""
    marks = {
        **fields.get_dict(case.json, "metadata", "labels"),
        **fields.get_dict(case.json, "metadata", "annotations"),
    }
    return any(str(key).startswith(_TO_ZERO_AND_BACK) for key in marks) or any(
        _target(json, case.workload.namespace) == case.workload and fields.get_int(json, "spec", "minReplicas") == 0
        for json in case.evidence.named("HorizontalPodAutoscaler", case.workload.namespace).values()
    )


def _left_alone(case: _case.WorkloadCase) -> list[Ref]:
    """The Services that would send requests to its pods, and have no pod at all."""
    labels = fields.get_dict(case.json, "spec", "template", "metadata", "labels").items()
    return sorted(
        service.ref
        for service in services(case.evidence, case.workload.namespace)
        if service.selector and service.selector.items() <= labels and not service.pods
    )


def autoscaler_unable(case: _case.ObjectCase) -> _case.Judgement | None:
    """An autoscaler can't read its target or its metrics, or wants more replicas than it may make."""
    able, active = condition(case.json, "AbleToScale"), condition(case.json, "ScalingActive")
    if fields.get_str(able, "status") == "False":
        return _no_target(case, able)
    if fields.get_str(active, "status") != "False" or fields.get_str(active, "reason") == "ScalingDisabled":
        return _at_its_maximum(case)
    return _without_request(case, active) or _no_metrics(case, active)


def _no_target(case: _case.ObjectCase, able: fields.Json) -> _case.Judgement:
    target = _target(case.json, case.ref.namespace)
    missing = target.kind in KINDS and case.evidence.lists(target.kind, target.namespace)
    missing = missing and case.evidence.get(target) is None
    names = case.evidence.named(target.kind, target.namespace) if missing else ()
    return _case.Judgement(
        summary=f"the autoscaler can't scale: {target} does not exist"
        if missing
        else f"the autoscaler can't scale {target}",
        explanation="Its condition AbleToScale is False, so it neither reads nor sets the number of replicas.",
        evidence=(
            _case.quote_condition(case.ref, able),
            EvidenceItem("spec", f"{case.ref}: spec.scaleTargetRef", f"{target.kind} {target.name}"),
        ),
        next_step=_case.kubectl(case.ref, f"edit horizontalpodautoscaler {case.ref.name}"),
        candidates=tuple(
            Candidate(f"{target.kind} {target.namespace}/{name}", "its name is similar")
            for name in near_misses(target.name, names)
        ),
        severity="warning",
        workload=target if case.evidence.get(target) else None,
    )


def _without_request(case: _case.ObjectCase, active: fields.Json) -> _case.Judgement | None:
    """A target in percent of the request, and a container that has none."""
    target = _target(case.json, case.ref.namespace)
    spec = fields.get_dict(case.evidence.get(target), "spec", "template", "spec")
    for metric in fields.get_dicts(case.json, "spec", "metrics"):
        source = fields.get_dict(metric, "resource") or fields.get_dict(metric, "containerResource")
        resource = fields.get_str(source, "name")
        if not resource or fields.get_str(source, "target", "type") != "Utilization":
            continue
        for container in _measured(spec, fields.get_str(source, "container")):
            if not _has_request(container, spec, resource):
                name = fields.get_str(container, "name")
                return _case.Judgement(
                    summary=f"the autoscaler {case.ref.name} can't compute: container {name} has no {resource} request",
                    explanation=f"Its target is a percentage of what is requested, and container {name} requests no {resource}. "
                    "Until it does, the number of replicas stays as it is.",
                    evidence=(
                        EvidenceItem(
                            "absence", f"{target}: container {name}: resources.requests.{resource}", "not set"
                        ),
                        _case.quote_condition(case.ref, active),
                    ),
                    next_step=_case.edit_command(target) + f"   # give container {name} resources.requests.{resource}",
                    severity="warning",
                    subject=target,
                    workload=target,
                    container=name,
                    roots=(target,),
                )
    return None


def _measured(spec: fields.Json, name: str) -> list[dict[str, t.Any]]:
    sidecars = [
        each for each in fields.get_dicts(spec, "initContainers") if fields.get_str(each, "restartPolicy") == "Always"
    ]
    return [
        each
        for each in [*fields.get_dicts(spec, "containers"), *sidecars]
        if name in ("", fields.get_str(each, "name"))
    ]


def _has_request(container: fields.Json, spec: fields.Json, resource: str) -> bool:
    """A limit counts as a request where there is none; the pod's own (1.34) counts for all."""
    return any(
        resource in fields.get_dict(each, "resources", kind)
        for each in (container, spec)
        for kind in ("requests", "limits")
    )


def _no_metrics(case: _case.ObjectCase, active: fields.Json) -> _case.Judgement | None:
    target = _target(case.json, case.ref.namespace)
    message = fields.get_str(active, "message")
    api = re.search(_METRICS_API, message)
    pods = bool(re.search(_NO_METRICS_YET, message)) and not (api and "unable to fetch" in message)
    lasted = moments.seconds_between(fields.get_str(active, "lastTransitionTime"), case.evidence.observed_at) or 0
    if lasted < (_PODS_SETTLE_SECONDS if pods else _BLIP_SECONDS):
        return None
    why = (
        "None of the pods it measures has metrics: they may not be ready, or are not measured."
        if pods
        else f"The {api[1]} metrics API does not answer it, so this concerns every autoscaler that needs it."
        if api
        else "Its condition ScalingActive is False; the message says what is in its way."
    )
    return _case.Judgement(
        summary=f"the autoscaler can't compute the number of replicas of {target} ({fields.get_str(active, 'reason')})",
        explanation=f"{why} Until then the number of replicas stays as it is.",
        evidence=(_case.quote_condition(case.ref, active),),
        next_step="kubectl get apiservices | grep metrics.k8s.io"
        if api and not pods
        else _case.kubectl(case.ref, f"describe horizontalpodautoscaler {case.ref.name}"),
        confidence="confirmed" if api or pods else "probable",
        severity="warning",
        workload=target if case.evidence.get(target) else None,
        roots=(target, _METRICS_SERVER),
    )


def _at_its_maximum(case: _case.ObjectCase) -> _case.Judgement | None:
    """It wants more than it may have; where it may not choose at all, that is on purpose."""
    limited = condition(case.json, "ScalingLimited")
    most, least = (
        fields.get_int(case.json, "spec", "maxReplicas"),
        fields.get_int(case.json, "spec", "minReplicas") or 1,
    )
    if (
        fields.get_str(limited, "status") != "True"
        or fields.get_str(limited, "reason") != "TooManyReplicas"
        or most == least
    ):
        return None
    target = _target(case.json, case.ref.namespace)
    return _case.Judgement(
        summary=f"the autoscaler wants more replicas of {target} than its maximum of {most}",
        explanation="Its metrics are above their target, and it may not add replicas: what is there has to carry the load.",
        evidence=(
            _case.quote_condition(case.ref, limited),
            EvidenceItem("spec", f"{case.ref}: spec.maxReplicas", str(most)),
        ),
        next_step=_case.kubectl(case.ref, f"describe horizontalpodautoscaler {case.ref.name}"),
        severity="info",
        workload=target if case.evidence.get(target) else None,
    )


def _target(json: fields.Json, namespace: str) -> Ref:
    return Ref(
        fields.get_str(json, "spec", "scaleTargetRef", "kind"),
        namespace,
        fields.get_str(json, "spec", "scaleTargetRef", "name"),
    )


def disruption_budget_blocks(case: _case.ObjectCase) -> _case.Judgement | None:
    """A budget that lets no pod go although all are healthy: whoever drains a node waits for ever."""
    numbers = {name: fields.get_int(case.json, "status", name) for name in _NUMBERS}
    expected, healthy = numbers["expectedPods"] or 0, numbers["currentHealthy"] or 0
    failed = condition(case.json, "DisruptionAllowed")
    broken = fields.get_str(failed, "reason") == "SyncFailed"
    for_ever = expected > 0 and healthy >= expected and (numbers["desiredHealthy"] or 0) >= expected
    if numbers["disruptionsAllowed"] != 0 or not (broken or for_ever):
        return None
    drained = _drained(case)
    rule = next(
        (f"{name} {case.json['spec'][name]}" for name in _RULES if name in fields.get_dict(case.json, "spec")),
        "no rule",
    )
    why = (
        "Its controller can't count the pods, and lets none go until it can."
        if broken
        else f"All {expected} pods are healthy, and {rule} leaves none to spare: an eviction is refused now and at any other time."
    )
    return _case.Judgement(
        summary=f"the budget allows no eviction although all of its {expected} pods are healthy ({rule})"
        if not broken
        else "the budget allows no eviction: its controller can't count the pods",
        explanation=why + (f" {' and '.join(map(str, drained))} is being drained and waits for it." if drained else ""),
        evidence=(
            EvidenceItem(
                "status", f"{case.ref}: status", ", ".join(f"{name} {value}" for name, value in numbers.items())
            ),
            EvidenceItem("spec", f"{case.ref}: spec", rule),
            *((_case.quote_condition(case.ref, failed),) if failed else ()),
            *(EvidenceItem("spec", f"{node}: spec.unschedulable", "true") for node in drained),
        ),
        next_step=_case.kubectl(case.ref, f"edit poddisruptionbudget {case.ref.name}") + "   # or add a replica",
        affected=expected,
        severity="warning" if broken or drained else "info",
    )


def _drained(case: _case.ObjectCase) -> list[Ref]:
    """The nodes that take no new pods and have one of its pods: whoever empties them has to evict it."""
    found = set()
    for pod in case.evidence.pods:
        labels = fields.get_dict(pod.json, "metadata", "labels")
        if pod.ref.namespace == case.ref.namespace and selects(fields.get(case.json, "spec", "selector"), labels):
            found.add(Ref("Node", "", pod.node))
    return sorted(node for node in found if fields.get(case.evidence.get(node), "spec", "unschedulable") is True)


_NUMBERS: t.Final = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
_RULES: t.Final = ("minAvailable", "maxUnavailable")
