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

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from threading import get_ident
from typing import Any, Literal, TypeVar

from agent_audit.backends.file import own_events, upkeep
from agent_audit.backends.file.checkpointing import Checkpointer, refuse_rolled_back
from agent_audit.backends.file.fs import FileSystem, PosixFileSystem
from agent_audit.backends.file.layout import Layout
from agent_audit.backends.file.making import LogMaker, check_arguments, log_keys
from agent_audit.backends.file.oversize import MAX_RECORD, fit
from agent_audit.backends.file.read import iter_lines, open_layout, read_header
from agent_audit.backends.file.retention import Retention, SealedSegment
from agent_audit.backends.file.sealing import Sealing
from agent_audit.backends.file.segments import ActiveSegment, Repair, Replaced, Rotation, SyncDue
from agent_audit.backends.file.space import SpaceWatch
from agent_audit.backends.file.writing import WriteLock
from agent_audit.backends.interface import Query, as_query
from agent_audit.errors import (
    AuditError,
    ClosedError,
    ConfigurationError,
    RolledBackError,
    StorageError,
    SyncError,
    cannot_write,
)
from agent_audit.event import AuditEvent, AuditEventType
from agent_audit.integrity.checkpoint import Checkpoint
from agent_audit.integrity.note import Signer, VerifierKey
from agent_audit.keys import fingerprint_key
from agent_audit.locks import Exclusive
from agent_audit.notice import warn
from agent_audit.process import current_pid
from agent_audit.signing import KeyFile, preload

T = TypeVar("T")

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0


