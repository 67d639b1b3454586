# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ConfigMaps and Secrets that a pod needs and does not get.

The kubelet's words: Kubernetes 1.36 ``pkg/kubelet/kubelet_pods.go`` (environment) and ``pkg/volume`` (volumes).  A Secret
is never asked for: the kubelet's message proves that it is missing.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._model import fields
from .._model.finding import Candidate, EvidenceItem
from .._model.objects import Ref, Reference, references
from . import _case
from ._near import near_misses

_Kind = t.Literal["ConfigMap", "Secret"]
_MISSING: t.Final = r"(?i)\b(?P<kind>configmaps?|secrets?) \"(?P<name>[^\"]+)\" not found"
_KEY_ENV: t.Final = r"(?i)couldn't find key (?P<key>\S+) in (?P<kind>ConfigMap|Secret) [^/\s]+/(?P<name>\S+)"
_KEY_VOLUME: t.Final = (
    r"(?is)volume \"(?P<volume>[^\"]+)\" : .*references non-existent (?P<kind>config|secret) key: (?P<key>\S+)"
)


@dataclasses.dataclass(frozen=True)
class _Complaint:
    """What the kubelet says is missing; ``key`` is empty where the whole object is."""

    kind: _Kind
    name: str
    key: str
    volume: str
    quote: EvidenceItem


def configmap_missing(case: _case.PodCase) -> _case.Judgement | None:
    """A ConfigMap that the pod needs does not exist."""
    return _object_missing(case, "ConfigMap")


def secret_missing(case: _case.PodCase) -> _case.Judgement | None:
    """A Secret that the pod needs does not exist."""
    return _object_missing(case, "Secret")


def key_missing(case: _case.PodCase) -> _case.Judgement | None:
    """The ConfigMap or Secret exists and lacks a key that the pod needs."""
    for reference, complaint in _candidates_for(case, with_key=True):
        keys = _keys(case, reference)
        if reference.kind == "ConfigMap" and reference.key in keys:
            continue  # it was added meanwhile: the kubelet tries again by itself
        what = f"{reference.kind} {case.pod.ref.namespace}/{reference.name}"
        evidence = [complaint.quote] if complaint else []
        evidence.append(_place(case, reference))
        if keys:
            evidence.append(EvidenceItem("object", f"{what}: keys", ", ".join(sorted(keys))))
        more = _still_missing(case, reference)
        return _case.Judgement(
            summary=f"{what} has no key {reference.key}, which container {reference.container} needs",
            explanation=f"The {reference.kind} itself exists; only the key is missing, and the reference is not optional."
            + _in_words(more),
            evidence=(*evidence, *(_place(case, each) for each in more.values())),
            next_step=_case.edit_command(case.workload)
            + f"   # use a key that exists, or add {reference.key} to {what}",
            candidates=tuple(
                Candidate(f"key {key}", f"{what} has it; the name is similar")
                for key in near_misses(reference.key, keys)
            ),
            container=reference.container or None,
        )
    return None


def _object_missing(case: _case.PodCase, kind: _Kind) -> _case.Judgement | None:
    for reference, complaint in _candidates_for(case, with_key=False):
        if reference.kind != kind:
            continue
        what = f"{kind} {case.pod.ref.namespace}/{reference.name}"
        others = case.evidence.named(kind, case.pod.ref.namespace)
        if reference.name in others:
            continue  # it was made meanwhile: the kubelet tries again by itself
        evidence = [complaint.quote] if complaint else []
        evidence.append(_place(case, reference))
        if case.evidence.lists(kind, case.pod.ref.namespace):
            evidence.append(EvidenceItem("absence", what, f"not among the {len(others)} {kind}s of the namespace"))
        more = _still_missing(case, reference)
        return _case.Judgement(
            summary=f"{what} does not exist, and container {reference.container or '(unnamed)'} needs it",
            explanation=f"The pod names the {kind} without marking it optional, so the kubelet can't start the container until it exists."
            + _in_words(more),
            evidence=(*evidence, *(_place(case, each) for each in more.values())),
            next_step=_create_or_correct(case, kind, reference),
            candidates=_like(case, reference, others),
            container=reference.container or None,
        )
    return None


def _candidates_for(case: _case.PodCase, with_key: bool) -> t.Iterator[tuple[Reference, _Complaint | None]]:
    """References that the kubelet complains of; where it says nothing (any more), those that the list proves missing.

    A container that ran had all it needs: what is missing now was taken away later and does not end it.
    """
    container = case.container.name if isinstance(case, _case.ContainerCase) else None
    if isinstance(case, _case.ContainerCase) and case.container.waiting_reason != "CreateContainerConfigError":
        return
    wanted = [r for r in references(case.pod.spec) if container is None or r.container == container]
    complaints = list(_complaints(case))
    for complaint in complaints:
        if bool(complaint.key) != with_key:
            continue
        matching = [r for r in wanted if _meant(complaint, r)]
        if matching:
            yield matching[0], complaint
        elif not complaint.volume:  # a runtime that words its source differently: believe the kubelet
            yield Reference(complaint.kind, complaint.name, complaint.key, container or "", "the pod"), complaint
    for reference in wanted if not complaints else ():
        if _key_proven_missing(case, reference) if with_key else _proven_missing(case, reference):
            yield reference, None


