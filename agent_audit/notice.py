"""One line to the person who runs this, on stderr."""

from __future__ import annotations

import sys
import time

_INTERVAL = 60.0
"""Seconds between two messages of one `RareNotice`."""


def warn(message: str) -> None:
    """Say it. Not by `logging`: its handlers may lead back here, and its locks may be held."""
    try:
        sys.stderr.write(f"agent-audit-log: {message}\n")
    except Exception:
        pass  # no stderr (pythonw, closed); what matters is counted and recorded elsewhere


class RareNotice:
    """Says things that may come up again and again: one at most in a minute."""

    def __init__(self) -> None:
        self._next = 0.0

    def say(self, message: str) -> None:
        """Say it, unless something was said within the last minute."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _INTERVAL
            warn(message)
