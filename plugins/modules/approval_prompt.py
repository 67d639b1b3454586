#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
module: approval_prompt
short_description: Show a plan to the person at the terminal and record the answer
version_added: 0.1.0
description:
  - Shows one plan whole, asks the person at the terminal, and itself records the decision.
    Its result is an input to nothing - M(aiops.kubernetes.remediation) reads the record.
  - With O(signing_key) the answer is signed, which is a stronger proof than the terminal. Tier critical needs it, or AWX.
  - Only C(APPROVE) with the first eight digits of the plan's digest approves, and only C(REJECT) rejects.
    Anything else, an interrupt, the end of the input or of the time leave the plan pending.
  - Where nobody can be asked, the plan stays pending, and the task succeeds.
author:
  - aiops.kubernetes contributors (!UNKNOWN)
extends_documentation_fragment:
  - aiops.kubernetes._record
  - aiops.kubernetes._record.phr
  - aiops.kubernetes._record.signing
  - aiops.kubernetes._attributes
attributes:
  check_mode:
    support: full
    details:
      - The plan is shown, and nobody is asked.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - A plan that is decided is not asked about again.
options:
  frontend:
    description:
      - Where a person can be asked. V(auto) finds out; AWX and CI give a play a terminal at which nobody sits.
    type: str
    choices: [auto, terminal, awx, ci, none]
    default: auto
  timeout:
    description:
      - How many seconds to wait for the answer. By default as long as the tier of the plan gives.
    type: int
  verdict:
    description:
      - What is asked for. V(break_glass) goes ahead without waiting and without a second person, with a signature and an O(incident).
        V(approve_rollback) decides that an applied change of tier critical is taken back.
    type: str
    choices: [approve, break_glass, approve_rollback]
    default: approve
  incident:
    description:
      - The id of the incident for which the glass is broken.
    type: str
    default: ""
notes:
  - This is an action plugin. It runs on the controller.
seealso:
  - module: aiops.kubernetes.approval
  - module: aiops.kubernetes.remediation
"""

EXAMPLES = r"""
- name: Ask
  aiops.kubernetes.approval_prompt:
    phr: PHR-20261122-091502-3f9c1a
"""

RETURN = r"""
approved:
  description: Whether the plan may be applied now.
  returned: success
  type: bool
  sample: true
asked_elsewhere:
  description: Whether it is AWX that knows the answer; M(aiops.kubernetes.approval) fetches it.
  returned: success
  type: bool
  sample: false
told:
  description: What the person was told, where the plan stays as it was.
  returned: success
  type: str
  sample: ""
phr:
  description: The id of the record.
  returned: success
  type: str
  sample: PHR-20261122-091502-3f9c1a
state:
  description: Where the plan stands.
  returned: success
  type: str
  sample: pending
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
