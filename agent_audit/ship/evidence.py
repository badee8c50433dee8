"""What proves a log besides its lines: header, keys, checkpoints, tiles, blobs; each under a name for one content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from agent_audit.backends.file.layout import Layout
from agent_audit.backends.file.oversize import named_blobs
from agent_audit.errors import ProofError
from agent_audit.integrity.checkpoint import parse_checkpoint
from agent_audit.integrity.tiles import WIDTH, tile_path
from agent_audit.ship.sink import Evidence

KEYS, CHECKPOINTS, TILES, BLOBS, HEADER = "keys/", "checkpoints/", "tile/", "blobs/", "log.json"


class Gatherer:
    """Finds what is to be kept next; remembers what was.

    Args:
        layout: the log.
        origin: its name. A checkpoint of another one, which was put into the directory, is not kept under it.
        kept: what `kept` said when the log was shipped last; empty when that is not known.
    """

    def __init__(self, layout: Layout, origin: str, kept: dict[str, Any]) -> None:
        self._layout = layout
        self._origin = origin
        self.kept = {name: value for name, value in kept.items() if isinstance(value, (int, str))}
        """How far each kind was kept."""

    def introduce(self, keep: Callable[[Evidence], None]) -> None:
        """Keep what says which log it is and who signs it: before its lines, so that no copy has them without it."""
        self._header(keep)
        self._keys(keep)

    def due(self, position: int, keep: Callable[[Evidence], None]) -> None:
        """Keep what proves the lines below `position` and was not kept before."""
        self.introduce(keep)
        heads = list(self._heads(position))
        if heads:
            self._tiles(max(size for size, _ in heads), keep)
        for size, data in heads:  # a head last: what stands below it is there
            digest = hashlib.sha256(data).hexdigest()[:16]
            keep(Evidence(f"{CHECKPOINTS}{size:020d}-{digest}", data))
            self.kept["head"], self.kept["head_digest"] = size, digest

    def again(self, there: set[str], keep: Callable[[Evidence], None]) -> None:
        """Keep what was kept before and is not there any more: a store's own retention takes the oldest files."""
        for name, path in self._kept_files():
            if name not in there and (data := _read(path)) is not None:
                keep(Evidence(name, data))

    def _kept_files(self) -> Iterator[tuple[str, Path]]:
        """Names in the store of what was kept, but for checkpoints and payloads, and where they are here."""
        if self.kept.get("header"):
            yield HEADER, self._layout.header
        keys = (_read(self._layout.keys) or b"").count(b"\n")
        if keys and keys == self.kept.get("keys"):
            yield _keys_name(keys), self._layout.keys
        for level, index in _full_tiles(0, int(self.kept.get("tiles", 0))):
            yield tile_path(level, index), self._layout.tile(level, index)

    def blobs(self, lines: list[bytes]) -> Iterator[Evidence]:
        """The payloads that these lines name. One that is not there is left out: `verify` says so of log and copy."""
        for digest in dict.fromkeys(blob.sha256 for line in lines for blob in named_blobs(line)):
            data = _read(self._layout.blob(digest))
            if data is not None:
                yield Evidence(BLOBS + digest, data)

    def _header(self, keep: Callable[[Evidence], None]) -> None:
        data = _read(self._layout.header)
        if data is not None and not self.kept.get("header"):
            keep(Evidence(HEADER, data))
            self.kept["header"] = 1

    def _keys(self, keep: Callable[[Evidence], None]) -> None:
        data = _read(self._layout.keys) or b""
        count = data.count(b"\n")
        if count > int(self.kept.get("keys", 0)):
            keep(Evidence(_keys_name(count), data))
            self.kept["keys"] = count

    def _heads(self, position: int) -> Iterator[tuple[int, bytes]]:
        """The kept heads that are new, and the latest one."""
        before = int(self.kept.get("head", 0))
        files = sorted(self._layout.checkpoints.glob("[0-9]*")) if self._layout.checkpoints.is_dir() else []
        new = [path for path in files if path.name.isdecimal() and before < int(path.name) <= position]
        latest = _read(self._layout.checkpoint)
        for data in (*map(_read, new), latest):
            size = _size(data, self._origin)
            if data is None or size is None or not before <= size <= position:
                continue
            if hashlib.sha256(data).hexdigest()[:16] != self.kept.get("head_digest"):
                yield size, data

    def _tiles(self, size: int, keep: Callable[[Evidence], None]) -> None:
        for level, index in _full_tiles(int(self.kept.get("tiles", 0)), size):
            data = _read(self._layout.tile(level, index))
            if data is not None:  # they can all be made again from the lines
                keep(Evidence(tile_path(level, index), data))
        self.kept["tiles"] = size


def _full_tiles(before: int, size: int) -> Iterator[tuple[int, int]]:
    """Level and index of the tiles that are full at one size of the log and were not at an earlier one."""
    level, width = 0, WIDTH
    while size // width:
        for index in range(before // width, size // width):
            yield level, index
        level, width = level + 1, width * WIDTH


def _keys_name(count: int) -> str:
    return f"{KEYS}{count:06d}"


def _size(data: bytes | None, origin: str) -> int | None:
    """The size a checkpoint is of; None for what is none of this log."""
    try:
        head = parse_checkpoint(data)[1] if data is not None else None
    except ProofError:
        return None
    return head.size if head is not None and head.origin == origin else None


def _read(path: Any) -> bytes | None:
    try:
        return bytes(path.read_bytes())
    except FileNotFoundError:
        return None
