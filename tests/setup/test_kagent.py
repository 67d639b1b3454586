# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kagent from nothing to nothing on a cluster of its own: real helm, a real OCI registry on loopback, and stand-in charts."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from ansible_collections.aiops.kubernetes.tests.setup.playing import Own, play
from ansible_collections.aiops.kubernetes.tests.setup.stand_ins.charts import VERSION

# These come and go by themselves.
RESTLESS = ("events", "leases", "endpointslices", "endpoints", "componentstatuses")
KEY = "sk-not-a-real-key"


def test_what_is_not_known_is_refused(own: Own, kagent: dict[str, t.Any]) -> None:
    for given, words in (
        ({"kagent_version": "0.11.0"}, "kagent 0.11.0 is not known here"),
        ({"kagent_helm": "/no/helm"}, "/no/helm is not there. Put the program of a helm release on the path"),
        ({"kagent_key_secret": ""}, "in kagent_key_secret the Secret of namespace kagent"),
        ({"kagent_operator": False}, "The cluster has no kagent"),
    ):
        failed = play({**kagent, **given})
        assert (failed.status, failed.changed) == (2, 0)
        assert words in failed.text
    assert own.kubectl("get", "namespace", "kagent", "--ignore-not-found") == ""


def test_each_part_says_what_is_there(kagent: dict[str, t.Any], tmp_path: Path) -> None:
    parts = ["cluster_access", "metrics_server", "kubectl_ai", "kagent"]
    digests = {"kubectl_ai_version": "0.0.28", "kubectl_ai_sha256": {"Linux_x86_64": "0" * 64}}
    tried = play({**kagent, **digests, "aiops_setup": parts, "kubectl_ai_folder": str(tmp_path / "ai")}, "--check")
    assert tried.status == 0
    said = json.loads(tried.text.partition('"msg": ')[2].partition("\n}")[0])
    assert [(each["part"], each["healthy"], each["failed"]) for each in said] == [
        (part, False, False) for part in parts
    ]
    assert [each["because"] for each in said] == [
        "not verified in check mode",
        "nobody serves the metrics API",
        "nothing was changed in check mode",
        "nothing was changed in check mode",
    ]
    assert list(tmp_path.iterdir()) == []


def test_from_nothing_to_nothing(own: Own, kagent: dict[str, t.Any]) -> None:
    before = _all(own)
    tried = play(kagent, "--check")
    assert tried.status == 0
    assert tried.changed >= 3
    assert _all(own) == before
    # the key is missing: said, and repaired by the next run once it is there
    failed = play({**kagent, "kagent_wait": 20})
    assert failed.status == 2
    assert "Secret kagent/model-key does not exist" in failed.text, failed.text[-2000:]
    own.kubectl("-n", "kagent", "create", "secret", "generic", "model-key", f"--from-literal=OPENAI_API_KEY={KEY}")
    made = play(kagent)
    assert (made.status, made.changed) == (0, 0)
    assert "the agent is accepted and ready" in made.text
    assert f'"installed": "{VERSION}"' in made.text
    _is_locked_down(own)
    again = play(kagent)
    assert (again.status, again.changed) == (0, 0)
    _each_break_is_repaired(own, kagent)
    _others_are_left_alone(own, kagent)
    removed = play({**kagent, "aiops_setup_state": "absent"})
    assert removed.status == 0
    assert _all(own) == before
    assert play({**kagent, "aiops_setup_state": "absent"}).changed == 0
    assert _reads_of_the_key(own) == []


def _each_break_is_repaired(own: Own, kagent: dict[str, t.Any]) -> None:
    own.kubectl("-n", "kagent", "delete", "deployment", "kagent-controller-stand-in")
    tried = play(kagent, "--check")
    assert (tried.status, tried.changed) == (0, 1)
    repaired = play(kagent)
    assert (repaired.status, repaired.changed) == (0, 1)
    own.kubectl("-n", "kagent", "set", "image", "deployment/kagent-controller-stand-in", "controller=no.such.host/c:v1")
    own.kubectl("-n", "kagent", "delete", "modelconfig", "aiops-advisor")
    repaired = play(kagent)
    assert (repaired.status, repaired.changed) == (0, 2)
    # an image that does not come: said, and repaired by the next run
    failed = play({**kagent, "kagent_values": {"registry": "no.such.host"}, "kagent_wait": 10})
    assert failed.status == 2
    assert "no.such.host/library/python:3.11-slim" in failed.text.partition("installed and does not work")[2]
    repaired = play(kagent)
    assert (repaired.status, repaired.changed) == (0, 1)


def _others_are_left_alone(own: Own, kagent: dict[str, t.Any]) -> None:
    theirs = {
        "apiVersion": "kagent.dev/v1alpha2",
        "kind": "Agent",
        "metadata": {"name": "theirs", "namespace": "default"},
    }
    own.kubectl("apply", "-f", "-", text=json.dumps({**theirs, "spec": {"type": "Declarative"}}))
    refused = play({**kagent, "aiops_setup_state": "absent"})
    assert (refused.status, refused.changed) == (2, 0)
    assert "others use it (default/theirs)" in refused.text
    own.kubectl("-n", "default", "delete", "agents.kagent.dev", "theirs")
    own.kubectl("label", "crd", "agents.kagent.dev", "app.kubernetes.io/managed-by-")
    foreign = play(kagent)
    assert (foreign.status, foreign.changed) == (2, 0)
    assert "somebody else installed it" in foreign.text
    own.kubectl("label", "crd", "agents.kagent.dev", "app.kubernetes.io/managed-by=aiops.kubernetes")


def _is_locked_down(own: Own) -> None:
    agents = own.kubectl("get", "agents.kagent.dev", "-A", "-o", "name").split()
    assert agents == ["agent.kagent.dev/aiops-advisor"]
    everywhere = own.kubectl("get", "clusterroles,clusterrolebindings", "-o", "name").split()
    assert [name for name in everywhere if "kagent" in name] == []
    replicas = own.kubectl("-n", "kagent", "get", "deployment", "kagent-ui-stand-in", "-o", "jsonpath={.spec.replicas}")
    assert replicas == "0"
    account = own.kubectl("-n", "kagent", "get", "serviceaccount", "aiops-advisor", "-o", "json")
    assert json.loads(account)["automountServiceAccountToken"] is False
    crd = json.loads(own.kubectl("get", "crd", "agents.kagent.dev", "-o", "json"))
    assert len(json.dumps(crd)) > 262144
    assert crd["metadata"].get("annotations", {}) == {}


def _all(own: Own) -> list[str]:
    """The names of all objects of all kinds, but those that come and go by themselves."""
    kinds = own.kubectl("api-resources", "--verbs=list", "-o", "name").split()
    listed = [kind for kind in kinds if not kind.startswith(RESTLESS)]
    template = "{range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name} {end}"
    return sorted(own.kubectl("get", ",".join(listed), "-A", "-o", f"jsonpath={template}").split())


def _reads_of_the_key(own: Own) -> list[str]:
    """Who but the kubelet asked for the Secret of the model's key."""
    lines = (json.loads(line) for line in (own.state / "audit.log").read_text(encoding="utf-8").splitlines())
    asked = [line for line in lines if line.get("objectRef", {}).get("name") == "model-key"]
    assert asked
    reads = [line for line in asked if line["verb"] in ("get", "list", "watch")]
    return [line["userAgent"] for line in reads if not line["user"]["username"].startswith("system:node:")]
