"""The embedded default store: a directory of JSON lines, written by any number of processes at once.

The promise: when `append` returns, the lines are in the kernel, behind those of everybody who wrote before. When
`sync` returns, everything this process appended is on the disk. The order of system calls that keeps it:

    flock -> size of the active segment -> (repair) -> write -> unlock; then, outside the lock, fdatasync

A failed fdatasync poisons the open segment: nothing is acknowledged by it any more, and it is never tried again
on the same handle, for the kernel may have dropped the data and marked it clean. The next append after a pause
opens the segment anew, checks its tail, goes on and records `log.recovered`.

The known hole: between `write` and `fdatasync` (50 ms in the background at the level `written`) a power cut can
take the end of the log. What is lost then is a suffix, never a part in the middle.
"""

from __future__ import annotations

import os
import platform
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from agent_audit.backends.file.fs import FileSystem, PosixFileSystem
from agent_audit.backends.file.layout import FORMAT, Layout
from agent_audit.backends.file.oversize import MAX_RECORD, fit
from agent_audit.backends.file.read import iter_lines, open_layout, read_header
from agent_audit.backends.file.retention import Retention, SealedSegment, describe, drop, prunable, refuse_if_held
from agent_audit.backends.file.segments import ActiveSegment, Repair, Replaced, Rotation, write_all
from agent_audit.backends.file.space import SpaceWatch
from agent_audit.backends.interface import Query, as_query
from agent_audit.errors import AuditError, ClosedError, LockTimeoutError, StorageError, SyncError
from agent_audit.event import AuditEvent, AuditEventType, Source, encode_record
from agent_audit.keys import fingerprint_key
from agent_audit.notice import warn

_SOURCE = Source(framework="agent_audit", hook="file")
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0


