"""Names inside a log directory. The only place that knows them.

::

    <log>/
      log.json                             {"format":1,"origin":"…","vkey":"…"}, written once
      keys                                 vkeys that came later, one a line, appended to
      LOCK, CHECKPOINT.LOCK, PRUNE.LOCK    flock, hold no data
      segments/00000000000000000000.jsonl  name = seq of its first event, 20 digits, a multiple of 256
      blobs/sha256/ab/cdef…                payloads over the line limit, by content
      checkpoint                           the latest head, signed (C2SP tlog-checkpoint)
      checkpoints/<20-digit size>          heads that are kept
      tile/<L>/x001/234                    full tiles of the tree (C2SP tlog-tiles)
      state/tree                           the edge of the tree near the checkpoint; a cache
      state/ship-<store>                   how far a store is that follows the log
      columns/<segment>.parquet, .json     copy of a sealed segment for analysis, and what it was made of: a cache
      HOLD                                 while it is there, nothing is pruned
      SUCCESSOR                            name of the log beside it where writers went on, after a roll-back
      recovered-<time>                     torn bytes that were put aside
"""

from __future__ import annotations

import re
from pathlib import Path

from agent_audit.errors import require
from agent_audit.integrity.tiles import tile_path

DIRECTORY_NAME = "agent-audit-log"
"""Name of a log directory that nobody has named."""

FORMAT = 1
"""Version of the directory format this library writes, and the newest it reads."""

SEGMENT_MULTIPLE = 256
"""Segments start and end at multiples of this (the width of a tlog tile)."""

MAX_LINE = 65_535
"""Longest line in bytes without its line feed (the entry limit of C2SP tlog-tiles)."""

TOO_LONG = f"longer than {MAX_LINE:,} bytes, which no line of a log is"
"""What to say of one that is longer."""

_DIGEST = re.compile("[0-9a-f]{64}")
_SEGMENT = re.compile(r"([0-9]{20})\.jsonl")


def is_digest(text: str) -> bool:
    """Whether it is a SHA-256 in hex."""
    return _DIGEST.fullmatch(text) is not None


class Layout:
    """Paths of one log directory."""

    def __init__(self, root: Path | str) -> None:
        require("directory", root, (str, Path), "the path of a log directory")
        self.root = Path(root)
        self.header = self.root / "log.json"
        self.keys = self.root / "keys"
        self.lock = self.root / "LOCK"
        self.checkpoint_lock = self.root / "CHECKPOINT.LOCK"
        self.prune_lock = self.root / "PRUNE.LOCK"
        self.checkpoint = self.root / "checkpoint"
        self.checkpoints = self.root / "checkpoints"
        self.state = self.root / "state"
        self.tree_state = self.state / "tree"
        self.segments = self.root / "segments"
        self.blobs = self.root / "blobs" / "sha256"
        self.columns = self.root / "columns"
        self.hold = self.root / "HOLD"
        self.successor = self.root / "SUCCESSOR"
        self.gitignore = self.root / ".gitignore"

    @property
    def name(self) -> str:
        r"""The directory as a text that can be recorded: bytes of its path that are no UTF-8 as `\udcXX`."""
        return str(self.root).encode("utf-8", "backslashreplace").decode()

    def segment(self, first_seq: int) -> Path:
        return self.segments / f"{first_seq:020d}.jsonl"

    def column_files(self, first_seq: int) -> tuple[Path, Path]:
        """The copy of a segment for analysis, and what it was made of."""
        name = f"{first_seq:020d}"
        return self.columns / f"{name}.parquet", self.columns / f"{name}.json"

    def segment_starts(self) -> list[int]:
        """First seq of every segment, ascending. Files with other names are not segments.

        Raises:
            OSError: the folder cannot be read; one that is not there has no segments.
        """
        try:
            names = [_SEGMENT.fullmatch(path.name) for path in self.segments.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(int(name[1]) for name in names if name)

    def tile(self, level: int, index: int) -> Path:
        return self.root / tile_path(level, index)

    def kept_checkpoint(self, size: int) -> Path:
        return self.checkpoints / f"{size:020d}"

    def blob(self, sha256_hex: str) -> Path:
        """Where a payload is that a line names.

        Raises:
            ValueError: that is no SHA-256: a line may say anything, and it would be a path to anywhere.
        """
        if not is_digest(sha256_hex):
            raise ValueError(f"{sha256_hex!r} is no SHA-256 in hex")
        return self.blobs / sha256_hex[:2] / sha256_hex[2:]

    def shipments(self) -> list[Path]:
        """The notes of whoever ships this log."""
        return sorted(path for path in self.state.glob("ship-*") if not path.suffix)

    def exists(self) -> bool:
        return self.header.is_file() or bool(self.segment_starts())
