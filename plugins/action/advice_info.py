# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import typing as t

from ansible_collections.aiops.kubernetes.plugins.plugin_utils._action import AiopsAction


class ActionModule(AiopsAction):
    ARGUMENTS: t.ClassVar = {
        "diagnosis": {"type": "dict", "required": True},
        "finding": {"type": "str"},
        "advisor": {"type": "raw"},
        "advisors": {"type": "list", "elements": "raw", "default": []},
    }

    def act(self, params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        # Not above: Ansible loads the actions of all tasks, and few plays ask anybody.
        from ansible_collections.aiops.kubernetes.plugins.module_utils._advisors.asking import ask_all
        from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import Diagnosis
        from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.advise import advise

        os.environ.update(self._environment())  # of a process that does this task alone
        one, finding = params["advisor"], params["finding"]
        advisors = [*([] if one is None else [one]), *params["advisors"]]
        after = advise(Diagnosis.from_json(params["diagnosis"]), advisors, ask_all, finding)
        told = {
            "changed": False,
            "diagnosis": {**params["diagnosis"], "findings": [each.as_json() for each in after.findings]},
        }
        if one is not None and finding:
            said = next(each for each in after.findings if each.id == finding).advice
            told["advice"] = said[len(said) - len(advisors)].as_json()
        return told

    def _environment(self) -> dict[str, str]:
        """What the keyword ``environment`` of the play and the task sets."""
        untyped: t.Any = self
        given: dict[str, t.Any] = {}
        untyped._compute_environment_string(given)
        return {name: str(value) for name, value in given.items()}
