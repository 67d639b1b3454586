# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which change needs which approval.  Data, and the functions that read it; text of an AI never enters here."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from . import plan

Proof = t.Literal["claimed", "terminal", "platform", "signature"]
PROOFS: t.Final[tuple[Proof, ...]] = ("claimed", "terminal", "platform", "signature")


@dataclasses.dataclass(frozen=True)
class Rule:
    """What one tier asks for: the roles of different persons, how they prove who they are, and the times in seconds."""

    roles: tuple[str, ...]
    proof: Proof
    window: int
    use_by: int
    rollback_within: int | None
    automatic_rollback: bool
    justification: bool


RULES: t.Final[t.Mapping[plan.Tier, Rule]] = {
    "trivial": Rule((), "claimed", 0, 300, 60, True, False),
    "low": Rule(("operator",), "terminal", 5 * 60, 5 * 60, 2 * 60, True, False),
    "medium": Rule(("operator",), "terminal", 30 * 60, 10 * 60, 5 * 60, True, True),
    "critical": Rule(("operator", "security"), "platform", 120 * 60, 15 * 60, None, False, True),
}
CHECKPOINT_SECONDS: t.Final = (300, 900, 3600)

_PROTECTED_NAMESPACES: t.Final = frozenset({"kube-system", "kube-public", "kube-node-lease"})
_WORKLOADS: t.Final = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
_CONTAINER: t.Final = r"^/spec/template/spec/(?:initContainers|containers)/\d+/"
# Paths of a workload that a medium approval covers; whatever is not here is critical.
_MEDIUM_PATHS: t.Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"^/spec/template$",
        _CONTAINER + r"(?:image|command|args|resources(?:/.*)?)$",
        _CONTAINER + r"env/\d+/valueFrom/configMapKeyRef/(?:name|key)$",
        _CONTAINER + r"envFrom/\d+/configMapRef/name$",
        r"^/spec/template/spec/volumes/\d+/(?:configMap|projected/sources/\d+/configMap)/(?:name|items/\d+/key)$",
    )
)


def policy_digest() -> str:
    """The digest of the policy in force: part of every plan, so that a later change of policy can be seen."""
    return plan.digest(plan.canonical({tier: dataclasses.asdict(rule) for tier, rule in RULES.items()}))


def classify(steps: t.Sequence[plan.Step], irreversible_because: str | None) -> tuple[plan.Tier, tuple[str, ...]]:
    """The tier of the worst step, with the reasons.  What is not known is critical."""
    judged = [_judge(step) for step in steps] or [("critical", "a plan without steps is not known")]
    if irreversible_because and any(step.verb != "delete" for step in steps):
        judged.append(("critical", f"it can't be taken back: {irreversible_because}"))
    tier = max((tier for tier, _reason in judged), key=plan.TIERS.index)
    return tier, tuple(reason for each, reason in judged if each == tier)


def _judge(step: plan.Step) -> tuple[plan.Tier, str]:
    where = str(step.target)
    if step.target.namespace in _PROTECTED_NAMESPACES or not step.target.namespace:
        return "critical", f"{where} belongs to the cluster itself"
    if step.verb == "delete" and step.target.kind == "Pod":
        return "trivial", f"{where} has failed, and its controller has replaced it"
    if step.verb == "patch" and step.target.kind in _WORKLOADS and step.paths:
        unknown = [path for path in step.paths if not any(pattern.match(path) for pattern in _MEDIUM_PATHS)]
        if not unknown and not _names_secret_things(step):
            return "medium", f"{where}: {', '.join(step.paths)}"
        return "critical", f"{where}: {', '.join(unknown) or 'the template names other Secrets or accounts'}"
    return "critical", f"{step.verb} of {where} is not known to be harmless"


_SENSITIVE: t.Final = frozenset(
    {
        "secretName",
        "secretKeyRef",
        "secretRef",
        "imagePullSecrets",
        "serviceAccountName",
        "serviceAccount",
        "securityContext",
        "hostNetwork",
        "hostPID",
        "hostIPC",
        "hostPath",
        "nodeName",
    }
)


def _names_secret_things(step: plan.Step) -> bool:
    """Whether a whole template that is put in differs from the present one where Secrets, identity or privileges are named."""
    before = [operation.get("value") for operation in step.patch if operation.get("op") == "test"]
    after = [operation.get("value") for operation in step.patch if operation.get("op") != "test"]
    return set(_sensitive(before)) != set(_sensitive(after)) if "/spec/template" in step.paths else False


def _sensitive(value: t.Any, key: str = "") -> t.Iterator[str]:
    if key in _SENSITIVE:
        yield f"{key}={plan.canonical(value).decode()}"
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _sensitive(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _sensitive(item)
