# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for get-pip.py, which ansible-test would download: Python carries pip's wheel itself."""

from __future__ import annotations

import subprocess
import sys

# In a process of its own: ensurepip inside this one would drop the machine's pip configuration.
subprocess.check_call([sys.executable, "-m", "ensurepip", "--default-pip"])
