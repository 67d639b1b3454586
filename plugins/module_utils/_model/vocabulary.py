# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words for causes: a closed list, so that whoever reads findings by machine can rely on it."""

from __future__ import annotations

import typing as t

# All that a finding's cause may be, beside "undetermined".
VOCABULARY: t.Final = frozenset({
    "image-not-found", "image-pull-unauthorized", "registry-unreachable", "registry-rate-limited",
    "image-name-invalid", "image-never-pulled", "image-architecture-mismatch", "image-policy-refused",
    "command-not-found", "command-not-executable", "command-usage-error", "configmap-missing", "secret-missing",
    "key-missing", "run-as-non-root-violated", "container-create-failed", "lifecycle-hook-failed",
    "sandbox-creation-failed", "application-error", "memory-limit-exceeded", "child-process-oom-killed",
    "node-out-of-memory", "liveness-probe-misconfigured", "liveness-probe-failing", "startup-too-slow",
    "exits-with-success", "configuration-invalid", "filesystem-not-writable", "port-in-use", "native-crash",
    "dependency-unavailable", "dns-resolution-failed", "rbac-denied", "init-container-hanging",
    "job-sidecar-never-ends", "readiness-probe-misconfigured", "readiness-probe-failing", "insufficient-resources",
    "node-selection-unsatisfiable", "node-tainted-or-cordoned", "host-port-conflict", "volume-claim-unbound",
    "volume-mount-failed", "quota-exceeded", "quota-requires-limits", "limit-range-violated", "pod-security-violated",
    "service-account-missing", "priority-class-missing", "admission-webhook-unavailable", "pod-spec-rejected",
    "evicted", "node-unavailable", "stuck-terminating", "rollout-stuck", "scaled-to-zero", "autoscaler-unable",
    "disruption-budget-blocks", "job-failed", "cronjob-not-running", "scheduler-missing", "service-selector-mismatch",
    "service-port-mismatch", "network-policy-blocks",
})  # fmt: skip
