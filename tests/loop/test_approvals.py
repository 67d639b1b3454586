# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Approvals by keys, over a shared remote, on a real cluster: what counts is applied, and every way around it is refused."""

from __future__ import annotations

import dataclasses
import json
import os
import pwd
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.plan import digest
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import Person, Record, event_name
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.store import Store
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.phr import page
from ansible_collections.aiops.kubernetes.tests.loop.case import JUSTIFICATION, Case, Ran
from ansible_collections.aiops.kubernetes.tests.loop.terminal import ENTER, Terminal
from ansible_collections.aiops.kubernetes.tests.loop.workloads import CRASHES, deployment, hungry, rolled_out
from ansible_collections.aiops.kubernetes.tests.unit.records.trusted import IDENTITIES, Keys, commit_trust, git

CRITICAL = "schema: aiops.kubernetes/policy/1\nat_least:\n  - {tier: critical, namespaces: [lp-*]}\n"
SHORT = "schema: aiops.kubernetes/policy/1\ntiers:\n  medium: {use_by_minutes: 0}\n"


@dataclass
class Site:
    """A case whose records are a clone of a remote, as an operator and other people share them."""

    case: Case
    keys: Keys
    remote: Path

    @property
    def variables(self) -> dict[str, str]:
        return {"phr_remote": str(self.remote)}

    def clone(self, name: str) -> Path:
        return self.case.folder / f"clone-of-{name}"

    def trust(self, **files: bytes) -> None:
        """As an administrator: in a clone of the own, pushed to the protected branch."""
        folder = self.clone("admin")
        if not folder.exists():
            git(self.case.folder, "clone", "--quiet", str(self.remote), str(folder))
            git(folder, "checkout", "--quiet", "-B", "main")
        if git(self.remote, "for-each-ref"):
            git(folder, "pull", "--quiet", "--rebase", "origin", "main")
        me = pwd.getpwuid(os.getuid()).pw_name
        listed = IDENTITIES.replace("terminal:alice", f"terminal:{me}").encode()
        commit_trust(folder, self.keys, "alice", "bob", "carol", **{"identities": listed, **files})
        git(folder, "push", "--quiet", "origin", "main")

    def store(self) -> Store:
        kept = Store(self.case.phr_dir, page, str(self.remote))
        kept.refresh()
        return kept

    def plan(self) -> Record:
        self.store()
        return self.case.plan()

    def record(self, phr: str) -> Record:
        return self.store().load(phr)

    def play(self, playbook: str, *words: str, **variables: object) -> Ran:
        return self.case.run(self.case.command(playbook, *words, **{**self.variables, **variables}))

    def remediate(self, phr: str, *words: str, **variables: object) -> Ran:
        return self.play("remediate", *words, phr=phr, **variables)

    def sign(self, name: str, phr: str, verdict: str, **options: str) -> Ran:
        """A person without a terminal, in a clone of the own."""
        given = {
            "phr": phr,
            "phr_dir": str(self.clone(name)),
            "phr_remote": str(self.remote),
            "verdict": verdict,
            "justification": JUSTIFICATION,
            "signing_key": str(self.keys.path(name)),
            **options,
        }
        return self.case.run(["ansible", "localhost", "-m", "aiops.kubernetes.approval", "-a", json.dumps(given)])


@pytest.fixture
def site(case: Case) -> Site:
    remote = case.folder / "records.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote)], check=True)
    keys = case.folder / "keys"
    keys.mkdir()
    return Site(case, Keys(keys), remote)


def _flat(ran: Ran) -> str:
    return " ".join(ran.output.split())


def _refused(site: Site, ran: Ran, *words: str) -> None:
    assert ran.status == 2, ran.output
    for word in words:
        assert word in _flat(ran), ran.output
    assert site.case.audit.writes(site.case.namespace) == []


