# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real playbooks over a record full of traps, as somebody starts them in a folder of their own (row 22, and relative paths)."""

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import EvidenceItem
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.store import Store
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.phr import page
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import ALICE, PHR, person, plan
from ansible_collections.aiops.kubernetes.tests.unit.model.made import finding

# Every way in which these playbooks hand something on: registered results, a loop, files made of text, statistics.
_PLAY: t.Final = """\
- import_playbook: aiops.kubernetes.audit
- import_playbook: aiops.kubernetes.approve
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact: {again: "{{ aiops_audit }}", answer: "{{ aiops_answer }}"}
    - ansible.builtin.debug: {msg: "{{ again.phrs | map(attribute='summary') }} {{ answer }}"}
    - ansible.builtin.debug: {msg: "{{ lookup('ansible.builtin.pipe', 'touch ' ~ here ~ '/control') }}"}
"""
_POLICY: t.Final = "schema: aiops.kubernetes/policy/1\ntiers: {medium: {use_by_minutes: 5}}\n"
_TRAP: t.Final = "{{ lookup('ansible.builtin.pipe', 'touch ' ~ here ~ '/evaluated') }}{% set x = 1 %}"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder after `audit` and `approve` were run there, with relative paths, by a playbook that lies elsewhere."""
    folder = tmp_path_factory.mktemp("here")
    item = EvidenceItem("log", f"Pod shop/cart-1 {_TRAP}", _TRAP)
    texts = dict.fromkeys(("summary", "effect", "dry_run", "action", "irreversible_because"), _TRAP)
    hostile = finding(summary=_TRAP, explanation=_TRAP, evidence=(item,)).as_json()
    made = plan(created_at=moments.now(), finding=hostile, tier_reasons=(_TRAP,), tier="medium", **texts)
    store = Store(folder / "records", page)
    store.create(made, moments.now(), person(_TRAP))
    store.append(PHR, "note", moments.now(), ALICE, {"text": _TRAP})
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "play.yml").write_text(_PLAY)
    (folder / "policy.yml").write_text(_POLICY)
    variables = f"aiops_phr={PHR} aiops_phr_dir=records aiops_policy_file=policy.yml aiops_output_dir=out here={folder}"
    command = [str(Path(sys.executable).with_name("ansible-playbook")), str(elsewhere / "play.yml"), "-vv"]
    environment = {**os.environ, "PWD": str(folder), "ANSIBLE_SHOW_CUSTOM_STATS": "true"}
    done = subprocess.run(
        [*command, "-e", variables, "-e", "aiops_frontend=none"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "said").write_text(done.stdout)
    return folder


def test_row_22_no_text_of_a_plan_is_ever_a_template(here: Path) -> None:
    assert (here / "control").exists(), "what is meant as a template is evaluated: the trap would have gone off"
    assert not (here / "evaluated").exists()
    for name in ("said", "out/audit.md", "out/audit.json"):
        assert "lookup(" in (here / name).read_text()


def test_relative_paths_start_where_ansible_was_started(here: Path) -> None:
    """In a module (`audit`) and in an action of Ansible's own process (`approve`): a policy elsewhere would have failed both."""
    said = (here / "said").read_text()
    assert f"{PHR} stays pending: nobody can be asked here (none)" in said
    assert "can't be read" not in said
    assert sorted(path.name for path in here.iterdir()) == [
        "control",
        "elsewhere",
        "out",
        "policy.yml",
        "records",
        "said",
    ]
