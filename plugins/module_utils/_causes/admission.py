# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods that the API server refuses to make: there is no pod to look at, only what the controller was told.

The controllers' events: Kubernetes 1.27 to 1.36 ``pkg/controller`` (``FailedCreate``).  A ReplicaSet also has the condition
ReplicaFailure, which keeps the first refusal; StatefulSets, DaemonSets and Jobs have none.  The words of each refusal:
``plugin/pkg/admission`` and ``staging/src/k8s.io/apiserver/pkg/admission``.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._model import fields, moments, quantity
from .._model.finding import Candidate, EvidenceItem
from .._model.objects import Ref, condition, ref_of
from .._model.text import one_line
from . import _case
from ._near import near_misses

_PREFIX: t.Final = (
    r"(?s)^(?:\(combined from similar events\): )?(?:Error creating: |[Cc]reate (?:Pod|Claim) .*? failed error: )?"
)
_QUOTA: t.Final = (
    r"exceeded quota: (?P<name>[^,\s]+), requested: (?P<asked>\S+), used: (?P<used>\S+), limited: (?P<hard>\S+)"
)
_QUOTA_NEEDS: t.Final = r"(?s)failed quota: (?P<name>[^:\s]+): must specify (?P<what>.+)"
_LIMIT_RANGE: t.Final = (
    r"(?P<words>(?:(?:maximum|minimum) (?P<what>[\w./-]+) usage"
    r"|(?<![\w./-])(?P<ratio>[\w./-]{1,253}) max limit to request ratio) per (?P<type>\w+) is"
    r" [^,\]]*?(?:, but [\w ]+ is (?P<given>[\w.]+)|\. No (?:limit|request) is specified))"
)
_OVER_LIMIT: t.Final = r"must be less than or equal to (?P<what>[\w./-]+) limit of (?P<limit>\w+)"
_POD_SECURITY: t.Final = r"(?s)violates PodSecurity \"(?P<level>[^\"]+)\": (?P<what>.+)"
_ACCOUNT: t.Final = r"(?i)service ?account \"(?P<name>[^\"]+)\" not found"
_PRIORITY: t.Final = r"no PriorityClass with name (?P<name>\S+) was found"
_RUNTIME: t.Final = r"RuntimeClass \"(?P<name>[^\"]+)\" not found"
_WEBHOOK: t.Final = r"(?s)failed calling webhook \"(?P<name>[^\"]+)\": (?P<why>.+)"
_SERVICE: t.Final = r"https://(?P<name>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)\.svc\b"
# The ImagePolicyWebhook admission plugin, and what other policies (Kyverno, Sigstore, Gatekeeper, an admission policy) speak of.
_IMAGE_WEBHOOK: t.Final = r"(?i)image policy webhook"
_ABOUT_IMAGES: t.Final = r"(?i)\bimages?\b|\bregistr(?:y|ies)\b|\bsignatures?\b|\b(?:un)?signed\b|attestation"
_REJECTED: t.Final = r"(?s)\bis (?:invalid|forbidden): (?P<why>.+)"
_DENIED: t.Final = r"\bdenied (?:the )?request\b"
# Not for what the pod says: the namespace goes, or what was missing has been made meanwhile.
_OTHERWISE: t.Final = (
    r"(?i)because it is being terminated|\b(?:namespaces?|service ?account) \"[^\"]*\" not found"
    r"|no PriorityClass with name"
)
_SUMMARY: t.Final = 300


@dataclasses.dataclass(frozen=True)
class _Refusal:
    """What the controller ``maker`` was told when it last tried to make a pod from ``template``; no words where none are left."""

    maker: Ref
    template: fields.Json
    lacking: int
    words: str
    evidence: tuple[EvidenceItem, ...]