def test_medium_by_a_signature_from_another_clone(site: Site) -> None:
    """The operator's run waits; another person looks at the plan on the own machine and signs it there."""
    case = site.case
    site.trust(policy=b"schema: aiops.kubernetes/policy/1\ntiers:\n  medium: {proof: signature}\n")
    case.apply(deployment())
    case.wait(lambda: rolled_out(case.live()), "the first revision")
    case.apply(deployment(CRASHES))
    case.wait_for("application-error")
    phr = site.plan().id
    _refused(site, site.remediate(phr), "has no valid decision yet")

    theirs = {"phr_dir": str(site.clone("bob")), "signing_key": str(site.keys.path("bob")), **site.variables}
    terminal = Terminal(case.command("approve", phr=phr, **theirs), case.folder)
    terminal.type(f"APPROVE {terminal.question()}{ENTER}")
    terminal.reason()
    terminal.type(f"{JUSTIFICATION}{ENTER}")
    ran = terminal.end()
    assert ran.status == 0, ran.output
    assert "Step" in ran.output, "the plan was not shown where it was signed"

    ran = site.remediate(phr)
    assert ran.status == 0, ran.output
    record = site.record(phr)
    assert [str(event.by).partition(",")[0] for event in record.approvals] == ["bob (signature"]
    assert (record.state(moments.now()), record.verdict) == ("applied", "better")
    audit = site.play("audit", ask_cluster=True, output_dir=str(case.folder / "audit"))
    assert audit.status == 0, audit.output
    report = json.loads((case.folder / "audit" / "audit.json").read_text())
    assert (report["compliance"]["approved"], report["compliance"]["unrecorded"]) == (1, [])
    assert "compliant" in (case.folder / "audit" / "audit.md").read_text().splitlines()[0]


def test_critical_by_two_signatures_and_taken_back_by_one_decision(site: Site) -> None:
    case = site.case
    site.trust(policy=CRITICAL.encode())
    case.apply(hungry())
    case.wait_for("memory-limit-exceeded")
    before = case.spec()
    record = site.plan()
    assert record.plan.tier == "critical"
    assert site.sign("carol", record.id, "approve").status == 0
    twice = site.sign("carol", record.id, "approve")
    assert (twice.status, "can't decide that" in _flat(twice)) == (2, True), twice.output
    _refused(site, site.remediate(record.id), "security must approve it")
    assert site.sign("bob", record.id, "approve").status == 0

    ran = site.remediate(record.id)
    assert (ran.status, "made it worse and is applied now" in _flat(ran)) == (2, True), ran.output
    assert len(case.audit.writes(case.namespace)) == 1
    generation = case.live()["metadata"]["generation"]
    again = site.remediate(record.id)
    assert case.live()["metadata"]["generation"] == generation, again.output
    back = site.play("rollback", phr=record.id)
    assert (back.status, "one person must decide" in _flat(back)) == (2, True), back.output
    assert site.sign("carol", record.id, "approve_rollback").status == 0
    back = site.play("rollback", phr=record.id)
    assert back.status == 0, back.output
    assert case.spec() == before
    assert site.record(record.id).state(moments.now()) == "rolled_back"
    assert case.errors() == []


def test_the_glass_is_broken_by_one_and_looked_at_by_another(site: Site) -> None:
    case = site.case
    site.trust(policy=CRITICAL.encode())
    case.apply(hungry())
    case.wait_for("memory-limit-exceeded")
    phr = site.plan().id
    alone = site.sign("carol", phr, "break_glass")
    _refused(site, alone, "an incident id and a signature are needed")
    assert site.sign("carol", phr, "break_glass", incident="INC-7").status == 0
    assert site.remediate(phr).status == 2  # it does not help, and critical changes are not taken back by themselves
    assert len(case.audit.writes(case.namespace)) == 1
    record = site.record(phr)
    claimed = record.first("claimed")
    assert claimed is not None
    assert claimed.body["decided_by"][0].startswith("carol (signature")
    assert record.review is None
    review = {
        "phr": phr, "phr_dir": str(site.clone("bob")), "phr_remote": str(site.remote),
        "post_review": "it was right to go ahead", "signing_key": str(site.keys.path("bob")),
    }  # fmt: skip
    ran = case.run(["ansible", "localhost", "-m", "aiops.kubernetes.phr", "-a", json.dumps(review)])
    assert ran.status == 0, ran.output
    assert site.record(phr).review is not None


def _forged(site: Site, phr: str, by: Person, signature: str) -> None:
    """An approval that somebody with an editor put into the records, with a right chain."""
    record = site.record(phr)
    if not record.first("asked"):
        record = site.store().append(phr, "asked", moments.now(), Person("bob", "claimed", "x"), {})
    body = {
        "digest": record.plan_digest,
        "justification": JUSTIFICATION,
        **({"signature": signature} if signature else {}),
    }
    event = record.following("approved", moments.now(), by, body)
    folder = next(site.case.phr_dir.glob(f"phr/*/*/{phr}"))
    (folder / "events" / event_name(event)).write_bytes(event.as_bytes())


