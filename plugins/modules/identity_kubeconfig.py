#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
module: identity_kubeconfig
short_description: Write a kubeconfig with a short-lived token of a ServiceAccount, and remove it again
version_added: 0.1.0
description:
  - Asks the cluster for a token (C(TokenRequest)) and writes a kubeconfig with it that only its owner can read.
  - No Secret is made or read. The token ends by itself.
  - The role C(aiops.kubernetes.cluster_access) makes the identities that this is for.
author:
  - aiops.kubernetes contributors (!UNKNOWN)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - aiops.kubernetes._attributes
  - aiops.kubernetes._attributes.cluster_module
attributes:
  check_mode:
    support: full
    details:
      - No token is asked for and no file is written or removed.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details:
      - Each run with O(state=present) writes a new token.
requirements:
  - kubernetes >= 24.2
options:
  namespace:
    description: The namespace of the ServiceAccount. Needed for O(state=present).
    type: str
  name:
    description: The name of the ServiceAccount. Needed for O(state=present).
    type: str
  path:
    description: The file. One that is there already is replaced.
    type: path
    required: true
  seconds:
    description: How long the token shall be good for. The API server takes 600 at least, and may give another time.
    type: int
    default: 3600
  state:
    description: V(absent) removes the file. It needs no cluster.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: aiops.kubernetes.access_review_info
"""

EXAMPLES = r"""
- name: Use the reader for what follows
  aiops.kubernetes.identity_kubeconfig:
    namespace: aiops
    name: reader
    path: /run/user/1000/reader.kubeconfig

- name: It is not needed any more
  aiops.kubernetes.identity_kubeconfig:
    path: /run/user/1000/reader.kubeconfig
    state: absent
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
  sample: /run/user/1000/reader.kubeconfig
expires:
  description: Until when the token is good; null where there is none.
  returned: success
  type: str
  sample: "2026-11-22T10:15:02Z"
"""

import typing as t
from pathlib import Path

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.arguments import cluster_module
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.module import failing_clearly
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.running import connection
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.identity import kubeconfig_of, save

OPTIONS: t.Final[dict[str, t.Any]] = {
    "namespace": {"type": "str"},
    "name": {"type": "str"},
    "path": {"type": "path", "required": True},
    "seconds": {"type": "int", "default": 3600},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main() -> t.NoReturn:
    module = cluster_module(**OPTIONS)
    params, path = module.params, module.params["path"]
    with failing_clearly(module):
        if params["state"] == "absent":
            there = Path(path).exists()
            if not module.check_mode:
                Path(path).unlink(missing_ok=True)
            module.exit_json(changed=there, path=path, expires=None)
        if not (params["namespace"] and params["name"]):
            module.fail_json(msg="namespace and name are needed with state present.")
        expires = None
        if not module.check_mode:
            content, expires = kubeconfig_of(connection(params), params["namespace"], params["name"], params["seconds"])
            save(content, path)
        module.exit_json(changed=True, path=path, expires=expires)


if __name__ == "__main__":
    main()
