"""The lines of a log in order, in large pieces, with every gap, double and broken end on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from agent_audit.backends.file.layout import MAX_LINE, Layout
from agent_audit.verify.dropped import Excuses
from agent_audit.verify.verdict import Problem

_BLOCK = 1 << 18
_SEQ = re.compile(rb'\{"seq":(\d{1,19}),')
EVENT_TYPE = b',"event_type":"'
_HEAD = 35
"""Bytes of a line, from `,"event_type":"` on, that tell its type: the longest name and the quote behind it."""

_BEFORE_TYPE = len('{"seq":') + len(',"event_id":""') + 36 + len(',"timestamp":""') + 27
"""Where the type stands in a line with a UUID and a usual time, but for the digits of its number."""


class Piece(NamedTuple):
    """Some neighbouring lines of one segment."""

    first: int
    """Position of the first one: the segment's name and the lines before it in the file."""
    lines: list[bytes]
    """Without line feeds."""
    path: Path
    end: int
    """Offset in the file behind the last one."""
    heads: list[bytes]
    """Of each line the bytes in which its type stands; many lines have the same."""
    types: dict[bytes, bytes]
    """Head -> event type, for every head that is there; empty when it is longer than any known one."""
    bare: bool
    """None of them names a blob."""

    @classmethod
    def of(cls, lines: list[bytes], first: int, path: Path, end: int, *, bare: bool) -> Piece:
        """The piece that these lines are."""
        # Looking where it usually stands takes a third of finding it. A payload cannot have one there that is not the
        # first of its names, and that has a brace before it: no id is so short.
        usual = len(b"%d" % first) + _BEFORE_TYPE
        heads = [line[usual : usual + _HEAD] for line in lines]
        if not all(head.startswith(EVENT_TYPE) for head in set(heads)):
            looked = zip(lines, heads, strict=True)
            heads = [head if head.startswith(EVENT_TYPE) else _find_head(line) for line, head in looked]
        return cls(first, lines, path, end, heads, {head: _type_of(head) for head in set(heads)}, bare)


class Segment(NamedTuple):
    """A segment that is about to be read."""

    start: int
    path: Path
    follower: int | None
    """Where the next one starts; None for the last."""
    whole: bool
    """It is to be read from its beginning."""


class LineReader:
    """Reads the segments one after the other.

    Args:
        layout: names of the log.
        segment: start of the segment to begin with.
        seq, offset: where to begin in it.
        excuses: tells which missing positions are no problem.
    """

    def __init__(self, layout: Layout, segment: int, seq: int, offset: int, excuses: Excuses | None = None) -> None:
        self._layout = layout
        self._excuses = excuses or Excuses()
        self._segment = segment
        self._offset = offset
        self.next_seq = seq
        """Position behind the last complete line."""
        self._says = seq
        """What the next line should say; another than its position once lines are missing or too many."""
        self.problems: list[Problem] = []
        self.torn = 0
        """Bytes of a last line that is still being written."""
        self.whole_through: int | None = None
        """Positions up to here follow each other, or are excused; None as long as that is so for all."""
        self.failed = False
        """A segment could not be read; there may be more lines than were seen."""
        self._lost = False
        """How many lines the last segment has is not known, for it could not be read."""

    def pieces(self) -> Iterator[Piece]:
        """The lines from there on. What is wrong with their order is in `problems` afterwards."""
        for segment in self.segments():
            yield from self.pieces_of(segment)

    def segments(self) -> Iterator[Segment]:
        """The segments from there on, each to be given to `pieces_of` or to be passed over with `skip`."""
        starts = [start for start in self._starts() if start >= self._segment]
        for start, follower in zip_longest(starts, starts[1:]):
            path = self._layout.segment(start)
            if start != self._segment:
                self._begin(start, path)
                self._offset = 0
            yield Segment(start, path, follower, whole=self._offset == 0 and self.next_seq == start)

    def _starts(self) -> list[int]:
        try:
            return self._layout.segment_starts()
        except OSError as error:
            self._fail(error, self._layout.segments, None)
            return []

    def skip(self, lines: int) -> None:
        """So many lines come next, and are in order: somebody else has read them."""
        self.next_seq += lines
        self._says += lines

    def pieces_of(self, segment: Segment) -> Iterator[Piece]:
        """The lines of a segment."""
        try:
            yield from self._segment_pieces(segment.path, last=segment.follower is None)
        except OSError as error:
            self._lost = True
            last = None if segment.follower is None else segment.follower - 1
            self._fail(error, segment.path, segment.start, last)

    def _fail(self, error: OSError, path: Path, first: int | None, last: int | None = None) -> None:
        self.failed = True
        self._break()
        self._problem(f"cannot be read: {error.strerror or error}", path, first, last, unreadable=True)

    def _begin(self, start: int, path: Path) -> None:
        excused = start > self._says == self.next_seq and self._excuses.explain(self._says, start - 1)
        if start != self.next_seq and not excused:
            self._break()
        if self._lost:
            self._lost = False  # what it should have said is not known
        elif excused:
            pass
        elif start > self._says:
            self._problem("missing: no line has these positions", path.parent, self._says, start - 1)
        elif start < self._says:
            self._problem("these positions were there before this segment", path, start, self._says - 1)
        self.next_seq = self._says = start

    def _break(self) -> None:
        if self.whole_through is None:
            self.whole_through = self.next_seq

    def _segment_pieces(self, path: Path, *, last: bool) -> Iterator[Piece]:
        with path.open("rb", buffering=0) as file:
            file.seek(self._offset)
            rest, end, left_out = b"", self._offset, 0
            while block := file.read(_BLOCK):
                end += len(block)
                lines = block.split(b"\n")
                if len(lines) == 1 and len(rest) > MAX_LINE:
                    left_out += len(block)  # what is longer than a line may be is none, whatever else is in it
                    continue
                lines[0] = rest + lines[0]
                rest = lines.pop()
                if lines:
                    left_out = 0
                    bare = self._check_numbers(lines, path)
                    first, self.next_seq = self.next_seq, self.next_seq + len(lines)
                    yield Piece.of(lines, first, path, end - len(rest), bare=bare)
        if rest and last:
            self.torn = len(rest) + left_out
        elif rest:
            self._problem("the last line has no end", path, self.next_seq)

    def _check_numbers(self, lines: list[bytes], path: Path) -> bool:
        """Note what is wrong with their numbers; whether each line goes on with its id, so that none names a blob."""
        first = self._says
        bare = _begin(lines, b'{"seq":%d,"event_id":\n', first)
        if bare or _begin(lines, b'{"seq":%d,\n', first):
            self._says += len(lines)
            return bare
        found, self._says = wrong_numbers([_number(line) for line in lines], first)
        for what, start, last in found:
            self._problem(what, path, start, last)
        return False

    def _problem(
        self, what: str, path: Path, first: int | None, last: int | None = None, *, unreadable: bool = False
    ) -> None:
        file = str(path.relative_to(self._layout.root))
        found = Problem(what=what, file=file, first_seq=first, last_seq=last, unreadable=unreadable)
        self.problems.append(found)


