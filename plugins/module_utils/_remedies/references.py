# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Correcting the name of a ConfigMap that a template refers to."""

from __future__ import annotations

import typing as t

from .._model.edits import Edit
from .._model.fields import Json, get_dict, get_dicts, get_list, get_str, get_strs
from .._model.objects import Ref, references
from ._change import Change, RemedyCase


def correct_configmap(case: RemedyCase) -> Change | None:
    """Point every reference to the missing ConfigMap at the one that is meant: the only near miss that has all keys, or a person's."""
    json = case.json
    namespace = case.workload.namespace
    wanted = [r for r in references(get_dict(json, "spec", "template", "spec")) if r.kind == "ConfigMap"]
    mine = [r for r in wanted if r.container == case.finding.container]
    missing = next((r.name for r in mine if case.evidence.get(Ref("ConfigMap", namespace, r.name)) is None), "")
    if json is None or not missing:
        return None
    name = case.candidate or _meant(case, {r.key for r in wanted if r.name == missing and r.key})
    if name is None:
        needs = "the name of the ConfigMap that is meant"
        summary = f"correct the name of ConfigMap {missing} in {case.workload}"
        return Change("patch_reference", summary, case.replaced, None, needs=needs)
    if case.evidence.get(Ref("ConfigMap", namespace, name)) is None:
        return None
    places = dict(_places(json, missing))
    if not places:
        return None
    return Change(
        action="patch_reference",
        summary=f"let {case.workload} use ConfigMap {name} instead of {missing}, which does not exist",
        effect=case.replaced,
        write=Edit(
            case.workload,
            json,
            dict.fromkeys(places, name),
            {path: value for guards in places.values() for path, value in guards},
        ),
    )


def _meant(case: RemedyCase, keys: set[str]) -> str | None:
    """The only candidate that has all the keys that are asked for; a name alone proves nothing."""
    names = [candidate.what.rpartition("/")[2] for candidate in case.finding.candidates]
    having = [
        name
        for name in names
        if keys and keys <= set(get_strs(case.evidence.get(Ref("ConfigMap", case.workload.namespace, name)), "keys"))
    ]
    return having[0] if len(having) == 1 else None


_Places = t.Iterator[tuple[str, list[tuple[str, str]]]]


def _places(json: Json, name: str) -> _Places:
    """Each JSON pointer that holds the name, with the names of the list items on the way to it."""
    for spec_list in ("initContainers", "containers"):
        for index, container in enumerate(get_dicts(json, "spec", "template", "spec", spec_list)):
            yield from _in_container(f"/spec/template/spec/{spec_list}/{index}", container, name)
    for index, volume in enumerate(get_list(json, "spec", "template", "spec", "volumes")):
        yield from _in_volume(f"/spec/template/spec/volumes/{index}", volume, name)


def _in_container(pointer: str, container: Json, name: str) -> _Places:
    guard = (f"{pointer}/name", get_str(container, "name"))
    for index, variable in enumerate(get_list(container, "env")):
        if get_str(variable, "valueFrom", "configMapKeyRef", "name") == name:
            place = f"{pointer}/env/{index}"
            yield f"{place}/valueFrom/configMapKeyRef/name", [guard, (f"{place}/name", get_str(variable, "name"))]
    for index, source in enumerate(get_list(container, "envFrom")):
        if get_str(source, "configMapRef", "name") == name:
            yield f"{pointer}/envFrom/{index}/configMapRef/name", [guard]


def _in_volume(pointer: str, volume: Json, name: str) -> _Places:
    guard = (f"{pointer}/name", get_str(volume, "name"))
    if get_str(volume, "configMap", "name") == name:
        yield f"{pointer}/configMap/name", [guard]
    for index, source in enumerate(get_list(volume, "projected", "sources")):
        if get_str(source, "configMap", "name") == name:
            yield f"{pointer}/projected/sources/{index}/configMap/name", [guard]
