#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_snapshot
short_description: Save what a diagnosis of a Kubernetes cluster reads, redacted, to one file
version_added: 0.1.0
description:
  - Reads the cluster as M(aiops.kubernetes.diagnosis_info) does and writes everything that was read to one file.
  - The file gives the same diagnosis anywhere, without the cluster.
  - It holds no Secret, no content of a ConfigMap, and no value that looks like a password, token or key.
    Look through it before you send it to somebody all the same.
author:
  - aiops.kubernetes contributors (!UNKNOWN)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - aiops.kubernetes._scope
  - aiops.kubernetes._scope.cluster
  - aiops.kubernetes._attributes
  - aiops.kubernetes._attributes.cluster_module
attributes:
  check_mode:
    support: full
    details:
      - The cluster is read, and no file is written.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Every run writes what is there at that moment.
options:
  path:
    description:
      - The file to write. One that is there already is replaced.
    type: path
    required: true
seealso:
  - module: aiops.kubernetes.diagnosis_info
"""

EXAMPLES = r"""
- name: Keep what can be seen of an incident now
  aiops.kubernetes.cluster_snapshot:
    namespaces: [shop]
    path: incident-42.json
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
  sample: incident-42.json
objects:
  description: How many objects of each kind were read.
  returned: success
  type: dict
  sample: {Pod: 40, Event: 112, Deployment: 8}
unreadable:
  description: What could not be read, with the server's answer.
  returned: success
  type: list
  elements: dict
  sample: []
"""

import dataclasses
import typing as t

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.arguments import SCOPE, cluster_module
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.module import failing_clearly
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.running import (
    live_reader,
    scope,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster import snapshot
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.diagnose import collect


def main() -> t.NoReturn:
    module = cluster_module(**SCOPE, path={"type": "path", "required": True})
    path = module.params["path"]
    with failing_clearly(module):
        evidence = collect(live_reader(module.params), scope(module.params))
        if not module.check_mode:
            snapshot.save(evidence, path)
        module.exit_json(
            changed=True,
            path=path,
            objects={kind: len(items) for kind, items in evidence.objects.items()},
            unreadable=[dataclasses.asdict(gap) for gap in evidence.unreadable],
        )


if __name__ == "__main__":
    main()
