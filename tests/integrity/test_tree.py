from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_audit.errors import ProofError
from agent_audit.integrity.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    leaf_hashes,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from agent_audit.integrity.tiles import (
    WIDTH,
    Edge,
    Tile,
    TileNodes,
    edge_at,
    entry_bundle,
    row_lengths,
    split_bundle,
    split_tile,
    tile_path,
)

from . import naive

ENTRIES = [b"entry %d" % number for number in range(2000)]
LEAVES = leaf_hashes(ENTRIES)

sizes = st.integers(1, 2000)


class Tree:
    """A tree kept in tiles, as the log keeps it; some tiles may be missing."""

    def __init__(self, size: int, steps: random.Random, *, missing: float = 0.0) -> None:
        self.edge = Edge()
        self.tiles: dict[tuple[int, int], Tile] = {}
        while self.edge.size < size:
            upto = min(size, self.edge.size + steps.choice([1, 3, 255, 256, 257, 600]))
            for tile in self.edge.extend(LEAVES[self.edge.size : upto]):
                if steps.random() >= missing:
                    self.tiles[tile.level, tile.index] = tile

    def tile(self, level: int, index: int) -> bytes | None:
        found = self.tiles.get((level, index))
        return None if found is None else found.data

    @property
    def node(self) -> Callable[[int, int], bytes]:
        return TileNodes(self.edge, self.tile, leaves)


def leaves(start: int, end: int) -> list[bytes]:
    return LEAVES[start:end]


def test_the_empty_tree_has_the_root_of_the_standard() -> None:
    assert root_of([]) == EMPTY_ROOT == Edge().root() == naive.root([])
    assert EMPTY_ROOT.hex().startswith("e3b0c442")


@given(size=st.integers(0, 2000), seed=st.integers())
def test_the_tree_kept_in_tiles_has_the_root_of_the_recursive_one(size: int, seed: int) -> None:
    tree = Tree(size, random.Random(seed))
    assert tree.edge.root() == naive.root(ENTRIES[:size]) == root_of(LEAVES[:size])
    assert [len(row) for row in tree.edge.rows][: len(row_lengths(size))] == row_lengths(size)


@given(size=sizes, data=st.data())
def test_proofs_agree_with_the_recursive_ones_and_verify(size: int, data: st.DataObject) -> None:
    tree = Tree(size, random.Random(data.draw(st.integers())), missing=data.draw(st.sampled_from([0.0, 0.5])))
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, tree.node)
    assert proof == naive.path(index, ENTRIES[:size])
    verify_inclusion(LEAVES[index], index, size, proof, tree.edge.root())

    old = data.draw(st.integers(1, size))
    continued = consistency_proof(old, size, tree.node)
    assert continued == naive.consistency(old, ENTRIES[:size])
    verify_consistency(old, size, continued, naive.root(ENTRIES[:old]), tree.edge.root())


@given(size=sizes, data=st.data())
def test_a_proof_that_was_touched_proves_nothing(size: int, data: st.DataObject) -> None:
    tree = Tree(size, random.Random(1))
    root = tree.edge.root()
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, tree.node)
    for wrong in touched(proof, data):
        with pytest.raises(ProofError):
            verify_inclusion(LEAVES[index], index, size, wrong, root)
    with pytest.raises(ProofError):
        verify_inclusion(leaf_hash(b"another"), index, size, proof, root)
    other = data.draw(st.integers(0, size).filter(lambda number: number != index))
    with pytest.raises(ProofError):
        verify_inclusion(LEAVES[index], other, size, proof, root)

    old = data.draw(st.integers(1, size))
    continued = consistency_proof(old, size, tree.node)
    old_root = naive.root(ENTRIES[:old])
    for wrong in touched(continued, data):
        with pytest.raises(ProofError):
            verify_consistency(old, size, wrong, old_root, root)
    with pytest.raises(ProofError):
        verify_consistency(old, size, continued, leaf_hash(b"another"), root)


def touched(proof: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    """The same proof with something about it wrong."""
    extra = [*proof, leaf_hash(b"too much")]
    if not proof:
        return [extra]
    at = data.draw(st.integers(0, len(proof) - 1))
    bit = data.draw(st.integers(0, 255))
    flipped = bytearray(proof[at])
    flipped[bit // 8] ^= 1 << bit % 8
    return [
        extra,
        proof[:at] + proof[at + 1 :],
        [*proof[:at], bytes(flipped), *proof[at + 1 :]],
        [*proof[:at], proof[at][:31], *proof[at + 1 :]],
    ]


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 5), (6, 5), (-1, 5)])
def test_nothing_is_proved_of_an_empty_or_a_larger_older_tree(old: int, new: int) -> None:
    refused = f"no consistency proof from {old} to {new}"
    with pytest.raises(ProofError, match=refused):
        consistency_proof(old, new, Tree(5, random.Random(1)).node)
    with pytest.raises(ProofError, match=refused):
        verify_consistency(old, new, [], LEAVES[0], LEAVES[0])


@pytest.mark.parametrize("index", [-1, 5, 6])
def test_nothing_is_proved_of_an_entry_that_is_not_there(index: int) -> None:
    tree = Tree(5, random.Random(1))
    with pytest.raises(ProofError, match=f"no entry {index} in a tree of 5"):
        inclusion_proof(index, 5, tree.node)
    with pytest.raises(ProofError, match=f"no entry {index} in a tree of 5"):
        verify_inclusion(LEAVES[0], index, 5, [], tree.edge.root())


