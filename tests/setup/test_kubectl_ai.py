# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kubectl-ai from nothing to nothing, as ``setup`` installs it.  ``KUBECTL_AI`` names a real one in place of the stand-in."""

from __future__ import annotations

import os
import re
import subprocess
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.tests.setup.playing import play
from ansible_collections.aiops.kubernetes.tests.setup.releases import Mirror, archive, mirror, sha256, stand_in

REAL = os.environ.get("KUBECTL_AI")


class Release(t.NamedTuple):
    version: str
    program: bytes


@pytest.fixture(scope="module")
def release() -> Release:
    if not REAL:
        return Release("0.0.28", stand_in("0.0.28"))
    said = subprocess.run([REAL, "version"], capture_output=True, text=True, check=True).stdout
    [version] = re.findall(r"^version: v?(\S+)", said, re.MULTILINE)
    return Release(version, Path(REAL).read_bytes())


@pytest.fixture
def served() -> Iterator[Mirror]:
    with mirror() as found:
        yield found


def test_from_nothing_to_nothing(served: Mirror, release: Release, tmp_path: Path) -> None:
    folder = tmp_path / "ai"
    mine = archive({"kubectl-ai": release.program})
    served.files["/kubectl-ai_Linux_x86_64.tar.gz"] = mine
    served.files["/kubectl-ai_Linux_arm64.tar.gz"] = archive(
        {"kubectl-ai": stand_in(release.version, says="of another machine")}
    )
    variables: dict[str, t.Any] = {
        "aiops_setup": ["kubectl_ai"],
        "kubectl_ai_folder": str(folder),
        "kubectl_ai_version": release.version,
        "kubectl_ai_mirror": served.address,
        "kubectl_ai_sha256": {
            "Linux_x86_64": sha256(mine),
            "Linux_arm64": sha256(served.files["/kubectl-ai_Linux_arm64.tar.gz"]),
        },
        "kubectl_ai_configuration": {"model": "m", "skipPermissions": True},
    }
    tried = play(variables, "--check", "--diff")
    assert (tried.status, tried.changed, served.asked, folder.exists()) == (0, 1, [], False)
    assert f'+    "version": "{release.version}",' in tried.text
    made = play(variables)
    assert (made.status, made.changed, served.asked) == (0, 1, ["/kubectl-ai_Linux_x86_64.tar.gz"])
    assert "starts and says its version" in made.text
    settings = (folder / "config/kubectl-ai/config.yaml").read_text(encoding="utf-8")
    assert '"model": "m"' in settings
    assert '"skipPermissions": false' in settings
    again = play(variables)
    assert (again.status, again.changed) == (0, 0)
    # the one for another machine does not work here, and this one stays
    other = play({**variables, "kubectl_ai_platform": "Linux_arm64"})
    assert (other.status, other.changed) == (2, 0)
    assert "The former program is back." in other.text
    unknown = play({**variables, "kubectl_ai_platform": "Linux_riscv64"})
    assert "in kubectl_ai_sha256 the digest of the archive for Linux_riscv64" in unknown.text
    assert (folder / "bin/kubectl-ai").read_bytes() == release.program
    removed = play({"aiops_setup": ["kubectl_ai"], "kubectl_ai_folder": str(folder), "aiops_setup_state": "absent"})
    assert (removed.status, removed.changed, list(tmp_path.iterdir())) == (0, 1, [])
