# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signatures of decisions, made and verified by OpenSSH (SSHSIG), in a namespace of their own.

A signature that was made for a commit or a login is of another namespace, and so can't be replayed as an approval.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import typing as t
import weakref
from pathlib import Path

from .._model.errors import AiopsError

NAMESPACE: t.Final = "aiops.kubernetes"
_SECONDS: t.Final = 120  # a key in hardware waits for a finger


def sign(content: bytes, key: Path) -> str:
    """The armoured signature, by a private key in a file, or by the agent where the file is a public key."""
    if not key.is_file():
        raise AiopsError(
            f"The signing key {key} is not there. Name a private key, or the public key of one in the agent."
        )
    # The content comes from standard input: with a file, ssh-keygen would ask before it writes over a former signature.
    done = _keygen(["-Y", "sign", "-q", "-f", str(key), "-n", NAMESPACE], content)
    if done.returncode:
        raise AiopsError(f"It could not be signed with {key}: {_said(done)}. Nothing was recorded.")
    return done.stdout.decode("ascii")


def public_key(key: Path) -> str:
    """The base64 of the public half, without asking for a passphrase where the file lies beside it."""
    for path in (key, Path(f"{key}.pub")):
        if path.is_file():
            words = path.read_text(encoding="utf-8", errors="replace").split()
            if len(words) >= 2 and words[0].startswith(("ssh-", "ecdsa-", "sk-")):
                return words[1]
    words = _keygen(["-y", "-f", str(key)], b"").stdout.decode(errors="replace").split()
    if len(words) < 2:
        raise AiopsError(
            f"{key} is no key that can be read without a passphrase: put its public half beside it, as {key}.pub."
        )
    return words[1]


class Signers:
    """Whose keys count: the content of allowed_signers and of the revocation list (a KRL, or keys one a line)."""

    def __init__(self, allowed: bytes | None, revoked: bytes | None) -> None:
        self._allowed = allowed
        self._revoked = revoked
        self._folder: Path | None = None
        self._verified: set[bytes] = set()
        self._principals = _principals((allowed or b"").decode(errors="replace"))

    def principal(self, key: str) -> str:
        """The principal of a key (its base64); an AiopsError where there is none."""
        if key not in self._principals:
            raise AiopsError(
                "This key is not in trust/allowed_signers of the records' protected branch: its signature counts for nothing."
            )
        return self._principals[key]

    def require(self, content: bytes, signature: str, principal: str, at: str) -> None:
        """An AiopsError, with the reason, where this is not that principal's signature of the content, valid at that moment."""
        known = hashlib.sha256(repr((content, signature, principal, at)).encode()).digest()
        if known in self._verified:
            return
        if self._allowed is None:
            raise AiopsError("there is no trust/allowed_signers on the protected branch")
        folder = self._files()
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(signature.encode("ascii", "replace"))
            file.flush()
            moment = at.rstrip("Z").replace("-", "").replace(":", "").replace("T", "")
            words = ["-Y", "verify", "-f", str(folder / "allowed_signers"), "-I", principal, "-n", NAMESPACE]
            words += ["-s", file.name, "-O", f"verify-time={moment}Z"]
            words += ["-r", str(folder / "revoked.krl")] if self._revoked else []
            done = _keygen(words, content)
        if done.returncode:
            raise AiopsError(f"the signature is not a valid one of {principal}: {_said(done)}")
        self._verified.add(known)

    def _files(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="aiops-trust-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            self._folder.joinpath("allowed_signers").write_bytes(self._allowed or b"")
            self._folder.joinpath("revoked.krl").write_bytes(self._revoked or b"")
        return self._folder


def _principals(allowed: str) -> dict[str, str]:
    """The principal of each key.  One key is one principal: else one person could sign as two."""
    found: dict[str, str] = {}
    for number, line in enumerate(allowed.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        kinds = [index for index, word in enumerate(words) if word.startswith(("ssh-", "ecdsa-sha2-", "sk-"))]
        key = words[kinds[0] + 1] if kinds and kinds[0] + 1 < len(words) else ""
        if not key or key in found or set(words[0]) & set(",*?!") or "cert-authority" in line:
            raise AiopsError(
                f"trust/allowed_signers: line {number}: expected one plain principal and a key that stands on no other line."
            )
        found[key] = words[0]
    return found


def _keygen(words: t.Sequence[str], content: bytes) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(
            ["ssh-keygen", *words], input=content, capture_output=True, check=False, env=environment, timeout=_SECONDS
        )
    except FileNotFoundError as exc:
        raise AiopsError("ssh-keygen is missing; signatures are made and verified with it. Install OpenSSH.") from exc
    except subprocess.TimeoutExpired as exc:
        raise AiopsError(f"ssh-keygen did not answer within {_SECONDS} s. Nothing was recorded.") from exc


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = (done.stderr + done.stdout).decode(errors="replace").split("\n")
    return "; ".join(line.strip() for line in lines if line.strip()) or f"status {done.returncode}"
