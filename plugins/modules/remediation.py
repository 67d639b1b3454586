#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
module: remediation
short_description: Apply an approved plan and take the first look at its effect
version_added: 0.1.0
description:
  - Applies exactly the plan that was approved, and watches whether it helps.
  - The module itself checks the decision, from the verified record. No variable, tag or option can stand in for it.
  - The plan is tried once more on the server first. Where the object has changed since it was planned, nothing is written.
  - After the change it waits until the rollout is finished and has held for 60 seconds, or has clearly failed.
  - A change that made it worse, or did not help, is taken back by itself where its tier allows that. The module fails then.
  - On a terminal it shows meanwhile what it waits for, and for how long still.
author:
  - aiops.kubernetes contributors (!UNKNOWN)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - aiops.kubernetes._record
  - aiops.kubernetes._record.phr
  - aiops.kubernetes._attributes
  - aiops.kubernetes._attributes.cluster_module
attributes:
  check_mode:
    support: full
    details:
      - The decision is checked and the plan is tried on the server. Nothing is changed and nothing is recorded.
  diff_mode:
    support: full
    details:
      - What each step changes, and the whole of what it deletes, with secrets taken out.
  idempotent:
    support: full
    details:
      - A plan that was applied is not applied again.
requirements:
  - kubernetes >= 24.2
options:
  progress:
    description:
      - A file to append to what is awaited, one line each. The action plugin of the same name sets it and shows the lines.
    type: path
seealso:
  - module: aiops.kubernetes.remediation_plan
  - module: aiops.kubernetes.rollback
"""

EXAMPLES = r"""
- name: Apply what was approved
  aiops.kubernetes.remediation:
    phr: PHR-20261122-091502-3f9c1a
"""

RETURN = r"""
steps:
  description: Each step of the plan and what it changes, with secrets taken out.
  returned: success
  type: list
  elements: str
  sample:
    - patch Deployment shop/cart
    - '  /spec/template/spec/containers/0/image: "shop/cart:2" -> "shop/cart:1"'
phr:
  description: The id of the record.
  returned: success
  type: str
  sample: PHR-20261122-091502-3f9c1a
state:
  description: Where the plan stands.
  returned: success
  type: str
  sample: applied
tier:
  description: The tier of the plan.
  returned: success
  type: str
  sample: medium
verdict:
  description: The newest verdict; V(better), V(same), V(worse), V(inconclusive), or null before the first.
  returned: success
  type: str
  sample: better
digest:
  description: The digest of the plan.
  returned: success
  type: str
  sample: sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
missing:
  description: The roles in which somebody must still approve.
  returned: success
  type: list
  elements: str
  sample: []
until:
  description: Until when the question stands, or the approval is good.
  returned: success
  type: str
  sample: "2026-11-22T09:45:02Z"
times:
  description: Seconds from the failure to the plan (C(mttd)), from question to approval, and from the failure to a good verdict (C(mttr)).
  returned: success
  type: dict
  sample: {mttd: 41, approval: 25, mttr: 160}
"""

import typing as t

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible import importing

if __name__ == "__main__":
    importing.compile_once()

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.arguments import cluster_module
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.module import failing_clearly
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.progress import PROGRESS, teller
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.recording import (
    PHR,
    RECORDS,
    cluster,
    confirm,
    gauge,
    outcome,
    somebody,
    store,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import Record
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.plan_text import differences, steps
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.apply import (
    apply,
    check,
    require_unkept,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.perform import taken_away

NO_HELP: t.Final = {"worse": "made it worse", "same": "did not help"}


def main() -> t.NoReturn:
    module = cluster_module(phr=PHR, **RECORDS, progress=PROGRESS)
    params = module.params
    with failing_clearly(module):
        kept, by = store(params), somebody()
        reader, writer = cluster(params)
        before = kept.load(params["phr"])
        gone = [taken_away(writer, step) if module._diff else None for step in before.plan.steps]

        def look_once_more(record: Record) -> None:
            confirm(record)
            require_unkept(reader, writer, record)

        if module.check_mode:
            record = check(kept, writer, reader.cluster(), params["phr"], look_once_more)
        else:
            record = apply(kept, writer, reader.cluster(), params["phr"], by, look_once_more)
            # Only the look needs the causes; to import them before the change would be a third of this module's time until it.
            from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.verify import first_gate

            record = first_gate(kept, writer, reader, record, by, gauge(params), teller(params))
        result = {**outcome(record), "steps": steps(record)}
        if module._diff:
            pairs = zip(record.plan.steps, gone, strict=True)
            result["diff"] = [difference for step, taken in pairs for difference in differences(step, taken)]
        if record.verdict in NO_HELP:
            module.fail_json(
                msg=f"{record.id} {NO_HELP[record.verdict]} and is {result['state']} now.", changed=True, **result
            )
        would = module.check_mode and result["state"] == "approved"
        module.exit_json(changed=would or record.head != before.head, **result)


if __name__ == "__main__":
    main()
