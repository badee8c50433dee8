"""What a mapping is given: an event, and the line it was recorded as."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from agent_audit.event import AuditEvent

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


class Recorded(NamedTuple):
    """A recorded event."""

    event: AuditEvent
    line: bytes
    """The line of the log without its line feed: an entry of the tree (RFC 6962), byte for byte."""
    origin: str
    """Name of the log, as in its checkpoints."""

    @property
    def microseconds(self) -> int:
        """When it happened, since 1970 UTC."""
        return (self.event.timestamp - _EPOCH) // _MICROSECOND

    def fact(self, name: str) -> Any:
        """A value of the event's metadata; None when it has none of that name."""
        return (self.event.metadata or {}).get(name)

    def tokens(self, name: str) -> int | None:
        """A number of tokens in the metadata: `input_tokens` or `output_tokens`."""
        value = self.fact(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None


def without_nothing(values: dict[str, Any]) -> dict[str, Any]:
    """The entries that say something: no None, no empty object or list."""
    return {name: value for name, value in values.items() if value is not None and value not in ({}, [])}
