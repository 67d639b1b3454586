# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes: claims that get none, and those that can't be mounted.

The words: Kubernetes 1.27 to 1.36 ``pkg/controller/volume/persistentvolume`` (claims), ``pkg/kubelet`` and ``pkg/volume`` (mounts),
and those of runc and crun.  A claim that waits for its first consumer is as it should be: the scheduler then has another reason.
"""

from __future__ import annotations

import re
import typing as t

from .._model import fields, moments, quantity
from .._model.finding import Candidate, EvidenceItem
from .._model.objects import Event, Ref, mounted_by, ref_of
from .._model.selectors import selects
from .._model.text import one_line
from . import _case
from ._near import near_misses
from ._placement import claims, told, volume_affinities

_CLAIM: t.Final = "PersistentVolumeClaim"
_CLASS_BEFORE_1_6: t.Final = "volume.beta.kubernetes.io/storage-class"
_DEFAULT_CLASS: t.Final = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
_NODE_CHOSEN: t.Final = "volume.kubernetes.io/selected-node"
_NO_PROVISIONER: t.Final = "kubernetes.io/no-provisioner"
# A provisioner that works needs some seconds; one in a cloud, half a minute.
_PROVISION_SECONDS: t.Final = 30
_SHOWN: t.Final = 4
_SUMMARY: t.Final = 300

_SYMPTOM: t.Final = r"(?i)unmounted volumes=|timed out waiting for the condition"
# Said while the kubelet's caches fill, or of what is no volume's fault: a ConfigMap or Secret that is missing.
_NOT_OURS: t.Final = (
    r"(?i)failed to sync (?:configmap|secret) cache|object \"[^\"]*\"/\"[^\"]*\" not registered"
    r"|\b(?:configmaps?|secrets?) \"[^\"]+\" not found|references non-existent (?:config|secret) key"
)
_VOLUME: t.Final = r"for volume \"(?P<name>[^\"]+)\""
_UNMOUNTED: t.Final = r"unmounted volumes=\[(?P<name>[\w.-]+)"
_SUB_PATH: t.Final = r"(?is)sub ?path\b.*?volumeMount \"(?P<name>[^\"]+)\""
_BIND: t.Final = (
    r"(?i)error mounting \"(?P<from>[^\"]+)\"|mount [`'](?P<crun>[^`']+)['`] to"
    r"|failed to (?:stat|mkdir|eval symlinks)[^\"]*\"(?P<stat>/[^\"]+)\""
)


def volume_claim_unbound(case: _case.PodCase) -> _case.Judgement | None:
    """A claim that the pod needs is not there, or gets no volume that a node of the pod can use."""
    waits = case.obstacle == "volume"
    if not waits and (case.pod.node or case.pod.condition("PodScheduled")):
        return None
    quote = _case.quote_condition(case.pod.ref, case.pod.condition("PodScheduled"))
    for name in sorted(claims(case.pod), key=lambda name: _phase(case, name) == "Bound"):
        found = _fault(case, name, waits)
        if found:
            what, why, evidence, candidates, next_step = found
            ref = Ref(_CLAIM, case.pod.ref.namespace, name)
            own = case.evidence.get(ref) is None or _made_for_the_pod(case, name)
            return _case.Judgement(
                summary=f"volume claim {name} {what}",
                explanation=why,
                evidence=(*((quote,) if waits else ()), *evidence),
                next_step=next_step or _case.kubectl(ref, f"describe pvc {name}"),
                candidates=tuple(candidates),
                subject=None if own else ref,
            )
    return None


_Fault = tuple[str, str, t.Sequence[EvidenceItem], t.Sequence[Candidate], "str | None"]


def _fault(case: _case.PodCase, name: str, waits: bool) -> _Fault | None:
    """What is wrong with one claim; ``waits`` where the scheduler itself says that a volume stands in the way."""
    ref = Ref(_CLAIM, case.pod.ref.namespace, name)
    claim = case.evidence.get(ref)
    if claim is None:
        return _missing(case, ref)
    if fields.get_str(claim, "metadata", "deletionTimestamp"):
        why = "A claim that is being deleted takes no new pods; it goes when the pods that use it are gone."
        at = EvidenceItem(
            "object", f"{ref}: metadata.deletionTimestamp", fields.get_str(claim, "metadata", "deletionTimestamp")
        )
        return "is being deleted", why, [at], [], None
    phase = fields.get_str(claim, "status", "phase")
    status = EvidenceItem("status", f"{ref}: status.phase", phase)
    if phase == "Lost":
        why = f"It was bound to PersistentVolume {fields.get_str(claim, 'spec', 'volumeName')}, which is gone, and what was on it with it."
        return "is lost: its volume is gone", why, [status], [], None
    if phase == "Bound":
        return _unreachable(case, ref, claim) if waits else None
    if not waits and not fields.get_dict(claim, "metadata", "annotations").get(_NODE_CHOSEN):
        return None  # it waits for its first consumer
    return _pending(case, ref, claim, status)


def _phase(case: _case.PodCase, name: str) -> str:
    return fields.get_str(case.evidence.get(Ref(_CLAIM, case.pod.ref.namespace, name)), "status", "phase")


def _missing(case: _case.PodCase, ref: Ref) -> _Fault | None:
    others = case.evidence.named(_CLAIM, ref.namespace)
    said = re.search(rf"persistentvolumeclaims? \"{re.escape(ref.name)}\" not found", told(case.pod), re.I)
    if not said and (not case.evidence.lists(_CLAIM, ref.namespace) or _made_for_the_pod(case, ref.name)):
        return None
    absent = EvidenceItem("absence", str(ref), f"not among the {len(others)} claims of the namespace")
    alike = [
        Candidate(
            f"{_CLAIM} {ref.namespace}/{name}",
            f"it is {fields.get_str(others[name], 'status', 'phase')}; the name is similar",
        )
        for name in near_misses(ref.name, others)
    ]
    next_step = _case.kubectl(ref, "get pvc") + f"   # then create {ref.name}, or correct its name in {case.workload}"
    return (
        "does not exist",
        "The pod names a claim that is not in its namespace; it waits until there is one.",
        [absent],
        alike,
        next_step,
    )


def _unreachable(case: _case.PodCase, ref: Ref, claim: fields.Json) -> _Fault | None:
    """It has a volume, and no node that the pod may go to can use it."""
    volume = fields.get_str(claim, "spec", "volumeName")
    if case.evidence.lists("PersistentVolume", "") and volume not in case.evidence.named("PersistentVolume", ""):
        gone = EvidenceItem("absence", f"PersistentVolume {volume}", "does not exist")
        return f"is bound to volume {volume}, which is gone", "What was on it is not here any more.", [gone], [], None
    if ref.name not in dict(volume_affinities(case.evidence, case.pod)):
        why = "The claim has its volume; the scheduler says that it can't be used on any node that the pod may go to."
        return f"is bound to volume {volume}, which no node can use", why, [], [], None
    terms = fields.get_list(
        case.evidence.get(Ref("PersistentVolume", "", volume)), "spec", "nodeAffinity", "required", "nodeSelectorTerms"
    )
    tied = EvidenceItem("object", f"PersistentVolume {volume}: spec.nodeAffinity", _as_text(terms))
    return (
        f"is bound to volume {volume}, which no node that the pod may go to can use",
        "The volume is tied to some nodes, by name or by zone. None of those is there, or the pod's own selectors leave them out.",
        [tied],
        [],
        None,
    )


def _as_text(terms: t.Sequence[t.Any]) -> str:
    each = [
        f"{fields.get_str(rule, 'key')} {fields.get_str(rule, 'operator')} {', '.join(fields.get_strs(rule, 'values'))}"
        for term in terms
        for rule in [*fields.get_dicts(term, "matchExpressions"), *fields.get_dicts(term, "matchFields")]
    ]
    return "; ".join(each)


def _pending(case: _case.PodCase, ref: Ref, claim: fields.Json, status: EvidenceItem) -> _Fault | None:
    classes = case.evidence.named("StorageClass", "")
    name = _class_of(claim)
    spec = EvidenceItem("spec", f"{ref}: spec", _in_words(claim))
    volumes = case.evidence.named("PersistentVolume", "")
    of_class = [each for each in volumes.values() if fields.get_str(each, "spec", "storageClassName") == (name or "")]
    if name and name not in classes and not of_class:
        return _no_such_class(case, ref, name, [status, spec]) if case.evidence.lists("StorageClass", "") else None
    provisioner = fields.get_str(classes.get(name or ""), "provisioner")
    if "enough free storage" in told(case.pod):
        why = (
            "The driver of its class says for each node how much room it has left; it is less than the claim asks for."
        )
        return "finds no node whose storage has room for it", why, [status, spec], [], None
    if name and name in classes and provisioner != _NO_PROVISIONER:
        return _not_provisioned(case, claim, name, [status, spec])
    fits = [(_misfits(ref, claim, volume), volume_name) for volume_name, volume in sorted(volumes.items())]
    if any(not misfits for misfits, _name in fits) or not case.evidence.lists("PersistentVolume", ""):
        return None  # it will be bound in a moment
    quotes = [_case.quote_event(event) for event in _events(case, claim) if event.reason == "FailedBinding"][:1]
    near = sorted(fits, key=lambda pair: len(pair[0]))[:_SHOWN]
    seen = [EvidenceItem("object", f"PersistentVolume {volume}", "; ".join(misfits)) for misfits, volume in near]
    if name is None and not any(_is_default(each) for each in classes.values()):
        absent = EvidenceItem(
            "absence", "the default StorageClass", f"none of {len(classes)} classes is marked as the default"
        )
        what, seen = "names no StorageClass, and the cluster has no default one", [absent, *seen]
        why = "So nothing makes a volume for it, and no volume that is there fits."
    else:
        what = "fits none of the volumes that are there"
        why = f"Nothing makes volumes for {'class ' + name if name else 'a claim without a class'}: one must be there that fits."
    nearly = [
        Candidate(f"PersistentVolume {volume}", f"it would fit, but {misfits[0]}")
        for misfits, volume in near
        if len(misfits) == 1
    ]
    offers = (
        [Candidate(f"StorageClass {each}", "it is there") for each in sorted(classes)[:_SHOWN]] if name is None else []
    )
    return what, why, [status, spec, *quotes, *seen], [*nearly, *offers], None


def _no_such_class(case: _case.PodCase, ref: Ref, name: str, evidence: t.Sequence[EvidenceItem]) -> _Fault:
    classes = case.evidence.named("StorageClass", "")
    absent = EvidenceItem(
        "absence", f"StorageClass {name}", f"not among: {', '.join(sorted(classes)) or 'there is none'}"
    )
    alike = near_misses(name, classes)
    candidates = [Candidate(f"StorageClass {each}", "the name is similar") for each in alike]
    candidates += [
        Candidate(f"StorageClass {each}", "it is the default")
        for each, json in classes.items()
        if _is_default(json) and each not in alike
    ]
    return (
        f"asks for StorageClass {name}, which does not exist",
        "So nothing makes a volume for it. A claim's class can't be changed: make the claim anew, which loses nothing yet.",
        [*evidence, absent],
        candidates,
        _case.kubectl(ref, f"delete pvc {ref.name}")
        + "   # it has no volume; then make it again with a class of: kubectl get storageclass",
    )


def _not_provisioned(
    case: _case.PodCase, claim: fields.Json, name: str, evidence: t.Sequence[EvidenceItem]
) -> _Fault | None:
    """The class is there, and what should make the volume fails, or is not there."""
    provisioner = fields.get_str(case.evidence.get(Ref("StorageClass", "", name)), "provisioner")
    events = _events(case, claim)
    failed = [event for event in events if event.reason == "ProvisioningFailed"]
    if failed:
        why = f"Provisioner {provisioner} tried and says why it can't."
        return f"gets no volume: {failed[0].message}", why, [*evidence, _case.quote_event(failed[0])], [], None
    waited = (
        moments.seconds_between(fields.get_str(claim, "metadata", "creationTimestamp"), case.evidence.observed_at) or 0
    )
    if waited < _PROVISION_SECONDS:
        return None
    waits = [_case.quote_event(event) for event in events if event.reason == "ExternalProvisioning"][:1]
    return (
        f"gets no volume: provisioner {provisioner} of StorageClass {name} does not answer",
        f"For {moments.in_words(waited)} it has neither made a volume nor said why not, as one that is not installed or does not run.",
        [*evidence, EvidenceItem("object", f"StorageClass {name}: provisioner", provisioner), *waits],
        [],
        f"kubectl get csidrivers; kubectl get pods -A   # see whether {provisioner} is installed and runs",
    )


def _misfits(ref: Ref, claim: fields.Json, volume: fields.Json) -> list[str]:
    """Why a claim can't have this volume."""
    found = []
    spec, wanted = fields.get_dict(volume, "spec"), fields.get_dict(claim, "spec")
    if fields.get_str(spec, "storageClassName") != (_class_of(claim) or ""):
        found.append(f"its class is {fields.get_str(spec, 'storageClassName') or 'none'}")
    holder = fields.get_dict(spec, "claimRef")
    namespace, name = fields.get_str(holder, "namespace"), fields.get_str(holder, "name")
    if holder and (namespace, name) != (ref.namespace, ref.name):
        found.append(f"it is {fields.get_str(volume, 'status', 'phase')} for claim {namespace}/{name}")
    size = quantity.parse(fields.get_dict(wanted, "resources", "requests").get("storage"))
    has = quantity.parse(fields.get_dict(spec, "capacity").get("storage"))
    if size is not None and (has is None or has < size):
        found.append(
            f"it holds {quantity.in_words(has, 'memory') if has is not None else 'nothing'}, less than {quantity.in_words(size, 'memory')}"
        )
    if missing := set(fields.get_strs(wanted, "accessModes")) - set(fields.get_strs(spec, "accessModes")):
        found.append(f"it does not offer {', '.join(sorted(missing))}")
    if (fields.get_str(spec, "volumeMode") or "Filesystem") != (fields.get_str(wanted, "volumeMode") or "Filesystem"):
        found.append(f"its mode is {fields.get_str(spec, 'volumeMode') or 'Filesystem'}")
    if fields.get_dict(wanted, "selector") and not selects(
        fields.get(wanted, "selector"), fields.get_dict(volume, "metadata", "labels")
    ):
        found.append("its labels are not those that the claim selects")
    if fields.get_str(wanted, "volumeName") not in ("", ref_of(volume, "PersistentVolume").name):
        found.append(f"the claim names volume {fields.get_str(wanted, 'volumeName')}")
    return found


