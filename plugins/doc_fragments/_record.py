# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any time.

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  phr_dir:
    description:
      - The folder of the records. It is made, as a git repository, where it is missing.
      - By default V(aiops-kubernetes/records) in E(XDG_STATE_HOME), or in C(~/.local/state).
    type: path
  phr_remote:
    description:
      - The address of a git repository that several clones of the records share, as C(git) takes it.
        What others wrote is fetched first, and each event is pushed; a claim of a plan counts only once it is pushed.
      - It is remembered in O(phr_dir), so that later runs need not name it.
    type: str
  policy_file:
    description:
      - A file that tightens the policy further than C(trust/policy.yml) of the records does. It can't loosen anything.
    type: path
"""

    # One record
    PHR = r"""
options:
  phr:
    description:
      - The id of the record.
    type: str
    required: true
"""

    # Who speaks
    SIGNING = r"""
options:
  signing_key:
    description:
      - The private key to sign with, or the public key of one that the SSH agent holds. C(ssh-keygen) signs, and asks for no
        passphrase here - a key that has one belongs into the agent.
    type: path
requirements:
  - OpenSSH 8.9 or newer (C(ssh-keygen)), for signatures
"""
