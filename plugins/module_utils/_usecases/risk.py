# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tier a plan needs: that of its steps, and of what was done to the same workload just before."""

from __future__ import annotations

import typing as t

from .._model import moments
from .._model.errors import AiopsError
from .._model.evidence import Cluster
from .._model.objects import Ref
from .._model.plan import Step
from .._model.policy import classify
from .._model.record import Record
from .._model.records import Records
from .._model.rules import TIERS, Tier

# From the making of a plan to its last possible claim: the longest window and use-by of the built-in policy.
_LONGEST_WAIT: t.Final = (120 + 15) * 60


def needed(
    records: Records, cluster: Cluster, workload: Ref, steps: t.Sequence[Step], because: str | None, now: str
) -> tuple[Tier, tuple[str, ...]]:
    """The tier with its reasons, by the policy in force."""
    tier, reasons = classify(steps, because, records.policy)
    earlier = _just_before(records, cluster, workload, now)
    climbed = records.policy.climbed(tier, earlier)
    if climbed == tier:
        return tier, reasons
    within = moments.in_words(records.policy.within)
    return climbed, (f"{len(earlier)} changes of {workload} within {within} before this one",)


def require_still_enough(records: Records, record: Record, now: str) -> None:
    """An AiopsError where the plan asks for less than it needs by now.

    The tier in a plan is only its word: it is found anew from the steps here, where they are about to be done.
    """
    plan = record.plan
    tier, reasons = needed(records, plan.cluster, plan.workload, plan.steps, plan.irreversible_because, now)
    if TIERS.index(tier) > TIERS.index(plan.tier):
        raise AiopsError(
            f"{plan.phr} was planned as {plan.tier} and is {tier} by now: {'; '.join(reasons)}. Make a new plan."
        )
    looser = plan.rule.looser_than(records.policy.rules[plan.tier])
    if looser:
        raise AiopsError(f"{plan.phr} was planned under a policy that asked for less ({looser}). Make a new plan.")


def _just_before(records: Records, cluster: Cluster, workload: Ref, now: str) -> list[Tier]:
    """The tiers of what was written to the workload within the policy's time."""
    found: list[Tier] = []
    for phr in records.ids(moments.after(now, -records.policy.within - _LONGEST_WAIT)):
        record = records.load(phr)
        applying = record.last("applying")
        age = moments.seconds_between(applying.at, now) if applying else None
        same = (record.plan.cluster.uid, record.plan.workload) == (cluster.uid, workload)
        if same and age is not None and age <= records.policy.within and record.state(now) != "not_applied":
            found.append(record.plan.tier)
    return found
