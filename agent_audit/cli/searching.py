"""One event by its id, in no more segments than can hold it; without DuckDB."""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from agent_audit.analysis.columns import told
from agent_audit.backends.file.layout import Layout
from agent_audit.backends.file.read import Line, open_segment
from agent_audit.cli.lines import read_event
from agent_audit.event import AuditEvent, AuditEventType

_FIRST_ID = re.compile(rb'"event_id":"([^"\\]*)"')
_HEAD = 4096


def find_event(layout: Layout, event_id: str, tell: Callable[[int, int], None]) -> Line | None:
    """The line of the event with that id; None when there is none.

    Segments whose columns say that their ids are all smaller or all greater are not opened. Of the others those come
    first in which a UUIDv7 should be by its time; all are searched before it is said that there is none, for ids are
    not in the order of seq.

    Args:
        layout: the log.
        event_id: the id.
        tell: is told how many segments of how many are searched.

    Raises:
        StorageError: events were pruned meanwhile.
        OSError: a segment cannot be read.
    """
    starts = [start for start in layout.segment_starts() if _can_hold(layout, start, event_id)]
    for done, start in enumerate(_likely_first(layout, starts, event_id)):
        tell(done, len(starts))
        found = _in_segment(layout.segment(start), start, event_id)
        if found is not None:
            return found
    return None


def last_pruning(layout: Layout, tell: Callable[[int, int], None]) -> AuditEvent | None:
    """The event of the last pruning, whose `to` is the greatest; None when none is on record.

    Args:
        layout: the log.
        tell: is told how many segments of how many are searched.

    Raises:
        OSError: a segment cannot be read.
    """
    starts = layout.segment_starts()
    for done, start in enumerate(reversed(starts)):
        tell(done, len(starts))
        with _mapped(layout.segment(start)) as data:
            for begin, end in _lines_with(data, b'"log.pruned"', last_first=True):
                event = read_event(Line(start, layout.segment(start), 0, data[begin:end]))
                if isinstance(event, AuditEvent) and event.event_type == AuditEventType.LOG_PRUNED:
                    return event
    return None


def _can_hold(layout: Layout, start: int, event_id: str) -> bool:
    contents = told(layout, start)
    if contents is None or contents.first_id is None or contents.last_id is None:
        return contents is None
    return contents.first_id <= event_id <= contents.last_id


def _likely_first(layout: Layout, starts: list[int], event_id: str) -> list[int]:
    """Those that begin before the id, the last one first, then the rest."""
    if len(starts) < 2:
        return starts
    begins_after = [start for start in starts if _first_id(layout.segment(start)) > event_id]
    later = set(begins_after)
    return [start for start in reversed(starts) if start not in later] + begins_after


def _first_id(path: Path) -> str:
    with open_segment(path) as file:
        found = _FIRST_ID.search(file.read(_HEAD))
    return found[1].decode("utf-8", "replace") if found else ""


def _in_segment(path: Path, start: int, event_id: str) -> Line | None:
    needle = orjson.dumps(event_id.encode(errors="replace").decode())  # what is no UTF-8 is no event's id
    with _mapped(path) as data:
        for begin, end in _lines_with(data, needle):
            line = Line(start, path, 0, data[begin:end])
            event = read_event(line)
            if isinstance(event, AuditEvent) and event.event_id == event_id:
                before = data[:begin].count(b"\n")
                return line._replace(seq=start + before, number=before + 1)
    return None


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap | bytes]:
    with open_segment(path) as file:
        if not os.fstat(file.fileno()).st_size:
            yield b""  # which cannot be mapped
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data


def _lines_with(data: mmap.mmap | bytes, needle: bytes, *, last_first: bool = False) -> Iterator[tuple[int, int]]:
    """Where the complete lines that have it begin and end."""
    place = data.rfind(needle) if last_first else data.find(needle)
    while place >= 0:
        begin, end = data.rfind(b"\n", 0, place) + 1, data.find(b"\n", place)
        if end >= 0:  # else it is still being written
            yield begin, end
        elif not last_first:
            return
        place = data.rfind(needle, 0, begin) if last_first else data.find(needle, end)
