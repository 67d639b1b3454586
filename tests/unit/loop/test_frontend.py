# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a person can be asked."""

from __future__ import annotations

import os
import pwd

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.frontend import FRONTENDS, detect
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.recording import somebody


@pytest.mark.parametrize(
    ("environment", "with_terminal", "without"),
    [
        ({}, "terminal", "none"),
        ({"HOME": "/root", "TERM": "xterm"}, "terminal", "none"),
        ({"AWX_PRIVATE_DATA_DIR": "/runner"}, "awx", "awx"),
        ({"AWX_ISOLATED_DATA_DIR": ""}, "awx", "awx"),
        ({"RUNNER_OMIT_EVENTS": "False"}, "awx", "awx"),
        ({"CI": "true"}, "ci", "ci"),
        ({"CI": "1"}, "ci", "ci"),
        ({"CI": "false"}, "terminal", "none"),
        ({"CI": "False"}, "terminal", "none"),
        ({"CI": "0"}, "terminal", "none"),
        ({"CI": ""}, "terminal", "none"),
        ({"GITHUB_ACTIONS": "true"}, "ci", "ci"),
        ({"GITLAB_CI": "true"}, "ci", "ci"),
        ({"JENKINS_URL": "https://x"}, "ci", "ci"),
        ({"TF_BUILD": "True"}, "ci", "ci"),
        ({"BUILDKITE": "true"}, "ci", "ci"),
        ({"TEAMCITY_VERSION": "2026.1"}, "ci", "ci"),
        ({"CI": "true", "AWX_PRIVATE_DATA_DIR": "/runner"}, "awx", "awx"),
    ],
    ids=str,
)
def test_what_auto_finds(environment: dict[str, str], with_terminal: str, without: str) -> None:
    assert detect("auto", environment, is_terminal=True) == with_terminal
    assert detect("auto", environment, is_terminal=False) == without


@pytest.mark.parametrize("wanted", [name for name in FRONTENDS if name != "auto"])
def test_what_was_named_is_taken(wanted: str) -> None:
    assert detect(wanted, {"CI": "true", "AWX_PRIVATE_DATA_DIR": "/x"}, is_terminal=False) == wanted
    assert detect(wanted, {}, is_terminal=True) == wanted


@pytest.mark.parametrize("name", ["LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"])
def test_the_person_at_a_terminal_is_the_user_of_the_system(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's word for it is anybody's."""
    monkeypatch.setenv(name, "the-boss")
    found = somebody("terminal")
    assert (found.name, found.proof) == (pwd.getpwuid(os.getuid()).pw_name, "terminal")
    assert somebody().proof == "claimed"
