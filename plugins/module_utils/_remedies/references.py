# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Correcting what a template refers to: the name of a ConfigMap, Secret or ServiceAccount, or a key of one of the first two."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._model import fields
from .._model.objects import Ref
from ._change import Change, RemedyCase

Kind = t.Literal["ConfigMap", "Secret"]
# A ConfigMap, Secret or ServiceAccount's name (RFC 1123), and a key of the first two.
_NAME: t.Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_KEY: t.Final = re.compile(r"[A-Za-z0-9._-]{1,253}")


@dataclasses.dataclass(frozen=True)
class _Source:
    """One place of a template that names a ConfigMap or Secret; ``keys`` are (JSON pointer, key)."""

    kind: Kind
    name: str
    pointer: str
    keys: tuple[tuple[str, str], ...]
    guards: tuple[tuple[str, str], ...]
    container: str
    optional: bool


def correct_configmap(case: RemedyCase) -> Change | None:
    """Point every reference to the missing ConfigMap at the one that is meant: the only near miss that has all keys, or a person's."""
    wanted = [source for source in _sources(case) if source.kind == "ConfigMap" and not source.optional]
    mine = [source for source in wanted if source.container == case.finding.container]
    missing = next((source.name for source in mine if not _exists(case, "ConfigMap", source.name)), "")
    if not missing:
        return None
    keys = {key for source in wanted if source.name == missing for _pointer, key in source.keys}
    name = case.candidate or _the_one_with(case, keys)
    if name is None:
        summary = f"correct the name of ConfigMap {missing} in {case.workload}"
        return case.asking("patch_reference", summary, "the name of the ConfigMap that is meant")
    if not _exists(case, "ConfigMap", name):
        return None
    return _rename(case, "ConfigMap", missing, name)


def correct_secret(case: RemedyCase) -> Change | None:
    """Point every reference to the missing Secret at the one that a person names: Secrets are not read, so nothing else can tell."""
    missing = _told(case, {source.name for source in _sources(case) if source.kind == "Secret" and not source.optional})
    if missing is None:
        return None
    if not case.candidate:
        summary = f"correct the name of Secret {missing} in {case.workload}"
        return case.asking("patch_reference", summary, "the name of the Secret that is meant")
    if not _NAME.fullmatch(case.candidate) or case.candidate == missing:
        return None
    return _rename(case, "Secret", missing, case.candidate)


def correct_key(case: RemedyCase) -> Change | None:
    """Let the container use another key of the same ConfigMap or Secret: the only near miss of a ConfigMap, or a person's."""
    mine = [s for s in _sources(case) if s.container == case.finding.container and not s.optional]
    found = {(s.kind, s.name, key) for s in mine for _pointer, key in s.keys if _lacks(case, s, key)}
    if len(found) != 1:
        return None
    ((kind, name, missing),) = found
    known = fields.get_strs(case.evidence.get(Ref(kind, case.workload.namespace, name)), "keys")
    near = [value for value in _near(case) if value in known]
    key = case.candidate or (near[0] if len(near) == 1 else None)
    if key is None:
        summary = f"correct the key {missing} of {kind} {name} in {case.workload}"
        return case.asking("patch_reference", summary, f"the key of {kind} {name} that is meant")
    if not _KEY.fullmatch(key) or key == missing or (kind == "ConfigMap" and key not in known):
        return None
    places = [s for s in mine if (s.kind, s.name) == (kind, name)]
    after = {pointer: key for s in places for pointer, each in s.keys if each == missing}
    guards = {path: value for s in places for path, value in (*s.guards, (s.pointer, name))}
    summary = f"let {case.place} use key {key} of {kind} {name} instead of {missing}, which it does not have"
    return case.change("patch_reference", summary, after, guards)


def correct_service_account(case: RemedyCase) -> Change | None:
    """Let the pods run as another ServiceAccount: the only near miss there is, or a person's."""
    named = [name for name in ("serviceAccountName", "serviceAccount") if fields.get_str(case.template, "spec", name)]
    missing = fields.get_str(case.template, "spec", named[0]) if named else ""
    if case.workload.kind == "Pod" or not missing or _exists(case, "ServiceAccount", missing):
        return None
    near = [name for name in _near(case) if _exists(case, "ServiceAccount", name)]
    name = case.candidate or (near[0] if len(near) == 1 else None)
    if name is None:
        summary = f"let {case.workload} run as another ServiceAccount than {missing}"
        return case.asking("patch_reference", summary, "the name of the ServiceAccount that is meant")
    if not _exists(case, "ServiceAccount", name):
        return None
    summary = f"let {case.workload} run as ServiceAccount {name} instead of {missing}, which does not exist"
    return case.change("patch_reference", summary, {f"{case.root}/spec/{field}": name for field in named}, {})


def _rename(case: RemedyCase, kind: Kind, missing: str, name: str) -> Change | None:
    places = [source for source in _sources(case) if (source.kind, source.name) == (kind, missing)]
    return case.change(
        "patch_reference",
        f"let {case.workload} use {kind} {name} instead of {missing}, which does not exist",
        {source.pointer: name for source in places},
        {path: value for source in places for path, value in source.guards},
    )


