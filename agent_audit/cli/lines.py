"""The lines of a log for the commands that need no analysis: the last ones, one, and those still to come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import orjson
from pydantic import ValidationError

from agent_audit.backends.file.layout import MAX_LINE, TOO_LONG, Layout
from agent_audit.backends.file.read import Line, bounded_lines, open_segment, segment_lines
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
    if len(line.data) > MAX_LINE:
        return BadLine(line, TOO_LONG)
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
    """The lines of a file before `end`, which is behind a line feed; the last one first, read in blocks.

    Of what is longer than a line may be, they are the beginning, as of `bounded_lines`.
    """
    if not end:
        return
    rest, end = b"", end - 1
    with open_segment(path) as file:
        while end > 0:
            begin = max(0, end - _BLOCK)
            file.seek(begin)
            first, *others = file.read(end - begin).split(b"\n")
            if others:
                others[-1] += rest
                yield from (line[: MAX_LINE + 1] for line in reversed(others))
                rest = b""
            rest, end = (first + rest)[: MAX_LINE + 1], begin  # it goes on in the block before
    yield rest


def at(layout: Layout, seq: int) -> Line | None:
    """The line at a position; None when there is none."""
    start = max((start for start in layout.segment_starts() if start <= seq), default=None)
    if start is None:
        return None
    return next(islice(segment_lines(layout, start), seq - start, None), None)


def follow(layout: Layout, mark: Mark) -> Iterator[Line]:
    """Lines after `mark`, as they come; never ends by itself. Reads only what is new."""
    while True:
        starts = [start for start in layout.segment_starts() if start >= mark.segment]
        for start in starts:
            if start != mark.segment:
                mark = Mark(start, 0, 0)
            for number, data, end in _new(layout.segment(start), mark):
                yield Line(start + number - 1, layout.segment(start), number, data)
                mark = Mark(start, number, end)
        time.sleep(_POLL)


def _new(path: Path, mark: Mark) -> Iterator[tuple[int, bytes, int]]:
    """Number and content of the lines after `mark` in a segment, and where each ends."""
    try:
        with path.open("rb") as file:
            file.seek(mark.offset)
            for number, raw in enumerate(bounded_lines(file), start=mark.number + 1):
                if raw.endswith(b"\n"):
                    yield number, raw[:-1], file.tell()
    except FileNotFoundError:
        return