@pytest.mark.parametrize(
    ("change", "inclusion", "consistency"),
    [
        (lambda proof: [*proof, LEAVES[0]], "^the inclusion proof is too long", "^the consistency proof is too long"),
        (lambda proof: proof[:-1], "^the inclusion proof is too short", "^the consistency proof is too short"),
        (lambda proof: [proof[0][:31], *proof[1:]], "^a hash is not 32 bytes", "^a hash is not 32 bytes"),
        (
            lambda proof: [LEAVES[9], *proof[1:]],
            "entry 2 does not lead to the root of the tree of 7",
            "of 7 entries does",
        ),
    ],
)
def test_a_proof_that_proves_nothing_says_why(
    change: Callable[[list[bytes]], list[bytes]], inclusion: str, consistency: str
) -> None:
    tree = Tree(7, random.Random(1))
    root, old_root = tree.edge.root(), naive.root(ENTRIES[:3])
    with pytest.raises(ProofError, match=inclusion):
        verify_inclusion(LEAVES[2], 2, 7, change(inclusion_proof(2, 7, tree.node)), root)
    with pytest.raises(ProofError, match=consistency):
        verify_consistency(3, 7, change(consistency_proof(3, 7, tree.node)), old_root, root)


def test_two_trees_of_one_size_are_one_tree_or_differ() -> None:
    verify_consistency(1, 1, [], LEAVES[0], LEAVES[0])
    with pytest.raises(ProofError, match="the two trees of size 1 differ"):
        verify_consistency(1, 1, [], LEAVES[0], LEAVES[1])


@given(size=st.integers(0, 2000), at=st.integers(0, 2000), missing=st.sampled_from([0.0, 0.3, 1.0]))
def test_the_edge_of_any_earlier_size_is_found_in_the_tiles_or_made_from_the_entries(
    size: int, at: int, missing: float
) -> None:
    at = min(at, size)
    tree = Tree(size, random.Random(size), missing=missing)
    assert edge_at(at, tree.tile, leaves).root() == naive.root(ENTRIES[:at])


@pytest.mark.parametrize("missing", [frozenset(), frozenset({1}), frozenset({0, 1})])
def test_above_a_full_tile_of_the_second_level_missing_tiles_are_made_from_what_is_below(
    missing: frozenset[int],
) -> None:
    entries = [b"%d" % number for number in range(WIDTH**2 + 300)]
    hashes, edge = leaf_hashes(entries), Edge()
    tiles = {(tile.level, tile.index): tile.data for tile in edge.extend(hashes) if tile.level not in missing}

    def tile(level: int, index: int) -> bytes | None:
        return tiles.get((level, index))

    def below(start: int, end: int) -> list[bytes]:
        assert end - start <= WIDTH
        return hashes[start:end]

    for at in (WIDTH**2, len(entries)):
        assert edge_at(at, tile, below).root() == naive.root(entries[:at])
    nodes = TileNodes(edge, tile, below)
    for index in (0, 40_000, WIDTH**2 + 7):
        verify_inclusion(hashes[index], index, edge.size, inclusion_proof(index, edge.size, nodes), edge.root())


def test_where_the_tiles_are_there_no_entry_is_read_and_no_tile_twice() -> None:
    tree = Tree(2000, random.Random(1))
    read: list[tuple[int, int]] = []

    def tile(level: int, index: int) -> bytes | None:
        read.append((level, index))
        return tree.tile(level, index)

    def no_leaves(start: int, end: int) -> list[bytes]:
        raise AssertionError(f"entries {start} to {end} were read")

    nodes = TileNodes(tree.edge, tile, no_leaves)
    for index in (0, 1, 700, 1999):
        inclusion_proof(index, 2000, nodes)
    assert len(read) == len(set(read)) > 1
    assert edge_at(1000, tile, no_leaves).root() == naive.root(ENTRIES[:1000])


def test_a_copy_of_an_edge_grows_by_itself() -> None:
    edge = Edge()
    edge.extend(LEAVES[:700])
    other = edge.copy()
    other.extend(LEAVES[700:1500])
    assert (edge.size, edge.root()) == (700, naive.root(ENTRIES[:700]))
    assert (other.size, other.root()) == (1500, naive.root(ENTRIES[:1500]))


def test_the_tiles_are_those_of_the_standard() -> None:
    """The examples of C2SP tlog-tiles."""
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(0, 0) == "tile/0/000"
    assert tile_path(1, 1000) == "tile/1/x001/000"
    assert tile_path(1, 1, 17) == "tile/1/001.p/17"
    assert tile_path("entries", 273, 112) == "tile/entries/273.p/112"
    assert row_lengths(70_000) == [112, 17, 1]
    assert row_lengths(256) == [0, 1]
    assert row_lengths(0) == []


def test_a_full_tile_of_the_first_level_holds_the_leaves_and_one_above_its_root() -> None:
    edge = Edge()
    (tile,) = edge.extend(LEAVES[:300])
    assert (tile.level, tile.index, split_tile(tile.data)) == (0, 0, LEAVES[:256])
    assert edge.rows == [LEAVES[256:300], [naive.root(ENTRIES[:256])]]


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_a_bundle_holds_its_entries(entries: list[bytes]) -> None:
    bundle = entry_bundle(entries)
    assert list(split_bundle(bundle)) == entries
    if bundle:
        with pytest.raises(ProofError, match=r"^an entry bundle is cut off$"):
            list(split_bundle(bundle[:-1]))


@pytest.mark.parametrize("data", [b"", b"x" * 31, b"x" * 33, b"x" * 8224])
def test_a_tile_of_another_length_is_refused(data: bytes) -> None:
    with pytest.raises(ProofError, match=f"^a tile of {len(data)} bytes is no tile"):
        split_tile(data)
