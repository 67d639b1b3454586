# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images that can't be had.

What the runtimes write: containerd ``internal/cri/server/images/image_pull.go`` and ``core/remotes/docker``; the
kubelet's reasons: Kubernetes 1.36 ``pkg/kubelet/images/types.go``.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from .._model import fields
from .._model.finding import Candidate, EvidenceItem
from .._model.objects import Event, Pod, Ref, node_image_names, pull_secrets
from . import _case
from ._near import CANDIDATES, near_misses, one_slip

PULL_REASONS: t.Final = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed"}
)

Failure = t.Literal["platform", "policy", "rate-limit", "unreachable", "unauthorized", "not-found", "throttled"]
# First match wins: a time-out on the way to a token server is no missing authorization.
_FAILURES: t.Final[tuple[tuple[Failure, str], ...]] = (
    (
        "platform",
        (
            r"(?i)no match for platform|no matching manifest for|no image found in (?:manifest list|image index)"
            r"|does not (?:match|provide) the specified platform|cannot be used on this platform"
        ),
    ),
    (
        "policy",
        (
            r"(?i)SignatureValidationFailed|source image rejected|signature (?:was )?(?:required|validation|verification)"
            r"|invalid signature|rejected by policy|image verifier|blocked pull of"
        ),
    ),
    ("rate-limit", r"(?i)\b429\b|too ?many ?requests|rate limit"),
    (
        "unreachable",
        (
            r"(?i)RegistryUnavailable|dial tcp|no such host|i/o timeout|connection (?:refused|reset)|network is unreachable"
            r"|no route to host|x509:|tls:|deadline exceeded|Client\.Timeout|server misbehaving|\b50[0-4] |\bEOF\b"
            r"|http: server gave HTTP response|proxyconnect|unexpected media type text/html"
        ),
    ),
    (
        "unauthorized",
        (
            r"(?i)\b40[13]\b|unauthorized|authorization failed|access denied|access to the resource is denied|insufficient_scope"
            r"|authentication required|no basic auth credentials|\bforbidden\b|\bdenied\b|invalid username/password"
        ),
    ),
    ("not-found", r"(?i)not found|manifest unknown|name unknown|does not exist|\b404\b"),
    ("throttled", r"\bpull QPS exceeded\b"),  # pkg/kubelet/images/helpers.go
)
# What may hold any word: quotations, addresses, the tag in "status code [manifests 401]: 404 Not Found".
_QUOTED: t.Final = r"\"[^\"]*\"|https?://\S+|\[(?:manifests|blobs)[^\]]*\]"
_PULLED: t.Final = r"(?i)\b(?:pull|pulling|pull and unpack|inspect) image \"(?P<image>[^\"]+)\""
_LOOKED_UP: t.Final = r"\blookup (?P<host>[\w.-]+)(?: on \S+)?: no such host"
# Why a registry is not to be had, in words for a person; the first that fits.
_UNREACHABLE: t.Final = (
    (r"(?i)no such host|server misbehaving", "its name can't be resolved: it is wrong, or DNS is"),
    (r"(?i)connection refused", "nothing listens at its address"),
    (r"(?i)x509:|tls:", "its certificate is not accepted by the node"),
    (r"(?i)http: server gave HTTP response", "it speaks plain HTTP where the node expects HTTPS"),
    (r"(?i)text/html", "a web page answers in its place: a proxy, a login page or no registry at all"),
    (r"(?i)timeout|deadline exceeded|no route to host|unreachable", "no answer comes from its address"),
    (r"(?i)\b50[0-4] ", "it answers with an error of its own"),
)
# Hosts whose names people mistype; others are learned from the images that are in use.
_PUBLIC: t.Final = frozenset(
    {"docker.io", "ghcr.io", "quay.io", "gcr.io", "registry.k8s.io", "mcr.microsoft.com", "public.ecr.aws"}
)
# The kubelet tells of at most so many images (nodeStatusMaxImages): with fewer, one that is not there is absent.
_TOLD_IMAGES: t.Final = 50


