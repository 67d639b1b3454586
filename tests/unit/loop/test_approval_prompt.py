# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The prompt: the exact words approve and reject; whatever else happens leaves the plan as it is."""

from __future__ import annotations

import time
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsiblePromptInterrupt, AnsiblePromptNoninteractive

from ansible_collections.aiops.kubernetes.plugins.action import approval_prompt
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.tests.unit.acting import run_action
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import ALICE, PHR, QuickStore, person, plan

REASON: t.Final = b"the release is known to be bad"
CODE: t.Final = "{code}"

Answer = bytes | type[BaseException] | t.Callable[[], bytes]


class Terminal:
    """Stands in for Ansible's display, with a person who gives these answers and then none."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.text: list[str] = []
        self.asked: list[tuple[str, dict[str, t.Any]]] = []

    def display(self, text: str, *_args: object, **_named: object) -> None:
        self.text.append(text)

    def prompt_until(self, question: str, **named: t.Any) -> bytes:
        self.asked.append((question, named))
        answer = self.answers.pop(0) if self.answers else AnsiblePromptInterrupt
        if isinstance(answer, type):
            raise answer("x")
        return answer if isinstance(answer, bytes) else answer()


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> QuickStore:
    """A medium plan, and no sign of AWX or CI; the clock is the real one, because a person is waited for."""
    for name in ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "TF_BUILD", "BUILDKITE", "TEAMCITY_VERSION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWX_PRIVATE_DATA_DIR", "AWX_ISOLATED_DATA_DIR", "RUNNER_OMIT_EVENTS"):
        monkeypatch.delenv(name, raising=False)
    store = QuickStore(tmp_path / "records")
    monkeypatch.setattr(approval_prompt, "store", lambda _params: store)
    store.create(plan(created_at=moments.now()), moments.now(), ALICE)
    return store


def _code(kept: QuickStore) -> bytes:
    return kept.load(PHR).plan_digest[7:15].encode()


def _act(terminal: Terminal, *, check_mode: bool = False, **arguments: t.Any) -> dict[str, t.Any]:
    given = {"phr": PHR, **arguments}
    return run_action(approval_prompt.ActionModule, given, check_mode=check_mode, display=terminal)


def _kinds(kept: QuickStore) -> list[str]:
    return [event.type for event in kept.load(PHR).events]


def test_the_exact_words_and_a_reason_approve(kept: QuickStore) -> None:
    terminal = Terminal(b"APPROVE " + _code(kept), REASON)
    result = _act(terminal)
    assert (result["approved"], result["state"], result["changed"], result["missing"]) == (True, "approved", True, [])
    assert "failed" not in result
    assert _kinds(kept) == ["proposed", "asked", "approved"]
    event = kept.load(PHR).events[-1]
    assert (event.by.proof, event.body["justification"]) == ("terminal", REASON.decode())
    assert event.body["digest"] == kept.load(PHR).plan_digest


def test_the_questions_say_what_to_type(kept: QuickStore) -> None:
    terminal = Terminal(b"APPROVE " + _code(kept), REASON)
    _act(terminal)
    (first, named), (second, _named) = terminal.asked
    assert f"APPROVE {_code(kept).decode()} or REJECT" in first
    assert second.endswith("Justification:")
    assert named["seconds"] == 30 * 60
    assert {b"\x03", b"\x04", b""} <= set(named["interrupt_input"])
    shown = "\n".join(terminal.text)
    for words in (kept.load(PHR).plan_digest, "shop/cart:2", "shop/cart:1", "Reversible", "tier medium"):
        assert words in shown


@pytest.mark.usefixtures("kept")
def test_what_applies_the_plan_is_packed_before_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(b"REJECT")
    packed: list[tuple[str, int]] = []

    def configure(_action: object, name: str, _arguments: object, _task_vars: object) -> None:
        packed.append((name, len(terminal.asked)))
        raise RuntimeError("it can't be packed")

    monkeypatch.setattr(approval_prompt.ActionModule, "_configure_module", configure)
    assert _act(terminal)["state"] == "rejected"  # whether it works is no matter of the question
    assert packed == [("aiops.kubernetes.remediation", 0)]


def test_reject_rejects(kept: QuickStore) -> None:
    result = _act(Terminal(b"REJECT"))
    assert (result["approved"], result["state"]) == (False, "rejected")
    assert _kinds(kept) == ["proposed", "asked", "rejected"]


_NO_ANSWERS: t.Final[list[t.Any]] = [
    b"", b"y", b"yes", b"Y", b"true", b"APPROVE", b"approve " + CODE.encode(), b"Approve " + CODE.encode(),
    b"APPROVE  " + CODE.encode(), b" APPROVE " + CODE.encode(), b"APPROVE " + CODE.encode() + b" ", b"APPROVE\t" + CODE.encode(),
    b"APPROVE " + CODE.encode() + b"\n", b"APPROVE " + CODE.encode() + b"0", b"APPROVE" + CODE.encode(), b"APPROVE 00000000",
    b"APPROVE sha256:" + CODE.encode(), b"REJECT APPROVE " + CODE.encode(), b"APPROVE " + CODE.encode() + b" REJECT",
    b"reject", b"Reject", b"REJECT ", b" REJECT", b"REJECTED", b"REJECT " + CODE.encode(), b"\xff\xfe", b"\x1b[A", b"{{ code }}",
    b"\xd0\x90PPROVE " + CODE.encode(), b"APPROVE \xef\xbb\xbf" + CODE.encode(), AnsiblePromptInterrupt,
]  # fmt: skip


@pytest.mark.parametrize("answer", _NO_ANSWERS, ids=repr)
def test_anything_else_leaves_it_pending(answer: Answer, kept: QuickStore) -> None:
    code = _code(kept)
    given = answer.replace(CODE.encode(), code) if isinstance(answer, bytes) else answer
    result = _act(Terminal(given, REASON, REASON))
    assert (result["approved"], result["state"]) == (False, "pending")
    assert "failed" not in result
    assert _kinds(kept) == ["proposed", "asked"]
    assert "stays pending" in result["told"]
    assert f"aiops.kubernetes.approve -e aiops_phr={PHR}" in result["told"]


@pytest.mark.parametrize("answer", [b"APPROVE {upper}", b"APPROVE {seven}"])
def test_nearly_the_code_is_not_the_code(answer: bytes, kept: QuickStore) -> None:
    code = _code(kept)
    other = code.upper() if code.upper() != code else b"ABCDEF00"
    given = answer.replace(b"{upper}", other).replace(b"{seven}", code[:7])
    assert _act(Terminal(given, REASON))["approved"] is False
    assert _kinds(kept) == ["proposed", "asked"]


def test_without_a_terminal_nobody_was_asked(kept: QuickStore) -> None:
    result = _act(Terminal(AnsiblePromptNoninteractive))
    assert (result["approved"], result["state"], result["changed"]) == (False, "pending", False)
    assert "there is no terminal to ask at" in result["told"]
    assert _kinds(kept) == ["proposed"]


@pytest.mark.parametrize(
    "reason", [AnsiblePromptInterrupt, AnsiblePromptNoninteractive], ids=lambda kind: kind.__name__
)
def test_an_interrupt_at_the_reason_is_no_approval(reason: type[BaseException], kept: QuickStore) -> None:
    result = _act(Terminal(b"APPROVE " + _code(kept), reason))
    assert (result["approved"], result["state"], "failed" in result) == (False, "pending", False)
    assert _kinds(kept) == ["proposed", "asked"]


@pytest.mark.parametrize(
    "reason", [b"", b"ok", b"         ", b"\x1b[2J and more", b"\xff" * 2 + b"\x00" * 20, b"x" * 2001]
)
def test_a_bad_reason_is_no_approval(reason: bytes, kept: QuickStore) -> None:
    result = _act(Terminal(b"APPROVE " + _code(kept), reason))
    assert result.get("approved", False) is False
    assert _kinds(kept) == ["proposed", "asked"]


def test_what_was_typed_without_enter_is_no_answer(kept: QuickStore) -> None:
    """Ansible returns it when the time ends just while a key is read."""

    def too_late() -> bytes:
        time.sleep(1.01)
        return b"APPROVE " + _code(kept)

    assert _act(Terminal(too_late, REASON), timeout=1)["approved"] is False
    assert _kinds(kept) == ["proposed", "asked"]


@pytest.mark.parametrize(
    ("environment", "arguments", "words"),
    [
        ({"CI": "true"}, {}, "nobody can be asked here (ci)"),
        ({"AWX_PRIVATE_DATA_DIR": "/runner"}, {}, "nobody can be asked here (awx)"),
        ({}, {"frontend": "none"}, "nobody can be asked here (none)"),
        ({}, {"frontend": "awx"}, "nobody can be asked here (awx)"),
    ],
    ids=["ci", "awx", "none", "named"],
)
def test_where_nobody_sits_nobody_is_asked(
    environment: dict[str, str],
    arguments: dict[str, t.Any],
    words: str,
    kept: QuickStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal(b"APPROVE " + _code(kept), REASON)
    result = _act(terminal, **arguments)
    assert (terminal.asked, result["state"], result["changed"]) == ([], "pending", False)
    assert words in result["told"]
    assert _kinds(kept) == ["proposed"]


def test_check_mode_asks_nobody(kept: QuickStore) -> None:
    terminal = Terminal(b"APPROVE " + _code(kept), REASON)
    result = _act(terminal, check_mode=True)
    assert (terminal.asked, result["approved"], result["changed"]) == ([], False, False)
    assert _kinds(kept) == ["proposed"]
    assert "shop/cart:1" in "\n".join(terminal.text)


def test_critical_is_not_asked_at_a_terminal(kept: QuickStore) -> None:
    phr = "PHR-20261122-091502-000000"
    kept.create(plan(phr=phr, tier="critical", created_at=moments.now()), moments.now(), ALICE)
    terminal = Terminal(b"APPROVE " + kept.load(phr).plan_digest[7:15].encode(), REASON)
    result = _act(terminal, phr=phr)
    assert (terminal.asked, result["state"]) == ([], "pending")
    assert "needs a stronger proof than a terminal" in result["told"]


@pytest.mark.parametrize("kind", ["rejected", "revoked", "stale", "closed", "claimed"])
def test_what_is_decided_is_not_asked(kind: str, kept: QuickStore) -> None:
    kept.append(PHR, kind, moments.now(), ALICE, {})
    terminal = Terminal(b"APPROVE " + _code(kept), REASON)
    result = _act(terminal)
    assert (terminal.asked, result["approved"], result["changed"]) == ([], False, False)
    assert _kinds(kept)[-1] == kind


def test_what_is_approved_already_says_so(kept: QuickStore) -> None:
    _act(Terminal(b"APPROVE " + _code(kept), REASON))
    terminal = Terminal()
    result = _act(terminal)
    assert (terminal.asked, result["approved"], result["changed"]) == ([], True, False)


def test_somebody_else_decided_meanwhile(kept: QuickStore) -> None:
    def late() -> bytes:
        kept.append(PHR, "rejected", moments.now(), person("bob"), {})
        return b"APPROVE " + _code(kept)

    result = _act(Terminal(late, REASON))
    assert result.get("approved", False) is False
    assert _kinds(kept)[-1] == "rejected"


def test_a_record_that_is_not_there_is_a_sentence(kept: QuickStore) -> None:
    assert kept.ids() == [PHR]
    result = _act(Terminal(), phr="PHR-20261122-091502-ffffff")
    assert result["failed"] is True
    assert result["msg"].startswith("There is no record PHR-20261122-091502-ffffff")


@pytest.mark.parametrize("arguments", [{"timeout": "soon"}, {"frontend": "telepathy"}, {"answer": "APPROVE"}])
def test_wrong_arguments_are_told(arguments: dict[str, t.Any], kept: QuickStore) -> None:
    terminal = Terminal(b"APPROVE " + _code(kept), REASON)
    result = _act(terminal, **arguments)
    assert result["failed"] is True
    assert next(iter(arguments)) in result["msg"]
    assert (terminal.asked, _kinds(kept)) == ([], ["proposed"])
