"""Waking a thread from anywhere, a signal handler included."""

from __future__ import annotations

import threading


class Bell:
    """Wakes the background thread: `ring` within an interval, `hurry` at once. Raw locks, which are atomic in C:
    Event.set() may not be interrupted by a signal handler that sets the same event."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._rung = threading.Lock()
        self._rung.acquire()
        self._hurried = threading.Lock()
        self._hurried.acquire()

    def ring(self) -> None:
        """Wake whoever waits, within an interval."""
        release(self._rung)

    def hurry(self) -> None:
        """End the interval, or a pause, now."""
        release(self._hurried)

    def pause(self, seconds: float) -> None:
        """Sleep, unless hurried."""
        self._hurried.acquire(timeout=seconds)

    def wait(self, seconds: float | None = None) -> bool:
        """Sleep until rung, then gather for an interval or until hurried; False when not rung for so many seconds."""
        rung = self._rung.acquire(timeout=-1 if seconds is None else seconds)
        if rung:
            self._hurried.acquire(timeout=self._interval)
        return rung


class Flag:
    """A `threading.Event` that a signal handler may set whatever it has interrupted: the waiting, or the same `set`."""

    def __init__(self) -> None:
        self._is_set = False
        self._rung = threading.Lock()
        self._rung.acquire()

    def is_set(self) -> bool:
        """Whether it was set; it stays so."""
        return self._is_set

    def set(self) -> None:
        """Set it, and wake who waits."""
        self._is_set = True
        release(self._rung)

    def wait(self, seconds: float) -> bool:
        """Sleep until it is set, at most so many seconds; whether it is."""
        if not self._is_set and self._rung.acquire(timeout=seconds):
            release(self._rung)  # for others who wait
        return self._is_set


def release(lock: threading.Lock) -> None:
    """Release a lock that is used as a bell: ringing it twice is ringing it once."""
    try:
        lock.release()
    except RuntimeError:
        pass  # it is not held: rung already
