# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods whose sandbox, and containers which themselves, can't be made; and hooks that end them before they serve.

The kubelet's reasons and words: Kubernetes 1.36 ``pkg/kubelet/kuberuntime`` (``kuberuntime_container.go``,
``security_context_others.go``, ``kuberuntime_sandbox.go``) and ``pkg/kubelet/lifecycle/handlers.go``.
"""

from __future__ import annotations

import itertools
import re
import typing as t

from .._model import fields, moments, quantity
from .._model.finding import Candidate, EvidenceItem
from .._model.objects import Event, Pod, Ref
from .._model.text import one_line
from . import _case
from ._near import near_misses
from .startup import start_texts

# What the kubelet says where it may not run a container as root: each needs another correction.
_ROOT: t.Final = (
    (
        r"(?i)runAsUser breaks non-root policy",
        "runAsUser is 0 and runAsNonRoot is true: the two contradict each other",
        "set runAsUser to a user that the program can run as, not 0",
    ),
    (
        r"(?i)non-numeric user \((?P<user>[^)]*)\)",
        "the image names its user by a word, so the kubelet can't tell whether that is root",
        "set runAsUser to that user's number, as id -u tells in the image",
    ),
    (
        r"(?i)image will run as root",
        "the image runs as root unless it is told otherwise",
        "set runAsUser to a user that the program can run as, or use an image that has one",
    ),
    (
        r"(?i)invalid user id",
        "the user's number in the image is out of range",
        "set runAsUser to a valid number, or correct USER in the image",
    ),
)


def run_as_non_root_violated(case: _case.ContainerCase) -> _case.Judgement | None:
    """The pod demands that the container does not run as root, and it would, or nobody can tell."""
    if case.container.waiting_reason != "CreateContainerConfigError":
        return None
    message = case.container.waiting_message
    told = next(((why, step) for pattern, why, step in _ROOT if re.search(pattern, message)), None)
    if told is None:
        return None
    why, step = told
    return _case.Judgement(
        summary=f"container {case.container.name} may not run as root: {why}",
        explanation=f"The pod sets runAsNonRoot, and {why}. The kubelet refuses before the container is made, so there is no log.",
        evidence=(_case.quote_waiting(case), *_users(case)),
        next_step=f"{_case.edit_command(case.workload)}   # {step}; do not drop runAsNonRoot",
    )


def _users(case: _case.ContainerCase) -> t.Iterator[EvidenceItem]:
    """Where the pod and the container say as whom to run."""
    for place, spec in (("spec", case.pod.spec), (case.container.spec_place, case.container.spec)):
        context = fields.get_dict(spec, "securityContext")
        set_here = {name: context[name] for name in ("runAsNonRoot", "runAsUser") if context.get(name) is not None}
        if set_here:
            text = ", ".join(f"{name}: {str(value).lower()}" for name, value in set_here.items())
            yield EvidenceItem("spec", f"{case.pod.ref}: {place}.securityContext", text)


_NO_VALUE: t.Final = r"^missing value for \S"  # pkg/kubelet/container/helpers.go
# What the runtime says, in words for a person; the first that fits.
_CREATE: t.Final = (
    (
        _NO_VALUE,
        "a subPathExpr names a variable that the container does not have",
        "set the variable in its env, or correct subPathExpr",
    ),
    (
        r"(?i)name \S+ is reserved|already in use|is reserved for",
        "an earlier attempt still holds its name",
        "delete the pod once; if its successor fails alike, the runtime on the node needs care",
    ),
    (
        r"(?i)no command specified",
        "neither the image nor the pod says what to run",
        "give the container a command",
    ),
    (
        r"(?i)seccomp",
        "its seccomp profile can't be loaded on the node",
        "name a seccomp profile that exists on the node, or RuntimeDefault",
    ),
    (
        r"(?i)apparmor",
        "its AppArmor profile can't be applied on the node",
        "name an AppArmor profile that is loaded on the node",
    ),
    (
        r"(?i)no matching entries in (?:passwd|group) file|unable to find (?:user|group)",
        "the image names a user or group that it does not have",
        "set runAsUser and runAsGroup to numbers, or correct USER in the image",
    ),
    (
        r"(?i)chdir|working directory|\bmkdir \S+: not a directory|\bcwd\b",
        "its working directory can't be entered or made",
        "correct workingDir, or the user that must enter it",
    ),
    (
        r"(?i)error mounting|failed to mount|\bmount\b|not a directory|subpath",
        "something can't be mounted where the pod wants it",
        "correct mountPath and subPath: a folder can't lie on a file, nor a file on a folder",
    ),
    (
        r"(?i)\bdevices?\b|\bnvidia|\bcdi\b",
        "a device can't be given to it",
        "see whether the node has the device",
    ),
)
_OOM_AT_START: t.Final = r"(?i)OOM-killed|memory limit too low"


def container_create_failed(case: _case.ContainerCase) -> _case.Judgement | None:
    """The image is there and no container can be made from it, before the command is even looked for."""
    container = case.container
    texts = list(start_texts(case))
    if container.waiting_reason == "CreateContainerError" or re.search(_NO_VALUE, container.waiting_message):
        texts.insert(0, (container.waiting_message, _case.quote_waiting(case)))
    if not texts or re.search(_OOM_AT_START, texts[0][0]):
        return None
    text, quote = texts[0]
    known = next(((why, step) for pattern, why, step in _CREATE if re.search(pattern, text)), None)
    why, step = known or (one_line(text, 160), "correct what the runtime names")
    return _case.Judgement(
        summary=f"container {container.name} can't be made: {why}",
        explanation="The image was pulled and what the pod refers to is there; the container can't be set up as the pod asks, "
        "so its command never ran and there is no log.",
        evidence=(quote,),
        next_step=f"{_case.edit_command(case.workload)}   # {step}",
    )


# The reason of one event and, as the kubelet writes it, the message of the "Killing" that follows.
_HOOK_EVENT: t.Final = "FailedPostStartHook"
# The hook was ended because its container ended: not the hook's doing.
_HOOK_ENDED_WITH: t.Final = r"exited with 137\b"
# How a container ends that the kubelet ends: by itself with 0, interrupted, killed, terminated.
_ENDED_FROM_OUTSIDE: t.Final = frozenset({0, 130, 137, 143})
_PATIENCE_SECONDS: t.Final = 60


def lifecycle_hook_failed(case: _case.ContainerCase) -> _case.Judgement | None:
    """The postStart hook fails, so the kubelet ends the container that it belongs to."""
    hook = fields.get_dict(case.container.spec, "lifecycle", "postStart")
    if not hook:
        return None
    waiting = case.container.waiting_reason == "PostStartHookError"
    event = next((each for each in case.container_events if _HOOK_EVENT in (each.reason, each.message)), None)
    if not waiting and event is None:
        return None
    message = case.container.waiting_message if waiting else ""
    end = case.last_end
    if end and end.exit_code not in _ENDED_FROM_OUTSIDE and (not waiting or re.search(_HOOK_ENDED_WITH, message)):
        return None  # the program gave up by itself, and took its hook with it
    return _case.Judgement(
        summary=f"the postStart hook of container {case.container.name} fails, so the kubelet ends the container",
        explanation="The program itself was started; the kubelet ends it after every failed hook and starts it again. "
        "The log is that of the program: what the hook writes is only in the message.",
        evidence=(
            *((_case.quote_waiting(case),) if waiting else ()),
            *((_case.quote_event(event),) if event else ()),
            *((_case.quote_end(case),) if end else ()),
            _hook(case, hook),
        ),
        next_step=_case.edit_command(case.workload) + f"   # correct lifecycle.postStart of {case.container.name}",
    )


def lifecycle_hook_hangs(case: _case.PodCase) -> _case.Judgement | None:
    """The postStart hook does not come back: until it does, the kubelet goes on with nothing else of the pod."""
    for container in case.pod.containers:
        hook = fields.get_dict(container.spec, "lifecycle", "postStart")
        started = next(
            (each for each in case.events if each.reason == "Started" and each.container == container.name), None
        )
        if not hook or started is None or container.waiting_reason not in {"ContainerCreating", "PodInitializing"}:
            continue
        since = moments.seconds_between(started.last, case.evidence.observed_at) or 0
        if since < _PATIENCE_SECONDS:
            continue
        of_container = _case.ContainerCase(case.evidence, case.pod, container)
        return _case.Judgement(
            summary=f"the postStart hook of container {container.name} has not come back for {moments.in_words(since)}",
            explanation="The container was started, and its state does not become running before its hook is over. "
            "The containers after it wait as well.",
            evidence=(_case.quote_event(started), _case.quote_waiting(of_container), _hook(of_container, hook)),
            next_step=_case.edit_command(case.workload)
            + f"   # lifecycle.postStart of {container.name} must end by itself",
            container=container.name,
        )
    return None


def _hook(case: _case.ContainerCase, hook: t.Mapping[str, t.Any]) -> EvidenceItem:
    kind = next(iter(hook), "nothing")
    told = " ".join(fields.get_strs(hook, "exec", "command")) if kind == "exec" else ""
    request = fields.get_dict(hook, kind)
    told = told or f"{fields.get_str(request, 'path')} on port {request.get('port')}"
    return EvidenceItem("spec", f"{case.pod.ref}: {case.container.spec_place}.lifecycle.postStart", f"{kind}: {told}")


_BANDWIDTH: t.Final = (
    "its bandwidth annotation can't be read",
    "correct kubernetes.io/ingress-bandwidth or egress-bandwidth: 1k to 1P bits a second",
)
# What only this pod asks of its sandbox: the runtime's words, what they mean, and what to correct.
_POD_ASKS: t.Final = (
    (r"(?i)/proc/sys/|sysctl", "a sysctl that it sets is refused", "correct securityContext.sysctls"),
    (r"(?i)bandwidth", *_BANDWIDTH),
    (
        r"(?i)seccomp",
        "its seccomp profile can't be loaded",
        "name a profile that exists on the node, or RuntimeDefault",
    ),
    (
        r"(?i)apparmor|selinux",
        "its security profile can't be applied",
        "name a profile that the node has",
    ),
    (
        r"(?i)hostport|port is already allocated|cannot open (?:a )?port",
        "a hostPort can't be opened",
        "use another hostPort, or none",
    ),
)
_NODE_LACKS: t.Final = (
    (
        r"(?i)no (?:free |available )?IP|IP addresses available|failed to allocate for range|range set|exhausted",
        "no address is left for pods on the node",
    ),
    (r"(?i)sandbox image|pause", "the node can't get the image of the sandbox itself"),
    (
        r"(?i)no space left|too many open files|resource temporarily unavailable",
        "the node has run out of something",
    ),
    (
        r"(?i)\bcni\b|network|plugin",
        "the network of pods does not work on the node",
    ),
)
# Once one of these is newer than the failure, a later attempt went well.
_GOES_ON: t.Final = frozenset({"Pulling", "Pulled", "Created", "Started"})
_SANDBOX_FAILURES: t.Final = frozenset({"FailedCreatePodSandBox", "NetworkNotReady"})
# All that is told again and again where the half-made sandbox can't be taken away: the failure itself comes once, and expires.
_STARTED_OVER: t.Final = "SandboxChanged"


def sandbox_creation_failed(case: _case.PodCase) -> _case.Judgement | None:
    """The frame around the pod's containers (its network and namespaces) can't be made, so none of them can start."""
    event = _sandbox_failure(case)
    if event is None or re.search(_OOM_AT_START, event.message):
        return None
    node = Ref("Node", "", case.pod.node)
    ready = case.pod.condition("PodReadyToStartContainers")
    evidence = [_case.quote_event(event), *([_case.quote_condition(case.pod.ref, ready)] if ready else ())]
    own = _asked_of_sandbox(case, event)
    if own:
        why, step, items, candidates = own
        return _case.Judgement(
            summary=f"the sandbox of the pod can't be made: {why}",
            explanation="It is what this pod asks for that can't be had, so the node is not at fault. "
            "No container was made yet: there is no log.",
            evidence=(*evidence, *items),
            next_step=f"{_case.edit_command(case.workload)}   # {step}",
            candidates=candidates,
        )
    told = (words for pattern, words in _NODE_LACKS if re.search(pattern, event.message))
    anew = f"the kubelet has begun it anew {event.count} times" if event.reason == _STARTED_OVER else ""
    why = anew or next(told, one_line(event.message, 160))
    others = _others_without_sandbox(case)
    of_node = bool(others) or event.reason == "NetworkNotReady"
    if others:
        named = ", ".join(sorted(map(str, others))[:3])
        evidence.append(EvidenceItem("status", f"{node}: its pods", f"{len(others)} more can't get a sandbox: {named}"))
    return _case.Judgement(
        summary=f"the sandbox of the pod can't be made on node {case.pod.node}: {why}",
        explanation="Other workloads on this node fail in the same way, so the node is at fault and not what the pods ask for."
        if others
        else "Nothing that the pod asks for explains it, and no other pod of the node that was read fails alike.",
        evidence=tuple(evidence),
        next_step=f"kubectl describe node {case.pod.node}   # then the log of the network plugin's pod on it, and of its container runtime",
        confidence="confirmed",
        subject=node if of_node and case.pod.node else None,
    )


def _sandbox_failure(case: _case.PodCase) -> Event | None:
    """The newest failure, unless a later attempt went well; where none is told, that it is begun anew again and again."""
    ready = fields.get_str(case.pod.condition("PodReadyToStartContainers"), "status")
    if ready == "True":
        return None
    since = list(itertools.takewhile(lambda each: each.reason not in _GOES_ON, case.events))
    told = next((each for each in since if each.reason in _SANDBOX_FAILURES), None)
    anew = (each for each in since if each.reason == _STARTED_OVER and each.count > 1 and ready == "False")
    return told or next(anew, None)


def _asked_of_sandbox(
    case: _case.PodCase, event: Event
) -> tuple[str, str, tuple[EvidenceItem, ...], tuple[Candidate, ...]] | None:
    """What of the pod's own wishes the runtime refuses."""
    name = fields.get_str(case.pod.spec, "runtimeClassName")
    classes = case.evidence.named("RuntimeClass", "")
    missing = bool(name) and case.evidence.lists("RuntimeClass", "") and name not in classes
    if name and (missing or re.search(r"runtime ?class|no runtime for|runtime handler", event.message, re.I)):
        item = EvidenceItem("spec", f"{case.pod.ref}: spec.runtimeClassName", name)
        handler = fields.get_str(classes.get(name), "handler")
        if missing:
            why, found = (
                f"RuntimeClass {name} does not exist",
                EvidenceItem("absence", f"RuntimeClass {name}", f"not among the {len(classes)} of the cluster"),
            )
        else:
            why = f"the node's runtime knows no handler {handler or '(unknown)'}, which RuntimeClass {name} asks for"
            found = EvidenceItem("object", f"RuntimeClass {name}: handler", handler or "unknown")
        alike = tuple(Candidate(f"RuntimeClass {each}", "the name is similar") for each in near_misses(name, classes))
        return why, "correct runtimeClassName, or have the handler set up on the nodes", (item, found), alike
    odd = _odd_bandwidth(case.pod)
    known = ((why, step) for pattern, why, step in _POD_ASKS if re.search(pattern, event.message))
    told = next(known, _BANDWIDTH if odd else None)
    return (*told, odd, ()) if told else None


def _odd_bandwidth(pod: Pod) -> tuple[EvidenceItem, ...]:
    """The annotations that the runtime refuses (kubernetes ``pkg/util/bandwidth/utils.go``)."""
    found = []
    for name in ("kubernetes.io/ingress-bandwidth", "kubernetes.io/egress-bandwidth"):
        value = fields.get_str(pod.json, "metadata", "annotations", name)
        amount = quantity.parse(value)
        if value and (amount is None or not 10**3 <= amount <= 10**15):
            found.append(EvidenceItem("spec", f"{pod.ref}: metadata.annotations[{name}]", value))
    return tuple(found)


def _others_without_sandbox(case: _case.PodCase) -> set[Ref]:
    """Other workloads on the same node whose pods can't get a sandbox either, for nothing that they ask for."""
    found = set()
    for pod in case.evidence.pods_on(case.pod.node):
        other = _case.PodCase(case.evidence, pod)
        if not pod.deleting and other.workload != case.workload:
            event = _sandbox_failure(other)
            if event and not _asked_of_sandbox(other, event):
                found.add(other.workload)
    return found
