"""The lines of a log for the commands that need no analysis: the last ones, one, and those still to come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import orjson
from pydantic import ValidationError

from agent_audit.backends.file.layout import Layout
from agent_audit.backends.file.read import Line, open_segment
from agent_audit.event import AuditEvent

_POLL = 0.2
_BLOCK = 1 << 18


class BadLine(NamedTuple):
    """A line that is no event."""

    line: Line
    reason: str

    def __str__(self) -> str:
        return f"{self.line.path}:{self.line.number}: {self.reason}"


class Mark(NamedTuple):
    """How far a log has been read: behind the last complete line."""

    segment: int
    number: int
    """Complete lines of that segment."""
    offset: int
    """Bytes of that segment."""


def read_event(line: Line) -> AuditEvent | BadLine:
    """The event of a line, or why it is none. A line at another place than its `seq` says is still one."""
    try:
        return AuditEvent.from_json(line.data)
    except orjson.JSONDecodeError as error:
        return BadLine(line, f"not JSON: {error}")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return BadLine(line, f"not an audit event: {'.'.join(map(str, first['loc']))}: {first['msg']}")


def end_of(layout: Layout) -> Mark:
    """Where the log ends now."""
    starts = layout.segment_starts()
    if not starts:
        return Mark(0, 0, 0)
    return end_of_segment(layout.segment(starts[-1]), starts[-1])


def end_of_segment(path: Path, start: int) -> Mark:
    """Where a segment's last complete line ends."""
    lines, offset, read = 0, 0, 0
    with open_segment(path) as file:
        for chunk in iter(lambda: file.read(_BLOCK), b""):
            lines += chunk.count(b"\n")
            last = chunk.rfind(b"\n")
            offset = read + last + 1 if last >= 0 else offset
            read += len(chunk)
    return Mark(start, lines, offset)


def backwards(layout: Layout, end: Mark, wanted: Callable[[int], bool] = lambda segment: True) -> Iterator[Line]:
    """All complete lines before `end`, the last one first. Reads no more than it yields, beyond counting lines.

    Segments that are not `wanted`, by their first number, are not opened.
    """
    for start in filter(wanted, reversed([start for start in layout.segment_starts() if start <= end.segment])):
        path = layout.segment(start)
        mark = end if start == end.segment else end_of_segment(path, start)
        number = mark.number
        for data in _reversed_lines(path, mark.offset):
            yield Line(start + number - 1, path, number, data)
            number -= 1


def _reversed_lines(path: Path, end: int) -> Iterator[bytes]:
    """The lines of a file before `end`, which is behind a line feed; the last one first, read in blocks."""
    rest = b""
    with open_segment(path) as file:
        while end > 0:
            begin = max(0, end - _BLOCK)
            file.seek(begin)
            lines = (file.read(end - begin) + rest).split(b"\n")
            # The first piece goes on in the block before; the last one is empty, or was yielded as one's first piece.
            rest, end = lines[0], begin
            complete = lines[1:-1]
            yield from reversed(complete)
            rest += b"\n"
    if rest:
        yield rest[:-1]


def at(layout: Layout, seq: int) -> Line | None:
    """The line at a position; None when there is none."""
    start = max((start for start in layout.segment_starts() if start <= seq), default=None)
    if start is None:
        return None
    lines = _complete(layout.segment(start))
    number = seq - start + 1
    return Line(seq, layout.segment(start), number, lines[number - 1]) if number <= len(lines) else None


def follow(layout: Layout, mark: Mark) -> Iterator[Line]:
    """Lines after `mark`, as they come; never ends by itself. Reads only what is new."""
    while True:
        starts = [start for start in layout.segment_starts() if start >= mark.segment]
        for start in starts:
            if start != mark.segment:
                mark = Mark(start, 0, 0)
            for number, data in enumerate(_new(layout.segment(start), mark.offset), start=mark.number + 1):
                yield Line(start + number - 1, layout.segment(start), number, data)
                mark = Mark(start, number, mark.offset + len(data) + 1)
        time.sleep(_POLL)


def _complete(path: Path) -> list[bytes]:
    """The lines that have their line feed."""
    with open_segment(path) as file:
        return file.read().split(b"\n")[:-1]


def _new(path: Path, offset: int) -> list[bytes]:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
