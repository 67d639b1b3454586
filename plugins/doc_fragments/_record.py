# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any time.

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  phr_dir:
    description:
      - The folder of the records. It is made, as a git repository, where it is missing.
      - By default V(aiops-kubernetes/records) in E(XDG_STATE_HOME), or in C(~/.local/state).
    type: path
"""

    # One record
    PHR = r"""
options:
  phr:
    description:
      - The id of the record.
    type: str
    required: true
"""