def _exists(case: RemedyCase, kind: str, name: str) -> bool:
    return case.evidence.get(Ref(kind, case.workload.namespace, name)) is not None


def _lacks(case: RemedyCase, source: _Source, key: str) -> bool:
    """Whether this key is what is missing: a ConfigMap's keys are known, of a Secret only the finding can tell."""
    if source.kind == "Secret":
        return _told(case, {key}) is not None
    known = fields.get_strs(case.evidence.get(Ref("ConfigMap", case.workload.namespace, source.name)), "keys")
    return bool(known) and key not in known


def _told(case: RemedyCase, names: set[str]) -> str | None:
    """The one of these names that the finding's proof speaks of."""
    texts = [item.text for item in case.finding.evidence if item.kind == "spec"]
    found = [
        name for name in names if any(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", text) for text in texts)
    ]
    return found[0] if len(found) == 1 else None


def _near(case: RemedyCase) -> list[str]:
    """The names that the finding holds for possible."""
    return [candidate.what.rpartition(" ")[2].rpartition("/")[2] for candidate in case.finding.candidates]


def _the_one_with(case: RemedyCase, keys: set[str]) -> str | None:
    """The only candidate that has all the keys that are asked for; a name alone proves nothing."""
    having = [
        name
        for name in _near(case)
        if keys
        and keys <= set(fields.get_strs(case.evidence.get(Ref("ConfigMap", case.workload.namespace, name)), "keys"))
    ]
    return having[0] if len(having) == 1 else None


def _sources(case: RemedyCase) -> t.Iterator[_Source]:
    """Every place of the template, with the names of the list items on the way to it."""
    spec, root = fields.get_dict(case.template, "spec"), f"{case.root}/spec"
    mounted: dict[str, str] = {}
    for spec_list in ("initContainers", "containers"):
        for index, container in enumerate(fields.get_list(spec, spec_list)):
            name = fields.get_str(container, "name")
            yield from _in_container(f"{root}/{spec_list}/{index}", container, name)
            for mount in fields.get_dicts(container, "volumeMounts"):
                mounted.setdefault(fields.get_str(mount, "name"), name)
    for index, volume in enumerate(fields.get_list(spec, "volumes")):
        name = fields.get_str(volume, "name")
        yield from _in_volume(f"{root}/volumes/{index}", volume, name, mounted.get(name, ""))


def _in_container(pointer: str, container: object, name: str) -> t.Iterator[_Source]:
    guard = (f"{pointer}/name", name)
    for index, variable in enumerate(fields.get_list(container, "env")):
        place = f"{pointer}/env/{index}"
        guards = (guard, (f"{place}/name", fields.get_str(variable, "name")))
        for kind, field in _KEY_REFS:
            yield from _source(
                kind, f"{place}/valueFrom/{field}", fields.get(variable, "valueFrom", field), guards, name
            )
    for index, source in enumerate(fields.get_list(container, "envFrom")):
        for kind, field in _WHOLE_REFS:
            yield from _source(kind, f"{pointer}/envFrom/{index}/{field}", fields.get(source, field), (guard,), name)


def _in_volume(pointer: str, volume: object, name: str, container: str) -> t.Iterator[_Source]:
    guards = ((f"{pointer}/name", name),)
    yield from _source("ConfigMap", f"{pointer}/configMap", fields.get(volume, "configMap"), guards, container)
    yield from _source("Secret", f"{pointer}/secret", fields.get(volume, "secret"), guards, container, "secretName")
    for index, source in enumerate(fields.get_list(volume, "projected", "sources")):
        for kind, field in _PROJECTED:
            place = f"{pointer}/projected/sources/{index}/{field}"
            yield from _source(kind, place, fields.get(source, field), guards, container)


_KEY_REFS: t.Final[tuple[tuple[Kind, str], ...]] = (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef"))
_WHOLE_REFS: t.Final[tuple[tuple[Kind, str], ...]] = (("ConfigMap", "configMapRef"), ("Secret", "secretRef"))
_PROJECTED: t.Final[tuple[tuple[Kind, str], ...]] = (("ConfigMap", "configMap"), ("Secret", "secret"))


def _source(
    kind: Kind,
    pointer: str,
    source: object,
    guards: tuple[tuple[str, str], ...],
    container: str,
    name_field: str = "name",
) -> t.Iterator[_Source]:
    name = fields.get_str(source, name_field)
    if not name:
        return
    keys = [(f"{pointer}/key", key)] if (key := fields.get_str(source, "key")) else []
    keys += [
        (f"{pointer}/items/{n}/key", fields.get_str(item, "key"))
        for n, item in enumerate(fields.get_list(source, "items"))
    ]
    optional = fields.get(source, "optional") is True
    yield _Source(kind, name, f"{pointer}/{name_field}", tuple(keys), guards, container, optional)
