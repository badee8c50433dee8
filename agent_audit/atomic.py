"""Files that have their new content as a whole or not at all: atomic replacement by rename (POSIX.1-2017, rename)."""

from __future__ import annotations

import glob
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_ABANDONED = 86_400.0
"""Seconds."""

PRIVATE, BY_UMASK = 0o600, 0o666
"""Permissions of a new file: its owner alone, or whoever the umask lets."""


def draft_of(path: Path) -> Path:
    """A name for a file that is to take the place of `path`; it is nobody else's."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}")


@contextmanager
def drafted(path: Path, mode: int = PRIVATE) -> Iterator[Path]:
    """An empty file that is to take the place of `path`; what is still there when the block is left is removed.

    Args:
        path: the file to replace or to make, in a folder that is there.
        mode: permissions of the new file; the umask takes away from them.

    Raises:
        OSError: it cannot be made.
    """
    draft = draft_of(path)
    try:  # before it is made: a signal that raises may come at any time
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode))
        yield draft
    finally:
        with suppress(OSError):  # it has taken its place, or could not be made
            draft.unlink()


def remove_abandoned(folder: Path, name: str) -> None:
    """Remove drafts of that file that killed processes have left: nobody has written to them for a day."""
    with suppress(OSError):  # whatever is wrong, writing will tell
        for path in folder.glob(f".{glob.escape(name)}.*"):
            if re.fullmatch("[0-9a-f]{16}", path.name.rpartition(".")[2]):
                _remove_old(path)


def _remove_old(path: Path) -> None:
    with suppress(FileNotFoundError):  # it has taken its place, or another process was first
        if time.time() - path.lstat().st_mtime > _ABANDONED:
            path.unlink()


@contextmanager
def replacing(path: Path, mode: int = PRIVATE) -> Iterator[Path]:
    """An empty file to write to, which takes the place of `path` when the block is left without an exception.

    Of two who write the same file at once, each writes a draft of its own, and the last one stays. Nothing is told to
    the disk: after a power cut the file may be the old one, or empty.

    Args:
        path, mode: as for `drafted`.

    Raises:
        OSError: it cannot be made or put in place.
    """
    with drafted(path, mode) as draft:
        yield draft
        draft.replace(path)
