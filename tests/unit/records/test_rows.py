# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an approval and its record must withstand, row by row, and the test that shows it."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

TESTS: t.Final = Path(__file__).resolve().parents[2]
ROWS: t.Final[dict[str, str]] = {
    "1 a variable that says approved": "loop/test_nobody.py::test_no_variable_approves",
    "2 tags and tasks left out": "loop/test_approvals.py::test_every_way_around_is_refused_by_the_module",
    "3 no standard input": "loop/test_nobody.py::test_without_a_terminal",
    "4 a terminal without a person": "loop/test_nobody.py::test_at_the_terminal_of_ansible_runner",
    "5 typed without Enter": "unit/loop/test_approval_prompt.py::test_what_was_typed_without_enter_is_no_answer",
    "6 an interrupt": "loop/test_refusals.py::test_no_other_words_approve",
    "7 a closed terminal": "loop/test_refusals.py::test_a_closed_terminal_approves_nothing_and_ends_the_play",
    "8 check mode": "loop/test_check_mode.py::test_approve_asks_nobody",
    "9 an edited plan": "unit/loop/test_record.py::test_a_byte_more_is_told",
    "10 an approval of another plan": "unit/loop/test_record.py::test_an_approval_that_does_not_count",
    "11 a decision used twice": "unit/records/test_remote.py::test_row_11_only_one_clone_gets_the_claim",
    "12 the clock": "unit/loop/test_record.py::test_row_12_an_event_that_goes_back_in_time_is_told",
    "13 the requester": "unit/loop/test_record.py::test_row_13_the_requester_is_never_the_security_half",
    "14 one person twice": "unit/loop/test_record.py::test_row_14_two_keys_and_an_account_are_one_person",
    "15 both assignments": "unit/loop/test_record.py::test_row_15_both_assignments_are_tried",
    "16 a bot, an administrator": "unit/records/test_awx.py::test_row_16_a_bot_an_administrator_and_a_stranger_in_awx",
    "17 signatures": "unit/records/test_signing.py::test_row_17_a_signature_that_counts_for_nothing",
    "18 trust of the own branch": "unit/records/test_signing.py::test_row_18_trust_that_is_not_committed_counts_for_nothing",
    "19 what AWX does not confirm": "unit/records/test_awx.py::test_row_19_what_awx_does_not_confirm_is_not_applied",
    "20 odd answers of AWX": "unit/records/test_awx.py::test_row_20_what_awx_does_not_answer_is_no_approval",
    "21 odd justifications": "unit/loop/test_decide.py::test_what_hides_is_refused",
    "22 a template in a plan": "unit/records/test_playbooks.py::test_row_22_no_text_of_a_plan_is_ever_a_template",
    "23 YAML and JSON with two meanings": "unit/records/test_strict_yaml.py::test_row_23_what_could_be_read_in_two_ways_is_refused",
    "24 a plan that calls itself harmless": "unit/loop/test_rules.py::test_a_plan_that_calls_itself_harmless_is_not_applied",
    "25 one more step": "unit/loop/test_policy.py::test_one_more_step_never_lowers_the_tier",
    "26 a failing disk, a killed writer": "loop/test_faults.py::test_row_26_a_fault_leaves_an_event_whole_or_absent",
    "27 a full disk": "unit/records/test_store.py::test_a_full_disk_leaves_no_half_event",
    "28 many writers": "unit/records/test_remote.py::test_row_28_two_clones_lose_nothing",
    "29 tampering": "unit/records/test_tampering.py::test_the_first_bad_item_is_named",
    "30 killed while it applies": "loop/test_kills.py::test_killed_while_it_applies",
    "31 an object that changed": "unit/loop/test_apply.py::test_what_changed_meanwhile_is_stale",
    "32 a third party": "loop/test_third_parties.py::test_a_change_on_the_same_path_blocks_the_rollback",
    "33 an autoscaler that came later": "unit/loop/test_apply.py::test_row_33_who_came_after_the_approval_keeps_the_object",
    "33 a change that is put back": "unit/loop/test_verify.py::test_row_33_what_another_puts_back_is_no_success",
    "34 no way back": "unit/loop/test_propose.py::test_what_the_server_does_not_store_again_is_irreversible",
    "35 the second of three": "unit/loop/test_steps.py::test_row_35_where_the_second_of_three_objects_fails_the_first_is_undone",
    "36 no figure": "unit/loop/test_verify.py::test_row_36_without_a_figure_no_checkpoint_is_a_success",
    "37 a late job, twice": "unit/loop/test_verify.py::test_row_37_late_twice_and_out_of_order",
    "38 worse, then better": "unit/loop/test_verify.py::test_row_38_worse_and_then_better_is_one_rollback",
    "39 a Helm release": "unit/remedies/test_ownership.py::test_row_39_a_helm_release_is_changed_by_helm_in_whatever_state_it_is",
    "40 the remote is gone": "unit/records/test_remote.py::test_row_40_a_claim_counts_only_once_it_is_pushed",
    "41 the glass": "unit/records/test_signing.py::test_row_41_the_glass_is_broken_once_until_somebody_looked",
    "42 secrets": "unit/records/test_tampering.py::test_no_secret_of_the_finding_enters_the_record",
    "43 a write without a record": "unit/records/test_audit.py::test_row_43_what_the_cluster_knows_and_no_record_tells",
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_each_row_has_its_test(row: str) -> None:
    file, _colons, name = ROWS[row].partition("::")
    assert re.search(rf"^def {name}\(", (TESTS / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_no_row_is_left_out() -> None:
    assert sorted({int(row.split()[0]) for row in ROWS}) == list(range(1, 44))
