#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: phr_info
short_description: List records, verify them, and tell whether every change was decided
version_added: 0.1.0
description:
  - Lists the records (PHRs) with their state, or shows one.
  - Each is verified - its plan, the chain of its events, the signatures, and the page that people read. The first bad item is named.
  - Tells over all of them whether every change had a valid decision, and how long it took to find, to decide and to repair.
author:
  - aiops.kubernetes contributors (!UNKNOWN)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - aiops.kubernetes._record
  - aiops.kubernetes._attributes
  - aiops.kubernetes._attributes.info_module
options:
  phr:
    description:
      - The id of one record. All are listed where it is not given.
    type: str
  month:
    description:
      - Only the records that were opened in this month, as in V(2026-11).
    type: str
  ask_cluster:
    description:
      - Whether the cluster is asked what our field manager wrote, so that a change without a record is found, too.
        Only metadata is read, of the kinds that plans change.
    type: bool
    default: false
  namespaces:
    description:
      - The namespaces that the cluster is asked about. All where none is named.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: List and verify all records
  aiops.kubernetes.phr_info:
  register: records

- name: Every record must verify
  ansible.builtin.assert:
    that: records.phrs | rejectattr('valid') | list == []
"""

RETURN = r"""
phrs:
  description: The records, oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id.
      type: str
      sample: PHR-20261122-091502-3f9c1a
    state:
      description: Where the plan stands, or null where the record does not verify.
      type: str
      sample: applied
    tier:
      description: The tier of the plan.
      type: str
      sample: medium
    verdict:
      description: The newest verdict, or null.
      type: str
      sample: better
    summary:
      description: What the plan does.
      type: str
      sample: give Deployment shop/cart the template of revision 3 again, which has 2 ready pods now
    valid:
      description: Whether it verifies.
      type: bool
      sample: true
    errors:
      description: The first bad item, where it does not.
      type: list
      elements: str
      sample: []
compliance:
  description: What all the records together say.
  returned: success
  type: dict
  contains:
    compliant:
      description: Whether nothing below is wrong.
      type: bool
      sample: true
    changes:
      description: How many plans were claimed for being applied.
      type: int
      sample: 12
    approved:
      description: How many of them persons approved, validly.
      type: int
      sample: 9
    by_policy:
      description: How many the policy decided, of tier trivial.
      type: int
      sample: 3
    unapproved:
      description: Those without a valid decision for the tier of their steps.
      type: list
      elements: str
      sample: []
    invalid:
      description: Records that do not verify.
      type: list
      elements: str
      sample: []
    changed:
      description: >-
        Files of records that differ from what was committed, or are gone; and what a later commit removed or changed, with
        who made that commit.
      type: list
      elements: str
      sample: []
    broken_glass:
      description: Those that one person did alone.
      type: list
      elements: str
      sample: []
    reviews_overdue:
      description: Those of them that nobody else reviewed within 24 hours.
      type: list
      elements: str
      sample: []
    late_rollbacks:
      description: Those whose rollback began later than their tier allows, or has not begun and is late.
      type: list
      elements: str
      sample: []
    unrecorded:
      description: What the cluster says our field manager wrote and no record tells; null where the cluster was not asked.
      type: list
      elements: str
      sample: []
    unread:
      description: What the cluster did not let be read.
      type: list
      elements: str
      sample: []
    times:
      description: Seconds to the plan (C(mttd)), from question to approval, and to a good verdict (C(mttr)).
      type: dict
      sample: {mttd: {count: 12, mean: 40, median: 35}}
    retention:
      description: How long records are to be kept, in days, when the oldest was opened, and how many are beyond that.
      type: dict
      sample: {days: 365, oldest: "2026-11-22T09:15:02Z", beyond: 0}
markdown:
  description: The same as a page.
  returned: success
  type: str
  sample: "# Audit of all records: compliant"
"""

import re
import typing as t

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.arguments import CONNECTION, cluster_module
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.module import failing_clearly
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.recording import RECORDS, store
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.running import (
    connection_options,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.connection import connect
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.managed import written
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.audit import audit_page
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.phr import page, times
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.audit import RETENTION_DAYS, Audit


def main() -> t.NoReturn:
    module = cluster_module(
        phr={"type": "str"},
        month={"type": "str"},
        ask_cluster={"type": "bool", "default": False},
        namespaces={"type": "list", "elements": "str", "default": []},
        **RECORDS,
    )
    params = module.params
    with failing_clearly(module):
        month, now = params["month"], moments.now()
        if month and not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month):
            raise AiopsError(f"{month!r} is no month like 2026-11.")
        kept = store(params)
        wanted = [params["phr"]] if params["phr"] else kept.ids(month=month or "")
        audit = Audit()
        phrs = [audit.look(kept, phr, page, times, now) for phr in wanted]
        asked = params["ask_cluster"]
        connection = connect(connection_options(params, CONNECTION)) if asked else None
        ours, unread = written(connection, params["namespaces"]) if connection else (None, [])
        kept_since = moments.after(now, -RETENTION_DAYS * 86400) or ""
        gone = [*kept.changed(params["phr"]), *kept.lost(kept_since, params["phr"] or "")]
        compliance = audit.compliance(ours, unread, gone)
        text = audit_page(compliance, phrs, params["phr"] or month or "all records", now)
        module.exit_json(changed=False, phrs=phrs, compliance=compliance, markdown=text)


if __name__ == "__main__":
    main()
