# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Giving a container more of what it lacks, or asking less for it."""

from __future__ import annotations

import dataclasses
import decimal
import re
import typing as t

from .._model import fields, quantity
from .._model.objects import Ref
from ._change import Change, RemedyCase

_RESOURCES: t.Final = frozenset({"cpu", "memory", "ephemeral-storage"})


def raise_memory(case: RemedyCase) -> Change | None:
    """Double a container's memory limit, or set what a person named; never beyond what the largest node offers."""
    found = case.container()
    if found is None:
        return None
    pointer, spec = found
    limit = fields.get_str(spec, "resources", "limits", "memory")
    amount = quantity.parse(limit)
    if not amount:
        return None
    wanted = quantity.parse(case.candidate) if case.candidate else amount * 2
    if wanted is None or wanted <= amount or not _fits(case, "memory", wanted):
        return None
    new = case.candidate or _twice(limit, amount)
    after = {f"{pointer}/resources/limits/memory": new}
    if fields.get_str(spec, "resources", "requests", "memory") == limit:
        # A request equal to the limit was meant so: it keeps the pod in its quality-of-service class.
        after[f"{pointer}/resources/requests/memory"] = new
    summary = f"raise the memory limit of {case.place} from {limit} to {new}"
    return case.change("set_resources", summary, after, {f"{pointer}/name": case.finding.container})


def lower_requests(case: RemedyCase) -> Change | None:
    """Ask less of the nodes for the container that asks most; a person names how much it needs."""
    return _set(case, "requests", "the requests that it can do with, such as cpu=250m,memory=256Mi", _asks_most)


def set_limits(case: RemedyCase) -> Change | None:
    """Give every container without a limit the one that a person names."""
    return _set(case, "limits", "the limits to set, such as cpu=500m,memory=256Mi", _without("limits"))


def add_cpu_request(case: RemedyCase) -> Change | None:
    """Give every container without a CPU request the one that a person names: an autoscaler counts in parts of it."""
    target = fields.get_dict(case.evidence.get(case.finding.subject), "spec", "scaleTargetRef")
    if case.finding.subject.kind == "HorizontalPodAutoscaler":
        workload = Ref(fields.get_str(target, "kind"), case.finding.subject.namespace, fields.get_str(target, "name"))
        case = dataclasses.replace(case, finding=dataclasses.replace(case.finding, workload=workload))
    return _set(case, "requests", "the CPU request to set, such as cpu=100m", _without("requests"), only="cpu")


_Choice = t.Callable[[list[tuple[str, fields.Json]], str], list[tuple[str, fields.Json]]]


def _set(case: RemedyCase, field: str, needs: str, choose: _Choice, only: str | None = None) -> Change | None:
    containers: list[tuple[str, fields.Json]] = [
        (f"{case.root}/spec/containers/{index}", spec)
        for index, spec in enumerate(fields.get_dicts(case.template, "spec", "containers"))
    ]
    if not containers or not any(choose(containers, resource) for resource in ([only] if only else _RESOURCES)):
        return None
    if not case.candidate:
        return case.asking("set_resources", f"set resource {field} of {case.workload}", needs)
    amounts = _amounts(case.candidate)
    if not amounts or (only and set(amounts) != {only}) or not all(_fits(case, *each) for each in amounts.items()):
        return None
    after: dict[str, t.Any] = {}
    guards: dict[str, str] = {}
    for pointer, spec in containers:
        mine = {name: value for name, value in amounts.items() if (pointer, spec) in choose(containers, name)}
        if mine:
            after.update(_placed(spec, f"{pointer}/resources", field, mine))
            guards[f"{pointer}/name"] = fields.get_str(spec, "name")
    if not after:
        return None
    summary = f"set resource {field} of {case.workload} to {case.candidate}"
    return case.change("set_resources", summary, after, guards)


def _placed(spec: fields.Json, pointer: str, field: str, amounts: t.Mapping[str, str]) -> dict[str, t.Any]:
    """The values at the deepest place whose parent is there: a JSON patch can't add below what is absent."""
    if not fields.get_dict(spec, "resources"):
        return {pointer: {field: dict(amounts)}}
    if not fields.get_dict(spec, "resources", field):
        return {f"{pointer}/{field}": dict(amounts)}
    return {f"{pointer}/{field}/{name}": value for name, value in amounts.items()}


def _asks_most(containers: list[tuple[str, fields.Json]], resource: str) -> list[tuple[str, fields.Json]]:
    asking = [each for each in containers if _request(each[1], resource)]
    return [max(asking, key=lambda each: _request(each[1], resource))] if asking else []


def _without(field: str) -> _Choice:
    return lambda containers, resource: [
        c for c in containers if not fields.get_dict(c[1], "resources", field).get(resource)
    ]


def _request(spec: fields.Json, resource: str) -> decimal.Decimal:
    return quantity.parse(fields.get_dict(spec, "resources", "requests").get(resource)) or decimal.Decimal(0)


def _amounts(candidate: str) -> dict[str, str] | None:
    """The amounts of ``cpu=250m,memory=256Mi`` as they are written; None where it is anything else."""
    found: dict[str, str] = {}
    for part in candidate.split(","):
        name, _equals, value = part.strip().partition("=")
        amount = quantity.parse(value)
        if name not in _RESOURCES or name in found or amount is None or amount <= 0:
            return None
        found[name] = value
    return found


def _fits(case: RemedyCase, resource: str, amount: str | decimal.Decimal) -> bool:
    """Whether the largest node offers as much.  Quotas and LimitRanges answer for themselves when a pod is tried."""
    nodes = case.evidence.named("Node", "").values()
    offers = [quantity.parse(fields.get_dict(node, "status", "allocatable").get(resource)) or 0 for node in nodes]
    largest = max(offers, default=0)
    wanted = amount if isinstance(amount, decimal.Decimal) else quantity.parse(amount) or 0
    return not largest or wanted <= largest


def _twice(limit: str, amount: decimal.Decimal) -> str:
    """Exactly double, in the unit of the limit where that is a whole number of it."""
    whole = re.fullmatch(r"([0-9]+)([kKMGTPE]i?)?", limit)
    return f"{int(whole[1]) * 2}{whole[2] or ''}" if whole else str(int(amount * 2))
