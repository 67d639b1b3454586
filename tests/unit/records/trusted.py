# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real keys, made once a test, and trust files as an administrator commits them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import typing as t
from pathlib import Path

IDENTITIES: t.Final = """\
schema: aiops.kubernetes/identities/1
persons:
  alice: {kind: human, roles: [operator, security], principals: ["signature:alice", "terminal:alice", "awx:alice"]}
  bob: {kind: human, roles: [operator, security], principals: ["signature:bob", "awx:bob"]}
  carol: {kind: human, roles: [operator], principals: ["signature:carol", "awx:carol"]}
  robot: {kind: bot, principals: ["awx:robot"]}
"""


def git(root: Path, *words: str) -> str:
    names = ("-c", "user.name=admin", "-c", "user.email=admin@desk")
    command = ["git", "-C", str(root), *names, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Keys:
    """Keys in a folder, by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        path = self._folder / f"key-{name}"
        if not path.with_name(f"{path.name}.pub").exists():
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)]
            subprocess.run(command, check=True)
        return path

    def public(self, name: str) -> bytes:
        return Path(f"{self.path(name)}.pub").read_bytes()

    def allowed(self, *names: str, options: str = "") -> bytes:
        return b"# who may sign\n" + b"".join(
            f"{name} {options}{' ' if options else ''}".encode() + self.public(name) for name in names
        )

    def krl(self, *names: str) -> bytes:
        path = self._folder / "revoked.krl"
        publics = [f"{self.path(name)}.pub" for name in names]
        subprocess.run(["ssh-keygen", "-q", "-k", "-f", str(path), *publics], check=True)
        return path.read_bytes()

    @contextlib.contextmanager
    def agent(self, *names: str) -> t.Iterator[str]:
        """An agent of its own that holds these keys."""
        socket = str(self._folder / "agent")
        agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
        try:
            while not Path(socket).exists():
                os.sched_yield()
            environment = {**os.environ, "SSH_AUTH_SOCK": socket}
            subprocess.run(["ssh-add", "-q", *(str(self.path(name)) for name in names)], check=True, env=environment)
            yield socket
        finally:
            agent.terminate()
            agent.wait()


def commit_trust(root: Path, keys: Keys, *names: str, **files: bytes) -> None:
    """Trust files of these signers, committed in that work tree."""
    content = {"allowed_signers": keys.allowed(*names), "identities": IDENTITIES.encode(), **files}
    endings = {"policy": ".yml", "identities": ".yml", "revoked": ".krl"}
    root.joinpath("trust").mkdir(exist_ok=True)
    for name, text in content.items():
        root.joinpath("trust", f"{name}{endings.get(name, '')}").write_bytes(text)
    git(root, "add", "trust")
    git(root, "commit", "--quiet", "-m", "who counts")
