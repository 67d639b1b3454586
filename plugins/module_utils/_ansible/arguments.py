# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specs.  The one file that knows kubernetes.core: its connection options are ours."""

from __future__ import annotations

import typing as t

try:
    from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC
except ImportError:
    # A snapshot needs no kubernetes.core.  Whoever names a cluster gets as far as the error that says what is missing.
    AUTH_ARG_SPEC = {"kubeconfig": {"type": "raw", "no_log": True}, "context": {}}
    HAS_KUBERNETES_CORE = False
else:
    HAS_KUBERNETES_CORE = True

ArgumentSpec = dict[str, dict[str, t.Any]]

CONNECTION: t.Final[ArgumentSpec] = {name: dict(spec) for name, spec in AUTH_ARG_SPEC.items()}
SCOPE: t.Final[ArgumentSpec] = {
    "namespaces": {"type": "list", "elements": "str", "default": []},
    "label_selector": {"type": "str"},
}


def cluster_arguments(**own: dict[str, t.Any]) -> ArgumentSpec:
    """kubernetes.core's connection options with a module's own."""
    return {**CONNECTION, **own}
