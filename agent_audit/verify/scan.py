"""One pass over a log: every line hashed into the tree, with the roots at the sizes that heads speak of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from agent_audit.backends.file.layout import SEGMENT_MULTIPLE, Layout
from agent_audit.errors import ProofError
from agent_audit.integrity.merkle import HASH_SIZE, leaf_hashes
from agent_audit.integrity.tiles import TILE_SIZE, Edge, Tile, split_tile
from agent_audit.verify.ahead import WholeSegment, read_ahead
from agent_audit.verify.blobs import BlobCheck
from agent_audit.verify.dropped import Excuses
from agent_audit.verify.intents import OpenIntents
from agent_audit.verify.lines import LineReader, Piece, Segment, own_events
from agent_audit.verify.verdict import Problem

Progress = Callable[[int], object]
"""Called with the number of lines so far, some thousand lines apart."""


@dataclass
class Start:
    """Where a pass begins: at the beginning of the log, behind what was pruned, or behind what was verified before."""

    edge: Edge = field(default_factory=Edge)
    segment: int = 0
    offset: int = 0
    pruned: int = 0
    """Events at the beginning whose segments are gone."""


class Scan:
    """The pass. Run it once; then ask.

    Args:
        layout: names of the log.
        start: where to begin.
        sizes: at which to take the root.
        intents: counts intents without an outcome; None leaves that out.
        jobs: how many processes may read a long log.
        excuses: tells which missing positions are no problem; tiles stand for their lines.
    """

    def __init__(
        self,
        layout: Layout,
        start: Start,
        sizes: Iterable[int],
        intents: OpenIntents | None,
        jobs: int = 1,
        *,
        excuses: Excuses | None = None,
    ) -> None:
        self._layout = layout
        self._sizes = sorted(size for size in set(sizes) if size >= start.edge.size)
        self._edge = start.edge.copy()
        self._blobs = BlobCheck(layout)
        self._reader = LineReader(layout, start.segment, max(start.edge.size, start.pruned), start.offset, excuses)
        self._intents = intents
        self._jobs = jobs
        self.roots: dict[int, bytes] = {}
        """Size -> root of the lines that are there."""
        self.hashed = 0
        self.damaged_tiles: list[str] = []
        """Tiles that are not those of these lines. Above what was pruned they are caches."""
        self.key_events: list[tuple[int, dict[str, Any]]] = []
        """The `log.key` events: seq and metadata."""
        self.pruned_events: list[tuple[int, dict[str, Any]]] = []
        self._without_tiles = False
        self.last_edge: Edge | None = None
        """The edge at the largest size that was asked for."""
        self.mark: tuple[int, int] | None = None
        """Segment and offset of the end of that size."""
        self._take_roots()

    @property
    def lines(self) -> int:
        """Position behind the last complete line."""
        return self._reader.next_seq

    @property
    def torn(self) -> int:
        """Bytes of a last line that is still being written."""
        return self._reader.torn

    @property
    def failed(self) -> bool:
        """A file could not be read."""
        return self._reader.failed

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with the order of lines, and with blobs."""
        return [*self._reader.problems, *self._blobs.problems]

    def run(self, progress: Progress = lambda lines: None) -> None:
        """Read everything."""
        through, start = max(self._sizes, default=0), self._edge.size
        with read_ahead(self._layout, through, start, self._jobs, intents=self._intents is not None) as ahead:
            for segment in self._reader.segments():
                found = ahead.take(segment) if segment.whole else None
                if found is not None:
                    self._take(found, segment)
                    progress(self.lines)
                    continue
                for piece in self._reader.pieces_of(segment):
                    self._read(piece)
                    progress(self.lines)

    def _read(self, piece: Piece) -> None:
        self._blobs.feed(piece)
        if self._intents is not None:
            self._intents.feed(piece)
        self.key_events += own_events(piece, b"log.key")
        self.pruned_events += own_events(piece, b"log.pruned")
        if self._reader.whole_through is None and piece.first > self._edge.size and not self._without_tiles:
            self._bridge(piece.first)
        if self._reader.whole_through is None and (lines := self._wanted(piece)):
            self._hash(leaf_hashes(lines))
            if self._edge.size == self._sizes[-1]:
                unread = sum(map(len, piece.lines[len(lines) :])) + len(piece.lines) - len(lines)
                self.mark = (int(piece.path.stem), piece.end - unread)

    def _take(self, found: WholeSegment, segment: Segment) -> None:
        """What another process has read. All of it lies below the largest size that is asked for."""
        self._reader.skip(found.end - found.start)
        if self._intents is not None and found.intents is not None:
            self._intents.join(found.intents)
        self.key_events += found.key_events
        self.pruned_events += found.pruned_events
        if self._reader.whole_through is None and found.start == self._edge.size:
            self._hash([found.leaves[at : at + HASH_SIZE] for at in range(0, len(found.leaves), HASH_SIZE)])
            if self._edge.size == self._sizes[-1]:
                self.mark = (segment.start, found.size)

    def _wanted(self, piece: Piece) -> list[bytes]:
        """The lines of a piece that heads need hashed."""
        if piece.first != self._edge.size or not self._sizes or self._edge.size >= self._sizes[-1]:
            return []
        return piece.lines[: self._sizes[-1] - self._edge.size]

    def _hash(self, hashes: list[bytes]) -> None:
        """Add leaves to the tree, stopping at each size that is asked for."""
        self.hashed += len(hashes)
        taken = 0
        while taken < len(hashes):
            room = next((size for size in self._sizes if size > self._edge.size), 0) - self._edge.size
            for tile in self._edge.extend(hashes[taken : taken + room]):
                self._compare(tile)
            taken += room
            self._take_roots()

    def _bridge(self, end: int) -> None:
        """Go on behind lines that were dropped with their hashes out of the tiles, where those are still there."""
        try:
            for hashes in _hashes_of_tiles(
                self._layout, self._edge.size, min(end, self._sizes[-1] if self._sizes else 0)
            ):
                self._hash(hashes)
                self.hashed -= len(hashes)  # it counts lines
        except (OSError, ProofError):
            self._without_tiles = True  # no head can be shown to cover what follows, and the verdict says that

    def _take_roots(self) -> None:
        if self._edge.size in self._sizes:
            self.roots[self._edge.size] = self._edge.root()
            if self._edge.size == self._sizes[-1]:
                self.last_edge = self._edge.copy()

    def _compare(self, tile: Tile) -> None:
        path = self._layout.tile(tile.level, tile.index)
        try:
            same = path.read_bytes() == tile.data
        except OSError:
            same = False
        if not same:
            self.damaged_tiles.append(str(path.relative_to(self._layout.root)))


