#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
module: metrics_api_info
short_description: Tell who serves the resource metrics of a cluster, and why not
version_added: 0.1.0
description:
  - Finds what the APIService C(v1beta1.metrics.k8s.io) leads to, who made it, and whether it serves metrics of nodes and pods.
  - Where it does not, the pods and their logs say why, as far as they do.
author:
  - aiops.kubernetes contributors (!UNKNOWN)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - aiops.kubernetes._attributes
  - aiops.kubernetes._attributes.cluster_module
  - aiops.kubernetes._attributes.info_module
requirements:
  - kubernetes >= 24.2
options:
  wait:
    description: How many seconds to wait until the metrics are served.
    type: int
    default: 0
seealso:
  - module: aiops.kubernetes.diagnosis_info
"""

EXAMPLES = r"""
- name: Are there metrics?
  aiops.kubernetes.metrics_api_info:
  register: metrics

- name: Say who serves them, or why nobody does
  ansible.builtin.debug:
    msg: "{{ metrics.because }}"
"""

RETURN = r"""
owner:
  description:
    - Who made it, by the marks that it carries. V(ours) is the role C(aiops.kubernetes.metrics_server), V(none) nobody.
    - One of V(none), V(ours), V(helm), V(addon), V(k3s), V(other).
  returned: success
  type: str
  sample: helm
owned_by:
  description: The same in words.
  returned: success
  type: str
  sample: the Helm release monitoring/metrics-server
version:
  description: The tag of its image, or null.
  returned: success
  type: str
  sample: v0.9.0
healthy:
  description: Whether metrics of nodes and of pods are served.
  returned: success
  type: bool
  sample: true
because:
  description: What is wrong, or what was seen.
  returned: success
  type: str
  sample: the metrics of nodes and pods are served by the Helm release monitoring/metrics-server
"""

import dataclasses
import typing as t

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.arguments import cluster_module
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.module import failing_clearly
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.running import connection
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.metrics import LiveMetrics
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.look_at_metrics import look_at_metrics


def main() -> t.NoReturn:
    module = cluster_module(wait={"type": "int", "default": 0})
    with failing_clearly(module):
        found = look_at_metrics(LiveMetrics(connection(module.params)), module.params["wait"])
        module.exit_json(changed=False, **dataclasses.asdict(found))


if __name__ == "__main__":
    main()
