# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module does alike, whether it needs a cluster or not: nothing here loads the Kubernetes client."""

from __future__ import annotations

import contextlib
import os
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from .._model.access import IN_CLUSTER
from .._model.errors import AiopsError


def local_module(**own: t.Any) -> AnsibleModule:
    """A module that needs no cluster.  Its relative paths start where Ansible was started, not in the playbook's folder."""
    module = AnsibleModule(own, supports_check_mode=True)
    module.params.update(from_the_start(own, module.params))
    return module


def from_the_start(own: t.Mapping[str, t.Mapping[str, t.Any]], params: t.Mapping[str, t.Any]) -> dict[str, str]:
    """The paths among these parameters, from the folder in which Ansible was started.

    The playbooks tell it in an environment variable: the shell that runs a module sets PWD to the playbook's own folder.
    """
    start = os.environ.get("AIOPS_STARTED_IN") or os.environ.get("PWD", "")
    return {
        name: str(Path(start, Path(params[name]).expanduser()))
        for name, spec in own.items()
        if isinstance(params.get(name), str)
        and (spec.get("type") == "path" or (name == "kubeconfig" and params[name] != IN_CLUSTER))
    }


@contextlib.contextmanager
def failing_clearly(module: AnsibleModule) -> t.Iterator[None]:
    """An AiopsError ends the module with its text and no traceback; any other exception is a defect and stays one."""
    try:
        yield
    except AiopsError as exc:
        module.fail_json(msg=str(exc))
