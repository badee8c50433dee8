"""The Merkle tree of RFC 6962, section 2.1 (RFC 9162, section 2.1), with SHA-256.

A perfect subtree is named by its level and index: it covers the leaves from `index << level`, `1 << level` of them.
Proofs are made from a function that gives the hash of any perfect subtree, so that they need only those few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

from agent_audit.errors import ProofError

HASH_SIZE = 32

EMPTY_ROOT = sha256(b"").digest()
"""Root of the tree without leaves."""

Node = Callable[[int, int], bytes]
"""(level, index) -> hash of that perfect subtree."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry as a leaf."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """`leaf_hash` of each."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def pair_hashes(row: Iterable[bytes]) -> list[bytes]:
    """`node_hash` of every two neighbours; an odd one at the end is left out."""
    pairs = iter(row)
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Root over a row of subtrees, left to right, all of one size but for the last, which may be smaller.

    Level by level, where a last one without a neighbour rises as it is: the same tree as the RFC's recursion.
    """
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    while len(row) > 1:
        above = pair_hashes(row)
        if len(row) % 2:
            above.append(row[-1])
        row = above
    return row[0]


def _split(size: int) -> int:
    """Largest power of two smaller than `size` (at least 2)."""
    return 1 << (size - 1).bit_length() - 1


def range_hash(start: int, end: int, node: Node) -> bytes:
    """Root over the leaves from `start` up to `end`, where `start` is where a subtree of that size may begin."""
    peaks = []
    while start < end:
        level = (end - start).bit_length() - 1
        peaks.append(node(level, start >> level))
        start += 1 << level
    root = peaks.pop()
    while peaks:
        root = node_hash(peaks.pop(), root)
    return root


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """The audit path of a leaf, sibling of the leaf first (RFC 6962, section 2.1.1).

    Raises:
        ProofError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise ProofError(f"there is no entry {index} in a tree of {size}")
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(range_hash(middle, end, node))
            end = middle
        else:
            path.append(range_hash(start, middle, node))
            start = middle
    return path[::-1]


def consistency_proof(old: int, new: int, node: Node) -> list[bytes]:
    """That the tree of `new` leaves continues the one of `old` (RFC 6962, section 2.1.2).

    Raises:
        ProofError: `old` is not between 1 and `new`.
    """
    if not 0 < old <= new:
        raise ProofError(f"no consistency proof from {old} to {new}: the older size must be from 1 to the newer one")
    proof = []
    start, end, whole = 0, new, True
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(range_hash(middle, end, node))
            end = middle
        else:
            proof.append(range_hash(start, middle, node))
            start, whole = middle, False
    if not whole:
        proof.append(range_hash(start, end, node))
    return proof[::-1]


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that an audit path leads to (RFC 9162, section 2.1.3.2).

    Raises:
        ProofError: the path cannot be one of that leaf in a tree of that size.
    """
    if not 0 <= index < size:
        raise ProofError(f"there is no entry {index} in a tree of {size}")
    _check_hashes([leaf, *proof])
    fn, sn, root = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            raise ProofError("the inclusion proof is too long")
        if fn & 1 or fn == sn:
            root = node_hash(sibling, root)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = node_hash(root, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise ProofError("the inclusion proof is too short")
    return root


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf stands at `index` of the tree with that root.

    Raises:
        ProofError: it does not, or the proof is no proof of it.
    """
    if root_from_inclusion(leaf, index, size, proof) != root:
        raise ProofError(f"the inclusion proof of entry {index} does not lead to the root of the tree of {size}")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Check that the tree of `new` leaves continues the one of `old` (RFC 9162, section 2.1.4.2).

    Raises:
        ProofError: it does not, or the proof is no proof of it. Size 0 is refused: everything continues nothing.
    """
    if not 0 < old <= new:
        raise ProofError(f"no consistency proof from {old} to {new}: the older size must be from 1 to the newer one")
    _check_hashes([old_root, new_root, *proof])
    if old == new:
        if proof or old_root != new_root:
            raise ProofError(f"the two trees of size {old} differ")
        return
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        raise ProofError("the consistency proof is empty")
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    older = newer = path[0]
    for sibling in path[1:]:
        if sn == 0:
            raise ProofError("the consistency proof is too long")
        if fn & 1 or fn == sn:
            older, newer = node_hash(sibling, older), node_hash(sibling, newer)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            newer = node_hash(newer, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise ProofError("the consistency proof is too short")
    if older != old_root or newer != new_root:
        raise ProofError(f"the tree of {new} entries does not continue the one of {old}")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(one) != HASH_SIZE for one in hashes):
        raise ProofError(f"a hash is not {HASH_SIZE} bytes long")
