"""The file LOCK of a log: whoever writes holds it, one process at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from agent_audit.backends.file.fs import FileSystem
from agent_audit.backends.file.layout import Layout
from agent_audit.backends.file.making import LogMaker
from agent_audit.backends.file.segments import LOOK_INTERVAL
from agent_audit.errors import LockTimeoutError

P = ParamSpec("P")
T = TypeVar("T")


class WriteLock:
    """This process's handle of LOCK.

    Args:
        fs: the file system.
        layout: names of the log.
        maker: makes the log where it is missing.
    """

    def __init__(self, fs: FileSystem, layout: Layout, maker: LogMaker) -> None:
        self._fs = fs
        self._layout = layout
        self._maker = maker
        self.handle: int | None = None
        self._inode = 0

    def open(self) -> int:
        """The handle; LOCK is made, with the log, where it is missing."""
        if self.handle is not None:
            return self.handle
        self._maker.header()
        # Also when others made it: they may have failed, or been killed, before its names were durable.
        self._fs.fsync_dir(self._layout.root)
        self._fs.fsync_dir(self._layout.root.parent)
        taken_away = self._fs.identity(self._layout.lock) is None and bool(self._layout.segment_starts())
        handle = self._fs.open(self._layout.lock, create=True)
        if taken_away:
            time.sleep(2 * LOOK_INTERVAL)  # who has locked the one that was there looks for it within that time
        self.handle, self._inode = handle, self._fs.identity_of(handle).inode
        return handle

    def run(self, timeout: float, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Have the processes that write wait for the end of a call. No context manager, as `Exclusive` is none.

        Args:
            timeout: seconds to wait for them.
            work: what to call, with the arguments that follow; returns what it does.

        Raises:
            LockTimeoutError: they did not end in time.
        """
        handle = self.open()
        try:  # around the lock, too: an interrupt may strike right behind it, and unlocking twice does no harm
            if not self._fs.lock(handle, timeout):
                raise LockTimeoutError(
                    f"another process held the lock of {self._layout.root} for longer than {timeout} s"
                )
            return work(*args, **kwargs)
        finally:
            self._fs.unlock(handle)

    def is_another_file(self) -> bool:
        """Whether LOCK is not the file that was opened: it, or all of the log, was deleted or replaced."""
        now = self._fs.identity(self._layout.lock)
        return now is None or now.inode != self._inode

    def close(self) -> None:
        """Let go of the handle; the next use opens another one."""
        handle, self.handle = self.handle, None  # first: closed twice, it may be another file's by then
        if handle is not None:
            self._fs.close(handle)