@dataclasses.dataclass(frozen=True)
class _Pull:
    """A pull that failed: why, of which image, in whose words; ``volume`` is set where the image is not the container's own."""

    failure: Failure
    image: str
    said: str
    volume: str

    @property
    def host(self) -> str:
        return host_of(self.image)

    def of(self, case: _case.ContainerCase) -> str:
        """What is pulled, for a summary."""
        if self.volume:
            return f"image {self.image} of volume {self.volume} (mounted by container {case.container.name})"
        return f"image {self.image} of container {case.container.name}"


def image_not_found(case: _case.ContainerCase) -> _case.Judgement | None:
    """The registry answered, and has no such repository or tag."""
    pull = _pull(case)
    if pull is None or pull.failure != "not-found":
        return None
    candidates = known_images(case, pull.image)
    return _case.Judgement(
        summary=f"{pull.of(case)} is not in its registry",
        explanation="The registry answered that it has no such image, so neither the network nor a pull secret is at fault: "
        "the name or the tag is wrong, or the image was never pushed.",
        evidence=_proof(case, pull),
        next_step=_case.edit_command(case.workload)
        + f"   # give {f'volume {pull.volume}' if pull.volume else case.container.name} an image that exists"
        + (f", e.g. {candidates[0].what}" if candidates else ""),
        candidates=candidates,
    )


def image_pull_unauthorized(case: _case.ContainerCase) -> _case.Judgement | None:
    """The registry refused, or hides a missing repository behind a refusal."""
    pull = _pull(case)
    if pull is None or pull.failure != "unauthorized":
        return None
    secrets = _secrets_in_use(case)
    missing = next((event for event in case.events if event.reason == "FailedToRetrieveImagePullSecret"), None)
    # Docker Hub and its like answer "denied" for a repository that does not exist, too.
    ambiguous = (
        bool(re.search(r"may require|repository does not exist|resource is denied|may not exist", pull.said, re.I))
        and not missing
    )
    named = f"pull secret {', '.join(secrets)}" if secrets else "no pull secret"
    evidence = list(_proof(case, pull))
    if missing:
        evidence.append(_case.quote_event(missing))
    evidence.append(
        EvidenceItem(
            "spec" if secrets else "absence",
            f"{case.pod.ref}: spec.imagePullSecrets and those of ServiceAccount {case.pod.service_account.name}",
            named,
        )
    )
    # containerd says which way it went: without credentials it asks for an anonymous token.
    unused = secrets and re.search(r"anonymous token|no basic auth credentials", pull.said, re.I)
    return _case.Judgement(
        summary=f"the registry refuses {pull.of(case)}: {named} is {'named' if unused or missing else 'used'}"
        + (", and the kubelet can't find it" if missing else ", and no credentials were sent" if unused else ""),
        explanation="The registry answered with a refusal, so it is reached."
        + (f" {_about_secrets(pull.host, bool(missing), bool(unused))}" if secrets else " No credentials were sent.")
        + (
            " It gives the same answer for a repository that does not exist: check the name as well as the credentials."
            if ambiguous
            else ""
        ),
        evidence=tuple(evidence),
        next_step=_case.kubectl(case.pod.ref, "get secrets --field-selector type=kubernetes.io/dockerconfigjson")
        + f"   # then name the right one in imagePullSecrets of {case.workload}",
        confidence="probable" if ambiguous else "confirmed",
        candidates=_secrets_of_others(case, secrets),
    )


def _about_secrets(host: str, missing: bool, unused: bool) -> str:
    """What can be told of the pull secrets that are named, whose contents are never read."""
    if missing:
        return "A pull secret that is named does not exist, so the pull went without it."
    unfit = f"one that is not of type kubernetes.io/dockerconfigjson, or that holds nothing for {host}"
    if unused:
        return f"The runtime sent no credentials, although a pull secret is named: {unfit}, is passed over in silence."
    return f"The credentials are not accepted, or were not sent: {unfit}, is passed over in silence."


