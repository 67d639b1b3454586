# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the test cluster showed of a scenario, to be varied: each call reads it anew, so that nothing is shared."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster import snapshot
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Evidence, Scope
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.diagnose import collect

SNAPSHOTS = Path(__file__).resolve().parents[1] / "snapshots"

Objects = dict[str, list[dict[str, Any]]]


def recorded(name: str) -> Evidence:
    """All that was read of the scenario, which is named `<cause>--<scenario>`."""
    read = collect(snapshot.load(str(SNAPSHOTS / f"{name}.json")), Scope())
    return dataclasses.replace(read)  # without what collecting worked out of the objects, which a test may change


def objects_of(evidence: Evidence) -> Objects:
    """Its objects by kind, to be changed and put back."""
    objects: Objects = json.loads(json.dumps(evidence.objects))
    return objects
