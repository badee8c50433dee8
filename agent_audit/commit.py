"""Group commit within one process: from many threads, tasks and signal handlers to one backend, in order.

`submit` appends to a deque (atomic in C), then tries the commit lock without blocking. Whoever gets it leads: it
writes all that is queued in one batch, and once more whatever was queued meanwhile; the others wait until their
record is written. So an uncontended event is written by its own thread without a hand-over, and a crowd of threads
shares batches.

A re-entrant call (a signal handler or `__del__` that logs while the same thread is committing) only queues:
the frame that it interrupted writes it.

`_leader` says who leads, and is only ever set by who holds `_lock`. The lock is taken by `with` alone: a
KeyboardInterrupt may strike between any other call that takes it and the `try` behind it, and it would be held for
ever. It is an RLock for a signal handler that strikes after it is taken and before `_leader` is set.
"""

from __future__ import annotations

import asyncio
import math
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from itertools import islice

from agent_audit.backends.interface import AuditBackend
from agent_audit.bell import Bell, release
from agent_audit.durability import CommitLimits, Durability
from agent_audit.entries import Entry, Lead, LossLedger, records_of, ring
from agent_audit.errors import (
    AuditError,
    BufferFullError,
    ClosedError,
    EncodingError,
    LockTimeoutError,
    WriteError,
    as_write_error,
)
from agent_audit.group_sync import GroupSync
from agent_audit.process import current_pid

_LOOK_AFTER = 0.25
"""Seconds after which a thread that waits looks whether the leader is still there."""

_LOOK_AGAIN = 0.5e-3
"""Seconds between two looks of who waits for the leader to end."""

_RETRY_INTERVAL = 1.0
"""Seconds between two tries of the background thread while the store fails."""


