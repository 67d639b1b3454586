#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
module: access_review_info
short_description: Tell whether an identity can do what it must in a cluster, and nothing more
version_added: 0.1.0
description:
  - Asks the API server with the identity itself (C(SelfSubjectRulesReview)) and compares the answer with the rules that are wanted.
  - What every identity of a cluster may do (ask for its own rights, read the list of APIs, health and version) is no excess.
  - Where the server does not know all rules, because a webhook decides, too, RV(exact) is false.
author:
  - aiops.kubernetes contributors (!UNKNOWN)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - aiops.kubernetes._attributes
  - aiops.kubernetes._attributes.cluster_module
  - aiops.kubernetes._attributes.info_module
requirements:
  - kubernetes >= 24.2
options:
  namespaces:
    description: The namespaces to ask for. A right that was given in another one is not seen.
    type: list
    elements: str
    required: true
  rules:
    description:
      - What the identity must be able to do, as the rules of a C(ClusterRole).
      - A rule with a list C(namespaces) is wanted in these only.
    type: list
    elements: dict
    required: true
  tolerated:
    description: What it may be able to do beyond that, in the same form.
    type: list
    elements: dict
    default: []
seealso:
  - module: aiops.kubernetes.identity_kubeconfig
"""

EXAMPLES = r"""
- name: Can this identity read pods, and nothing else?
  aiops.kubernetes.access_review_info:
    kubeconfig: reader.kubeconfig
    namespaces: [shop]
    rules:
      - {apiGroups: [""], resources: [pods], verbs: [get, list]}
  register: review
  failed_when: not review.exact
"""

RETURN = r"""
exact:
  description: Whether it can do all that it must, nothing more, and the server knows all of it.
  returned: success
  type: bool
  sample: false
missing:
  description: What it must be able to do and can't.
  returned: success
  type: list
  elements: str
  sample: [list pods (in shop)]
excess:
  description: What it can do beyond.
  returned: success
  type: list
  elements: str
  sample: [get secrets (in shop)]
incomplete:
  description: Why the server does not know all rules, or null.
  returned: success
  type: str
  sample: null
"""

import dataclasses
import typing as t

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.arguments import cluster_module
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.module import failing_clearly
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.running import connection
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.identity import Bearer
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.review_access import review_access

OPTIONS: t.Final[dict[str, t.Any]] = {
    "namespaces": {"type": "list", "elements": "str", "required": True},
    "rules": {"type": "list", "elements": "dict", "required": True},
    "tolerated": {"type": "list", "elements": "dict", "default": []},
}


def main() -> t.NoReturn:
    module = cluster_module(**OPTIONS)
    params = module.params
    with failing_clearly(module):
        bearer = Bearer(connection(params))
        review = review_access(bearer, params["namespaces"], params["rules"], params["tolerated"])
        module.exit_json(changed=False, exact=review.exact, **dataclasses.asdict(review))


if __name__ == "__main__":
    main()
