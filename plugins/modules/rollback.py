#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
module: rollback
short_description: Take an applied plan back
version_added: 0.1.0
description:
  - Takes an applied plan back, path by path, by the inverse that was approved with it.
  - Where somebody else has changed the same place since, nothing is written, and the difference is recorded and returned.
  - What others changed in other places stays.
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
      - Says whether there is something to take back, and changes nothing.
  diff_mode:
    support: none
  idempotent:
    support: full
requirements:
  - kubernetes >= 24.2
options:
  reason:
    description:
      - Why. It is recorded.
    type: str
    default: asked for by a person
seealso:
  - module: aiops.kubernetes.remediation
"""

EXAMPLES = r"""
- name: Take it back
  aiops.kubernetes.rollback:
    phr: PHR-20261122-091502-3f9c1a
    reason: checkout is slower than before
"""

RETURN = r"""
phr:
  description: The id of the record.
  returned: success
  type: str
  sample: PHR-20261122-091502-3f9c1a
state:
  description: Where the plan stands.
  returned: success
  type: str
  sample: rolled_back
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

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.arguments import cluster_module
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.module import failing_clearly
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.recording import (
    PHR,
    RECORDS,
    cluster,
    confirm,
    outcome,
    somebody,
    store,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.roll_back import require_applied, roll_back


def main() -> t.NoReturn:
    module = cluster_module(phr=PHR, **RECORDS, reason={"type": "str", "default": "asked for by a person"})
    params = module.params
    with failing_clearly(module):
        kept = store(params)
        before = kept.load(params["phr"])
        require_applied(before)
        record = before
        if not module.check_mode:
            _reader, writer = cluster(params)
            record = roll_back(kept, writer, params["phr"], somebody(), params["reason"], confirm)
        result = outcome(record)
        last = record.events[-1]
        if last.type in ("rollback_blocked", "rollback_failed"):
            difference = last.body.get("difference", [])
            module.fail_json(
                msg=f"{record.id} was not taken back: {last.body['reason']}.", difference=difference, **result
            )
        changed = result["state"] != "rolled_back" if module.check_mode else record.head != before.head
        module.exit_json(changed=changed, **result)


if __name__ == "__main__":
    main()
