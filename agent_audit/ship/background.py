"""Shipping from within the process that logs: one thread for each store, which never makes `log` wait."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence

from agent_audit.backends.file.layout import Layout
from agent_audit.bell import Flag
from agent_audit.errors import AuditError, LogNotFoundError
from agent_audit.notice import RareNotice
from agent_audit.ship.open import open_sink
from agent_audit.ship.shipper import Progress, ShipLimits, Shipper
from agent_audit.ship.sink import Sink

_AGAIN = 60.0
"""Seconds before a store that has refused is tried again."""
_LOOK = 0.25


class Shipping:
    """Ships a log that this process writes to; of several processes on one log, one ships to each store.

    Args:
        layout: tells where the log is now; it need not exist yet.
        stores: URLs, or sinks.
        limits: sizes and pauses.

    Raises:
        ConfigurationError: a URL that cannot be shipped to.
    """

    def __init__(
        self, layout: Callable[[], Layout], stores: Sequence[str | Sink], limits: ShipLimits | None = None
    ) -> None:
        self._pid = os.getpid()
        sinks = [store if isinstance(store, Sink) else open_sink(store) for store in stores]
        self._followers = [_Follower(layout, sink, limits) for sink in sinks]
        for follower in self._followers:
            follower.thread.start()

    @property
    def progress(self) -> dict[str, Progress]:
        """Store -> how far it is; without those that nothing was shipped to yet, by this process."""
        return {follower.url: follower.progress for follower in self._followers if follower.progress is not None}

    def stop(self, within: float) -> None:
        """Ship what is in the log, for so many seconds at the most. What is left is shipped by the next process."""
        if os.getpid() != self._pid:
            return  # a forked child has no such threads; its parent ships for both
        deadline = time.monotonic() + within
        for follower in self._followers:
            follower.stop(within)
        for follower in self._followers:
            follower.thread.join(max(0.0, deadline - time.monotonic()))


class _Follower:
    """The thread of one store."""

    def __init__(self, layout: Callable[[], Layout], sink: Sink, limits: ShipLimits | None) -> None:
        self.url = sink.url
        self.progress: Progress | None = None
        self._layout = layout
        self._sink = sink
        self._limits = limits
        self._notice = RareNotice()
        self._ended = Flag()
        self._until = 0.0
        self._shipper: Shipper | None = None
        self.thread = threading.Thread(target=self._run, name=f"agent-audit-log ship {sink.url}", daemon=True)

    def stop(self, within: float) -> None:
        self._until = time.monotonic() + within
        self._ended.set()
        shipper = self._shipper
        if shipper is not None:
            shipper.stop(within)

    def _run(self) -> None:
        while not self._ended.is_set() or time.monotonic() < self._until:
            layout = self._layout()
            if not layout.exists():
                if self._ended.wait(_LOOK):
                    return  # nothing was ever logged
                continue
            if self._ship(layout) and self._ended.is_set():
                return

    def _ship(self, layout: Layout) -> bool:
        """Follow one log; False when that failed and is to be tried again."""
        shipper = self._shipper = Shipper(layout, self._sink, limits=self._limits, report=self._hear)
        if self._ended.is_set():
            shipper.stop(max(0.0, self._until - time.monotonic()))
        try:
            shipper.run()
        except LogNotFoundError as error:
            self._notice.say(f"nothing is shipped to {self.url} for now: {error}")
            return self._ended.is_set()  # `_run` waits until there is one again
        except Exception as error:  # the agent goes on, whatever a store's library does
            kind = "" if isinstance(error, (AuditError, OSError)) else f"{type(error).__name__}: "
            self._notice.say(f"nothing is shipped to {self.url} for now, events stay in {layout.root}: {kind}{error}")
            self._ended.wait(_AGAIN)
            return self._ended.is_set()
        return True

    def _hear(self, progress: Progress) -> None:
        self.progress = progress
        if progress.error is not None:
            self._notice.say(f"{self.url} is tried again, events stay in the log meanwhile: {progress.error}")
        shipper = self._shipper
        if shipper is not None and not shipper.follows(self._layout()):
            shipper.stop(_LOOK)  # the log goes on in another directory
