# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a pod asks of its node, as the scheduler counts it."""

from __future__ import annotations

import decimal
import typing as t

from . import quantity
from .fields import Json, get_dict, get_dicts, get_str

_ZERO: t.Final = decimal.Decimal(0)


def requested(spec: Json) -> list[str]:
    """Every resource that the pod asks for; a place for itself is one."""
    asking = [*get_dicts(spec, "containers"), *get_dicts(spec, "initContainers"), spec]
    named = [name for each in asking for name in get_dict(each, "resources", "requests")]
    return list(dict.fromkeys([*named, *get_dict(spec, "overhead"), "pods"]))


def pod_request(spec: Json, resource: str) -> decimal.Decimal:
    """What the scheduler counts for a pod: the containers' and sidecars' sum or the largest init container, with the overhead.

    Where the pod itself sets a request (1.34), that one counts instead of the containers'.
    """
    if resource == "pods":
        return decimal.Decimal(1)
    overhead = quantity.parse(get_dict(spec, "overhead").get(resource)) or _ZERO
    own = quantity.parse(get_dict(spec, "resources", "requests").get(resource))
    if own is not None:
        return own + overhead
    running = sum((_request(container, resource) for container in get_dicts(spec, "containers")), _ZERO)
    sidecars, peak = _ZERO, _ZERO
    for container in get_dicts(spec, "initContainers"):
        if get_str(container, "restartPolicy") == "Always":
            sidecars += _request(container, resource)
        else:
            peak = max(peak, sidecars + _request(container, resource))
    return max(running + sidecars, peak) + overhead


def _request(container: Json, resource: str) -> decimal.Decimal:
    return quantity.parse(get_dict(container, "resources", "requests").get(resource)) or _ZERO
