# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a use case may ask of a cluster that can be written to."""

from __future__ import annotations

import typing as t

from . import fields
from .objects import Ref
from .plan import Operations


class NotAsPlanned(Exception):
    """A guard did not hold: the object is gone, is another one, or was changed meanwhile.  Nothing was written."""


class NotAllowed(Exception):
    """The identity may not do it (403), or admission or validation refuses it.  Nothing was written."""

    def __init__(self, message: str, forbidden: bool) -> None:
        super().__init__(message)
        self.forbidden = forbidden


class Writer(t.Protocol):
    """Guarded writes.  With ``dry_run`` the server does everything but store it."""

    def get(self, target: Ref) -> fields.Json | None:
        """The object as it is now, with all its metadata, or None where it is not there."""

    def patch(self, target: Ref, operations: Operations, dry_run: bool) -> fields.Json:
        """The object after a JSON patch."""

    def delete(self, target: Ref, uid: str, resource_version: str, dry_run: bool) -> None:
        """Delete exactly the object of that uid and version."""

    def create(self, target: Ref, manifest: fields.Json, dry_run: bool) -> fields.Json:
        """The object as it was made.  A dry run tries it under another name: the one before may still have its own."""

    def may(self, verb: str, target: Ref) -> bool:
        """Whether this identity may do that to such an object, as the server says."""

    def try_pod(self, namespace: str, template: fields.Json) -> None:
        """A dry run of creating a pod of a template; that of a workload does not see what admission says to its pods."""
