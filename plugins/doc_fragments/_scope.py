# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any time.

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  namespaces:
    description:
      - The namespaces to look at. An empty list means all of them.
      - Each must exist.
    type: list
    elements: str
    default: []
  label_selector:
    description:
      - Look at pods with these labels only, written as for C(kubectl -l).
    type: str
"""

    CLUSTER = r"""
options: {}
requirements:
  - kubernetes >= 24.2
notes:
  - Only C(get) and C(list) are sent to the cluster. No Secret is asked for.
  - The identity of a pod that Ansible runs in is used only where O(kubeconfig) is the word V(in-cluster).
    Otherwise an absent option is taken from its C(K8S_AUTH_) environment variable, then from E(KUBECONFIG), then from C(~/.kube/config).
"""
