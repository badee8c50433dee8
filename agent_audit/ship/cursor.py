"""Reading a log from a position on while others write it: whole batches of theirs, a bounded piece at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from io import FileIO
from typing import NamedTuple

from agent_audit.backends.file.layout import MAX_LINE, TOO_LONG, Layout
from agent_audit.backends.file.read import open_layout
from agent_audit.errors import ShipError, StoreRefusedError

_BLOCK = 1 << 18


class MissingError(ShipError):
    """Events below `next_start` are not in the log any more."""

    def __init__(self, layout: Layout, seq: int, next_start: int) -> None:
        super().__init__(
            f"events {seq:,} to {next_start - 1:,} are no longer in {layout.root}: pruned before they were shipped, or "
            f"removed (`agent-audit-log verify` tells); --skip-missing goes on with {next_start:,}"
        )
        self.next_start = next_start


class ReplacedError(ShipError):
    """The directory does not hold the files any more that were being read."""

    def __init__(self, layout: Layout) -> None:
        super().__init__(
            f"{layout.root} is no longer the log that was followed: it was deleted and started again, or restored "
            "from a backup; what was not shipped before is gone, and shipping starts again with what is there"
        )


class _Place(NamedTuple):
    """A segment that is being read."""

    start: int
    file: FileIO
    """Unbuffered: what was read ahead might be taken back by its writer."""
    synced: int
    """Bytes that are known to be on the disk."""
    looked: int = 0
    """Size of the file when no line was found in what is not read yet."""


class Cursor:
    """Reads lines from `seq` on, and never one that its writers may still take back.

    A line counts when no writer is at work on it (the log's lock, shared, for the moment of looking at the size) and
    when it is on the disk (fdatasync): a copy must not be ahead of what this host has after a loss of power, for its
    next events would get the same positions.
    """

    def __init__(self, layout: Layout, seq: int) -> None:
        self._layout = layout
        self.seq = seq
        """Position of the next line."""
        self._place: _Place | None = None
        self._start = self._read = 0
        self._last = b""
        """The line read last in `_place`, with its line feed."""

    def read(self, most_lines: int, most_bytes: int) -> list[bytes]:
        """The next lines without their line feeds, at most so many; none when there is nothing new.

        Raises:
            MissingError: what comes next was pruned.
            ReplacedError: another file is where the one was that was being read, or other lines are in it.
            LogNotFoundError: there is no log any more.
            StoreRefusedError: the log has fewer events than `seq`; or it has what no writer of it writes.
            OSError: the log cannot be read or synced.
        """
        while (place := self._place or self._find()) is not None:
            lines = self._lines(place, most_lines, most_bytes)
            self.seq += len(lines)
            if lines or not self._leave(self._place or place):
                return lines
        return []

    def skip_to(self, seq: int) -> None:
        """Go on with another position."""
        self.close()
        self.seq = seq

    def end(self) -> int:
        """Events that the log has now: one more than the last seq."""
        for start in reversed(self._layout.segment_starts()):
            with contextlib.suppress(FileNotFoundError), FileIO(self._layout.segment(start)) as file:  # pruned since
                return start + sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))
        return 0

    @property
    def behind_bytes(self) -> int:
        """Bytes of the log that were not read yet."""
        total = -self._offset()
        for start in self._layout.segment_starts():
            if start >= self._start:
                with contextlib.suppress(FileNotFoundError):  # pruned since
                    total += self._layout.segment(start).stat().st_size
        return max(0, total)

    def _offset(self) -> int:
        """Bytes of the segment `_start` that were read."""
        return self._place.file.tell() if self._place is not None else self._read

    def close(self) -> None:
        """Give the file back."""
        if self._place is not None:
            self._read = self._offset()
            self._place.file.close()
            self._place = None
            self._last = b""

    def _find(self) -> _Place | None:
        """Open the segment in which `seq` stands, and go there."""
        starts = self._layout.segment_starts()
        start = max((start for start in starts if start <= self.seq), default=None)
        if start is None:
            if starts:
                raise MissingError(self._layout, self.seq, starts[0])
            if self.seq:
                raise self._too_short(0)
            open_layout(self._layout.root)  # says so when there is no log any more
            return None
        file = FileIO(self._layout.segment(start))
        missing = _skip_lines(file, self.seq - start)
        if missing:
            file.close()
            raise self._too_short(self.seq - missing)
        self._place = _Place(start, file, file.tell())
        self._start = start
        return self._place

    def _too_short(self, events: int) -> ShipError:
        open_layout(self._layout.root)
        return StoreRefusedError(
            f"the store is at event {self.seq:,} of {self._layout.root}, which has only {events:,}: "
            "the log is older than its copy; keep both and run `agent-audit-log verify`"
        )

    def _lines(self, place: _Place, most_lines: int, most_bytes: int) -> list[bytes]:
        offset = place.file.tell()
        end = min(self._settled_size(place), offset + most_bytes)
        if end <= offset:
            return []
        place.file.seek(offset - len(self._last))
        data = place.file.read(len(self._last) + end - offset)
        if not data.startswith(self._last):
            raise ReplacedError(self._layout)  # written over: what follows may begin in the middle of a line
        lines = data[len(self._last) :].split(b"\n")[:-1]
        if not lines and end - offset == most_bytes:  # one line is longer than what was asked for
            place.file.seek(offset)
            if most_bytes <= MAX_LINE:
                return self._lines(place, most_lines, MAX_LINE + 1)
            self._look_for_its_end(place)
            return []
        del lines[most_lines:]
        offset += sum(map(len, lines)) + len(lines)
        place.file.seek(offset)
        if lines:
            self._last = lines[-1] + b"\n"
        if lines and offset > place.synced:
            os.fdatasync(place.file.fileno())
            self._place = place._replace(synced=end)
        return lines

    def _look_for_its_end(self, place: _Place) -> None:
        """What is longer than a line may be: where it ends, it was written by somebody else, and does not go away."""
        offset, size = place.file.tell(), self._settled_size(place)
        if place.looked != size:
            while block := place.file.read(_BLOCK):
                if b"\n" in block:
                    raise self._changed(place, f"event {self.seq:,} is {TOO_LONG}")
            place.file.seek(offset)
            self._place = place._replace(looked=size)

    def _changed(self, place: _Place, what: str) -> StoreRefusedError:
        return StoreRefusedError(
            f"{self._layout.segment(place.start)} cannot be shipped: {what}; keep the log as it is, and run "
            "`agent-audit-log verify`"
        )

    def _settled_size(self, place: _Place) -> int:
        """Bytes of the segment while nobody is writing."""
        try:
            lock = self._layout.lock.open("rb")
        except FileNotFoundError:  # a copy, which nobody writes to
            return os.fstat(place.file.fileno()).st_size
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH)
                return os.fstat(place.file.fileno()).st_size
            finally:
                # Closing is not enough: a child that was forked meanwhile has the descriptor, too, and would keep it.
                fcntl.flock(lock, fcntl.LOCK_UN)

    def _leave(self, place: _Place) -> bool:
        """Go on behind a segment that has been read to its end; False when there is nothing behind it."""
        later = [start for start in self._layout.segment_starts() if start > place.start]
        if not self._is_there(place, pruned=bool(later)):
            raise ReplacedError(self._layout)
        if not later:
            return False
        if place.file.tell() < (size := self._settled_size(place)):
            if place.looked == size:
                raise self._changed(place, f"its last line, event {self.seq:,}, has no end")
            self._place = place._replace(looked=size)
            return True  # something was written between the last look and the rotation
        self.close()
        if later[0] < self.seq:
            raise self._changed(place, f"it has events from {later[0]:,} on, where the next segment begins")
        if later[0] != self.seq:
            raise MissingError(self._layout, self.seq, later[0])
        return True

    def _is_there(self, place: _Place, *, pruned: bool) -> bool:
        """Whether the file that is open is still the log's. A sealed one may have been `pruned`, the last one never."""
        own = os.fstat(place.file.fileno())
        try:
            found = self._layout.segment(place.start).stat()
        except FileNotFoundError:
            return pruned
        return os.path.samestat(found, own) and own.st_size >= place.file.tell()


def _skip_lines(file: FileIO, count: int) -> int:
    """Go behind so many lines; returns how many of them are not there."""
    while count > 0 and (block := file.read(_BLOCK)):
        found = block.count(b"\n")
        if found < count:
            count -= found
            continue
        end = 0
        for _ in range(count):
            end = block.index(b"\n", end) + 1
        file.seek(end - len(block), os.SEEK_CUR)
        return 0
    return count