def _class_of(claim: fields.Json) -> str | None:
    """None where the claim leaves it to the cluster's default; an empty string where it wants none."""
    old = fields.get_dict(claim, "metadata", "annotations").get(_CLASS_BEFORE_1_6)
    named = fields.get(claim, "spec", "storageClassName")
    return named if isinstance(named, str) else old if isinstance(old, str) else None


def _is_default(storage_class: fields.Json) -> bool:
    annotations = fields.get_dict(storage_class, "metadata", "annotations")
    return any(annotations.get(name) == "true" for name in _DEFAULT_CLASS)


def _made_for_the_pod(case: _case.PodCase, name: str) -> bool:
    """Whether the claim is made from a template, so that each replica has one of its own."""
    templates = {
        fields.get_str(each, "metadata", "name")
        for each in fields.get_dicts(case.evidence.get(case.workload), "spec", "volumeClaimTemplates")
    }
    return not any(
        fields.get_str(volume, "persistentVolumeClaim", "claimName") == name
        and fields.get_str(volume, "name") not in templates
        for volume in fields.get_dicts(case.pod.spec, "volumes")
    )


def _in_words(claim: fields.Json) -> str:
    name = _class_of(claim)
    words = [f"class {name}" if name else "no class" if name is None else 'class ""']
    words += [
        str(fields.get_dict(claim, "spec", "resources", "requests").get("storage")),
        *fields.get_strs(claim, "spec", "accessModes"),
    ]
    return ", ".join(words)


