"""One client for every store of objects (S3, Google Cloud Storage, Azure, a directory), and the names in it.

::

    <url>/
      logs/<origin>/lines/<first seq, 20 digits>.jsonl.gz   the recorded lines, byte for byte
      logs/<origin>/log.json, keys/…, checkpoints/…, tile/…, blobs/…
      events/origin=<origin>/date=<YYYY-MM-DD>/<first seq>.parquet   the same events for engines (Hive partitions)

Origins are percent-encoded.
"""

from __future__ import annotations

import contextlib
import os
import re
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

import obstore
from obstore import exceptions
from obstore.store import from_url

from agent_audit.errors import (
    ConfigurationError,
    LogNotFoundError,
    ProofError,
    StoreRefusedError,
    StoreUnavailableError,
)
from agent_audit.object_store.credentials import client_options, require_credentials

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_RETRY = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}
"""Of single requests; a shipper goes on trying."""
_SUFFIX = ".jsonl.gz"
_EFFORT = re.compile(
    r" in [0-9.]{1,20}(?:s|ms|µs|ns)(?:, after \d+ retries, max_retries: \d+, retry_timeout: \w+ ?)?(?= - |$)"
)
_LINES = re.compile(rf"[0-9]{{20}}{re.escape(_SUFFIX)}")
MOST_BYTES = 128 << 20
"""Lines in one object, unpacked; `ShipLimits` allows no more than half of it."""
_GZIP = 16 + zlib.MAX_WBITS
_END = 10**20
"""Behind the last seq that a name has room for. Somebody else may have put an object of any name there."""


class Entry(NamedTuple):
    """An object as a listing tells of it."""

    path: str
    size: int
    """Bytes."""
    tag: str
    """Changes with the content."""


class Bucket:
    """The requests, with their errors told as those of a store. Nothing is connected to before the first one.

    Credentials come from the environment, or from files that it names: see `credentials`.

    Args:
        url: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix` or `file:///directory`.
        to_read: nothing is put there, so that a directory must be there already.

    Raises:
        ConfigurationError: the URL names no bucket, or the environment no credentials.
        LogNotFoundError: there is no such directory to read.
        StoreUnavailableError, StoreRefusedError: from every request.
    """

    def __init__(self, url: str, *, to_read: bool = False) -> None:
        self._url = url
        parts = urlsplit(url)
        self.root = Path(unquote(parts.path)) if parts.scheme == "file" else None
        """The directory, where the store is one."""
        if (self.root is None and not parts.netloc) or self.root == Path("/"):
            raise ConfigurationError(f"{url} names no bucket or directory")
        if "//" in parts.path or (self.root is not None and parts.netloc):
            form = ", and the path is absolute: file:///directory" if self.root is not None else ""
            raise ConfigurationError(f"{url} cannot be the URL of a store: no part of its path is empty{form}")
        if parts.query or parts.fragment:
            raise ConfigurationError(f"{url}: settings of the store come from the environment, not from the URL")
        require_credentials(parts.scheme)
        if to_read and self.root is not None and not self.root.is_dir():
            raise LogNotFoundError(f"{self.root} is no directory; name what was given to `ship --to`")
        self._opened: ObjectStore | None = None

    @property
    def _store(self) -> ObjectStore:
        if self._opened is None:
            with self._told():
                options: dict[str, Any] = {"client_options": client_options(), "retry_config": _RETRY}
                self._opened = from_url(self._url, **({"mkdir": True} if self.root is not None else options))
        return self._opened

    def put(self, name: str, data: bytes) -> bool:
        """Put an object; False when there is one of that name."""
        try:
            with self._told():
                obstore.put(self._store, name, data, mode="create", use_multipart=False)
            new = True
        except exceptions.AlreadyExistsError:
            new = False
        if self.root is not None:  # also when it was there: whoever put it may have been killed before it was synced
            with self._told():
                _sync(self.root, self.root / name)
        return new

    def get(self, name: str) -> bytes:
        """The content of an object that is there."""
        with self._told():
            return bytes(obstore.get(self._store, name).bytes())

    def has(self, name: str) -> bool:
        """Whether there is an object of that name."""
        try:
            obstore.head(self._store, name)
        except (exceptions.NotFoundError, FileNotFoundError):
            return False
        except (exceptions.BaseError, OSError):
            with self._told():
                raise
        return True

    def paths(self, prefix: str) -> list[str]:
        """Every object below a prefix, sorted."""
        with self._told():
            return sorted(meta["path"] for chunk in obstore.list(self._store, prefix) for meta in chunk)

    def entries(self, prefix: str) -> list[Entry]:
        """Every object below a prefix, sorted by its path."""
        with self._told():
            found = [meta for chunk in obstore.list(self._store, prefix) for meta in chunk]
        return sorted(Entry(meta["path"], meta["size"], str(meta["e_tag"])) for meta in found)

    def origins(self) -> list[str]:
        """Names of the logs that are there."""
        with self._told():
            folders = obstore.list_with_delimiter(self._store, "logs")["common_prefixes"]
        return sorted(unquote(folder.removeprefix("logs/").rstrip("/")) for folder in folders)

    def starts(self, origin: str) -> list[int]:
        """First seq of every object of lines, ascending."""
        found = [_start_of(origin, path) for path in self.paths(lines_folder(origin))]
        return [start for start in found if start is not None]

    def last_start(self, origin: str) -> int | None:
        """The largest of `starts`, found by halving, for there may be millions; None when there is none."""
        while self._any_from(origin, 0):
            low, high = 0, 1
            while high < _END and self._any_from(origin, high):
                low, high = high, min(2 * high, _END)
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if self._any_from(origin, middle) else (low, middle)
            # Not where another shipper has put one behind what was the last: then the search was led astray.
            if self.has(lines_name(origin, low)):
                return low
        return None

    def lines(self, origin: str, start: int) -> list[bytes]:
        """The lines of the object that begins there, without their line feeds.

        Raises:
            ProofError: it is not what was put there.
        """
        name = lines_name(origin, start)
        data = self.get(name)
        try:
            lines = _unpacked(data).split(b"\n")
        except (ProofError, zlib.error) as error:
            raise ProofError(f"{name} was changed: {error}") from error
        if len(lines) < 2 or lines.pop():
            raise ProofError(f"{name} was changed: it does not end with a line")
        return lines

    def _any_from(self, origin: str, seq: int) -> bool:
        """Whether an object of lines begins at `seq` or behind it."""
        folder = lines_folder(origin)
        with self._told():
            pages = obstore.list(self._store, folder, offset=f"{folder}{seq:020d}", chunk_size=1)
            return any(_start_of(origin, meta["path"]) is not None for page in pages for meta in page)

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
                f"{self._url} cannot put an object only if none exists: {_first_line(error)}"
            ) from error
        except (exceptions.NotFoundError, FileNotFoundError) as error:
            raise StoreRefusedError(f"{self._url}: {_first_line(error)}; does the bucket exist?") from error
        except (exceptions.BaseError, OSError) as error:
            if " 404 " in str(error):  # of a listing, obstore tells it as a failure like any other
                raise StoreRefusedError(f"{self._url}: {_first_line(error)}; does the bucket exist?") from error
            raise StoreUnavailableError(f"{self._url} did not do it: {_first_line(error)}") from error


