# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions run in this process as Ansible would run them: the task in, its result out."""

from __future__ import annotations

import types
import typing as t

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar


def run_action(
    action: t.Any,
    args: t.Mapping[str, t.Any],
    *,
    check_mode: bool = False,
    async_val: int = 0,
    environment: t.Sequence[t.Mapping[str, str]] = (),
    display: object = None,
) -> dict[str, t.Any]:
    """The result of an action class, run as the task executor does it, as far as our actions look at it."""
    task = types.SimpleNamespace(
        args=dict(args), check_mode=check_mode, async_val=async_val, diff=False, action="action", no_log=False,
        environment=list(environment),
    )  # fmt: skip
    shell = types.SimpleNamespace(tmpdir=None, env_prefix=lambda **_variables: "")
    connection = types.SimpleNamespace(_shell=shell, has_native_async=False)
    made = action(task, connection, None, None, Templar(loader=DataLoader()), None)
    if display:
        made._display = display
    result: dict[str, t.Any] = made.run(task_vars={})
    return result
