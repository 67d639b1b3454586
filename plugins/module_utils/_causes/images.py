# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images that can't be had.

What the runtimes write: containerd ``internal/cri/server/images/image_pull.go`` and ``core/remotes/docker``; the
kubelet's reasons: Kubernetes 1.36 ``pkg/kubelet/images/types.go``.
"""

from __future__ import annotations

import re
import typing as t

from .._model.fields import get_int, get_str
from .._model.finding import Candidate, EvidenceItem
from .._model.objects import Event, Ref, node_image_names, pull_secrets
from ._case import ContainerCase, Judgement, edit_command, kubectl, quote_event, quote_waiting
from ._near import CANDIDATES, near_misses

PULL_REASONS: t.Final = frozenset({"ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable"})

_Failure = t.Literal["platform", "rate-limit", "unreachable", "unauthorized", "not-found"]
# First match wins: a time-out on the way to a token server is no missing authorization.
_FAILURES: t.Final[tuple[tuple[_Failure, re.Pattern[str]], ...]] = (
    ("platform", re.compile(r"no match for platform|no matching manifest for", re.I)),
    ("rate-limit", re.compile(r"\b429\b|too ?many ?requests|rate limit", re.I)),
    (
        "unreachable",
        re.compile(
            r"dial tcp|no such host|i/o timeout|connection (?:refused|reset)|network is unreachable|no route to host|x509:|tls:"
            r"|deadline exceeded|server misbehaving|\b50[0-4] |\bEOF\b|http: server gave HTTP response",
            re.I,
        ),
    ),
    (
        "unauthorized",
        re.compile(
            r"\b40[13]\b|unauthorized|authorization failed|access denied|access to the resource is denied|insufficient_scope"
            r"|authentication required|no basic auth credentials|\bforbidden\b|\bdenied\b|invalid username/password",
            re.I,
        ),
    ),
    ("not-found", re.compile(r"not found|manifest unknown|name unknown|does not exist|\b404\b", re.I)),
)
_QUOTED: t.Final = re.compile(r"\"[^\"]*\"|https?://\S+")


def image_not_found(case: ContainerCase) -> Judgement | None:
    """The registry answered, and has no such repository or tag."""
    if _pull_failure(case) != "not-found":
        return None
    image = case.container.image
    candidates = _other_tags(case)
    return Judgement(
        summary=f"image {image} of container {case.container.name} is not in its registry",
        explanation="The registry answered that it has no such image, so neither the network nor a pull secret is at fault: "
        "the name or the tag is wrong, or the image was never pushed.",
        evidence=_proof(case),
        next_step=edit_command(case.workload)
        + f"   # give {case.container.name} an image that exists"
        + (f", e.g. {candidates[0].what}" if candidates else ""),
        candidates=candidates,
    )


def image_pull_unauthorized(case: ContainerCase) -> Judgement | None:
    """The registry refused, or hides a missing repository behind a refusal."""
    if _pull_failure(case) != "unauthorized":
        return None
    text = _said(case)
    secrets = _secrets_in_use(case)
    missing = next((event for event in case.events if event.reason == "FailedToRetrieveImagePullSecret"), None)
    # Docker Hub and its like answer "denied" for a repository that does not exist, too.
    ambiguous = (
        bool(re.search(r"may require|repository does not exist|resource is denied|may not exist", text, re.I))
        and not missing
    )
    named = f"pull secret {', '.join(secrets)}" if secrets else "no pull secret"
    evidence = list(_proof(case))
    if missing:
        evidence.append(quote_event(missing))
    evidence.append(
        EvidenceItem(
            "spec" if secrets else "absence",
            f"{case.pod.ref}: spec.imagePullSecrets and those of ServiceAccount {_service_account(case).name}",
            named,
        )
    )
    candidates = _secrets_of_others(case, secrets)
    return Judgement(
        summary=f"the registry refuses image {case.container.image} of container {case.container.name}: {named} is used"
        + (", and the kubelet can't read it" if missing else ""),
        explanation="The registry answered with a refusal, so it is reached."
        + (
            " It gives the same answer for a repository that does not exist: check the name as well as the credentials."
            if ambiguous
            else " The credentials are missing or not accepted."
        ),
        evidence=tuple(evidence),
        next_step=kubectl(case.pod.ref, "get secrets --field-selector type=kubernetes.io/dockerconfigjson")
        + f"   # then name the right one in imagePullSecrets of {case.workload}",
        confidence="probable" if ambiguous else "confirmed",
        candidates=candidates,
    )


def _said(case: ContainerCase) -> str:
    """What kubelet and runtime say of this pull; the back-off state alone may not carry the runtime's words."""
    return "\n".join([case.container.waiting_message, *(event.message for event in _failed_pulls(case)[:1])])


