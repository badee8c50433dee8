"""Tiles (C2SP tlog-tiles): the hashes of the tree in files of 256, and the edge of the tree that fills no tile yet.

The tile `index` of level `l` holds the roots over `256**l` entries each. Only full tiles are hashed into the level
above. What is not in a full tile is the edge: less than 256 hashes of every level, which is all that is needed to go
on, and to know the root.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from agent_audit.errors import ProofError
from agent_audit.integrity.merkle import EMPTY_ROOT, HASH_SIZE, node_hash, pair_hashes, root_of

WIDTH = 256
_HEIGHT = 8
"""Levels of the tree in one tile."""

TILE_SIZE = WIDTH * HASH_SIZE


@dataclass(frozen=True)
class Tile:
    """A full tile."""

    level: int
    index: int
    hashes: Sequence[bytes]

    @property
    def data(self) -> bytes:
        """Its file."""
        return b"".join(self.hashes)


def number_path(number: int) -> str:
    """A tile's number as the standard writes it: groups of three digits, all but the last with an x before."""
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03d}")
    return "/".join(reversed(groups))


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """Path of a tile below the log's directory; `level` is a number, or `entries` for a bundle."""
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{number_path(index)}{partial}"


def split_tile(data: bytes) -> list[bytes]:
    """The hashes in a tile.

    Raises:
        ProofError: it is cut off.
    """
    if not data or len(data) % HASH_SIZE or len(data) > TILE_SIZE:
        raise ProofError(f"a tile of {len(data)} bytes is no tile")
    return [data[start : start + HASH_SIZE] for start in range(0, len(data), HASH_SIZE)]


class Edge:
    """The growing edge of a tree.

    Args:
        rows: of every level of tiles, from the leaves up, the hashes that fill no tile yet.
        size: how many leaves there are.
    """

    def __init__(self, size: int = 0, rows: Sequence[Sequence[bytes]] = ()) -> None:
        self.size = size
        lengths = row_lengths(size)
        if [len(row) for row in rows] != lengths[: len(rows)]:
            raise ProofError(f"these hashes are not the edge of a tree of {size}")
        self._tiles = [_Growing(row) for row in rows]
        self._tiles += [_Growing() for _ in lengths[len(rows) :]]

    @property
    def rows(self) -> list[list[bytes]]:
        """The hashes of every level that fill no tile yet."""
        return [tile.rows[0] for tile in self._tiles]

    def extend(self, leaves: Sequence[bytes]) -> list[Tile]:
        """Add leaf hashes; returns the tiles that became full."""
        full: list[Tile] = []
        hashes, before, level = leaves, self.size, 0
        while hashes:
            if level == len(self._tiles):
                self._tiles.append(_Growing())
            first = before // WIDTH
            filled = self._tiles[level].add(hashes)
            full += [Tile(level, first + number, row) for number, (row, _) in enumerate(filled)]
            hashes, before, level = [root for _, root in filled], first, level + 1
        self.size += len(leaves)
        return full

    def root(self) -> bytes:
        """Root of the whole tree."""
        root = None
        for tile in self._tiles:
            for row in tile.rows:
                if len(row) % 2:  # the last one has no neighbour; the smaller subtree on its right becomes that
                    root = row[-1] if root is None else node_hash(row[-1], root)
        return EMPTY_ROOT if root is None else root

    def copy(self) -> Edge:
        """Another one that grows by itself."""
        other = Edge()
        other.size = self.size
        other._tiles = [tile.copy() for tile in self._tiles]
        return other


class _Growing:
    """A tile that is not full, with what is known of the tree above its hashes, so that nothing is hashed twice."""

    __slots__ = ("rows",)

    def __init__(self, hashes: Sequence[bytes] = ()) -> None:
        self.rows: list[list[bytes]] = [[] for _ in range(_HEIGHT)]
        """The tile's hashes, then the nodes over each two of them, and so on."""
        self.add(hashes)

    def add(self, hashes: Sequence[bytes]) -> list[tuple[list[bytes], bytes]]:
        """Add hashes; returns the hashes and the root of every tile that became full."""
        rows = self.rows
        rows[0] += hashes
        for below, above in pairwise(rows):
            above.extend(pair_hashes(below[2 * len(above) :]))
        roots = pair_hashes(rows[-1])
        filled = [(rows[0][number * WIDTH : (number + 1) * WIDTH], root) for number, root in enumerate(roots)]
        for height, row in enumerate(rows):
            del row[: len(roots) << (_HEIGHT - height)]
        return filled

    def copy(self) -> _Growing:
        other = _Growing()
        other.rows = [list(row) for row in self.rows]
        return other