class FileAuditBackend:
    """Keeps events in a log directory. Safe for many threads, processes and forked children.

    Args:
        path: the log directory; made (0700, with a `.gitignore`) when it is first written to.
        rotation: when a segment is sealed.
        fingerprint_key: key of digests as 64 hex digits; else the one in the user's state directory.
        retention: what is dropped, whenever this process seals a segment; nothing when left out.
        fs: the file system; for tests.

    Raises:
        FormatError: the directory is a log of a newer format.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        rotation: Rotation | None = None,
        fingerprint_key: str | None = None,
        retention: Retention | None = None,
        fs: FileSystem | None = None,
    ) -> None:
        self.layout = Layout(Path(path).absolute())
        self._rotation = rotation or Rotation()
        self._given_key = fingerprint_key
        self._retention = retention
        self._space = SpaceWatch(self.layout)
        self._fs = fs or PosixFileSystem()
        self._key: bytes | None = None
        self._mutex = threading.Lock()
        self._sync_mutex = threading.Lock()
        self._closed = False
        self._reset()
        if self.layout.exists():
            read_header(self.layout)

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock_handle: int | None = None
        self._lock_inode = 0
        self._active = ActiveSegment(self._fs, self.layout, self._rotation)
        self._announced = False
        self._poison: SyncError | None = None
        self._retry_at = 0.0
        self._pause = _FIRST_PAUSE

    @property
    def path(self) -> Path:
        """The log directory."""
        return self.layout.root

    @property
    def fingerprint_key(self) -> bytes | None:
        """Key of digests, made at first use; None when it cannot be had."""
        if self._key is None:
            try:
                origin = str(self._header()["origin"])
            except (OSError, AuditError):
                return None
            self._key = fingerprint_key(origin, self._given_key)
        return self._key

    def ensure(self) -> None:
        """Make the log now, where there is none, rather than at the first event.

        Raises:
            StorageError: it cannot be made or written to.
        """
        with self._mutex:
            try:
                self._open_lock()
            except OSError as error:
                raise self._storage_error(error) from error

    # -- writing ---------------------------------------------------------------------------------------

    def append(self, records: Sequence[bytes], *, timeout: float = 1.0) -> int:
        """See `AuditBackend.append`; the records are in the kernel when it returns."""
        if self._pid != os.getpid():
            self.after_fork()
        with self._mutex:
            if self._closed:
                raise ClosedError(f"the log {self.path} was closed; open it again to go on")
            if self._announced and len(records) == 1:
                first = self._append_next(records[0])
                if first is not None:
                    return first
            self._recover_from_poison()
            fitting = records
            if max(map(len, records), default=0) > MAX_RECORD:
                fitting = [fit(record, self._put_blob) for record in records]
            try:
                return self._append_locked(fitting, timeout)
            except OSError as error:
                raise self._storage_error(error) from error

    def _append_next(self, record: bytes) -> int | None:
        """The usual case: one record behind our own last one, if the lock is free; None when it is not that case."""
        active, lock = self._active, self._lock_handle
        if active.repairs or active.suspects or self._poison is not None or len(record) > MAX_RECORD or lock is None:
            return None
        try:
            if not self._fs.lock(lock, 0.0):
                return None
            try:
                return active.append_next(record)
            finally:
                self._fs.unlock(lock)
        except OSError as error:
            raise self._storage_error(error) from error

    def _append_locked(self, records: Sequence[bytes], timeout: float) -> int:
        lock = self._lock(timeout)
        try:
            if self._active.suspects:
                self._active.heal()
            self._active.locate()
            return self._append_here(records)
        except Replaced as found:
            loss = found
        finally:
            self._fs.unlock(lock)
        return self._append_after(loss, records, timeout)

    def _lock(self, timeout: float) -> int:
        lock = self._lock_handle if self._lock_handle is not None else self._open_lock()
        if not self._fs.lock(lock, timeout):
            raise LockTimeoutError(f"another process held the lock of {self.path} for longer than {timeout} s")
        return lock

    def _append_here(self, records: Sequence[bytes]) -> int:
        if self._announced and not self._active.repairs:
            return self._active.append(records)
        own = self._own_records()
        first = self._active.append([*own, *records]) + len(own)
        self._announced = True
        self._active.repairs.clear()
        return first

    def _append_after(self, loss: Replaced, records: Sequence[bytes], timeout: float) -> int:
        """The segment is not ours any more; perhaps the whole directory is not, and its LOCK another file."""
        if self._moved_to_another_log():
            self._release()
            self._active = ActiveSegment(self._fs, self.layout, self._rotation)
            self._announced = False
            self._active.repairs.append(Repair("the log directory was deleted or replaced", {"next": loss.expected}))
            return self._append_locked(records, timeout)
        lock = self._lock(timeout)
        try:
            self._active.reopen(loss)
            return self._append_here(records)
        finally:
            self._fs.unlock(lock)

    def _moved_to_another_log(self) -> bool:
        now = self._fs.identity(self.layout.lock)
        return now is None or now.inode != self._lock_inode

    def _own_records(self) -> list[bytes]:
        """What the store itself has to say before the next event: that it was opened, what it repaired."""
        records = [self._recovered(repair) for repair in self._active.repairs]
        if not self._announced:
            details = {
                "pid": self._pid,
                "host": socket.gethostname(),
                "python": platform.python_version(),
                "format": FORMAT,
            }
            records.append(self._own_event(AuditEventType.LOG_OPENED, metadata=details))
        return records

    def _recovered(self, repair: Repair) -> bytes:
        return self._own_event(AuditEventType.LOG_RECOVERED, error=repair.reason, metadata=repair.details)

    def _own_event(self, event_type: AuditEventType, **fields: Any) -> bytes:
        event = AuditEvent(event_type=event_type, action=str(event_type), source=_SOURCE, **fields)
        return encode_record(event.to_record())

    def _storage_error(self, error: OSError) -> StorageError:
        self._active.close()
        return StorageError(f"cannot write to the log {self.path}: {error.strerror or error}")

    # -- making and opening ----------------------------------------------------------------------------

    def _open_lock(self) -> int:
        """The handle of LOCK; made, with the log, where it is missing."""
        if self._lock_handle is not None:
            return self._lock_handle
        self._header()
        # Also when others made it: they may have failed, or been killed, before its names were durable.
        self._fs.fsync_dir(self.layout.root)
        self._fs.fsync_dir(self.layout.root.parent)
        handle = self._fs.open(self.layout.lock, create=True)
        self._lock_handle = handle
        self._lock_inode = self._fs.identity_of(handle).inode
        return handle

    def _header(self) -> dict[str, object]:
        """`log.json`; made, with the directory, when this is a new log."""
        header = read_header(self.layout)
        if header:
            return header
        layout = self.layout
        self._make_folder(layout.segments)
        self._write_once(layout.gitignore, b"*\n")
        origin = f"{socket.gethostname()}/{layout.root.name}/{secrets.token_hex(16)}"
        self._write_once(layout.header, orjson.dumps({"format": FORMAT, "origin": origin}) + b"\n")
        return read_header(layout)

    def _make_folder(self, path: Path) -> None:
        """Make a folder, and those above it, with durable names."""
        if self._fs.is_dir(path):
            return
        self._make_folder(path.parent)
        self._fs.mkdir(path)
        self._fs.fsync_dir(path.parent)

    def _write_once(self, path: Path, data: bytes) -> None:
        """Make a file whole or not at all; of several processes at once, the first one's stays."""
        draft = path.with_name(f"{path.name}.{self._pid}.{secrets.token_hex(4)}")
        handle = self._fs.open(draft, create=True)
        try:
            write_all(self._fs, handle, data)
            self._fs.fsync(handle)
        finally:
            self._fs.close(handle)
        self._fs.link(draft, path)  # does nothing when another process was first: its file is the one that counts
        self._fs.unlink(draft)
        self._fs.fsync_dir(path.parent)

    def _put_blob(self, digest: str, data: bytes) -> None:
        self._header()
        path = self.layout.blob(digest)
        self._make_folder(path.parent)
        if self._fs.identity(path) is None:
            self._write_once(path, data)
        self._fs.fsync_dir(path.parent)  # also when it was there: its name may not have become durable

    # -- syncing ---------------------------------------------------------------------------------------

    def sync(self) -> None:
        """See `AuditBackend.sync`. Runs outside the lock: two processes syncing do not wait for each other."""
        with self._sync_mutex:
            with self._mutex:
                if self._poison is not None:
                    raise self._poison
                segments = self._active.take_unsynced()
            try:
                for handle, path in segments:
                    self._active.sync(handle, path)
            except OSError as error:
                # Of the others nothing is known either: they count as failed, too.
                self._active.suspects.update(path for _, path in segments)
                raise self._poisoned(error) from error
            finally:
                for handle, _ in segments:
                    self._fs.close(handle)
            self._pause = _FIRST_PAUSE
        self._space.look()
        if self._retention is not None and len(segments) > 1:
            self._prune_quietly(self._retention)

    # -- retention -------------------------------------------------------------------------------------

    def prune(self, retention: Retention, *, now: datetime | None = None) -> list[SealedSegment]:
        """Drop what `retention` does not keep; recorded as `log.pruned` before the first file goes.

        Args:
            retention: the limits.
            now: the moment from which ages are counted; the present one when left out.

        Returns:
            The segments that were dropped, oldest first.

        Raises:
            HeldError: the log is held.
            StorageError: the event could not be recorded, or a file not be removed.
        """
        refuse_if_held(self.layout)
        segments = prunable(self.layout, retention, now)
        if not segments:
            return []
        try:
            details = describe(segments, retention)
            self.append([self._own_event(AuditEventType.LOG_PRUNED, metadata=details)])
            self.sync()
            drop(self.layout, segments)
        except OSError as error:
            raise StorageError(f"cannot prune {self.path}: {error.strerror or error}") from error
        return segments

    def _prune_quietly(self, retention: Retention) -> None:
        try:
            self.prune(retention)
        except AuditError as error:
            warn(f"nothing was pruned: {error}")

    def _poisoned(self, error: OSError) -> SyncError:
        with self._mutex:
            self._poison = SyncError(
                f"sync of {self._active.path} failed: {error.strerror or error}; what was written since the last sync "
                f"may not be on the disk. Writing goes on in {self._pause:.0f} s on a newly opened segment"
            )
            self._retry_at = time.monotonic() + self._pause
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            return self._poison

    def _recover_from_poison(self) -> None:
        """After the pause, go on with new handles; what was not acknowledged stays unacknowledged."""
        if self._poison is None:
            return
        if time.monotonic() < self._retry_at:
            raise self._poison
        self._active.close()
        self._poison = None

    # -- reading ---------------------------------------------------------------------------------------

    def query(self, query: Query | None = None, /, **conditions: Any) -> Iterator[AuditEvent]:
        """See `AuditBackend.query`.

        Raises:
            LogNotFoundError: nothing has been recorded there yet.
            CorruptLineError: names the file and line.
        """
        wanted = as_query(query, conditions)
        lines = iter_lines(open_layout(self.layout.root), min_seq=wanted.min_seq or 0)
        events = (line.event() for line in lines)
        return islice((event for event in events if wanted.matches(event)), wanted.limit)

    # -- end, fork -------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Record `log.closed` where this process wrote anything; what it writes later opens the log anew."""
        if self._closed or self._pid != os.getpid() or not self._announced or self._poison is not None:
            return
        self.append([self._own_event(AuditEventType.LOG_CLOSED, metadata={"pid": self._pid})])
        self._announced = False
        self.sync()

    def close(self) -> None:
        """Record `log.closed` where this process wrote anything, sync and free the handles."""
        try:
            self.leave()
        finally:
            with self._mutex:
                self._closed = True
                self._release()

    def after_fork(self) -> None:
        """In a forked child: let go of the parent's handles (its lock stays its own) and start afresh."""
        self._mutex = threading.Lock()
        self._sync_mutex = threading.Lock()
        self._release()
        self._reset()

    def _release(self) -> None:
        self._active.close()
        if self._lock_handle is not None:
            self._fs.close(self._lock_handle)
            self._lock_handle = None