def registry_unreachable(case: _case.ContainerCase) -> _case.Judgement | None:
    """The registry can't be asked: its name, the network, its certificate or the registry itself is at fault."""
    pull = _pull(case)
    if pull is None or pull.failure != "unreachable" or _mistyped_host(case, pull):
        return None
    why = next((words for pattern, words in _UNREACHABLE if re.search(pattern, pull.said)), "the connection fails")
    others, running = _others_of_host(case, pull.host)
    return _case.Judgement(
        summary=f"registry {pull.host} can't be reached for {pull.of(case)}: {why}",
        explanation="No word came about the image itself, so nothing is known of its name or of credentials; the kubelet goes on trying. "
        + _how_wide(others, running),
        evidence=(*_proof(case, pull), *_scope(pull.host, others, running), *_on_nodes(case, pull.image)),
        next_step="kubectl get pods --all-namespaces -o wide | grep -E 'ErrImagePull|ImagePullBackOff'"
        f"   # does only this image fail, or all of {pull.host}; on one node, or on all",
    )


def registry_rate_limited(case: _case.ContainerCase) -> _case.Judgement | None:
    """The registry has had enough requests from here for now, or the kubelet lets no more go there."""
    pull = _pull(case)
    if pull is not None and pull.failure == "throttled":
        return _throttled(case, pull)
    if pull is None or pull.failure != "rate-limit":
        return None
    secrets = _secrets_in_use(case)
    others, running = _others_of_host(case, pull.host)
    with_login = f"with pull secret {', '.join(secrets)}" if secrets else "without a pull secret"
    evidence = (*_proof(case, pull), *_scope(pull.host, others, running), *_on_nodes(case, pull.image))
    return _case.Judgement(
        summary=f"registry {pull.host} limits the rate of pulls and refuses {pull.of(case)} for now",
        explanation=f"The registry is reached and answers 429; the pod pulls {with_login}. The limit is mostly one for an address or "
        "an account, so every pull from there counts. The kubelet tries again by itself and gets the image once the limit is over.",
        evidence=evidence,
        next_step=_case.kubectl(case.pod.ref, f"get events --field-selector involvedObject.name={case.pod.ref.name}")
        + "   # wait; to pull less: a login, a mirror, or imagePullPolicy IfNotPresent",
    )


def _throttled(case: _case.ContainerCase, pull: _Pull) -> _case.Judgement:
    return _case.Judgement(
        summary=f"the kubelet of node {case.pod.node} limits the rate of pulls and puts {pull.of(case)} off for now",
        explanation="Too many images were to be pulled at once, and no registry was asked for this one yet (registryPullQPS and "
        "registryBurst of the kubelet). It tries again by itself, within seconds at first.",
        evidence=_proof(case, pull),
        next_step=_case.kubectl(case.pod.ref, f"get pod {case.pod.ref.name}")
        + "   # wait; where it goes on, raise registryPullQPS of the kubelet, or use imagePullPolicy IfNotPresent",
    )


def image_policy_refused(case: _case.ContainerCase) -> _case.Judgement | None:
    """The node's own policy does not let the image in: its signature is missing or not trusted."""
    pull = _pull(case)
    if pull is None or pull.failure != "policy":
        return None
    return _case.Judgement(
        summary=f"the node's image policy refuses {pull.of(case)}",
        explanation="The image is there and was found; the runtime does not accept it, because a signature is missing, does not fit, or "
        "a rule excludes its source. Whoever owns the policy, or signs the images, must act; do not loosen the policy for one pod.",
        evidence=_proof(case, pull),
        next_step=_case.edit_command(case.workload)
        + f"   # give {case.container.name} an image that is signed and allowed",
        candidates=known_images(case, pull.image),
    )


