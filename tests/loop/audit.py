# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the collection wrote to a namespace, by the audit log of the API server."""

from __future__ import annotations

import datetime
import json
import time
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

AGENT = '"userAgent":"aiops.kubernetes'
_READS = frozenset({"get", "list", "watch"})


@dataclass(frozen=True)
class Request:
    """A request that would change something."""

    verb: str
    resource: str
    name: str
    status: int
    dry_run: bool
    manager: str
    accepted: float
    """when the server had answered, in seconds since the epoch"""


@dataclass(frozen=True)
class AuditLog:
    path: Path
    begin: int
    """where to begin, in bytes: what stands before is of other tests, and long"""

    def writes(self, namespace: str) -> list[Request]:
        """What our collection asked to be stored."""
        return [request for request in self._requests(namespace) if not request.dry_run]

    def dry_runs(self, namespace: str) -> list[Request]:
        return [request for request in self._requests(namespace) if request.dry_run]

    def asked_for(self, namespace: str, resource: str) -> list[str]:
        """What our collection asked for of this resource, whatever the verb."""
        return [line for line in self._lines(namespace) if f'"resource":"{resource}"' in line]

    def wait_for_write(self, namespace: str, seconds: float = 90) -> Request:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := self.writes(namespace):
                return found[0]
            time.sleep(0.1)
        raise AssertionError(f"nothing was written to {namespace} within {seconds:.0f} s")

    def _requests(self, namespace: str) -> list[Request]:
        events = map(json.loads, self._lines(namespace))
        return [
            _request(event) for event in events if event["verb"] not in _READS and event["stage"] == "ResponseComplete"
        ]

    def _lines(self, namespace: str) -> list[str]:
        """What our collection asked for in this namespace; a line that is not written to its end is left out."""
        with self.path.open(encoding="utf-8") as lines:
            lines.seek(self.begin)
            place = f'"namespace":"{namespace}"'
            return [line for line in lines if AGENT in line and place in line and line.endswith("\n")]


def _request(event: dict[str, object]) -> Request:
    match event:
        case {
            "verb": str(verb),
            "objectRef": {"resource": str(resource), **reference},
            "responseStatus": {"code": int(status)},
            "requestURI": str(uri),
            "stageTimestamp": str(moment),
        }:
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(uri).query)
            return Request(
                verb,
                resource,
                str(reference.get("name", "")),
                status,
                query.get("dryRun") == ["All"],
                query.get("fieldManager", [""])[0],
                datetime.datetime.fromisoformat(moment).timestamp(),
            )
    raise AssertionError(f"an audit event of another form: {event}")
