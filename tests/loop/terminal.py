# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person at a real pseudo-terminal, who answers the questions of a play."""

from __future__ import annotations

import re
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pexpect  # type: ignore[import-untyped]

from ansible_collections.aiops.kubernetes.tests.loop.case import (
    BIN,
    LIMIT_SECONDS,
    Ran,
    person_environment,
    require,
    wait_while_measuring,
)
from ansible_collections.aiops.kubernetes.tests.loop.killing import kill_tree

QUESTION: Final = r"Type APPROVE ([0-9a-f]{8}) or REJECT, then Enter:"
REASON: Final = r"Justification:"
CTRL_C, CTRL_D, ENTER = "\x03", "\x04", "\r"
_CANONICAL: Final = termios.ICANON


class Terminal:
    """A command at a terminal of its own."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        ignore_hangup: bool = False,
    ) -> None:
        wait_while_measuring()
        self._began = time.monotonic()
        self._seen: list[str] = []
        self._child: Any = pexpect.spawn(
            str(BIN / command[0]),
            list(command[1:]),
            env={**person_environment(), **(environment or {})},
            cwd=str(folder),
            timeout=LIMIT_SECONDS,
            encoding="utf-8",
            codec_errors="replace",
            dimensions=(50, 200),
            ignore_sighup=ignore_hangup,
        )

    def kill(self) -> None:
        """The command and all that it started, as an out-of-memory killer would."""
        kill_tree(self._child.pid)
        self._child.close(force=True)

    def question(self) -> str:
        """Wait until the play asks; the code that it asks for."""
        self._expect(QUESTION)
        code: str = self._child.match[1]
        self._wait_until_it_reads()
        return code

    def reason(self) -> None:
        """Wait until the play asks why."""
        self._expect(REASON)
        self._wait_until_it_reads()

    def type(self, text: str) -> None:
        self._child.send(text)

    def hang_up(self) -> None:
        """The window is closed: the other end of the terminal is gone."""
        self._child.ptyproc.fileobj.close()
        self._child.child_fd = -1

    def wait(self, seconds: float) -> float:
        """Wait for the end of a command whose terminal is gone; how long it took."""
        began = time.monotonic()
        try:
            while self._child.isalive():
                require(time.monotonic() - began < seconds, f"it still runs after {seconds:.0f} s")
                time.sleep(0.1)
        finally:
            self._child.ptyproc.terminate(force=True)
        return time.monotonic() - began

    def end(self, seconds: float = LIMIT_SECONDS) -> Ran:
        """Wait for the end; one that does not come in time is an error, and the command is killed."""
        try:
            ended = self._child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=seconds) == 0
            self._seen.append(self._child.before)
            require(ended, f"it still runs after {seconds:.0f} s:\n{self.output}")
            self._child.close()
        finally:
            self._child.close(force=True)
        status = self._child.exitstatus
        return Ran(-int(self._child.signalstatus) if status is None else int(status), self.output, self._lasted)

    @property
    def output(self) -> str:
        return "".join(self._seen)

    @property
    def _lasted(self) -> float:
        return time.monotonic() - self._began

    def _expect(self, pattern: str) -> None:
        found = self._child.expect([re.compile(pattern), pexpect.EOF, pexpect.TIMEOUT])
        self._seen += [self._child.before, self._child.after if found == 0 else ""]
        require(found == 0, f"the play did not ask {pattern!r}:\n{self.output}")

    def _wait_until_it_reads(self) -> None:
        """Ansible throws away what was typed before it reads: it reads once it has made the terminal raw."""
        while termios.tcgetattr(self._child.child_fd)[3] & _CANONICAL:
            time.sleep(0.02)
        time.sleep(0.2)
