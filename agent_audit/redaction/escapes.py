"""Text within a string of JSON or of a program (RFC 8259, section 7), as whoever reads that string sees it.

A tool's output often stands in one: quotes, line feeds and tabs are escaped then, and what ends a value, a line or a
cell is not where rules for plain text look for it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

_ESCAPE = re.compile(r"\\(?:[\\\"'/nrt]|u(?!d[89a-f])[0-9a-f]{4})", re.IGNORECASE)
# The second group stands behind the name of a member. One that has no end is cut off, and matches too: else the end
# would be looked for again from every quote in it.
_STRING = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)(?:"(\s{0,8}:)?|\\?\Z)', re.DOTALL)
_SHORTEST = 8
_OPENS = ("{", "[", '"')
_MEANT = {"n": "\n", "r": "\r", "t": "\t"}


def is_document(text: str) -> bool:
    """Whether a text could be a JSON document, or several, one a line."""
    return text.lstrip()[:1] in _OPENS


def strings_of(text: str) -> Iterator[tuple[int, str]]:
    """Where each string of a JSON document begins that is no name of a member, and what stands in it, escaped."""
    for match in _STRING.finditer(text):
        if match.group(2) is None:
            yield match.start(1), match.group(1)


def parts_within(text: str, strings: list[tuple[int, str]] | None) -> list[tuple[int, str]]:
    """What is to be read by itself, escaped, and where it begins.

    Of a document, whose `strings` are given, those that could hold more than one value; of another text all of it, if
    it has escapes.
    """
    if strings is not None:
        long = ((start, inner) for start, inner in strings if len(inner) >= _SHORTEST)
        return [(start, inner) for start, inner in long if " " in inner or "\\" in inner]
    escaped = '\\"' in text or "\\n" in text or "\\t" in text
    return [(0, text)] if escaped else []


class Unescaped:
    """A text without one level of escapes, and where its characters stand in the text that was given."""

    def __init__(self, text: str) -> None:
        pieces: list[str] = []
        self._places: list[int] = []
        """Where each character that was escaped stands."""
        self._shorter = [0]
        """By how much the text before the first of them, the second, … is shorter."""
        last = place = 0
        for match in _ESCAPE.finditer(text):
            start, end = match.span()
            code = text[start + 1]
            pieces += (
                text[last:start],
                chr(int(text[start + 2 : end], 16)) if code in "uU" else _MEANT.get(code, code),
            )
            place += start - last
            self._places.append(place)
            self._shorter.append(self._shorter[-1] + end - start - 1)
            place, last = place + 1, end
        pieces.append(text[last:])
        self.text = "".join(pieces)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of what was given, escapes included."""
        return self._given(start), self._given(end)

    def _given(self, place: int) -> int:
        return place + self._shorter[bisect_left(self._places, place)]
