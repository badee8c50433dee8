"""Where to stop reading. What a text costs grows with the places in it where a secret may begin, and whoever writes a
page that an agent reads says how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from agent_audit.redaction.folding import fold, needs_folding
from agent_audit.redaction.gate import Gate
from agent_audit.redaction.rules.personal import number_places

SIZE_RULE = "size"
"""In the place of a rule's id, where a text is not read to its end."""
MOST_PLACES = 30_000
"""As many as a megabyte of a server's log has that names sessions and logins, or 300 KB of names of secrets."""
_SHORT = 100_000
"""Characters that are read whatever is in them."""
_AT_ONCE = 65_536
"""Characters in which places are looked for at a time: those of a hostile text take more room than it."""
_OF_NUMBERS, _OF_ADDRESSES = 16, 8
"""How many numbers, and at signs, cost what another place does."""
_LINE = 8192
"""Characters in which the beginning of a line is looked for."""
_PARTS = (" ", "\n", "\t", ",", ";", "&", "<", ">", "{", "}")
"""What stands in few secrets, where a text has no lines."""


class Readable(NamedTuple):
    """The texts of an event as far as they are read."""

    texts: Sequence[str]
    cut: Sequence[int] = ()
    """Which of them are not read to their end."""


def readable(texts: Sequence[str], gate: Gate) -> Readable:
    """The texts up to the place that is one too many; the short ones first, so that no page takes what is beside it.

    Raises:
        UnicodeError: a text has lone surrogates.
    """
    if sum(map(len, texts)) <= _SHORT:
        return Readable(texts)
    left = MOST_PLACES
    by_length = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    for number, index in enumerate(by_length):
        text = texts[index]
        for start in range(0, len(text), _AT_ONCE):
            places = _places(text[start : start + _AT_ONCE], gate)
            if len(places) > left:
                kept = list(texts)
                for unread in by_length[number:]:
                    kept[unread] = ""
                kept[index] = _whole_parts(text, start + places[left])
                return Readable(kept, by_length[number:])
            left -= len(places)
    return Readable(texts)


def _places(piece: str, gate: Gate) -> list[int]:
    """Where what costs as much as looking closely at one literal begins; all at the start of what is to be folded."""
    seen = fold(piece) if needs_folding(piece) else piece
    numbers = sorted(number_places(seen))[::_OF_NUMBERS]
    addresses = [place for place, sign in enumerate(seen) if sign == "@"][::_OF_ADDRESSES] if "@" in seen else []
    places = sorted([*{place[1] for place in gate.find(seen)}, *numbers, *addresses])
    return places if len(seen) == len(piece) else [0] * len(places)


def _whole_parts(text: str, end: int) -> str:
    """The text before a place, without what begins before it and ends behind it: a secret would be cut in two.

    Secrets of several lines are known without their end.
    """
    line = text.rfind("\n", max(0, end - _LINE), end)
    return text[: (line if line >= 0 else max(text.rfind(part, 0, end) for part in _PARTS)) + 1]
