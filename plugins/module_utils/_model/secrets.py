# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking secrets out of text and objects before they leave.

Two ways to know a secret: by the name it is given (``DB_PASSWORD=…``), and by its own form (a token with a known prefix).
Names of Kubernetes objects and words of running text must stay: a diagnosis is made of them.
"""

from __future__ import annotations

import re
import typing as t

REDACTED: t.Final = "<redacted>"

# Flags of one letter after which these programs take a password; MySQL's clients take it without a space.
_CLIENT: t.Final = (
    r"(?:\b(?:redis|valkey)-cli\b[^\n;|&]{0,200}?\s-a|\bmongo(?:sh)?\b[^\n;|&]{0,200}?\s-p|\bcurl\b[^\n;|&]{0,200}?\s(?:-u|--user)"
    r"|\bldap\w+\b[^\n;|&]{0,200}?\s-w)\s+"
)
_MYSQL: t.Final = r"\b(?:mysql|mariadb)[\w-]*\b[^\n;|&]{0,200}?\s-p(?=[^\s-])"
_FLAG_OF_A_CLIENT: t.Final = re.compile(rf"{_CLIENT}\Z")

# Anywhere in a name, in small letters with its words joined by _: PGPASSWORD, requirepass, clientSecret, x-api-key.
_SECRET_PART: t.Final = re.compile(
    r"passw|passphrase|requirepass|(?<!pull_)secret|token(?!i[sz])|credential|authorization|connection_?string|session_?id"
    r"|(?:api|private|access|master|signing|encryption|account|ssh|jwt)_?key"
)
# A whole word of a name.
_SECRET_WORDS: t.Final = frozenset({"pass", "pwd", "dsn", "pat", "cookie"})
# NAME_KEY is a secret, unless the word before says otherwise.
_HARMLESS_KEYS: t.Final = frozenset(
    {"public", "primary", "foreign", "partition", "sort", "cache", "config", "map", "host", "last", "first", "row"}
)
# A name that ends so says where a secret is or how it is used, not what it is.
_ABOUT: t.Final = frozenset(
    {
        "name",
        "file",
        "path",
        "dir",
        "url",
        "uri",
        "ttl",
        "seconds",
        "expiry",
        "expiration",
        "length",
        "policy",
        "type",
        "ref",
    }
    | {"count", "enabled", "version", "mode", "required", "missing", "invalid"}
)
_WORD_LIMITS: t.Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")

_VALUE: t.Final = r"(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s\"',;&]+)"
# NAME=value, and "name": "value" of JSON.  Here and below, lengths are bounded so that hostile text is read about once.
_ASSIGNED: t.Final = re.compile(
    rf"(?<![A-Za-z_])(?P<name>[A-Za-z_][\w.-]{{0,200}})(?P<sign>\"?\s*=\s*|\"\s*:\s*)(?P<value>{_VALUE})"
)
# name: value at the start of a line or after a space; Kubernetes' own "Secret shop/db-token: keys" has a slash before the name
_COLON: t.Final = re.compile(rf"(?<![\w/.:-])(?P<name>[A-Za-z_][\w.-]*)(?P<sign>:\s+)(?P<value>{_VALUE})")
_PROSE: t.Final = re.compile(r"^(?:[a-z]+(?=\s+\S)|[1-5]\d\d\b|\S+:(?=\s))")
_FLAG: t.Final = re.compile(rf"(?<![\w-])(?P<name>--?[A-Za-z][\w-]*)(?P<sign>\s+)(?P<value>(?!-){_VALUE})")

_FORMS: t.Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), REDACTED),
    # scheme://user:password@host, where what follows the colon is no port; scheme://token@host
    (re.compile(r"(://[^\s/:@\"']{0,300}:)(?!\d{1,5}(?:/|$))[^\s@\"']{1,1000}@"), rf"\1{REDACTED}@"),
    (re.compile(r"(://)[^\s/:@\"']{6,1000}@"), rf"\1{REDACTED}@"),
    # JSON Web Tokens, which ServiceAccount tokens are
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), REDACTED),
    (
        re.compile(r"(authorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic|token|digest)\s+)[^\s\"',]+", re.I),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"\b(bearer|basic)(\s+)(?=[^\s\"',]*\d)[\w.~+/=-]{8,}", re.I), rf"\1\2{REDACTED}"),
    (re.compile(rf"({_CLIENT}|{_MYSQL})(?!{REDACTED}){_VALUE}"), rf"\1{REDACTED}"),
    # keys that cloud and forge vendors mark by a prefix
    (
        re.compile(
            r"\b(?:(?:AKIA|ASIA)[A-Z0-9]{16}\b|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abpr]-[\w-]{10,}"
            r"|sk-(?:proj-|ant-\w+-)?[A-Za-z0-9_]{20,}|AIza[\w-]{35}|npm_[A-Za-z0-9]{30,})"
        ),
        REDACTED,
    ),
)


def secret_name(name: str) -> bool:
    """Whether a variable, key or flag of this name is expected to hold a secret."""
    words = [word.lower() for word in _WORD_LIMITS.split(name) if word]
    if not words or words[-1] in _ABOUT:
        return False
    if _SECRET_PART.search("_".join(words)) or not _SECRET_WORDS.isdisjoint(words):
        return True
    return len(words) > 1 and words[-1] == "key" and words[-2] not in _HARMLESS_KEYS


def redact(text: str) -> str:
    """``text`` without what looks like a password, token or key; the words around it stay."""
    for pattern, replacement in _FORMS:
        text = pattern.sub(replacement, text)
    text = _ASSIGNED.sub(_without_value, text)
    text = _COLON.sub(lambda match: match[0] if _is_prose(match) else _without_value(match), text)
    return _FLAG.sub(_without_value, text)


def redact_object(value: t.Any) -> t.Any:
    """A Kubernetes object without secrets: values of variables and annotations by their name, words after a flag, any text."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [
            REDACTED if isinstance(item, str) and _announces_secret(value, place) else redact_object(item)
            for place, item in enumerate(value)
        ]
    if not isinstance(value, dict):
        return value
    result = {key: redact_object(item) for key, item in value.items()}
    if isinstance(value.get("value"), str) and secret_name(str(value.get("name", ""))):
        result["value"] = REDACTED
    annotations = result.get("annotations")
    if isinstance(annotations, dict):
        result["annotations"] = {key: REDACTED if secret_name(key) else item for key, item in annotations.items()}
    return result


def _without_value(match: re.Match[str]) -> str:
    if not secret_name(match["name"].lstrip("-")) or REDACTED in match["value"]:
        return match[0]
    quote = match["value"][0] if match["value"][0] in "\"'" else ""
    return f"{match['name']}{match['sign']}{quote}{REDACTED}{quote}"


def _is_prose(match: re.Match[str]) -> bool:
    """ "token: unexpected status", "credentials: 401", "credentials: exec: …": a sentence goes on after the colon."""
    return bool(_PROSE.match(match.string[match.start("value") :]))


def _announces_secret(words: list[t.Any], place: int) -> bool:
    """Whether the word of a command line at ``place`` is a secret: after ``--password``, or ``redis-cli`` … ``-a``."""
    flag = words[place - 1] if place else None
    if not isinstance(flag, str) or not flag.startswith("-") or "=" in flag:
        return False
    return secret_name(flag.lstrip("-")) or bool(_FLAG_OF_A_CLIENT.search(" ".join(map(str, words[:place])) + " "))
