"""The account of events that could not be recorded, as one `log.gap` event once writing works again."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import orjson

from agent_audit.event import AuditEvent, AuditEventType, encode_record
from agent_audit.notice import RareNotice
from agent_audit.wording import plural

_LONGEST_REASON = 500
"""Characters. An exception's text may be of any length."""


class _Loss(NamedTuple):
    event_type: str
    timestamp: str
    reason: str


def _gap(**fields: Any) -> AuditEvent:
    return AuditEvent(event_type=AuditEventType.LOG_GAP, action="log.gap", **fields)


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
        events = map(orjson.loads, records)
        self._count([(event["event_type"], event["timestamp"]) for event in events], reason)

    def note(self, event_type: str, timestamp: str, reason: str) -> None:
        """An event is given up that did not become a record."""
        self._count([(event_type, timestamp)], reason)

    def _count(self, events: list[tuple[str, str]], reason: str) -> None:
        reason = reason[:_LONGEST_REASON]
        self.pending.extend([_Loss(*event, reason) for event in events])
        self.total += len(events)
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
        counts = {
            "lost": len(losses),
            "types": dict(Counter(loss.event_type for loss in losses)),
            "first": min(loss.timestamp for loss in losses),
            "last": max(loss.timestamp for loss in losses),
        }
        reasons = sorted({loss.reason for loss in losses})[:10]
        try:
            return self._encode(_gap(error=losses[-1].reason, metadata={**counts, "reasons": reasons}))
        except Exception:  # the user's own redactor, perhaps: of what comes from outside nothing is said, then
            return encode_record(_gap(metadata=counts).to_record())

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
