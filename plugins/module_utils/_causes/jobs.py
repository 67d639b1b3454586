# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs that gave up, and CronJobs that make none.

The reasons: Kubernetes 1.36 ``api/batch/v1/types.go``, ``pkg/controller/job``, ``pkg/controller/cronjob``.
"""

from __future__ import annotations

import typing as t

from .._model import fields, moments
from .._model.finding import EvidenceItem
from .._model.objects import Event, Ref, condition, ref_of
from .._model.text import one_line
from . import _case

_GAVE_UP: t.Final[t.Mapping[str, str]] = {
    "BackoffLimitExceeded": "its pods failed as often as it may try, and none of them is left to say why",
    "DeadlineExceeded": "it ran for longer than its deadline allows and was stopped",
    "PodFailurePolicy": "a pod failed in a way that its podFailurePolicy does not try again",
    "FailedIndexes": "some of its indexes failed as often as they may",
    "MaxFailedIndexesExceeded": "more of its indexes failed than it may lose",
}
# What the controller says of a CronJob, the newest event first, and what that means.
_NO_RUN: t.Final[t.Mapping[str, str]] = {
    "UnknownTimeZone": "its time zone is unknown to the controller",
    "UnparseableSchedule": "its schedule can't be read",
    "UnParseableCronJobSchedule": "its schedule can't be read",
    "InvalidSchedule": "its schedule never comes",
    "TooManyMissedTimes": "it missed more than a hundred runs and is no longer started",
    "MissSchedule": "a run could not be started within startingDeadlineSeconds",
    "FailedCreate": "its Job is refused",
}
_STARTS: t.Final = "SuccessfulCreate"
_SKIPPED: t.Final = "JobAlreadyActive"


def job_failed(case: _case.WorkloadCase) -> _case.Judgement | None:
    """A Job, or the newest one of a CronJob, gave up, and none of its pods is left to tell how it ended."""
    found = _newest_job(case)
    if found is None:
        return None
    job, json = found
    failed = next((c for kind in ("Failed", "FailureTarget") if _true(c := condition(json, kind))), None)
    if failed is None:
        return None
    reason = fields.get_str(failed, "reason")
    why = _GAVE_UP.get(reason, "its controller gave it up")
    return _case.Judgement(
        summary=f"the Job {job.name} failed ({reason or 'no reason'}): {why}",
        explanation=f"Its condition {fields.get_str(failed, 'type')} is final: a Job that failed is never tried again by itself. "
        "If a pod were left to tell how it ended, that would be the finding.",
        evidence=(_case.quote_condition(job, failed), _limits(job, json)),
        next_step=_case.kubectl(job, f"describe job {job.name}"),
        affected=fields.get_int(json, "status", "failed") or 1,
    )


def past_its_deadline(case: _case.PodCase) -> _case.Judgement | None:
    """A pod that was ended because it was active for longer than its own activeDeadlineSeconds."""
    pod = case.pod
    if fields.get_str(pod.json, "status", "reason") != "DeadlineExceeded":
        return None
    deadline = fields.get_int(pod.json, "spec", "activeDeadlineSeconds")
    return _case.Judgement(
        summary=f"the pod did not end within its deadline{f' of {deadline} s' if deadline else ''} and was stopped",
        explanation="activeDeadlineSeconds counts from the start of the pod, with pulling its images and all restarts; "
        "the kubelet then ends it, whatever it was doing.",
        evidence=(
            EvidenceItem(
                "status", f"{pod.ref}: status", f"DeadlineExceeded: {fields.get_str(pod.json, 'status', 'message')}"
            ),
            EvidenceItem("spec", f"{pod.ref}: spec.activeDeadlineSeconds", str(deadline)),
        ),
        next_step=_case.edit_command(case.workload)
        + "   # raise activeDeadlineSeconds, or find out why it takes so long",
    )


def cronjob_not_running(case: _case.WorkloadCase) -> _case.Judgement | None:
    """A CronJob makes no Jobs: it is suspended, its controller can't start them, or one that does not end is in the way."""
    if case.workload.kind != "CronJob":
        return None
    return _suspended(case) or _cannot_start(case) or _in_the_way(case)


def _suspended(case: _case.WorkloadCase) -> _case.Judgement | None:
    if fields.get(case.json, "spec", "suspend") is not True:
        return None
    last = fields.get_str(case.json, "status", "lastScheduleTime") or "never"
    return _case.Judgement(
        summary="the CronJob is suspended: it makes no Jobs until somebody resumes it",
        explanation="spec.suspend is true. Somebody set it, so this is news and no fault.",
        evidence=(
            EvidenceItem("spec", f"{case.workload}: spec.suspend", "true"),
            EvidenceItem("status", f"{case.workload}: status.lastScheduleTime", last),
        ),
        next_step=_case.kubectl(
            case.workload, f'patch cronjob {case.workload.name} -p \'{{"spec": {{"suspend": false}}}}\''
        ),
        severity="info",
    )


