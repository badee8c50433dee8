"""Reading whole segments in other processes, ahead of the pass over the log.

A segment begins at a known position, so what its lines come to (leaf hashes, intents left open, the log's own events)
can be found out before the lines in front of it are read. Only a segment in which all is in order is told of: any
other is left to the pass itself, which says what is wrong with it.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from agent_audit.backends.file.layout import Layout
from agent_audit.integrity.merkle import leaf_hashes
from agent_audit.verify.blobs import BlobCheck
from agent_audit.verify.intents import OpenIntents
from agent_audit.verify.lines import LineReader, Segment, own_events, readable_starts

WORTH_IT = 12
"""Whole segments from which on it pays to start processes: starting one may take as long as reading two of them."""


class WholeSegment(NamedTuple):
    """What the lines of a segment come to in which all is in order."""

    start: int
    end: int
    """Positions of its first line, and behind its last one."""
    size: int
    """Bytes."""
    leaves: bytes
    """The leaf hashes, one behind the other."""
    intents: OpenIntents | None
    key_events: list[tuple[int, dict[str, Any]]]
    pruned_events: list[tuple[int, dict[str, Any]]]


def read_whole(layout: Layout, segment: Segment, *, intents: bool) -> WholeSegment | None:
    """Read a sealed segment; None when anything about it is not as it should be."""
    reader = LineReader(layout, segment.start, segment.start, 0)
    blobs, waiting = BlobCheck(layout), OpenIntents(part=True) if intents else None
    leaves: list[bytes] = []
    key_events: list[tuple[int, dict[str, Any]]] = []
    pruned_events: list[tuple[int, dict[str, Any]]] = []
    end = 0
    for piece in reader.pieces_of(segment):
        blobs.feed(piece)
        if waiting is not None:
            waiting.feed(piece)
        key_events += own_events(piece, b"log.key")
        pruned_events += own_events(piece, b"log.pruned")
        leaves += leaf_hashes(piece.lines)
        end = piece.end
    if reader.problems or blobs.problems or reader.next_seq != segment.follower:
        return None
    return WholeSegment(segment.start, reader.next_seq, end, b"".join(leaves), waiting, key_events, pruned_events)


class ReadAhead:
    """Segments that other processes read, given out in order.

    Args:
        layout: names of the log.
        segments: those to read, in the order in which they are asked for.
        pool: the processes; None: nothing is read ahead.
        jobs: how many there are.
        intents: whether intents are counted.
    """

    def __init__(
        self,
        layout: Layout,
        segments: Sequence[Segment],
        pool: ProcessPoolExecutor | None,
        jobs: int,
        *,
        intents: bool,
    ) -> None:
        self._layout = layout
        self._pool = pool
        self._ahead = jobs + 2
        self._intents = intents
        self._left = deque(segments if pool is not None else ())
        self._read: deque[tuple[int, Future[WholeSegment | None]]] = deque()
        self._up = started(pool, jobs) if pool is not None else Future[None]()

    def take(self, segment: Segment) -> WholeSegment | None:
        """What was read of a segment; None when it is to be read here."""
        while self._left and self._left[0].start <= segment.start:
            self._left.popleft()  # nobody has been given it
        try:
            self._submit()
            while self._read and self._read[0][0] < segment.start:
                self._read.popleft()
            if not self._read or self._read[0][0] != segment.start:
                return None
            return self._read.popleft()[1].result()
        except BrokenProcessPool:  # one was killed: what it would have told is read here
            self._left.clear()
            return None

    def _submit(self) -> None:
        while self._pool is not None and self._left and len(self._read) < self._ahead and self._up.done():
            segment = self._left.popleft()
            found = self._pool.submit(read_whole, self._layout, segment, intents=self._intents)
            self._read.append((segment.start, found))


def how_to_start() -> str:
    """How `multiprocessing` is to start processes: by `fork`, which takes no time, or by `spawn`, where it is not safe.

    A child has only the thread that forked; what the others had locked stays locked in it.
    """
    alone = sys.platform == "linux" and len(list(Path("/proc/self/task").iterdir())) == 1
    return "fork" if alone else "spawn"


def started(pool: ProcessPoolExecutor, jobs: int) -> Future[None]:
    """Start all of its processes; done when one is up."""
    up, *_ = [pool.submit(_nothing) for _ in range(jobs)]
    return up


def _end_with_parent() -> None:
    """In each of the processes: one whose parent is killed would wait for segments for ever."""

    def follow() -> None:
        if (parent := multiprocessing.parent_process()) is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _nothing() -> None:
    """What a process does to show that it is up."""


@contextmanager
def read_ahead(layout: Layout, through: int, start: int, jobs: int, *, intents: bool) -> Iterator[ReadAhead]:
    """Have the sealed segments between two positions read by other processes.

    Args:
        layout: names of the log.
        through: what lies behind this position is not read.
        start: nor are segments that begin before this one.
        jobs: how many processes, at the most.
        intents: whether to count intents.
    """
    starts = [one for one in readable_starts(layout) if one >= start]
    segments = [
        Segment(one, layout.segment(one), follower, whole=True)
        for one, follower in pairwise(starts)
        if follower <= through
    ]
    jobs = min(jobs, len(segments))
    if jobs < 2 or len(segments) < WORTH_IT:
        yield ReadAhead(layout, (), None, 0, intents=intents)
        return
    how = multiprocessing.get_context(how_to_start())
    pool = ProcessPoolExecutor(jobs, mp_context=how, initializer=_end_with_parent)
    try:
        yield ReadAhead(layout, segments, pool, jobs, intents=intents)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
