"""What lies in a store of objects that hosts ship to: which logs, and which Parquet files and lines each has."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from agent_audit.errors import LogNotFoundError
from agent_audit.object_store.bucket import Bucket, Entry, events_folder

_PARQUET = re.compile(r"/date=[0-9]{4}-[0-9]{2}-[0-9]{2}/([0-9]{1,20})\.parquet")


class Part(NamedTuple):
    """The events that were shipped together."""

    first_seq: int
    end: int | None
    """First seq of the next part; None for the last one. With nothing missing in between, it has `end - first_seq`."""
    files: tuple[Entry, ...]
    """Its Parquet files, one for each day."""
    has_lines: bool


class ShippedLog(NamedTuple):
    """One log."""

    origin: str
    parts: tuple[Part, ...]


class Shipped:
    """A store of objects, to be read.

    Args:
        url: as for `Bucket`.

    Raises:
        ConfigurationError, LogNotFoundError: as `Bucket`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._bucket = Bucket(url, to_read=True)

    @property
    def root(self) -> Path | None:
        """The directory, where the store is one."""
        return self._bucket.root

    def logs(self) -> list[ShippedLog]:
        """Every log with what it has, by name.

        Raises:
            LogNotFoundError: nothing was shipped there.
            StoreUnavailableError, StoreRefusedError: the store cannot be read; also from the other methods.
        """
        origins = self._bucket.origins()
        if not origins:
            where = "" if self.root is None or not (self.root / "segments").is_dir() else ": it is itself a log"
            raise LogNotFoundError(f"no log was shipped to {self.url}{where}; name what was given to `ship --to`")
        return [self.log(origin) for origin in origins]

    def log(self, origin: str) -> ShippedLog:
        """One log with what it has; without any part when it is not there."""
        return ShippedLog(origin, self._parts(origin))

    def lines(self, origin: str, first_seq: int) -> list[bytes]:
        """The recorded lines of a part.

        Raises:
            ProofError: they are not what was put there.
        """
        return self._bucket.lines(origin, first_seq)

    def content(self, entry: Entry) -> bytes:
        """A file."""
        return self._bucket.get(entry.path)

    def _parts(self, origin: str) -> tuple[Part, ...]:
        files: dict[int, list[Entry]] = defaultdict(list)
        folder = events_folder(origin)
        for entry in self._bucket.entries(folder + "/"):
            # By its whole name: what engines are given holds no quote and no pattern of somebody else's making.
            named = _PARQUET.fullmatch(entry.path, len(folder))
            if named is not None:
                files[int(named[1])].append(entry)
        lines = set(self._bucket.starts(origin))
        starts: list[int] = sorted({*lines, *files})
        ends = [*starts[1:], None]
        found = zip(starts, ends[: len(starts)], strict=True)
        return tuple(Part(start, end, tuple(files[start]), start in lines) for start, end in found)
