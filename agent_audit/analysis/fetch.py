"""Files of stores on this machine: DuckDB asks for each many times, and they never change under their names.

They are kept for the next analysis, in the user's cache directory, those used last, up to a limit. They are as much
worth protecting as the log itself: nobody else may read them, and they can be deleted at any time.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from agent_audit.analysis.memory import bytes_of
from agent_audit.analysis.shipped import Shipped
from agent_audit.atomic import replacing
from agent_audit.errors import ConfigurationError
from agent_audit.keys import cache_directory
from agent_audit.object_store.bucket import Entry

LIMIT = "AGENT_AUDIT_CACHE_BYTES"
"""Names the limit in the environment."""

_DEFAULT = 20 << 30
_AT_ONCE = 8


class Cache:
    """The files, as one analysis uses them; what it uses stays there until it is closed.

    Args:
        folder: where; the user's cache directory if left out.
        limit: bytes; from AGENT_AUDIT_CACHE_BYTES if left out, else 20 GiB.

    Raises:
        ConfigurationError: the variable is no number.
        OSError: the folder cannot be made.
    """

    def __init__(self, folder: Path | None = None, limit: int | None = None) -> None:
        self._folder = folder or cache_directory() / "shipped"
        self._limit = bytes_of(LIMIT, _DEFAULT) if limit is None else limit
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        self._lock = os.open(self._folder / "LOCK", os.O_RDWR | os.O_CREAT, 0o600)
        self._wanted: dict[str, int] = {}
        """Files of this analysis, and their bytes."""

    def bring(self, store: Shipped, entries: Sequence[Entry], tell: Callable[[], None]) -> list[Path]:
        """The files on this machine, in the same order.

        Args:
            store: where they are.
            entries: which.
            tell: called after each that is there.

        Raises:
            ConfigurationError: they are more than the limit.
            StoreUnavailableError, StoreRefusedError: they cannot be read.
        """
        targets = [self._folder / _name(store.url, entry) for entry in entries]
        self._wanted.update(zip((path.name for path in targets), (entry.size for entry in entries), strict=True))
        self._make_room()

        def one(entry: Entry, target: Path) -> None:
            if not _is_there(target, entry):
                content = store.content(entry)
                with replacing(target) as draft:
                    draft.write_bytes(content)
            tell()

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(one, entries, targets))
        return targets

    def close(self) -> None:
        """From here on the files may make room for those of others."""
        os.close(self._lock)

    def _make_room(self) -> None:
        needed = sum(self._wanted.values())
        if needed > self._limit:
            raise ConfigurationError(
                f"the events take {needed / 1e9:,.1f} GB, more than the {self._limit / 1e9:,.1f} GB that may be "
                f"fetched to {self._folder}: set {LIMIT} to more, ask one store after the other, or use --engine spark"
            )
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pass  # another analysis uses files: none is removed
        else:
            self._remove_oldest(self._limit - needed)
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def _remove_oldest(self, room: int) -> None:
        """Keep what is wanted, and of the others those used last that fit into the room."""
        found = [(path.stat(), path) for path in self._folder.iterdir() if path.name not in {"LOCK", *self._wanted}]
        for seen, path in sorted(found, key=lambda item: item[0].st_mtime_ns, reverse=True):
            room -= seen.st_size
            if room < 0 or path.suffix != ".parquet":  # the others are what a killed process left
                path.unlink(missing_ok=True)


def _name(url: str, entry: Entry) -> str:
    """The tag changes with the content: another file of the same name is another one here."""
    return hashlib.sha256("\n".join((url, entry.path, entry.tag)).encode()).hexdigest() + ".parquet"


def _is_there(path: Path, entry: Entry) -> bool:
    try:
        if path.stat().st_size != entry.size:
            return False
        os.utime(path)
    except OSError:
        return False
    return True
