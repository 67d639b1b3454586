#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
module: approval
short_description: Reject a plan, or revoke its approval
version_added: 0.1.0
description:
  - Records a person's word on a plan without asking at a terminal.
  - A plan can be rejected, and what was approved can be revoked as long as it was not applied.
  - There is no way here to approve - M(aiops.kubernetes.approval_prompt) asks a person at a terminal for that.
author:
  - aiops.kubernetes contributors (!UNKNOWN)
extends_documentation_fragment:
  - aiops.kubernetes._record
  - aiops.kubernetes._record.phr
  - aiops.kubernetes._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  verdict:
    description:
      - V(reject) ends the plan. V(revoke) takes an approval back.
    type: str
    choices: [reject, revoke]
    required: true
  justification:
    description:
      - Why. It is recorded.
    type: str
    default: ""
seealso:
  - module: aiops.kubernetes.approval_prompt
"""

EXAMPLES = r"""
- name: This plan is not wanted
  aiops.kubernetes.approval:
    phr: PHR-20261122-091502-3f9c1a
    verdict: reject
    justification: the release is rolled forward instead
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
  sample: rejected
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

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.arguments import local_module
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.recording import (
    PHR,
    PHR_DIR,
    outcome,
    records,
    somebody,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.running import failing_clearly
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.decide import decide

_DONE: t.Final = {"reject": "rejected", "revoke": "revoked"}


def main() -> t.NoReturn:
    module = local_module(
        phr=PHR,
        phr_dir=PHR_DIR,
        verdict={"type": "str", "choices": ["reject", "revoke"], "required": True},
        justification={"type": "str", "default": ""},
    )
    params = module.params
    with failing_clearly(module):
        kept = records(params, module.check_mode)
        record = kept.load(params["phr"])
        changed = record.state(moments.now()) != _DONE[params["verdict"]]
        if changed:
            record = decide(kept, record, params["verdict"], somebody(), params["justification"])
        module.exit_json(changed=changed, **outcome(record))


if __name__ == "__main__":
    main()
