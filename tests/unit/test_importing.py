# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files in an archive are compiled once, and are told by the names that Python's own importer gives them."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

FILES = {
    "room/__init__.py": "",
    "room/inner/__init__.py": "from .thing import value",
    "room/inner/thing.py": "value = 1",
    "room/broken.py": "def fail():\n    raise KeyError('torn')",
}
# In a process of its own: what it changes is the interpreter's.
RUN = """
import builtins, importlib.util, json, sys, traceback
{begin}
sys.path.insert(0, {archive!r})
compiled, real = [], builtins.compile
builtins.compile = lambda source, name, *others, **more: (compiled.append(str(name)), real(source, name, *others, **more))[1]
import room.inner, room.broken
builtins.compile = real
try:
    room.broken.fail()
except KeyError:
    told = traceback.format_exc()
files = [module.__file__ for module in (room, room.inner, room.inner.thing, room.broken)]
missing = [importlib.util.find_spec(name) is None for name in ("room.nothing", "room.inner.nothing")]
print(json.dumps([files, missing, told, [name for name in compiled if name.startswith({archive!r})]]))
"""
BEGIN = (
    "from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible import importing; importing.compile_once()"
)


@pytest.fixture
def archive(tmp_path: Path) -> str:
    path = tmp_path / "modules.zip"
    with zipfile.ZipFile(path, "w") as written:
        for name, content in FILES.items():
            written.writestr(name, content)
    return str(path)


def imported(archive: str, begin: str) -> list[list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(begin=begin, archive=archive)], capture_output=True, text=True, check=True
    )
    found: list[list[str]] = json.loads(done.stdout)
    return found


def test_each_file_is_compiled_once_and_nothing_else_differs(archive: str) -> None:
    ours, own = imported(archive, BEGIN), imported(archive, "")
    assert ours[:3] == own[:3]
    assert sorted(ours[3]) == sorted(f"{archive}/{name}" for name in FILES)
    assert len(own[3]) > len(FILES), "Python no longer compiles them twice: importing.py can go"
