# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an advisor is reached: by what the play says and, for the key, by the environment alone."""

from __future__ import annotations

import dataclasses
import typing as t
from pathlib import Path

_KINDS: t.Final = {"openai_compatible": "OPENAI_API_KEY", "kubectl_ai": "OPENAI_API_KEY", "kagent": "KAGENT_TOKEN"}
"""The advisors that there are, each with the variable of the environment in which its key stands by default."""

_TEXTS: t.Final = frozenset({"name", "kind", "url", "model", "key_from", "executable", "kubeconfig"})
NO_MODEL: t.Final = "it has no url or no model: set them, or OPENAI_BASE_URL and OPENAI_MODEL"
_SECONDS: t.Final = 60.0
_MOST_SECONDS: t.Final = 600.0


class Wrong(ValueError):
    """What is wrong with the settings, in words for a person."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """One advisor.  ``kubeconfig`` is for the tool's own reads; without one it can reach no cluster."""

    name: str
    kind: str
    url: str
    model: str
    key: str = dataclasses.field(repr=False)
    seconds: float
    executable: str
    kubeconfig: str


def name_of(given: t.Any) -> str:
    """What an advisor is called in reports: its name, else its kind."""
    if isinstance(given, dict):
        given = given.get("name") or given.get("kind")
    return given if isinstance(given, str) and given else "an advisor without a name"


def settings(given: t.Any, environment: t.Mapping[str, str]) -> Settings:
    """The settings in a kind alone, or in a dictionary; what they don't say stands in the environment, as OpenAI's own tools name it.

    Wrong where they can't be used.
    """
    if not isinstance(given, dict):
        given = {"kind": given}
    if unknown := sorted(str(key) for key in given if key not in _TEXTS and key != "seconds"):
        raise Wrong(f"{', '.join(unknown)} is no setting of an advisor")
    said = {name: given.get(name) or "" for name in _TEXTS}
    if not all(isinstance(value, str) for value in said.values()):
        raise Wrong("a setting of it is no text")
    kind = said["kind"]
    if kind not in _KINDS:
        raise Wrong(f"there is no advisor of kind {kind or 'none'}; there are {', '.join(_KINDS)}")
    model_server = ("KAGENT_URL",) if kind == "kagent" else ("OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_ENDPOINT")
    return Settings(
        name=said["name"] or kind,
        kind=kind,
        url=said["url"] or next((value for name in model_server if (value := environment.get(name))), ""),
        model=said["model"] or environment.get("OPENAI_MODEL", ""),
        key=environment.get(said["key_from"] or _KINDS[kind], "").strip(),
        seconds=_limit(given.get("seconds")),
        executable=_path(said["executable"], environment),
        kubeconfig=_path(said["kubeconfig"], environment),
    )


def _path(given: str, environment: t.Mapping[str, str]) -> str:
    """A path from where Ansible was started, since a module runs elsewhere; a mere name stays one."""
    start = environment.get("AIOPS_STARTED_IN") or environment.get("PWD", "")
    return str(Path(start, Path(given).expanduser())) if "/" in given else given


def _limit(given: t.Any) -> float:
    """The time limit; a variable of -e is a text."""
    try:
        found = _SECONDS if given is None else float(given)
    except (TypeError, ValueError) as exc:
        raise Wrong("its seconds are no number") from exc
    if not 0 < found <= _MOST_SECONDS:
        raise Wrong(f"its seconds are not between 0 and {_MOST_SECONDS:.0f}")
    return found
