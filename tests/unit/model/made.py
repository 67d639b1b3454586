# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings and a diagnosis to vary: what tests of the model, of the reports and of the report action start from."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Cluster, Scope, Stats
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import (
    Candidate,
    Counts,
    Diagnosis,
    EvidenceItem,
    Finding,
)
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Ref

OBSERVED_AT: t.Final = "2026-11-22T09:15:02Z"
CART: t.Final = Ref("Deployment", "shop", "cart")

_FINDING: t.Final = Finding(
    cause="configmap-missing",
    confidence="confirmed",
    severity="critical",
    subject=CART,
    workload=CART,
    container="app",
    summary="ConfigMap shop/cart-config does not exist, and container app needs it",
    explanation="The pod names the ConfigMap without marking it optional.",
    next_step="kubectl -n shop get configmaps   # then create cart-config",
    since="2026-11-22T09:11:40Z",
    replicas_affected=3,
    evidence=(
        EvidenceItem(
            "status",
            "Pod shop/cart-5d9c-x7k2p: status.containerStatuses[app].state.waiting",
            'CreateContainerConfigError: configmap "cart-config" not found',
        ),
        EvidenceItem("event", "Pod shop/cart-5d9c-x7k2p: event Failed", "Error", "2026-11-22T09:14:00Z"),
    ),
    runbook="runbooks/configuration.md#configmap-missing",
    candidates=(Candidate("ConfigMap shop/cart-configs", "the name is similar"),),
)


def finding(**changes: t.Any) -> Finding:
    return dataclasses.replace(_FINDING, **changes)


def diagnosis(*findings: Finding, **changes: t.Any) -> Diagnosis:
    made = Diagnosis(
        cluster=Cluster("prod", "https://10.0.0.1:6443", "5c3e0a6e-6f0f-4f5d-9d3f-2d1f0a2b3c4d", "v1.36.2"),
        scope=Scope(("shop",), None),
        observed_at=OBSERVED_AT,
        findings=findings,
        unreadable=(),
        counts=Counts(workloads=12, healthy=12 - len(findings), pods=40),
        stats=Stats(9, 0.41),
    )
    return dataclasses.replace(made, **changes)
