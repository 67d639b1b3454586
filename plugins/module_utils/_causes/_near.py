# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of the names that exist may have been meant: a guess for a person, never a certainty."""

from __future__ import annotations

import difflib
import functools
import typing as t

CANDIDATES: t.Final = 3
_ALIKE: t.Final = 0.75
# Names of one namespace often share an ending (-config): only those about as alike as the best one count.
_WORSE: t.Final = 0.1


def near_misses(wanted: str, names: t.Iterable[str]) -> list[str]:
    """The names most like ``wanted``, best first, at most three."""
    scored = [(_likeness(wanted, name), name) for name in set(names) if name and name != wanted]
    enough = max(_ALIKE, max((score for score, _name in scored), default=0.0) - _WORSE)
    return [name for score, name in sorted(scored, key=lambda pair: (-pair[0], pair[1])) if score >= enough][
        :CANDIDATES
    ]


def one_slip(wrong: str, right: str) -> bool:
    """Whether one letter too many, too few, wrong or swapped with the next makes one name of the other.

    A digit is no slip: node1 and node2 are both meant.
    """
    if len(wrong) > len(right):
        wrong, right = right, wrong
    start = next((n for n, (one, other) in enumerate(zip(wrong, right, strict=False)) if one != other), len(wrong))
    first, second = wrong[start:], right[start:]
    if len(right) - len(wrong) > 1 or wrong == right or second[:1].isdigit() or first[:1].isdigit():
        return False
    if len(wrong) < len(right):
        return first == second[1:]
    return first[1:] == second[1:] or (first[:2] == second[1::-1] and first[2:] == second[2:])


@functools.lru_cache(maxsize=50_000)  # all pods of a workload ask the same
def _likeness(wanted: str, name: str) -> float:
    first, second = _plain(wanted), _plain(name)
    if first == second:
        return 1.0
    matcher = difflib.SequenceMatcher(None, first, second)
    likely = matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE  # both are upper bounds
    return matcher.ratio() if likely else 0.0


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
