# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Correcting a probe: where it asks, or how long it waits.  A probe is never taken away."""

from __future__ import annotations

import re
import typing as t

from .._model import fields
from ._change import Change, RemedyCase

_HANDLERS: t.Final = ("httpGet", "tcpSocket", "grpc")
_ASKING: t.Final[t.Mapping[str, tuple[str, ...]]] = {
    "liveness-probe-misconfigured": ("livenessProbe", "startupProbe"),
    "readiness-probe-misconfigured": ("readinessProbe",),
}
_PORT_NAME: t.Final = re.compile(r"(?=.*[a-z])[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?")
_HINT: t.Final = re.compile(r"(?P<key>port|path|scheme) (?P<value>\S+)")
_PATH: t.Final = re.compile(r"/[!-~]{0,1023}")
# Without a startup probe a container gets this many times its liveness probe's patience to start, at least these seconds.
_LEAST_SECONDS: t.Final = 300
_DEFAULT_PERIOD: t.Final = 10
_DEFAULT_THRESHOLD: t.Final = 3


def patch_probe(case: RemedyCase) -> Change | None:
    """Let a probe ask where the finding knows the answer, at the only port that is declared, or where a person says."""
    found = case.container()
    if found is None:
        return None
    pointer, spec = found
    probes = [name for name in _ASKING.get(case.finding.cause, ()) if _handler(fields.get_dict(spec, name))]
    if not probes:
        return None
    name = probes[0]
    handler = _handler(fields.get_dict(spec, name))
    known = _hinted(case, handler) or _declared(spec, fields.get_dict(spec, name, handler))
    target = _named(case.candidate, handler) if case.candidate else known
    if target is None and not case.candidate:
        needs = "where it should ask, as port=8080 or path=/healthz"
        return case.asking("patch_probe", f"correct the {_words(name)} of {case.place}", needs)
    former = fields.get_dict(spec, name, handler)
    after = {key: value for key, value in (target or {}).items() if former.get(key) != value}
    if not after:
        return None
    told = " and ".join(f"{key} {value} instead of {former.get(key)}" for key, value in after.items())
    return case.change(
        "patch_probe",
        f"let the {_words(name)} of {case.place} ask at {told}",
        {f"{pointer}/{name}/{handler}/{key}": value for key, value in after.items()},
        {f"{pointer}/name": case.finding.container},
    )


def give_time(case: RemedyCase) -> Change | None:
    """Let a container take longer to start: twice the patience of its startup probe, or one like its liveness probe."""
    found = case.container()
    if found is None:
        return None
    pointer, spec = found
    startup, liveness = fields.get_dict(spec, "startupProbe"), fields.get_dict(spec, "livenessProbe")
    guards = {f"{pointer}/name": case.finding.container}
    if startup:
        threshold = (fields.get_int(startup, "failureThreshold") or _DEFAULT_THRESHOLD) * 2
        after: dict[str, t.Any] = {f"{pointer}/startupProbe/failureThreshold": threshold}
        summary = f"let {case.place} take {_seconds(startup, threshold)} s to start, twice as long as now"
    elif liveness:
        period = fields.get_int(liveness, "periodSeconds") or _DEFAULT_PERIOD
        threshold = max(
            _LEAST_SECONDS // period, 2 * (fields.get_int(liveness, "failureThreshold") or _DEFAULT_THRESHOLD)
        )
        kept = {key: value for key, value in liveness.items() if key not in ("initialDelaySeconds", "successThreshold")}
        after = {f"{pointer}/startupProbe": {**kept, "periodSeconds": period, "failureThreshold": threshold}}
        summary = f"give {case.place} a startup probe, which lets it take {period * threshold} s to start"
    else:
        return None
    return case.change("patch_probe", summary, after, guards)


def _seconds(probe: fields.Json, threshold: int) -> int:
    return (fields.get_int(probe, "initialDelaySeconds") or 0) + (
        fields.get_int(probe, "periodSeconds") or _DEFAULT_PERIOD
    ) * threshold


def _handler(probe: fields.Json) -> str:
    return next((name for name in _HANDLERS if fields.get_dict(probe, name)), "")


def _hinted(case: RemedyCase, handler: str) -> dict[str, t.Any] | None:
    """Where the finding says that it should ask, if that is one place."""
    hints = [match for each in case.finding.candidates if (match := _HINT.fullmatch(each.what))]
    return _named(f"{hints[0]['key']}={hints[0]['value']}", handler) if len(hints) == 1 else None


def _declared(spec: fields.Json, handler: fields.Json) -> dict[str, t.Any] | None:
    """The only port that the container declares, where the probe asks at another one."""
    ports = [port for port in fields.get_dicts(spec, "ports") if fields.get_str(port, "protocol") in ("", "TCP")]
    numbers = [fields.get_int(port, "containerPort") for port in ports]
    if (
        len(ports) != 1
        or numbers[0] is None
        or handler.get("port") in (numbers[0], fields.get_str(ports[0], "name") or None)
    ):
        return None
    return {"port": numbers[0]}


def _named(candidate: str, handler: str) -> dict[str, t.Any] | None:
    """``port=8080``, ``path=/healthz``, ``scheme=HTTPS`` or several by commas; None where it is anything else."""
    found: dict[str, t.Any] = {}
    for part in candidate.split(","):
        key, _equals, value = part.strip().partition("=")
        if key == "port" and value.isdecimal() and 0 < int(value) < 65536:
            found[key] = int(value)
        elif (key == "port" and handler != "grpc" and _PORT_NAME.fullmatch(value)) or (
            handler == "httpGet"
            and ((key == "path" and _PATH.fullmatch(value)) or (key == "scheme" and value in ("HTTP", "HTTPS")))
        ):
            found[key] = value
        else:
            return None
    return found


def _words(probe: str) -> str:
    return f"{probe.removesuffix('Probe')} probe"
