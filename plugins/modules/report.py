#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Tell a person what a diagnosis found
version_added: 0.1.0
description:
  - Prints a summary that can be read in a minute, and writes report files on request.
  - The summary is printed where the play prints text. It is always returned.
  - Whatever comes from the cluster is shown with control and bidirectional characters written out.
author:
  - aiops.kubernetes contributors (!UNKNOWN)
extends_documentation_fragment:
  - aiops.kubernetes._attributes
attributes:
  check_mode:
    support: full
    details:
      - The summary is printed, and no file is written.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  diagnosis:
    description:
      - RV(aiops.kubernetes.diagnosis_info#module:diagnosis) as M(aiops.kubernetes.diagnosis_info) returned it.
    type: dict
    required: true
  proposals:
    description:
      - RV(aiops.kubernetes.remediation_plan#module:proposals) as M(aiops.kubernetes.remediation_plan) returned them.
      - Every report shows them, each with the command that asks for its approval.
    type: list
    elements: dict
    default: []
  output_dir:
    description:
      - Write C(diagnosis.json), C(diagnosis.md) and C(diagnosis.html) to this folder on the controller. It is made where it is missing.
    type: path
  fail_on:
    description:
      - From which severity on RV(failing) is true.
    type: str
    choices: [none, warning, critical]
    default: none
seealso:
  - module: aiops.kubernetes.diagnosis_info
notes:
  - This is an action plugin. It runs on the controller.
"""

EXAMPLES = r"""
- name: Find out what fails
  aiops.kubernetes.diagnosis_info:
  register: result

- name: Tell it
  aiops.kubernetes.report:
    diagnosis: "{{ result.diagnosis }}"
    output_dir: reports
"""

RETURN = r"""
summary:
  description: What a person reads.
  returned: success
  type: str
  sample: Nothing is failing. 12 workloads, 40 pods looked at.
files:
  description: The files that were written.
  returned: success
  type: list
  elements: str
  sample: [reports/diagnosis.json, reports/diagnosis.md, reports/diagnosis.html]
result:
  description: The outcome in a word; V(healthy), V(findings) or V(incomplete).
  returned: success
  type: str
  sample: findings
failing:
  description: Whether O(fail_on) is reached, or pods could not be read.
  returned: success
  type: bool
  sample: false
reason:
  description: Why RV(failing) is true, or an empty string.
  returned: success
  type: str
  sample: 2 findings are critical
"""
