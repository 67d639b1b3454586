# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kagent's real agent runtime, from PyPI, as the pod of the agent that the role makes.  `make soak` and `make advisors` run it.

Its image has 300 MB, and takes some minutes to build: that is too much for `make test`.  The charts are still stand-ins.
"""

from __future__ import annotations

import json
import subprocess
import typing as t

from ansible_collections.aiops.kubernetes.tests.setup.playing import CLUSTER, Own, play


def test_it_becomes_ready_and_answers_by_its_own_protocol(own: Own, kagent: dict[str, t.Any]) -> None:
    built = subprocess.run([*CLUSTER, "agent"], capture_output=True, text=True, timeout=1200, check=True)
    image = built.stdout.strip().splitlines()[-1]
    host, _slash, path = image.partition("/")
    repository, _colon, tag = path.partition(":")
    values = {"controller": {"agentImage": {"registry": host, "repository": repository, "tag": tag}}}
    own.kubectl("create", "namespace", "kagent")
    own.kubectl("-n", "kagent", "create", "secret", "generic", "model-key", "--from-literal=OPENAI_API_KEY=none")
    made = play({**kagent, "kagent_values": values, "kagent_wait": 300})
    assert made.status == 0, made.text[-2000:]
    runs = own.kubectl("-n", "kagent", "get", "pods", "-l", "kagent=aiops-advisor", "-o", "jsonpath={..image}")
    assert image in runs.split()
    # its model does not answer, which it says as a task that failed
    task = _ask(own)
    assert (task["status"]["state"], task["metadata"]["kagent_error_code"]) == ("failed", "API_ERROR")
    assert play({**kagent, "aiops_setup_state": "absent"}).status == 0
    # the namespace was there before the role, and stays
    assert own.kubectl("get", "namespace", "kagent", "-o", "name").strip() == "namespace/kagent"


def _ask(own: Own) -> dict[str, t.Any]:
    """The task that comes of a question, by A2A 0.3 through the API server."""
    message = {"kind": "message", "messageId": "1", "role": "user", "parts": [{"kind": "text", "text": "Why?"}]}
    params = {"message": message, "configuration": {"blocking": True}}
    question = json.dumps({"jsonrpc": "2.0", "id": "1", "method": "message/send", "params": params})
    path = "/api/v1/namespaces/kagent/services/aiops-advisor:8080/proxy/"
    return t.cast(
        "dict[str, t.Any]", json.loads(own.kubectl("create", "--raw", path, "-f", "-", text=question))["result"]
    )