def quota_exceeded(case: _case.WorkloadCase) -> _case.Judgement | None:
    """A ResourceQuota of the namespace has not enough left for another pod."""
    refusal, match = _told(case, _QUOTA)
    if refusal is None or match is None:
        return None
    quota = Ref("ResourceQuota", case.workload.namespace, match["name"])
    asked, used, hard = (_amounts(match[name]) for name in ("asked", "used", "hard"))
    words = [f"{name} {asked[name]} more, {used.get(name, '?')} of {hard.get(name, '?')} used" for name in asked]
    alone = any(_more(asked[name], hard.get(name)) for name in asked)
    return _case.Judgement(
        summary=f"{quota} has not enough left: {'; '.join(words)}",
        explanation=(
            "This alone is more than the quota allows in all, so freeing some does not help."
            if alone
            else "What counts are the requests and limits of the pods that are there, not what they use."
        ),
        evidence=(*refusal.evidence, *_quota_status(case, quota, asked)),
        next_step=_case.kubectl(quota, f"describe resourcequota {quota.name}")
        + "   # then scale something down, lower requests, or raise the quota",
        subject=quota,
        affected=refusal.lacking,
    )


def quota_requires_limits(case: _case.WorkloadCase) -> _case.Judgement | None:
    """A ResourceQuota counts something that a container does not say."""
    refusal, match = _told(case, _QUOTA_NEEDS)
    if refusal is None or match is None:
        return None
    quota, what = Ref("ResourceQuota", case.workload.namespace, match["name"]), one_line(match["what"], _SUMMARY)
    named = [name for group in re.findall(r"for: ([\w,.-]+)", what) for name in group.split(",")]
    containers = [name for name in dict.fromkeys(named) if name in _containers(refusal)] or list(_containers(refusal))
    return _case.Judgement(
        summary=f"{quota} asks every container to say {what}",
        explanation="A quota that counts something takes no pod that does not state it. A LimitRange with defaults would state it.",
        evidence=(*refusal.evidence, *_quota_status(case, quota, ()), *_resources(refusal, containers)),
        next_step=_case.edit_command(case.workload) + "   # state in resources what the quota counts",
        container=containers[0] if len(containers) == 1 else None,
        affected=refusal.lacking,
    )


def limit_range_violated(case: _case.WorkloadCase) -> _case.Judgement | None:
    """A container, or the pod, asks for more or less than a LimitRange of the namespace allows."""
    refusal, match = _told(case, _LIMIT_RANGE)
    if refusal and match:
        words = [found["words"] for found in re.finditer(_LIMIT_RANGE, refusal.words)]
        resource = match["what"] or match["ratio"]
        of_claim = match["type"] == "PersistentVolumeClaim"
        containers = (
            [] if of_claim else _containers_with(refusal, resource, match["given"]) or list(_containers(refusal))
        )
    else:
        refusal, match = _told(case, _OVER_LIMIT)
        if refusal is None or match is None:
            return None
        words = [f"the default {match['what']} limit is {match['limit']}, less than the request"]
        resource = match["what"]
        containers = [name for name, spec in _containers(refusal).items() if _only_requests(spec, resource)]
        if not containers:
            return None  # the limit is its own, and no default
    ranges = _ranges(case, resource)
    name = f"LimitRange {', '.join(ref.name for ref, _item in ranges)}" if ranges else "a LimitRange"
    return _case.Judgement(
        summary=f"{name} does not allow it: {one_line('; '.join(words), _SUMMARY)}",
        explanation="A LimitRange bounds what one container or pod may ask for, whatever is free.",
        evidence=(
            *refusal.evidence,
            *(EvidenceItem("object", f"{ref}: spec.limits", _flat(item)) for ref, item in ranges),
            *_resources(refusal, containers),
        ),
        next_step=_case.edit_command(case.workload) + f"   # ask for {resource} within the bounds",
        container=containers[0] if len(containers) == 1 else None,
        affected=refusal.lacking,
    )


