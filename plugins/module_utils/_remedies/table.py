# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which kinds of change can help against which cause, the best first, and why there are none where there are none."""

from __future__ import annotations

import typing as t

from .._model.evidence import KINDS, Evidence
from .._model.finding import Finding
from . import (
    claims,
    commands,
    images,
    nodes,
    pods,
    probes,
    references,
    resources,
    revisions,
    running,
    services,
    traffic,
)
from ._change import Change, RemedyCase

Remedy = t.Callable[[RemedyCase], "Change | None"]

_BACK: t.Final = (revisions.roll_back,)
REMEDIES: t.Final[t.Mapping[str, tuple[Remedy, ...]]] = {
    # the image
    "image-not-found": (revisions.roll_back, images.set_image),
    "image-name-invalid": (revisions.roll_back, images.set_image),
    "image-never-pulled": (revisions.roll_back, images.set_image),
    "image-architecture-mismatch": (revisions.roll_back, images.set_image),
    # the start
    "command-not-found": (revisions.roll_back, commands.patch_command),
    "command-not-executable": (revisions.roll_back, commands.patch_command),
    "command-usage-error": (revisions.roll_back, commands.patch_command),
    "configmap-missing": (references.correct_configmap, revisions.roll_back),
    "secret-missing": (revisions.roll_back, references.correct_secret),
    "key-missing": (references.correct_key, revisions.roll_back),
    "run-as-non-root-violated": _BACK,
    "container-create-failed": (pods.replace_pod,),
    "lifecycle-hook-failed": _BACK,
    "sandbox-creation-failed": (pods.replace_pod,),
    # the run
    "application-error": _BACK,
    "memory-limit-exceeded": (resources.raise_memory, revisions.roll_back),
    "child-process-oom-killed": (revisions.roll_back, resources.raise_memory),
    "liveness-probe-misconfigured": (probes.patch_probe, revisions.roll_back),
    "readiness-probe-misconfigured": (probes.patch_probe, revisions.roll_back),
    "startup-too-slow": (probes.give_time, revisions.roll_back),
    "liveness-probe-failing": _BACK,
    "readiness-probe-failing": _BACK,
    "exits-with-success": (revisions.roll_back, commands.patch_command),
    "configuration-invalid": _BACK,
    "filesystem-not-writable": _BACK,
    "port-in-use": _BACK,
    "native-crash": _BACK,
    "dependency-unavailable": (running.restart, revisions.roll_back),
    "dns-resolution-failed": _BACK,
    "init-container-hanging": _BACK,
    # the place
    "insufficient-resources": (resources.lower_requests, revisions.roll_back),
    "node-selection-unsatisfiable": (revisions.roll_back, running.scale),
    "node-tainted-or-cordoned": (nodes.uncordon,),
    "host-port-conflict": (revisions.roll_back, running.scale),
    "volume-claim-unbound": (claims.recreate_claim,),
    "service-account-missing": (references.correct_service_account, revisions.roll_back),
    "quota-requires-limits": (resources.set_limits, revisions.roll_back),
    "limit-range-violated": _BACK,
    "pod-security-violated": _BACK,
    "priority-class-missing": _BACK,
    "pod-spec-rejected": _BACK,
    # the life
    "evicted": (pods.delete_failed_pod,),
    "rollout-stuck": (running.resume, revisions.roll_back),
    "scaled-to-zero": (running.scale,),
    "autoscaler-unable": (resources.add_cpu_request,),
    "cronjob-not-running": (running.resume,),
    "service-selector-mismatch": (services.patch_service_selector,),
    "network-policy-blocks": (traffic.allow_traffic,),
    "service-port-mismatch": (services.patch_service_target_port,),
}
# Causes against which nothing is offered, and what speaks against it.
NONE: t.Final[t.Mapping[str, str]] = {
    "image-pull-unauthorized": "credentials are given by a person, who knows which are right",
    "registry-unreachable": "the fault is in the network or the registry; the kubelet tries again by itself",
    "registry-rate-limited": "waiting helps, or credentials that a person must give",
    "image-policy-refused": "somebody forbade this image on purpose",
    "node-out-of-memory": "what must give way on a full node is for a person to say",
    "rbac-denied": "a right that somebody did not give is given by a person",
    "job-sidecar-never-ends": "a Job's template can't be changed, and running it again does its work twice",
    "quota-exceeded": "whether the quota or the workload is too large is for a person to say",
    "admission-webhook-unavailable": "the webhook must be repaired; taking it away takes a guard away",
    "volume-mount-failed": "detaching a volume by force can damage its data",
    "node-unavailable": "a node that comes back may still run its pods; taking them away by force can run one twice",
    "stuck-terminating": "taking a finalizer away skips what it stands for",
    "disruption-budget-blocks": "the budget is a promise that its owner must loosen",
    "job-failed": "running it again does its work twice",
    "scheduler-missing": "who should place the pod is named in its template on purpose",
    "undetermined": "what fails is not known",
}


def changes(finding: Finding, evidence: Evidence, candidate: str | None = None) -> list[Change]:
    """What would help against this finding, the best first; with a candidate, the changes that can use it come first."""
    case = RemedyCase(finding, evidence, candidate)
    found = [change for remedy in REMEDIES.get(finding.cause, ()) if (change := remedy(case)) is not None]
    if candidate is None:
        return found
    # What a person named comes first: what is the same without it did not use it.
    without = changes(finding, evidence)
    return sorted(found, key=lambda change: change in without)


def why_none(finding: Finding) -> str:
    """Why there is no change to offer, in words for the person who must act now."""
    if finding.workload and finding.workload.kind not in KINDS:
        return f"{finding.workload} has an operator, which writes what belongs to it again: change it there"
    if finding.cause in NONE:
        return f"no change is offered for {finding.cause}: {NONE[finding.cause]}"
    if revisions.roll_back in REMEDIES.get(finding.cause, ()):
        return f"no change is proven to help {finding.cause} here, and no former revision has a ready pod to go back to"
    return f"no change is known that would surely help {finding.cause} here; a person must act"
