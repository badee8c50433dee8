"""Recorded text made safe to show: log text is an attacker's text.

A terminal obeys escape sequences (C0 and C1 controls, ECMA-48), and bidirectional controls (Unicode UAX #9)
make text read differently from what it says. Both are shown as visible escapes instead.
"""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str) -> str:
    """`text` on one line; characters that could act on a terminal or hide become visible escapes."""
    return _UNSAFE.sub(lambda match: _NAMED.get(match[0]) or _escape(match[0]), text)


def printable_json(text: str) -> str:
    r"""JSON text with the same characters as `\u` escapes: another spelling of the same value.

    They can only stand inside strings, for JSON allows none of them outside (RFC 8259); the line feeds and
    tabs of an indented text stay.
    """
    return _UNSAFE.sub(lambda match: match[0] if match[0] in "\n\t" else _json_escape(match[0]), text)


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(character: str) -> str:
    code = ord(character)
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
