# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be measured of a workload beside its own state."""

from __future__ import annotations

import typing as t

from .objects import Ref
from .plan import Measures


class Gauge(t.Protocol):
    """Where figures come from.  What can't be had is left out."""

    def figures(self, workload: Ref, pods: t.Collection[str], measures: Measures | None) -> dict[str, float]:
        """The CPU (cores) and memory (bytes) that these pods use, and the answer to each query by its name."""
