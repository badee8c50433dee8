"""Reading a log directory: its lines in order of seq, while others may go on writing.

Needs nothing but the standard library and orjson, so that looking at a log never needs an extra.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, NamedTuple

import orjson
from pydantic import ValidationError

from agent_audit.backends.file.layout import FORMAT, MAX_LINE, TOO_LONG, Layout
from agent_audit.errors import CorruptLineError, FormatError, LogNotFoundError, pruned_meanwhile
from agent_audit.event import AuditEvent

_BLOCK = 1 << 18


class Line(NamedTuple):
    """One recorded line and where it stands."""

    seq: int
    """Its position in the log, counted from the segment's name; the line's own `seq` must agree."""
    path: Path
    number: int
    """Line number in the file, from 1."""
    data: bytes
    """The line without its line feed; of one that is too long, what `bounded_lines` gives."""

    @property
    def place(self) -> str:
        return f"{self.path}:{self.number} (seq {self.seq})"

    def event(self) -> AuditEvent:
        """The event of this line.

        Raises:
            CorruptLineError: it is not one, or its seq is not its position.
        """
        if len(self.data) > MAX_LINE:
            raise CorruptLineError(f"{self.place} is not an audit event: {TOO_LONG}")
        try:
            event = AuditEvent.from_json(self.data)
        except (orjson.JSONDecodeError, ValidationError) as error:
            raise CorruptLineError(f"{self.place} is not an audit event: {_first_line(error)}") from error
        if event.seq != self.seq:
            raise CorruptLineError(f"{self.place} says seq {event.seq}: lines are missing or were moved")
        return event


def open_layout(path: Path | str) -> Layout:
    """The layout of an existing log.

    Raises:
        LogNotFoundError: no log there.
        FormatError: a log of a newer format, or its header cannot be read.
    """
    layout = Layout(path)
    if not layout.exists():
        raise LogNotFoundError(
            f"no audit log at {layout.root} (no log.json, no segments/); name its directory or set AGENT_AUDIT_DIR"
        )
    read_header(layout)
    return layout


def read_header(layout: Layout) -> dict[str, object]:
    """`log.json`, checked. Empty for a log whose header is missing: the segments are the truth.

    Raises:
        FormatError: a newer format, or not a header at all.
    """
    try:
        header = orjson.loads(layout.header.read_bytes())
        version = header["format"]
    except FileNotFoundError:
        return {}
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise FormatError(f"{layout.header} is not the header of an audit log: {error}") from error
    if not isinstance(version, int) or version > FORMAT:
        raise FormatError(
            f"{layout.root} has log format {version}; this version reads up to {FORMAT}: upgrade agent-audit-log"
        )
    return dict(header)


def named_successor(layout: Layout) -> Path | None:
    """Where writers went on after the log was rolled back; None when they did not. It may not be there yet."""
    try:
        name = layout.successor.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None
    stem, _, number = name.rpartition("-")
    return layout.root.with_name(name) if stem == layout.root.name and number.isdecimal() else None


def open_segment(path: Path) -> BufferedReader:
    """A segment that was there a moment ago, to be read.

    Raises:
        StorageError: it is gone.
        OSError: it cannot be read.
    """
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise pruned_meanwhile(path.parent.parent) from error


def iter_lines(
    layout: Layout, *, min_seq: int = 0, wanted: Callable[[int], bool] = lambda segment: True
) -> Iterator[Line]:
    """All complete lines from `min_seq` on. A last line without line feed is still being written: left out.

    Segments that are not `wanted`, by their first number, are not opened.
    """
    for start in filter(wanted, _segments_from(layout, min_seq)):
        for line in segment_lines(layout, start):
            if line.seq >= min_seq:
                yield line


def bounded_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file from where it stands, as iterating over it gives them, but never much of one in memory.

    Of what is longer than a line may be, only the first `MAX_LINE + 1` bytes are given, and the line feed where it has
    one: enough to see that it is none of a log, however long it is.
    """
    while data := file.readline(MAX_LINE + 1):
        end = data
        while end and not end.endswith(b"\n"):
            end = file.readline(_BLOCK)
        yield data if data.endswith(b"\n") or not end else data + b"\n"


def _segments_from(layout: Layout, seq: int) -> list[int]:
    """Starts of the segments that can hold `seq` or anything after it."""
    starts = layout.segment_starts()
    last_before = max((start for start in starts if start <= seq), default=0)
    return [start for start in starts if start >= last_before]


def segment_lines(layout: Layout, start: int) -> Iterator[Line]:
    """All complete lines of the segment that starts there.

    Raises:
        StorageError, OSError: as `open_segment`.
    """
    path = layout.segment(start)
    with open_segment(path) as file:
        for number, raw in enumerate(bounded_lines(file), start=1):
            if raw.endswith(b"\n"):
                yield Line(start + number - 1, path, number, raw[:-1])


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
