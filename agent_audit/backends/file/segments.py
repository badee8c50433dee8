"""The active segment: where the next line goes, and putting it there. Only ever used under the log's lock.

There is no shared record of where the tail is. Each process remembers what it saw last; the segment's size tells
whether others have written since, and then only their bytes are read and their lines counted. So there is no
cache that could be corrupt, and nothing to repair but the segment itself.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from agent_audit.backends.file.fs import FileSystem, write_all
from agent_audit.backends.file.layout import MAX_LINE, SEGMENT_MULTIPLE, Layout
from agent_audit.errors import CorruptLineError, StorageError, require_number

_SEQ = re.compile(rb'\{"seq":(\d{1,20}),')
_TIME = re.compile(rb',"timestamp":"([0-9T:-]{19})')
_SEQ_ROOM = 32
"""Bytes that the number of a line and its line feed take at the most."""
_HEAD = 1 << 10
"""Bytes of a segment in which the time of its first event stands."""
_TORN_BLOCK = 1 << 20
"""Bytes of a torn end that are copied at once."""

LOOK_INTERVAL = 5e-3
"""Seconds for which a path that was looked at is believed to stand for the same file.

A file that goes away within them might as well have gone away at their end: what it took with it is noticed then.
"""


_FEW = 1 << 16
"""Bytes of other processes that are read on the way to an append."""


@dataclass(frozen=True)
class Rotation:
    """When a segment is sealed: at the next multiple of 256 events after any of these is reached.

    Raises:
        ConfigurationError: one of them is no number above 0 (an age may be 0).
    """

    max_events: int = 65_536
    max_bytes: int = 64 * 2**20
    max_age: float | None = 24 * 3600.0
    """Seconds since the first event of the segment happened, by its own word where another process has begun it; None
    never."""

    lines: int = field(init=False, repr=False, compare=False)
    """The multiple of 256 at which `max_events` are reached: other processes look for a new segment at those."""

    def __post_init__(self) -> None:
        for name in ("max_events", "max_bytes"):
            require_number(f"{name} of Rotation", getattr(self, name), whole=True, above=True)
        if self.max_age is not None:
            require_number("max_age of Rotation", self.max_age)
        # Asked with every append: not a `cached_property`, whose lock (below Python 3.12) a forked child inherits.
        lines = -(-self.max_events // SEGMENT_MULTIPLE) * SEGMENT_MULTIPLE
        object.__setattr__(self, "lines", lines)


class Tail:
    """End of the active segment.

    Args:
        base: seq of the segment's first line.
        offset: bytes up to and with the last line feed.
        lines: how many there are.
    """

    __slots__ = ("base", "end")

    def __init__(self, base: int, offset: int, lines: int) -> None:
        self.base = base
        self.end = offset, lines
        """Both are set at once: a KeyboardInterrupt between them would have the next line get a seq that is taken."""

    @property
    def offset(self) -> int:
        return self.end[0]

    @property
    def lines(self) -> int:
        return self.end[1]

    @property
    def next_seq(self) -> int:
        return self.base + self.end[1]


class Repair(NamedTuple):
    """Something that was found broken and put right; becomes a `log.recovered` event."""

    reason: str
    details: dict[str, Any]


class Replaced(Exception):
    """The active segment was deleted, moved away or replaced under its writer."""

    def __init__(self, expected: int, how: str) -> None:
        super().__init__(f"the active segment was {how}")
        self.expected = expected
        """The seq that was to come next."""
        self.how = how


class SyncDue(NamedTuple):
    """What a sync is to cover."""

    segments: list[tuple[int, Path]]
    """Segments, each with a handle that is the taker's to close: the lock is not held while they are synced."""
    complete: list[tuple[int, Path]]
    """Those of `unsynced` among them; they stay there until they are synced, for a KeyboardInterrupt may come first."""
    through: int
    """How many events are synced then."""


