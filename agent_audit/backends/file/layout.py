"""Names inside a log directory. The only place that knows them.

::

    <log>/
      log.json                             {"format":1,"origin":"…"}, written once
      LOCK                                 flock, holds no data
      segments/00000000000000000000.jsonl  name = seq of its first event, 20 digits, a multiple of 256
      blobs/sha256/ab/cdef…                payloads over the line limit, by content
      HOLD                                 while it is there, nothing is pruned
      recovered-<time>                     torn bytes that were put aside
"""

from __future__ import annotations

from pathlib import Path

DIRECTORY_NAME = "agent-audit-log"
"""Name of a log directory that nobody has named."""

FORMAT = 1
"""Version of the directory format this library writes, and the newest it reads."""

SEGMENT_MULTIPLE = 256
"""Segments start and end at multiples of this (the width of a tlog tile)."""

MAX_LINE = 65_535
"""Longest line in bytes without its line feed (the entry limit of C2SP tlog-tiles)."""


class Layout:
    """Paths of one log directory."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        self.header = self.root / "log.json"
        self.lock = self.root / "LOCK"
        self.segments = self.root / "segments"
        self.blobs = self.root / "blobs" / "sha256"
        self.hold = self.root / "HOLD"
        self.gitignore = self.root / ".gitignore"

    def segment(self, first_seq: int) -> Path:
        return self.segments / f"{first_seq:020d}.jsonl"

    def segment_starts(self) -> list[int]:
        """First seq of every segment, ascending. Files with other names are not segments."""
        try:
            names = [path.stem for path in self.segments.glob("*.jsonl")]
        except OSError:
            return []
        return sorted(int(name) for name in names if len(name) == 20 and name.isdigit())

    def blob(self, sha256_hex: str) -> Path:
        return self.blobs / sha256_hex[:2] / sha256_hex[2:]

    def exists(self) -> bool:
        return self.header.is_file() or bool(self.segment_starts())
