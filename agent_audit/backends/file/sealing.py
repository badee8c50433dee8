"""When checkpoints are made: in a thread of their own, soon after there is something to cover."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable

from agent_audit.bell import Bell
from agent_audit.errors import AuditError, RolledBackError
from agent_audit.notice import RareNotice

_MANY = 1_000
"""So many events that no checkpoint covers are covered at once."""
_FEW = 100
_SOON = 1.0
"""Seconds after the first event that is not covered."""
_LATER = 10.0
"""The same, while there are fewer than a hundred."""
_RETRY = 5.0
"""Seconds until it is tried again: another process was at it, or it failed."""
_LAST_WAIT = 5.0
"""Seconds that the last checkpoint waits for another process that is making one."""

Make = Callable[[int, bool, float], int | None]
"""(events that are synced, whether to keep the checkpoint, seconds to wait for another process that is making one)
-> events covered; None when it was at it all the time."""


class Sealing:
    """Decides when the next checkpoint is due, and has it made.

    Args:
        make: makes one.
        auto: whether there is a thread for it; else only `finish` makes one.
        idle: what the thread does when everything has been covered for `heartbeat` seconds; None: nothing, ever.
    """

    def __init__(
        self, make: Make, *, auto: bool = True, idle: Callable[[], None], heartbeat: float | None = None
    ) -> None:
        self._make = weakref.WeakMethod(make)
        self._idle = weakref.WeakMethod(idle)
        self._heartbeat = heartbeat
        self._auto = auto
        self.covered = 0
        """Events under the last checkpoint that this process knows of."""
        self.refused: RolledBackError | None = None
        """The log is not the one that was signed: nothing may be written to it."""
        self._synced = 0
        self._since = 0.0
        self._keep = False
        self._notice = RareNotice()
        self._bell = Bell(0.0)
        self._rung = False
        self._thread: threading.Thread | None = None
        self._closed = False

    def synced(self, through: int, *, rotated: bool = False) -> None:
        """Everything before `through` is on the disk."""
        if through <= self.covered or self._closed:
            return
        before, now = self._synced - self.covered, through - self.covered
        if before <= 0:
            self._since = time.monotonic()
        self._synced = through
        self._keep = self._keep or rotated
        if not self._auto:
            return
        if self._thread is None:
            self._start()
        if self._thread is not None and not self._rung:
            self._rung = True
            self._bell.ring()
        if rotated or before < _FEW <= now or before < _MANY <= now:
            self._bell.hurry()  # it is due earlier than the thread thinks

    def _start(self) -> None:
        self._bell = bell = Bell(0.0)  # with the thread, as in `commit`
        self._thread = threading.Thread(
            target=_run, args=(weakref.ref(self), bell, self._heartbeat), name="agent-audit-seal", daemon=True
        )
        try:
            self._thread.start()
        except RuntimeError:  # none can be started; the end of the log makes the last checkpoint itself
            self._thread, self._rung = None, False

    def due_in(self) -> float:
        """Seconds until the next checkpoint is due; 0 when it is."""
        waiting = self._synced - self.covered
        if self._keep or waiting >= _MANY:
            return 0.0
        return max(0.0, self._since + (_SOON if waiting >= _FEW else _LATER) - time.monotonic())

    def beat(self) -> None:
        """Nothing has been written for a heartbeat's time."""
        idle = self._idle()
        if idle is None:
            return
        try:
            idle()
        except Exception as error:  # whatever it is, the thread has checkpoints to make
            told = error if isinstance(error, AuditError) else repr(error)
            self._notice.say(f"no heartbeat could be recorded: {told}")

    def tick(self) -> float | None:
        """Make a checkpoint if it is due; returns the seconds until the next look, None: when there is need for one."""
        self._rung = False
        wait = self.due_in()
        if wait > 0:
            return wait
        self._seal(self._keep)
        return _RETRY if self._synced > self.covered and self.refused is None else None

    def _seal(self, keep: bool, timeout: float = 0.0) -> None:
        make = self._make()
        if make is None:
            return
        through = self._synced
        try:
            covered = make(through, keep, timeout)
        except RolledBackError as error:
            self.refused = error
            self._notice.say(str(error))
        except Exception as error:  # a signer may raise anything; the events are safe without a checkpoint
            self._notice.say(f"no checkpoint could be made, and is tried again: {error!r}")
        else:
            if covered is not None:
                self.covered = max(self.covered, covered)
                self._since = time.monotonic()
                self._keep = False

    def finish(self) -> None:
        """Make the last checkpoint, now and here; one that fails is told of on stderr."""
        if self._synced > 0 and self.refused is None:
            self._seal(True, _LAST_WAIT)

    def close(self) -> None:
        """Let the thread end."""
        self._closed = True
        self._bell.ring()
        self._bell.hurry()


def _run(ref: weakref.ref[Sealing], bell: Bell, heartbeat: float | None) -> None:
    """Body of the thread. Holds its owner only while it works, so that it can be collected."""
    pid = os.getpid()
    wait: float | None = None
    while True:
        rung = True
        if wait is None:
            rung = bell.wait(heartbeat)
        else:
            bell.pause(wait)
        owner = ref()
        if owner is None or owner._closed or os.getpid() != pid:
            return
        if rung:
            wait = owner.tick()
        else:
            owner.beat()
        del owner
