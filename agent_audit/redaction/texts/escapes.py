"""Text within a string of JSON or of a program (RFC 8259, section 7), in a URL or a form (RFC 3986, section 2.1) or in
HTML, as whoever reads it sees it.

A tool's output often stands in one: quotes, line feeds and tabs are escaped then, and what ends a value, a line or a
cell is not where rules for plain text look for it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from html import unescape

# Not what a backslash, a percent sign or an ampersand is written as, once more and once more: else each of them would
# be a level of its own to look behind, however many there are.
_ESCAPE = re.compile(r"\\(?:[\\\"'/nrt]|u(?!d[89a-f]|005c)[0-9a-f]{4}|x(?!5c)[0-7][0-9a-f])", re.IGNORECASE)
# One character each, of UTF-8; in a form a blank is a plus.
_PERCENT = re.compile(
    r"%(?:25)*(?:[0-7][0-9a-f]|[cd][0-9a-f]%[89ab][0-9a-f]|e[0-9a-f](?:%[89ab][0-9a-f]){2}|f[0-7](?:%[89ab][0-9a-f]){3})|\+",
    re.IGNORECASE,
)
_CHARACTER = re.compile(
    r"&(?:amp;)*(?:quot|apos|amp|lt|gt|nbsp|#(?!0{0,4}38;)\d{2,6}|#x(?!0{0,3}26;)[0-9a-f]{2,5});", re.IGNORECASE
)
_AGAIN = re.compile(r"(?<=%)(?:25)+(?=[0-9a-f]{2})", re.IGNORECASE)
_IN_URL, _IN_HTML = re.compile(r"%(?:25)?(?:2[27]|0[Aa])"), re.compile(r"&(?:amp;)?(?:quot|apos|#3[49]|#x2[27]);")
"""In what was escaped as a whole, other than an address within an address, and the signs of HTML amid its text."""
_WHOLLY = re.compile(r"(?:\\{1,8}x[2-7][0-9a-fA-F]){6}")
# The second group stands behind the name of a member. One that has no end is cut off, and matches too: else the end
# would be looked for again from every quote in it.
_STRING = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)(?:"(\s{0,8}:)?|\\?\Z)', re.DOTALL)
_DOCUMENT = re.compile(
    r"\s*(?:\"|[\[{][\[{\s]{0,200}[\"\]}]|\[\s{0,40}(?:-?\d[^,\[\]{}\s]{0,40}|true|false|null)\s{0,40},)"
)
_LONG = 10_000
"""Characters from which on only what stands around the escapes is read without them."""
_AROUND, _TO_BLANK = 2_500, 500
"""Characters on both sides, more than any statement takes; and those in which a blank is looked for to cut at."""
_VALUE = re.compile(r"=[^&\s\"'<>;=]*?(?:\+|%[2-9a-fA-F])")
_MEANT = {"n": "\n", "r": "\r", "t": "\t"}


def is_document(text: str) -> bool:
    """Whether a text could be a JSON document, or several, one a line."""
    return _DOCUMENT.match(text) is not None


def strings_of(text: str) -> Iterator[tuple[int, str]]:
    """Where each string of a JSON document begins that is no name of a member, and what stands in it, escaped."""
    for match in _STRING.finditer(text):
        if match.group(2) is None:
            yield match.start(1), match.group(1)


# One character is looked for at a fraction of what two cost, or a pattern.
def _is_in_string(text: str) -> bool:
    if "\\" not in text:
        return False
    return '\\"' in text or "\\'" in text or "\\n" in text or "\\t" in text or _is_wholly_escaped(text)


def _is_in_url(text: str) -> bool:
    return "%" in text and _IN_URL.search(text) is not None


def _is_in_html(text: str) -> bool:
    return "&" in text and _IN_HTML.search(text) is not None


def _is_wholly_escaped(text: str) -> bool:
    return "\\x" in text and _WHOLLY.search(text) is not None


def is_escaped(text: str) -> bool:
    """Whether a text is to be read more closely for its escapes alone, whatever else is in it."""
    return "\\u" in text or "\\t" in text or _is_wholly_escaped(text) or _is_in_url(text) or _has_form(text)


def _has_form(text: str) -> bool:
    """Whether a value of a form, or of the query of a URL, is escaped."""
    return "=" in text and ("%" in text or "+" in text) and _VALUE.search(text) is not None


def readings(part: str, *, whole: bool) -> Iterator[tuple[int, int, Unescaped | None]]:
    """A part as it is read: without each kind of escapes that it has, or as it stands unless that was read already.

    Args:
        part: the text.
        whole: whether it is all of a text, which as it stands was read already.

    Yields:
        Where what is read begins and ends, and how it is read; None where that is as it stands.
    """
    escaped = _is_in_string(part) if whole else "\\" in part
    views = list(_views(part, _ESCAPE, _of_string, whole=whole)) if escaped else []
    if views:
        yield from views
    elif not whole:
        yield 0, len(part), None
    if _is_in_url(part):
        yield from _views(part, _PERCENT, _of_form, whole=whole)
    if _is_in_html(part):
        yield from _views(part, _CHARACTER, _of_html, whole=whole)


def _views(
    part: str, escapes: re.Pattern[str], meant: Callable[[str], str], *, whole: bool
) -> Iterator[tuple[int, int, Unescaped]]:
    """A part without one kind of escapes, unless it has none, or would be read again and again."""
    for start, end in _around(part, escapes) if whole and len(part) > _LONG else ((0, len(part)),):
        view = Unescaped(part[start:end], escapes, meant)
        if len(view.text) < end - start:
            yield start, end, view


def _around(text: str, escapes: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Where escapes stand, from blank to blank: a long text with a few of them is not read once more for each kind.

    What stands further from one than a statement is long is read the same with it.
    """
    start = end = -1
    for match in escapes.finditer(text):
        if match.group() == "+":
            continue  # in a form only, which has others
        first = match.start() - _AROUND
        if end < 0:
            start = first
        elif first > end + 2 * _TO_BLANK:
            yield _blank_before(text, start), _blank_after(text, end)
            start = first
        end = match.end() + _AROUND
    if end >= 0:
        yield _blank_before(text, start), _blank_after(text, end)


