"""A progress bar on stderr for what takes longer than two seconds."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_PATIENCE = 2.0
"""Seconds without a bar."""

Tell = Callable[[int, "int | None"], None]
"""Is told how many of how many are done; None: nobody knows how many there are."""


@contextmanager
def progress(what: str, then: str = "answering", *, told_often: bool = False) -> Iterator[Tell]:
    """A function to be told how far it is; nothing is shown where nobody looks.

    The bar comes by itself, also while nothing is told. When all of it is done and the block goes on, and where the
    end is not known, it only shows that it goes on, and for how long.

    Args:
        what: what is being done.
        then: what is being done when all of that is done.
        told_often: the function is called every second or so: no thread waits to show the bar, so that the process can
            still be forked.
    """
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    bar = _Bar(what, then, told_often)
    try:
        bar.wait()
        yield bar.tell
    finally:
        bar.close()


class _Bar:
    """Waits in a thread where the thread that works may be deep inside of one query."""

    def __init__(self, what: str, then: str, told_often: bool) -> None:
        self._what, self._then = what, then
        self._told_often = told_often
        self._due = time.monotonic() + _PATIENCE if told_often else math.inf
        self._at: tuple[int, int | None] = (0, None)
        self._lock = threading.Lock()
        self._closed = False
        self._bar: Any = None
        self._timer = threading.Timer(_PATIENCE, self._show)
        self._timer.daemon = True

    def wait(self) -> None:
        """Begin to wait; `close` ends it."""
        if not self._told_often:
            self._timer.start()

    def tell(self, done: int, total: int | None) -> None:
        self._at = (done, total)
        if self._bar is None and time.monotonic() >= self._due:
            self._show()
        if self._bar is not None:
            self._draw()

    def close(self) -> None:
        self._timer.cancel()
        with self._lock:
            self._closed = True
            if self._bar is not None:
                self._bar.stop()

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        with self._lock:
            if self._closed:
                return
            columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
            bar = Progress(*columns, console=Console(stderr=True), transient=True)
            bar.add_task(self._what, total=None)
            self._bar = bar  # before it is started, which hides the cursor: a signal may come at any time
            bar.start()
            self._draw()

    def _draw(self) -> None:
        done, total = self._at
        task = self._bar.tasks[0]
        over = total is not None and done >= total
        # Set directly: `update` takes None for "as it was", and a task without total is one whose bar pulses.
        task.total = None if over else total
        self._bar.update(task.id, completed=done, description=self._then if over else self._what)
