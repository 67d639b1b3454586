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

from .._cluster.connection import Connection, connect
from .._cluster.gauge import LiveGauge
from .._cluster.live import LiveReader
from .._cluster.writer import GuardedWriter
from .._model import moments
from .._model.record import Person, Record
from .._model.records import Records
from .._model.rules import Proof
from .._records.rehearsal import Rehearsal
from .._records.store import Store
from .._reports.phr import page, times
from .arguments import CONNECTION
from .running import connection_options

PHR: t.Final[dict[str, t.Any]] = {"type": "str", "required": True}
PHR_DIR: t.Final[dict[str, t.Any]] = {"type": "path"}


def store(params: t.Mapping[str, t.Any]) -> Store:
    """The records in ``phr_dir``, or where this user's are by default."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Store(Path(params["phr_dir"] or f"{state}/aiops-kubernetes/records").expanduser(), page)


def records(params: t.Mapping[str, t.Any], check_mode: bool) -> Records:
    """The records; in check mode they keep nothing."""
    kept = store(params)
    return Rehearsal(kept) if check_mode else kept


def cluster(params: t.Mapping[str, t.Any]) -> tuple[LiveReader, GuardedWriter]:
    """The cluster to read and to write."""
    connection = _connection(params)
    return LiveReader(connection), GuardedWriter(connection)


def gauge(params: t.Mapping[str, t.Any]) -> LiveGauge:
    """The cluster to measure."""
    return LiveGauge(_connection(params))


def _connection(params: t.Mapping[str, t.Any]) -> Connection:
    return connect(connection_options(params, CONNECTION))


def somebody(proof: Proof = "claimed") -> Person:
    """The user of the operating system who runs this; without a proof the name counts for nothing."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name  # not the environment's word for it
    except KeyError:
        name = str(os.getuid())
    return Person(name, proof, socket.gethostname())


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
