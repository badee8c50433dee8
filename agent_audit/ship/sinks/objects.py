"""Object storage: S3, Google Cloud Storage, Azure, or a directory. `object_store.bucket` has the names of the objects.

No object is ever written over: each is put on the condition that there is none of its name, so that write-once
buckets (object lock) will do, and of two shippers at the same position one is refused.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterator

from agent_audit.errors import ProofError, StoreRefusedError, StoreUnavailableError
from agent_audit.object_store.bucket import Bucket, events_folder, folder_of, is_lines, lines_name
from agent_audit.ship.eventparts import EventParts
from agent_audit.ship.evidence import HEADER, KEYS, TILES
from agent_audit.ship.sink import Batch, Evidence, Position, digest_of
from agent_audit.verify import Dropped


class ObjectSink:
    """Ships to object storage.

    Args:
        url: as for `Bucket`.

    Raises:
        ConfigurationError: the URL names no bucket, or the environment no credentials.
    """

    linger = 10.0

    def __init__(self, url: str) -> None:
        self.url = url
        self._bucket = Bucket(url)
        self._parts = EventParts()

    def position(self, origin: str) -> Position | None:
        """Behind the last object of lines. Its Parquet is made again: the shipper may have ended before it was."""
        start = self._bucket.last_start(origin)
        if start is None:
            return Position(0, None)
        last = self._stored(origin, start)
        self._keep_events(last)
        return Position(last.end, digest_of(last.lines[-1]))

    def append(self, batch: Batch) -> int:
        """Put the lines; only then the Parquet that is made of them, under names that the lines determine."""
        body = gzip.compress(b"".join(line + b"\n" for line in batch.lines), compresslevel=6, mtime=0)
        if not self._bucket.put(lines_name(batch.origin, batch.first_seq), body):
            stored = self._stored(batch.origin, batch.first_seq)
            count = min(len(stored.lines), len(batch.lines))
            if stored.lines[:count] != batch.lines[:count]:
                raise StoreRefusedError(
                    f"{self.url} has other events of {batch.origin} from {batch.first_seq:,} on: "
                    "the log was changed or set back; keep both, `agent-audit-log verify` tells which"
                )
            batch = stored
        self._keep_events(batch)
        return batch.end

    def keep(self, origin: str, evidence: Evidence) -> None:
        """Put a file below the log's name."""
        self._bucket.put(f"{folder_of(origin)}/{evidence.name}", evidence.data)

    def kept(self, origin: str) -> set[str] | None:
        """A rule of the bucket may have taken files out, the oldest first."""
        folder = folder_of(origin) + "/"
        # One by one: beside them are the lines and payloads, of which there may be millions.
        found = [path for part in (KEYS, TILES) for path in self._bucket.paths(folder + part)]
        header = [folder + HEADER] if self._bucket.has(folder + HEADER) else []
        return {path.removeprefix(folder) for path in header + found}

    def close(self) -> None:
        """Nothing is held between requests."""

    def _stored(self, origin: str, start: int) -> Batch:
        try:
            return Batch(origin, start, self._bucket.lines(origin, start))
        except ProofError as error:
            raise StoreRefusedError(f"{self.url}: {error}") from error

    def _keep_events(self, batch: Batch) -> None:
        try:
            for day, data in self._parts.by_day(batch):
                name = f"{events_folder(batch.origin)}/date={day}/{batch.first_seq:020d}.parquet"
                self._bucket.put(name, data)
        except OSError as error:  # of temporary files; those of the store are told as its own
            where = tempfile.gettempdir()
            raise StoreUnavailableError(
                f"the Parquet for {self.url} cannot be made in {where} (TMPDIR): {error.strerror or error}"
            ) from error


class ObjectCopies:
    """Reads what `ObjectSink` has written.

    Args:
        url: as for the sink.
    """

    def __init__(self, url: str) -> None:
        self._bucket = Bucket(url, to_read=True)

    def origins(self) -> list[str]:
        """The logs that are there."""
        return self._bucket.origins()

    def batches(self, origin: str) -> Iterator[Batch]:
        """The lines of a log, an object at a time."""
        for start in self._bucket.starts(origin):
            yield Batch(origin, start, self._bucket.lines(origin, start))

    def evidence(self, origin: str) -> Iterator[Evidence]:
        """The other files below the log's name, strange ones included."""
        folder = folder_of(origin)
        for path in self._bucket.paths(folder + "/"):
            if not is_lines(origin, path):
                yield Evidence(path.removeprefix(folder + "/"), self._bucket.get(path))

    def dropped(self, origin: str) -> list[Dropped]:
        """A bucket says nothing of what its rules take."""
        return []

    def close(self) -> None:
        """Nothing is held between requests."""
