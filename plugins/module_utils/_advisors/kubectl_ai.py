# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kubectl-ai as a program on this machine, in a folder of its own that is gone afterwards.

Its own check of commands is no boundary: what it may read is up to the identity in the kubeconfig that it is given.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

from .._model.advice import Reply
from . import kubectl_ai_trace
from .answering import late
from .settings import NO_MODEL, Settings

# Where the role kubectl_ai puts it by default.  On the path there may be another tool of the same name.
_INSTALLED: t.Final = "~/.local/share/aiops-kubernetes/kubectl-ai/bin/kubectl-ai"
_ROUNDS: t.Final = 8
_LARGEST: t.Final = 4 * 1024 * 1024
_LOOK_SECONDS: t.Final = 0.02
_VERSION: t.Final = re.compile(r"^version:\s*(\S+)", re.MULTILINE)
# Reads until whoever holds the other end of the pipe is gone.
_WATCH: t.Final = ("/bin/sh", "-c", 'read -r _; kill -s KILL -- "-$1"; rm -rf -- "$2"', "aiops-watch")
# What a program needs to find kubectl, to reach a model through a proxy, and to know its certificate.
_PASSED_ON: t.Final = tuple(
    name
    for each in ("path", "http_proxy", "https_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir")
    for name in (each, each.upper())
)


def ask(settings: Settings, text: str) -> Reply:
    executable = _program(settings.executable)
    if executable is None:
        return Reply("unavailable", f"{settings.executable or 'kubectl-ai'} is not installed")
    if not kubectl_ai_trace.HAS_YAML:
        return Reply("unavailable", "PyYAML is missing; install it for the interpreter that runs the modules")
    if not settings.url or not settings.model:
        return Reply("unavailable", NO_MODEL)
    until = time.monotonic() + settings.seconds
    home = Path(tempfile.mkdtemp(prefix="aiops-advice-"))  # its mode is 0700
    try:
        (home / "question").write_text(text, encoding="utf-8")
        return _ask(executable, settings, home, until)
    except OSError as exc:
        return Reply("unavailable", f"{executable} can't be started: {exc.strerror or exc}")
    finally:
        _remove(home)


def _program(named: str) -> str | None:
    """The program that was named, else the one that the role installed, else the first on the path."""
    names = (named,) if named else (str(Path(_INSTALLED).expanduser()), "kubectl-ai")
    return next((found for name in names if (found := shutil.which(name))), None)


def _ask(executable: str, settings: Settings, home: Path, until: float) -> Reply:
    environment = _environment(settings, home)
    _run([executable, "version"], environment, home, "version", until)
    command = [
        executable, "--quiet", "--llm-provider", "openai", "--model", settings.model, "--max-iterations", str(_ROUNDS),
        "--trace-path", str(home / "trace"), "--remove-workdir",
    ]  # fmt: skip
    in_time = _run(command, environment, home, "trace", until)
    version, trace = _VERSION.search(_start(home / "version")), _start(home / "trace")
    reply = dataclasses.replace(
        kubectl_ai_trace.reply(trace), version=version[1] if version else None, model=settings.model
    )
    if len(trace) > _LARGEST:
        return dataclasses.replace(reply, state="invalid_answer", reason=f"its trace has more than {_LARGEST >> 20} MB")
    return reply if in_time else dataclasses.replace(reply, state="timeout", reason=late(settings))


def _environment(settings: Settings, home: Path) -> dict[str, str]:
    """Nothing of ours but the way to programs and proxies; a person's own configuration could let it run anything."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment.update(dict.fromkeys(("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), str(home)))
    environment["KUBECONFIG"] = settings.kubeconfig or str(home / "no-cluster")
    environment["OPENAI_ENDPOINT"] = settings.url
    environment["OPENAI_API_KEY"] = settings.key or "none"  # it does not start without
    return environment


def _run(command: t.Sequence[str], environment: t.Mapping[str, str], home: Path, wrote: str, until: float) -> bool:
    """Whether it ended by itself, in time, and before the file of this name was too large.  Nothing of it is left running.

    The question comes by standard input: an argument can be seen by everybody on this machine.
    """
    with (home / "question").open("rb") as question, (home / "version").open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=question,
            stdout=output if wrote == "version" else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=home,
            env=environment,
            start_new_session=True,
        )
    try:
        with _ended_with_us(process.pid, home):
            # Not waited for, so that its number stays taken until its whole group is ended.
            while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                if time.monotonic() > until or _size(home / wrote) > _LARGEST:
                    return False
                time.sleep(_LOOK_SECONDS)
        return True
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def _ended_with_us(group: int, home: Path) -> t.Iterator[None]:
    """Should this process be killed meanwhile, as at Ctrl-C, that process group and the folder go with it."""
    with subprocess.Popen([*_WATCH, str(group), str(home)], stdin=subprocess.PIPE, start_new_session=True) as watch:
        try:
            yield
        finally:
            watch.kill()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _start(path: Path) -> str:
    """What was written, as far as it is looked at, and a character more where there is more."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_LARGEST + 1)
    except FileNotFoundError:
        return ""


def _remove(home: Path) -> None:
    """What was just ended may still be writing."""
    for _try in range(50):
        shutil.rmtree(home, ignore_errors=True)
        if not home.exists():
            return
        time.sleep(_LOOK_SECONDS)
