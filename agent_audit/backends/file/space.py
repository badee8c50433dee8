"""A word before the disk is full."""

from __future__ import annotations

import shutil
import time

from agent_audit.backends.file.layout import Layout
from agent_audit.notice import warn

_LOOK_EVERY = 10.0
_SAY_EVERY = 3600.0
_LOW_SHARE = 0.05
_LOW_BYTES = 256 * 2**20
"""Low is less than 5 % of the file system and less than 256 MiB: some hundred thousand events."""


class SpaceWatch:
    """Looks at the free space every ten seconds at the most, and warns once an hour while it is low."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._next_look = 0.0
        self._next_word = 0.0

    def look(self) -> None:
        """Warn on stderr if space is low."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_EVERY
        try:
            usage = shutil.disk_usage(self._layout.root)
        except OSError:
            return  # whatever is wrong, writing will tell
        if usage.free < min(_LOW_BYTES, usage.total * _LOW_SHARE) and now >= self._next_word:
            self._next_word = now + _SAY_EVERY
            warn(
                f"{usage.free / 2**20:.0f} MiB are left for {self._layout.root}; make room, move the log, or drop old "
                "segments: agent-audit-log prune --max-age 90d"
            )
