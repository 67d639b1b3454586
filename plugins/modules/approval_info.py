#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
module: approval_info
short_description: Tell the state of an approval
version_added: 0.1.0
description:
  - Tells whether a plan is approved, who must still approve it, and until when.
author:
  - aiops.kubernetes contributors (!UNKNOWN)
extends_documentation_fragment:
  - aiops.kubernetes._record
  - aiops.kubernetes._record.phr
  - aiops.kubernetes._attributes
  - aiops.kubernetes._attributes.info_module
"""

EXAMPLES = r"""
- name: Is it approved?
  aiops.kubernetes.approval_info:
    phr: PHR-20261122-091502-3f9c1a
  register: approval
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

import typing as t

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.module import failing_clearly, local_module
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.recording import PHR, RECORDS, outcome, store


def main() -> t.NoReturn:
    module = local_module(phr=PHR, **RECORDS)
    with failing_clearly(module):
        module.exit_json(changed=False, **outcome(store(module.params).load(module.params["phr"])))


if __name__ == "__main__":
    main()
