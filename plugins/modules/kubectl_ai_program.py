#!/usr/bin/python
# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


from __future__ import annotations

DOCUMENTATION = r"""
module: kubectl_ai_program
short_description: Install one version of the program kubectl-ai, or remove it
version_added: 0.1.0
description:
  - Downloads the archive of a release, compares its digest, and puts the program into a folder of its own.
  - A program that is there already is replaced in one step. Where the new one does not say that it has the version that was
    asked for, the former one is put back.
  - What is installed is told again by version and digest. Where both are right and the program is unchanged, nothing is
    downloaded.
  - The role C(aiops.kubernetes.kubectl_ai) uses it.
author:
  - aiops.kubernetes contributors (!UNKNOWN)
extends_documentation_fragment:
  - aiops.kubernetes._attributes
attributes:
  check_mode:
    support: full
    details:
      - Nothing is downloaded, so that a wrong digest shows only in a real run.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  folder:
    description: Where it lives. The program is C(bin/kubectl-ai) in it, its settings are C(config/kubectl-ai/config.yaml).
    type: path
    required: true
  version:
    description: The version, as C(kubectl-ai version) prints it. Needed for O(state=present).
    type: str
  sha256:
    description: The digest of the archive. Needed for O(state=present).
    type: str
  url:
    description: Where the archive is; a mirror or a C(file:) URL, too. Needed for O(state=present).
    type: str
  configuration:
    description: Its settings. They hold no key.
    type: dict
    default: {}
  timeout:
    description: How many seconds the server may be silent.
    type: int
    default: 60
  state:
    description: V(absent) removes the program, its settings, and the folders that are empty then.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: aiops.kubernetes.diagnosis_info
"""

EXAMPLES = r"""
- name: Install kubectl-ai
  aiops.kubernetes.kubectl_ai_program:
    folder: ~/.local/share/aiops-kubernetes/kubectl-ai
    version: 0.0.28
    sha256: "{{ kubectl_ai_sha256 }}"
    url: https://mirror.example.com/kubectl-ai/0.0.28/kubectl-ai_Linux_x86_64.tar.gz
"""

RETURN = r"""
path:
  description: The program.
  returned: success
  type: str
  sample: /opt/kubectl-ai/bin/kubectl-ai
installed:
  description: The version that is there now; in check mode the one that is there, not the one that would be. Empty where there is none.
  returned: success
  type: str
  sample: 0.0.28
"""

import http.client
import typing as t
import urllib.error
from pathlib import Path

from ansible.module_utils.urls import open_url

from ansible_collections.aiops.kubernetes.plugins.module_utils._advisors.program import MOST_BYTES, Found, Home, Wanted
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.module import failing_clearly, local_module
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.secrets import redact

OPTIONS: t.Final[dict[str, t.Any]] = {
    "folder": {"type": "path", "required": True},
    "version": {"type": "str"},
    "sha256": {"type": "str"},
    "url": {"type": "str"},
    "configuration": {"type": "dict", "default": {}},
    "timeout": {"type": "int", "default": 60},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def _fetch(url: str, timeout: int) -> bytes:
    try:
        with open_url(url, timeout=timeout) as answer:
            return bytes(answer.read(MOST_BYTES))
    except (OSError, ValueError, http.client.HTTPException) as exc:
        if isinstance(exc, urllib.error.HTTPError):
            exc.close()
        raise AiopsError(redact(f"{url} can't be downloaded: {exc}. Nothing was installed.")) from exc


def _make(home: Home, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    missing = [name for name in ("version", "sha256", "url") if not params[name]]
    if missing:
        raise AiopsError(f"kubectl-ai is installed by version and digest only: {' and '.join(missing)} must be given.")
    wanted = Wanted(params["version"], params["sha256"].lower(), params["configuration"])
    found = home.found()
    same = found == Found(wanted.version, wanted.sha256, whole=True)
    configured = home.configured(wanted.configuration)
    before = {"version": found.version, "sha256": found.sha256, "whole": found.whole, "configured": configured}
    after = {"version": wanted.version, "sha256": wanted.sha256, "whole": True, "configured": True}
    if not check_mode and not same:
        home.install(wanted, lambda: _fetch(params["url"], params["timeout"]))
    elif same:
        home.check(wanted.version)
    if not check_mode and not configured:
        home.configure(wanted.configuration)
    return {"changed": before != after, "diff": {"before": before, "after": after}}


def _remove(home: Home, check_mode: bool) -> dict[str, t.Any]:
    found = home.found()
    there = bool(found.version) or not found.whole
    if there and not check_mode:
        home.remove()
    return {"changed": there, "diff": {"before": {"version": found.version}, "after": {"version": ""}}}


def main() -> t.NoReturn:
    module = local_module(**OPTIONS)
    params, home = module.params, Home(Path(module.params["folder"]))
    with failing_clearly(module):
        try:
            absent = params["state"] == "absent"
            result = _remove(home, module.check_mode) if absent else _make(home, params, module.check_mode)
            found = home.found()
        except OSError as exc:
            raise AiopsError(f"{exc.filename or home.folder} can't be used: {exc.strerror}.") from exc
        module.exit_json(path=str(home.program), installed=found.version if found.whole else "", **result)


if __name__ == "__main__":
    main()
