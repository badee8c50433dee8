"""Which lines were changed, when the root is not the signed one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from agent_audit.backends.file.checkpointing import load_edge
from agent_audit.backends.file.layout import SEGMENT_MULTIPLE, Layout
from agent_audit.integrity.checkpoint import Checkpoint
from agent_audit.integrity.merkle import HASH_SIZE
from agent_audit.verify.scan import leaves_between
from agent_audit.verify.verdict import Problem


def changed_lines(layout: Layout, good: int, head: Checkpoint) -> list[Problem]:
    """The lines that are not those under a signed head.

    The tiles and the edge of the tree remember each line's hash. They are only caches: where they were changed along
    with the lines, the answer is the range within which the change is.

    Args:
        good: up to here the lines are known to be right.
        head: what was signed.
    """
    remembered = _Remembered(layout, head)
    problems, known, files = [], True, {}
    bad = []
    for seq, leaf, file in leaves_between(layout, good, head.size):
        files[seq] = file
        expected = remembered.leaf(seq)
        known = known and expected is not None
        if expected is not None and expected != leaf:
            bad.append(seq)
    for first, last in _ranges(bad):
        problems.append(Problem(what="changed", file=files[first], first_seq=first, last_seq=last))
    if not problems:
        what = "one or more of these lines were changed; which cannot be told, for the tree's tiles are gone or changed"
        file = files.get(good, "segments")
        problems.append(Problem(what=what, file=file, first_seq=good, last_seq=head.size - 1))
    return problems


class _Remembered:
    """Hashes of lines as they were when they were signed."""

    def __init__(self, layout: Layout, head: Checkpoint) -> None:
        self._layout = layout
        edge = load_edge(layout)
        sound = edge is not None and edge.size == head.size and edge.root() == head.root
        self._rest = edge.rows[0] if edge is not None and sound and edge.rows else []
        self._rest_from = head.size - head.size % SEGMENT_MULTIPLE
        self._tile: tuple[int, bytes] = (-1, b"")

    def leaf(self, seq: int) -> bytes | None:
        index, place = divmod(seq, SEGMENT_MULTIPLE)
        if seq >= self._rest_from and place < len(self._rest):
            return self._rest[place]
        if self._tile[0] != index:
            try:
                self._tile = index, self._layout.tile(0, index).read_bytes()
            except OSError:
                self._tile = index, b""
        return self._tile[1][place * HASH_SIZE : (place + 1) * HASH_SIZE] or None


def _ranges(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring numbers as first and last."""
    for _, group in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        yield run[0], run[-1]
