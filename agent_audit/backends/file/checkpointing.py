"""Making a checkpoint: the tree catches up with the segments, and its head is signed.

The order of system calls, so that nothing is signed that is not durable and nothing signed is forgotten:

    (the caller has synced the segments) -> tiles -> compare with signed-head -> sign -> signed-head synced
    -> checkpoint replaced

A lock of its own (CHECKPOINT.LOCK) keeps two processes from doing it at once; appending never waits for it. The tree
is never needed to append: everything here can be made again from the segments.

The known hole: between signed-head and checkpoint a crash leaves the checkpoint one head behind; the next one mends
that, and a verifier sees a log that is behind its signed head by events it still has.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from agent_audit.backends.file.fs import FileSystem, make_folder, run_locked, write_cache, write_file
from agent_audit.backends.file.layout import SEGMENT_MULTIPLE, Layout
from agent_audit.backends.file.read import read_header
from agent_audit.errors import ProofError, RolledBackError, StorageError
from agent_audit.integrity.checkpoint import Checkpoint, parse_checkpoint
from agent_audit.integrity.merkle import HASH_SIZE, consistency_proof, leaf_hashes
from agent_audit.integrity.note import Note, Signer, sign_note
from agent_audit.integrity.tiles import TILE_SIZE, Edge, Tile, TileNodes, edge_at, row_lengths, split_tile
from agent_audit.signing import read_signed_head, signed_head_path

if TYPE_CHECKING:
    from agent_audit.integrity.witness import Witness

_BLOCK = 1 << 20
_NEAR = 65_536
"""Leaves that are sooner hashed than the tiles read that lead to them."""
_SIZE = struct.Struct(">Q")


class Checkpointer:
    """Makes the checkpoints of one log, in one process at a time of this object.

    Args:
        fs: the file system.
        layout: names of the log.
        signer: whoever signs; its key's name is the origin.
        current: whoever signs now, for another process may have changed the key; None: as before.
    """

    def __init__(self, fs: FileSystem, layout: Layout, signer: Signer, current: Callable[[], Signer | None]) -> None:
        self._fs = fs
        self._layout = layout
        self.signer = signer
        self._current = current
        self.origin = signer.vkey.name
        self._signed_path = signed_head_path(self.origin)
        self._edge: Edge | None = None
        self._signed: tuple[bytes, Checkpoint | None] = b"", None
        """The last head that this process has signed, as it stands on the disk."""
        self._reader = SegmentReader(layout)

    def make(self, through: int, *, keep: bool = False, timeout: float = 0.0) -> Checkpoint | None:
        """Sign a head that covers the events before `through`, unless there is one already.

        Args:
            through: how many events there are, all of them synced.
            keep: whether the checkpoint is also kept under its size.
            timeout: seconds to wait for another process that is making one.

        Returns:
            The head; None when another process is at it.

        Raises:
            RolledBackError: the events lead to another root than the one that was signed, or some are gone.
            OSError: a file could not be written.
            Exception: whatever the signer raises.
        """
        self._fs.mkdir(self._layout.state)

        def make(mine: bool) -> Checkpoint | None:
            return self._make(through, keep) if mine else None

        return run_locked(self._fs, self._layout.checkpoint_lock, timeout, make)

    def _make(self, through: int, keep: bool) -> Checkpoint:
        self.renew()
        signed = self._signed_head()
        if signed is not None and signed.size >= through:
            # Another process has seen more: what this one knows of is only what stood before its own last event.
            self._publish(self._note_of(signed), signed, keep)
            return signed
        edge = self._edge_of(signed)
        self._grow(edge, through, self._put_tile)
        head = Checkpoint(self.origin, edge.size, edge.root())
        note = sign_note(head.text(), [self.signer])
        # A signer of the user's own has left nothing there.
        make_folder(self._fs, self._signed_path.parent, durable=True)
        write_file(self._fs, self._signed_path, note.encode())
        self._signed = note.encode(), head
        self._edge = edge
        self._publish(note, head, keep)
        return head

    def renew(self) -> Signer:
        """Sign with the log's present key from now on."""
        self.signer = self._current() or self.signer
        return self.signer

    def _signed_head(self) -> Checkpoint | None:
        data = _read(self._signed_path)
        if data is not None and data == self._signed[0]:
            return self._signed[1]  # this process's own: its signature need not be checked again
        try:
            return read_signed_head(self.origin)
        except ProofError as error:
            raise StorageError(f"no checkpoint can be made: {error}") from error

    def _note_of(self, head: Checkpoint) -> Note:
        """The note of a head that was signed before: the one on disk, with what witnesses have put to it."""
        try:
            note, found = parse_checkpoint(self._layout.checkpoint.read_bytes())
            if found == head:
                return note
        except (OSError, ProofError):
            pass  # missing or damaged: made again, Ed25519 signs the same text with the same bytes
        return sign_note(head.text(), [self.signer])

    def _publish(self, note: Note, head: Checkpoint, keep: bool) -> None:
        """Put the head where readers look for it, and the edge beside it."""
        data = note.encode()
        if _read(self._layout.checkpoint) != data:
            write_file(self._fs, self._layout.checkpoint, data)
        if keep and not self._layout.kept_checkpoint(head.size).exists():
            self._fs.mkdir(self._layout.checkpoints)
            write_file(self._fs, self._layout.kept_checkpoint(head.size), data)
        if self._edge is not None and self._edge.size == head.size:
            # Not only for speed: of events in no full tile, it alone tells a verifier which one was changed.
            write_cache(self._fs, self._layout.tree_state, encode_edge(self._edge))

    # -- the tree --------------------------------------------------------------------------------------

    def _edge_of(self, signed: Checkpoint | None) -> Edge:
        """The edge of the tree at the signed head, from memory, the cache, the tiles, or the segments.

        Raises:
            RolledBackError: what is there does not lead to that root.
        """
        if signed is None:
            return Edge()
        for found in self._edges(signed.size):
            edge = found.copy()
            self._grow(edge, signed.size)
            if edge.root() == signed.root:
                return edge
        edge = Edge()
        self._grow(edge, signed.size)
        if edge.size != signed.size or edge.root() != signed.root:
            raise rolled_back(self._layout, signed, "its events lead to another root")
        self._grow(Edge(), signed.size, self._put_tile)  # what stands there is missing or damaged
        return edge

    def _edges(self, size: int) -> Iterator[Edge]:
        """Edges at or a little before a size: the nearest one known, then what the tiles say, hundreds of them."""
        own = self._edge
        if own is not None and own.size == size:  # nobody else has made a checkpoint since
            yield own
        known = [edge for edge in (own, load_edge(self._layout)) if edge is not None and edge.size <= size]
        nearest = max(known, key=lambda edge: edge.size, default=None)
        if nearest is not None and size - nearest.size <= _NEAR:
            yield nearest
        from_tiles = self._from_tiles(size)
        if from_tiles is not None:
            yield from_tiles

    def _from_tiles(self, size: int) -> Edge | None:
        try:
            return edge_at(size, self._tile, self._reader.leaves)
        except (ProofError, OSError):
            return None

    def _tile(self, level: int, index: int) -> bytes | None:
        data = _read(self._layout.tile(level, index))
        return data if data is not None and len(data) == TILE_SIZE else None  # a power cut may have torn it

    def _grow(self, edge: Edge, through: int, keep: Callable[[Tile], object] = lambda tile: None) -> None:
        """Add the leaves of the segments up to `through`; where a pruned segment is missing, those of its tiles.

        Args:
            edge: what is to grow.
            through: how many leaves it is to have.
            keep: given every tile that becomes full.
        """
        while edge.size < through:
            if leaves := self._pruned_leaves(edge.size, through):
                self._extend(edge, leaves, keep)
                continue
            try:
                for lines in self._reader.lines(edge.size, through):
                    self._extend(edge, leaf_hashes(lines), keep)
            except RolledBackError:
                if not self._pruned_leaves(edge.size, through):  # else it is pruned while it is read
                    raise

    def _extend(self, edge: Edge, leaves: list[bytes], keep: Callable[[Tile], object]) -> None:
        for tile in edge.extend(leaves):
            keep(tile)

    def _pruned_leaves(self, index: int, end: int) -> list[bytes]:
        starts = self._layout.segment_starts()
        if not starts or index >= starts[0]:
            return []
        data = self._tile(0, index // SEGMENT_MULTIPLE)
        return [] if data is None else split_tile(data)[index % SEGMENT_MULTIPLE :][: end - index]

    def _put_tile(self, tile: Tile) -> None:
        path = self._layout.tile(tile.level, tile.index)
        if _read(path) == tile.data:
            return
        make_folder(self._fs, path.parent, durable=False)
        write_cache(self._fs, path, tile.data)

    # -- witnesses -------------------------------------------------------------------------------------

    def cosign(self, witness: Witness, *, timeout: float = 1.0) -> Checkpoint:
        """Have the latest checkpoint cosigned, and keep the cosignature with it, instead of that witness's last one.

        Raises:
            WitnessError: the witness would not, or cannot be reached.
            StorageError: there is no checkpoint, or the cosignature could not be kept.
        """
        data = _read(self._layout.checkpoint)
        if data is None:
            raise StorageError(f"{self._layout.root} has no checkpoint yet; make one with `agent-audit-log seal`")
        note, head = parse_checkpoint(data)
        nodes = TileNodes(self._edge_of(head), self._tile, self._reader.leaves)
        cosignatures = witness.add_checkpoint(note, 0, lambda old: consistency_proof(old, head.size, nodes))

        def keep(mine: bool) -> None:
            if not mine:
                raise StorageError(f"another process is making a checkpoint of {self._layout.root}; try again")
            kept = self._layout.kept_checkpoint(head.size)
            self._fs.mkdir(self._layout.checkpoints)
            for path in (self._layout.checkpoint, kept):
                there = _read(path) or (data if path == kept else None)
                if there is not None and (now := Note.parse(there)).text == note.text:
                    by = {(one.name, one.id) for one in cosignatures}
                    others = [one for one in now.signatures if (one.name, one.id) not in by]
                    write_file(self._fs, path, Note(now.text, (*others, *cosignatures)).encode())

        run_locked(self._fs, self._layout.checkpoint_lock, timeout, keep)
        return head

    # -- rebuilding, pruning ---------------------------------------------------------------------------

    def rebuild(self, size: int) -> int:
        """Write the tiles of the tree of `size` events anew; returns how many were not as they should be.

        Raises:
            RolledBackError: the events do not lead to the signed head.
        """
        edge, wrong = Edge(), []

        def compare(tile: Tile) -> None:
            if self._tile(tile.level, tile.index) != tile.data:
                wrong.append((tile.level, tile.index))

        self._grow(edge, size, compare)
        signed = self._signed_head()
        if signed is not None and signed.size == edge.size and signed.root != edge.root():
            raise rolled_back(self._layout, signed, "its events lead to another root")
        if wrong:
            self._grow(Edge(), size, self._put_tile)
        write_cache(self._fs, self._layout.tree_state, encode_edge(edge))
        return len(wrong)

    def keep_tiles(self, begin: int, end: int) -> None:
        """Make the tiles that end behind `begin`, and at or before `end`, durable: their events go, they are evidence.

        Those before `begin` became so when their own events went.

        Raises:
            StorageError: one is missing.
        """
        folders = set()
        level, width = 0, SEGMENT_MULTIPLE
        while width <= end:
            for index in range(begin // width, end // width):
                path = self._layout.tile(level, index)
                if not path.is_file():
                    raise StorageError(f"{path} is missing; run `agent-audit-log rebuild`, then prune again")
                handle = self._fs.open(path)
                try:
                    self._fs.fsync(handle)
                finally:
                    self._fs.close(handle)
                folders |= set(_up_to(path.parent, self._layout.root))
            level, width = level + 1, width * SEGMENT_MULTIPLE
        for folder in sorted(folders):
            self._fs.fsync_dir(folder)


class SegmentReader:
    """Lines of a log by their numbers. Remembers where it stopped, for the next lines are asked for next."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._mark = (0, 0, 0)
        """Segment, lines of it, bytes of it."""
        self._refused: OSError | None = None
        """Why the last segment that is there could not be read."""

    def lines(self, start: int, end: int) -> Iterator[list[bytes]]:
        """The lines from `start` up to `end`, without their line feeds, some hundreds at a time.

        Raises:
            RolledBackError: some of them are gone, and later ones are there.
            StorageError: there are not so many.
        """
        while start < end:
            lines = self._next(start, end)
            if not lines:
                raise self._missing(start)
            yield lines
            start += len(lines)

    def leaves(self, start: int, end: int) -> list[bytes]:
        """Leaf hashes of those lines."""
        return [one for lines in self.lines(start, end) for one in leaf_hashes(lines)]

    def _missing(self, start: int) -> StorageError:
        if self._refused is not None:
            return StorageError(f"event {start} cannot be read: {self._refused}")
        later = min((one for one in self._layout.segment_starts() if one > start), default=None)
        if later is None:
            return StorageError(f"event {start} is not in the segments of {self._layout.root}")
        return RolledBackError(
            f"events {start} to {later - 1} are gone from the segments of {self._layout.root}, so that no checkpoint "
            "can cover what was recorded after them. Restore them from a copy; or move the log away as evidence and "
            "begin a new one"
        )

    def _next(self, start: int, end: int) -> list[bytes]:
        segment, number, offset = self._find(start)
        self._refused = None
        try:
            with self._layout.segment(segment).open("rb") as file:
                file.seek(offset)
                block = file.read(_BLOCK)
        except FileNotFoundError:
            return []
        except OSError as error:
            self._refused = error
            return []
        lines = block.split(b"\n")[:-1]
        skipped = min(len(lines), start - segment - number)
        taken = lines[skipped : skipped + end - start]
        read = lines[: skipped + len(taken)]
        self._mark = (segment, number + len(read), offset + sum(map(len, read)) + len(read))
        if not taken and read:
            return self._next(start, end)  # the line begins behind this block
        return taken

    def _find(self, index: int) -> tuple[int, int, int]:
        """Where to begin reading for a line: at the mark, or at the beginning of its segment."""
        segment = max((start for start in self._layout.segment_starts() if start <= index), default=index)
        at, number, offset = self._mark
        return (segment, number, offset) if at == segment and at + number <= index else (segment, 0, 0)


def encode_edge(edge: Edge) -> bytes:
    """The cache of the tree's edge: its size in 8 bytes, then the hashes of each level, from the leaves up."""
    return _SIZE.pack(edge.size) + b"".join(b"".join(row) for row in edge.rows)


def load_edge(layout: Layout) -> Edge | None:
    """The cached edge; None when it is missing or damaged. Only its root tells whether it is right."""
    data = _read(layout.tree_state)
    return None if data is None else decode_edge(data)


def decode_edge(data: bytes) -> Edge | None:
    """What `encode_edge` has made; None when it is damaged."""
    if len(data) < _SIZE.size:
        return None
    (size,) = _SIZE.unpack_from(data)
    rows, at = [], _SIZE.size
    for length in row_lengths(size):
        rows.append([data[at + HASH_SIZE * number : at + HASH_SIZE * (number + 1)] for number in range(length)])
        at += HASH_SIZE * length
    return Edge(size, rows) if at == len(data) else None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _up_to(path: Path, root: Path) -> Iterator[Path]:
    while path != root:
        yield path
        path = path.parent
    yield root


def rolled_back(layout: Layout, signed: Checkpoint, found: str) -> RolledBackError:
    """The error that names both heads: the signed one, and what is there."""
    return RolledBackError(
        f"{layout.root} is not the log that its key has signed: signed were {signed}, but {found}. It was rolled back, "
        "cut or replaced. Restore it from a copy that has these events; or move it away as evidence and begin a new one"
    )


def refuse_rolled_back(layout: Layout, events: int) -> None:
    """See that there are as many events as the log's key has signed.

    Raises:
        RolledBackError: there are fewer.
        StorageError: what was signed cannot be known.
        OSError: it cannot be read.
    """
    origin = str(read_header(layout).get("origin", ""))
    try:
        signed = read_signed_head(origin)
    except ProofError as error:
        raise StorageError(f"{error}; move it away to go on without it") from error
    if signed is not None and signed.size > events:
        raise rolled_back(layout, signed, f"it has only {events} events")
