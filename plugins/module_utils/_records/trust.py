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
_FILES: t.Final = ("policy.yml", "identities.yml", "allowed_signers", "revoked.krl")
_Contents: t.TypeAlias = "tuple[bytes | None, ...]"


@dataclasses.dataclass(frozen=True)
class Trust:
    """Whose word counts, and for what."""

    policy: Policy
    people: People
    signers: Signers


class Trusting:
    """The trust files of the newest commit, read once a commit, and judged anew only where they are other ones."""

    def __init__(self, repository: Repository, policy_file: Path | None) -> None:
        self._repository = repository
        self._policy_file = policy_file
        self._commit: str | None = ""
        self._read: tuple[_Contents, Trust] | None = None

    @property
    def now(self) -> Trust:
        commit = self._repository.trusted()
        if self._read is None or self._commit != commit:
            contents = tuple(self._repository.files(commit, "trust", _FILES)) if commit else (None,) * len(_FILES)
            if self._read is None or self._read[0] != contents:
                self._read = (contents, self._of(*contents))
            self._commit = commit
        return self._read[1]

    def _of(self, own: bytes | None, identities: bytes | None, signers: bytes | None, revoked: bytes | None) -> Trust:
        policy = BUILT_IN
        if own is not None:
            policy = tightened(policy, strict_yaml(own, POLICY), POLICY)
        if self._policy_file is not None:
            where = str(self._policy_file)
            policy = tightened(policy, strict_yaml(_file(self._policy_file), where), where)
        people = UNLISTED if identities is None else people_from(strict_yaml(identities, IDENTITIES), IDENTITIES)
        return Trust(policy, people, Signers(signers, revoked))


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise AiopsError(f"The policy {path} can't be read: {exc.strerror or exc}.") from exc
