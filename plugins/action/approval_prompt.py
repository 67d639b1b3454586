# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import os
import threading
import time
import typing as t

from ansible.errors import AnsiblePromptInterrupt, AnsiblePromptNoninteractive

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.frontend import FRONTENDS, detect
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.recording import (
    PHR,
    PHR_DIR,
    outcome,
    somebody,
    store,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import Record
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.records import Records
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.plan_text import plan_text
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.decide import ask, decide
from ansible_collections.aiops.kubernetes.plugins.plugin_utils._action import AiopsAction

# Ctrl-C, Ctrl-D, and nothing at all: the end of the input and the end of the time read as an empty key.
_NO_ANSWER: t.Final = (b"\x03", b"\x04", b"")
_JUSTIFICATION_SECONDS: t.Final = 300


class ActionModule(AiopsAction):
    BYPASS_HOST_LOOP = True
    ARGUMENTS: t.ClassVar = {
        "phr": PHR,
        "phr_dir": PHR_DIR,
        "frontend": {"type": "str", "choices": list(FRONTENDS), "default": "auto"},
        "timeout": {"type": "int"},
    }

    def act(self, params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        kept = store(params)
        before = kept.load(params["phr"])
        self._display.display(f"\n{plan_text(before)}\n")
        record, told = before, ""
        if before.state(moments.now()) != "pending":
            told = f"{before.id} needs no answer: it is {before.state(moments.now())}."
        elif self._task.check_mode:
            told = f"Check mode: nobody is asked about {before.id}."
        else:
            record, told = self._ask(kept, before, params)
        if told:
            self._display.display(f"{told}\n")
        result = outcome(record)
        return {
            "changed": record.head != before.head,
            "approved": result["state"] == "approved",
            "told": told,
            **result,
        }

    def _ask(self, kept: Records, record: Record, params: t.Mapping[str, t.Any]) -> tuple[Record, str]:
        """The record after the question, and what to tell the person about it."""
        later = f"Approve it with: ansible-playbook aiops.kubernetes.approve -e aiops_phr={record.id}"
        # A worker of Ansible has no terminal of its own: whether there is one shows when it is asked.
        frontend = detect(params["frontend"], os.environ, is_terminal=True)
        if frontend != "terminal" or record.rule.proof != "terminal":
            why = (
                "its tier needs a stronger proof than a terminal"
                if frontend == "terminal"
                else f"nobody can be asked here ({frontend})"
            )
            return record, f"{record.id} stays pending: {why}. {later}"
        code = record.plan_digest.removeprefix("sha256:")[:8]
        asked = moments.now()
        try:
            answer = self._answer(
                f"Type APPROVE {code} or REJECT, then Enter:", params["timeout"] or record.rule.window
            )
        except AnsiblePromptNoninteractive:
            return record, f"{record.id} stays pending: there is no terminal to ask at. {later}"
        record = ask(kept, record.id, somebody("terminal"), asked)
        if answer == "REJECT":
            return decide(kept, record, "reject", somebody("terminal"), ""), ""
        if answer != f"APPROVE {code}":
            return record, f"{record.id} stays pending: that was no answer to this plan. {later}"
        try:
            reason = (
                self._answer("Why is it right? Justification:", _JUSTIFICATION_SECONDS)
                if record.rule.justification
                else ""
            )
        except AnsiblePromptNoninteractive:  # the terminal went away in between
            reason = None
        if reason is None:
            return record, f"{record.id} stays pending: no justification was given. {later}"
        return decide(kept, record, "approve", somebody("terminal"), reason), ""

    def _answer(self, question: str, seconds: int) -> str | None:
        """What a person typed and ended with Enter, or None."""
        began = time.monotonic()
        try:
            with _ending_with_ansible():
                typed: bytes = self._display.prompt_until(question, seconds=seconds, interrupt_input=_NO_ANSWER)
        except AnsiblePromptInterrupt:
            return None
        # Ansible returns what was typed without Enter when the time ends while it reads a key.
        return typed.decode(errors="replace") if time.monotonic() - began < seconds else None


@contextlib.contextmanager
def _ending_with_ansible() -> t.Iterator[None]:
    """End this worker when Ansible itself is gone: after a hang-up it would wait for an answer for ever."""
    parent, answered = os.getppid(), threading.Event()

    def watch() -> None:
        while not answered.wait(1):
            if os.getppid() != parent:
                os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        answered.set()
