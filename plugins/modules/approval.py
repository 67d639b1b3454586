#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
module: approval
short_description: Record a decision by signature or by AWX, reject a plan, or revoke its approval
version_added: 0.1.0
description:
  - Records a person's word on a plan without asking at a terminal.
  - Who it is, is proven by a signature with O(signing_key), or by AWX, which the module itself asks who approved the workflow
    that it runs in. There is no option for a name, and no way to say that somebody sits at a terminal -
    M(aiops.kubernetes.approval_prompt) asks there.
  - Whoever is the owner of a key or an account, and in which roles, stands in C(trust/allowed_signers) and C(trust/identities.yml)
    on the protected branch of the records.
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
      - A plan that is approved, rejected or revoked stays so. Each person approves once.
options:
  verdict:
    description:
      - V(approve) approves the plan, V(reject) ends it, V(revoke) takes an approval back as long as the plan was not applied.
      - V(break_glass) goes ahead without waiting and without a second person. It needs a signature and an O(incident),
        and somebody else must review it within 24 hours with M(aiops.kubernetes.phr).
      - V(approve_rollback) decides that an applied change of tier critical is taken back.
      - V(reject) and V(revoke) need no proof of who it is.
    type: str
    choices: [approve, reject, revoke, break_glass, approve_rollback]
    required: true
  justification:
    description:
      - Why, in at least 10 characters where the tier asks for it. It is recorded, and signed with the rest.
    type: str
    default: ""
  incident:
    description:
      - The id of the incident for which the glass is broken.
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

- name: Approve with a key
  aiops.kubernetes.approval:
    phr: PHR-20261122-091502-3f9c1a
    verdict: approve
    justification: seen in the log, the former revision was good
    signing_key: ~/.ssh/id_ed25519
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

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.module import failing_clearly, local_module
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.recording import (
    PHR,
    RECORDS,
    SIGNING_KEY,
    outcome,
    platform_voices,
    rehearsed,
    somebody,
    store,
    voice,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import Record
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.records import Records
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.store import Store
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.decide import (
    EVENTS,
    ask,
    decide,
    decide_by_platform,
)

_DONE: t.Final = frozenset({"approved", "rejected", "revoked"})


def _speak(records: Records, store_: Store, record: Record, params: t.Mapping[str, t.Any]) -> Record:
    verdict = params["verdict"]
    if not params["signing_key"] and verdict not in {"reject", "revoke"}:
        asked, voices = platform_voices(record)
        return decide_by_platform(records, record, verdict, asked, voices, somebody())
    speaker = voice(params, store_)
    if verdict == "approve" and not record.first("asked"):
        record = ask(records, record.id, somebody(), moments.now())
    return decide(records, record, verdict, speaker, params["justification"], params["incident"])


def main() -> t.NoReturn:
    module = local_module(
        phr=PHR,
        **RECORDS,
        verdict={"type": "str", "choices": list(EVENTS), "required": True},
        justification={"type": "str", "default": ""},
        incident={"type": "str", "default": ""},
        signing_key=SIGNING_KEY,
    )
    params = module.params
    with failing_clearly(module):
        kept = store(params)
        before = record = kept.load(params["phr"])
        if record.state(moments.now()) not in _DONE & {EVENTS[params["verdict"]]}:
            record = _speak(rehearsed(kept, module.check_mode), kept, record, params)
        module.exit_json(changed=len(record.events) > len(before.events), **outcome(record))


if __name__ == "__main__":
    main()
