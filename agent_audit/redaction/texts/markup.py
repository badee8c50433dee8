"""Secrets in HTML: a label in one element and its value in the next, in the next cell, or below it in a table."""

from __future__ import annotations

import re

from agent_audit.redaction.names.keys import KeyClass, KeyClassifier
from agent_audit.redaction.names.made import is_made
from agent_audit.redaction.names.values import Named, is_shown
from agent_audit.redaction.names.vocabulary import ACCOUNT_WORDS
from agent_audit.redaction.texts.tables import is_cell_secret

_LABEL = 40
_MAX_ROW = 8192
_MAX_ROWS = 10_000
_LABEL_ENDS = re.compile(r"[^<>\n]{0,40}?(:?)\s{0,40}(?=<(/?))")
_OTHER_TAG = r"<(?!(?i:/?(?:t[rhd]|table|thead|tbody))\b)/?[A-Za-z][^<>]{0,400}>"
_BLANK = r"\s{1,400}|\\[nrt]|&nbsp;|&#160;"
# From a label to what it labels. Nothing follows, so nothing of it is tried twice.
_GAP = re.compile(rf"(?:{_BLANK}|:|<!--[^<>]{{0,100}}-->|{_OTHER_TAG}){{1,24}}")
# The items of a list or a menu label nothing behind them; a paragraph only with a colon.
_APART = re.compile(r"(?i)<(?:/?(?:li|a|ul|ol|option|button|nav|form)\b)")
_PARAGRAPH = re.compile(r"(?i)</p>")
_COLON = re.compile(r"(?:\A|>)[^<>]*:")
_OPENS = re.compile(r"<[^/<>][^<>]*>\s*\Z")
_TOKEN = re.compile(r"([^\s<>\"'`]{3,256})(\s{0,400}(?:<|\Z))?")
_FIELD = re.compile(
    r"<(?:input|textarea)\b(?![^<>]*(?:checkbox|radio|submit))[^<>]*?\bvalue=([\"'])([^\"'<>]{4,256})\1", re.IGNORECASE
)
_CELL = re.compile(rf"<t([hd])\b[^<>]{{0,400}}>((?:{_BLANK}|{_OTHER_TAG}){{0,12}})([^<>]*)", re.IGNORECASE)
_IN_CELL = re.compile(r"[^<>]{0,40}(?:</(?!t[rhd]\b)\w{1,10}>\s{0,40}){0,4}</?t[rhd]\b", re.IGNORECASE)
_HEADING = re.compile(r"[^\W\d_]+(?:[ _/.-]+[^\W\d_]+){0,4}:?\Z")
_ROW = re.compile(r"<tr\b|</table\b", re.IGNORECASE)
_ROW_ENDS = re.compile(r"</?tr\b|</t(?:able|head)\b", re.IGNORECASE)


def find_in_markup(text: str, start: int, end: int, keys: KeyClassifier) -> tuple[list[Named], int]:
    """What the label that has a keyword at `start:end` stands for, and how far the text was read.

    Args:
        text: the text.
        start: where the keyword begins.
        end: where it ends.
        keys: judges the label.
    """
    ends = _LABEL_ENDS.match(text, end)
    if ends is None:
        return [], end
    opened = text.rfind(">", max(0, start - _LABEL), start) + 1
    colon = ends.group(1) == ":"
    if not (colon or (opened and ends.group(2))):
        return [], end
    found = _judged(text[opened or max(0, start - _LABEL) : ends.end()], keys, colon=colon)
    if found is None:
        return [], end
    if _IN_CELL.match(text, end):
        return _in_row(text, start, end, keys)
    return _behind(text, ends.end(), colon, found)


def _judged(label: str, keys: KeyClassifier, *, colon: bool) -> KeyClass | None:
    """What a label says; without a colon one of many words is a sentence."""
    names = label.replace("&nbsp;", " ").split()
    if not names or (len(names) > 4 and not colon) or "REDACTED:" in label:
        return None
    if colon and names[-1].lower() in {"is:", "was:"}:
        names.pop()
    found = keys.secret(" ".join(names[-3:]))
    # A column or a list of cookies has their names.
    return found._replace(weak=True) if found is not None and found.rule == "key:cookie" else found


