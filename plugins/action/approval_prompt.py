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
    RECORDS,
    SIGNING_KEY,
    outcome,
    platform_is_named,
    somebody,
    store,
    voice,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import Record
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.store import Store
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.plan_text import plan_text
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.decide import Voice, ask, decide
from ansible_collections.aiops.kubernetes.plugins.plugin_utils._action import AiopsAction

# Ctrl-C, Ctrl-D, and nothing at all: the end of the input and the end of the time read as an empty key.
_NO_ANSWER: t.Final = (b"\x03", b"\x04", b"")
_JUSTIFICATION_SECONDS: t.Final = 300
# What a person types for each verdict, before the first digits of the plan's digest.
_WORDS: t.Final = {"approve": "APPROVE", "break_glass": "BREAK GLASS", "approve_rollback": "ROLL BACK"}


class ActionModule(AiopsAction):
    BYPASS_HOST_LOOP = True
    ARGUMENTS: t.ClassVar = {
        "phr": PHR,
        **RECORDS,
        "frontend": {"type": "str", "choices": list(FRONTENDS), "default": "auto"},
        "timeout": {"type": "int"},
        "verdict": {"type": "str", "choices": list(_WORDS), "default": "approve"},
        "incident": {"type": "str", "default": ""},
        "signing_key": SIGNING_KEY,
    }

    def act(self, params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        kept = store(params)
        before = kept.load(params["phr"])
        self._display.display(f"\n{plan_text(before)}\n")
        # A worker of Ansible has no terminal of its own: whether there is one shows when it is asked.
        frontend = detect(params["frontend"], os.environ, is_terminal=True)
        record, told, state = before, "", before.state(moments.now())
        asked_elsewhere = False
        if params["verdict"] != "approve_rollback" and state != "pending":
            told = f"{before.id} needs no answer: it is {state}."
        elif self._task.check_mode:
            told = f"Check mode: nobody is asked about {before.id}."
        elif frontend == "awx" and platform_is_named():
            told, asked_elsewhere = f"{before.id}: AWX is asked who approved.", True
        elif why := _why_not(frontend, before, params):
            told = f"{before.id} stays {state}: {why}. {_later(before, params)}"
        else:
            record, told = self._ask(kept, before, params)
        if told:
            self._display.display(f"{told}\n")
        result = outcome(record)
        return {
            "changed": record.head != before.head,
            "approved": result["state"] == "approved",
            "asked_elsewhere": asked_elsewhere,
            "told": told,
            **result,
        }

    def _ask(self, kept: Store, record: Record, params: t.Mapping[str, t.Any]) -> tuple[Record, str]:
        """The record after the question, and what to tell the person about it."""
        later, verdict = _later(record, params), params["verdict"]
        code = record.plan_digest.removeprefix("sha256:")[:8]
        stays = f"{record.id} stays {record.state(moments.now())}"
        if verdict == "approve":
            self._pack_what_follows()
        asked = moments.now()
        try:
            answer = self._answer(
                f"Type {_WORDS[verdict]} {code} or REJECT, then Enter:", params["timeout"] or record.rule.window
            )
        except AnsiblePromptNoninteractive:
            return record, f"{stays}: there is no terminal to ask at. {later}"
        speaker = voice(params, kept) if params["signing_key"] else Voice(somebody("terminal"))
        if verdict == "approve":
            record = ask(kept, record.id, somebody("terminal"), asked)
        if answer == "REJECT" and verdict != "approve_rollback":
            return decide(kept, record, "reject", speaker, ""), ""
        if answer != f"{_WORDS[verdict]} {code}":
            return record, f"{stays}: that was no answer to this plan. {later}"
        try:
            reason = (
                self._answer("Why is it right? Justification:", _JUSTIFICATION_SECONDS)
                if record.rule.justification or verdict != "approve"
                else ""
            )
        except AnsiblePromptNoninteractive:  # the terminal went away in between
            reason = None
        if reason is None:
            return record, f"{stays}: no justification was given. {later}"
        record = decide(kept, record, verdict, speaker, reason, params["incident"])
        missing = f"{record.id} still needs {' and '.join(record.missing)}, another person. {later}"
        return record, missing if verdict == "approve" and record.missing else ""

    def _pack_what_follows(self) -> None:
        """Have Ansible pack the module that applies the plan while the person reads: a third of the time from the answer to the change."""
        with contextlib.suppress(Exception):  # what is wrong with it, if anything, shows where it is run
            self._configure_module("aiops.kubernetes.remediation", {}, self.task_vars)

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


def _why_not(frontend: str, record: Record, params: t.Mapping[str, t.Any]) -> str:
    """Why nobody is asked here; empty where somebody can be."""
    if frontend != "terminal":
        return f"nobody can be asked here ({frontend})"
    proof = "signature" if params["verdict"] == "break_glass" else record.rule.proof
    if not params["signing_key"] and proof != "terminal" and (proof != "claimed" or params["verdict"] != "approve"):
        return "it needs a stronger proof than a terminal: name your key with aiops_signing_key"
    return ""


def _later(record: Record, params: t.Mapping[str, t.Any]) -> str:
    verdict = "" if params["verdict"] == "approve" else f" -e aiops_verdict={params['verdict']}"
    key = (
        ""
        if record.rule.proof in {"claimed", "terminal"} and not verdict
        else " -e aiops_signing_key=~/.ssh/id_ed25519"
    )
    return f"Approve it with: ansible-playbook aiops.kubernetes.approve -e aiops_phr={record.id}{verdict}{key}"


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
