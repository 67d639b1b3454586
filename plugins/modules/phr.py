#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
module: phr
short_description: Add a note or a review to a record, or close it
version_added: 0.1.0
description:
  - Adds a note to a record, records the review of what one person did alone, or closes a record.
  - What stands in a record is never changed.
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
  diff_mode:
    support: none
  idempotent:
    support: partial
    details:
      - A note is added each time. A record is closed once.
options:
  note:
    description:
      - What to add.
    type: str
  post_review:
    description:
      - What another person says who has looked at what was done with V(break_glass). It needs a O(signing_key), and is due within
        24 hours. Until then, whoever broke the glass can't do it again.
    type: str
  close:
    description:
      - Whether the case is over.
    type: bool
    default: false
seealso:
  - module: aiops.kubernetes.phr_info
"""

EXAMPLES = r"""
- name: The case is over
  aiops.kubernetes.phr:
    phr: PHR-20261122-091502-3f9c1a
    note: the vendor confirmed the leak, fixed in 1.4.3
    close: true
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
  sample: closed
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
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.recording import (
    PHR,
    RECORDS,
    SIGNING_KEY,
    outcome,
    rehearsed,
    somebody,
    store,
    voice,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.decide import review


def main() -> t.NoReturn:
    module = local_module(
        phr=PHR,
        **RECORDS,
        note={"type": "str"},
        post_review={"type": "str"},
        close={"type": "bool", "default": False},
        signing_key=SIGNING_KEY,
    )
    params = module.params
    with failing_clearly(module):
        real = store(params)
        kept = rehearsed(real, module.check_mode)
        before = record = kept.load(params["phr"])
        if params["note"]:
            record = kept.append(record.id, "note", moments.now(), somebody(), {"text": params["note"]})
        if params["post_review"] and record.review is None:
            record = review(kept, record, voice(params, real), params["post_review"])
        if params["close"] and record.state(moments.now()) != "closed":
            record = kept.append(record.id, "closed", moments.now(), somebody(), {})
        module.exit_json(changed=len(record.events) > len(before.events), **outcome(record))


if __name__ == "__main__":
    main()
