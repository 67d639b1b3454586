# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster itself says that our field manager wrote, from the managedFields of its objects."""

from __future__ import annotations

import dataclasses

from .objects import Ref


@dataclasses.dataclass(frozen=True)
class Written:
    """The newest write of ours to one object of one cluster."""

    cluster: str | None
    target: Ref
    at: str

    def __str__(self) -> str:
        return f"{self.target} at {self.at}"
