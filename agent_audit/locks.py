"""Locks for forked children, and for signal handlers and finalizers, which strike who holds one on its own thread."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from agent_audit.errors import LockTimeoutError


class ForkSafeLock:
    """A re-entrant lock. In a forked child it is free: the thread that may have held it does not exist there."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _all.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def reset(self) -> None:
        """Be free, whoever holds it."""
        self._lock = threading.RLock()


class Exclusive:
    """One at a time, and nobody twice: a signal handler or a finalizer that strikes while its own thread is inside is
    refused, for it would wait for the very frame that it has interrupted."""

    __slots__ = ("lock", "owner")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.owner = 0
        """Ident of the thread that is inside, 0 when none is; only changed by who holds the lock."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be inside for the block.

        Raises:
            LockTimeoutError: this thread is inside already.
        """
        with self.lock:
            if self.owner:
                raise self.refusal()
            try:
                self.owner = threading.get_ident()
                yield
            finally:
                self.owner = 0

    @property
    def is_mine(self) -> bool:
        """Whether this thread is inside."""
        return self.owner == threading.get_ident()

    def refusal(self) -> LockTimeoutError:
        """What to raise where it is taken."""
        return LockTimeoutError("this thread was interrupted while it was writing or syncing; it goes on afterwards")


_all: weakref.WeakSet[ForkSafeLock] = weakref.WeakSet()


def _free_all_in_child() -> None:
    for lock in list(_all):
        lock.reset()


_whole = threading.RLock()


@contextmanager
def unforked() -> Iterator[None]:
    """No other thread forks during the block. For imports of what is loaded only when it is needed: a child that is
    forked in the middle of one inherits the module's lock, and waits for ever when it imports the same."""
    with _whole:
        yield


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_all_in_child)
    os.register_at_fork(before=_whole.acquire, after_in_parent=_whole.release, after_in_child=_whole.release)
