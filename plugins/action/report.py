# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import SEVERITIES, Diagnosis
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports import terminal
from ansible_collections.aiops.kubernetes.plugins.plugin_utils._action import AiopsAction, people_read


class ActionModule(AiopsAction):
    ARGUMENTS: t.ClassVar = {
        "diagnosis": {"type": "dict", "required": True},
        "proposals": {"type": "list", "elements": "dict", "default": []},
        "output_dir": {"type": "path"},
        "fail_on": {"type": "str", "choices": ["none", "warning", "critical"], "default": "none"},
    }

    def act(self, params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        diagnosis = Diagnosis.from_json(params["diagnosis"])
        proposals = params["proposals"]
        summary = "\n\n".join(filter(None, (terminal.summary(diagnosis), terminal.plans(diagnosis, proposals))))
        if people_read():
            self._display.display(f"\n{summary}\n")
        folder = Path(params["output_dir"]) if params["output_dir"] else None
        contents = _contents(params["diagnosis"], diagnosis, proposals) if folder else {}
        changed = folder is not None and _write(folder, contents, self._task.check_mode)
        reason = _reason(diagnosis, params["fail_on"])
        return {
            "changed": changed,
            "summary": summary,
            "files": [str(folder / name) for name in contents] if folder else [],
            "result": "incomplete" if diagnosis.unreadable else "findings" if diagnosis.findings else "healthy",
            "failing": bool(reason),
            "reason": reason,
        }


def _contents(given: t.Mapping[str, t.Any], diagnosis: Diagnosis, proposals: t.Sequence[t.Any]) -> dict[str, str]:
    """File name → what is to stand in it."""
    # Not above: few plays want files.
    from ansible_collections.aiops.kubernetes.plugins.module_utils._reports import html, markdown

    return {
        "diagnosis.json": json.dumps({**given, "proposals": proposals}, indent=1, sort_keys=True) + "\n",
        "diagnosis.md": markdown.report(diagnosis, proposals),
        "diagnosis.html": html.report(diagnosis, proposals),
    }


def _write(folder: Path, contents: t.Mapping[str, str], check_mode: bool) -> bool:
    """Whether a file is, or in check mode would be, new or other than before."""
    try:
        outdated = [name for name, content in contents.items() if _content(folder / name) != content.encode()]
        if outdated and not check_mode:
            folder.mkdir(parents=True, exist_ok=True)
            for name in outdated:
                (folder / name).write_text(contents[name], encoding="utf-8")
    except OSError as exc:
        reason = exc.strerror or exc
        raise AiopsError(
            f"The report can't be written to {folder}: {reason}. Choose another folder with aiops_output_dir."
        ) from exc
    return bool(outdated)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _reason(diagnosis: Diagnosis, fail_on: str) -> str:
    """Why the play shall end with an error, or an empty string."""
    if any(gap.resource == "pods" for gap in diagnosis.unreadable):
        return "pods could not be read"
    bad = SEVERITIES[: SEVERITIES.index(fail_on) + 1] if fail_on in SEVERITIES else ()
    reached = [finding for finding in diagnosis.findings if finding.severity in bad]
    if not reached:
        return ""
    return f"aiops_fail_on is {fail_on}, and {len(reached)} of {len(diagnosis.findings)} findings are as bad or worse"
