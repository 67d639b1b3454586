#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: diagnosis_info
short_description: Find out why workloads of a Kubernetes cluster fail
version_added: 0.1.0
description:
  - Reads pods, their owners, events, nodes and logs, and names the cause of each failure with its proof.
  - The causes are found by fixed rules. No AI takes part.
  - There is one finding for each cause, workload and container, however many pods are affected.
  - Instead of a cluster a snapshot can be read that M(aiops.kubernetes.cluster_snapshot) took.
author:
  - aiops.kubernetes contributors (!UNKNOWN)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - aiops.kubernetes._scope
  - aiops.kubernetes._scope.cluster
  - aiops.kubernetes._attributes
  - aiops.kubernetes._attributes.cluster_module
  - aiops.kubernetes._attributes.info_module
options:
  snapshot:
    description:
      - Diagnose this snapshot instead of a cluster. C(kubernetes) and C(kubernetes.core) are not needed then.
    type: path
seealso:
  - module: aiops.kubernetes.report
  - module: aiops.kubernetes.cluster_snapshot
"""

EXAMPLES = r"""
- name: Find out what fails in namespace shop
  aiops.kubernetes.diagnosis_info:
    namespaces: [shop]
  register: result

- name: Show the causes
  ansible.builtin.debug:
    msg: "{{ result.diagnosis.findings | map(attribute='summary') }}"

- name: Diagnose a snapshot that somebody sent
  aiops.kubernetes.diagnosis_info:
    snapshot: incident-42.json
"""

RETURN = r"""
diagnosis:
  description: What was found.
  returned: success
  type: dict
  contains:
    schema:
      description: Name and version of this structure.
      type: str
      sample: aiops.kubernetes/diagnosis/1
    cluster:
      description:
        - The cluster that was read.
        - Its C(uid) is that of namespace C(kube-system), or null where it may not be read.
      type: dict
      sample: {context: prod, server: "https://10.0.0.1:6443", uid: 5c3e0a6e-6f0f-4f5d-9d3f-2d1f0a2b3c4d, version: v1.36.2}
    scope:
      description: What was asked for.
      type: dict
      sample: {namespaces: [shop], label_selector: null}
    observed_at:
      description: When it was read; for a snapshot, when that was taken.
      type: str
      sample: "2026-11-22T09:15:02Z"
    findings:
      description: The causes, worst first. An empty list means that nothing fails.
      type: list
      elements: dict
      contains:
        id:
          description: Stays the same for the same cause on the same workload and container.
          type: str
          sample: f-3b1c5d7e9f02
        cause:
          description: A word of the closed vocabulary, or V(undetermined).
          type: str
          sample: configmap-missing
        confidence:
          description: How sure it is; V(confirmed), V(probable) or V(undetermined).
          type: str
          sample: confirmed
        severity:
          description:
            - V(critical) where nothing of the workload is ready, V(warning) where some of it is.
            - V(info) for what follows from another finding.
          type: str
          sample: critical
        subject:
          description: The object that somebody would edit.
          type: dict
          sample: {kind: Deployment, namespace: shop, name: cart}
        workload:
          description: The workload that suffers, or null.
          type: dict
          sample: {kind: Deployment, namespace: shop, name: cart}
        container:
          description: The container concerned, or null.
          type: str
          sample: app
        summary:
          description: The cause in one line.
          type: str
          sample: ConfigMap shop/cart-config does not exist, and container app needs it
        explanation:
          description: Why this cause and not its neighbours.
          type: str
          sample: The pod names the ConfigMap without marking it optional, so the kubelet can't start the container until it exists.
        next_step:
          description: The next command for a person.
          type: str
          sample: "kubectl -n shop get configmaps   # then create cart-config, or correct its name in Deployment shop/cart"
        since:
          description: Since when it fails, or null.
          type: str
          sample: "2026-11-22T09:11:40Z"
        replicas_affected:
          description: How many pods fail for this cause.
          type: int
          sample: 3
        evidence:
          description: The proof, the decisive piece first. Each has C(id), C(kind), C(source), C(text) and C(at).
          type: list
          elements: dict
          sample:
            - id: e1
              kind: status
              source: "Pod shop/cart-5d9c-x7k2p: status.containerStatuses[app].state.waiting"
              text: 'CreateContainerConfigError: configmap "cart-config" not found'
              at: null
        candidates:
          description: What may be meant instead, with the reason. Never certain.
          type: list
          elements: dict
          sample: [{what: ConfigMap shop/cart-configs, why: the name is similar}]
        remedies:
          description: Kinds of change that would help.
          type: list
          elements: dict
          sample: []
        advice:
          description: Comments of AI tools.
          type: list
          elements: dict
          sample: []
        caused_by:
          description: The id of the finding that this one follows from, or null.
          type: str
          sample: null
        runbook:
          description: The page of the collection that tells more.
          type: str
          sample: runbooks/configuration.md#configmap-missing
    proposals:
      description: Plans for the findings.
      type: list
      elements: dict
      sample: []
    unreadable:
      description: What could not be read, with the server's answer. Findings may be missing then.
      type: list
      elements: dict
      sample: [{resource: events, namespace: shop, status: 403, message: events is forbidden}]
    counts:
      description: How much was looked at.
      type: dict
      sample: {workloads: 12, healthy: 9, pods: 40}
    stats:
      description: What the reading cost.
      type: dict
      sample: {requests: 13, seconds: 0.41}
"""

import gc
import typing as t

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible import importing

if __name__ == "__main__":
    importing.compile_once()
    gc.disable()  # what is imported stays to the end: to collect meanwhile is a tenth of this module's time (measured)

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.arguments import SCOPE, cluster_module
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.module import failing_clearly
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.running import reader, scope
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.diagnose import diagnose


def main() -> t.NoReturn:
    module = cluster_module(**SCOPE, snapshot={"type": "path"})
    with failing_clearly(module):
        diagnosis = diagnose(reader(module.params), scope(module.params))
        module.exit_json(changed=False, diagnosis=diagnosis.as_json())


if __name__ == "__main__":
    main()
