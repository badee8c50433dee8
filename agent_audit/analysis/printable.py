"""Recorded text made safe to show: log text is an attacker's text.

A terminal obeys escape sequences (C0 and C1 controls, ECMA-48), bidirectional controls (Unicode UAX #9) make text read
differently from what it says, and what shows nothing (Default_Ignorable_Code_Point) makes two names look like one (UTS
#39) and hides whole texts. All are shown as visible escapes instead, but for joiners and variation selectors where a
script or an emoji needs them.
"""

from __future__ import annotations

import re
from unicodedata import bidirectional, category, combining

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
_JOINERS = ("\u200c", "\u200d")
_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_VIRAMA = 9
"""Canonical combining class of the sign that joins consonants of Indic scripts."""
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str) -> str:
    """`text` on one line; characters that could act on a terminal or hide become visible escapes."""
    return _UNSAFE.sub(lambda match: match[0] if _needed(match) else _NAMED.get(match[0]) or _escape(match[0]), text)


def printable_json(text: str) -> str:
    r"""JSON text with the same characters as `\u` escapes: another spelling of the same value.

    They can only stand inside strings, for JSON allows none of them outside (RFC 8259); the line feeds and
    tabs of an indented text stay.
    """
    return _UNSAFE.sub(lambda match: match[0] if match[0] in "\n\t" else _json_escape(match[0]), text)


def _needed(match: re.Match[str]) -> bool:
    """Whether a script or an emoji needs the character where it stands (UAX #31, A1, A2 and B; UTS #51)."""
    place, text = match.start(), match.string
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if not before:
        return False
    if _VARIATION.match(match[0]):
        # One behind an ideograph, a symbol or the digit of a key cap: a row of them is a hidden text.
        return category(before) in ("Lo", "Sm", "So") or after == "\u20e3"
    if match[0] not in _JOINERS or not after:
        return False
    if combining(before) == _VIRAMA:
        return True
    if match[0] == "\u200c":
        return bidirectional(before) == bidirectional(after) == "AL"
    return (category(before) in ("So", "Sk") or before == "\ufe0f") and category(after) == "So"


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
