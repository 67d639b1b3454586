# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that writes events into a store, to be killed or to run beside others: root, by, count, then the records."""

from __future__ import annotations

import sys
from pathlib import Path

from ansible_collections.aiops.kubernetes.plugins.module_utils._records.store import Store
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.phr import page
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import NOW, QuickStore, person, plan


def main() -> None:
    kind, root, name, count, *phrs = sys.argv[1:]
    store = Store(Path(root), page) if kind == "git" else QuickStore(Path(root))
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(int(count)):
        for phr in phrs:
            if phr == "new":
                store.create(plan(phr=f"PHR-20261122-091502-{name}{number:05d}"), NOW, person(name))
            else:
                store.append(phr, "note", NOW, person(name), {"text": f"{name} {number}"})
        print(number, flush=True)


if __name__ == "__main__":
    main()
