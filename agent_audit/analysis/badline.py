"""A line of a log that is no audit event."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import orjson
from pydantic import ValidationError

from agent_audit.backends.file.layout import MAX_LINE, TOO_LONG
from agent_audit.event import AuditEvent

_LARGEST = 2**63 - 1


class BadLine(NamedTuple):
    """A line that is no audit event."""

    path: Path
    """The file; of a log in a database, its name."""
    number: int
    """Line number in the file, from 1; in a database, seq + 1."""
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.number}: {self.reason}"


def read_line(line: bytes) -> AuditEvent | str:
    """The event of a line, or why it is none."""
    if len(line.removesuffix(b"\n")) > MAX_LINE:
        return TOO_LONG
    try:
        event = AuditEvent.from_json(line)
    except orjson.JSONDecodeError as error:
        return f"not JSON: {error}"
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return f"not an audit event: {'.'.join(map(str, first['loc']))}: {first['msg']}"
    if max(event.seq or 0, event.writer_seq or 0) > _LARGEST:
        return "not an audit event: a number beyond 64 bits"
    return event
