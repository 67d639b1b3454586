# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import tempfile
import threading
import typing as t
from pathlib import Path

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.text import one_line
from ansible_collections.aiops.kubernetes.plugins.plugin_utils._action import PackedModule, people_read

_POLL_SECONDS: t.Final = 0.5


class ActionModule(PackedModule):
    """Runs the module of the same name, which does all the work and all the checks, and shows meanwhile what it waits for."""

    _supports_async = False  # nobody would be there to show it to, or to see how the change ends

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        if not people_read():
            return super().run(tmp, task_vars)
        with tempfile.TemporaryDirectory(prefix="aiops-") as folder:
            progress = Path(folder, "progress")
            self._task.args = {**self._task.args, "progress": str(progress)}
            with self._showing(progress):
                result = super().run(tmp, task_vars)
        if self._task.check_mode and "steps" in result:
            self._display.display(
                "\n".join(["", "Would be done:", *(f"  {one_line(step)}" for step in result["steps"])])
            )
        return result

    @contextlib.contextmanager
    def _showing(self, progress: Path) -> t.Iterator[None]:
        """Each new line of the file as it is written."""
        ended = threading.Event()

        def show() -> None:
            shown = 0
            while True:
                last = ended.wait(_POLL_SECONDS)
                lines = progress.read_text(encoding="utf-8").splitlines(keepends=True) if progress.exists() else []
                for line in lines[shown:]:
                    if line.endswith("\n"):
                        self._display.display(f"  {one_line(line)}")
                        shown += 1
                if last:
                    return

        thread = threading.Thread(target=show, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
