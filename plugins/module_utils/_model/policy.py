# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tier of a change, from its steps alone: one row for each kind of step that is known, and the rest is critical."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from . import fields
from .plan import Step, Verb, canonical, digest
from .rules import BUILT_IN, TIERS, Policy, Tier

_PROTECTED_NAMESPACES: t.Final = frozenset({"kube-system", "kube-public", "kube-node-lease"})
# Critical whatever a row or a site's policy says.
_FLOOR: t.Final = frozenset(
    {
        "Secret", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "NetworkPolicy",
        "Namespace", "ResourceQuota", "LimitRange", "Node", "PersistentVolume", "StorageClass", "PriorityClass",
    }
)  # fmt: skip
_WORKLOADS: t.Final = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
# What a medium approval covers of a pod template, by pointer; list items stand by name or number.  The rest is critical:
# identity, Secrets, privileges, the host, scheduling across nodes, and whatever a later Kubernetes adds.
_ITEM: t.Final = r"[A-Za-z0-9_.][^/]*"  # not "-", which would append
_CONTAINER: t.Final = rf"/spec/template/spec/(?:initContainers|containers)/{_ITEM}"
_SCALED: t.Final = frozenset({"Deployment", "StatefulSet"})
_SERVICE: t.Final = rf"/spec/selector/{_ITEM}|/spec/ports/{_ITEM}/targetPort"
_TEMPLATE: t.Final = (
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


def _any_size(_before: t.Any, _after: t.Any) -> bool:
    return True


@dataclasses.dataclass(frozen=True)
class Known:
    """Steps that are known, and the tier that is enough for them.

    ``paths`` is what a patch may touch (a regular expression for the whole pointer of each leaf), and ``size`` says of a leaf
    whether its values before and after (None: absent) are within what the tier covers.  A leaf that several rows cover has
    the least of their tiers; a step has that of its worst leaf.  ``made_again`` is for the deletion of what the same plan can
    make again; what it makes in its place is judged by what is other about it.
    """

    tier: Tier
    verb: Verb
    kinds: frozenset[str]
    because: str
    paths: str = ""
    size: t.Callable[[t.Any, t.Any], bool] = _any_size
    made_again: bool = False

    def covers(self, step: Step, leaf: str, before: t.Any, after: t.Any) -> bool:
        of_kind = self.verb == step.verb and step.target.kind in self.kinds
        if step.verb == "delete" and self.made_again != (step.manifest is not None):
            return False
        return of_kind and re.fullmatch(self.paths, leaf) is not None and self.size(before, after)


def _by_two(before: t.Any, after: t.Any) -> bool:
    return _some(before, after) and fields.is_whole(before) and abs(after - before) <= 2


def _some(_before: t.Any, after: t.Any) -> bool:
    """A number of replicas that is not none: a workload that is scaled to none serves nobody."""
    return fields.is_whole(after) and after >= 1


def _not_held(_before: t.Any, after: t.Any) -> bool:
    return after is None or after is False


KNOWN: t.Final[tuple[Known, ...]] = (
    Known("trivial", "delete", frozenset({"Pod"}), "has failed, and its controller has replaced it"),
    Known("low", "patch", _SCALED, "one or two replicas more or less", "/spec/replicas", _by_two),
    Known("medium", "patch", _SCALED, "how many replicas of this workload run", "/spec/replicas", _some),
    Known("medium", "patch", _WORKLOADS, "the work of this workload alone", _TEMPLATE),
    Known("medium", "patch", frozenset({"Deployment"}), "its rollout goes on", "/spec/paused", _not_held),
    Known("medium", "patch", frozenset({"CronJob"}), "its schedule goes on", "/spec/suspend", _not_held),
    Known("medium", "patch", frozenset({"Service"}), "where this Service leads", _SERVICE),
    Known("medium", "delete", frozenset({"Pod"}), "is made again by this plan", made_again=True),
    Known("medium", "create", frozenset({"Pod"}), "the work of this pod alone", _TEMPLATE),
)


def policy_digest(policy: Policy = BUILT_IN) -> str:
    """The digest of the policy in force: part of every plan, so that a later change of policy can be seen."""
    return digest(canonical(dataclasses.asdict(policy)))


def classify(
    steps: t.Sequence[Step], irreversible_because: str | None, policy: Policy = BUILT_IN
) -> tuple[Tier, tuple[str, ...]]:
    """The tier of the worst step, with the reasons.  What is not known is critical."""
    former = {step.target: step.manifest for step in steps if step.verb == "delete"}
    judged = [_judge(step, former.get(step.target)) for step in steps] or [
        ("critical", "a plan without steps is not known")
    ]
    if irreversible_because and any(step.verb != "delete" for step in steps):
        judged.append(("critical", f"it can't be taken back: {irreversible_because}"))
    judged += [
        (row.tier, f"the policy asks for tier {row.tier} at least for {step.target}")
        for step in steps
        for row in policy.at_least
        if row.covers(step.target.kind, step.target.namespace)
    ]
    tier = max((tier for tier, _reason in judged), key=TIERS.index)
    return tier, tuple(reason for each, reason in judged if each == tier)


def _judge(step: Step, former: fields.Json | None) -> tuple[Tier, str]:
    where = str(step.target)
    if step.target.namespace in _PROTECTED_NAMESPACES or not step.target.namespace:
        return "critical", f"{where} belongs to the cluster itself"
    if step.target.kind in _FLOOR:
        return "critical", f"{where} is of a kind that always needs two persons"
    odd = {operation.get("op") for operation in step.patch} - _KNOWN_OPERATIONS
    # what touches nothing, as a deletion does, is judged as a whole
    leaves = {f"operation {op}": (None, None) for op in odd} | _touched(step, former) or {"": (None, None)}
    rows = {leaf: _row(step, leaf, *values) for leaf, values in leaves.items()}
    unknown = sorted(leaf for leaf, row in rows.items() if row is None)
    if unknown:
        what = f"{', '.join(unknown)} may touch more than this workload's own work" if any(unknown) else "not known"
        return "critical", f"{step.verb} of {where}: {what}"
    worst = max((row for row in rows.values() if row), key=lambda row: TIERS.index(row.tier))
    if step.verb == "delete":
        return worst.tier, f"{where} {worst.because}"
    return worst.tier, f"{where}: {', '.join(sorted(rows))}: {worst.because}"


def _row(step: Step, leaf: str, before: t.Any, after: t.Any) -> Known | None:
    covering = [row for row in KNOWN if row.covers(step, leaf, before, after)]
    return min(covering, key=lambda row: TIERS.index(row.tier), default=None)


def _touched(step: Step, former: fields.Json | None) -> dict[str, tuple[t.Any, t.Any]]:
    """Every leaf that a patch writes, removes or puts in, with its values before and after; list items by their names.

    A pod that is made in the place of a former one touches what is other about it; its paths are those of a template.
    """
    if step.verb == "create" and former is not None:
        old, new = (dict(_leaves(each, "/spec/template")) for each in (former, step.manifest))
        return {k: (old.get(k), new.get(k)) for k in {*old, *new} if old.get(k, _ABSENT) != new.get(k, _ABSENT)}
    tested = {operation["path"]: operation.get("value") for operation in step.patch if operation.get("op") == "test"}
    found: dict[str, tuple[t.Any, t.Any]] = {}
    for operation in step.patch:
        if operation.get("op") != "test":
            path = operation["path"]
            old, new = (dict(_leaves(value, path)) for value in (tested.get(path), operation.get("value")))
            for leaf in {*old, *new}:
                if old.get(leaf, _ABSENT) != new.get(leaf, _ABSENT):
                    found[leaf] = (old.get(leaf), new.get(leaf))
    return found


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