def quoted(origin: str) -> str:
    """A log's name as part of an object's."""
    return quote(origin, safe="")


def folder_of(origin: str) -> str:
    """Where the lines and the evidence of a log are."""
    return f"logs/{quoted(origin)}"


def lines_folder(origin: str) -> str:
    """Where the lines of a log are, with the slash behind it."""
    return f"{folder_of(origin)}/lines/"


def is_lines(origin: str, path: str) -> bool:
    """Whether an object's name is one of lines; others may have put something else beside them."""
    return _start_of(origin, path) is not None


def _start_of(origin: str, path: str) -> int | None:
    """The seq in the name of an object of lines; None for any other."""
    name = path.removeprefix(lines_folder(origin))
    return int(name.removesuffix(_SUFFIX)) if _LINES.fullmatch(name) else None


def lines_name(origin: str, start: int) -> str:
    """The object of lines whose first one has that seq."""
    return f"{lines_folder(origin)}{start:020d}{_SUFFIX}"


def events_folder(origin: str) -> str:
    """Where the Parquet files of a log are."""
    return f"events/origin={quoted(origin)}"


def _unpacked(data: bytes) -> bytes:
    """What was packed by gzip, and no more of it than a shipper packs: a few kilobytes may stand for gigabytes.

    Raises:
        ProofError, zlib.error: it was packed otherwise.
    """
    unpacker = zlib.decompressobj(wbits=_GZIP)
    text = unpacker.decompress(data, MOST_BYTES)
    if unpacker.unconsumed_tail:
        raise ProofError(f"it holds more than {MOST_BYTES >> 20} MiB, which no shipper puts into one object")
    if not unpacker.eof or unpacker.unused_data:
        raise ProofError("it is not one whole gzip file")
    return text


def _first_line(error: Exception) -> str:
    """What it says, without the time and the tries that a request took: the same failure is the same text each time."""
    return _EFFORT.sub("", str(error).strip().split("\n", 1)[0][:500])


def _sync(root: Path, path: Path) -> None:
    """Make a new file and its name survive a loss of power, which obstore leaves to the system.

    Raises:
        OSError: it may not have become durable, and is removed: a second sync would not tell whether it has.
    """
    try:
        for place in (path, *path.parents):
            handle = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            if place == root:
                return
    except OSError:
        path.unlink(missing_ok=True)
        raise
