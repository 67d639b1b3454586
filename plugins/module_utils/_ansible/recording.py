# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules that work with records do alike."""

from __future__ import annotations

import os
import pwd
import socket
import typing as t
from pathlib import Path

from .._cluster.gauge import LiveGauge
from .._cluster.live import LiveReader
from .._cluster.writer import GuardedWriter
from .._model import moments
from .._model.record import Person, Record
from .._model.records import Records
from .._model.rules import Proof
from .._records.awx import Awx
from .._records.rehearsal import Rehearsal
from .._records.signing import public_key, sign
from .._records.store import Store
from .._reports.phr import page, times
from .._usecases.decide import Voice
from .running import connection

PHR: t.Final[dict[str, t.Any]] = {"type": "str", "required": True}
RECORDS: t.Final[dict[str, dict[str, t.Any]]] = {
    "phr_dir": {"type": "path"},
    "phr_remote": {"type": "str"},
    "policy_file": {"type": "path"},
}
# The path of a key is no secret; the key itself never comes here.
SIGNING_KEY: t.Final[dict[str, t.Any]] = {"type": "path", "no_log": False}


def store(params: t.Mapping[str, t.Any]) -> Store:
    """The records in ``phr_dir``, or where this user's are by default, with what other clones have written."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    root = Path(params["phr_dir"] or f"{state}/aiops-kubernetes/records").expanduser()
    policy = Path(params["policy_file"]) if params["policy_file"] else None
    kept = Store(root, page, params["phr_remote"], policy)
    kept.refresh()
    return kept


def records(params: t.Mapping[str, t.Any], check_mode: bool) -> Records:
    """The records; in check mode they keep nothing."""
    return rehearsed(store(params), check_mode)


def rehearsed(kept: Store, check_mode: bool) -> Records:
    """The same records, which keep nothing in check mode."""
    return Rehearsal(kept) if check_mode else kept


def cluster(params: t.Mapping[str, t.Any]) -> tuple[LiveReader, GuardedWriter]:
    """The cluster to read and to write."""
    opened = connection(params)
    return LiveReader(opened), GuardedWriter(opened)


def gauge(params: t.Mapping[str, t.Any]) -> LiveGauge:
    """The cluster to measure."""
    return LiveGauge(connection(params))


def somebody(proof: Proof = "claimed") -> Person:
    """The user of the operating system who runs this; without a proof the name counts for nothing."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name  # not the environment's word for it
    except KeyError:
        name = str(os.getuid())
    return Person(name, proof, socket.gethostname())


def platform_is_named() -> bool:
    """Whether this is a job of AWX with a credential that lets it ask AWX."""
    return "JOB_ID" in os.environ and any(os.environ.get(name) for name in ("CONTROLLER_HOST", "TOWER_HOST"))


def requester() -> Person:
    """Who asks for a plan: the launcher of this job of AWX, where AWX can be asked, else the user of the operating system."""
    if not platform_is_named():
        return somebody()
    awx = Awx(os.environ)
    launcher = awx.launcher()
    return Person(launcher, "platform", awx.server) if launcher else somebody()


def voice(params: t.Mapping[str, t.Any], kept: Store) -> Voice:
    """The owner of the signing key, where one is given, else whoever says to be the user."""
    if not params["signing_key"]:
        return Voice(somebody())
    key = Path(params["signing_key"])
    principal = kept.signers.principal(public_key(key))
    return Voice(Person(principal, "signature", socket.gethostname()), lambda content: sign(content, key))


def platform_voices(record: Record) -> tuple[str, list[Voice]]:
    """When the first person was asked in AWX, and everybody who approved there."""
    awx = Awx(os.environ)
    approvals = awx.approvals(record.id, record.plan_digest)
    voices = [
        Voice(Person(each.user, "platform", awx.server), None, each.proof(awx.server), each.at) for each in approvals
    ]
    return min((each.asked for each in approvals), default=""), voices


def confirm(record: Record) -> None:
    """Have a platform say again what a record says that it said."""
    back = record.last("rollback_approved")
    if any(event.by.proof == "platform" for event in ([back] if back else record.approvals)):
        Awx(os.environ).require(record)


def outcome(record: Record) -> dict[str, t.Any]:
    """What every module says of a record."""
    now = moments.now()
    return {
        "phr": record.id,
        "state": record.state(now),
        "tier": record.plan.tier,
        "verdict": record.verdict,
        "digest": record.plan_digest,
        "missing": list(record.missing),
        "until": record.until,
        "times": times(record),
    }
