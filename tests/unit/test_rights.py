# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles, in the guide and of cluster_access, allow what is asked for, and nothing more."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
import yaml

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.access import Right, Rules, rights
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import KINDS
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.policy import KNOWN
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.review_access import review_access

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_diagnosis.rst"
ROLE = yaml.safe_load((ROOT / "roles/cluster_access/vars/main.yml").read_text(encoding="utf-8"))
READS = ROLE["cluster_access_reads"]
READER = rights(
    [
        rule | {"verbs": rule["verbs"] if isinstance(rule["verbs"], list) else READS}
        for rule in ROLE["cluster_access_reader_rules"]
    ]
)
WRITER = rights(ROLE["cluster_access_writer_rules"] + ROLE["cluster_access_node_rules"])


def test_the_role_in_the_guide_allows_what_is_read() -> None:
    block = re.search(r"\n(   apiVersion: rbac.*?\n)\n\S", GUIDE.read_text(), re.DOTALL)
    assert block
    role = yaml.safe_load(textwrap.dedent(block[1]))
    given = {(group, name) for rule in role["rules"] for group in rule["apiGroups"] for name in rule["resources"]}
    assert given == _asked()
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list"}


def test_the_reader_can_read_what_is_read_and_the_metrics() -> None:
    resources = (_asked() - {("", "pods/log")}) | {("metrics.k8s.io", "pods"), ("metrics.k8s.io", "nodes")}
    wanted = {Right(verb, group, name) for group, name in resources for verb in ("get", "list", "watch")}
    assert wanted | {Right("get", "", "pods/log")} == READER


# Steps that remedies make and that are critical, so that no row of the policy names them: claims, traffic, nodes.
CRITICAL = {
    ("create", "PersistentVolumeClaim"),
    ("delete", "PersistentVolumeClaim"),
    ("create", "NetworkPolicy"),
    ("patch", "Node"),
}
OPPOSITE = {"create": "delete", "delete": "create", "patch": "patch"}


def test_the_writer_can_do_the_steps_of_plans_and_take_them_back() -> None:
    steps = {(row.verb, kind) for row in KNOWN for kind in row.kinds} | CRITICAL
    steps |= {(OPPOSITE[verb], kind) for verb, kind in steps}
    assert {Right(verb, *_resource(KINDS[kind])) for verb, kind in steps} == WRITER


RULES = [{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}]
BASIC = [{"verbs": ["create"], "apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectrulesreviews"]}]


class _Bearer:
    def __init__(self, *rules: dict[str, list[str]], incomplete: str | None = None) -> None:
        self._rules = Rules(rights(rules), incomplete)

    def rules(self, namespace: str) -> Rules:
        del namespace
        return self._rules


def test_exactly_that() -> None:
    assert review_access(_Bearer(*RULES, *BASIC), ["shop"], RULES, []).exact


@pytest.mark.parametrize(
    ("verbs", "groups", "resources", "excess"),
    [
        (["*"], ["*"], ["*"], "* *.*"),
        (["get"], [""], ["secrets"], "get secrets"),
        (["create"], [""], ["pods/exec"], "create pods/exec"),
        (["get"], [""], ["*/proxy"], "get */proxy"),
        (["get", "*"], [""], ["pods"], "* pods"),
        (["impersonate"], [""], ["users"], "impersonate users"),
        (["get"], ["metrics.k8s.io"], ["pods"], "get pods.metrics.k8s.io"),
    ],
)
def test_more_than_that(verbs: list[str], groups: list[str], resources: list[str], excess: str) -> None:
    more = {"verbs": verbs, "apiGroups": groups, "resources": resources}
    review = review_access(_Bearer(*RULES, *BASIC, more), ["shop"], RULES, [])
    assert (review.exact, review.missing, review.excess) == (False, (), (excess,))
    assert review_access(_Bearer(*RULES, *BASIC, more), ["shop"], RULES, [more]).exact


def test_a_named_object_is_less_than_all() -> None:
    one = {**RULES[0], "resourceNames": ["cart"]}
    assert review_access(_Bearer(one), ["shop"], RULES, []).missing == ("get pods", "list pods")
    assert review_access(_Bearer(*RULES), ["shop"], [one], []).excess == ("get pods", "list pods")


def test_a_rule_holds_where_it_says() -> None:
    here = [{**RULES[0], "namespaces": ["shop"]}]
    assert review_access(_Bearer(*RULES), ["shop"], here, []).exact
    review = review_access(_Bearer(*RULES), ["shop", "bank"], here, [])
    assert review.excess == ("get pods (in bank)", "list pods (in bank)")


def test_paths_beyond_the_usual_are_more() -> None:
    paths = {"verbs": ["get"], "nonResourceURLs": ["/metrics", "/version"]}
    assert review_access(_Bearer(paths), ["shop"], [], []).excess == ("get /metrics",)


def test_what_the_server_does_not_know_is_not_exact() -> None:
    assert not review_access(_Bearer(*RULES, incomplete="webhook"), ["shop"], RULES, []).exact


def _asked() -> set[tuple[str, str]]:
    return {_resource(path) for path in KINDS.values()} | {("", "namespaces"), ("", "pods/log")}


def _resource(path: str) -> tuple[str, str]:
    """API group and resource: /api/v1/pods, /apis/GROUP/VERSION/RESOURCE."""
    parts = path.strip("/").split("/")
    return ("" if parts[0] == "api" else parts[1]), parts[-1]
