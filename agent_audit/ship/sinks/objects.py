"""Object storage: S3, Google Cloud Storage, Azure, or a directory, through obstore.

::

    <url>/
      logs/<origin>/lines/<first seq, 20 digits>.jsonl.gz   the recorded lines, byte for byte
      logs/<origin>/log.json, keys/…, checkpoints/…, tile/…, blobs/…
      events/origin=<origin>/date=<YYYY-MM-DD>/<first seq>.parquet   the same events for engines (Hive partitions)

No object is ever written over: each is put on the condition that there is none of its name, so that write-once
buckets (object lock) will do, and of two shippers at the same position one is refused. Origins are percent-encoded.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

import obstore
from obstore import exceptions
from obstore.store import from_url

from agent_audit.errors import ConfigurationError, ProofError, StoreRefusedError, StoreUnavailableError
from agent_audit.ship.eventparts import EventParts
from agent_audit.ship.sink import Batch, Evidence, Position, digest_of
from agent_audit.ship.sinks.credentials import require_credentials

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_RETRY = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}
"""Of single requests; the shipper goes on trying."""
_SUFFIX = ".jsonl.gz"


class ObjectSink:
    """Ships to object storage. See the module for the names of the objects.

    Credentials come from the environment, or from files that it names: see `credentials`.

    Args:
        url: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://account/container/prefix` or `file:///directory`.

    Raises:
        ConfigurationError: the URL names no bucket, or the environment no credentials.
    """

    linger = 10.0

    def __init__(self, url: str) -> None:
        self.url = url
        self._bucket = _Bucket(url)
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
        if not self._bucket.put(_lines_name(batch.origin, batch.first_seq), body):
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
        self._bucket.put(f"{_folder(origin)}/{evidence.name}", evidence.data)

    def close(self) -> None:
        """Nothing is held between requests."""

    def _stored(self, origin: str, start: int) -> Batch:
        try:
            return self._bucket.lines(origin, start)
        except ProofError as error:
            raise StoreRefusedError(f"{self.url}: {error}") from error

    def _keep_events(self, batch: Batch) -> None:
        for day, data in self._parts.by_day(batch):
            name = f"events/origin={_quoted(batch.origin)}/date={day}/{batch.first_seq:020d}.parquet"
            self._bucket.put(name, data)


class ObjectCopies:
    """Reads what `ObjectSink` has written.

    Args:
        url: as for the sink.
    """

    def __init__(self, url: str) -> None:
        self._bucket = _Bucket(url)

    def origins(self) -> list[str]:
        """The logs that are there."""
        return self._bucket.origins()

    def batches(self, origin: str) -> Iterator[Batch]:
        """The lines of a log, an object at a time."""
        for start in self._bucket.starts(origin):
            yield self._bucket.lines(origin, start)

    def evidence(self, origin: str) -> Iterator[Evidence]:
        """The other files of a log."""
        folder = _folder(origin)
        for path in self._bucket.paths(folder + "/"):
            name = path.removeprefix(folder + "/")
            if not name.startswith("lines/"):
                yield Evidence(name, self._bucket.get(path))

    def close(self) -> None:
        """Nothing is held between requests."""


class _Bucket:
    """The requests, with their errors told as the shipper understands them."""

    def __init__(self, url: str) -> None:
        self._url = url
        parts = urlsplit(url)
        self._root = Path(unquote(parts.path)) if parts.scheme == "file" else None
        if (self._root is None and not parts.netloc) or self._root == Path("/"):
            raise ConfigurationError(f"{url} names no bucket or directory")
        if parts.query or parts.fragment:
            raise ConfigurationError(f"{url}: settings of the store come from the environment, not from the URL")
        require_credentials(parts.scheme)
        self._opened: ObjectStore | None = None

    @property
    def _store(self) -> ObjectStore:
        if self._opened is None:
            with self._told():
                options: dict[str, Any] = {"client_options": _client(), "retry_config": _RETRY}
                self._opened = from_url(self._url, **({"mkdir": True} if self._root is not None else options))
        return self._opened

    def put(self, name: str, data: bytes) -> bool:
        """Put an object; False when there is one of that name."""
        try:
            with self._told():
                obstore.put(self._store, name, data, mode="create", use_multipart=False)
        except exceptions.AlreadyExistsError:
            return False
        if self._root is not None:
            _sync(self._root, self._root / name)
        return True

    def get(self, name: str) -> bytes:
        """The content of an object that is there."""
        with self._told():
            return bytes(obstore.get(self._store, name).bytes())

    def paths(self, prefix: str) -> list[str]:
        """Every object below a prefix, sorted."""
        with self._told():
            return sorted(meta["path"] for chunk in obstore.list(self._store, prefix) for meta in chunk)

    def origins(self) -> list[str]:
        with self._told():
            folders = obstore.list_with_delimiter(self._store, "logs")["common_prefixes"]
        return sorted(unquote(folder.removeprefix("logs/").rstrip("/")) for folder in folders)

    def starts(self, origin: str) -> list[int]:
        """First seq of every object of lines, ascending."""
        names = [path.rpartition("/")[2] for path in self.paths(f"{_folder(origin)}/lines/")]
        return [int(name.removesuffix(_SUFFIX)) for name in names if name.endswith(_SUFFIX)]

    def last_start(self, origin: str) -> int | None:
        """The largest of `starts`, found by halving, for there may be millions; None when there is none."""
        if not self._any_from(origin, 0):
            return None
        low, high = 0, 1
        while self._any_from(origin, high):
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._any_from(origin, middle) else (low, middle)
        return low

    def lines(self, origin: str, start: int) -> Batch:
        """An object of lines.

        Raises:
            ProofError: it is not what was put there.
        """
        name = _lines_name(origin, start)
        data = self.get(name)
        try:
            lines = gzip.decompress(data).split(b"\n")
        except (EOFError, OSError, zlib.error) as error:
            raise ProofError(f"{name} was changed: {error}") from error
        if len(lines) < 2 or lines.pop():
            raise ProofError(f"{name} was changed: it does not end with a line")
        return Batch(origin, start, lines)

    def _any_from(self, origin: str, seq: int) -> bool:
        """Whether an object of lines begins at `seq` or behind it."""
        folder = f"{_folder(origin)}/lines/"
        with self._told():
            pages = obstore.list(self._store, folder, offset=f"{folder}{seq:020d}", chunk_size=1)
            return any(page for page in pages)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except exceptions.AlreadyExistsError:
            raise
        except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
            raise StoreRefusedError(f"{self._url} does not allow it: {_first_line(error)}") from error
        except exceptions.NotSupportedError as error:
            raise StoreRefusedError(
                f"{self._url} cannot put an object on the condition that there is none: {_first_line(error)}"
            ) from error
        except (exceptions.NotFoundError, FileNotFoundError) as error:
            raise StoreRefusedError(f"{self._url}: {_first_line(error)}; does the bucket exist?") from error
        except (exceptions.BaseError, OSError) as error:
            raise StoreUnavailableError(f"{self._url} did not do it: {_first_line(error)}") from error


def _client() -> dict[str, Any]:
    """Limits of one request; without TLS only when the environment says so, as for obstore itself."""
    plain = any(
        os.environ.get(f"{cloud}_ALLOW_HTTP", "").lower() in ("1", "true") for cloud in ("AWS", "AZURE", "GOOGLE")
    )
    return {"connect_timeout": "5s", "timeout": "60s", "allow_http": plain}


def _quoted(origin: str) -> str:
    return quote(origin, safe="")


def _folder(origin: str) -> str:
    return f"logs/{_quoted(origin)}"


def _lines_name(origin: str, start: int) -> str:
    return f"{_folder(origin)}/lines/{start:020d}{_SUFFIX}"


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0][:500]


def _sync(root: Path, path: Path) -> None:
    """Make a new file and its name survive a loss of power, which obstore leaves to the system."""
    for place in (path, *path.parents):
        handle = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if place == root:
            return