def _pull_failure(case: ContainerCase) -> _Failure | None:
    if case.container.waiting_reason not in PULL_REASONS:
        return None
    # The image's own name may hold any word ("…/unauthorized:404"): take it out before looking.
    text = _QUOTED.sub(" ", _said(case))
    last_part = case.container.image.rsplit("/", 1)[-1]
    if last_part:
        text = re.sub(rf"\S*{re.escape(last_part)}(?:[@:][\w.:-]*\w)?", " ", text)
    return next((failure for failure, pattern in _FAILURES if pattern.search(text)), None)


def _proof(case: ContainerCase) -> tuple[EvidenceItem, ...]:
    """The waiting state and, where it does not repeat the runtime's words, the event that has them."""
    told = case.container.waiting_message
    return (
        quote_waiting(case),
        *(quote_event(event) for event in _failed_pulls(case)[:1] if event.message.partition(": ")[2] not in told),
    )


def _failed_pulls(case: ContainerCase) -> list[Event]:
    """The events with the runtime's words; "Error: ImagePullBackOff" only repeats the kubelet's reason."""
    failed = [event for event in case.container_events if event.reason in {"Failed", "InspectFailed"}]
    return [
        event
        for event in failed
        if "pull" in event.message.lower() and event.message.partition(": ")[2] not in PULL_REASONS
    ]


def _other_tags(case: ContainerCase) -> tuple[Candidate, ...]:
    """Images of the same repository that are known to exist: in a former revision, else on a node."""
    wanted = case.container.image
    repository, wanted_tag = split_image(wanted)
    found: dict[str, str] = {}
    for revision, spec in case.former_containers:
        image = get_str(spec, "image")
        if image and image != wanted:
            ready = get_int(revision.json, "status", "readyReplicas") or 0
            proof = f", {ready} of its pods ready now" if ready else ""
            found.setdefault(image, f"revision {revision.number} of {case.workload} uses it{proof}")
    if found:
        return tuple(Candidate(image, why) for image, why in list(found.items())[:CANDIDATES])
    tags: dict[str, tuple[str, str]] = {}
    for name, node in case.evidence.named("Node", "").items():
        for image in node_image_names(node):
            other, tag = split_image(image)
            if tag and tag != wanted_tag and other == repository:
                tags.setdefault(tag, (image, f"same repository, already on node {name}"))
    ranked = near_misses(wanted_tag, tags) or sorted(tags, reverse=True)[:CANDIDATES]
    return tuple(Candidate(*tags[tag]) for tag in ranked)


def split_image(image: str) -> tuple[str, str]:
    """Repository with its registry spelled out, and tag ("latest" where none stands): nginx → docker.io/library/nginx, latest."""
    name, _at, digest = image.partition("@")
    head, slash, tail = name.rpartition("/")
    tail, _colon, tag = tail.partition(":")
    repository = f"{head}{slash}{tail}"
    first = repository.split("/", 1)[0]
    if "/" not in repository:
        repository = f"docker.io/library/{repository}"
    elif "." not in first and ":" not in first and first != "localhost":
        repository = f"docker.io/{repository}"
    return repository, tag or ("" if digest else "latest")


def _service_account(case: ContainerCase) -> Ref:
    return Ref("ServiceAccount", case.pod.ref.namespace, get_str(case.pod.spec, "serviceAccountName") or "default")


def _secrets_in_use(case: ContainerCase) -> list[str]:
    # Admission copies the account's pull secrets into a pod that names none; older pods may lack them.
    account = case.evidence.get(_service_account(case)) or {}
    return list(dict.fromkeys([*pull_secrets(case.pod.spec), *pull_secrets(account)]))


def _secrets_of_others(case: ContainerCase, used: list[str]) -> tuple[Candidate, ...]:
    """Pull secrets with which other pods of the namespace do run images of the same registry."""
    registry = split_image(case.container.image)[0].split("/", 1)[0]
    found: dict[str, str] = {}
    for pod in case.evidence.pods:
        if pod.ref.namespace == case.pod.ref.namespace and pod.ready and pod.ref != case.pod.ref:
            for container in pod.containers:
                if split_image(container.image)[0].split("/", 1)[0] == registry:
                    for secret in pull_secrets(pod.spec):
                        found.setdefault(secret, f"{pod.ref} runs {container.image} with it")
    return tuple(Candidate(f"Secret {name}", why) for name, why in found.items() if name not in used)[:CANDIDATES]
