# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a change or its rollback hard, case by case, and the test on the real cluster that shows what is done then."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

LOOP: t.Final = Path(__file__).resolve().parents[2] / "loop"
CASES: t.Final[dict[str, str]] = {
    "1 an autoscaler": "test_hard_cases.py::test_an_autoscaler_counts_its_replicas_itself",
    "2 KEDA": "test_hard_cases.py::test_what_keda_scales_is_scaled_by_keda",
    "2 a vertical autoscaler": "test_hard_cases.py::test_what_a_vertical_autoscaler_sets_is_its_own",
    "3 Argo CD": "test_hard_cases.py::test_who_applies_with_argo_is_seen_without_a_mark",
    "4 Flux, 5 Helm": "test_hard_cases.py::test_a_change_belongs_to_whoever_keeps_the_object",
    "6 an operator": "test_hard_cases.py::test_what_an_operator_made_is_changed_at_its_own_object",
    "7 fixed fields": "test_hard_cases.py::test_what_can_not_be_changed_is_known_before_anybody_is_asked",
    "8 a fixed ConfigMap": "test_hard_cases.py::test_of_a_fixed_configmap_the_reference_is_corrected",
    "9 deleted by us": "test_hard_cases.py::test_a_second_step_that_fails_is_no_half_change",
    "10 deleted by somebody": "test_third_parties.py::test_a_plan_for_what_is_not_there_any_more_is_stale",
    "11 made anew": "test_third_parties.py::test_what_was_made_anew_is_not_rolled_back",
    "12 a pod that is deleted": "test_remedies.py::test_the_remains_of_an_evicted_pod",
    "13 a paused rollout": "test_hard_cases.py::test_a_paused_rollout_is_not_rolled_back",
    "14 the same path": "test_third_parties.py::test_a_change_on_the_same_path_blocks_the_rollback",
    "15 another path": "test_third_parties.py::test_a_change_elsewhere_is_kept_by_the_rollback",
    "16 what the server makes of it": "test_hard_cases.py::test_what_the_server_makes_of_a_value_is_what_is_taken_back",
    "17 list items that move": "test_hard_cases.py::test_a_container_that_has_moved_is_not_taken_for_another",
    "18 a quota": "test_hard_cases.py::test_what_the_quota_refuses_is_known_before_anybody_is_asked",
    "19 half a change": "test_hard_cases.py::test_what_somebody_else_makes_between_two_steps_is_theirs",
    "20 no history": "test_hard_cases.py::test_no_history_is_no_way_back_but_our_own_snapshot_is",
    "21 a rollback rolls out": "test_hard_cases.py::test_a_rollback_is_a_rollout_too",
    "22 a rotated Secret": "test_hard_cases.py::test_a_secret_that_was_rotated_meanwhile_is_left_alone",
    "23 no right to take it back": "test_hard_cases.py::test_an_identity_that_could_not_take_it_back_does_not_begin",
    "24 a finalizer": "test_hard_cases.py::test_a_finalizer_that_never_goes_ends_in_words",
    "25 no cluster": "test_hard_cases.py::test_an_unreachable_cluster_leaves_the_rollback_to_the_next_run",
    "26 kubectl apply": "test_hard_cases.py::test_a_later_apply_is_warned_of",
}


@pytest.mark.parametrize("case", CASES)
def test_each_case_has_its_test(case: str) -> None:
    file, _colons, name = CASES[case].partition("::")
    assert re.search(rf"^def {name}\(", (LOOP / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_no_case_is_left_out() -> None:
    assert {int(number) for case in CASES for number in re.findall(r"\d+", case)} == set(range(1, 27))
