"""Logs whose lines are in no file but in a database: they come into files here, some at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

_PIECE_BYTES = 64 << 20
"""Of one file: what is on the disk beside the column copies, however long the log is."""


@runtime_checkable
class LineStore(Protocol):
    """A backend that hands out its lines as they are recorded."""

    origin: str
    """Name of the log."""

    def batches(self) -> Iterator[tuple[int, list[bytes]]]:
        """Every line in order, as (seq of the first, neighbouring lines)."""
        ...


class Piece(NamedTuple):
    """Part of a log as a file of lines. It is written over by the next one."""

    path: Path
    first_seq: int
    starts: list[tuple[int, int]]
    """Line number in the file (from 0) and seq of every line before which some are missing, and of the first one."""

    def place_of(self, number: int) -> int:
        """The place in the whole log of a line in the file; both count from 1."""
        start, seq = self.starts[bisect_right(self.starts, (number - 1, 1 << 63)) - 1]
        return seq + number - start


def stores_of(log: Any) -> list[LineStore] | None:
    """The stores of lines that are meant, after what was logged so far is written; None: something else is meant.

    Args:
        log: a store, a logger that writes to one, or a list of stores.
    """
    if isinstance(log, (list, tuple)):
        return list(log) if log and all(isinstance(one, LineStore) for one in log) else None
    store = getattr(log, "backend", log)
    if not isinstance(store, LineStore):
        return None
    if hasattr(log, "flush"):
        log.flush(sync=False)
    return [store]


def pieces_of(store: LineStore, path: Path) -> Iterator[Piece]:
    """The lines of a log, one file after the other at the same path; it is gone at the end.

    Raises:
        OSError: the file cannot be written.
        AuditError: as the store's `batches`.
    """
    batches, piece = store.batches(), None
    try:
        while piece is None or piece.starts:
            piece = _written(batches, path)
            if piece.starts:
                yield piece
    finally:
        path.unlink(missing_ok=True)


def _written(batches: Iterator[tuple[int, list[bytes]]], path: Path) -> Piece:
    """The next piece; one without lines is the end."""
    starts: list[tuple[int, int]] = []
    count, expected = 0, -1
    with path.open("wb") as file:
        for seq, lines in batches:
            if seq != expected:
                starts.append((count, seq))
            # A line feed in a line would make two of it; JSON takes a space in its place.
            file.writelines(line.replace(b"\n", b" ") + b"\n" for line in lines)
            count, expected = count + len(lines), seq + len(lines)
            if file.tell() >= _PIECE_BYTES:
                break
    return Piece(path, starts[0][1] if starts else 0, starts)