def _events(case: _case.PodCase, claim: fields.Json) -> list[Event]:
    return case.evidence.events(fields.get_str(claim, "metadata", "uid"))


def volume_mount_failed(case: _case.PodCase) -> _case.Judgement | None:
    """The node can't attach or mount a volume of the pod, so none of its containers is made."""
    found = None
    for event in case.events:
        if event.reason in {"FailedMount", "FailedAttachVolume"} and not re.search(_NOT_OURS, event.message):
            symptom = bool(re.search(_SYMPTOM, event.message))
            match = re.search(_UNMOUNTED if symptom else _VOLUME, event.message)
            if match and (found is None or (found[0] and not symptom)):
                found = symptom, match["name"], event
    if found is None:
        return None
    symptom, name, event = found
    reason = event.message.partition(" : ")[2].strip() or event.message
    return _unmountable(
        case, _volume_meant(case, name), reason, _case.quote_event(event), "probable" if symptom else "confirmed"
    )


def sub_path_failed(case: _case.ContainerCase) -> _case.Judgement | None:
    """The volume is on the node, and what the container wants of it can't be put where it wants it."""
    quotes = [(case.container.waiting_message, _case.quote_waiting(case))]
    if case.last_end and case.last_end.exit_code == 128:  # the runtime never started it
        quotes.append((case.last_end.message, _case.quote_end(case)))
    for text, quote in quotes:
        if match := re.search(_SUB_PATH, text):
            return _unmountable(case, _volume_meant(case, match["name"]), text, quote, "confirmed")
        if match := re.search(_BIND, text):
            source = match["from"] or match["crun"] or match["stat"]
            return _unmountable(case, _volume_at(case, source), text[match.start() :], quote, "confirmed")
    return None


