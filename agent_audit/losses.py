"""The account of events that could not be recorded, as one `log.gap` event once writing works again."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import orjson

from agent_audit.event import AuditEvent, AuditEventType
from agent_audit.notice import RareNotice
from agent_audit.wording import plural


class _Loss(NamedTuple):
    event_type: str
    timestamp: str
    reason: str


class Losses:
    """Counts what is given up and says so: on stderr at most once a minute, in the log when that works again.

    Uses only operations that are atomic in C, for it is called from signal handlers and threads alike.

    Args:
        encode: turns the gap event into a record.
    """

    def __init__(self, encode: Callable[[AuditEvent], bytes]) -> None:
        self._encode = encode
        self.pending: deque[_Loss] = deque()
        """Losses that are not in the log yet."""
        self._peeked = 0
        self._notice = RareNotice()
        self.total = 0
        """How many events were lost since the logger was made."""

    def add(self, records: Sequence[bytes], reason: str) -> None:
        """These records are given up."""
        for record in records:
            event = orjson.loads(record)
            self.pending.append(_Loss(event["event_type"], event["timestamp"], reason))
        self.total += len(records)
        self.warn(f"{plural(self.total, 'event')} lost so far: {reason}")

    def warn(self, message: str) -> None:
        """Say it on stderr, unless something was said within the last minute."""
        self._notice.say(message)

    def peek(self) -> bytes | None:
        """The `log.gap` record for all losses that are not on record yet; None when there are none."""
        if not self.pending:
            return None
        losses = list(self.pending)
        self._peeked = len(losses)
        event = AuditEvent(
            event_type=AuditEventType.LOG_GAP,
            action="log.gap",
            error=losses[-1].reason,
            metadata={
                "lost": len(losses),
                "types": dict(Counter(loss.event_type for loss in losses)),
                "first": min(loss.timestamp for loss in losses),
                "last": max(loss.timestamp for loss in losses),
                "reasons": sorted({loss.reason for loss in losses})[:10],
            },
        )
        return self._encode(event)

    def settle(self) -> None:
        """What was peeked last has been written."""
        while self._peeked:
            self._peeked -= 1
            self.pending.popleft()

    def forget(self) -> None:
        """In a forked child: the parent's losses are the parent's to tell of."""
        self.pending.clear()
        self._peeked = 0
        self.total = 0
