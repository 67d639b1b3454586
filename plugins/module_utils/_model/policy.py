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
# What a medium approval covers of a pod template, by pointer; list items stand by name or number.  The rest is critical:
# identity, Secrets, privileges, the host, scheduling across nodes, and whatever a later Kubernetes adds.
_ITEM: t.Final = r"[A-Za-z0-9_.][^/]*"  # not "-", which would append
_CONTAINER: t.Final = rf"/spec/template/spec/(?:initContainers|containers)/{_ITEM}"
_MEDIUM: t.Final = re.compile(
    rf"/spec/template/metadata/(?:labels|annotations)(?:/{_ITEM})?"
    rf"|{_CONTAINER}/(?:name|image|imagePullPolicy|workingDir|terminationMessagePath|terminationMessagePolicy)"
    rf"|{_CONTAINER}/(?:command|args|resources|livenessProbe|readinessProbe|startupProbe|lifecycle)(?:/.*)?"
    rf"|{_CONTAINER}/env/{_ITEM}/(?:name|value|valueFrom/(?:configMapKeyRef|fieldRef|resourceFieldRef)/{_ITEM})"
    rf"|{_CONTAINER}/envFrom/{_ITEM}/(?:prefix|configMapRef/{_ITEM})"
    rf"|{_CONTAINER}/ports/{_ITEM}/(?:name|containerPort|protocol)"
    rf"|{_CONTAINER}/volumeMounts/{_ITEM}/(?:name|mountPath|subPath|readOnly)"
    rf"|/spec/template/spec/volumes/{_ITEM}/(?:name|(?:configMap|emptyDir|downwardAPI)(?:/.*)?|projected/sources/{_ITEM}/configMap/.*)"
    r"|/spec/template/spec/(?:terminationGracePeriodSeconds|restartPolicy|activeDeadlineSeconds)"
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
        touched = _touched(step)
        unknown = [path for path in touched if not _MEDIUM.fullmatch(path)]
        unknown += [f"operation {op}" for op in {operation.get("op") for operation in step.patch} - _KNOWN_OPERATIONS]
        if not unknown:
            return "medium", f"{where}: {', '.join(touched)}"
        return "critical", f"{where}: {', '.join(unknown)} may touch more than this workload's own work"
    return "critical", f"{step.verb} of {where} is not known to be harmless"


def _touched(step: plan.Step) -> list[str]:
    """Every leaf that a patch writes, removes or puts in, with list items by their names."""
    before = {operation["path"]: operation.get("value") for operation in step.patch if operation.get("op") == "test"}
    found: set[str] = set()
    for operation in step.patch:
        if operation.get("op") != "test":
            path = operation["path"]
            old, new = (dict(_leaves(value, path)) for value in (before.get(path), operation.get("value")))
            found.update(leaf for leaf in {*old, *new} if old.get(leaf, _ABSENT) != new.get(leaf, _ABSENT))
    return sorted(found)


_KNOWN_OPERATIONS: t.Final = frozenset({"test", "add", "replace", "remove"})
_ABSENT: t.Final = object()


def _leaves(value: t.Any, path: str) -> t.Iterator[tuple[str, t.Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            name = item.get("name") if isinstance(item, dict) else None
            yield from _leaves(item, f"{path}/{name.replace('/', '~1') if isinstance(name, str) else index}")
    elif value is not None:
        yield path, value
