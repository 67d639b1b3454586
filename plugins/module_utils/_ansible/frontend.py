# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a person can be asked: at a terminal, through AWX, or nowhere.  A terminal alone proves no person: AWX has one, too."""

from __future__ import annotations

import typing as t

Frontend = t.Literal["terminal", "awx", "ci", "none"]
FRONTENDS: t.Final = ("auto", *t.get_args(Frontend))

# AWX sets the first; ansible-runner, which AWX runs on and which gives every play a terminal, the second.
_RUNNER: t.Final = ("AWX_PRIVATE_DATA_DIR", "AWX_ISOLATED_DATA_DIR", "RUNNER_OMIT_EVENTS")
_CI: t.Final = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "TF_BUILD", "BUILDKITE", "TEAMCITY_VERSION")


def detect(wanted: str, environment: t.Mapping[str, str], is_terminal: bool) -> Frontend:
    """The front end for ``wanted``; "auto" looks at AWX and CI before the terminal."""
    if wanted != "auto":
        return t.cast("Frontend", wanted)
    if any(name in environment for name in _RUNNER):
        return "awx"
    if any(environment.get(name, "").lower() not in {"", "0", "false"} for name in _CI):
        return "ci"
    return "terminal" if is_terminal else "none"