class Committer:
    """Owns the queue, the commit lock and the background thread of one logger.

    Args:
        backend: where batches go.
        limits: bounds of the buffer and of waits.
        losses: told about every record given up; its gap record goes first once writing works again.
    """

    def __init__(self, backend: AuditBackend, limits: CommitLimits, losses: LossLedger) -> None:
        self._backend = backend
        self._store_works_below: Callable[[], bool] = getattr(backend, "works_below", bool)
        self._confirm: Callable[[list[bytes]], bool] = getattr(backend, "confirm", lambda _: False)
        self.limits = limits
        self._patience = limits.loop_lock_timeout
        self._losses = losses
        self.ending = False
        """Set at exit: there may be no background thread any more, every event is written at once."""
        self.closed = False
        self._reset()
        if hasattr(os, "register_at_fork"):
            _live.add(self)

    def _reset(self) -> None:
        """Fresh locks, an empty queue and no thread: at the start, and in a forked child."""
        self._pid = current_pid()
        self._queue: deque[bytes | Entry] = deque()
        self._queued_bytes = 0
        self._singly = 0
        """How many of the next records are written one by one: with one of them the store could do nothing."""
        self._lock = threading.RLock()
        self._leader = 0
        """Ident of the thread that is committing; 0 when none is."""
        self._group = GroupSync(self._backend.sync)
        self.failing: Exception | None = None
        self._bell = Bell(self.limits.interval)
        self._awake = False
        self._thread: threading.Thread | None = None
        self._start_again = 0.0
        """When the background thread may be tried to be started again, if it could not be; else 0."""

    # -- submitting ------------------------------------------------------------------------------------

    def submit(self, record: bytes, level: Durability, must_know: bool) -> None:
        """Record one event at its level.

        Raises:
            WriteError: only with `must_know`: it is not recorded, nor will it be.
        """
        if level is Durability.WRITTEN and self._write_alone(record, must_know):
            return
        in_loop = asyncio._get_running_loop() is not None
        if level is Durability.BUFFERED and not self._inline:
            self._buffer(record, in_loop)
            return
        entry = Entry(record, must_know)
        if not self._enqueue(entry, record, must_know, in_loop):
            return
        self._finish(entry, level, self.limits.loop_lock_timeout if in_loop else self.limits.lock_timeout)

    def _write_alone(self, record: bytes, must_know: bool) -> bool:
        """The usual case, at half the cost: nobody else is here and nothing is queued, lost or failing.

        Returns:
            False when this is not that case: then nothing has happened, and the record goes the long way.

        Raises:
            WriteError: the store refused, and the caller must know.
        """
        if self._queue or self._leader or self.failing is not None or self.closed or self._losses.pending:
            return False
        try:
            with self._lock:
                if self._leader or self._queue:
                    return False
                self._leader = threading.get_ident()
                try:
                    self._backend.append((record,), timeout=self._patience)
                    self._group.written += 1
                except LockTimeoutError:
                    return False
                except BaseException as error:
                    if self._is_stored([record], error):  # it is synced all the same
                        self._group.written += 1
                        self._rouse()
                    elif isinstance(error, Exception):
                        entry = Entry(record, must_know)
                        self._refuse([entry], error)
                        if entry.error is not None:
                            raise entry.error from entry.error.__cause__
                    if not isinstance(error, Exception):
                        raise
                    return True
                finally:
                    self._leader = 0
        finally:
            if self._queue:  # of another thread, a signal handler or a finalizer, who found somebody leading
                self._lead(0.0, patient=False)
        if not self._awake:
            self._rouse()
        return True

    async def asubmit(self, record: bytes, level: Durability, must_know: bool) -> None:
        """`submit` for coroutines: what can be done at once is done here, every wait happens off the loop."""
        if self._full():
            await _off_the_loop(lambda: self.submit(record, level, must_know))
            return
        if level is Durability.BUFFERED and not self._inline:
            self._buffer(record, in_loop=True)
            return
        entry = Entry(record, must_know)
        if not self._enqueue(entry, record, must_know, in_loop=True):
            return
        if self._group.written:  # the first event makes the log, with its key and some syncs
            self._lead(0.0, patient=False)
        if not entry.done:
            await _off_the_loop(lambda: self._finish(entry, Durability.WRITTEN, self.limits.lock_timeout))
        if level is Durability.SYNCED and entry.done:
            await self._async_sync_through(entry.position, must_know)

    def _finish(self, entry: Entry, level: Durability, timeout: float) -> None:
        """Bring one queued record to its level."""
        must_know = entry.must_know
        self._commit_until(entry, timeout)
        if entry.error is not None:
            raise entry.error
        if level is Durability.SYNCED and entry.done:
            self._sync_through(entry.position, must_know)

    def _buffer(self, record: bytes, in_loop: bool) -> None:
        """Leave a record for the background thread."""
        if self._enqueue(record, record, must_know=False, in_loop=in_loop) and not self._awake:
            self._rouse()

    def _enqueue(self, entry: bytes | Entry, record: bytes, must_know: bool, in_loop: bool) -> bool:
        """Put a record into the queue; False when it is full and stays so, and the record is given up."""
        if self.closed:
            raise ClosedError("this AuditLogger was closed; make a new one to go on")
        if self._full() and not self._make_room(in_loop):
            reason = f"the buffer of {self.limits.max_events} events stayed full"
            if self.failing is not None:
                reason += f": {self.failing}"
            if must_know:
                raise BufferFullError(reason) from self.failing
            self._losses.add([record], reason)
            return False
        self._queued_bytes += len(record)  # threads may race on the sum; a drained queue sets it right
        self._queue.append(entry)
        return True

    @property
    def _inline(self) -> bool:
        """Whether every event is written at once, for there is no background thread."""
        return self.ending or self._start_again > 0

    @property
    def _waiting(self) -> bool:
        """Whether there is anything to write: events, or the account of those that were lost."""
        return bool(self._queue or self._losses.pending)

    def _full(self) -> bool:
        return len(self._queue) >= self.limits.max_events or self._queued_bytes >= self.limits.max_bytes

    def _make_room(self, in_loop: bool) -> bool:
        """Commit, waiting for up to `block_timeout`; not at all while the store is known to fail."""
        wait = self.limits.loop_lock_timeout if in_loop else self.limits.block_timeout
        deadline = time.monotonic() + (0.0 if self.failing is not None else wait)
        while True:
            self._commit_once(max(0.0, deadline - time.monotonic()))
            if not self._full():
                return True
            if time.monotonic() >= deadline or self._leader == threading.get_ident():
                return False

    # -- committing ------------------------------------------------------------------------------------

    def _commit_until(self, entry: Entry, timeout: float) -> None:
        """Return when `entry` is written or refused, or when only the frame below can do it."""
        deadline = 0.0
        while not entry.done and entry.error is None:
            lead = self._lead(timeout)
            if lead is Lead.BELOW:
                self._rouse()  # the frame below may be one that writes nothing
                return
            if lead is Lead.HERE:
                if entry.must_know or self.failing is None:
                    continue
                return  # the store fails: it stays queued and is written as soon as that works again
            now = time.monotonic()
            deadline = deadline or now + timeout
            if now >= deadline:
                self._give_up_waiting(entry, timeout)
                return
            if not entry.bell.acquire(timeout=min(deadline - now, _LOOK_AFTER)) and deadline - now > _LOOK_AFTER:
                self._depose_the_gone()

    def _lead(self, timeout: float, *, patient: bool = True) -> Lead:
        """Write all that is queued, unless somebody else is at it, who then looks at the queue again.

        So a thread that has queued a record and could not lead has nothing to do but to wait for its bell, and a
        crowd of threads does not have to pass through the lock one by one.
        """
        me, led, wrote = threading.get_ident(), False, True
        if self._store_works_below():
            return Lead.BELOW
        while wrote and self._waiting and not self._leader:
            led, wrote = True, False
            try:
                with self._lock:
                    wrote = self._drain_as(me, timeout, patient)
            finally:
                if not wrote:
                    ring(self._queue)  # nobody is at it any more: whoever waits has to lead
        if self._leader == me:
            return Lead.BELOW
        return Lead.HERE if led else Lead.ELSEWHERE

    def _drain_as(self, me: int, timeout: float, patient: bool) -> bool:
        """Lead, with the lock held; True as well where a frame below leads, which writes what is queued."""
        if self._leader:
            return True
        self._leader = me
        try:
            return self._drain(timeout, patient=patient)
        finally:
            self._leader = 0

    def _depose_the_gone(self) -> None:
        """On Python 3.10 a KeyboardInterrupt may strike before its leader resigns: but then nobody has the lock."""
        with self._lock:
            if self._leader != threading.get_ident():
                self._leader = 0

    def _wait_for_leader(self, seconds: float) -> bool:
        """Until another thread no longer leads; False when it still does after that time."""
        deadline = time.monotonic() + seconds
        while self._leader not in (0, threading.get_ident()):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_LOOK_AGAIN)
        return True

    def _commit_once(self, timeout: float) -> None:
        """Write what is queued as soon as nobody else is at it."""
        while self._lead(timeout or self.limits.loop_lock_timeout) is Lead.ELSEWHERE and self._waiting:
            if not self._wait_for_leader(timeout):
                return

    def _give_up_waiting(self, entry: Entry, timeout: float) -> None:
        if not entry.must_know:
            return  # stays queued; whoever commits next writes it
        try:
            self._queue.remove(entry)
        except ValueError:
            return  # taken into a batch just now; not refused any more
        entry.error = WriteError(f"another thread was writing for longer than lock_timeout ({timeout} s)")

    def _drain(self, timeout: float, *, patient: bool = True) -> bool:
        """Write all that is queued; False when the store did not take it. Only for the leader.

        Args:
            timeout: seconds to wait for other processes.
            patient: whether not getting the store's lock in that time is a failure; else nothing has happened.
        """
        wrote = True
        while wrote and self._waiting:
            wrote = self._write(timeout, patient)
        if wrote:
            self._queued_bytes = 0
        if self._group.due and not self._awake:
            self._rouse()
        return wrote

    def _write(self, timeout: float, patient: bool) -> bool:
        """Write one batch from the front of the queue; False when the store did not take it."""
        queue = self._queue
        batch: list[bytes | Entry] = []
        records: list[bytes] = []
        gap: bytes | None = None
        written = 0
        try:
            batch = list(islice(queue, 1 if self._singly else self.limits.max_batch))
            self._singly = max(0, self._singly - 1)
            for _ in batch:
                queue.popleft()
            gap = self._losses.peek()
            records = [gap, *records_of(batch)] if gap else records_of(batch)
            self._backend.append(records, timeout=timeout)
            written = self._group.written + len(batch)
            self._acknowledge(batch, written, gap)
        except BaseException as error:
            try:
                if not written and self._is_stored(records, error):
                    written = self._group.written + len(batch)
                if written:
                    self._acknowledge(batch, written, gap)
                elif isinstance(error, Exception) and (patient or not isinstance(error, LockTimeoutError)):
                    return self._refuse(batch, error)
                else:  # somebody else is writing, or a KeyboardInterrupt: nothing is to be lost by it
                    self._put_back(batch)
            except BaseException:  # another one, or here the stack ends, or the memory: nothing of ours can be called
                for entry in () if written else batch[::-1]:
                    if entry not in queue and (isinstance(entry, bytes) or entry.error is None):
                        queue.appendleft(entry)
                raise
            if not isinstance(error, Exception):
                self._rouse()
                raise
        return bool(written)

    def _is_stored(self, records: list[bytes], error: BaseException) -> bool:
        """Whether a batch was written all the same, as far as the store can tell. It knows what it refuses itself; what
        comes from elsewhere (a KeyboardInterrupt, the end of the memory) may have struck behind the write."""
        if not records or isinstance(error, AuditError):
            return False
        try:
            return self._confirm(records)
        except Exception:
            return False  # better twice than not at all

    def _acknowledge(self, batch: list[bytes | Entry], written: int, gap: bytes | None) -> None:
        """Tell everybody whose record was in the batch; doing so twice is doing so once."""
        if gap:
            self._losses.settle()
        self.failing = None
        self._group.written = written
        for entry in batch:
            if isinstance(entry, Entry):
                entry.position = written
                entry.done = True
                release(entry.bell)

    def _refuse(self, batch: list[bytes | Entry], error: Exception) -> bool:
        """Tell those who must know; the others go back to the front of the queue, in order.

        Returns:
            whether it can be gone on with at once: what no store takes is not to stand in front of all else for ever.
        """
        if batch and isinstance(error, EncodingError):
            return self._give_up(batch, error)
        self.failing = failure = as_write_error(error)
        again: list[bytes | Entry] = []
        for entry in batch:
            if isinstance(entry, Entry) and entry.must_know:
                entry.error = failure
                release(entry.bell)
            else:
                again.append(entry)
        self._put_back(again)
        if self._queue and not self._awake:
            self._rouse()  # the background thread tries again
        return False

    def _give_up(self, batch: list[bytes | Entry], error: EncodingError) -> bool:
        """A record that cannot be stored, however often it is tried. Which of several it is, each alone will show."""
        if len(batch) > 1:
            self._singly = len(batch)
            self._put_back(batch)
            return True
        failure = as_write_error(error)
        entry = batch[0]
        if isinstance(entry, Entry) and entry.must_know:
            entry.error = failure
        else:
            self._losses.add(records_of(batch), str(failure))
            if isinstance(entry, Entry):
                entry.done = True
        if isinstance(entry, Entry):
            release(entry.bell)
        return True

    def _put_back(self, batch: list[bytes | Entry]) -> None:
        """In front of the queue, unless they are still there; doing so twice is doing so once."""
        there = {id(entry) for entry in list(self._queue)}  # copied in one step: others go on queueing
        self._queue.extendleft([entry for entry in reversed(batch) if id(entry) not in there])
        # Threads may have raced on the sum; here, where it may have grown, it is counted.
        self._queued_bytes = sum(map(len, records_of(self._queue)))

    # -- syncing ---------------------------------------------------------------------------------------

    def _sync_through(self, position: int, must_know: bool) -> bool:
        """False when it is not on the disk when this returns."""
        try:
            return self._group.through(position)
        except Exception as error:
            failure = as_write_error(error)
            if must_know:
                raise failure from failure.__cause__
            self.failing = failure
            return False

    async def _async_sync_through(self, position: int, must_know: bool) -> None:
        """Leave the sync to the background thread: while it runs, the next group gathers."""
        if self._thread is None or self._inline or asyncio._get_running_loop() is None:
            await _off_the_loop(lambda: self._sync_through(position, must_know))
            return
        future = self._group.coroutines.add(position)
        self._rouse()
        self._bell.hurry()
        try:
            await future
        except Exception:
            if must_know:
                raise

    # -- the background thread -------------------------------------------------------------------------

    def start(self) -> None:
        """Start the background thread, unless it runs or none is wanted any more."""
        if self._thread is not None or self.ending or time.monotonic() < self._start_again:
            return
        # Thread and bell together: gevent may have replaced `threading` since, after a worker was forked. What it makes
        # of a thread waits at a lock from before with all that the worker does.
        self._bell = bell = Bell(self.limits.interval)
        self._thread = threading.Thread(target=_run, args=(weakref.ref(self), bell), name="agent-audit", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no more can be started: for now, or for good, where the interpreter ends
            self._thread, self._awake = None, False
            self._start_again = time.monotonic() + _RETRY_INTERVAL
        else:
            self._start_again = 0.0

    def _rouse(self) -> None:
        """Have the background thread look at what there is within an interval."""
        if self._thread is None and not self.closed:
            self.start()
        if self._thread is not None and not self._awake:
            self._awake = True
            self._bell.ring()

    def tick(self) -> None:
        """What the background thread does every interval while there is something to do."""
        self._awake = False
        self._commit_once(self.limits.lock_timeout)
        if self._group.due:
            problem = self._group.once()
            self.failing = problem or self.failing
        if self._waiting or self._group.due:
            if self.failing is not None:
                self._bell.pause(_RETRY_INTERVAL)
            self._rouse()

    def stumble(self, error: Exception) -> None:
        """A tick has failed, and not by what it was to do."""
        self.failing = as_write_error(error)
        self._bell.pause(_RETRY_INTERVAL)
        self._rouse()

    def note_loss(self, event_type: str, timestamp: str, reason: str) -> None:
        """An event did not become a record: it is told of with the others that were lost."""
        self._losses.note(event_type, timestamp, reason)
        self._rouse()

    # -- barrier, exit, fork ---------------------------------------------------------------------------

    def flush(self, timeout: float | None = None, *, sync: bool = True) -> bool:
        """Write (and sync) everything submitted before the call. False when that did not work in time, or not here."""
        deadline = None if timeout is None else time.monotonic() + timeout
        if self.works_below:
            return False
        while self._waiting:
            left = self.limits.lock_timeout if deadline is None else deadline - time.monotonic()
            if left <= 0:
                return False
            self._commit_once(left)
            if self.failing is not None and self._waiting:
                return False
        # Whoever took the last batch may still be writing it.
        if not self._wait_for_leader(math.inf if deadline is None else deadline - time.monotonic()):
            return False
        return not sync or self._sync_through(self._group.written, must_know=True)

    @property
    def works_below(self) -> bool:
        """Whether this is a signal handler or a finalizer that has interrupted its own thread in writing or syncing:
        then nothing can be waited for, for the frame below goes on when this one has returned."""
        return self._leader == threading.get_ident() or self._group.leads_below or self._store_works_below()

    @property
    def queued(self) -> int:
        """How many records wait to be written."""
        return len(self._queue)

    def abandon(self, reason: str) -> None:
        """Give up what is still queued."""
        records = records_of(self._queue)
        self._queue.clear()
        self._queued_bytes = 0
        if records:
            self._losses.add(records, reason)

    def close(self) -> None:
        """Take nothing more, and let the background thread end."""
        self.closed = True
        self._rouse()

    def notice_fork(self) -> None:
        """`after_fork`, where a fork in C has run no Python hooks."""
        if self._pid != current_pid():
            self.after_fork()

    def after_fork(self) -> None:
        """In a forked child: nothing of the parent's is ours; its queue is written by the parent."""
        self._reset()
        self._losses.forget()
        if (reopen := getattr(self._backend, "after_fork", None)) is not None:
            reopen()


def _run(ref: weakref.ref[Committer], bell: Bell) -> None:
    """Body of the background thread. Holds the committer only while it works, so that it can be collected."""
    while True:
        bell.wait()
        committer = ref()
        if committer is None or committer.closed:
            return
        try:
            committer.tick()
        except Exception as error:  # no memory, for instance: the next tick tries again
            committer.stumble(error)
        del committer


async def _off_the_loop(work: Callable[[], object]) -> None:
    """In another thread; here, where none can be started, or where the loop is not asyncio's.

    It is done also if who waits for it is cancelled.
    """
    turn = [work]

    def once() -> None:
        try:
            mine = turn.pop()
        except IndexError:
            return  # it could not be started, but it was queued: others of the pool may come to it
        mine()

    try:
        done = asyncio.get_running_loop().run_in_executor(None, once)
    except RuntimeError:
        once()
    else:
        done.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # it may be nobody else who asks
        await asyncio.shield(done)


_live: weakref.WeakSet[Committer] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for committer in list(_live):
        committer.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
