# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that the API server does not let do what they want.

The server's words: Kubernetes 1.36 ``staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go``.
"""

from __future__ import annotations

import functools
import re
import typing as t

from .._model.finding import EvidenceItem
from .._model.objects import Ref
from . import _case
from ._failures import last_word, told

# A log may hold it inside JSON, with its quotes escaped.
_Q: t.Final = r"\\*\""
_DNS_NAME: t.Final = r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?"
_FORBIDDEN: t.Final = (
    rf"is forbidden: User {_Q}system:serviceaccount:(?P<place>{_DNS_NAME}):(?P<account>{_DNS_NAME}){_Q} cannot (?P<verb>[a-z]+) "
    rf"(?:resource {_Q}(?P<resource>[a-z0-9./*-]+){_Q} in API group {_Q}(?P<group>[a-z0-9.-]*){_Q}|path {_Q}(?P<path>/[\w./*-]*){_Q})"
    rf"(?P<where> in the namespace {_Q}(?P<namespace>{_DNS_NAME}){_Q}| at the cluster scope)?"
)


def rbac_denied(case: _case.ContainerCase) -> _case.Judgement | None:
    """The API server refuses a request of the container: its ServiceAccount lacks a right.

    The sentence is the server's own verdict, and names the account; that the pod runs as this account is the fact beside it.
    Roles are not read: that would take more rights than a diagnosis needs.
    """
    match = _refusal(case)
    if match is None:
        return None
    account = Ref("ServiceAccount", match["place"], match["account"])
    own = case.pod.service_account
    what = _request(match)
    scope = f"in namespace {match['namespace']}" if match["namespace"] else "in the whole cluster"
    used = EvidenceItem("spec", f"{case.pod.ref}: spec.serviceAccountName", own.name)
    return _case.Judgement(
        summary=f"container {case.container.name} may not {what} {scope}: {account} lacks that right",
        explanation=f"The API server knows who asks and says no. What is missing is a rule of its own: {_rule(match)}, in a "
        f"{'Role' if match['namespace'] else 'ClusterRole'} bound to {account}."
        + ("" if account == own else f" The pod itself runs as {own}: somebody else's account was used."),
        evidence=(_case.quote_said(case, match), used),
        next_step=_check(match),
        confidence="confirmed" if account == own else "probable",
    )


def _refusal(case: _case.ContainerCase) -> re.Match[str] | None:
    """The server's sentence, where it is the last thing that the container tells of."""
    end = case.last_end
    for text, at_once in ((end.message if end else "", 1), (case.log, case.said_at_once)):
        if found := last_word(told(text), functools.partial(re.search, _FORBIDDEN), end is not None, at_once):
            return found[1]
    return None


def _request(match: re.Match[str]) -> str:
    group = f" of API group {match['group']}" if match["group"] else ""
    return f"{match['verb']} {match['path'] or match['resource']}{group}"


def _rule(match: re.Match[str]) -> str:
    if match["path"]:
        return f'nonResourceURLs: ["{match["path"]}"], verbs: ["{match["verb"]}"]'
    return f'apiGroups: ["{match["group"]}"], resources: ["{match["resource"]}"], verbs: ["{match["verb"]}"]'


def _check(match: re.Match[str]) -> str:
    resource = match["path"] or match["resource"] + (f".{match['group']}" if match["group"] else "")
    if "/" in resource and not match["path"]:
        name, _slash, sub = match["resource"].partition("/")
        resource = name + (f".{match['group']}" if match["group"] else "") + f" --subresource={sub}"
    where = f" -n {match['namespace']}" if match["namespace"] else "" if match["path"] else " --all-namespaces"
    account = f"system:serviceaccount:{match['place']}:{match['account']}"
    return f"kubectl auth can-i {match['verb']} {resource} --as={account}{where}   # no: give that right, or run the pod as another account"
