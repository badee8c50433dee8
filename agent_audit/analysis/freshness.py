"""Whether a derived file still belongs to what it was made of: the same bytes, shown as cheaply as possible.

As Git does for its index: a file whose size, times and inode are those of the last look has the bytes of the last
look, unless it was changed within the clock's resolution of that look; then, and after a copy or a restore, which
change times and inode, its SHA-256 decides.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict

_CLOCK = 2_000_000_000
"""Nanoseconds: no file system's times are coarser."""


class Signature(BaseModel):
    """A file as it was at one moment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    sha256: str
    looked_ns: int

    @classmethod
    def of(cls, path: Path) -> Signature:
        """The file as it is now.

        Raises:
            OSError: it cannot be read.
        """
        looked, found = time.time_ns(), path.stat()
        return cls(**_identity(found), sha256=sha256_of(path), looked_ns=looked)

    def seems_same(self, path: Path) -> bool:
        """Whether nothing speaks for a change, without reading the file."""
        try:
            found = path.stat()
        except OSError:
            return False
        settled = max(found.st_ctime_ns, found.st_mtime_ns) + _CLOCK < self.looked_ns
        return settled and _identity(found) == self.model_dump(include={"size", "mtime_ns", "ctime_ns", "inode"})

    def renewed(self, path: Path) -> Signature | None:
        """The same file looked at again, byte for byte; None when it is another one."""
        try:
            if path.stat().st_size != self.size:
                return None
            again = Signature.of(path)
        except OSError:
            return None
        return again if again.sha256 == self.sha256 else None


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _identity(found: os.stat_result) -> dict[str, int]:
    return {
        "size": found.st_size,
        "mtime_ns": found.st_mtime_ns,
        "ctime_ns": found.st_ctime_ns,
        "inode": found.st_ino,
    }