def _unmountable(
    case: _case.PodCase,
    volume: fields.Json,
    reason: str,
    quote: EvidenceItem,
    confidence: t.Literal["confirmed", "probable"],
) -> _case.Judgement:
    name = fields.get_str(volume, "name")
    container = case.container if isinstance(case, _case.ContainerCase) else None
    evidence = [quote]
    if volume:
        evidence.append(EvidenceItem("spec", f"{case.pod.ref}: spec.volumes[{name}]", _source(case, volume)))
    mounts = [
        mount
        for mount in (fields.get_dicts(container.spec, "volumeMounts") if container else [])
        if name and fields.get_str(mount, "name") == name
    ]
    evidence += [
        EvidenceItem("spec", f"{case.pod.ref}: {container.spec_place}.volumeMounts[{name}]", _mount(mount))
        for mount in mounts
        if container
    ]
    files = _case.files_of(case, volume)
    named = [path for mount in mounts if (path := fields.get_str(mount, "subPath").strip("/"))]
    missing = next((path for path in named if files and not _case.brings(files, path)), "")
    if missing:
        source = f"ConfigMap {fields.get_str(volume, 'configMap', 'name')}"
        evidence.append(EvidenceItem("object", f"{source}: files", ", ".join(sorted(files))))
        reason = f"{source} has no {missing}, which its subPath names"
    holders = _holders(case, volume) if "Multi-Attach" in reason else []
    evidence += [EvidenceItem("object", holder, f"uses the same claim on node {node}") for holder, node in holders]
    return _case.Judgement(
        summary=f"volume {name or '(unnamed)'} can't be mounted: {one_line(reason, _SUMMARY)}",
        explanation="What a subPath names and is not there becomes an empty folder, and that can't lie on a file."
        if missing
        else _why_not_mounted(reason),
        evidence=tuple(evidence),
        next_step=_case.kubectl(case.pod.ref, f"describe pod {case.pod.ref.name}")
        + f"   # then correct the volume in {case.workload}, or what it points to",
        confidence=confidence,
        candidates=tuple(Candidate(f"subPath {file}", "the name is similar") for file in near_misses(missing, files)),
        container=container.name if container else mounted_by(case.pod.spec).get(name),
    )


