"""The shipper's own note of how far it is, and the lock that keeps a second one away."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import time
import weakref
from pathlib import Path
from typing import Any

import orjson

from agent_audit.errors import ShipError
from agent_audit.ship.sink import Position


def name_of(url: str, origin: str | None = None) -> str:
    """The name under which a log remembers a store: readable, a file name, and another one for every store.

    With the `origin`, one for every log as well: for a folder that several logs share.
    """
    scheme = re.sub(r"[^a-z0-9]", "", url.split(":", 1)[0].lower())
    log = "" if origin is None else f"-{_short_digest(origin)}"
    return f"ship-{scheme}-{_short_digest(url)}{log}"


def _short_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class Note:
    """`state/ship-…`: a cache where the store knows its own position, all there is where it does not.

    Args:
        folder: where notes are; made when it is missing.
        url: the store's, without a password.
        origin: the log's, where others may keep theirs in the folder, too.
    """

    def __init__(self, folder: Path, url: str, origin: str | None = None) -> None:
        self.folder = folder
        self._url = url
        self._path = folder / name_of(url, origin)
        self._lock: int | None = None

    def hold(self) -> bool:
        """Be the one who ships to this store; False while another process is.

        Raises:
            ShipError: the folder cannot be written to.
        """
        if self._lock is not None:
            return True
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ShipError(
                f"the position cannot be kept in {self._path.parent}: {error.strerror}; name another folder (--state)"
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        _held.add(self)
        return True

    def free(self) -> None:
        """Let another process ship."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def read(self) -> dict[str, Any]:
        """What was written last; empty when there is nothing that can be read."""
        try:
            found = orjson.loads(self._path.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return {}
        return found if isinstance(found, dict) and isinstance(found.get("next_seq"), int) else {}

    def write(self, origin: str, position: Position, kept: dict[str, Any]) -> None:
        """Note a position, durably: without a store that knows its own, everything below it is not sent again.

        Raises:
            OSError: it cannot be written.
        """
        note = {
            "to": self._url,
            "origin": origin,
            "next_seq": position.next_seq,
            "last_digest": position.last_digest,
            "kept": kept,
            "time": round(time.time(), 3),
        }
        draft = self._path.with_name(f".{self._path.name}.new")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, orjson.dumps(note))
            os.fdatasync(handle)
        finally:
            os.close(handle)
        draft.replace(self._path)


_held: weakref.WeakSet[Note] = weakref.WeakSet()
"""Notes whose lock this process holds."""


def _let_go_in_child() -> None:
    """A forked child ships nothing: were the lock open there too, nobody else could after the parent's end."""
    for note in list(_held):
        note.free()
    _held.clear()


os.register_at_fork(after_in_child=_let_go_in_child)
