"""The column copies of sealed segments: which of them can be used, and what is known of each segment.

A copy is a Parquet file beside which a small JSON file says what it was made of and what is in it. It is a cache
and no evidence: one that is missing, stale or damaged is made again, and the answers are the same. Nothing here
needs DuckDB; `convert.py` makes the copies.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from agent_audit.analysis.freshness import Signature
from agent_audit.backends.file.layout import Layout

VERSION = 2
"""Of the columns and of what is known; copies of another version are made again."""


EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Contents(BaseModel):
    """What is in a segment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    events: int
    first_us: int | None = None
    """Earliest timestamp, microseconds since 1970 UTC. Timestamps are not in the order of seq."""
    last_us: int | None = None
    first_id: str | None = None
    """Smallest event id."""
    last_id: str | None = None
    first_session: str | None = None
    """Smallest session id; None: no event has one."""
    last_session: str | None = None
    sessions_known: bool = True
    """False where nobody has looked: it may hold any session."""
    bad_line_count: int = 0
    bad_lines: tuple[tuple[int, str], ...] = ()
    """Number and reason of the first thousand lines that are no events."""


class Card(BaseModel):
    """What stands beside a copy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    segment: Signature
    columns: Signature
    contents: Contents


def known(layout: Layout, start: int) -> Contents | None:
    """What is in the segment that starts there, when a usable copy of it says so; None when there is none."""
    columns, card_path = layout.column_files(start)
    card = _card(card_path)
    if card is None:
        return None
    segment = layout.segment(start)
    if card.segment.seems_same(segment) and card.columns.seems_same(columns):
        return card.contents
    return _looked_at_again(card, segment, columns, card_path)


def told(layout: Layout, start: int) -> Contents | None:
    """What the card says is in the segment, while nothing speaks for a change of the segment; None otherwise.

    Neither segment nor copy is read, and the copy may be gone: it is for passing over segments, not for answers.
    """
    card = _card(layout.column_files(start)[1])
    return card.contents if card is not None and card.segment.seems_same(layout.segment(start)) else None


def is_copied(layout: Layout, start: int) -> bool:
    """Whether there is a copy of the segment; whether it can be used is looked at where it is."""
    columns, card_path = layout.column_files(start)
    return columns.exists() and _card(card_path) is not None


def overlaps(contents: Contents, start: datetime | None, end: datetime | None) -> bool:
    """Whether it can hold an event from `start` until `end`."""
    if contents.first_us is None or contents.last_us is None:
        return False
    begins, ends = (None if at is None else (at - EPOCH) // timedelta(microseconds=1) for at in (start, end))
    return (begins is None or contents.last_us >= begins) and (ends is None or contents.first_us < ends)


def may_hold(layout: Layout, segment: int, start: datetime | None, end: datetime | None) -> bool:
    """Whether a segment is to be read for events from `start` until `end`; of what is no event nobody knows when."""
    contents = None if start is None and end is None else told(layout, segment)
    return contents is None or contents.bad_line_count > 0 or overlaps(contents, start, end)


def _card(path: Path) -> Card | None:
    try:
        card = Card.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    return card if card.version == VERSION else None


def _looked_at_again(card: Card, segment: Path, columns: Path, card_path: Path) -> Contents | None:
    """By content: times and inodes change when a log is copied, and a copy just made is too young for them."""
    segment_now, columns_now = _renewed(card.segment, segment), _renewed(card.columns, columns)
    if segment_now is None or columns_now is None:
        return None
    try:
        write_card(card.model_copy(update={"segment": segment_now, "columns": columns_now}), card_path)
    except OSError:
        pass  # a log that is only readable: the next look reads the files again
    return card.contents


def _renewed(known_as: Signature, path: Path) -> Signature | None:
    """As it was known, when that still tells; only otherwise is the file read."""
    return known_as if known_as.seems_same(path) else known_as.renewed(path)


def write_card(card: Card, path: Path) -> None:
    """Replace the card in one step.

    Raises:
        OSError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            os.fchmod(file.fileno(), card_mode(path.parent))
            file.write(card.model_dump_json().encode())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def card_mode(folder: Path) -> int:
    """Permissions of a file in the folder: as the folder's, without execution."""
    return folder.stat().st_mode & 0o666


@contextmanager
def making(layout: Layout) -> Iterator[Path]:
    """The folder of the copies, for one process at a time; a second one waits.

    Raises:
        OSError: it cannot be made or written to.
    """
    if not layout.columns.is_dir():
        mode = layout.segments.stat().st_mode & 0o777
        layout.columns.mkdir(exist_ok=True)
        layout.columns.chmod(mode)
    lock = os.open(layout.columns / "LOCK", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield layout.columns
    finally:
        os.close(lock)


def remove_orphans(layout: Layout) -> int:
    """Remove copies of segments that are gone, and what a killed process left; returns how many files.

    Raises:
        OSError: they cannot be removed.
    """
    if not _orphans(layout):  # who can only read the log has nothing to ask for
        return 0
    with making(layout):  # only now are those of another process no longer in use
        orphans = _orphans(layout)
        for path in orphans:
            path.unlink(missing_ok=True)
    return len(orphans)


def _orphans(layout: Layout) -> list[Path]:
    if not layout.columns.is_dir():
        return []
    kept = {path.name for start in layout.segment_starts() for path in layout.column_files(start)} | {"LOCK"}
    return [path for path in layout.columns.iterdir() if path.name not in kept]
