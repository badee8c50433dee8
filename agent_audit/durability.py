"""What is promised when a `log()` call returns, and how long it may wait for that."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from agent_audit.errors import require_number


class Durability(IntEnum):
    """What is promised when a `log()` call returns; ordered."""

    BUFFERED = 0
    """In memory, written within 50 ms. Survives a normal exit, exceptions and sys.exit."""
    WRITTEN = 1
    """In the kernel, on the disk within 50 ms. Survives also SIGKILL and a crash of the process."""
    SYNCED = 2
    """On the disk. Survives also loss of power."""


@dataclass(frozen=True)
class CommitLimits:
    """Bounds of the buffer and of every wait; counts, bytes and seconds.

    Raises:
        ConfigurationError: one of them is no number above 0 (a timeout may be 0).
    """

    max_events: int = 10_000
    max_bytes: int = 16 * 2**20
    max_batch: int = 1_024
    block_timeout: float = 1.0
    lock_timeout: float = 1.0
    loop_lock_timeout: float = 0.02
    """In place of the two above on a thread that runs an event loop."""
    interval: float = 0.05
    """Buffered events are written and written ones synced at least this often."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            counted = name.startswith("max_")
            above = not name.endswith("timeout")
            require_number(f"{name} of CommitLimits", value, whole=counted, above=above)
