"""What the store has to say about itself, as events."""

from __future__ import annotations

import platform
import socket
from typing import Any

from agent_audit.backends.file.layout import FORMAT
from agent_audit.backends.file.segments import Repair
from agent_audit.event import AuditEvent, AuditEventType, Source, encode_record

_SOURCE = Source(framework="agent_audit", hook="file")


def record(event_type: AuditEventType, **fields: Any) -> bytes:
    """The record of an event of the store's own."""
    event = AuditEvent(event_type=event_type, action=str(event_type), source=_SOURCE, **fields)
    return encode_record(event.to_record())


def opened(pid: int) -> bytes:
    """This process has begun to write."""
    details = {"pid": pid, "host": socket.gethostname(), "python": platform.python_version(), "format": FORMAT}
    return record(AuditEventType.LOG_OPENED, metadata=details)


def recovered(repair: Repair) -> bytes:
    """Something was found broken and put right."""
    return record(AuditEventType.LOG_RECOVERED, error=repair.reason, metadata=repair.details)
