# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Correcting where a Service leads: the pods it selects, or the port it sends to."""

from __future__ import annotations

import re
import typing as t

from .._model import fields
from .._model.edits import Edit
from .._model.objects import Pod
from ._change import Change, RemedyCase

_LABEL: t.Final = re.compile(r"(?P<key>[A-Za-z0-9][\w./-]{0,316})=(?P<value>[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)")
_PORT: t.Final = re.compile(r"(?P<port>[a-z0-9-]+=)?(?P<target>[0-9]{1,5}|[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?)")


def patch_service_selector(case: RemedyCase) -> Change | None:
    """Let a Service select the pods of the only workload that can be meant, or those with the label that a person names."""
    json = _service(case)
    selector = fields.get_dict(json, "spec", "selector")
    if json is None or not selector:
        return None
    service = case.finding.subject
    labels = _named(case.candidate, selector) if case.candidate else _meant(case, selector)
    if labels is None:
        needs = f"the label that its pods have, as {next(iter(selector))}=VALUE"
        return Change("patch_service_selector", f"correct the selector of {service}", _effect(case), needs=needs)
    after = {key: labels.get(key) for key in {*selector, *labels} if labels.get(key) != selector.get(key)}
    if not after or not labels:
        return None
    told = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    pointers = {f"/spec/selector/{key.replace('~', '~0').replace('/', '~1')}": value for key, value in after.items()}
    summary = f"let {service} select pods with {told}"
    return Change("patch_service_selector", summary, _effect(case), (Edit(service, json, pointers),))


def patch_service_target_port(case: RemedyCase) -> Change | None:
    """Let a Service send to the only port that its pods declare, or to the one that a person names."""
    json = _service(case)
    if json is None:
        return None
    service, ports, declared = case.finding.subject, fields.get_dicts(json, "spec", "ports"), _declared(case, json)
    wrong = [(index, port) for index, port in enumerate(ports) if not _leads(port, declared)]
    named = _PORT.fullmatch(case.candidate) if case.candidate else None
    if named and named["port"]:
        wrong = [
            (i, p)
            for i, p in enumerate(ports)
            if f"{fields.get_str(p, 'name') or fields.get_int(p, 'port')}=" == named["port"]
        ]
    if len(wrong) != 1 or (case.candidate and not named):
        return None
    index, port = wrong[0]
    target = _target(named["target"]) if named else _the_only(declared)
    if target is None:
        needs = "the port that its pods listen on, a number or a name"
        return Change("patch_service_target_port", f"correct the target port of {service}", _effect(case), needs=needs)
    before = port.get("targetPort", fields.get_int(port, "port"))
    if target == before:
        return None
    pointer = f"/spec/ports/{index}"
    guards = {f"{pointer}/port": fields.get_int(port, "port")} | (
        {f"{pointer}/name": port["name"]} if "name" in port else {}
    )
    summary = f"let port {fields.get_int(port, 'port')} of {service} lead to {target} instead of {before}"
    edit = Edit(service, json, {f"{pointer}/targetPort": target}, guards)
    return Change("patch_service_target_port", summary, _effect(case), (edit,))


def _service(case: RemedyCase) -> fields.Json | None:
    return case.evidence.get(case.finding.subject) if case.finding.subject.kind == "Service" else None


def _effect(case: RemedyCase) -> str:
    return f"no pod is touched; who calls {case.finding.subject} is sent to other pods or ports from then on"


def _named(candidate: str, selector: fields.Json) -> dict[str, str]:
    """The selector with the label that a person names; empty where that is none of its labels."""
    named = _LABEL.fullmatch(candidate)
    return {**selector, named["key"]: named["value"]} if named and named["key"] in selector else {}


def _meant(case: RemedyCase, selector: fields.Json) -> dict[str, str] | None:
    """The selector that takes the pods which the finding holds for meant, where that is one workload's."""
    hints = [c.what.removeprefix("selector ") for c in case.finding.candidates if c.what.startswith("selector ")]
    if len(hints) != 1 or case.finding.confidence != "confirmed":
        return None  # a guess is for a person to decide
    labels = dict(part.split("=", 1) for part in hints[0].split(",") if "=" in part)
    taken = [pod for pod in _pods(case) if labels.items() <= fields.get_dict(pod.json, "metadata", "labels").items()]
    if not labels or not taken:
        return None
    kept = {key: labels[key] for key in selector if key in labels}
    return kept if len(kept) == len(selector) else labels


def _pods(case: RemedyCase) -> list[Pod]:
    namespace = case.finding.subject.namespace
    return [pod for pod in case.evidence.pods if pod.ref.namespace == namespace and not pod.deleting]


def _declared(case: RemedyCase, json: fields.Json) -> set[tuple[int, str]]:
    """Number and name of every TCP port that the selected pods declare."""
    selector = fields.get_dict(json, "spec", "selector").items()
    pods = [
        pod for pod in _pods(case) if selector and selector <= fields.get_dict(pod.json, "metadata", "labels").items()
    ]
    ports = [port for pod in pods for c in pod.containers for port in fields.get_dicts(c.spec, "ports")]
    return {
        (fields.get_int(port, "containerPort") or 0, fields.get_str(port, "name"))
        for port in ports
        if fields.get_str(port, "protocol") in ("", "TCP")
    }


def _leads(port: fields.Json, declared: set[tuple[int, str]]) -> bool:
    target = port.get("targetPort", fields.get_int(port, "port"))
    return any(target in (number, name) for number, name in declared)


def _the_only(declared: set[tuple[int, str]]) -> int | str | None:
    return next(iter(declared))[0] if len(declared) == 1 else None


def _target(word: str) -> int | str | None:
    if not word.isdecimal():
        return word
    return int(word) if 0 < int(word) < 65536 else None
