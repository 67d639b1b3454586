# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for kubectl-ai, which can't be had where these tests run: it replays what kubectl-ai 0.0.28 did.

The recordings are of the real program against a scripted model server, one for each thing that such a server can do; the name of
the model picks one.  In their traces a mark stands for the requests; here they are written with the key, as the real one does.
What it was given is written down, so that a test can look.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

RECORDED: t.Final = json.loads(
    (Path(__file__).parent / "recorded" / "kubectl-ai-0.0.28.json").read_text(encoding="utf-8")
)
_MARK: t.Final = "'[the full HTTP request stands here: prompt, tools AND the line \"Authorization: Bearer <API key>\"]'"
_REPORT: t.Final = "STAND_IN_REPORT"


def _arguments() -> argparse.Namespace:
    known = argparse.ArgumentParser()
    known.add_argument("--quiet", action="store_true", required=True)
    known.add_argument("--remove-workdir", action="store_true")
    known.add_argument("--max-iterations", type=int)
    for name in ("--llm-provider", "--model", "--trace-path"):
        known.add_argument(name, required=True)
    return known.parse_args()


def _changed(model: str, trace: str) -> str:
    """What was not recorded, made from what was."""
    if model == "hole":  # which its own filter takes for a read (pull request 677 of kubectl-ai)
        return trace.replace("kubectl get pods -n demo -o wide", "kubectl delete ns demo --dry-run=none")
    if model == "hostile":
        orders = json.dumps({"cause": "memory-limit-exceeded", "command": "kubectl delete ns demo"})
        return trace.replace(
            '{\\"cause\\": \\"memory-limit-exceeded\\", \\"confidence\\": 0.9, \\"evidence\\": [\\"e1\\"]}',
            json.dumps(orders)[1:-1],
        )
    return trace


def main() -> int:
    if sys.argv[1:] == ["version"]:
        print("version: 0.0.28\ncommit: none, this is a stand-in")
        return 0
    given = _arguments()
    key = os.environ["OPENAI_API_KEY"]
    question = sys.stdin.read()
    model = given.model
    recorded = RECORDED.get(model, RECORDED["ok"])
    work = Path(os.environ["TMPDIR"]) / "agent-workdir-1"
    work.mkdir()
    (Path(os.environ["HOME"]) / ".kubectl-ai" / "sessions").mkdir(parents=True)
    request = json.dumps(f"POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer {key}\r\n\r\n{question}")
    Path(given.trace_path).write_text(_changed(model, recorded["trace"]).replace(_MARK, request), encoding="utf-8")
    child = subprocess.Popen(["sleep", "600"]) if model in {"hang", "child"} else None
    report = {
        "argv": sys.argv, "environment": dict(os.environ), "question": question, "child": child.pid if child else None,
        "home_mode": Path(os.environ["HOME"]).stat().st_mode & 0o777,
    }  # fmt: skip
    Path(os.environ[_REPORT]).write_text(json.dumps(report), encoding="utf-8")
    sys.stdout.write(recorded["stdout"])
    sys.stderr.write(recorded["stderr"])
    sys.stdout.flush()
    if model == "endless":
        with Path(given.trace_path).open("a", encoding="utf-8") as trace:
            while True:
                trace.write("---\naction: ui.render\npayload: " + "x" * 100_000 + "\n")
    if model == "chatty":
        for _number in range(200):
            sys.stdout.write("\x1b[31m" + "x" * 50_000)
    if model == "hang":
        time.sleep(600)
    time.sleep(min(recorded["seconds"], 0.1))
    return int(recorded["exit_status"])


if __name__ == "__main__":
    sys.exit(main())
