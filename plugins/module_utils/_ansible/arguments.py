# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specs.  The one file that knows kubernetes.core: its connection options are ours."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule

from .._model.secrets import secret_name
from .module import local_module

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
