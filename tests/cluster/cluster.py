# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, stop and use a real one-node Kubernetes cluster for tests; README.md beside this file tells how."""

from __future__ import annotations

import sys

try:
    from onenode.commandline import main
except ModuleNotFoundError as error:
    sys.exit(f"The Python package {error.name} is missing for {sys.executable}; run `make install`.")

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
