# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every cause that can be found, in the order in which they are tried: the first that holds explains a container.

A new cause is one function in a family's file and one row here, with a scenario, a recorded snapshot and a runbook anchor.
Patterns are strings here: few of them are needed in one run, and compiling all of them would take a tenth of a second.
"""

from __future__ import annotations

import dataclasses
import typing as t

from . import (
    _case,
    admission,
    capacity,
    configuration,
    containers,
    crashes,
    dependencies,
    dns,
    filesystem,
    images,
    jobs,
    lifecycle,
    memory,
    networking,
    nodes,
    permissions,
    probes,
    rollouts,
    scaling,
    scheduling,
    settings,
    sidecars,
    startup,
    storage,
)

_Case_contra = t.TypeVar("_Case_contra", contravariant=True)


@dataclasses.dataclass(frozen=True)
class Cause(t.Generic[_Case_contra]):
    """A row: the slug of the closed vocabulary, the function that decides it, and the runbook page of its family."""

    slug: str
    judge: t.Callable[[_Case_contra], _case.Judgement | None]
    family: str

    @property
    def runbook(self) -> str:
        return f"runbooks/{self.family}.md#{self.slug}"


# A pod that is being deleted.
DELETING: t.Final[tuple[Cause[_case.PodCase], ...]] = (
    Cause("stuck-terminating", lifecycle.pod_stuck_terminating, "lifecycle"),
)
# A pod whose node may not vouch for it any more.
STRANDED: t.Final[tuple[Cause[_case.PodCase], ...]] = (Cause("node-unavailable", nodes.on_unavailable_node, "nodes"),)
# A pod that was ended as a whole, for a reason in its status.
ENDED: t.Final[tuple[Cause[_case.PodCase], ...]] = (
    Cause("evicted", nodes.evicted, "nodes"),
    Cause("insufficient-resources", capacity.refused_for_resources, "scheduling"),
    Cause("host-port-conflict", scheduling.refused_for_ports, "scheduling"),
    Cause("node-selection-unsatisfiable", scheduling.refused_by_node, "scheduling"),
    Cause("node-unavailable", nodes.shut_down, "nodes"),
    Cause("job-failed", jobs.past_its_deadline, "jobs"),
)
# A pod that no node has taken yet.
UNSCHEDULED: t.Final[tuple[Cause[_case.PodCase], ...]] = (
    Cause("volume-claim-unbound", storage.volume_claim_unbound, "storage"),
    Cause("insufficient-resources", capacity.insufficient_resources, "scheduling"),
    Cause("node-selection-unsatisfiable", scheduling.node_selection_unsatisfiable, "scheduling"),
    Cause("node-tainted-or-cordoned", scheduling.node_tainted_or_cordoned, "scheduling"),
    Cause("host-port-conflict", scheduling.host_port_conflict, "scheduling"),
    Cause("scheduler-missing", scheduling.scheduler_missing, "scheduling"),
)
# A pod on a node whose containers can't be made: its volumes, its sandbox.
NOT_STARTED: t.Final[tuple[Cause[_case.PodCase], ...]] = (
    Cause("memory-limit-exceeded", memory.memory_limit_too_low, "memory"),
    Cause("configmap-missing", configuration.configmap_missing, "configuration"),
    Cause("secret-missing", configuration.secret_missing, "configuration"),
    Cause("key-missing", configuration.key_missing, "configuration"),
    Cause("volume-mount-failed", storage.volume_mount_failed, "storage"),
    Cause("volume-claim-unbound", storage.volume_claim_unbound, "storage"),
    Cause("sandbox-creation-failed", containers.sandbox_creation_failed, "containers"),
    Cause("lifecycle-hook-failed", containers.lifecycle_hook_hangs, "containers"),
    Cause("node-selection-unsatisfiable", scheduling.node_not_there, "scheduling"),
    Cause("scheduler-missing", scheduling.scheduler_missing, "scheduling"),
)
# What a container itself says of the network and of the API server, where nothing sharper ended it.
SAID: t.Final[tuple[Cause[_case.ContainerCase], ...]] = (
    Cause("rbac-denied", permissions.rbac_denied, "permissions"),
    Cause("network-policy-blocks", networking.network_policy_blocks, "networking"),
    Cause("dns-resolution-failed", dns.dns_resolution_failed, "dependencies"),
    Cause("dependency-unavailable", dependencies.dependency_unavailable, "dependencies"),
)
# A container that waits with an error, ended, or keeps on ending.
CONTAINER: t.Final[tuple[Cause[_case.ContainerCase], ...]] = (
    Cause("image-name-invalid", images.image_name_invalid, "images"),
    Cause("image-never-pulled", images.image_never_pulled, "images"),
    Cause("image-policy-refused", images.image_policy_refused, "images"),
    Cause("image-architecture-mismatch", startup.image_architecture_mismatch, "startup"),
    Cause("registry-rate-limited", images.registry_rate_limited, "images"),
    Cause("registry-unreachable", images.registry_unreachable, "images"),
    Cause("image-pull-unauthorized", images.image_pull_unauthorized, "images"),
    Cause("image-not-found", images.image_not_found, "images"),
    Cause("configmap-missing", configuration.configmap_missing, "configuration"),
    Cause("secret-missing", configuration.secret_missing, "configuration"),
    Cause("key-missing", configuration.key_missing, "configuration"),
    Cause("run-as-non-root-violated", containers.run_as_non_root_violated, "containers"),
    Cause("memory-limit-exceeded", memory.memory_limit_exceeded, "memory"),
    Cause("volume-mount-failed", storage.sub_path_failed, "storage"),
    Cause("lifecycle-hook-failed", containers.lifecycle_hook_failed, "containers"),
    Cause("node-out-of-memory", memory.node_out_of_memory, "memory"),
    Cause("child-process-oom-killed", memory.child_process_oom_killed, "memory"),
    # a shell ends with the same code for a variable that must be set as for a command that it can't find
    Cause("configuration-invalid", settings.configuration_invalid, "crashes"),
    Cause("command-not-executable", startup.command_not_executable, "startup"),
    Cause("command-not-found", startup.command_not_found, "startup"),
    Cause("container-create-failed", containers.container_create_failed, "containers"),
    Cause("command-usage-error", startup.command_usage_error, "startup"),
    Cause("liveness-probe-misconfigured", probes.liveness_probe_misconfigured, "probes"),
    Cause("filesystem-not-writable", filesystem.filesystem_not_writable, "crashes"),
    Cause("port-in-use", crashes.port_in_use, "crashes"),
    *SAID,
    Cause("startup-too-slow", probes.startup_too_slow, "probes"),
    Cause("liveness-probe-failing", probes.liveness_probe_failing, "probes"),
    Cause("native-crash", crashes.native_crash, "crashes"),
    Cause("exits-with-success", crashes.exits_with_success, "crashes"),
    Cause("application-error", crashes.application_error, "crashes"),
)
# A container that runs and is not ready, or an init container that goes on; none of the pod's containers fails.
NOT_READY: t.Final[tuple[Cause[_case.ContainerCase], ...]] = (
    Cause("port-in-use", crashes.port_in_use, "crashes"),
    Cause("readiness-probe-misconfigured", probes.readiness_probe_misconfigured, "probes"),
    *SAID,
    Cause("init-container-hanging", dependencies.init_container_hanging, "dependencies"),
    Cause("readiness-probe-failing", probes.readiness_probe_failing, "probes"),
)
# A pod that stays unready though each of its containers is well, or whose work is done and that does not end.
NOT_DONE: t.Final[tuple[Cause[_case.PodCase], ...]] = (
    Cause("readiness-probe-failing", probes.readiness_gate_closed, "probes"),
    Cause("job-sidecar-never-ends", sidecars.job_sidecar_never_ends, "sidecars"),
)
# A workload none of whose pods shows a fault of its own.
WORKLOAD: t.Final[tuple[Cause[_case.WorkloadCase], ...]] = (
    Cause("stuck-terminating", lifecycle.workload_stuck_terminating, "lifecycle"),
    Cause("quota-exceeded", admission.quota_exceeded, "admission"),
    Cause("quota-requires-limits", admission.quota_requires_limits, "admission"),
    Cause("limit-range-violated", admission.limit_range_violated, "admission"),
    Cause("pod-security-violated", admission.pod_security_violated, "admission"),
    Cause("service-account-missing", admission.service_account_missing, "admission"),
    Cause("priority-class-missing", admission.priority_class_missing, "admission"),
    Cause("admission-webhook-unavailable", admission.admission_webhook_unavailable, "admission"),
    Cause("image-policy-refused", admission.image_policy_refused, "images"),
    Cause("pod-spec-rejected", admission.pod_spec_rejected, "admission"),
    Cause("job-failed", jobs.job_failed, "jobs"),
    Cause("cronjob-not-running", jobs.cronjob_not_running, "jobs"),
    Cause("node-selection-unsatisfiable", scheduling.no_node_for_daemon_set, "scheduling"),
    Cause("rollout-stuck", rollouts.rollout_stuck, "rollouts"),
    Cause("scaled-to-zero", scaling.scaled_to_zero, "scaling"),
)
# A workload whatever its pods show: what keeps them as they are comes before what they show.
HELD: t.Final[tuple[Cause[_case.WorkloadCase], ...]] = (
    Cause("rollout-stuck", rollouts.held_by_an_old_pod, "rollouts"),
)
# An object that runs no pods itself, by its kind.
OBJECT: t.Final[t.Mapping[str, tuple[Cause[_case.ObjectCase], ...]]] = {
    "Service": (
        Cause("service-selector-mismatch", networking.service_selector_mismatch, "networking"),
        Cause("service-port-mismatch", networking.service_port_mismatch, "networking"),
    ),
    "Node": (Cause("node-unavailable", nodes.node_unavailable, "nodes"),),
    "HorizontalPodAutoscaler": (Cause("autoscaler-unable", scaling.autoscaler_unable, "scaling"),),
    "PodDisruptionBudget": (Cause("disruption-budget-blocks", scaling.disruption_budget_blocks, "scaling"),),
    "PersistentVolumeClaim": (Cause("stuck-terminating", lifecycle.object_stuck_terminating, "lifecycle"),),
}
