# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specs.  The one file that knows kubernetes.core: its connection options are ours."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from .._cluster.connection import IN_CLUSTER
from .._model.secrets import secret_name

try:
    from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC
except ImportError:
    # A snapshot needs no kubernetes.core.  Whoever names a cluster gets as far as the error that says what is missing.
    AUTH_ARG_SPEC = {"kubeconfig": {"type": "raw", "no_log": True}, "context": {}}
    HAS_KUBERNETES_CORE = False
else:
    HAS_KUBERNETES_CORE = True

ArgumentSpec = dict[str, dict[str, t.Any]]

CONNECTION: t.Final[ArgumentSpec] = {
    **{name: dict(spec) for name, spec in AUTH_ARG_SPEC.items()},
    # A path is no secret, and every error must name it.  What is secret in a dictionary is hidden by its value.
    "kubeconfig": {"type": "raw", "no_log": False},
}
SCOPE: t.Final[ArgumentSpec] = {
    "namespaces": {"type": "list", "elements": "str", "default": []},
    "label_selector": {"type": "str"},
}


def cluster_module(**own: dict[str, t.Any]) -> AnsibleModule:
    """A module with kubernetes.core's connection options and its own, which supports check mode."""
    module = local_module(**CONNECTION, **own)
    module.no_log_values.update(_secrets(module.params["kubeconfig"]))
    return module


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


def _secrets(kubeconfig: t.Any, name: str = "") -> t.Iterator[str]:
    """The secret values of a kubeconfig given as a dictionary, and nothing else: Ansible hides them wherever they occur."""
    if isinstance(kubeconfig, dict):
        for key, value in kubeconfig.items():
            # the environment of an exec plugin is a list of {name: …, value: …}
            yield from _secrets(value, str(kubeconfig.get("name", "")) if key == "value" else str(key))
    elif isinstance(kubeconfig, list):
        for value in kubeconfig:
            yield from _secrets(value, name)
    elif isinstance(kubeconfig, str) and (secret_name(name) or name == "client-key-data"):
        yield kubeconfig
