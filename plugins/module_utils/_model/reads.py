# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which commands of kubectl are reads: what is not surely one is none."""

from __future__ import annotations

import re
import shlex
import typing as t

# What a shell takes as it stands.  Strings in quotes that nothing in them can leave are taken out first.
_QUOTED: t.Final = re.compile(r"'[^'\n]*'|\"[^\"$`\\\n]*\"")
_PLAIN: t.Final = re.compile(r"[A-Za-z0-9_./:=,@%+ -]*")

_VERBS: t.Final = frozenset(
    {"get", "describe", "logs", "top", "events", "explain", "wait", "api-resources", "api-versions", "version"}
)
_TWO_WORDS: t.Final = frozenset({("rollout", "status"), ("rollout", "history"), ("auth", "can-i"), ("auth", "whoami")})
# Flags that choose, order or shape what is shown.  One that names another cluster, identity or file is not among them.
_FLAGS: t.Final = frozenset({
    "-n", "--namespace", "-A", "--all-namespaces", "-o", "--output", "-l", "--selector", "--field-selector",
    "--show-labels", "-L", "--label-columns", "--sort-by", "--no-headers", "--ignore-not-found", "-w", "--watch",
    "--watch-only", "--chunk-size", "--show-kind", "--show-managed-fields", "--subresource", "--show-events", "-c",
    "--container", "--all-containers", "-p", "--previous", "--tail", "--since", "--since-time", "--timestamps",
    "--prefix", "--limit-bytes", "--max-log-requests", "--ignore-errors", "--containers", "--sum", "--revision",
    "--timeout", "--for", "--types", "--recursive", "--api-version", "--api-group", "--namespaced", "--verbs",
    "--client", "--list", "--request-timeout",
})  # fmt: skip
_SHORT: t.Final = re.compile(r"(-[nolLc])(.+)")
_BEFORE_VERB: t.Final = ("-n", "--namespace", "--request-timeout")


def is_read(command: str) -> bool:
    """Whether a shell that runs this asks a cluster for what it shows to readers: with kubectl as it is set up, and for no Secret."""
    if not _PLAIN.fullmatch(_QUOTED.sub("", command)):
        return False
    words = shlex.split(command)
    if words[:1] != ["kubectl"]:
        return False
    words = words[1:]
    while words and words[0].startswith("-"):
        name, equals, _value = words[0].partition("=")
        if name not in _BEFORE_VERB:
            return False
        words = words[1 if equals else 2 :]
    if words[:1] and words[0] in _VERBS:
        return all(_harmless(word, words[0]) for word in words[1:])
    return tuple(words[:2]) in _TWO_WORDS and all(_harmless(word, words[0]) for word in words[2:])


def _harmless(word: str, verb: str) -> bool:
    """A name, a value or a known flag; a name that may be that of Secrets is not, nor a template in a file of this machine."""
    if "-file=" in word:
        return False
    if not word.startswith("-"):
        return not any(part.lower().startswith("secret") for part in re.split(r"[,/]", word))
    joined = _SHORT.fullmatch(word)
    name = joined[1] if joined and not word.startswith("--") else word.partition("=")[0]
    return name in _FLAGS or (verb == "logs" and name in {"-f", "--follow"})
