# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trust files, as a commit of the protected branch has them.  What lies in a run's work tree counts for nothing."""

from __future__ import annotations

import dataclasses
import typing as t
from pathlib import Path

from .._model.errors import AiopsError
from .._model.people import UNLISTED, People, people_from
from .._model.rules import BUILT_IN, Policy, tightened
from .repository import Repository
from .signing import Signers
from .strict_yaml import strict_yaml

POLICY: t.Final = "trust/policy.yml"
IDENTITIES: t.Final = "trust/identities.yml"


@dataclasses.dataclass(frozen=True)
class Trust:
    """Whose word counts, and for what."""

    policy: Policy
    people: People
    signers: Signers


class Trusting:
    """The trust files of the newest commit, read once a commit."""

    def __init__(self, repository: Repository, policy_file: Path | None) -> None:
        self._repository = repository
        self._policy_file = policy_file
        self._read: tuple[str | None, Trust] | None = None

    @property
    def now(self) -> Trust:
        commit = self._repository.trusted()
        if self._read is None or self._read[0] != commit:
            self._read = (commit, self._of(commit))
        return self._read[1]

    def _of(self, commit: str | None) -> Trust:
        def content(path: str) -> bytes | None:
            return self._repository.show(commit, path) if commit else None

        policy = BUILT_IN
        own = content(POLICY)
        if own is not None:
            policy = tightened(policy, strict_yaml(own, POLICY), POLICY)
        if self._policy_file is not None:
            where = str(self._policy_file)
            policy = tightened(policy, strict_yaml(_file(self._policy_file), where), where)
        identities = content(IDENTITIES)
        people = UNLISTED if identities is None else people_from(strict_yaml(identities, IDENTITIES), IDENTITIES)
        return Trust(policy, people, Signers(content("trust/allowed_signers"), content("trust/revoked.krl")))


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise AiopsError(f"The policy {path} can't be read: {exc.strerror or exc}.") from exc
