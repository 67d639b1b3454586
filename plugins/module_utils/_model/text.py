# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text from a cluster is untrusted: make it safe to show, and take secrets out of it before it leaves."""

from __future__ import annotations

import re
import typing as t
import unicodedata

REDACTED = "<redacted>"

# Names of variables, keys and flags whose value is a secret.  One list for environment names and for text.
_SECRET_WORD = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|"
    r"credentials?|auth(?:orization)?|client[_-]?secret|connection[_-]?string|dsn|cookie|session[_-]?id)"
)
_SECRET_NAME = re.compile(
    rf"(?:^|[^a-z]){_SECRET_WORD}s?(?:$|[^a-z])|(?:password|secret|token|passwd|apikey)$", re.IGNORECASE
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_SECRET_TEXT: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        REDACTED,
    ),
    # scheme://user:password@host
    (
        re.compile(r"(?P<before>[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?P<after>@)", re.IGNORECASE),
        r"\g<before><redacted>\g<after>",
    ),
    # JSON Web Tokens, which ServiceAccount tokens are
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), REDACTED),
    (re.compile(r"\b(?P<kind>bearer|basic)(?P<gap>\s+)[\w.~+/=-]{8,}", re.IGNORECASE), r"\g<kind>\g<gap><redacted>"),
    # keys that cloud and forge vendors mark by a prefix
    (
        re.compile(
            r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abpr]-[\w-]{10,}|\bsk-[\w-]{20,}"
        ),
        REDACTED,
    ),
    # password=…, "token": "…", SECRET_KEY: …; a lower-case word in running text ("token: unexpected status") stays
    (
        re.compile(
            rf"(?P<name>(?:\b|[_-]){_SECRET_WORD}s?[\"']?\s*[=:]\s*[\"']?)(?!<redacted>|[a-z]+ )[^\s\"',;&]{{3,}}",
            re.IGNORECASE,
        ),
        r"\g<name><redacted>",
    ),
    (
        re.compile(rf"(?P<flag>--?[\w-]*{_SECRET_WORD}\s+)(?!<redacted>|-)[^\s\"',;&]+", re.IGNORECASE),
        r"\g<flag><redacted>",
    ),
)


def secret_name(name: str) -> bool:
    """Whether a variable, key or flag of this name is expected to hold a secret."""
    return bool(_SECRET_NAME.search(_CAMEL.sub("_", name).replace("-", "_").replace(".", "_")))


def redact(text: str) -> str:
    """``text`` without what looks like a password, token or key; the words around it stay."""
    for pattern, replacement in _SECRET_TEXT:
        text = pattern.sub(replacement, text)
    return text


def visible(text: str) -> str:
    """``text`` with every control, format and bidirectional character written out, so that it can't steer a terminal.

    New lines and tabs stay: whoever prints one line only uses ``one_line``.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(ch if ch in "\n\t" or not _hides(ch) else _written_out(ch) for ch in text)


def one_line(text: str, limit: int = 400) -> str:
    """The text on one line, at most ``limit`` characters, safe for a terminal."""
    return shorten(visible(" ".join(text.split())), limit)


def shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def redact_json(value: t.Any) -> t.Any:
    """A JSON value with every string redacted."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: redact_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [redact_json(item) for item in value]
    return value


def _hides(ch: str) -> bool:
    # Cc control, Cf format (bidi, zero width), Cs lone surrogates, Co private use, Zl and Zp line breaks
    return unicodedata.category(ch) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _written_out(ch: str) -> str:
    code = ord(ch)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