def _cannot_start(case: _case.WorkloadCase) -> _case.Judgement | None:
    """The newest thing that the controller says is that it could not start a run."""
    said = next((event for event in _events(case) if event.reason in {*_NO_RUN, _STARTS}), None)
    if said is None or said.reason == _STARTS or _began_since(case, said):
        return None
    spec = fields.get(case.json, "spec", "schedule"), fields.get(case.json, "spec", "timeZone")
    deadline = fields.get_int(case.json, "spec", "startingDeadlineSeconds")
    _job, _is, refusal = said.message.partition(" is forbidden: ")  # the Job's name is another each time
    return _case.Judgement(
        summary=f"the CronJob makes no Jobs: {_NO_RUN[said.reason]}"
        + (f": {one_line(refusal, 200)}" if refusal else ""),
        explanation=f"The newest thing that its controller says of it is {said.reason}, and no Job was started since.",
        evidence=(
            _case.quote_event(said),
            EvidenceItem(
                "spec",
                f"{case.workload}: spec",
                f"schedule {spec[0]}, timeZone {spec[1] or 'that of the controller'}, startingDeadlineSeconds {deadline or 'none'}",
            ),
        ),
        next_step=_case.edit_command(case.workload),
    )


def _in_the_way(case: _case.WorkloadCase) -> _case.Judgement | None:
    """The policy is Forbid, and a Job that goes on and on keeps all later ones from starting."""
    if fields.get_str(case.json, "spec", "concurrencyPolicy") != "Forbid":
        return None
    active = fields.get_dicts(case.json, "status", "active")
    skipped = next((event for event in _events(case) if event.reason == _SKIPPED), None)
    if not active or skipped is None or skipped.count < 2 or _began_since(case, skipped):
        return None
    job = Ref("Job", case.workload.namespace, fields.get_str(active[0], "name"))
    since = fields.get_str(case.evidence.get(job), "status", "startTime") or None
    lasts = moments.seconds_between(since, case.evidence.observed_at)
    return _case.Judgement(
        summary=f"no new run starts: {job} goes on{f' since {moments.in_words(lasts)}' if lasts is not None else ''}, "
        "and concurrencyPolicy is Forbid",
        explanation=f"{skipped.count} runs were left out because the one before had not ended. None of its pods shows a fault: "
        "it may hang, or take longer than the schedule leaves it.",
        evidence=(
            _case.quote_event(skipped),
            EvidenceItem(
                "status",
                f"{job}: status",
                f"active {fields.get_int(case.evidence.get(job), 'status', 'active')}",
                since,
            ),
            EvidenceItem("spec", f"{case.workload}: spec.concurrencyPolicy", "Forbid"),
        ),
        next_step=_case.kubectl(job, f"logs job/{job.name} --all-containers --tail=50") + "   # see what it waits for",
        severity="warning",
    )


def _events(case: _case.WorkloadCase) -> list[Event]:
    return case.evidence.events(fields.get_str(case.json, "metadata", "uid"))


def _began_since(case: _case.WorkloadCase, event: Event) -> bool:
    """Whether a run began after that event."""
    last = fields.get_str(case.json, "status", "lastScheduleTime")
    return (moments.seconds_between(event.last, last) or 0) > 0


def _newest_job(case: _case.WorkloadCase) -> tuple[Ref, fields.Json] | None:
    if case.workload.kind == "Job":
        return case.workload, case.json
    if case.workload.kind != "CronJob":
        return None
    jobs = [
        (fields.get_str(json, "metadata", "creationTimestamp"), ref_of(json, "Job"), json)
        for json in case.evidence.named("Job", case.workload.namespace).values()
        if case.evidence.owner(case.workload, json) == case.workload
    ]
    return max(jobs, key=lambda job: job[:2])[1:] if jobs else None


def _true(json: fields.Json) -> bool:
    return fields.get_str(json, "status") == "True"


def _limits(job: Ref, json: fields.Json) -> EvidenceItem:
    names = ("backoffLimit", "activeDeadlineSeconds", "backoffLimitPerIndex", "maxFailedIndexes")
    limits = [f"{name} {value}" for name in names if (value := fields.get_int(json, "spec", name)) is not None]
    counts = [f"{name} {fields.get_int(json, 'status', name) or 0}" for name in ("succeeded", "failed")]
    return EvidenceItem("status", f"{job}: spec and status", ", ".join([*limits, *counts]))