def row_lengths(size: int) -> list[int]:
    """How many hashes of each level are at the edge of a tree of that size."""
    lengths = []
    while size:
        lengths.append(size % WIDTH)
        size //= WIDTH
    return lengths


def edge_at(size: int, tile: Callable[[int, int], bytes | None], leaves: Callable[[int, int], list[bytes]]) -> Edge:
    """The edge of the tree as it was at some size, from its tiles.

    Args:
        size: how many entries.
        tile: (level, index) -> a full tile's bytes, None where there is none.
        leaves: (start, end) -> leaf hashes of those entries, for what is in no tile.

    Raises:
        ProofError: a tile is missing that is needed.
    """
    rows = []
    for level, length in enumerate(row_lengths(size)):
        index = (size >> _HEIGHT * level) // WIDTH
        whole = tile(level, index) if length else None
        if whole is not None:
            rows.append(split_tile(whole)[:length])
        elif level == 0:
            rows.append(leaves(index * WIDTH, index * WIDTH + length))
        else:
            rows.append([_root_below(level, index * WIDTH + number, tile, leaves) for number in range(length)])
    return Edge(size, rows)


def _root_below(
    level: int, index: int, tile: Callable[[int, int], bytes | None], leaves: Callable[[int, int], list[bytes]]
) -> bytes:
    """Root over the full tile below one hash; made from entries where the tile is missing."""
    data = tile(level - 1, index)
    if data is not None:
        return root_of(split_tile(data))
    if level == 1:
        return root_of(leaves(index * WIDTH, (index + 1) * WIDTH))
    return root_of([_root_below(level - 1, index * WIDTH + number, tile, leaves) for number in range(WIDTH)])


class TileNodes:
    """Hashes of perfect subtrees, for proofs: from full tiles and the edge.

    Args:
        edge: of the tree of which something is to be proved.
        tile: (level, index) -> a full tile's bytes, None where there is none.
        leaves: as for `edge_at`, in place of a missing tile.
    """

    def __init__(
        self, edge: Edge, tile: Callable[[int, int], bytes | None], leaves: Callable[[int, int], list[bytes]]
    ) -> None:
        self._edge = edge
        self._tile = tile
        self._leaves = leaves
        self._read: dict[tuple[int, int], list[bytes]] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """The hash of the perfect subtree; see `merkle.Node`."""
        row, above = divmod(level, _HEIGHT)
        first = index << above
        hashes = self._hashes(row, first // WIDTH)
        start = first % WIDTH
        return root_of(hashes[start : start + (1 << above)])

    def _hashes(self, level: int, index: int) -> list[bytes]:
        size_at_level = self._edge.size >> _HEIGHT * level
        if index == size_at_level // WIDTH:
            return self._edge.rows[level]
        found = self._read.get((level, index))
        if found is None:
            data = self._tile(level, index)
            found = split_tile(data) if data is not None else self._made(level, index)
            self._read[level, index] = found
        return found

    def _made(self, level: int, index: int) -> list[bytes]:
        if level == 0:
            return self._leaves(index * WIDTH, (index + 1) * WIDTH)
        return [_root_below(level, index * WIDTH + number, self._tile, self._leaves) for number in range(WIDTH)]


def entry_bundle(entries: Sequence[bytes]) -> bytes:
    """Up to 256 entries as the standard bundles them: each with its length in two bytes before."""
    return b"".join([len(entry).to_bytes(2, "big") + entry for entry in entries])


def split_bundle(data: bytes) -> Iterator[bytes]:
    """The entries of a bundle.

    Raises:
        ProofError: it is cut off.
    """
    position = 0
    while position < len(data):
        length = int.from_bytes(data[position : position + 2], "big")
        end = position + 2 + length
        if end > len(data):
            raise ProofError("an entry bundle is cut off")
        yield data[position + 2 : end]
        position = end
