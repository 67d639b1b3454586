# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have AI tools comment on findings.  What they say is put beside a finding, and changes nothing of it."""

from __future__ import annotations

import dataclasses
import typing as t

from .._model.advice import Advice
from .._model.errors import AiopsError
from .._model.finding import Diagnosis, Finding
from .._model.question import Question, question

# How many findings are asked about, the worst first.
AT_MOST: t.Final = 5

AskAll = t.Callable[[t.Sequence[tuple[t.Any, Question]]], list[Advice]]


def advise(diagnosis: Diagnosis, advisors: t.Sequence[t.Any], ask_all: AskAll, only: str | None = None) -> Diagnosis:
    """The diagnosis with what each advisor says about the finding of this id, or about each of the worst.

    What follows from another finding is not asked about.  An AiopsError where there is no such finding.
    """
    chosen = [finding for finding in diagnosis.findings if finding.id == only] if only else _worst(diagnosis)
    if only and not chosen:
        raise AiopsError(f"There is no finding {only} in this diagnosis. Take an id from its findings.")
    about = [(finding, question(finding, diagnosis.cluster)) for finding in chosen]
    asked = [(finding.id, advisor, text) for finding, text in about for advisor in advisors]
    said = ask_all([(advisor, text) for _id, advisor, text in asked])
    by_finding: dict[str, list[Advice]] = {}
    for (finding_id, _advisor, _text), advice in zip(asked, said, strict=True):
        by_finding.setdefault(finding_id, []).append(advice)
    return dataclasses.replace(
        diagnosis,
        findings=tuple(
            dataclasses.replace(finding, advice=(*finding.advice, *by_finding.get(finding.id, ())))
            for finding in diagnosis.findings
        ),
    )


def _worst(diagnosis: Diagnosis) -> list[Finding]:
    return [finding for finding in diagnosis.findings if finding.caused_by is None][:AT_MOST]