def image_name_invalid(case: _case.ContainerCase) -> _case.Judgement | None:
    """What stands as the image is no image name, or its registry is a slip of the pen of one that is in use."""
    container = case.container
    if container.waiting_reason == "InvalidImageName":
        image = _image_of_volume(case, container.waiting_message) or container.image
        why, guess = _what_is_wrong(image)
        return _case.Judgement(
            summary=f'"{image}" of container {container.name} is no valid image name: {why}',
            explanation="The kubelet could not even read the name, so no registry was asked.",
            evidence=(
                _case.quote_waiting(case),
                EvidenceItem("spec", f"{case.pod.ref}: {container.spec_place}.image", image),
            ),
            next_step=_case.edit_command(case.workload)
            + f"   # give {container.name} a name like registry/repository:tag",
            candidates=(*guess, *known_images(case, image))[:CANDIDATES],
        )
    pull = _pull(case)
    meant = _mistyped_host(case, pull) if pull else None
    if pull is None or not meant:
        return None
    right = pull.image.replace(pull.host, meant, 1)
    return _case.Judgement(
        summary=f"{pull.of(case)} names registry {pull.host}, which does not exist; {meant} is alike",
        explanation=f"The name {pull.host} can't be resolved, it differs by one character from {meant}, and nothing else that was "
        "read comes from it: the name is wrong, not the network.",
        evidence=_proof(case, pull),
        next_step=_case.edit_command(case.workload) + f"   # give {container.name} {right}",
        candidates=(Candidate(right, f"{meant} is a registry that is in use; the name differs by one character"),),
    )


def image_never_pulled(case: _case.ContainerCase) -> _case.Judgement | None:
    """The policy forbids to pull, and the node does not hold the image."""
    container = case.container
    if container.waiting_reason != "ErrImageNeverPull":
        return None
    policy = fields.get_str(container.spec, "imagePullPolicy")
    image = _image_of_volume(case, container.waiting_message) or container.image
    evidence = [_case.quote_waiting(case)]
    if policy:
        evidence.append(EvidenceItem("spec", f"{case.pod.ref}: {container.spec_place}.imagePullPolicy", policy))
    held = node_image_names(case.evidence.get(Ref("Node", "", case.pod.node)) or {})
    if 0 < len(held) < _TOLD_IMAGES:
        evidence.append(EvidenceItem("absence", f"Node {case.pod.node}: status.images", f"{image} is not among them"))
    return _case.Judgement(
        summary=f"image {image} of container {container.name} is not on node {case.pod.node}, and its pull policy is Never",
        explanation="The kubelet may not ask a registry, so the image must have been put on every node that runs the pod beforehand.",
        evidence=(*evidence, *_on_nodes(case, image)),
        next_step=_case.edit_command(case.workload)
        + f"   # imagePullPolicy: IfNotPresent for {container.name}, if a registry has the image; else load it on the node",
        candidates=known_images(case, image),
    )


def failed_pull(case: _case.ContainerCase) -> Failure | None:
    """Why the image of this container, or of a volume that it mounts, could not be pulled, where the runtime's words tell."""
    pull = _pull(case)
    return pull.failure if pull else None


def _pull(case: _case.ContainerCase) -> _Pull | None:
    """The back-off state alone may not carry the runtime's words, nor an attempt that was broken off: then an event does.

    An attempt that the kubelet itself put off tells nothing where another one was made.
    """
    put_off = None
    for pull in _pulls(case):
        if pull.failure != "throttled":
            return pull
        put_off = put_off or pull
    return put_off


def _pulls(case: _case.ContainerCase) -> t.Iterator[_Pull]:
    """The attempts whose words tell why they failed, newest first."""
    if case.container.waiting_reason not in PULL_REASONS:
        return
    for text in (case.container.waiting_message, *(event.message for event in _failed_pulls(case))):
        told = _image_of_volume(case, text)
        image = told or case.container.image
        failure = _failure(f"{case.container.waiting_reason} {text}", image)
        if failure:
            volumes = fields.get_dicts(case.pod.spec, "volumes") if told else []
            named = (
                fields.get_str(each, "name") for each in volumes if fields.get_str(each, "image", "reference") == told
            )
            yield _Pull(failure, image, text, next(named, ""))


def _failure(text: str, image: str) -> Failure | None:
    # The image's own name may hold any word ("…/unauthorized:404"): take it out before looking.
    text = re.sub(_QUOTED, " ", text).replace(host_of(image), " ")
    if last_part := image.rsplit("/", 1)[-1]:
        named = re.compile(rf"(?<![\w.-]){re.escape(last_part)}(?![\w-])")
        text = " ".join(word for word in text.split() if not named.search(word))
    return next((failure for failure, pattern in _FAILURES if re.search(pattern, text)), None)