def pruned_start(layout: Layout, first: int) -> tuple[Start, list[Problem]]:
    """Where to begin in a log whose segments before `first` are gone: their tiles are the evidence now."""
    edge, problems = Edge(), []
    for index in range(first // SEGMENT_MULTIPLE):
        try:
            data = layout.tile(0, index).read_bytes()
            if len(data) != TILE_SIZE:
                raise ProofError("it does not have the length of a tile")
        except (OSError, ProofError) as error:
            problems.append(_bad_tile(layout, 0, index, "cannot be used, and its events were pruned", error))
            return Start(Edge(), first, 0, first), problems
        for tile in edge.extend(split_tile(data)):
            if tile.level:
                problems += _wrong_tile(layout, tile)
    try:  # a copy may begin within a tile
        for hashes in _hashes_of_tiles(layout, edge.size, first):
            edge.extend(hashes)
    except (OSError, ProofError):
        pass  # no tile of the rest was ever full: no head can be shown to cover what follows, and the verdict says that
    return Start(edge, first, 0, first), problems


def _hashes_of_tiles(layout: Layout, start: int, end: int) -> Iterator[list[bytes]]:
    """Leaf hashes from `start` up to `end` out of full tiles.

    Raises:
        OSError, ProofError: a tile is missing, or none.
    """
    while start < end:
        index, place = divmod(start, SEGMENT_MULTIPLE)
        data = layout.tile(0, index).read_bytes()
        if len(data) != TILE_SIZE:
            raise ProofError("it does not have the length of a tile")
        hashes = split_tile(data)[place : end - index * SEGMENT_MULTIPLE]
        yield hashes
        start += len(hashes)


def _wrong_tile(layout: Layout, tile: Tile) -> list[Problem]:
    what, error = "does not go with the tiles below it", None
    try:
        if layout.tile(tile.level, tile.index).read_bytes() == tile.data:
            return []
    except OSError as failure:
        error = failure
    return [_bad_tile(layout, tile.level, tile.index, what, error)]


def _bad_tile(layout: Layout, level: int, index: int, what: str, error: Exception | None) -> Problem:
    unreadable = isinstance(error, OSError) and not isinstance(error, FileNotFoundError)
    width = SEGMENT_MULTIPLE ** (level + 1)
    path = str(layout.tile(level, index).relative_to(layout.root))
    what = f"the tile cannot be read: {error}" if unreadable else f"the tile {what}" + (f" ({error})" if error else "")
    first, last = index * width, (index + 1) * width - 1
    return Problem(what=what, file=path, first_seq=first, last_seq=last, unreadable=unreadable)


def leaves_between(layout: Layout, start: int, end: int) -> Iterator[tuple[int, bytes, str]]:
    """Seq, leaf hash and file of the lines from `start` up to `end`, for finding out which were changed."""
    segment = max((one for one in layout.segment_starts() if one <= start), default=0)
    for piece in LineReader(layout, segment, segment, 0).pieces():
        file = str(piece.path.relative_to(layout.root))
        for seq, leaf in enumerate(leaf_hashes(piece.lines), start=piece.first):
            if start <= seq < end:
                yield seq, leaf, file
        if piece.first + len(piece.lines) >= end:
            return