class ActiveSegment:
    """The segment that is written now.

    Args:
        fs: the file system.
        layout: names of the log.
        rotation: when to begin another segment.
    """

    def __init__(self, fs: FileSystem, layout: Layout, rotation: Rotation) -> None:
        self._fs = fs
        self._layout = layout
        self._rotation = rotation
        self._handle: int | None = None
        self._inode = 0
        self._look_at = 0.0
        """When to look next whether the path still stands for this file, on the monotonic clock."""
        self._due = math.inf
        """When it is old enough to be sealed, on the monotonic clock."""
        self.path = layout.segments
        self.tail = Tail(0, 0, 0)
        self.unsynced: list[tuple[int, Path]] = []
        """Earlier segments that this process wrote to since the last sync, each with its handle."""
        self.suspects: set[Path] = set()
        """Segments of which a sync failed: what it should have made durable may stand nowhere but in memory."""
        self.repairs: list[Repair] = []
        """What was put right since the caller last took them."""

    def sync(self, handle: int, path: Path) -> None:
        """Sync a segment; when that fails it is a suspect from now on.

        Raises:
            OSError: the sync failed.
        """
        try:
            self._fs.fsync(handle)
        except OSError:
            self.suspects.add(path)
            raise

    def heal(self) -> None:
        """Write every suspect over itself and sync it, so that nothing is ever acknowledged behind a hole.

        Raises:
            OSError: one of them still cannot be written; it stays a suspect.
        """
        for path in sorted(self.suspects):
            handle = self._fs.open(path)
            try:
                self._fs.redirty(path)
                self._fs.fsync(handle)
            finally:
                self._fs.close(handle)
            self.suspects.discard(path)
            self.repairs.append(Repair("a sync had failed; the segment was written again", {"file": path.name}))

    # -- finding the tail ------------------------------------------------------------------------------

    def locate(self) -> Tail:
        """Bring `tail` up to date with what others wrote, following them into a newer segment.

        Raises:
            Replaced: the name of the segment no longer stands for the file that was written to.
            OSError: the segment cannot be read or repaired.
            CorruptLineError: the last line is whole but does not say where it stands.
        """
        if self._handle is None:
            self._open_last(expected=None)
        else:
            now = self._fs.identity(self.path)
            if now is None or now.inode != self._inode:
                raise Replaced(self.tail.next_seq, "deleted" if now is None else "replaced")
            self._look_at = time.monotonic() + LOOK_INTERVAL
            if now.size != self.tail.offset:
                self._catch_up(now.size)
        while self.tail.lines and self.tail.lines % SEGMENT_MULTIPLE == 0:
            follower = self._layout.segment(self.tail.next_seq)
            if self._fs.identity(follower) is None:
                break
            self._switch(self.tail.next_seq)
            self._catch_up(self._fs.identity_of(self._require_handle()).size)
        return self.tail

    def _open_last(self, expected: int | None) -> None:
        """Open the newest segment, or the first; `expected` is the next seq as this process remembers it."""
        starts = self._layout.segment_starts()
        if not starts:
            self._fs.mkdir(self._layout.segments)  # somebody may have taken it away with all that was in it
        base = starts[-1] if starts else 0
        self._switch(base, create=not starts)
        size = self._fs.identity_of(self._require_handle()).size
        if size:
            self._repair_torn_end(size)
            self._trust_last_line()
        if expected is not None and self.tail.next_seq != expected:
            self._note_missing(expected)

    def reopen(self, loss: Replaced) -> Tail:
        """Go on with whatever stands there now, in the same log, and note what is missing."""
        self.repairs.append(Repair(f"the active segment was {loss.how}", {"file": self.path.name}))
        self._release()
        self._open_last(loss.expected)
        return self.tail

    def _note_missing(self, expected: int) -> None:
        """Events that this process saw recorded are gone. Their numbers are never given again."""
        found = self.tail.next_seq
        self.repairs.append(Repair("recorded events are missing", {"missing_from": found, "missing_to": expected - 1}))
        if found < expected:
            resume = -(-expected // SEGMENT_MULTIPLE) * SEGMENT_MULTIPLE
            self._begin(resume)

    def _catch_up(self, size: int) -> None:
        """Count the lines that others wrote since, and repair an end that one of them tore."""
        if size < self.tail.offset:
            remembered = self.tail.next_seq
            self.tail = Tail(self.tail.base, 0, 0)
            if size:
                self._repair_torn_end(size)
                self._trust_last_line()
            self.repairs.append(Repair("the active segment was truncated", {"file": self.path.name}))
            self._note_missing(remembered)
            return
        handle = self._require_handle()
        offset, count, end = self.tail.offset, self.tail.lines, self.tail.offset
        while offset < size:
            block = self._fs.read(handle, offset, min(1 << 20, size - offset))
            if not block:
                break
            count += block.count(b"\n")
            feed = block.rfind(b"\n")
            end = offset + feed + 1 if feed >= 0 else end
            offset += len(block)
        self.tail = Tail(self.tail.base, end, count)
        if end < size:
            self._put_aside(end, size)

    # -- repairing -------------------------------------------------------------------------------------

    def _repair_torn_end(self, size: int) -> None:
        """Set `tail.offset` behind the last line feed and put aside what follows it."""
        handle, position, end = self._require_handle(), size, 0
        while position > 0:
            start = max(0, position - (1 << 16))
            feed = self._fs.read(handle, start, position - start).rfind(b"\n")
            if feed >= 0:
                end = start + feed + 1
                break
            position = start
        self.tail = Tail(self.tail.base, end, self.tail.lines)
        if end < size:
            self._put_aside(end, size)

    def _put_aside(self, end: int, size: int) -> None:
        """Move torn bytes to `recovered-<time>`; only when they are safe there is the segment cut."""
        handle = self._require_handle()
        target = self._layout.root / f"recovered-{time.time_ns()}"
        copy = self._fs.open(target, create=True)
        try:
            for begin in range(end, size, _TORN_BLOCK):
                write_all(self._fs, copy, self._fs.read(handle, begin, min(_TORN_BLOCK, size - begin)))
            self._fs.fsync(copy)
        finally:
            self._fs.close(copy)
        self._fs.fsync_dir(self._layout.root)
        self._fs.truncate(handle, end)
        self.sync(handle, self.path)
        details = {"bytes": size - end, "file": target.name, "segment": self.path.name}
        self.repairs.append(Repair("a torn last line was put aside", details))

    def _trust_last_line(self) -> None:
        """Take the number of lines from the last one's seq; count them only where it does not tell.

        The recovered tail is synced before it is built upon: what is read here may never have reached the disk.
        """
        handle, end = self._require_handle(), self.tail.offset
        self.sync(handle, self.path)
        if end == 0:
            return
        start = max(0, end - MAX_LINE - 1)
        last = self._fs.read(handle, start, end - 1 - start).rpartition(b"\n")[2]
        match = _SEQ.match(last)
        if match is None or not self.tail.base <= int(match[1]) < self.tail.base + end:
            raise CorruptLineError(
                f"the last line of {self.path} does not begin with its seq; run `agent-audit-log verify`, and move "
                "the file away to go on (its events stay missing on record)"
            )
        self.tail = Tail(self.tail.base, end, int(match[1]) + 1 - self.tail.base)

    # -- writing ---------------------------------------------------------------------------------------

    def append_next(self, record: bytes) -> int | None:
        """The usual case, at a third of the cost: there is nothing to repair and nothing to seal.

        Returns:
            The record's number; None when this is not that case, or the write was not whole: then `locate` and
            `append` do it all, beginning with whatever was written.

        Raises:
            OSError: the segment cannot be looked at or written to; nothing was recorded.
        """
        handle, tail, now = self._handle, self.tail, time.monotonic()
        if handle is None or now >= self._look_at or now >= self._due:
            return None
        offset, lines = tail.end
        size = self._fs.size(handle)
        if size != offset:
            if not self._follow(handle, size):
                return None
            offset, lines = tail.end
        # At a multiple of 256 another process may have begun a segment.
        if not lines % SEGMENT_MULTIPLE or offset >= self._rotation.max_bytes:
            return None
        seq = tail.base + lines
        line = b'{"seq":%d,%s\n' % (seq, record[1:])
        if self._fs.append(handle, line) != len(line):
            self._fs.truncate(handle, offset)
            return None
        tail.end = offset + len(line), lines + 1
        return seq

    def _follow(self, handle: int, size: int) -> bool:
        """Count the few lines that others have written since; False when it is not as simple as that."""
        offset, lines = self.tail.end
        if not 0 < size - offset <= _FEW:
            return False
        written = self._fs.read(handle, offset, size - offset)
        if len(written) != size - offset or not written.endswith(b"\n"):
            return False
        self.tail.end = size, lines + written.count(b"\n")
        return True

    def append(self, records: Sequence[bytes]) -> int:
        """Number the records, write them and return the first number. All of them, or on an error none.

        Raises:
            StorageError: refused; what had been written of the batch has been cut off again.
        """
        before = self.tail
        try:
            if before.lines + len(records) <= self._rotation.lines and not self._sealing():
                self._write(records)
            else:
                self._write_in_parts(records)
        except OSError as error:
            self._roll_back(before)
            raise StorageError(
                f"cannot write to {self.path}: {error.strerror or error}; nothing of this batch was recorded"
            ) from error
        return before.next_seq if before.base == self.tail.base else self.tail.next_seq - len(records)

    def ends_with(self, records: Sequence[bytes]) -> bool:
        """Whether these records stand at the end, with at most what others have written since behind them."""
        if self._handle is None:
            return False
        # `tail` may lie before them or behind: it is set after they are written.
        begin = max(0, self.tail.offset - sum(len(record) + _SEQ_ROOM for record in records))
        found = self._fs.read(self._handle, begin, self._fs.size(self._handle) - begin)
        return {record[1:] for record in records} <= {line.partition(b",")[2] for line in found.split(b"\n")}

    def _write_in_parts(self, records: Sequence[bytes]) -> None:
        """Write a batch, cut at the points where a segment is to be sealed."""
        while records:
            self._rotate_if_due()
            room = self._room()
            self._write(records[:room])
            records = records[room:]

    def _write(self, records: Sequence[bytes]) -> None:
        seq = self.tail.next_seq
        if len(records) == 1:
            data = b'{"seq":%d,%s\n' % (seq, records[0][1:])
        else:
            data = b"".join([b'{"seq":%d,%s\n' % (seq + i, record[1:]) for i, record in enumerate(records)])
        write_all(self._fs, self._require_handle(), data)
        tail = self.tail
        self.tail = Tail(tail.base, tail.offset + len(data), tail.lines + len(records))

    def _room(self) -> int:
        """Lines up to the next point at which the segment may be sealed."""
        if self._sealing():
            return SEGMENT_MULTIPLE - self.tail.lines % SEGMENT_MULTIPLE
        return self._rotation.lines - self.tail.lines

    def _sealing(self) -> bool:
        tail = self.tail
        full = tail.lines >= self._rotation.lines or tail.offset >= self._rotation.max_bytes
        return full or time.monotonic() >= self._due  # a monotonic clock: the wall clock may go backwards

    def _rotate_if_due(self) -> None:
        tail = self.tail
        if tail.lines and tail.lines % SEGMENT_MULTIPLE == 0 and self._sealing():
            self._begin(tail.next_seq)

    def _begin(self, base: int) -> None:
        """Begin a segment. The sealed one is synced first, so that only the last segment can have a weak end."""
        if self._handle is not None and self.tail.offset:
            self.sync(self._handle, self.path)
        self._switch(base, create=True)

    def _switch(self, base: int, *, create: bool = False) -> None:
        path = self._layout.segment(base)
        handle, age = self._fs.open(path, create=create), self._rotation.max_age
        try:
            due = math.inf if age is None else time.monotonic() + self._left_of(age, handle)
            # Also when another process made it: its name may not have become durable.
            self._fs.fsync_dir(self._layout.segments)
            inode = self._fs.identity_of(handle).inode
        except BaseException:
            self._fs.close(handle)
            raise
        old, path_of_old, tail = self._handle, self.path, Tail(base, 0, 0)
        # Nothing is called between these, so that no KeyboardInterrupt leaves a part of it.
        self._handle, self._inode, self._due, self.path, self.tail = handle, inode, due, path, tail
        if old is not None:
            self.unsynced.append((old, path_of_old))

    def _left_of(self, age: float, handle: int) -> float:
        """Seconds until a segment has that age, by its first event; all of them for a new one.

        0 where that event tells no time, or one that is further ahead: each process would wait for it anew.
        """
        head = self._fs.read(handle, 0, _HEAD)
        first = _TIME.search(head)
        try:
            begun = datetime.fromisoformat(first[1].decode() + "+00:00").timestamp() if first else math.inf
        except ValueError:
            begun = math.inf  # somebody has written that line by hand
        ahead = begun - time.time()
        return age if not head else 0.0 if ahead > age else min(age, age + ahead)

    def _roll_back(self, before: Tail) -> None:
        """Cut off what a failed batch wrote. Where even that fails, the next locate() finds the torn end."""
        try:
            if self.tail.base != before.base:
                self._fs.unlink(self.path)
                self._fs.close(self._require_handle())
                self._handle, self.path = self.unsynced.pop()
                self._inode = self._fs.identity_of(self._handle).inode
            self._fs.truncate(self._require_handle(), before.offset)
            self.tail = before
        except OSError:
            self._release()

    # -- handles ---------------------------------------------------------------------------------------

    def sync_due(self) -> SyncDue:
        """Everything written to since the last sync."""
        complete = self.unsynced[:]
        written = complete if self._handle is None else [*complete, (self._handle, self.path)]
        copies = [(self._fs.duplicate(handle), path) for handle, path in written]
        return SyncDue(copies, complete, self.tail.next_seq)

    def forget(self, complete: Sequence[tuple[int, Path]]) -> None:
        """These are synced; they may have been closed or taken back meanwhile."""
        for segment in complete:
            for number, known in enumerate(self.unsynced):
                if known is segment:
                    del self.unsynced[number]
                    self._fs.close(known[0])
                    break

    def _require_handle(self) -> int:
        if self._handle is None:
            raise StorageError(f"the active segment of {self._layout.root} is not open")
        return self._handle

    def _release(self) -> None:
        handle, self._handle = self._handle, None  # first: closed twice, it may be another file's by then
        if handle is not None:
            self._fs.close(handle)

    def close(self) -> None:
        """Close every handle; what was not synced is not made durable."""
        while self.unsynced:
            handle, _ = self.unsynced.pop()
            self._fs.close(handle)
        self._release()
