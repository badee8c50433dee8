"""Log directories and events for tests, written straight from the layout: no writer under test here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from agent_audit.backends.file.layout import Layout
from agent_audit.event import AuditEvent

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def event(event_type: str, *, at: float = 0.0, **fields: Any) -> AuditEvent:
    """An event `at` seconds after noon, of agent `a` unless said otherwise."""
    fields.setdefault("agent_id", "a")
    return AuditEvent(event_type=event_type, timestamp=NOON + timedelta(seconds=at), **fields)


def operation(start: str, end: str, span: str, *, at: float = 0.0, **fields: Any) -> list[AuditEvent]:
    """An intent and its outcome; `fields` go to the outcome, but for ids, which go to both."""
    shared = {name: fields.pop(name) for name in ("agent_id", "call_id", "action", "session_id") if name in fields}
    fields.setdefault("outcome", "success")
    return [
        event(start, at=at, span_id=span, **shared),
        event(end, at=at + 0.001, span_id=span, **shared, **fields),
    ]


def write_log(root: Path, events: Iterable[AuditEvent], *, per_segment: int = 256) -> Path:
    """A log directory with these events, numbered from 0."""
    layout = Layout(root)
    layout.segments.mkdir(parents=True)
    layout.header.write_bytes(b'{"format":1,"origin":"test"}\n')
    lines = [numbered(seq, found) for seq, found in enumerate(events)]
    for first in range(0, len(lines) or 1, per_segment):
        layout.segment(first).write_bytes(b"".join(lines[first : first + per_segment]))
    return root


def numbered(seq: int, found: AuditEvent) -> bytes:
    """The line of an event."""
    return b'{"seq":%d,' % seq + found.to_json().encode()[1:] + b"\n"