def _image_of_volume(case: _case.ContainerCase, text: str) -> str | None:
    """The image of a volume that the kubelet speaks of, while the state is that of a container that mounts it."""
    match = re.search(_PULLED, text)
    mounted = {fields.get_str(mount, "name") for mount in fields.get_dicts(case.container.spec, "volumeMounts")}
    references = [
        fields.get_str(volume, "image", "reference")
        for volume in fields.get_dicts(case.pod.spec, "volumes")
        if fields.get_str(volume, "name") in mounted
    ]
    told = split_image(match["image"]) if match else None
    if told == split_image(case.container.image):
        return None
    return next((reference for reference in references if reference and split_image(reference) == told), None)


def _proof(case: _case.ContainerCase, pull: _Pull) -> tuple[EvidenceItem, ...]:
    """The waiting state and, where it does not repeat the runtime's words, the event that has them."""
    told, failed = case.container.waiting_message, _failed_pulls(case)
    decisive = [event for event in failed if event.message == pull.said] or failed
    return (
        _case.quote_waiting(case),
        *(_case.quote_event(event) for event in decisive[:1] if event.message.partition(": ")[2] not in told),
    )


def _failed_pulls(case: _case.ContainerCase) -> list[Event]:
    """The events with the runtime's words; "Error: ImagePullBackOff" only repeats the kubelet's reason."""
    # Those on the image of a volume name no container.
    told = [event for event in case.events if event.container in ("", case.container.name)]
    failed = [event for event in told if event.reason in {"Failed", "InspectFailed"}]
    return [
        event
        for event in failed
        if "pull" in event.message.lower() and event.message.partition(": ")[2] not in PULL_REASONS
    ]


def known_images(case: _case.ContainerCase, wanted: str) -> tuple[Candidate, ...]:
    """Images of the same repository that are known to exist: in a former revision, else on a node."""
    repository, wanted_tag = split_image(wanted)
    found: dict[str, str] = {}
    for revision, spec in case.former_containers:
        image = fields.get_str(spec, "image")
        if image and image != wanted:
            ready = fields.get_int(revision.json, "status", "readyReplicas") or 0
            proof = f", {ready} of its pods ready now" if ready else ""
            found.setdefault(image, f"revision {revision.number} of {case.workload} uses it{proof}")
    if found:
        return tuple(Candidate(image, why) for image, why in list(found.items())[:CANDIDATES])
    tags: dict[str, tuple[str, str]] = {}
    for image, nodes in case.evidence.images_on_nodes.items():
        other, tag = split_image(image)
        if tag and tag != wanted_tag and other == repository:
            tags.setdefault(tag, (image, f"same repository, already on node {nodes[0]}"))
    ranked = near_misses(wanted_tag, tags) or sorted(tags, reverse=True)[:CANDIDATES]
    return tuple(Candidate(*tags[tag]) for tag in ranked)


@functools.lru_cache(maxsize=10_000)  # whoever looks at all images asks for the same few again and again
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


def host_of(image: str) -> str:
    """The registry: nginx → docker.io, ghcr.io/acme/web:2 → ghcr.io."""
    return split_image(image)[0].split("/", 1)[0]


def _mistyped_host(case: _case.ContainerCase, pull: _Pull) -> str | None:
    """The registry that is meant where the name of this one does not exist and only this one image is said to be there."""
    looked_up = re.search(_LOOKED_UP, pull.said)
    if pull.failure != "unreachable" or looked_up is None or looked_up["host"] != pull.host.partition(":")[0]:
        return None
    images = case.evidence.images_in_use
    from_here = {split_image(image)[0] for image in images if host_of(image) == pull.host}
    in_use = {host_of(image) for image, waits in images.items() if waits.keys() - PULL_REASONS} | _PUBLIC
    if len(from_here) > 1:
        return None
    return next((host for host in sorted(in_use - {pull.host}) if one_slip(pull.host, host)), None)


def _others_of_host(case: _case.ContainerCase, host: str) -> tuple[set[str], tuple[str, Pod] | None]:
    """Which other images of the same registry can't be pulled either, and one of it that some pod does run."""
    images = {image: waits for image, waits in case.evidence.images_in_use.items() if host_of(image) == host}
    failing = {image for image, waits in images.items() if waits.keys() & PULL_REASONS}
    running = (
        (image, pod)
        for image, waits in images.items()
        for pod in waits.get("", ())
        if any(each.running and each.image == image for each in pod.containers)
    )
    return failing - {case.container.image}, next(running, None)


