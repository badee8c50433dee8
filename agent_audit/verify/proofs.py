"""Proving one event to somebody who sees nothing else, and the log as the static files of C2SP tlog-tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from agent_audit.atomic import BY_UMASK, replacing
from agent_audit.backends.file.checkpointing import SegmentReader, load_edge
from agent_audit.backends.file.layout import Layout
from agent_audit.errors import ConfigurationError, ProofError, RolledBackError
from agent_audit.integrity.checkpoint import Checkpoint, parse_checkpoint
from agent_audit.integrity.merkle import inclusion_proof, leaf_hashes
from agent_audit.integrity.proof import TlogProof
from agent_audit.integrity.tiles import TILE_SIZE, WIDTH, Edge, TileNodes, edge_at, entry_bundle, tile_path
from agent_audit.verify.scan import pruned_start

TileOf = Callable[[int, int], "bytes | None"]
"""(level, index) -> a full tile's bytes, None where there is none."""


class Proven(NamedTuple):
    """An event and the proof that it is in the log."""

    proof: TlogProof
    line: bytes
    """The event as it is recorded: these very bytes are what is proved."""


class ProofMaker:
    """Makes proofs up to the log's checkpoint, from the tree's tiles and, where those are missing, from the lines.

    That is the checkpoint of the moment it is made: `note`, byte for byte, and `head`, what it says.

    Raises:
        ProofError: there is no checkpoint, or it is malformed.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.note, self.head = _checkpoint(layout)
        self._reader = SegmentReader(layout)
        self.tiles_read = 0

    def prove(self, seq: int) -> Proven:
        """The proof of the event at that position.

        Raises:
            ProofError: it is not under the checkpoint, it was pruned, or the log does not lead to its own checkpoint.
            StorageError: its line is missing.
        """
        if seq >= self.head.size:
            raise ProofError(
                f"event {seq} is not under the checkpoint, which covers {self.head.size} events; "
                "make one that does with `agent-audit-log seal`"
            )
        first = min(self._layout.segment_starts(), default=0)
        if seq < first:
            raise ProofError(
                f"event {seq} is no longer in {self._layout.root}, which begins with event {first}: pruned, or removed "
                "(`agent-audit-log verify` tells); a proof needs its line"
            )
        line = next(iter(self._reader.lines(seq, seq + 1)))[0]
        for edge, tile in self._trees():
            try:
                node = TileNodes(edge, tile, self._reader.leaves)
                proof = TlogProof(seq, tuple(inclusion_proof(seq, self.head.size, node)), self.note)
                proof.verify(line)
            except ProofError:
                continue  # a damaged tile: once more from the lines alone
            return Proven(proof, line)
        raise ProofError(
            f"event {seq} of {self._layout.root} does not lead to the checkpoint; run `agent-audit-log verify`"
        )

    def _trees(self) -> Iterator[tuple[Edge, TileOf]]:
        """Edges of the tree, the cheapest to get first, each with the tiles to go with it."""
        cached = load_edge(self._layout)
        if cached is not None and cached.size == self.head.size and cached.root() == self.head.root:
            yield cached, self._tile
        for tile in (self._tile, _no_tile):
            yield edge_at(self.head.size, tile, self._reader.leaves), tile

    def _tile(self, level: int, index: int) -> bytes | None:
        self.tiles_read += 1
        try:
            data = self._layout.tile(level, index).read_bytes()
        except OSError:
            return None
        return data if len(data) == TILE_SIZE else None


def _no_tile(level: int, index: int) -> bytes | None:
    return None


def export_tlog(layout: Layout, target: Path) -> Checkpoint:
    """Write the static layout of C2SP tlog-tiles: checkpoint, tiles (partial ones too), entry bundles.

    A web server on that directory is then a log that any client of the standard can read. Exporting again adds what
    is new. Of pruned events there are tiles, but no entries.

    Raises:
        ProofError: there is no checkpoint, or the lines do not lead to it.
        ConfigurationError: a file cannot be written, or is one of the log's own.
    """
    root, there = layout.root.resolve(), target.resolve()
    if root in (there, *there.parents):
        raise ConfigurationError(
            f"{target} is in the log's own directory, where its evidence is: name another directory"
        )
    while True:
        first = min(layout.segment_starts(), default=0)
        try:
            return _export(layout, first, target)
        except RolledBackError:
            if min(layout.segment_starts(), default=0) == first:
                raise  # else it was pruned meanwhile


def _export(layout: Layout, first: int, target: Path) -> Checkpoint:
    note, head = _checkpoint(layout)
    edge, files = _pruned(layout, first)
    bundle: list[bytes] = []
    for lines in SegmentReader(layout).lines(edge.size, head.size):
        bundle += lines
        files += [(tile_path(tile.level, tile.index), tile.data) for tile in edge.extend(leaf_hashes(lines))]
        full = len(bundle) // WIDTH * WIDTH
        begin = (edge.size - len(bundle)) // WIDTH
        files += _bundles(bundle[:full], begin)
        del bundle[:full]
        _write(target, files)
        files = []
    if edge.root() != head.root:
        raise ProofError(f"the lines of {layout.root} do not lead to its checkpoint; run agent-audit-log verify")
    files += _bundles(bundle, edge.size // WIDTH)
    files += [
        (tile_path(level, (edge.size // WIDTH**level) // WIDTH, len(row)), b"".join(row))
        for level, row in enumerate(edge.rows)
        if row
    ]
    _write(target, files)
    _write(target, [("checkpoint", note)])
    return head


Files = list[tuple[str, bytes]]
"""Path below the target, and content."""


def _pruned(layout: Layout, first: int) -> tuple[Edge, Files]:
    start, problems = pruned_start(layout, first)
    if problems:
        raise ProofError(f"{problems[0]}")
    edge = Edge()
    files: Files = []
    for index in range(first // WIDTH):
        data = layout.tile(0, index).read_bytes()
        tiles = edge.extend([data[at : at + 32] for at in range(0, TILE_SIZE, 32)])
        files += [(tile_path(tile.level, tile.index), tile.data) for tile in tiles]
    return start.edge, files


def _bundles(entries: list[bytes], begin: int) -> Files:
    return [
        (tile_path("entries", begin + at // WIDTH, len(part := entries[at : at + WIDTH])), entry_bundle(part))
        for at in range(0, len(entries), WIDTH)
    ]


def _write(target: Path, files: Files) -> None:
    """Put each file in its place, whole or not at all. All but the checkpoint never change once they are there."""
    try:
        for name, data in files:
            path = target / name
            if name != "checkpoint" and path.exists() and path.stat().st_size == len(data):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path, BY_UMASK) as draft:
                draft.write_bytes(data)
    except OSError as error:
        raise ConfigurationError(f"cannot write {error.filename or target}: {error.strerror or error}") from error


def _checkpoint(layout: Layout) -> tuple[bytes, Checkpoint]:
    try:
        data = layout.checkpoint.read_bytes()
    except FileNotFoundError:
        raise ProofError(f"{layout.root} has no checkpoint; make one with `agent-audit-log seal`") from None
    return data, parse_checkpoint(data)[1]
