#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: advice_info
short_description: Ask AI tools what they say about findings
version_added: 0.1.0
description:
  - Shows the evidence of a finding to one or several AI tools, and returns what they say beside the finding.
  - Advice is a comment. Causes, remedies, plans, tiers and decisions stay those of the collection, whatever a tool says.
  - A tool is shown at most 8 kB of redacted text, and not what the diagnosis says, so that its agreement means something.
  - An answer counts only where it names a known cause, and refers to evidence that was shown. Anything else is an invalid answer.
  - A tool that is missing, broken or slow is no failure of the task. RV(advice.state) and RV(advice.reason) say what happened.
author:
  - aiops.kubernetes contributors (!UNKNOWN)
extends_documentation_fragment:
  - aiops.kubernetes._attributes
  - aiops.kubernetes._attributes.info_module
options:
  diagnosis:
    description: What M(aiops.kubernetes.diagnosis_info) returned as RV(aiops.kubernetes.diagnosis_info#module:diagnosis).
    type: dict
    required: true
  finding:
    description:
      - The id of the finding to ask about.
      - Without it, the five worst are asked about that do not follow from another one.
    type: str
  advisor:
    description:
      - The tool to ask; V(openai_compatible), V(kubectl_ai) or V(kagent), or a dictionary whose C(kind) is one of these.
      - C(name) is what reports call it, by default its kind. C(seconds) is its time limit, 60 by default.
      - C(url) is the address of the model server, up to and with C(/v1), by default from E(OPENAI_BASE_URL); for V(kagent) that of
        an agent, by default from E(KAGENT_URL). C(model) is the model, by default from E(OPENAI_MODEL).
      - C(key_from) names the variable of the environment in which its key stands, by default E(OPENAI_API_KEY), for V(kagent)
        E(KAGENT_TOKEN). There is no other way to give a key.
      - C(executable) is the program of V(kubectl_ai). C(kubeconfig) is what that may look around with; without it, it sees no cluster.
    type: raw
  advisors:
    description: More tools. All are asked side by side, so that they take as long as the slowest.
    type: list
    elements: raw
    default: []
seealso:
  - module: aiops.kubernetes.diagnosis_info
  - module: aiops.kubernetes.report
notes:
  - This is an action plugin. It runs on the controller.
"""

EXAMPLES = r"""
- name: Diagnose
  aiops.kubernetes.diagnosis_info:
    namespaces: [shop]
  register: result

- name: Ask a model on this machine about the worst findings
  aiops.kubernetes.advice_info:
    diagnosis: "{{ result.diagnosis }}"
    advisor:
      kind: openai_compatible
      url: http://127.0.0.1:8080/v1
      model: qwen2.5-7b-instruct
      seconds: 30
  register: advised

- name: Show both
  aiops.kubernetes.report:
    diagnosis: "{{ advised.diagnosis }}"

- name: Ask about one finding
  aiops.kubernetes.advice_info:
    diagnosis: "{{ result.diagnosis }}"
    finding: f-3b1c5d7e9f02
    advisor: openai_compatible
"""

RETURN = r"""
advice:
  description: What O(advisor) says about O(finding).
  returned: when both are given
  type: dict
  contains:
    advisor:
      description: Who says it.
      type: str
      sample: openai_compatible
    state:
      description:
        - V(ok), or why there is no advice.
        - One of V(timeout), V(unavailable), V(error), V(needs_approval) and V(invalid_answer).
      type: str
      sample: ok
    reason:
      description: The same in a line for people.
      type: str
      sample: agrees
    seconds:
      description: How long it took.
      type: float
      sample: 2.41
    cause:
      description: The cause that it names, a word of the closed vocabulary or V(undetermined); null without advice.
      type: str
      sample: configmap-missing
    agrees:
      description: Whether that is the cause of the finding; null without advice.
      type: bool
      sample: true
    comment:
      description: What it says in its own words. Untrusted text.
      type: str
      sample: The pod waits for a ConfigMap that does not exist.
    evidence:
      description: The ids of the evidence to which it refers.
      type: list
      elements: str
      sample: [e1]
    commands:
      description: What the tool ran by itself, by its own account; C(read) is whether that was surely no more than a read.
      type: list
      elements: dict
      sample: [{command: kubectl get pods -n shop, read: true}]
    version:
      description: The version of the tool, or null.
      type: str
      sample: null
    model:
      description: The model that answered, or null.
      type: str
      sample: qwen2.5-7b-instruct
diagnosis:
  description: The diagnosis as it was given, with the advice of all tools in the C(advice) of its findings.
  returned: success
  type: dict
  sample: {schema: aiops.kubernetes/diagnosis/1, findings: []}
"""
