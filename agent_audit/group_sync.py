"""Group sync within one process: one sync of the store serves everybody who waits for it by then.

Threads by leader and followers: whoever finds nobody syncing leads; the others wait, each on a lock of its own, and
are all woken at once by the leader whose sync covered them. (Were they to queue for one lock, each would have to pass
through it before it could go on, and the next sync would start with nobody in its group.) Coroutines are served by the
background thread, see `waiters`.

As in `commit`, `_leader` says who leads and is only set by who holds `_lock`, an RLock that is taken by `with` alone: a
signal handler or a finalizer that strikes who leads finds that it is its own thread.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from agent_audit.bell import release
from agent_audit.errors import as_write_error
from agent_audit.waiters import SyncWaiters

_CROWD = 4
"""From so many waiting threads on, the next sync waits until as many have come again, or nobody more comes."""

_LOOK_AFTER = 0.25
"""Seconds after which a thread that waits looks whether it has to lead: who was to may be below it on its thread."""

_GATHERING = 0.1e-3
"""Seconds between two looks whether more have come."""

_MOST_LOOKS = 20


class _Follower:
    """A thread that waits for a position to be synced."""

    __slots__ = ("bell", "error", "position")

    def __init__(self, position: int) -> None:
        self.position = position
        self.error: Exception | None = None
        self.bell = threading.Lock()
        self.bell.acquire()


class GroupSync:
    """Counts what is written and what of it is synced.

    Args:
        sync: syncs everything written so far; raises when it cannot.
    """

    def __init__(self, sync: Callable[[], None]) -> None:
        self._sync = sync
        self._lock = threading.RLock()
        self._leader = 0
        """Ident of the thread that is syncing; 0 when none is."""
        self._claimed = False
        """Whether a thread is about to lead. The others wait for its sync, not for the lock: a crowd would gather there
        while one leader has given it back and the next does not run yet, and pass one by one, for good."""
        self._followers: deque[_Follower] = deque()
        self._crowd = 0
        """How many a sync serves, of late."""
        self.written = 0
        """Position of the last record in the store; set by the committer."""
        self.synced = 0
        """Position up to which everything is on the disk."""
        self.coroutines = SyncWaiters()

    @property
    def due(self) -> bool:
        """Whether there is anything to sync, or anybody who waits for it."""
        return self.written > self.synced or bool(self.coroutines)

    @property
    def leads_below(self) -> bool:
        """Whether a frame of this thread that was interrupted is syncing."""
        return self._leader == threading.get_ident()

    def through(self, position: int) -> bool:
        """Return when everything up to `position` is on the disk.

        Returns:
            False when only the frame below can go on with that, which a signal handler or a finalizer has interrupted.

        Raises:
            Exception: that of the sync that should have covered it. Never tried again here.
        """
        if self.synced >= position:
            return True
        me = _Follower(position)
        self._followers.append(me)
        rung = True
        while self.synced < position:
            if self.leads_below:
                with suppress(ValueError):
                    self._followers.remove(me)
                return False
            if not self._leader and not (self._claimed and rung):
                self._claimed = True
                self._lead(position, gather=True)
            elif me.error is None:
                rung = me.bell.acquire(timeout=_LOOK_AFTER)
            if me.error is not None:
                raise me.error
        return True

    def once(self) -> Exception | None:
        """Sync what is due, for coroutines and for nobody in particular; returns what went wrong."""
        problem = self._lead(self.written, gather=False)
        self.coroutines.settle(self.synced, problem)
        return problem

    def _lead(self, position: int, *, gather: bool) -> Exception | None:
        """Sync for everybody, unless `position` is reached by then; returns what went wrong."""
        problem: Exception | None = None
        try:
            with self._lock:
                self._claimed = False
                if self._leader:
                    return None  # the frame below
                try:
                    self._leader = threading.get_ident()
                    if self.synced < position:
                        problem = self._sync_now(gather)
                finally:
                    self._leader = 0
        finally:
            self._wake_followers(problem)
        return problem

    def _sync_now(self, gather: bool) -> Exception | None:
        if gather:
            self._gather()
        upto = self.written
        try:
            self._sync()
        except RecursionError:
            raise  # on this thread the stack ends: for the others that says nothing
        except Exception as error:
            return as_write_error(error)
        self.synced = max(self.synced, upto)
        return None

    def _gather(self) -> None:
        """Wait for a crowd: those whom the last sync has woken come back one after the other."""
        before = -1
        for _ in range(_MOST_LOOKS if self._crowd >= _CROWD else 0):
            count = len(self._followers)
            if count >= self._crowd or count == before:
                break
            before = count
            time.sleep(_GATHERING)
        self._crowd = max(len(self._followers), self._crowd // 2)

    def _wake_followers(self, problem: Exception | None) -> None:
        """Wake all whose position is reached, or all when the sync failed; and of the others one, to lead."""
        for _ in range(len(self._followers)):
            try:
                follower = self._followers.popleft()
            except IndexError:
                break  # another leader took it
            if follower.position > self.synced:
                if problem is None:
                    self._followers.append(follower)
                    continue
                follower.error = problem
            release(follower.bell)
        try:
            release(self._followers[0].bell)
        except IndexError:
            pass  # nobody waits
