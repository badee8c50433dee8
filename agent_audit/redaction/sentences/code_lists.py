"""Lists of recovery codes below their heading, and the keys that are typed into authenticators."""

from __future__ import annotations

import re

from agent_audit.redaction.names.values import Named

_OTP = "key:otp"
_HEADING = 480
"""Characters behind a heading within which its list begins."""
_ROWS = 64
_LINES = 6
"""What may stand before the first row: the rest of the heading, three lines of prose, two empty ones."""
_KEY_REACH = 200

_GROUP = r"[A-Za-z0-9]{3,16}(?:[ -][A-Za-z0-9]{3,8}){0,5}"
_MARK = r"(?:[-*•·>]|\(?\d{1,2}[.):]|\[[ x]?\]|[☐□])[ \t]{1,4}"
_LINE = re.compile(r"[^\n]{0,240}\n")
# Up to four codes a line, with bullets or numbers.
_ROW = re.compile(
    rf"[ \t]{{0,16}}(?:{_MARK}){{0,2}}"
    rf"({_GROUP}(?:(?:[ \t]{{2,24}}|[ \t]?[,;|\t][ \t]{{0,8}})(?:{_MARK})?{_GROUP}){{0,3}})"
    r"[ \t]{0,16}[.,;]?[ \t]{0,4}(?=\r?\n|\Z)"
)
_BLANK_LINES = re.compile(r"(?:[ \t]{0,16}\r?\n){0,3}")
_AND = r"(?:, ?| ?[;|] ?| (?:and|und|et|y|e|i|и|og|och|en|ve) )"
_IN_A_ROW = re.compile(rf"[^\n\d:=]{{0,80}}[:=][ \t]{{0,3}}({_GROUP}(?:{_AND}{_GROUP}){{0,31}})(?![\w-])")
_CODES = re.compile(rf"(?:{_MARK})?({_GROUP})")
_CODE = re.compile(
    r"(?=\D{0,11}\d)[A-Za-z0-9]{4,16}"
    r"|(?=\D{0,40}\d|[A-Z-]{9,}\Z)[A-Za-z0-9]{3,8}(?:[ -][A-Za-z0-9]{3,8}){1,5}"
)
_WORDY = re.compile(r"[a-z]{3,}[ ]|[ ][a-z]{3,}\b")
# RFC 4648, in groups of four, as issuers show it beside the QR code.
_SETUP_KEY = re.compile(
    r"(?i:[^\n]{0,80}?[:\s>\"'`]((?=[a-z \-]{0,40}[2-7])[a-z2-7]{4}(?:[ -][a-z2-7]{4}){3,15})(?![a-z0-9]))"
)


def find_list(text: str, place: int) -> list[Named]:
    """The recovery codes that the heading which ends at `place` announces, from the first to the last."""
    in_a_row = _IN_A_ROW.match(text, place, place + _HEADING)
    if in_a_row is not None and _all_codes(in_a_row.group(1)):
        return [Named(*in_a_row.span(1), _OTP)]
    for _ in range(_LINES):
        line = _LINE.match(text, place)
        if line is None:
            break
        place = line.end()
        found = _rows(text, place)
        if found is not None:
            return [found]
    return []


def _rows(text: str, place: int) -> Named | None:
    """The codes in the lines from `place` on, until another kind of line; None if they are fewer than two."""
    first = last = -1
    codes = 0
    for _ in range(_ROWS):
        row = _ROW.match(text, place)
        if row is None or not _all_codes(row.group(1)):
            break
        codes += len(_CODES.findall(row.group(1)))
        first, last = (row.start(1) if first < 0 else first), row.end(1)
        blank = _BLANK_LINES.match(text, row.end())
        place = blank.end() if blank is not None else row.end()
    return Named(first, last, _OTP) if codes > 1 else None


def _all_codes(row: str) -> bool:
    return all(_CODE.fullmatch(code) and not _WORDY.search(code) for code in _CODES.findall(row))


def find_setup_key(text: str, place: int) -> list[Named]:
    """The key for an authenticator behind what ends at `place`."""
    match = _SETUP_KEY.match(text, place, place + _KEY_REACH)
    return [] if match is None else [Named(*match.span(1), _OTP)]
