# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody else edits the same object at random moments of a change and of its rollback: never written over, never half applied."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import pytest
from kubernetes.client.exceptions import ApiException

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.recording import somebody
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import Event
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.apply import apply
from ansible_collections.aiops.kubernetes.tests.loop.case import Case
from ansible_collections.aiops.kubernetes.tests.loop.workloads import Json, hungry

# `make test` makes 20 in all, `make soak` more.
ROUNDS: Final = int(os.environ.get("AIOPS_RACES", "20"))
TOGETHER: Final = 4
LIMIT: Final = "/spec/template/spec/containers/0/resources/limits/memory"
OURS, THEIRS, BEFORE = "96Mi", "56Mi", "48Mi"


class Other:
    """Somebody else: what they did, and which generation it made; ``None`` where they did nothing to our path."""

    def __init__(self, case: Case, chance: random.Random) -> None:
        self.case, self.chance = case, chance
        self.what = ""
        self.generation: int | None = None

    def meddle(self) -> None:
        self.what = self.chance.choice(["our path", "our path", "another path", "delete", "make anew"])
        with suppress(ApiException):  # it may be gone already
            if self.what == "our path":
                answer = self.case.patch([{"op": "replace", "path": LIMIT, "value": THEIRS}])
                self.generation = answer["metadata"]["generation"]
            elif self.what == "another path":
                self.case.patch([{"op": "add", "path": "/metadata/labels", "value": {"team": "checkout"}}])
            else:
                self.case.delete()
                if self.what == "make anew":
                    self.case.apply(hungry())

    @contextmanager
    def beside(self, longest: float) -> Iterator[None]:
        """They act at a random moment while the block runs, or a little later."""
        wait = self.chance.uniform(0, longest)

        def act() -> None:
            time.sleep(wait)
            self.meddle()

        thread = threading.Thread(target=act)
        thread.start()
        try:
            yield
        finally:
            thread.join()


@pytest.mark.parametrize("number", range(TOGETHER))
def test_edits_at_random_moments(number: int, case: Case) -> None:
    seed = f"{number} {os.environ.get('AIOPS_RACES_SEED', '')}"
    chance = random.Random(seed)  # noqa: S311 - a race that fails can be run again
    seen: dict[str, int] = {}
    for _round in range(-(-ROUNDS // TOGETHER)):
        case.wait(lambda: not case.pods(), "the pods of the round before to go")  # they fail in the same way
        case.apply(hungry())
        case.wait_for("memory-limit-exceeded")
        for outcome in (changing(case, chance), taking_back(case, chance)):
            seen[outcome] = seen.get(outcome, 0) + 1
        if not case.live():
            continue
        case.delete()
    print(seen)
    assert case.errors() == []


def changing(case: Case, chance: random.Random) -> str:
    record, other = case.approved(), Other(case, chance)
    uid = case.live()["metadata"]["uid"]
    with other.beside(0.5), suppress(AiopsError):
        apply(case.store, case.writer, case.reader.cluster(), record.id, somebody())
    record, live = case.record(), case.live()
    state = record.state(moments.now())
    assert state in {"applied", "stale", "not_applied"}, case.events()
    if state != "applied":
        assert limit(live) in {BEFORE, THEIRS, None}
    elif live and live["metadata"]["uid"] == uid:
        last_word(record.last("applied"), other, limit(live))
    return f"{other.what} while it is applied: {state}"


def taking_back(case: Case, chance: random.Random) -> str:
    record, other = case.record(), Other(case, chance)
    if record.state(moments.now()) != "applied":
        return "nothing to take back"
    before = case.live()
    with other.beside(0.3):
        record = case.take_back(record)
    state, live = record.state(moments.now()), case.live()
    assert state in {"rolled_back", "rollback_blocked"}, case.events()
    if before and limit(before) == OURS and other.what == "another path":
        assert (state, limit(live)) == ("rolled_back", BEFORE)
    if live and live["metadata"]["uid"] == record.plan.steps[0].uid:
        assert limit(live) != OURS or state == "rollback_blocked"
        if other.generation is not None and state == "rollback_blocked":
            assert limit(live) == THEIRS
    return f"{other.what} while it is taken back: {state}"


def last_word(event: Event | None, other: Other, value: str | None) -> None:
    """Who wrote last is what stands there; we never wrote after them."""
    assert event is not None
    [generation] = event.body["generations"]
    if other.generation is None:
        assert value == OURS
    else:
        assert generation < other.generation, "we wrote over somebody else"
        assert value == THEIRS


def limit(live: Json) -> str | None:
    match live:
        case {"spec": {"template": {"spec": {"containers": [{"resources": {"limits": {"memory": str(value)}}}]}}}}:
            return value
    return None