def _how_wide(others: set[str], running: tuple[str, Pod] | None) -> str:
    if others:
        return "Other images of the same registry fail as well: look at the registry or the way to it, not at the workload."
    if running:
        return "Something that runs came from it, so it was reached before."
    return "Nothing else that was read comes from it: check its name, then the way to it."


def _scope(host: str, others: set[str], running: tuple[str, Pod] | None) -> tuple[EvidenceItem, ...]:
    items = []
    if others:
        named = ", ".join(sorted(others)[:CANDIDATES])
        text = f"{len(others)} more of its images can't be pulled: {named}"
        items.append(EvidenceItem("status", f"containers with images of {host}", text))
    if running:
        image, pod = running
        items.append(EvidenceItem("status", f"{pod.ref}: status.containerStatuses", f"runs {image} on node {pod.node}"))
    return tuple(items)


def _on_nodes(case: _case.ContainerCase, image: str) -> tuple[EvidenceItem, ...]:
    """Where the very image lies already."""
    wanted, found = split_image(image), case.evidence.images_on_nodes
    nodes = {node for each in found if "@" not in each and split_image(each) == wanted for node in found[each]}
    if not nodes:
        return ()
    return (EvidenceItem("object", "Nodes: status.images", f"{image} lies on {', '.join(sorted(nodes)[:CANDIDATES])}"),)


def _what_is_wrong(image: str) -> tuple[str, tuple[Candidate, ...]]:
    """Why the name can't be read, and what it may have been meant to be."""
    bare = re.sub(r"^\w+://", "", image.strip())
    if bare != image.strip():
        return "it begins like a web address", (Candidate(bare, "the same without the scheme"),)
    if re.search(r"\s", image):
        joined = re.sub(r"\s+", "", image)
        return "there is a space in it", (Candidate(joined, "the same without the space"),)
    if "$" in image or "{" in image:
        return "a placeholder in it was never filled", ()
    name, at, digest = image.partition("@")
    if at and not re.fullmatch(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}", digest):
        return "its digest is not sha256: and 64 hexadecimal digits", ()
    if "::" in name or name.endswith(":"):
        fixed = re.sub(r":+", ":", name).rstrip(":")
        return "a colon is too much, or its tag is missing", (Candidate(fixed, "the same with one colon"),)
    repository, tag = split_image(name)
    path = repository.partition("/")[2]
    if path != path.lower():
        lower = name.replace(name.rpartition(":")[0] or name, (name.rpartition(":")[0] or name).lower(), 1)
        return "a repository must be lower case", (Candidate(lower, "the same in lower case"),)
    if tag and not re.fullmatch(r"\w[\w.-]{0,127}", tag, re.ASCII):
        return "its tag holds a character that is not allowed", ()
    return "it has not the form registry/repository:tag", ()


def _secrets_in_use(case: _case.ContainerCase) -> list[str]:
    # Admission copies the account's pull secrets into a pod that names none; older pods may lack them.
    account = case.evidence.get(case.pod.service_account) or {}
    return list(dict.fromkeys([*pull_secrets(case.pod.spec), *pull_secrets(account)]))


def _secrets_of_others(case: _case.ContainerCase, used: list[str]) -> tuple[Candidate, ...]:
    """Pull secrets with which other pods of the namespace do run images of the same registry."""
    registry = host_of(case.container.image)
    found: dict[str, str] = {}
    for pod in case.evidence.pods:
        if pod.ref.namespace == case.pod.ref.namespace and pod.ready and pod.ref != case.pod.ref:
            for container in pod.containers:
                if host_of(container.image) == registry:
                    for secret in pull_secrets(pod.spec):
                        found.setdefault(secret, f"{pod.ref} runs {container.image} with it")
    return tuple(Candidate(f"Secret {name}", why) for name, why in found.items() if name not in used)[:CANDIDATES]
