"""One pass over the text that says where which literals stand, so that only rules that can match are tried.

Literals are lower case and match in any case. `AhoCorasickGate` needs ahocorasick-rs; `StdlibGate` finds the
same places with `str.find`, slower.

ahocorasick-rs gives up the GIL for every text. Beside a thread that computes, getting it back takes up to the switch
interval (5 ms); and one that only waits for it is woken each time, in vain, which costs both some ten microseconds.
pyahocorasick keeps the GIL, and takes five times as long for a character: it has the short texts, which most are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from typing import Any, Protocol

from agent_audit.locks import unforked

_SHORT = 512
"""Characters up to which keeping the GIL is worth more than speed: some 10 microseconds of scanning."""

Place = tuple[int, int, int]
"""Index of the literal, start, end."""


class Gate(Protocol):
    """Finds every occurrence of a fixed set of literals."""

    def find(self, text: str) -> Sequence[Place]:
        """All places, overlapping ones too, by their end.

        Raises:
            UnicodeError: the text has lone surrogates and cannot be written as UTF-8.
        """
        ...


def lower_in_place(text: str) -> str:
    """Lower case with every character where it was, so that offsets hold for the original too."""
    lowered = text.lower()
    # Of all characters only this one is longer in lower case.
    return lowered if len(lowered) == len(text) else text.replace("İ", "i").lower()


def _encodable(text: str) -> str:
    if not text.isascii():
        text.encode()
    return text


class StdlibGate:
    """The gate without any dependency: one `str.find` loop for each literal."""

    def __init__(self, literals: Sequence[str]) -> None:
        self._literals = list(literals)

    def find(self, text: str) -> Sequence[Place]:
        """See `Gate.find`."""
        lowered = lower_in_place(_encodable(text))
        places = []
        for index, literal in enumerate(self._literals):
            start = lowered.find(literal)
            while start >= 0:
                places.append((index, start, start + len(literal)))
                start = lowered.find(literal, start + 1)
        places.sort(key=lambda place: (place[2], place[1]))
        return places


class AhoCorasickGate:
    """The gate as one automaton: a single pass, whatever the number of literals."""

    def __init__(self, literals: Sequence[str]) -> None:
        with unforked:
            import ahocorasick_rs

        implementation = ahocorasick_rs.Implementation.DFA
        encoded = [literal.encode() for literal in literals]
        raw = ahocorasick_rs.BytesAhoCorasick(encoded, implementation=implementation)
        self._make_for_text = partial(ahocorasick_rs.AhoCorasick, list(literals), implementation=implementation)
        self._in_text: Any = None  # made when it is needed: as large as the other, and many never need it
        self._in_bytes: Any = raw.find_matches_as_indexes
        self._in_short_text = _finder_with_gil(literals)

    def find(self, text: str) -> Sequence[Place]:
        """See `Gate.find`."""
        if len(text) <= _SHORT and self._in_short_text is not None:
            found = self._in_short_text(lower_in_place(_encodable(text)))
            return [(index, end + 1 - size, end + 1) for end, (index, size) in found]
        # Of ASCII the offsets in bytes are those in the text, and need not be counted again.
        places: Sequence[Place]
        if text.isascii():
            places = self._in_bytes(text.lower().encode(), overlapping=True)
        else:
            # Without a lock, which a fork could find held; two threads at once make it twice.
            find = self._in_text = self._in_text or self._make_for_text().find_matches_as_indexes
            places = find(lower_in_place(text), overlapping=True)
        return places


def _finder_with_gil(literals: Sequence[str]) -> Callable[[str], Iterable[tuple[int, tuple[int, int]]]] | None:
    """What gives (last character, (index, length)) of every place in a text; None without pyahocorasick."""
    try:
        with unforked:
            import ahocorasick  # type: ignore[import-not-found]  # in C, without stubs
    except ImportError:
        return None
    automaton = ahocorasick.Automaton()
    for index, literal in enumerate(literals):
        automaton.add_word(literal, (index, len(literal)))
    automaton.make_automaton()
    find: Any = automaton.iter
    return find  # type: ignore[no-any-return]


@lru_cache(maxsize=8)
def build_gate(literals: tuple[str, ...]) -> Gate:
    """The fastest gate that this installation has.

    Redactors share it: it takes some 22 MB and 30 ms to make, and as much again for long texts in other
    scripts; it is never changed, and most have the same literals.
    """
    try:
        return AhoCorasickGate(literals)
    except ImportError:
        return StdlibGate(literals)