def pod_security_violated(case: _case.WorkloadCase) -> _case.Judgement | None:
    """The namespace enforces a Pod Security Standard that the pod does not keep."""
    refusal, match = _told(case, _POD_SECURITY)
    if refusal is None or match is None:
        return None
    quoted = {
        name
        for group in re.findall(r"containers? ((?:\"[^\"]+\"(?:, )?)+)", match["what"])
        for name in re.findall(r"\"([^\"]+)\"", group)
    }
    containers = [name for name in _containers(refusal) if name in quoted]
    labels = fields.get_dict(case.evidence.get(Ref("Namespace", "", case.workload.namespace)), "metadata", "labels")
    enforced = [
        EvidenceItem("object", f"Namespace {case.workload.namespace}: label {name}", str(value))
        for name, value in labels.items()
        if name.startswith("pod-security.kubernetes.io/enforce")
    ]
    contexts = [("pod", fields.get_dict(refusal.template, "spec")), *_containers(refusal).items()]
    context = "; ".join(
        f"{name}: {_flat(fields.get_dict(spec, 'securityContext')) or 'nothing'}" for name, spec in contexts
    )
    return _case.Judgement(
        summary=f"the namespace enforces Pod Security {match['level']}: {one_line(match['what'], _SUMMARY)}",
        explanation="The API server refuses every pod that breaks the standard; nothing else was looked at yet.",
        evidence=(*refusal.evidence, *enforced, EvidenceItem("spec", f"{_place(refusal)}: securityContext", context)),
        next_step=_case.edit_command(case.workload) + "   # set in securityContext what the message names",
        container=containers[0] if len(containers) == 1 else None,
        affected=refusal.lacking,
    )


def service_account_missing(case: _case.WorkloadCase) -> _case.Judgement | None:
    """The pods shall run as a ServiceAccount that is not there."""
    return _named_object_missing(case, "ServiceAccount", case.workload.namespace, _ACCOUNT, "serviceAccountName")


def priority_class_missing(case: _case.WorkloadCase) -> _case.Judgement | None:
    """The pods name a PriorityClass that is not there."""
    return _named_object_missing(case, "PriorityClass", "", _PRIORITY, "priorityClassName")


def admission_webhook_unavailable(case: _case.WorkloadCase) -> _case.Judgement | None:
    """An admission webhook has to be asked about the pod and does not answer."""
    refusal, match = _told(case, _WEBHOOK)
    if refusal is None or match is None:
        return None
    service = re.search(_SERVICE, match["why"])
    backend = Ref("Service", service["namespace"], service["name"]) if service else None
    found = _webhook(case, match["name"], backend)
    evidence = list(refusal.evidence)
    if found:
        ref, hook = found
        policy = fields.get_str(hook, "failurePolicy") or "Fail"
        evidence.append(
            EvidenceItem("object", f"{ref}: webhooks[{match['name']}]", f"failurePolicy {policy}, {_client(hook)}")
        )
    look = f"get endpointslices -l kubernetes.io/service-name={backend.name}" if backend else ""
    return _case.Judgement(
        summary=f"admission webhook {match['name']} does not answer: {one_line(match['why'], _SUMMARY)}",
        explanation="The API server must ask it about each new pod, and makes none without an answer. The pod itself may be well."
        + (f" Behind it stands {backend}." if backend else ""),
        evidence=tuple(evidence),
        next_step=_case.kubectl(backend, look)
        + "   # bring its pods back; only if nobody needs it, remove the configuration"
        if backend
        else "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations   # find it, and what it calls",
        subject=found[0] if found else None,
        roots=(backend,) if backend else (),
        affected=refusal.lacking,
    )


def image_policy_refused(case: _case.WorkloadCase) -> _case.Judgement | None:
    """A policy of the cluster is against an image: where it comes from, its tag, its signature."""
    refusal = _refusal(case)
    if refusal is None or not (re.search(_DENIED, refusal.words) or re.search(_IMAGE_WEBHOOK, refusal.words)):
        return None
    forbidden = re.search(_REJECTED, refusal.words)
    why = forbidden["why"] if forbidden else refusal.words
    if not re.search(
        _ABOUT_IMAGES, re.sub(r"'[^']*'|\"[^\"]*\"", " ", why)
    ):  # what a policy is called does not say what it is about
        return None
    images = {name: fields.get_str(spec, "image") for name, spec in _containers(refusal).items()}
    named = [name for name, image in images.items() if image and image in why] or list(images)
    used = ", ".join(f"{name}: {images[name]}" for name in named)
    return _case.Judgement(
        summary=f"a policy of the cluster refuses an image: {one_line(why, _SUMMARY)}",
        explanation="The API server asked the policy before it made the pod, so no node and no registry was asked. "
        "Whoever owns the policy, or signs the images, must act; do not loosen the policy for one pod.",
        evidence=(*refusal.evidence, EvidenceItem("spec", f"{_place(refusal)}: image", used)),
        next_step=_case.edit_command(case.workload) + "   # an image that the policy allows",
        container=named[0] if len(named) == 1 else None,
        affected=refusal.lacking,
    )


