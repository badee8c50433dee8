"""CloudEvents 1.0.2 (CNCF), JSON event format, structured mode."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from agent_audit.event import format_timestamp
from agent_audit.export.recorded import Recorded, without_nothing

_TRACE = re.compile(r"(?:trace_)?([0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})")
_SPAN = re.compile(r"(?:span_)?([0-9a-f]{16})")


def cloudevent(recorded: Recorded) -> dict[str, Any]:
    """The event as a CloudEvent; `data` is the record itself.

    `source` and `id` together are unique, as the specification asks: the log's origin and the event's id. The position
    in the log is the extension `sequence`, and `traceparent` (W3C Trace Context) is there when the ids allow it.
    """
    event = recorded.event
    return without_nothing(
        {
            "specversion": "1.0",
            "id": event.event_id,
            "source": quote(recorded.origin, safe="/") or "agent-audit-log",
            "type": f"agent_audit.{event.event_type}",
            "time": format_timestamp(event.timestamp),
            "subject": event.resource or event.action or None,
            "sequence": None if event.seq is None else f"{event.seq:020d}",
            "traceparent": _traceparent(recorded),
            "datacontenttype": "application/json",
            "data": event.to_record(),
        }
    )


def trace_id(recorded: Recorded) -> str | None:
    """The trace as W3C and OpenTelemetry write it (32 hex digits), where the recorded id is a UUID or such a number."""
    match = _TRACE.fullmatch(recorded.event.trace_id or "")
    digits = match[1].replace("-", "") if match else ""
    return digits if digits.strip("0") else None


def span_id(recorded: Recorded) -> str | None:
    """The operation as 16 hex digits, where the recorded id is such a number."""
    match = _SPAN.fullmatch(recorded.event.span_id or "")
    return match[1] if match and match[1].strip("0") else None


def _traceparent(recorded: Recorded) -> str | None:
    trace, span = trace_id(recorded), span_id(recorded)
    return f"00-{trace}-{span}-00" if trace and span else None
