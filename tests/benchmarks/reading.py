# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One process, one measure: read every list that a diagnosis reads, bare or with the judging, and print what that cost.

``bare`` looks at no byte but the token of the next page.  ``judged`` is what diagnosis_info does, but for the logs.
``module`` is the whole module diagnosis_info but for the logs; whoever starts it sees what it cost.
"""

from __future__ import annotations

import json
import math
import re
import runpy
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import judge
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster import live
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.connection import Connection, connect
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import KINDS, Scope

_MODULE = "ansible_collections.aiops.kubernetes.plugins.modules.diagnosis_info"
_TOKEN = re.compile(rb'"continue":"([^"]+)"')


def bare(connection: Connection) -> dict[str, int]:
    """The same requests, as many at a time, with the same headers; the bodies are thrown away."""
    connection.get("/version")
    connection.get("/api/v1/namespaces/kube-system")

    def read(kind: str) -> tuple[int, int]:
        query, count, size = {"limit": live.PAGE}, 0, 0
        while True:
            body = connection.get(live.path_of(kind, None), query, live.accept_of(kind))
            count, size = count + 1, size + len(body)
            token = _TOKEN.search(body, 0, 4096)
            if token is None:
                return count, size
            query["continue"] = token[1].decode()

    with ThreadPoolExecutor(live.PARALLEL) as threads:
        counts, sizes = zip(*threads.map(read, KINDS), strict=True)
    return {"requests": 2 + sum(counts), "bytes": sum(sizes)}


def judged(connection: Connection) -> dict[str, int]:
    evidence = live.LiveReader(connection).read(Scope())
    findings = judge.find(evidence)
    lists = sum(max(1, math.ceil(len(objects) / int(live.PAGE))) for objects in evidence.objects.values())
    return {
        "requests": evidence.stats.requests,
        "pages": lists + 2,  # which version, which cluster
        "pods": judge.count(evidence, findings).pods,
        "findings": len(findings),
        "unreadable": len(evidence.unreadable),
    }


def module() -> None:
    """diagnosis_info in this process, with the file of its arguments as the last word of the command; no log is asked for."""
    reader: Any = live.LiveReader  # not by mock, whose import would be in the figure
    reader.read_logs = lambda _self, evidence, _requests: evidence
    runpy.run_module(_MODULE, run_name="__main__")


def main() -> None:
    what, given = sys.argv[1:]
    if what == "module":
        del sys.argv[1]  # a module reads the first word
        module()
        return
    connection = connect({"kubeconfig": given})
    wall, processor = time.perf_counter(), time.process_time()
    told = {"bare": bare, "judged": judged}[what](connection)
    costs = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - processor}
    print(json.dumps(costs | told))


if __name__ == "__main__":
    main()
