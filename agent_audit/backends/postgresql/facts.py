"""The columns beside a line: derived from it, so that the server can find lines. The line alone is the truth."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson

UNDATED = date.min
"""Day of a line whose time cannot be told, is before 2000 or after tomorrow: those have a partition of their own."""

FIRST_DAY = date(2, 1, 1)
"""No line is stored under an earlier day, but for those."""

PUSHED = ("event_id", "event_type", "outcome", "agent_id", "session_id", "user_id", "trace_id", "call_id", "action")
"""Fields of an event that have a column."""

_REQUIRED = frozenset(["event_id", "event_type"])
_LONGEST = 256
"""Characters of a column: an index takes no more than 2,704 bytes."""
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


class Facts(NamedTuple):
    """What is known of a line."""

    day: date
    timestamp: datetime | None
    texts: tuple[str | None, ...]
    """In the order of `PUSHED`."""


_NOTHING = Facts(UNDATED, None, (None,) * len(PUSHED))


def facts_of(line: bytes) -> Facts:
    """The columns of a recorded line, or of a record that has no `seq` yet.

    A line whose columns might not tell all about it is `UNDATED`: a reader looks at every one of those himself.
    """
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return _NOTHING
    if not isinstance(event, dict):
        return _NOTHING
    values = [event.get(name) for name in PUSHED]
    texts = tuple(text_of(value) if isinstance(value, str) else None for value in values)
    moment = _moment(event.get("timestamp"))
    sound = moment is not None and all(
        isinstance(value, str) or (value is None and name not in _REQUIRED)
        for name, value in zip(PUSHED, values, strict=True)
    )
    return Facts(moment.date() if moment is not None and sound else UNDATED, moment, texts)


def text_of(value: str) -> str:
    """A value as its column holds it: PostgreSQL has no NUL in a text. Two values may become one; readers look."""
    return value.replace("\0", "\ufffd")[:_LONGEST]


def _moment(stamp: Any) -> datetime | None:
    if not isinstance(stamp, str) or not _TIMESTAMP.fullmatch(stamp):
        return None
    try:
        return datetime.fromisoformat(stamp[:-1] + "+00:00")
    except ValueError:
        return None
