"""A progress bar on stderr for what takes longer than two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PATIENCE = 2.0
"""Seconds without a bar."""


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A function to be told how many of how many are done; nothing is shown where nobody looks."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    bar = _Bar(what)
    try:
        yield bar.tell
    finally:
        bar.close()


class _Bar:
    def __init__(self, what: str) -> None:
        self._what = what
        self._begun = time.monotonic()
        self._shown: Callable[[int, int], None] | None = None
        self._stop: Callable[[], None] = lambda: None

    def tell(self, done: int, total: int) -> None:
        if self._shown is None and time.monotonic() - self._begun > _PATIENCE:
            self._show()
        if self._shown is not None:
            self._shown(done, total)

    def close(self) -> None:
        self._stop()

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        bar = Progress(console=Console(stderr=True), transient=True)
        task = bar.add_task(self._what)
        bar.start()
        self._shown = lambda done, total: bar.update(task, completed=done, total=total)
        self._stop = bar.stop
