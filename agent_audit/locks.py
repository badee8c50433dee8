"""Locks for forked children, and for signal handlers and finalizers, which strike who holds one on its own thread."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from agent_audit.errors import LockTimeoutError

P = ParamSpec("P")
T = TypeVar("T")


def fork_safe_lock() -> threading.RLock:
    """A re-entrant lock. In a forked child it is free: the thread that may have held it does not exist there.

    Nothing of it is Python, so that no KeyboardInterrupt leaves it held: one that struck in an `__enter__` of ours,
    behind the lock, would, and every other thread would wait for ever.
    """
    lock = threading.RLock()
    _all.add(lock)
    return lock


class Exclusive:
    """One at a time, and nobody twice: a signal handler or a finalizer that strikes while its own thread is inside is
    refused, for it would wait for the very frame that it has interrupted.

    No context manager: a KeyboardInterrupt may strike between its `__enter__` and the block.
    """

    __slots__ = ("lock", "owner")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.owner = 0
        """Ident of the thread that is inside, 0 when none is; only changed by who holds the lock."""

    def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Be inside for a call.

        Raises:
            LockTimeoutError: this thread is inside already.
        """
        with self.lock:
            if self.owner:
                raise self.refusal()
            try:
                self.owner = threading.get_ident()
                return work(*args, **kwargs)
            finally:
                self.owner = 0

    @property
    def is_mine(self) -> bool:
        """Whether this thread is inside."""
        return self.owner == threading.get_ident()

    def refusal(self) -> LockTimeoutError:
        """What to raise where it is taken."""
        return LockTimeoutError("this thread was interrupted while it was writing or syncing; it goes on afterwards")


_all: weakref.WeakSet[Any] = weakref.WeakSet()


def _free_all_in_child() -> None:
    for lock in list(_all):
        # What the standard library does with its own locks (logging, concurrent.futures): there is no public way. What
        # this thread holds itself, it goes on with in the child, and gives back.
        if not lock._is_owned():
            lock._at_fork_reinit()


unforked = threading.RLock()
"""No other thread forks while it is held. For imports of what is loaded only when it is needed: a child that is forked
in the middle of one inherits the module's lock, and waits for ever when it imports the same."""


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_all_in_child)
    os.register_at_fork(before=unforked.acquire, after_in_parent=unforked.release, after_in_child=unforked.release)
