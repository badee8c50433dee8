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
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from agent_audit.errors import ConfigurationError

try:
    import fcntl
except ImportError:  # Windows: importing works, opening a log says what is missing
    fcntl = None  # type: ignore[assignment]

T = TypeVar("T")

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

    def size(self, handle: int) -> int:
        """How many bytes an open file has, whatever its name stands for by now."""
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

    def replace(self, source: Path, target: Path) -> None:
        """Give a file another name, in place of the file that had it."""

    def unlink(self, path: Path) -> None: ...

    def discard(self, path: Path) -> None:
        """`unlink`, if there is such a name."""

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
        size = len(data)
        if _libc is None or size > _KEEP_GIL_BYTES:
            return os.write(handle, data)
        written: int = _libc.write(handle, data, size)
        while written < 0:
            _raise_unless_interrupted()
            written = _libc.write(handle, data, size)
        return written

    def read(self, handle: int, offset: int, size: int) -> bytes:
        if _pread is not None and size <= _KEEP_GIL_BYTES:
            buffer = ctypes.create_string_buffer(size)
            count = _pread(handle, buffer, size, ctypes.c_longlong(offset))
            if count >= 0:
                return buffer.raw[:count]
        return os.pread(handle, size, offset)

    def truncate(self, handle: int, size: int) -> None:
        os.ftruncate(handle, size)

    def identity(self, path: Path) -> FileIdentity | None:
        if _statx is not None:
            found = ctypes.create_string_buffer(_STATX_SIZE)
            if _statx(_AT_FDCWD, os.fsencode(path), 0, _STATX_INO_AND_SIZE, found) == 0:
                return FileIdentity(*_INO_AND_SIZE.unpack_from(found, _STATX_INO_AT))
            if ctypes.get_errno() in {errno.ENOENT, errno.ENOTDIR}:
                return None
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return FileIdentity(status.st_ino, status.st_size)

    def size(self, handle: int) -> int:
        size: int = -1 if _lseek is None else _lseek(handle, _NOWHERE, os.SEEK_END)
        return size if size >= 0 else os.fstat(handle).st_size

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

    def replace(self, source: Path, target: Path) -> None:
        os.replace(source, target)

    def unlink(self, path: Path) -> None:
        os.unlink(path)

    def discard(self, path: Path) -> None:
        if path.exists():
            self.unlink(path)

    def is_dir(self, path: Path) -> bool:
        return path.is_dir()

    def mkdir(self, path: Path) -> None:
        path.mkdir(mode=0o700, exist_ok=True)

    def lock(self, handle: int, timeout: float) -> bool:
        if _libc is not None and _libc.flock(handle, _TRY_EXCLUSIVE) == 0:
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
        if _libc is None or _libc.flock(handle, _UNLOCK) != 0:
            fcntl.flock(handle, _UNLOCK)


def _try_flock(handle: int) -> bool:
    if _libc is not None:
        while _libc.flock(handle, _TRY_EXCLUSIVE) != 0:
            if ctypes.get_errno() == errno.EWOULDBLOCK:
                return False
            _raise_unless_interrupted()
        return True
    try:
        fcntl.flock(handle, _TRY_EXCLUSIVE)
    except BlockingIOError:
        return False
    return True


def _raise_unless_interrupted() -> None:
    code = ctypes.get_errno()
    if code != errno.EINTR:
        raise OSError(code, os.strerror(code))


_TRY_EXCLUSIVE = fcntl.LOCK_EX | fcntl.LOCK_NB if fcntl is not None else 0
_UNLOCK = fcntl.LOCK_UN if fcntl is not None else 0

_NOWHERE = ctypes.c_longlong(0)

# statx(2): unlike stat's, its structure is the same on every Linux.
_AT_FDCWD = -100
_STATX_SIZE = 256
_STATX_INO_AND_SIZE = 0x300
_STATX_INO_AT = 32
_INO_AND_SIZE = struct.Struct("=QQ")


def _load_libc() -> ctypes.PyDLL | None:
    """The C library with the GIL kept; None where that is not to be had."""
    # No argtypes: plain int, bytes and buffers are passed as C takes them here, and checking costs a third of a call.
    try:
        libc = ctypes.PyDLL(None, use_errno=True)
        _ = libc.write, libc.flock, libc.pread
        libc.lseek.restype = ctypes.c_longlong
    except (OSError, AttributeError):
        return None
    return libc


_libc = _load_libc()
# With an offset of 64 bits on every Linux and macOS that has 64; on others fstat serves.
_lseek = _libc.lseek if _libc is not None and sys.maxsize > 2**32 else None
_pread = _libc.pread if _lseek is not None and _libc is not None else None
_statx = getattr(_libc, "statx", None) if sys.platform == "linux" else None


def write_all(fs: FileSystem, handle: int, data: bytes) -> None:
    """Append all of `data`, going on after a short write.

    Raises:
        OSError: some of it may have been written.
    """
    written = fs.append(handle, data)
    while written < len(data):
        data = data[written:]
        written = fs.append(handle, data)
        if written == 0:
            raise OSError(f"write of {len(data)} bytes took none")


def write_file(fs: FileSystem, path: Path, data: bytes, *, draft: Path | None = None) -> None:
    """Put a file in place of another, whole or not at all; it is on the disk when this returns.

    Who writes without a lock that keeps others out names a draft of its own.
    """
    draft = draft or path.with_name(f".{path.name}.new")
    _write_new(fs, draft, data, sync=True)
    fs.replace(draft, path)
    fs.fsync_dir(path.parent)


def write_cache(fs: FileSystem, path: Path, data: bytes) -> None:
    """Write a file whose readers do without it while it is missing, cut short or an old one.

    At a fifth of the cost: ext4 writes out at once what takes another file's place.
    """
    _write_new(fs, path, data, sync=False)


def _write_new(fs: FileSystem, path: Path, data: bytes, *, sync: bool) -> None:
    fs.discard(path)
    handle = fs.open(path, create=True)
    try:
        write_all(fs, handle, data)
        if sync:
            fs.fsync(handle)
    finally:
        fs.close(handle)


def run_locked(fs: FileSystem, path: Path, timeout: float, work: Callable[[bool], T]) -> T:
    """Call something while the lock of a file is held, which is made where it is missing.

    No context manager: a KeyboardInterrupt may strike between its `__enter__` and the block, and the lock would be held
    as long as somebody keeps the traceback.

    Args:
        fs: the file system.
        path: the file.
        timeout: seconds to wait for the lock.
        work: what to call; told whether the lock was to be had in that time.
    """
    handle = fs.open(path, create=True)
    try:
        try:
            return work(fs.lock(handle, timeout))
        finally:
            fs.unlock(handle)
    finally:
        fs.close(handle)


def make_folder(fs: FileSystem, path: Path, *, durable: bool) -> None:
    """Make a folder (0700), and those above it; with durable names, if they are to be."""
    if fs.is_dir(path):
        return
    make_folder(fs, path.parent, durable=durable)
    fs.mkdir(path)
    if durable:
        fs.fsync_dir(path.parent)


def _sync_data(handle: int) -> None:
    if hasattr(fcntl, "F_FULLFSYNC"):  # macOS: fsync alone leaves the data in the drive's cache
        fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
    elif hasattr(os, "fdatasync"):
        os.fdatasync(handle)
    else:
        os.fsync(handle)
