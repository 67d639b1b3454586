# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a pod asks of its node, as the scheduler counts it."""

from __future__ import annotations

import decimal
import typing as t

from . import fields, quantity

_ZERO: t.Final = decimal.Decimal(0)


def requested(spec: fields.Json) -> list[str]:
    """Every resource that the pod asks for; a place for itself is one."""
    asking = [*fields.get_dicts(spec, "containers"), *fields.get_dicts(spec, "initContainers"), spec]
    named = [name for each in asking for name in fields.get_dict(each, "resources", "requests")]
    return list(dict.fromkeys([*named, *fields.get_dict(spec, "overhead"), "pods"]))


def pod_request(spec: fields.Json, resource: str) -> decimal.Decimal:
    """What the scheduler counts for a pod: the containers' and sidecars' sum or the largest init container, with the overhead.

    Where the pod itself sets a request (1.34), that one counts instead of the containers'.
    """
    if resource == "pods":
        return decimal.Decimal(1)
    overhead = quantity.parse(fields.get_dict(spec, "overhead").get(resource)) or _ZERO
    own = quantity.parse(fields.get_dict(spec, "resources", "requests").get(resource))
    if own is not None:
        return own + overhead
    running = sum((_request(container, resource) for container in fields.get_dicts(spec, "containers")), _ZERO)
    sidecars, peak = _ZERO, _ZERO
    for container in fields.get_dicts(spec, "initContainers"):
        if fields.get_str(container, "restartPolicy") == "Always":
            sidecars += _request(container, resource)
        else:
            peak = max(peak, sidecars + _request(container, resource))
    return max(running + sidecars, peak) + overhead


def _request(container: fields.Json, resource: str) -> decimal.Decimal:
    return quantity.parse(fields.get_dict(container, "resources", "requests").get(resource)) or _ZERO
