"""What the store has to say about itself, as events."""

from __future__ import annotations

import platform
import socket
from typing import Any

from agent_audit.backends.file.layout import FORMAT
from agent_audit.backends.file.segments import Repair
from agent_audit.event import AuditEvent, AuditEventType, Source, encode_record


def record(event_type: AuditEventType, hook: str = "file", **fields: Any) -> bytes:
    """The record of an event of the store's own; `hook` says which kind of store."""
    source = Source(framework="agent_audit", hook=hook)
    event = AuditEvent(event_type=event_type, action=str(event_type), source=source, **fields)
    return encode_record(event.to_record())


def opened(pid: int, hook: str = "file") -> bytes:
    """This process has begun to write."""
    details = {"pid": pid, "host": socket.gethostname(), "python": platform.python_version(), "format": FORMAT}
    return record(AuditEventType.LOG_OPENED, hook, metadata=details)


def heartbeat(pid: int, seconds: float) -> bytes:
    """Nobody had anything to record for so long, and this process would have."""
    return record(AuditEventType.LOG_HEARTBEAT, metadata={"pid": pid, "idle_seconds": round(seconds)})


def recovered(repair: Repair, hook: str = "file") -> bytes:
    """Something was found broken and put right."""
    return record(AuditEventType.LOG_RECOVERED, hook, error=repair.reason, metadata=repair.details)
