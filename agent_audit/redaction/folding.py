"""Text as a reader sees it: without invisible characters, and with plain letters for full-width ones (UAX 15, UTS 39).

A zero width space inside `password`, or full-width letters, name a password to whoever reads them, and so does a name
that a terminal shows in colour. What is found is what folded text holds; masked is what was given.
"""

from __future__ import annotations

import re
from bisect import bisect_right

_TABLE: dict[int, int | None] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **{code: ord(" ") for code in (0xA0, 0x2007, 0x202F, 0x3000)},
    **{code: ord("-") for code in range(0x2010, 0x2016)},
    **{code: ord("'") for code in range(0x2018, 0x201C)},
    **{code: ord('"') for code in range(0x201C, 0x2020)},
    # Of the lines around cells, as terminals draw them.
    **{code: ord("+") for code in range(0x2500, 0x2580)},
    **{code: ord("-") for code in (0x2500, 0x2501, 0x2504, 0x2505, 0x2508, 0x2509, 0x2550)},
    **{code: ord("|") for code in (0x2502, 0x2503, 0x2506, 0x2507, 0x250A, 0x250B, 0x2551)},
    **dict.fromkeys((0xAD, 0x34F, 0x61C, 0x180E, 0xFEFF)),
    **{
        code: None
        for first, last in ((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064), (0x2066, 0x2069), (0xFE00, 0xFE0F))
        for code in range(first, last + 1)
    },
}
_FOLDED = re.compile(f"[{''.join(map(chr, _TABLE))}]+")
# ECMA-48, control sequences: colours, and where the cursor goes; also as the strings of programs write them.
_ESCAPE, _BACKSLASH, _RESET = "\x1b", "\\", "[0m"
_SEQUENCE = re.compile(r"\x1b\[[0-?]{0,32}[ -/]{0,4}[@-~]|\\(?:033|x1[bB]|e)\[[0-9;]{0,32}m")
_INVISIBLE = re.compile(f"[{''.join(chr(code) for code, seen in _TABLE.items() if seen is None)}]|{_SEQUENCE.pattern}")


def needs_folding(text: str) -> bool:
    """Whether anything in the text looks other than it is."""
    return _has_sequence(text) or (not text.isascii() and _FOLDED.search(text) is not None)


def _has_sequence(text: str) -> bool:
    # One character is looked for at a fraction of what two cost.
    return (_ESCAPE in text or (_BACKSLASH in text and _RESET in text)) and _SEQUENCE.search(text) is not None


def fold(text: str) -> str:
    """The text as it is seen; shorter by its invisible characters."""
    seen = _SEQUENCE.sub("", text) if _has_sequence(text) else text
    # Few characters of most texts look other than they are: to translate all of them costs many times as much.
    return _FOLDED.sub(lambda run: run.group().translate(_TABLE), seen)


class Offsets:
    """Where the characters of a folded text stand in the text that was given."""

    def __init__(self, text: str) -> None:
        self._removed: list[int] = []
        """Where in the folded text something was left out."""
        self._longer = [0]
        """By how much the given text before the first of these places, the second, … is longer."""
        for match in _INVISIBLE.finditer(text):
            self._removed.append(match.start() - self._longer[-1])
            self._longer.append(self._longer[-1] + match.end() - match.start())

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of what was given, invisible characters inside included."""
        return self._given(start), self._given(end - 1) + 1

    def _given(self, place: int) -> int:
        return place + self._longer[bisect_right(self._removed, place)]