def pod_spec_rejected(case: _case.WorkloadCase) -> _case.Judgement | None:
    """The API server refuses the pod for what it says: it is not valid, or a policy is against it."""
    refusal, match = _told(case, _REJECTED)
    denied = bool(refusal and re.search(_DENIED, refusal.words))
    if refusal is None or not (match or denied) or re.search(_OTHERWISE, refusal.words):
        return None
    why = match["why"] if match else refusal.words
    index = re.search(r"spec\.(?P<list>containers|initContainers)\[(?P<index>\d{1,3})\]", why)
    specs = fields.get_dicts(refusal.template, "spec", index["list"]) if index else []
    container = fields.get_str(specs[int(index["index"])], "name") if index and int(index["index"]) < len(specs) else ""
    runtime = re.search(_RUNTIME, why)
    classes = case.evidence.named("RuntimeClass", "") if runtime else {}
    absent = (
        [EvidenceItem("absence", f"RuntimeClass {runtime['name']}", f"not among the {len(classes)} there are")]
        if runtime
        else []
    )
    return _case.Judgement(
        summary=f"the API server refuses its pods: {one_line(why, _SUMMARY)}",
        explanation=(
            "A policy of the cluster says no; it is not the pod's syntax."
            if denied
            else "Each pod is refused for what its template says, so waiting does not help."
        ),
        evidence=(*refusal.evidence, *absent),
        next_step=_case.edit_command(case.workload) + "   # correct what the message names",
        candidates=tuple(
            Candidate(f"RuntimeClass {name}", "the name is similar") for name in near_misses(runtime["name"], classes)
        )
        if runtime
        else (),
        container=container or None,
        affected=refusal.lacking,
    )


def _named_object_missing(
    case: _case.WorkloadCase, kind: str, namespace: str, words: str, field: str
) -> _case.Judgement | None:
    """An object that the template names; the list of all proves it also where the refusal's words are gone."""
    refusal = _refusal(case)
    if refusal is None:
        return None
    match = re.search(words, refusal.words)
    name = match["name"] if match else fields.get_str(refusal.template, "spec", field)
    others = case.evidence.named(kind, namespace)
    listed = case.evidence.lists(kind, namespace)
    if name in others or not name or (match is None and (refusal.words or not listed)):
        return None
    ref = Ref(kind, namespace, name)
    absent = [EvidenceItem("absence", str(ref), f"not among the {len(others)} there are")] if listed else []
    return _case.Judgement(
        summary=f"{ref} does not exist, and the pods name it",
        explanation="The API server makes no pod that names it until it is there.",
        evidence=(*refusal.evidence, EvidenceItem("spec", f"{_place(refusal)}: spec.{field}", name), *absent),
        next_step=_case.kubectl(ref, f"get {kind.lower()}")
        + f"   # then create {name}, or correct its name in {case.workload}",
        candidates=tuple(
            Candidate(str(Ref(kind, namespace, each)), "the name is similar") for each in near_misses(name, others)
        ),
        affected=refusal.lacking,
    )


def _told(case: _case.WorkloadCase, pattern: str) -> tuple[_Refusal | None, re.Match[str] | None]:
    refusal = _refusal(case)
    return refusal, re.search(pattern, refusal.words) if refusal else None