class FileAuditBackend:
    """Keeps events in a log directory. Safe for many threads, processes and forked children.

    Args:
        path: the log directory; made (0700, with a `.gitignore`) when it is first written to.
        rotation: when a segment is sealed.
        fingerprint_key: key of digests as 64 hex digits; else the one in the user's state directory.
        retention: what is dropped, whenever this process seals a segment; nothing when left out.
        signer: who signs the log's checkpoints. When left out, a key in the user's state directory, made with the log;
            False leaves the log unsigned. A signer of your own gives the log its origin: the name of its key.
        auto_seal: whether checkpoints are made in the background; else only by `seal`, by `close` and at the end.
        heartbeat: seconds without an event after which a process that writes records `log.heartbeat`, so that a quiet
            log can be told from a dead writer; None: never. Comes from the thread that makes checkpoints.
        on_rollback: what to do when the log's key has signed another history than the one that is there: `refuse` to
            write (default), or go on in a `new-log` beside it, whose first event names both heads.
        fs: the file system; for tests.

    Raises:
        ConfigurationError: an argument of a wrong kind.
        FormatError: the directory is a log of a newer format.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        rotation: Rotation | None = None,
        fingerprint_key: str | None = None,
        retention: Retention | None = None,
        signer: Signer | Literal[False] | None = None,
        auto_seal: bool = True,
        heartbeat: float | None = 3600.0,
        on_rollback: Literal["refuse", "new-log"] | None = None,
        fs: FileSystem | None = None,
    ) -> None:
        check_arguments(path, fingerprint_key, signer, heartbeat, on_rollback, rotation=rotation, retention=retention)
        self.layout = Layout(Path(path).absolute())
        self._rotation = rotation or Rotation()
        self._given_key, self._given_signer = fingerprint_key, signer
        self._retention = retention
        if signer is not False:
            preload()
        self._auto_seal, self._heartbeat = auto_seal, heartbeat
        self.on_rollback = on_rollback
        self._space = SpaceWatch(self.layout)
        self._fs = fs or PosixFileSystem()
        self._key: bytes | None = None
        self._store, self._syncs = Exclusive(), Exclusive()
        self._blobs: dict[str, bytes] = {}
        """What the records that are being written name, by its SHA-256."""
        self._closed = False
        self._reset()
        if self.layout.exists():
            read_header(self.layout)

    def _reset(self) -> None:
        self._pid = current_pid()
        self._active = ActiveSegment(self._fs, self.layout, self._rotation)
        self._announced = self._compared = self._told = False
        self._farewell: bytes | None = None
        """The record `log.closed`, from when it is written until all is synced and sealed."""
        self._poison: SyncError | None = None
        self._retry_at = 0.0
        self._pause = _FIRST_PAUSE
        self._maker = LogMaker(self._fs, self.layout, self._given_signer)
        self._lock = WriteLock(self._fs, self.layout, self._maker)
        self._refusal: RolledBackError | None = None
        self._checkpointer: Checkpointer | None = None
        self._sealing = Sealing(
            self._make_checkpoint, auto=self._auto_seal, idle=self._say_idle, heartbeat=self._heartbeat
        )

    @property
    def path(self) -> Path:
        """The log directory."""
        return self.layout.root

    @property
    def fingerprint_key(self) -> bytes | None:
        """Key of digests, made at first use; None when it cannot be had."""
        if self._key is None:
            try:
                origin = str(self._maker.header()["origin"])
            except (OSError, AuditError):
                return None
            self._key = fingerprint_key(origin, self._given_key)
        return self._key

    def ensure(self) -> None:
        """Create the log now if there is none, instead of at the first event.

        Raises:
            StorageError: it cannot be made or written to.
        """
        self._store.run(self._ensure)

    def _ensure(self) -> None:
        try:
            self._lock.open()
        except OSError as error:
            raise self._storage_error(error) from error

    # -- writing ---------------------------------------------------------------------------------------

    def append(self, records: Sequence[bytes], *, timeout: float = 1.0) -> int:
        """See `AuditBackend.append`; the records are in the kernel when it returns."""
        if self._pid != current_pid():
            self.after_fork()
        store = self._store
        with store.lock:
            if store.owner:
                raise store.refusal()
            try:  # what `Exclusive.run` does, without its cost
                store.owner = get_ident()
                return self._append(records, timeout)
            finally:
                store.owner = 0

    def _append(self, records: Sequence[bytes], timeout: float) -> int:
        if self._closed:
            raise ClosedError(f"the log {self.path} was closed; open it again to go on")
        if self._announced and len(records) == 1:
            first = self._append_next(records[0])
            if first is not None:
                return first
        self._recover_from_poison()
        try:
            if max(map(len, records), default=0) > MAX_RECORD:
                records = [fit(record, self._put_blob) for record in records]
            return self._append_or_go_elsewhere(records, timeout)
        except OSError as error:
            raise self._storage_error(error) from error
        finally:
            self._blobs.clear()

    def _put_blob(self, digest: str, data: bytes) -> None:
        self._maker.put_blob(digest, data)
        self._blobs[digest] = data

    def _append_next(self, record: bytes) -> int | None:
        """The usual case: one record behind our own last one, if the lock is free; None when it is not that case."""
        active, lock = self._active, self._lock.handle
        if active.repairs or active.suspects or self._poison is not None or len(record) > MAX_RECORD or lock is None:
            return None
        try:
            try:  # around the lock, too: an interrupt may strike right behind it, and unlocking twice does no harm
                return active.append_next(record) if self._fs.lock(lock, 0.0) else None
            finally:
                self._fs.unlock(lock)
        except OSError as error:
            raise self._storage_error(error) from error

    def _append_or_go_elsewhere(self, records: Sequence[bytes], timeout: float) -> int:
        try:
            if self._refusal is not None:
                raise self._refusal
            return self._append_locked(records, timeout)
        except RolledBackError as error:
            if self.on_rollback != "new-log":
                raise
            self._begin_another(error)
            return self._append_locked(records, timeout)

    def _begin_another(self, error: RolledBackError) -> None:
        """Go on in a new log beside this one; its first event says why."""
        old, root = self.layout.root, upkeep.successor(self._fs, self.layout)
        self._sealing.close()
        self._release()
        self.layout = Layout(root)
        self._space = SpaceWatch(self.layout)
        self._key = None
        self._reset()
        self._active.repairs.append(Repair(str(error), {"log": str(old)}))
        warn(f"{error}. Events are recorded in {root} from now on")

    def _append_locked(self, records: Sequence[bytes], timeout: float) -> int:
        try:
            first = self._lock.run(timeout, self._append_located, records)
        except Replaced as loss:
            return self._append_after(loss, records, timeout)
        if first is not None:
            return first
        self._active.repairs.append(Repair("the file LOCK was deleted or replaced", {}))
        self._lock.close()
        return self._append_locked(records, timeout)

    def _append_located(self, records: Sequence[bytes]) -> int | None:
        """None when the lock that is held is not that of the log any more."""
        if self._active.suspects:
            self._active.heal()
        self._active.locate()
        return None if self._lock.is_another_file() else self._append_here(records)

    def _append_here(self, records: Sequence[bytes]) -> int:
        for digest, data in self._blobs.items():
            # Pruning may have removed it since, or this is another log by now; under the lock it stays.
            if self._fs.identity(self.layout.blob(digest)) is None:
                self._maker.put_blob(digest, data)
        if self._announced and not self._active.repairs:
            return self._active.append(records)
        if not self._compared:  # not again at the end of the process, when nothing can be imported any more
            refuse_rolled_back(self.layout, self._active.tail.next_seq)
            self._compared = True
        own = self._own_records()
        first = self._active.append([*own, *records]) + len(own)
        self._announced = True
        self._active.repairs.clear()
        return first

    def _append_after(self, loss: Replaced, records: Sequence[bytes], timeout: float) -> int:
        """The segment is not ours any more; perhaps the whole directory is not, and its LOCK another file."""
        if self._lock.is_another_file():
            self._release()
            self._active = ActiveSegment(self._fs, self.layout, self._rotation)
            self._announced = self._compared = False
            self._active.repairs.append(Repair("the log directory was deleted or replaced", {"next": loss.expected}))
            return self._append_locked(records, timeout)
        return self._lock.run(timeout, self._append_reopened, loss, records)

    def _append_reopened(self, loss: Replaced, records: Sequence[bytes]) -> int:
        self._active.reopen(loss)
        return self._append_here(records)

    def _own_records(self) -> list[bytes]:
        """What the store itself has to say before the next event: that it was opened, what it repaired."""
        records = [own_events.recovered(repair) for repair in self._active.repairs]
        return records if self._announced else [*records, own_events.opened(self._pid)]

    def _storage_error(self, error: OSError) -> StorageError:
        self._active.close()
        return cannot_write(self.path, error)

    # -- syncing ---------------------------------------------------------------------------------------

    def sync(self) -> None:
        """See `AuditBackend.sync`. Runs outside the lock: two processes syncing do not wait for each other."""
        through, count = self._syncs.run(self._sync_segments)
        self._sealing.synced(through, rotated=count > 1)
        self._space.look()
        if self._retention is not None and count > 1:
            upkeep.prune_quietly(self, self._retention)

    def _sync_segments(self) -> tuple[int, int]:
        """How many events are synced now, and how many segments they were written to."""
        try:
            due = self._store.run(self._sync_due)
        except OSError as error:  # no more files may be open: nothing was tried, and nothing is lost
            raise cannot_write(self.path, error) from error
        try:
            for handle, path in due.segments:
                self._active.sync(handle, path)
        except OSError as error:
            # Of the others nothing is known either: they count as failed, too.
            self._active.suspects.update(path for _, path in due.segments)
            raise self._poisoned(error) from error
        finally:
            for handle, _ in due.segments:
                self._fs.close(handle)
        if due.complete:
            self._store.run(self._active.forget, due.complete)
        self._pause = _FIRST_PAUSE
        return due.through, len(due.segments)

    def _sync_due(self) -> SyncDue:
        if self._poison is not None:
            raise self._poison
        return self._active.sync_due()

    # -- checkpoints -----------------------------------------------------------------------------------

    def seal(self, *, timeout: float = 1.0) -> Checkpoint | None:
        """Sync everything and make a checkpoint that covers it, now, and keep it.

        Args:
            timeout: seconds to wait for other processes at the most.

        Returns:
            The head; None for an unsigned log, or if another process kept making one.

        Raises:
            RolledBackError: the log's key has signed another history than the one that is there.
            StorageError: the checkpoint could not be made.
        """
        checkpointer = self.checkpointer()
        if checkpointer is None:
            return None
        through = self._settled(timeout)
        self.sync()
        try:
            return checkpointer.make(through, keep=True, timeout=timeout)
        except OSError as error:
            raise StorageError(f"no checkpoint of {self.path} can be made: {error.strerror or error}") from error

    def rebuild(self, *, timeout: float = 1.0) -> int:
        """Rebuild every tile from the segments; returns how many were missing or damaged.

        Raises:
            RolledBackError: the events do not lead to the signed head.
            ConfigurationError: the log is unsigned, or this user has no key for it.
        """
        checkpointer = self.checkpointer()
        if checkpointer is None:
            raise ConfigurationError(f"{self.path} has no checkpoints: it is unsigned, or its key is not this user's")
        through = self._settled(timeout)
        return checkpointer.rebuild(through)

    def rotate_key(self) -> VerifierKey:
        """Sign with a new key from now on. The event `log.key` names it under the last checkpoint of the old one.

        Raises:
            ConfigurationError: the log is unsigned, or its key is not a file of this user.
            StorageError: it could not be recorded; then the old key is still in use.
        """
        return upkeep.rotate_key(self)

    def _settled(self, timeout: float) -> int:
        """How many events there are, none of them half written."""
        try:
            return self.while_nobody_writes(timeout, self._located)
        except OSError as error:
            raise self._storage_error(error) from error

    def _located(self) -> int:
        through = self._active.locate().next_seq
        refuse_rolled_back(self.layout, through)
        return through

    def checkpointer(self) -> Checkpointer | None:
        """What makes the checkpoints; None when this user has no key for the log, or it wants none."""
        if self._checkpointer is None and self._given_signer is not False:
            header = self._maker.header()
            given, key = self._given_signer, KeyFile(str(header["origin"]))
            signer = given or (key.signer() if "vkey" in header else None)
            if signer is not None and str(signer.vkey) in log_keys(self.layout):
                current = key.signer if given is None else lambda: given
                self._checkpointer = Checkpointer(self._fs, self.layout, signer, current)
        return self._checkpointer

    def _make_checkpoint(self, through: int, keep: bool, timeout: float) -> int | None:
        """For `Sealing`; an unsigned log counts as covered."""
        checkpointer = self.checkpointer()
        if checkpointer is None:
            self._told = self._told or self._given_signer is False or upkeep.tell_unsealed(self)
            return through
        try:
            head = checkpointer.make(through, keep=keep, timeout=timeout)
        except RolledBackError as error:
            with self._store.lock:
                self._refusal = error
                self._announced = False  # the next event goes the long way, and meets it there
            raise
        return None if head is None else head.size

    def _say_idle(self) -> None:
        """For `Sealing`: nothing was written for a heartbeat's time."""
        if self._announced and self._heartbeat is not None:
            upkeep.beat(self, self._active.path, self._heartbeat)

    # -- retention -------------------------------------------------------------------------------------

    def prune(self, retention: Retention, *, now: datetime | None = None) -> list[SealedSegment]:
        """Drop what `retention` does not keep; recorded as `log.pruned` before the first file goes.

        Args:
            retention: the limits.
            now: the moment from which ages are counted; the present one when left out.

        Returns:
            The segments that were dropped, oldest first.

        Raises:
            HeldError, ConfigurationError: the log is held; or it is signed, and its key is not this user's.
            WriteError: the event could not be recorded, a file not be removed, or another process is pruning.
        """
        return upkeep.prune(self, retention, now).segments

    def _poisoned(self, error: OSError) -> SyncError:
        with self._store.lock:
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

    def while_nobody_writes(self, timeout: float, work: Callable[[], T]) -> T:
        """Have all writers wait for the end of a call, those of other processes too.

        Args:
            timeout: seconds to wait for them.
            work: what to call; returns what it does.

        Raises:
            LockTimeoutError: they did not end in time.
        """
        return self._store.run(self._lock.run, timeout, work)

    # -- end, fork -------------------------------------------------------------------------------------

    def works_below(self) -> bool:
        """Whether this is a signal handler or a finalizer that has interrupted its own thread in here."""
        return self._store.is_mine or self._syncs.is_mine

    def confirm(self, records: Sequence[bytes]) -> bool:
        """Whether an `append` that was interrupted stored its records; then go on as if it had returned.

        It may be asked for the last one only. False as well where that cannot be told.
        """
        return self._store.run(self._confirm, records)

    def _confirm(self, records: Sequence[bytes]) -> bool:
        stored = self._active.ends_with(records)
        if stored:  # what the store had to say itself was written with them
            self._announced = True
            self._active.repairs.clear()
        return stored

    def leave(self) -> None:
        """Record `log.closed` where this process wrote anything; what it writes later opens the log anew."""
        if self._closed or self._pid != current_pid() or self._poison is not None:
            return
        if self._announced:
            if self._farewell is None or not self.confirm([self._farewell]):  # it may have been interrupted here
                self._farewell = own_events.record(AuditEventType.LOG_CLOSED, metadata={"pid": self._pid})
                self.append([self._farewell])
            self._announced = False
        if self._farewell is not None:
            self.sync()
            self._sealing.finish()
            self._farewell = None

    def close(self) -> None:
        """Record `log.closed` where this process wrote anything, sync and free the handles.

        After a KeyboardInterrupt it may be called again, to go on.
        """
        try:
            self.leave()
        except Exception:
            self._let_go()
            raise
        self._let_go()

    def _let_go(self) -> None:
        self._sealing.close()
        self._store.run(self._close)

    def _close(self) -> None:
        self._closed = True
        self._release()

    def after_fork(self) -> None:
        """In a forked child: let go of the parent's handles (its lock stays its own) and start afresh."""
        self._store, self._syncs, self._blobs = Exclusive(), Exclusive(), {}
        self._release()
        self._reset()

    def _release(self) -> None:
        self._active.close()
        self._lock.close()