def _softened(site: Site, phr: str) -> None:
    """A plan that calls itself trivial, with a chain that fits it."""
    record = site.record(phr)
    rule = dataclasses.replace(record.rule, roles=(), proof="claimed", window=0, use_by=300, rollback_within=60)
    plan = dataclasses.replace(record.plan, tier="trivial", rule=rule)
    folder = next(site.case.phr_dir.glob(f"phr/*/*/{phr}"))
    (folder / "plan.json").write_bytes(plan.as_bytes())
    head = digest(plan.as_bytes())
    for path in sorted((folder / "events").glob("*.json")):
        path.unlink()
    first = dataclasses.replace(record.events[0], prev=head)
    (folder / "events" / event_name(first)).write_bytes(first.as_bytes())


def _approved(site: Site, phr: str) -> None:
    assert site.sign("bob", phr, "approve").status == 0


def _revoked(site: Site, phr: str) -> None:
    _approved(site, phr)
    assert site.sign("carol", phr, "revoke").status == 0


def _key_revoked(site: Site, phr: str) -> None:
    _approved(site, phr)
    site.trust(revoked=site.keys.krl("bob"))


def _own_key(site: Site, phr: str) -> None:
    """mallory's key in the work tree's trust files, as a run's user could put it there."""
    trust = site.case.phr_dir / "trust"
    (trust / "allowed_signers").write_bytes(site.keys.allowed("alice", "bob", "carol", "mallory"))
    record = site.record(phr)
    event = record.following(
        "approved", moments.now(), Person("mallory", "signature", "x"), {"digest": record.plan_digest}
    )
    command = ["ssh-keygen", "-Y", "sign", "-q", "-f", str(site.keys.path("mallory")), "-n", "aiops.kubernetes"]
    signed = subprocess.run(command, input=event.signed_bytes(phr), check=True, capture_output=True).stdout.decode()
    _forged(site, phr, event.by, signed)


BYPASSES: dict[str, tuple[Callable[[Site, str], None], str]] = {
    "revoked before use": (_revoked, "it is revoked"),
    "key revoked before use": (_key_revoked, "does not verify"),
    "by one who only says to have signed": (
        lambda site, phr: _forged(site, phr, Person("bob", "signature", "x"), ""), "does not verify"),
    "with a signature of nobody": (
        lambda site, phr: _forged(site, phr, Person("bob", "signature", "x"), "-----BEGIN SSH SIGNATURE-----"), "does not verify"),
    "with a key that only the work tree allows": (_own_key, "does not verify"),
    "by one who says to be in AWX": (
        lambda site, phr: _forged(site, phr, Person("bob", "platform", "awx"), ""), "Who approves is not proven"),
    "by a bot": (lambda site, phr: _forged(site, phr, Person("robot", "platform", "awx"), ""), "no valid decision yet"),
    "by a stranger at a terminal": (
        lambda site, phr: _forged(site, phr, Person("mallory", "terminal", "x"), ""), "no valid decision yet"),
    "a plan that calls itself trivial": (_softened, "does not verify|is medium by now|rewritten"),
}  # fmt: skip


def test_every_way_around_is_refused_by_the_module(site: Site) -> None:
    """One failing workload, and one way after the other; nothing is ever written."""
    case = site.case
    site.trust()
    case.apply(hungry())
    case.wait_for("memory-limit-exceeded")
    before = case.spec()
    clean = git(site.remote, "rev-parse", "main").strip()
    for name, (way, words) in BYPASSES.items():
        subprocess.run(
            ["rm", "-rf", str(case.phr_dir), *(str(site.clone(who)) for who in ("bob", "carol"))], check=True
        )
        git(site.remote, "update-ref", "refs/heads/main", clean)
        phr = site.plan().id
        way(site, phr)
        ran = site.remediate(phr, "--skip-tags", "approval", approved=True, answer={"approved": True})
        assert ran.status == 2, f"{name}: {ran.output}"
        assert any(word in _flat(ran) for word in words.split("|")), f"{name}: {ran.output}"
        assert case.audit.writes(case.namespace) == [], name
        git(site.clone("admin"), "fetch", "--quiet")
        git(site.clone("admin"), "reset", "--quiet", "--hard", clean)
    assert case.spec() == before


def test_an_approval_that_is_too_old_is_refused(site: Site) -> None:
    case = site.case
    site.trust(policy=SHORT.encode())
    case.apply(hungry())
    case.wait_for("memory-limit-exceeded")
    phr = site.plan().id
    assert site.sign("bob", phr, "approve").status == 0
    _refused(site, site.remediate(phr), "it is expired")
