#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: remediation_plan
short_description: Plan and rehearse a change for findings, and open a record for each
version_added: 0.1.0
description:
  - Makes one plan for each finding against which a change is known, at most ten, the worst first.
  - The cluster is read again. The given diagnosis only tells which findings are meant.
  - The server tries every plan without storing it - the change, the change with its inverse, and a pod of the changed template.
  - Each plan is kept in a record (PHR). A plan that is there already and still open is found again.
  - Nothing is changed in the cluster.
author:
  - aiops.kubernetes contributors (!UNKNOWN)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - aiops.kubernetes._scope.cluster
  - aiops.kubernetes._record
  - aiops.kubernetes._attributes
  - aiops.kubernetes._attributes.cluster_module
attributes:
  check_mode:
    support: full
    details:
      - The plans are made and rehearsed, and no record is written.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  diagnosis:
    description:
      - What M(aiops.kubernetes.diagnosis_info) returned, or M(aiops.kubernetes.advice_info) after it.
      - What AI tools said in it goes into the records of new plans, and into nothing that a plan is made of.
    type: dict
    required: true
  findings:
    description:
      - The ids of the findings to plan for. An empty list means all of them.
    type: list
    elements: str
    default: []
  candidates:
    description:
      - The value that a plan needs from a person, such as the image to use. A plain value is for the only finding that needs one.
      - For several findings, a dictionary of values by the ids of their findings.
    type: raw
  snapshot:
    description:
      - Plan for the snapshot that was diagnosed. Such a plan can never be applied.
    type: path
  prometheus:
    description:
      - A Prometheus to ask before the change and at every look after it, and what to ask.
      - It holds C(url) and C(queries), a list of dictionaries with C(name), C(query), C(worse) and C(tolerance).
      - A query must give one number. V($namespace) and V($name) in it stand for those of the workload.
      - C(worse) is V(above) or V(below). The figure is worse where it has gone that way by more than C(tolerance) of what it was.
      - C(tolerance) is 0.2 by default.
      - A figure that is not there any more makes the look inconclusive.
      - Where it asks for a token, set E(AIOPS_PROMETHEUS_TOKEN).
    type: dict
seealso:
  - module: aiops.kubernetes.diagnosis_info
  - module: aiops.kubernetes.remediation
"""

EXAMPLES = r"""
- name: Plan for everything that was found
  aiops.kubernetes.remediation_plan:
    diagnosis: "{{ result.diagnosis }}"

- name: Plan with an image that a person named
  aiops.kubernetes.remediation_plan:
    diagnosis: "{{ result.diagnosis }}"
    findings: [f-3b1c5d7e9f02]
    candidates:
      f-3b1c5d7e9f02: registry.example.com/shop/cart:1.4.2

- name: Plan, and watch a rate of errors after the change
  aiops.kubernetes.remediation_plan:
    diagnosis: "{{ result.diagnosis }}"
    prometheus:
      url: https://prometheus.example.com
      queries:
        - name: errors per second
          query: sum(rate(http_requests_total{namespace="$namespace",code=~"5.."}[5m]))
          worse: above
"""

RETURN = r"""
phrs:
  description: The ids of the records, worst finding first.
  returned: success
  type: list
  elements: str
  sample: [PHR-20261122-091502-3f9c1a]
proposals:
  description: One for each finding that was asked for and is still there.
  returned: success
  type: list
  elements: dict
  contains:
    finding:
      description: The id of the finding.
      type: str
      sample: f-3b1c5d7e9f02
    phr:
      description: The id of the record, or null where no plan can be offered.
      type: str
      sample: PHR-20261122-091502-3f9c1a
    digest:
      description: The digest of the plan.
      type: str
      sample: sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
    tier:
      description: The tier of the plan.
      type: str
      sample: medium
    state:
      description: Where it stands. V(none) without a plan.
      type: str
      sample: pending
    dry_run:
      description: What the server said; V(ok), V(forbidden), why it refused, or V(not tried).
      type: str
      sample: ok
    summary:
      description: What the plan does, or null.
      type: str
      sample: raise the memory limit of container app of Deployment shop/cart from 64Mi to 128Mi
    needs:
      description: What a person must name before a plan can be made, or null.
      type: str
      sample: an image that exists
    why_none:
      description: Why no plan can be offered, or null.
      type: str
      sample: no change is known that would surely help secret-missing; a person must act
"""

import dataclasses
import typing as t

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible import importing

if __name__ == "__main__":
    importing.compile_once()

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.arguments import cluster_module
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.module import failing_clearly
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.recording import (
    RECORDS,
    cluster,
    gauge,
    records,
    requester,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster import snapshot
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import Diagnosis
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import measures_from_json
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.store import new_id
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.propose import Site, propose


def main() -> t.NoReturn:
    module = cluster_module(
        diagnosis={"type": "dict", "required": True},
        findings={"type": "list", "elements": "str", "default": []},
        candidates={"type": "raw"},
        snapshot={"type": "path"},
        prometheus={"type": "dict"},
        **RECORDS,
    )
    params = module.params
    with failing_clearly(module):
        kept = records(params, module.check_mode)
        before = set(kept.ids())
        if params["snapshot"]:
            site = Site(snapshot.load(params["snapshot"]), None, kept, requester(), new_id)
        else:
            reader, writer = cluster(params)
            measures = measures_from_json(params["prometheus"]) if params["prometheus"] else None
            site = Site(reader, writer, kept, requester(), new_id, gauge(params), measures)
        diagnosis = Diagnosis.from_json(params["diagnosis"])
        proposals = propose(site, diagnosis, params["findings"], params["candidates"])
        new = [proposal for proposal in proposals if proposal.phr and proposal.phr not in before]
        if module.check_mode:  # a record that is not kept has no id that could be used
            proposals = [dataclasses.replace(each, phr=None) if each in new else each for each in proposals]
        module.exit_json(
            changed=bool(new),
            phrs=[proposal.phr for proposal in proposals if proposal.phr],
            proposals=[dataclasses.asdict(proposal) for proposal in proposals],
        )


if __name__ == "__main__":
    main()