def _refusal(case: _case.WorkloadCase) -> _Refusal | None:
    """The newest refusal, where the workload still lacks pods and none was made since."""
    return _no_maker(case) or _no_pod(case)


def _no_maker(case: _case.WorkloadCase) -> _Refusal | None:
    """A Deployment may not even make its ReplicaSet."""
    failed, spec = condition(case.json, "Progressing"), fields.get_dict(case.json, "spec")
    if case.workload.kind != "Deployment" or fields.get_str(failed, "reason") != "ReplicaSetCreateError":
        return None
    lacking = (fields.get_int(spec, "replicas") or 0) - (fields.get_int(case.json, "status", "updatedReplicas") or 0)
    words, quote = fields.get_str(failed, "message"), _case.quote_condition(case.workload, failed)
    return _Refusal(case.workload, fields.get_dict(spec, "template"), lacking, words, (quote,)) if lacking > 0 else None


def _no_pod(case: _case.WorkloadCase) -> _Refusal | None:
    maker = _maker(case)
    if maker is None:
        return None
    ref, json = maker
    lacking = _lacking(ref.kind, json)
    if lacking <= 0:
        return None
    failures = [
        event
        for event in case.evidence.events(fields.get_str(json, "metadata", "uid"))
        if event.reason == "FailedCreate"
    ]
    failed = condition(json, "ReplicaFailure")
    evidence = [_case.quote_condition(ref, failed)] if fields.get_str(failed, "status") == "True" else []
    made = max(
        (pod.created or "" for pod in case.evidence.pods_of(case.workload) if case.evidence.maker(pod) == ref),
        default="",
    )
    newest = next((event for event in failures if (event.last or "") >= made), None)
    if newest:
        first = moments.earliest(*(event.first for event in failures))
        evidence.append(dataclasses.replace(_case.quote_event(newest), at=first))
    words = newest.message if newest else fields.get_str(failed, "message") if evidence else ""
    template = fields.get_dict(json, "spec", "template")
    return _Refusal(ref, template, lacking, re.sub(_PREFIX, "", words), tuple(evidence))


def _maker(case: _case.WorkloadCase) -> tuple[Ref, fields.Json] | None:
    """What makes the pods of a workload now: a Deployment's newest ReplicaSet, a CronJob's newest Job, else itself."""
    if case.workload.kind == "Deployment":
        revisions = case.evidence.revisions(case.workload)
        return (revisions[0].ref, revisions[0].json) if revisions else None
    if case.workload.kind == "CronJob":
        jobs = [(ref_of(json, "Job"), json) for json in case.evidence.objects.get("Job", ())]
        own = [(ref, json) for ref, json in jobs if case.evidence.owner(ref, json) == case.workload]
        return max(own, key=lambda pair: fields.get_str(pair[1], "metadata", "creationTimestamp"), default=None)
    return case.workload, case.json


def _lacking(kind: str, json: fields.Json) -> int:
    """How many pods a controller should have made and has not."""
    spec, status = fields.get_dict(json, "spec"), fields.get_dict(json, "status")
    if kind == "DaemonSet":
        return (fields.get_int(status, "desiredNumberScheduled") or 0) - (
            fields.get_int(status, "currentNumberScheduled") or 0
        )
    if kind == "Job":
        over = any(
            fields.get_str(condition(json, name), "status") == "True"
            for name in ("Complete", "Failed", "FailureTarget")
        )
        left = (fields.get_int(spec, "completions") or 1) - (fields.get_int(status, "succeeded") or 0)
        wanted = (
            0 if over or fields.get(spec, "suspend") is True else min(fields.get_int(spec, "parallelism") or 1, left)
        )
        return wanted - (fields.get_int(status, "active") or 0)
    replicas = fields.get_int(spec, "replicas")
    return (1 if replicas is None else replicas) - (fields.get_int(status, "replicas") or 0)


def _containers(refusal: _Refusal) -> dict[str, fields.Json]:
    specs = [
        *fields.get_dicts(refusal.template, "spec", "initContainers"),
        *fields.get_dicts(refusal.template, "spec", "containers"),
    ]
    return {fields.get_str(spec, "name"): spec for spec in specs}