def _complaints(case: _case.PodCase) -> t.Iterator[_Complaint]:
    quotes = []
    if isinstance(case, _case.ContainerCase):
        if case.container.waiting_reason == "CreateContainerConfigError":
            quotes.append((case.container.waiting_message, _case.quote_waiting(case)))
    else:
        quotes += [(event.message, _case.quote_event(event)) for event in case.events if event.reason == "FailedMount"]
    for text, quote in quotes:
        if match := re.search(_KEY_ENV, text):
            yield _Complaint(_kind(match["kind"]), match["name"].rstrip(".,"), match["key"], "", quote)
        elif match := re.search(_KEY_VOLUME, text):
            yield _Complaint(_kind(match["kind"]), "", match["key"], match["volume"], quote)
        elif match := re.search(_MISSING, text):
            yield _Complaint(_kind(match["kind"]), match["name"], "", "", quote)


def _kind(word: str) -> _Kind:
    return "Secret" if word.lower().startswith("secret") else "ConfigMap"


def _meant(complaint: _Complaint, reference: Reference) -> bool:
    if complaint.kind != reference.kind or (complaint.key and complaint.key != reference.key):
        return False
    if complaint.volume:
        return reference.place == f"volumes[{complaint.volume}]"
    return complaint.name == reference.name


def _proven_missing(case: _case.PodCase, reference: Reference) -> bool:
    namespace = case.pod.ref.namespace
    return (
        reference.kind == "ConfigMap"
        and case.evidence.lists("ConfigMap", namespace)
        and case.evidence.get(Ref("ConfigMap", namespace, reference.name)) is None
    )


def _key_proven_missing(case: _case.PodCase, reference: Reference) -> bool:
    keys = _keys(case, reference)
    return bool(keys) and bool(reference.key) and reference.key not in keys


def _keys(case: _case.PodCase, reference: Reference) -> list[str]:
    """Key names of a ConfigMap, as its managedFields tell them; empty where they are not known."""
    return fields.get_strs(case.evidence.get(Ref(reference.kind, case.pod.ref.namespace, reference.name)), "keys")


def _still_missing(case: _case.PodCase, told: Reference) -> dict[str, Reference]:
    """What else is seen not to be there, and would stop the container next: the kubelet complains of one after the other."""
    wanted = (each for each in references(case.pod.spec) if each.container == told.container)
    found = {_what_is_missing(case, each): each for each in wanted}
    known = {"", _what_is_missing(case, told)}
    return {what: each for what, each in found.items() if what not in known}


def _what_is_missing(case: _case.PodCase, reference: Reference) -> str:
    if _proven_missing(case, reference):
        return f"ConfigMap {reference.name}"
    return f"key {reference.key} of ConfigMap {reference.name}" if _key_proven_missing(case, reference) else ""


def _in_words(missing: t.Iterable[str]) -> str:
    return f" It lacks more: {', '.join(missing)}." if missing else ""


def _place(case: _case.PodCase, reference: Reference) -> EvidenceItem:
    named = f"{reference.kind} {reference.name}" + (f", key {reference.key}" if reference.key else "")
    return EvidenceItem("spec", f"{case.pod.ref}: spec.{reference.place}", f"{named}, not optional")


def _like(case: _case.PodCase, reference: Reference, others: dict[str, t.Any]) -> tuple[Candidate, ...]:
    needed = {
        r.key for r in references(case.pod.spec) if r.kind == reference.kind and r.name == reference.name and r.key
    }
    found = []
    for name in near_misses(reference.name, others):
        has = needed <= set(fields.get_strs(others[name], "keys"))
        why = "the name is similar" + (
            f"; it has every key that is needed ({', '.join(sorted(needed))})" if needed and has else ""
        )
        found.append((not has, Candidate(f"{reference.kind} {case.pod.ref.namespace}/{name}", why)))
    return tuple(candidate for _lacks, candidate in sorted(found, key=lambda pair: pair[0]))


def _create_or_correct(case: _case.PodCase, kind: _Kind, reference: Reference) -> str:
    if kind == "Secret":
        return (
            _case.kubectl(case.pod.ref, "get secrets")
            + f"   # then create {reference.name}, or correct its name in {case.workload}"
        )
    return (
        _case.kubectl(case.pod.ref, "get configmaps")
        + f"   # then create {reference.name}, or correct its name in {case.workload}"
    )
