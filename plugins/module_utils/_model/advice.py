# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Advice: what an AI tool says about a finding.  It is a comment: no plan, tier, cause or command is ever made of it."""

from __future__ import annotations

import dataclasses
import typing as t

from . import fields
from .secrets import redact
from .text import one_line

State = t.Literal["ok", "timeout", "unavailable", "error", "needs_approval", "invalid_answer"]

_COMMENT: t.Final = 1000
_LINE: t.Final = 300
_COMMANDS: t.Final = 20


@dataclasses.dataclass(frozen=True)
class Command:
    """What a tool ran by itself, by its own account; ``read`` where it is surely no more than a read, and of no Secret."""

    command: str
    read: bool


@dataclasses.dataclass(frozen=True)
class Reply:
    """What came back from a tool, before anybody looked at what it says; ``text`` is its answer where ``state`` is ok."""

    state: State
    reason: str = ""
    text: str = ""
    commands: tuple[Command, ...] = ()
    version: str | None = None
    model: str | None = None


@dataclasses.dataclass(frozen=True)
class Advice:
    """A checked answer, or why there is none; ``reason`` says either in one line.

    ``agrees`` compares the causes; ``evidence`` are ids of the finding's evidence.
    """

    advisor: str
    state: State
    reason: str
    seconds: float
    cause: str | None = None
    agrees: bool | None = None
    comment: str = ""
    evidence: tuple[str, ...] = ()
    commands: tuple[Command, ...] = ()
    version: str | None = None
    model: str | None = None

    def as_json(self) -> dict[str, t.Any]:
        """The contract's JSON, redacted, and short whatever the tool said."""
        return {
            **dataclasses.asdict(self),
            "advisor": one_line(self.advisor, 100),
            "reason": one_line(redact(self.reason), _LINE),
            "comment": one_line(redact(self.comment), _COMMENT),
            "evidence": list(self.evidence),
            "commands": [
                {"command": one_line(redact(each.command), _LINE), "read": each.read}
                for each in self.commands[:_COMMANDS]
            ],
            "version": one_line(self.version, 100) if self.version else None,
            "model": one_line(self.model, 100) if self.model else None,
        }


def advice_from_json(json: fields.Json) -> Advice:
    """The advice again, from a diagnosis that may have crossed other people's hands; what is damaged is an invalid answer."""
    state, seconds, agrees = fields.get_str(json, "state"), fields.get(json, "seconds"), fields.get(json, "agrees")
    return Advice(
        advisor=fields.get_str(json, "advisor"),
        state=t.cast("State", state) if state in t.get_args(State) else "invalid_answer",
        reason=fields.get_str(json, "reason"),
        seconds=float(seconds) if isinstance(seconds, (int, float)) else 0.0,
        cause=fields.get_str(json, "cause") or None,
        agrees=agrees if isinstance(agrees, bool) else None,
        comment=fields.get_str(json, "comment"),
        evidence=tuple(fields.get_strs(json, "evidence")),
        commands=tuple(
            Command(fields.get_str(each, "command"), fields.get(each, "read") is True)
            for each in fields.get_dicts(json, "commands")
        ),
        version=fields.get_str(json, "version") or None,
        model=fields.get_str(json, "model") or None,
    )