_REASONS: t.Final = (
    (r"Multi-Attach", "It can be on one node at a time and is on another: the pod there has to go first."),
    (r"type check failed", "It is a path of the node; what is there is not of the type that the pod asks for."),
    (r"not found in the list of registered CSI drivers", "The driver is not on this node: not installed, or its pod there does not run."),
    (r"sub ?path", "The volume is there; the path inside it can't be used."),
    (r"not a directory", "A file can only be mounted onto a file, and a folder onto a folder: a single key needs subPath."),
    (r"mount failed|exit status", "The node's mount command failed: the server, the path, the rights, or the client there."),
)  # fmt: skip


def _why_not_mounted(reason: str) -> str:
    return next(
        (words for pattern, words in _REASONS if re.search(pattern, reason, re.I)),
        "The kubelet says why it can't prepare the volume; it tries again by itself.",
    )


def _volume_meant(case: _case.PodCase, name: str) -> fields.Json:
    """The pod's volume of that name, or the one whose claim is bound to the PersistentVolume of that name."""
    for volume in fields.get_dicts(case.pod.spec, "volumes"):
        claim = Ref(_CLAIM, case.pod.ref.namespace, fields.get_str(volume, "persistentVolumeClaim", "claimName"))
        if name in (fields.get_str(volume, "name"), fields.get_str(case.evidence.get(claim), "spec", "volumeName")):
            return volume
    return {}


