#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: phr_info
short_description: List records and verify them
version_added: 0.1.0
description:
  - Lists the records (PHRs) with their state, or shows one.
  - Each is verified - its plan, the chain of its events, and the page that people read. The first bad item is named.
author:
  - aiops.kubernetes contributors (!UNKNOWN)
extends_documentation_fragment:
  - aiops.kubernetes._record
  - aiops.kubernetes._attributes
  - aiops.kubernetes._attributes.info_module
options:
  phr:
    description:
      - The id of one record. All are listed where it is not given.
    type: str
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
"""

import typing as t

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.arguments import local_module
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.recording import RECORDS, store
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.running import failing_clearly
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.phr import page
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.audit import inspect


def main() -> t.NoReturn:
    module = local_module(phr={"type": "str"}, **RECORDS)
    with failing_clearly(module):
        kept = store(module.params)
        wanted = [module.params["phr"]] if module.params["phr"] else kept.ids()
        module.exit_json(changed=False, phrs=[inspect(kept, phr, page) for phr in wanted])


if __name__ == "__main__":
    main()
