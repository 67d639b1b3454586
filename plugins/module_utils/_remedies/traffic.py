# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Letting through what a NetworkPolicy keeps out, by a policy of its own beside it."""

from __future__ import annotations

import re

from .._model import fields
from .._model.edits import Creation
from .._model.objects import Ref
from ._change import Change, RemedyCase

_POLICY = "NetworkPolicy"
_LABEL = r"[A-Za-z0-9][\w./-]{0,316}=[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?"
_RULE = re.compile(rf"(?P<way>egress|ingress):(?P<port>[0-9]{{1,5}}):(?P<labels>{_LABEL}(?:,{_LABEL})*)")


def allow_traffic(case: RemedyCase) -> Change | None:
    """Allow one port between the pods that the policy closes and the pods of the namespace with the labels that a person names.

    The new policy selects what the former selects and closes already, so that it closes nothing itself.
    """
    closing = case.finding.subject
    json = case.evidence.get(closing) if closing.kind == _POLICY else None
    if json is None:
        return None
    effect = f"the pods that {closing} selects may exchange that traffic, too; nothing else about them changes"
    if not case.candidate:
        needs = "what to allow, as egress:5432:app=db or ingress:8080:app=web (way, TCP port, labels of the other pods)"
        return Change("allow_traffic", f"allow traffic that {closing} keeps out", effect, needs=needs)
    rule = _RULE.fullmatch(case.candidate)
    if rule is None or not 0 < int(rule["port"]) < 65536 or rule["way"].capitalize() not in _ways(case, closing):
        return None
    way, port = rule["way"], int(rule["port"])
    peer = {"podSelector": {"matchLabels": dict(label.split("=", 1) for label in rule["labels"].split(","))}}
    name = f"allow-{case.finding.id}"
    made = {
        "metadata": {"name": name, "namespace": closing.namespace},
        "spec": {
            "podSelector": fields.get_dict(json, "spec", "podSelector"),
            "policyTypes": [way.capitalize()],
            way: [{"ports": [{"port": port, "protocol": "TCP"}], "to" if way == "egress" else "from": [peer]}],
        },
    }
    words = "to" if way == "egress" else "from"
    summary = f"allow the pods that {closing} selects TCP port {port} {words} pods with {rule['labels']}"
    target = Ref(_POLICY, closing.namespace, name)
    return Change("allow_traffic", summary, effect, (Creation(target, made),))


def _ways(case: RemedyCase, closing: Ref) -> list[str]:
    """The directions that the policy closes; without a word it is Ingress, and Egress where it has rules for it."""
    json = case.evidence.get(closing)
    named = fields.get_strs(json, "spec", "policyTypes")
    return named or (["Ingress", "Egress"] if "egress" in fields.get_dict(json, "spec") else ["Ingress"])
