# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be read to tell who serves the metrics API, and why it does not."""

from __future__ import annotations

import json
import typing as t

from .._model import fields
from .._model.errors import AiopsError
from .._model.objects import Pod
from .connection import Connection, Refused

_LINES: t.Final = "100"


class LiveMetrics:
    """Reads one cluster.  Nothing but GET is sent."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, path: str) -> fields.Json | None:
        try:
            return t.cast("fields.Json", json.loads(self._connection.get(path)))
        except Refused as exc:
            if exc.status in (403, 401):
                raise AiopsError(f"{path} can't be read ({exc.status}): {exc.message}.") from exc
            return None  # missing, or an API whose server does not answer (503)

    def log(self, pod: Pod) -> str:
        path = f"/api/v1/namespaces/{pod.ref.namespace}/pods/{pod.ref.name}/log"
        try:
            return self._connection.get(path, {"tailLines": _LINES}).decode(errors="replace")
        except Refused as exc:
            return exc.message  # an API server that verifies the kubelets tells here that it can't
