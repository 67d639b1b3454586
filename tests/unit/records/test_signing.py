# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures by real keys and ssh-keygen: whose counts, and row 17 of what must be refused."""

from __future__ import annotations

import dataclasses
import subprocess
import typing as t
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import Person
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.signing import Signers, public_key, sign
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.store import Store
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.phr import page
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.audit import inspect
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.decide import Voice, ask, decide, review
from ansible_collections.aiops.kubernetes.tests.unit.loop.made import ALICE, PHR, person, plan
from ansible_collections.aiops.kubernetes.tests.unit.records.trusted import IDENTITIES, Keys, commit_trust, git

NOW: t.Final = "2026-11-22T09:15:02Z"
BYTES: t.Final = b"the plan"


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


def test_a_signature_of_the_right_person_counts(keys: Keys) -> None:
    signers = Signers(keys.allowed("alice", "bob"), None)
    assert signers.principal(public_key(keys.path("alice"))) == "alice"
    signers.require(BYTES, sign(BYTES, keys.path("alice")), "alice", NOW)


@pytest.mark.parametrize("ending", ["", ".pub"])
def test_the_agent_signs(keys: Keys, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.path("alice")
    with keys.agent("alice") as socket:
        monkeypatch.setenv("SSH_AUTH_SOCK", socket)
        public = Path(f"{keys.path('alice')}.pub")
        if ending:
            keys.path("alice").unlink()
        signature = sign(BYTES, public if ending else keys.path("alice"))
    Signers(keys.allowed("alice"), None).require(BYTES, signature, "alice", NOW)


def _signed(keys: Keys, name: str, namespace: str = "aiops.kubernetes", content: bytes = BYTES) -> str:
    command = ["ssh-keygen", "-Y", "sign", "-q", "-f", str(keys.path(name)), "-n", namespace]
    return subprocess.run(command, input=content, check=True, capture_output=True).stdout.decode()


_ROW_17: t.Final[dict[str, t.Callable[[Keys], tuple[Signers, str]]]] = {
    "of a git commit": lambda k: (Signers(k.allowed("alice"), None), _signed(k, "alice", "git")),
    "of a file": lambda k: (Signers(k.allowed("alice"), None), _signed(k, "alice", "file")),
    "of other bytes": lambda k: (Signers(k.allowed("alice"), None), _signed(k, "alice", content=b"the plan.")),
    "of somebody else": lambda k: (Signers(k.allowed("alice", "bob"), None), _signed(k, "bob")),
    "of an unknown key": lambda k: (Signers(k.allowed("bob"), None), _signed(k, "alice")),
    "cut": lambda k: (Signers(k.allowed("alice"), None), _signed(k, "alice")[:-60]),
    "empty": lambda k: (Signers(k.allowed("alice"), None), ""),
    "text": lambda k: (Signers(k.allowed("alice"), None), "I approve"),
    "two in one": lambda k: (Signers(k.allowed("alice"), None), _signed(k, "bob") + _signed(k, "alice")),
    "revoked by a list": lambda k: (Signers(k.allowed("alice"), k.public("alice")), _signed(k, "alice")),
    "revoked by a KRL": lambda k: (Signers(k.allowed("alice"), k.krl("alice")), _signed(k, "alice")),
    "with a broken revocation list": lambda k: (Signers(k.allowed("alice"), b"garbage\n"), _signed(k, "alice")),
    "too late": lambda k: (Signers(k.allowed("alice", options='valid-before="20261122Z"'), None), _signed(k, "alice")),
    "too early": lambda k: (Signers(k.allowed("alice", options='valid-after="20261123Z"'), None), _signed(k, "alice")),
    "of a key for git only": lambda k: (Signers(k.allowed("alice", options='namespaces="git"'), None), _signed(k, "alice")),
    "without allowed_signers": lambda k: (Signers(None, None), _signed(k, "alice")),
}  # fmt: skip


@pytest.mark.parametrize("case", _ROW_17)
def test_row_17_a_signature_that_counts_for_nothing(keys: Keys, case: str) -> None:
    signers, signature = _ROW_17[case](keys)
    with pytest.raises(AiopsError):
        signers.require(BYTES, signature, "alice", NOW)


def test_a_key_that_ended_later_still_counts_for_what_it_signed_before(keys: Keys) -> None:
    signers = Signers(keys.allowed("alice", options='valid-after="20261122Z",valid-before="20261123Z"'), None)
    signers.require(BYTES, _signed(keys, "alice"), "alice", NOW)


@pytest.mark.parametrize(
    "line",
    ["alice,bob {key}", "*@example.org {key}", "!alice {key}", "alice {key}\nbob {key}", "alice cert-authority {key}", "alice",
     "alice ssh-ed25519"],
)  # fmt: skip
def test_row_14_a_key_stands_for_one_plain_name(keys: Keys, line: str) -> None:
    with pytest.raises(AiopsError, match="allowed_signers: line"):
        Signers(line.format(key=keys.public("alice").decode().strip()).encode(), None)


def test_a_key_that_nobody_listed_is_told_before_it_signs(keys: Keys) -> None:
    with pytest.raises(AiopsError, match="not in trust/allowed_signers"):
        Signers(keys.allowed("bob"), None).principal(public_key(keys.path("alice")))


def test_what_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(AiopsError, match="is not there"):
        sign(BYTES, tmp_path / "none")
    odd = tmp_path / "odd"
    odd.write_text("x")
    with pytest.raises(AiopsError, match="could not be signed"):
        sign(BYTES, odd)
    with pytest.raises(AiopsError, match="is no key"):
        public_key(odd)


def test_without_openssh(monkeypatch: pytest.MonkeyPatch, keys: Keys) -> None:
    keys.path("alice")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(AiopsError, match="Install OpenSSH"):
        sign(BYTES, keys.path("alice"))


# In a store


@pytest.fixture
def store(root: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A pending critical plan, and trust files that are committed."""
    monkeypatch.setattr(moments, "now", lambda: NOW)
    made = Store(root, page)
    made.create(plan(tier="critical"), NOW, ALICE)
    commit_trust(root, keys, "alice", "bob", "carol")
    return Store(root, page)


def voice(keys: Keys, name: str) -> Voice:
    return Voice(Person(name, "signature", "desk"), lambda content: sign(content, keys.path(name)))


def _approve(store: Store, keys: Keys, *names: str) -> None:
    for name in names:
        record = ask(store, PHR, ALICE, NOW)
        decide(store, record, "approve", voice(keys, name), "seen and right")


def test_critical_by_two_signatures(store: Store, keys: Keys, root: Path) -> None:
    _approve(store, keys, "carol", "bob")
    record = Store(root, page).load(PHR)
    assert (record.state(NOW), [str(each.by) for each in record.approvals]) == (
        "approved", ["carol (signature, on desk)", "bob (signature, on desk)"],
    )  # fmt: skip
    assert inspect(store, PHR, page)["valid"]


def test_a_second_signature_of_one_person_is_refused(store: Store, keys: Keys) -> None:
    _approve(store, keys, "bob")
    with pytest.raises(AiopsError, match="can't decide that"):
        decide(store, store.load(PHR), "approve", voice(keys, "bob"), "seen and right")
    assert [event.type for event in store.load(PHR).events].count("approved") == 1


def test_who_only_says_to_sign_is_not_recorded(store: Store, keys: Keys) -> None:
    record = ask(store, PHR, ALICE, NOW)
    liars = [
        Voice(Person("bob", "signature", "desk")),
        Voice(Person("bob", "signature", "desk"), lambda _content: "I am bob"),
        Voice(Person("bob", "signature", "desk"), lambda content: sign(content, keys.path("alice"))),
        Voice(Person("bob", "signature", "desk"), lambda _content: sign(b"something else", keys.path("bob"))),
    ]
    for liar in liars:
        with pytest.raises(AiopsError, match=r"0003-approved.json: the signature is not a valid one of bob"):
            decide(store, record, "approve", liar, "seen and right")
    assert [event.type for event in store.load(PHR).events] == ["proposed", "asked"]


def test_row_11_a_signature_of_another_plan_is_not_one_of_this(store: Store, keys: Keys) -> None:
    """The bytes that were signed hold the id and the digest of the plan."""
    other = "PHR-20261122-091502-000000"
    store.create(plan(tier="critical", phr=other), NOW, ALICE)
    _approve(store, keys, "bob")
    ask(store, other, ALICE, NOW)
    event = store.load(PHR).approvals[0]
    with pytest.raises(AiopsError, match="the signature is not a valid one of bob"):
        store.append(other, "approved", NOW, event.by, event.body)


def test_row_29_a_swapped_signature_is_named(store: Store, keys: Keys, root: Path) -> None:
    _approve(store, keys, "carol", "bob")
    record = store.load(PHR)
    swapped = dataclasses.replace(
        record.events[3], body={**record.events[3].body, "signature": record.events[2].body["signature"]}
    )
    (root / "phr/2026/11" / PHR / "events" / "0004-approved.json").write_bytes(swapped.as_bytes())
    [error] = inspect(Store(root, page), PHR, page)["errors"]
    assert "0004-approved.json: the signature is not a valid one of bob" in error


def test_a_key_that_is_revoked_before_use_stops_the_plan(store: Store, keys: Keys, root: Path) -> None:
    _approve(store, keys, "carol", "bob")
    commit_trust(root, keys, "alice", "bob", "carol", revoked=keys.krl("bob"))
    [error] = inspect(Store(root, page), PHR, page)["errors"]
    assert "0004-approved.json: the signature is not a valid one of bob" in error


@pytest.mark.usefixtures("store")
def test_row_18_trust_that_is_not_committed_counts_for_nothing(keys: Keys, root: Path) -> None:
    (root / "trust" / "allowed_signers").write_bytes(keys.allowed("alice", "bob", "carol", "mallory"))
    git(root, "add", "trust")
    again = Store(root, page)
    with pytest.raises(AiopsError, match="not in trust/allowed_signers"):
        again.signers.principal(public_key(keys.path("mallory")))
    again.append(PHR, "note", NOW, ALICE, {})
    assert git(root, "show", "--name-only", "--format=").split() == [
        f"phr/2026/11/{PHR}/PHR.md", f"phr/2026/11/{PHR}/events/0002-note.json",
    ]  # fmt: skip


@pytest.mark.usefixtures("store")
def test_row_18_nor_does_what_stands_on_another_branch(keys: Keys, root: Path) -> None:
    git(root, "checkout", "--quiet", "-b", "mine")
    commit_trust(root, keys, "mallory")
    again = Store(root, page)
    assert again.signers.principal(public_key(keys.path("bob"))) == "bob"
    with pytest.raises(AiopsError, match="is on another branch than main"):
        again.append(PHR, "note", NOW, ALICE, {})


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("name", ["policy.yml", "identities.yml", "allowed_signers"])
def test_trust_files_that_are_broken_let_nothing_through(keys: Keys, root: Path, name: str) -> None:
    commit_trust(root, keys, "alice", **{name.partition(".")[0]: b"a: b: c\n"})
    with pytest.raises(AiopsError, match=name):
        Store(root, page).load(PHR)


def test_row_41_the_glass_is_broken_once_until_somebody_looked(store: Store, keys: Keys) -> None:
    decide(store, store.load(PHR), "break_glass", voice(keys, "carol"), "the shop is down", "INC-7")
    assert store.load(PHR).state(NOW) == "approved"
    other = "PHR-20261122-091502-000000"
    store.create(plan(tier="critical", phr=other), NOW, ALICE)
    with pytest.raises(AiopsError, match=f"broke the glass for {PHR}, which nobody has reviewed yet"):
        decide(store, store.load(other), "break_glass", voice(keys, "carol"), "again it is down", "INC-8")
    with pytest.raises(AiopsError, match="another person"):
        review(store, store.load(PHR), voice(keys, "carol"), "it was right")
    review(store, store.load(PHR), voice(keys, "bob"), "it was right")
    decide(store, store.load(other), "break_glass", voice(keys, "carol"), "again it is down", "INC-8")
    assert store.load(other).state(NOW) == "approved"


@pytest.mark.parametrize("incident", ["", " ", "two\nlines", "\x1b[31m"])
def test_row_41_without_an_incident_nobody_breaks_it(store: Store, keys: Keys, incident: str) -> None:
    with pytest.raises(AiopsError, match="Nothing was recorded"):
        decide(store, store.load(PHR), "break_glass", voice(keys, "carol"), "the shop is down", incident)
    with pytest.raises(AiopsError, match="a signature are needed"):
        decide(store, store.load(PHR), "break_glass", person("carol"), "the shop is down", "INC-7")
    assert [event.type for event in store.load(PHR).events] == ["proposed"]


def test_identities_are_read_from_the_commit(store: Store) -> None:
    assert store.load(PHR).people.who("carol", "signature", NOW) is not None
    assert store.load(PHR).people.who("dave", "signature", NOW) is None
    assert "security" in IDENTITIES


def test_nothing_of_a_key_enters_the_record(store: Store, keys: Keys, root: Path) -> None:
    _approve(store, keys, "bob")
    secret = keys.path("bob").read_text().splitlines()[1:-1]
    for path in (path for path in root.rglob("*") if path.is_file()):
        assert not any(line.encode() in path.read_bytes() for line in secret)
