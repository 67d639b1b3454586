# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text from a cluster is untrusted: make it safe to show."""

from __future__ import annotations

import unicodedata


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


def _hides(ch: str) -> bool:
    # Cc control, Cf format (bidi, zero width), Cs lone surrogates, Co private use, Zl and Zp line breaks
    return unicodedata.category(ch) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _written_out(ch: str) -> str:
    code = ord(ch)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