def _volume_at(case: _case.PodCase, path: str) -> fields.Json:
    """The volume that a path on the node belongs to: the kubelet's folder of it, or the host's own path."""
    for volume in fields.get_dicts(case.pod.spec, "volumes"):
        name, host = fields.get_str(volume, "name"), fields.get_str(volume, "hostPath", "path")
        if re.search(rf"/(?:volumes/[^/]+|volume-subpaths)/{re.escape(name)}(?:/|$)", path) or (host and path == host):
            return volume
    return {}


def _source(case: _case.PodCase, volume: fields.Json) -> str:
    kind = next((key for key, value in volume.items() if isinstance(value, dict)), "")
    words = ", ".join(
        f"{key} {value}"
        for key, value in sorted(fields.get_dict(volume, kind).items())
        if isinstance(value, (str, bool))
    )
    claim = case.evidence.get(
        Ref(_CLAIM, case.pod.ref.namespace, fields.get_str(volume, "persistentVolumeClaim", "claimName"))
    )
    bound = fields.get_str(claim, "spec", "volumeName")
    return f"{kind}: {words}" + (f", bound to PersistentVolume {bound}" if bound else "")


def _mount(mount: fields.Json) -> str:
    return ", ".join(f"{key} {value}" for key, value in mount.items() if isinstance(value, (str, bool)))


def _holders(case: _case.PodCase, volume: fields.Json) -> list[tuple[str, str]]:
    """Pods elsewhere that use the same claim."""
    claim = fields.get_str(volume, "persistentVolumeClaim", "claimName")
    return [
        (str(pod.ref), pod.node)
        for pod in case.evidence.pods
        if claim and pod.ref.namespace == case.pod.ref.namespace and pod.node not in ("", case.pod.node)
        if any(
            fields.get_str(each, "persistentVolumeClaim", "claimName") == claim
            for each in fields.get_dicts(pod.spec, "volumes")
        )
    ][:_SHOWN]
