"""The file-system seam: every call by which the store touches the disk, so that a test double can stand in.

Durability of a POSIX file system, as far as it is promised: data after `fsync`, a new or renamed name after
`fsync_dir` of its folder; nothing else.

Short calls go through `ctypes.PyDLL`, which keeps the GIL: Python's own wrappers drop it for every system call,
and beside a CPU-bound thread getting it back takes up to the switch interval (5 ms) each time. Waits and syncs
release it. Where the C library cannot be used this way, `os` serves instead.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from agent_audit.errors import ConfigurationError

try:
    import fcntl
except ImportError:  # Windows: importing works, opening a log says what is missing
    fcntl = None  # type: ignore[assignment]

_SPINS = 40
"""Tries to get the lock before the first pause, about a microsecond each."""

_KEEP_GIL_BYTES = 64 * 1024
"""Writes up to this many bytes keep the GIL: a copy into the page cache, some microseconds."""


class FileIdentity(NamedTuple):
    """Which file a name stands for now, and how long it is in bytes."""

    inode: int
    size: int


class FileSystem(Protocol):
    """What the store asks of a file system. Every method raises `OSError` as `os` does."""

    def open(self, path: Path, *, create: bool = False) -> int:
        """Open for reading and appending; `create` makes the file (0600) where it is missing."""

    def close(self, handle: int) -> None: ...

    def duplicate(self, handle: int) -> int:
        """Another handle of the same open file, which stays valid when the first is closed."""
        ...

    def append(self, handle: int, data: bytes) -> int:
        """Write at the end; returns how many bytes were taken, which may be fewer."""
        ...

    def read(self, handle: int, offset: int, size: int) -> bytes: ...

    def truncate(self, handle: int, size: int) -> None: ...

    def identity(self, path: Path) -> FileIdentity | None:
        """None when there is no such file."""

    def watch(self, path: Path) -> Callable[[], FileIdentity | None]:
        """`identity` of one path, for asking again and again from one thread at a time."""
        ...

    def identity_of(self, handle: int) -> FileIdentity: ...

    def redirty(self, path: Path) -> None:
        """Write a file's bytes over themselves, so that the next fsync has something to write.

        After a failed fsync the kernel may have marked the pages clean with their bytes on no disk.
        """

    def fsync(self, handle: int) -> None: ...

    def fsync_dir(self, path: Path) -> None: ...

    def link(self, source: Path, target: Path) -> bool:
        """Give a file a second name; False when there is such a name."""
        ...

    def unlink(self, path: Path) -> None: ...

    def is_dir(self, path: Path) -> bool: ...

    def mkdir(self, path: Path) -> None:
        """Make a folder (0700); nothing happens when it is there."""

    def lock(self, handle: int, timeout: float) -> bool:
        """Take the exclusive lock; False when others hold it for longer than `timeout` seconds."""
        ...

    def unlock(self, handle: int) -> None: ...


class PosixFileSystem:
    """The real one.

    Raises:
        ConfigurationError: this system has no flock(2).
    """

    def __init__(self) -> None:
        if fcntl is None:
            raise ConfigurationError(
                f"the file store needs flock(2), which {sys.platform} lacks; use a MemoryAuditBackend or run on Linux"
            )

    def open(self, path: Path, *, create: bool = False) -> int:
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
        return os.open(path, flags | os.O_CREAT if create else flags, 0o600)

    def close(self, handle: int) -> None:
        os.close(handle)

    def duplicate(self, handle: int) -> int:
        return os.dup(handle)

    def append(self, handle: int, data: bytes) -> int:
        if _libc is None or len(data) > _KEEP_GIL_BYTES:
            return os.write(handle, data)
        while True:
            written: int = _libc.write(handle, data, len(data))
            if written >= 0:
                return written
            _raise_unless_interrupted()

    def read(self, handle: int, offset: int, size: int) -> bytes:
        return os.pread(handle, size, offset)

    def truncate(self, handle: int, size: int) -> None:
        os.ftruncate(handle, size)

    def identity(self, path: Path) -> FileIdentity | None:
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return FileIdentity(status.st_ino, status.st_size)

    def watch(self, path: Path) -> Callable[[], FileIdentity | None]:
        if _statx is None:
            return partial(self.identity, path)
        name = os.fsencode(path)
        buffer = ctypes.create_string_buffer(256)
        statx, fields = _statx, _STATX_FIELDS.unpack_from

        def identity() -> FileIdentity | None:
            if statx(_AT_FDCWD, name, 0, _STATX_INO_SIZE, buffer) == 0:
                return fields(buffer, 32)  # type: ignore[return-value]  # a plain tuple: this is the hot path
            return self.identity(path)  # not there, or an error to be raised with its name

        return identity

    def identity_of(self, handle: int) -> FileIdentity:
        status = os.fstat(handle)
        return FileIdentity(status.st_ino, status.st_size)

    def redirty(self, path: Path) -> None:
        # A handle of its own: pwrite on one opened with O_APPEND appends, wherever it is told to write.
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            offset = 0
            while block := os.pread(handle, 1 << 20, offset):
                offset += os.pwrite(handle, block, offset)
        finally:
            os.close(handle)

    def fsync(self, handle: int) -> None:
        _sync_data(handle)

    def fsync_dir(self, path: Path) -> None:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def link(self, source: Path, target: Path) -> bool:
        try:
            os.link(source, target)
        except FileExistsError:
            return False
        return True

    def unlink(self, path: Path) -> None:
        os.unlink(path)

    def is_dir(self, path: Path) -> bool:
        return path.is_dir()

    def mkdir(self, path: Path) -> None:
        path.mkdir(mode=0o700, exist_ok=True)

    def lock(self, handle: int, timeout: float) -> bool:
        if _try_flock(handle):
            return True
        # Polling, for flock(2) knows no time-out. First without a pause: the holder needs some microseconds, the
        # shortest sleep takes ten times that.
        for _ in range(_SPINS):
            if _try_flock(handle):
                return True
        deadline = time.monotonic() + timeout
        pause = 20e-6
        while time.monotonic() < deadline:
            time.sleep(pause)
            if _try_flock(handle):
                return True
            pause = min(pause * 1.5, 2e-3)
        return False

    def unlock(self, handle: int) -> None:
        if _libc is None or _libc.flock(handle, fcntl.LOCK_UN) != 0:
            fcntl.flock(handle, fcntl.LOCK_UN)


def _try_flock(handle: int) -> bool:
    if _libc is not None:
        while _libc.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB) != 0:
            if ctypes.get_errno() == errno.EWOULDBLOCK:
                return False
            _raise_unless_interrupted()
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _raise_unless_interrupted() -> None:
    code = ctypes.get_errno()
    if code != errno.EINTR:
        raise OSError(code, os.strerror(code))


_AT_FDCWD = -100
_STATX_INO_SIZE = 0x100 | 0x200
_STATX_FIELDS = struct.Struct("=QQ")
"""stx_ino and stx_size at offset 32 of struct statx (linux/stat.h), the same on every architecture."""


def _load_libc() -> ctypes.PyDLL | None:
    """The C library with the GIL kept; None where that is not to be had."""
    try:
        libc = ctypes.PyDLL(None, use_errno=True)
        libc.write.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t)
        libc.write.restype = ctypes.c_ssize_t
        libc.flock.argtypes = (ctypes.c_int, ctypes.c_int)
    except (OSError, AttributeError):
        return None
    return libc


_libc = _load_libc()
# statx is Linux's own; elsewhere os.stat serves.
_statx = getattr(_libc, "statx", None) if sys.platform == "linux" else None
if _statx is not None:
    _statx.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_char_p)


def _sync_data(handle: int) -> None:
    if hasattr(fcntl, "F_FULLFSYNC"):  # macOS: fsync alone leaves the data in the drive's cache
        fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
    elif hasattr(os, "fdatasync"):
        os.fdatasync(handle)
    else:
        os.fsync(handle)