def _place(refusal: _Refusal) -> str:
    return f"{refusal.maker}: spec.template"


def _resources(refusal: _Refusal, containers: t.Iterable[str]) -> list[EvidenceItem]:
    specs = _containers(refusal)
    return [
        EvidenceItem(
            "spec",
            f"{_place(refusal)}: container {name}: resources",
            _flat(fields.get_dict(specs[name], "resources")) or "none",
        )
        for name in containers
    ]


def _flat(json: fields.Json, before: str = "") -> str:
    """``limits.cpu 1, requests.cpu 100m``"""
    words = []
    for key, value in json.items():
        if isinstance(value, dict):
            words.append(_flat(value, f"{before}{key}."))
        elif isinstance(value, list):
            words.append(f"{before}{key} {', '.join(map(str, value))}")
        else:
            words.append(f"{before}{key} {value}")
    return ", ".join(word for word in words if word)


def _amounts(words: str) -> dict[str, str]:
    """``limits.cpu=1,pods=2`` by resource."""
    return {name: value for pair in words.rstrip(".").split(",") for name, _equal, value in [pair.partition("=")]}


def _more(asked: str, hard: str | None) -> bool:
    first, second = quantity.parse(asked), quantity.parse(hard)
    return first is not None and second is not None and first > second


def _quota_status(case: _case.WorkloadCase, quota: Ref, names: t.Collection[str]) -> list[EvidenceItem]:
    json = case.evidence.get(quota)
    hard, used = fields.get_dict(json, "status", "hard"), fields.get_dict(json, "status", "used")
    words = ", ".join(f"{name} {used.get(name)} of {hard[name]}" for name in hard if not names or name in names)
    return [EvidenceItem("object", f"{quota}: status", words)] if words else []


def _ranges(case: _case.WorkloadCase, resource: str) -> list[tuple[Ref, fields.Json]]:
    """The entries of the namespace's LimitRanges that bound this resource."""
    return [
        (Ref("LimitRange", case.workload.namespace, name), item)
        for name, json in case.evidence.named("LimitRange", case.workload.namespace).items()
        for item in fields.get_dicts(json, "spec", "limits")
        if any(resource in fields.get_dict(item, bound) for bound in ("max", "min", "maxLimitRequestRatio", "default"))
    ]


def _only_requests(spec: fields.Json, resource: str) -> bool:
    """Whether it requests the resource and leaves its limit to a default."""
    resources = fields.get_dict(spec, "resources")
    return resource in fields.get_dict(resources, "requests") and resource not in fields.get_dict(resources, "limits")


def _containers_with(refusal: _Refusal, resource: str, given: str | None) -> list[str]:
    """The containers whose request or limit is the amount that was refused; without an amount, those that state none."""
    amount = quantity.parse(given)
    found = []
    for name, spec in _containers(refusal).items():
        stated = [fields.get_dict(spec, "resources", each).get(resource) for each in ("requests", "limits")]
        if (amount is None and None in stated) or (amount is not None and amount in map(quantity.parse, stated)):
            found.append(name)
    return found


def _webhook(case: _case.WorkloadCase, name: str, backend: Ref | None) -> tuple[Ref, fields.Json] | None:
    """The webhook of that name; where several have it, the one that calls this Service, or an address outside where it is None."""
    found = [
        (ref_of(json, kind), hook)
        for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
        for json in case.evidence.objects.get(kind, ())
        for hook in fields.get_dicts(json, "webhooks")
        if fields.get_str(hook, "name") == name
    ]
    return next((each for each in found if _backend(each[1]) == backend), found[0] if found else None)


def _backend(hook: fields.Json) -> Ref | None:
    service = fields.get_dict(hook, "clientConfig", "service")
    return Ref("Service", fields.get_str(service, "namespace"), fields.get_str(service, "name")) if service else None


def _client(hook: fields.Json) -> str:
    return f"calls {_backend(hook) or fields.get_str(hook, 'clientConfig', 'url')}"