def _blank_before(text: str, place: int) -> int:
    if place <= 0:
        return 0
    first = max(0, place - _TO_BLANK)
    found = text.rfind("\n", first, place)
    found = text.rfind(" ", first, place) if found < 0 else found
    return found + 1 if found >= 0 else place


def _blank_after(text: str, place: int) -> int:
    last = place + _TO_BLANK
    found = text.find("\n", place, last)
    found = text.find(" ", place, last) if found < 0 else found
    return found if found >= 0 else min(place, len(text))


def unescaped_form(value: str) -> Unescaped:
    """What a value of a form, or of the query of a URL, says."""
    return Unescaped(value, _PERCENT, _of_form)


def _of_string(escape: str) -> str:
    return chr(int(escape[2:], 16)) if escape[1] in "uUxX" else _MEANT.get(escape[1], escape[1])


def _of_html(escape: str) -> str:
    return unescape("&" + escape.rpartition(";")[0].rpartition(";")[2].lstrip("&") + ";")


def _of_form(escape: str) -> str:
    if escape == "+":
        return " "
    return bytes.fromhex(_AGAIN.sub("", escape).replace("%", "")).decode("utf-8", "replace")[:1]


class Unescaped:
    """A text without one level of escapes, and where its characters stand in the text that was given."""

    def __init__(self, text: str, escapes: re.Pattern[str] = _ESCAPE, meant: Callable[[str], str] = _of_string) -> None:
        pieces: list[str] = []
        self._places: list[int] = []
        """Where each character that was escaped stands."""
        self._shorter = [0]
        """By how much the text before the first of them, the second, … is shorter."""
        last = place = 0
        for match in escapes.finditer(text):
            start, end = match.span()
            pieces += (text[last:start], meant(match.group()))
            place += start - last
            self._places.append(place)
            self._shorter.append(self._shorter[-1] + end - start - 1)
            place, last = place + 1, end
        pieces.append(text[last:])
        self.text = "".join(pieces)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of what was given, escapes included."""
        return self._given(start), self._given(end)

    def behind(self, place: int) -> int:
        """Where the escape ends in which a place of the text that was given lies; the place itself if in none."""
        number = bisect_right(range(len(self._places)), place, key=self._start) - 1
        return place if number < 0 else max(place, self._places[number] + 1 + self._shorter[number + 1])

    def _start(self, number: int) -> int:
        return self._places[number] + self._shorter[number]

    def _given(self, place: int) -> int:
        return place + self._shorter[bisect_left(self._places, place)]
