#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
module: verification
short_description: Look again at what was changed
version_added: 0.1.0
description:
  - Looks again at what was changed, 5, 15 and 60 minutes after the change, and records what it sees.
  - Run it often, by a schedule. It takes what is due and nothing else.
  - A change that made it worse is taken back by itself where its tier allows that.
  - What can't be read, or a figure that is not there any more, is inconclusive. Two such looks in a row ask for a person, by a warning
    and by a note in the record.
author:
  - aiops.kubernetes contributors (!UNKNOWN)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - aiops.kubernetes._record
  - aiops.kubernetes._attributes
  - aiops.kubernetes._attributes.cluster_module
attributes:
  check_mode:
    support: full
    details:
      - Says which records have a look due, and takes none.
  diff_mode:
    support: none
  idempotent:
    support: full
requirements:
  - kubernetes >= 24.2
options:
  phr:
    description:
      - The id of the record. All records are looked through where it is not given.
    type: str
seealso:
  - module: aiops.kubernetes.remediation
"""

EXAMPLES = r"""
- name: Take every look that is due
  aiops.kubernetes.verification:
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
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.recording import (
    RECORDS,
    cluster,
    gauge,
    outcome,
    somebody,
    store,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.verify import (
    due,
    look_again,
    needs_a_person,
)


def main() -> t.NoReturn:
    module = cluster_module(phr={"type": "str"}, **RECORDS)
    params = module.params
    with failing_clearly(module):
        kept = store(params)
        all_of_them = (kept.load(phr) for phr in ([params["phr"]] if params["phr"] else kept.ids()))
        found = [record for record in all_of_them if due(record, moments.now())]
        if found and not module.check_mode:
            reader, writer = cluster(params)
            measuring = gauge(params)
            found = [look_again(kept, writer, reader, record, somebody(), measuring) for record in found]
        late = [record.id for record in found if record.rollback_late(moments.now())]
        told = f" Taken back later than the tier allows: {', '.join(late)}." if late else ""
        phrs = [outcome(record) for record in found]
        worse = [record.id for record in found if record.verdict == "worse" and not module.check_mode]
        if worse:
            module.fail_json(msg=f"{', '.join(worse)} made it worse.{told}", changed=True, phrs=phrs)
        asking = [record.id for record in found if needs_a_person(record)]
        if asking:
            module.warn(f"{', '.join(asking)}: two looks in a row were inconclusive. A person must look.")
        module.exit_json(changed=bool(found), phrs=phrs)


if __name__ == "__main__":
    main()
