"""Temporary directories of which nothing stays, not even when their process is killed."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import stat
import tempfile
import time
import weakref
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

_PREFIX, _IN_USE = "agent-audit-scratch-", "IN_USE"
_GRACE = 60.0
"""Seconds after which a directory that nobody holds was left behind, and is not one that is just being made."""


class Scratch:
    """A temporary directory for its owner alone (0700).

    It is removed when it is closed or collected, or when the process ends. That of a process that was killed is removed
    by the next process of the same user that makes one: it holds copies of events and can be as large as a log.

    Raises:
        OSError: no directory can be made where `tempfile` makes them (`TMPDIR`).
    """

    def __init__(self) -> None:
        where = tempfile.gettempdir()
        _remove_abandoned(where)
        self.path = Path(where, _PREFIX + secrets.token_hex(8))
        held: list[int] = []
        # Before it is made, so that a signal that raises anywhere below leaves nothing behind. `mkdtemp` tells its name
        # too late for that.
        self._end = weakref.finalize(self, _remove, self.path, held, os.getpid())
        self.path.mkdir(0o700)
        held.append(os.open(self.path / _IN_USE, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with suppress(OSError):  # no locks here: then it cannot be told from one in use, and nobody removes it
            fcntl.flock(held[0], fcntl.LOCK_SH | fcntl.LOCK_NB)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove it, with all that is in it."""
        self._end()


def _remove(folder: Path, held: list[int], owner: int) -> None:
    if os.getpid() == owner:  # not a forked child that ends
        shutil.rmtree(folder, ignore_errors=True)
    for one in held:
        os.close(one)


@lru_cache(maxsize=8)
def _remove_abandoned(where: str) -> None:
    """Once a process: what is left there of processes that were killed."""
    for folder in Path(where).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # somebody else's, still in use, or gone meanwhile
            if not _is_ours(folder):
                continue
            with suppress(OSError):  # its process was killed before it held it: nothing is in it
                folder.rmdir()
                continue
            held = os.open(folder / _IN_USE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(held)


def _is_ours(folder: Path) -> bool:
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and time.time() - found.st_mtime > _GRACE