def readable_starts(layout: Layout) -> list[int]:
    """Where the segments start; none when their folder cannot be read, which a `LineReader` says."""
    try:
        return layout.segment_starts()
    except OSError:
        return []


def _begin(lines: list[bytes], form: bytes, first: int) -> bool:
    """Whether each line begins with the form of its number."""
    forms = (form * len(lines) % tuple(range(first, first + len(lines)))).split(b"\n")
    return all(map(bytes.startswith, lines, forms))


def _number(line: bytes) -> int | None:
    match = _SEQ.match(line)
    return int(match[1]) if match else None


def wrong_numbers(said: list[int | None], first: int) -> tuple[list[tuple[str, int, int]], int]:
    """What is wrong with the numbers of neighbouring lines.

    Args:
        said: what each line says of itself; None for one that says nothing.
        first: what the first one should say.

    Returns:
        What is wrong, each with the first and last position concerned; and what the line after these should say.
    """
    found: list[tuple[str, int, int]] = []
    expected = first
    for place, number in enumerate(said):
        follower = said[place + 1] if place + 1 < len(said) else None
        if number == expected:
            expected += 1
        elif _one_line(number, follower, expected):
            says = "has no seq" if number is None else f"says seq {number}"
            found.append((f"the line {says}", expected, expected))
            expected += 1
        elif number is None:
            found.append(("a line that is none of the log's stands before it", expected, expected))
        elif number > expected:
            found.append(("missing: the line after it follows at once", expected, number - 1))
            expected = number + 1
        else:
            found.append((f"the line is where seq {expected} should be", number, number))
    return found, expected


def _one_line(number: int | None, follower: int | None, expected: int) -> bool:
    """Whether only what this line says is wrong, and not how many there are."""
    if follower is None:
        return number is None or number < expected
    return follower == expected + 1 or (number is None and follower != expected)


def _find_head(line: bytes) -> bytes:
    """The first one is the event's own: only ids and the time come before it, whose quotes are escaped."""
    at = line.find(EVENT_TYPE)
    return line[at : at + _HEAD] if at >= 0 else b""


def _type_of(head: bytes) -> bytes:
    return head[len(EVENT_TYPE) : max(0, head.find(b'"', len(EVENT_TYPE)))] if head.startswith(EVENT_TYPE) else b""


def own_events(piece: Piece, event_type: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    """The lines of that type, parsed; no other line is."""
    heads = {head for head, kind in piece.types.items() if kind == event_type}
    if not heads:
        return
    for seq, (line, head) in enumerate(zip(piece.lines, piece.heads, strict=True), start=piece.first):
        if head not in heads:
            continue
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(event, dict) and event.get("event_type") == event_type.decode():
            metadata = event.get("metadata")
            yield seq, metadata if isinstance(metadata, dict) else {}