def _behind(text: str, place: int, colon: bool, found: KeyClass) -> tuple[list[Named], int]:
    """The value in the element behind a label, or bare behind a colon."""
    gap = _GAP.match(text, place)
    if gap is None:
        return [], place
    between = gap.group()
    colon = colon or _COLON.search(between) is not None
    field = _FIELD.search(between)
    if field is not None:
        return _shown(text, place + field.start(2), place + field.end(2), found), gap.end()
    token = _TOKEN.match(text, gap.end())
    if token is None or _APART.search(between) or not (colon or _PARAGRAPH.search(between) is None):
        return [], gap.end()
    if not colon and not (token.group(2) and _OPENS.search(between)):
        return [], gap.end()
    first, last = token.span(1)
    while last > first and text[last - 1] in ".,;:)":
        last -= 1
    shown = _shown(text, first, last, found)
    if not shown and colon and token.group(2) and found.rule == "key:password" and not found.weak:
        made = is_made(text[first:last], found, sure=False)
        shown = [Named(first, last, found.rule)] if made else []
    return shown, gap.end()


def _shown(text: str, first: int, last: int, found: KeyClass) -> list[Named]:
    return [Named(first, last, found.rule)] if is_shown(text[first:last], found) else []


def _in_row(text: str, start: int, end: int, keys: KeyClassifier) -> tuple[list[Named], int]:
    """The secrets of a row whose cells name each other, or of the rows below it when it is a header."""
    first = max(text.rfind("<tr", max(0, start - _MAX_ROW), start), text.rfind("<TR", max(0, start - _MAX_ROW), start))
    if first < 0:
        first = max(0, text.rfind("<t", max(0, start - 400), start))
    stop = _row_end(text, end)
    cells = list(_CELL.finditer(text, first, stop))
    names = [cell.group(3).strip() for cell in cells]
    judged = [_judged(name, keys, colon=False) for name in names]
    if len(cells) > 1 and all(map(_HEADING.match, names)):
        account = any(name.lower() in ACCOUNT_WORDS for name in names)
        if account or all(cell.group(1) in "hH" for cell in cells):
            return _below(text, stop, judged, account)
    secrets = [
        secret
        for name, cell in zip(judged, cells[1:], strict=False)
        if name is not None
        for secret in _in_cell(text, cell, name, account=False)
    ]
    return secrets, stop


def _row_end(text: str, place: int) -> int:
    ends = _ROW_ENDS.search(text, place, place + _MAX_ROW)
    return ends.start() if ends is not None else min(len(text), place + _MAX_ROW)


def _in_cell(text: str, cell: re.Match[str], found: KeyClass, *, account: bool) -> list[Named]:
    field = _FIELD.search(cell.group(2))
    if field is not None:
        return _shown(text, cell.start(2) + field.start(2), cell.start(2) + field.end(2), found)
    content = cell.group(3)
    first = cell.start(3) + len(content) - len(content.lstrip())
    content = content.strip()
    if account and found.rule == "key:password" and content and is_cell_secret(content, found):
        return [Named(first, first + len(content), found.rule)]
    return _shown(text, first, first + len(content), found)


def _below(text: str, place: int, columns: list[KeyClass | None], account: bool) -> tuple[list[Named], int]:
    secrets: list[Named] = []
    for _ in range(_MAX_ROWS):
        row = _ROW.search(text, place, place + _MAX_ROW)
        if row is None or row.group()[1] == "/":
            break
        place = _row_end(text, row.end())
        for found, cell in zip(columns, _CELL.finditer(text, row.end(), place), strict=False):
            if found is not None:
                secrets += _in_cell(text, cell, found, account=account)
    return secrets, place
