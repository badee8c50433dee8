"""One event as one line of output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from agent_audit.analysis.printable import printable, printable_json
from agent_audit.backends.file.read import Line
from agent_audit.cli.terminal import screen_width, use_color
from agent_audit.event import AuditEvent

_COLORS = {"failure": "31", "denied": "33", "cancelled": "35", "suspended": "36", "unknown": "35"}
_ERRORS = {"error", "action.failed", "guardrail.tripped", "log.gap"}


def header(form: str) -> str:
    """What stands above the first line."""
    from agent_audit.report.csv import csv_text

    return csv_text(iter([tuple(AuditEvent.model_fields)])) if form == "csv" else ""


def writer(form: str, *, raw: bool = False) -> Callable[[Line, AuditEvent], str]:
    """How to print an event in a format: for people, as it is recorded (JSON lines), or as CSV.

    Args:
        form: the format.
        raw: no person looks at it: characters that could act on a terminal stay as they are in JSON and CSV.
    """
    if form == "json" and raw:
        return lambda line, event: line.data.decode() + "\n"
    if form == "json":
        return lambda line, event: printable_json(line.data.decode()) + "\n"
    if form == "csv":
        return lambda line, event: _csv_row(event, raw)
    color, width = use_color(), screen_width()
    return lambda line, event: _for_people(line.seq, event, color, width)


def _for_people(seq: int, event: AuditEvent, color: bool, width: int | None) -> str:
    outcome = str(event.outcome) if event.outcome else ""
    columns = (
        f"{seq:>7}",
        event.to_record()["timestamp"][:23].replace("T", " ") + "Z",
        printable(str(event.event_type)).ljust(17),
        printable(outcome).ljust(9),
        printable(event.agent_id or "-").ljust(12),
        _details(event),
    )
    text = "  ".join(columns).rstrip()
    if width and len(text) > width:
        text = text[: width - 1] + "…"
    code = _COLORS.get(outcome) or ("31" if event.event_type in _ERRORS else None)
    return f"\x1b[{code}m{text}\x1b[0m\n" if color and code else text + "\n"


def _details(event: AuditEvent) -> str:
    """The rest in words; what matters most first, for a terminal cuts the end off."""
    parts = [event.action] if event.action else []
    if event.resource:
        parts.append(f"on {event.resource}")
    if event.error or event.error_type:
        parts.append(": ".join(text for text in (event.error_type, event.error) if text))
    if event.duration_ms is not None:
        parts.append(f"{event.duration_ms:,.1f} ms")
    named = {"for": event.user_id, "session": event.session_id}
    parts += [f"{name} {value}" for name, value in named.items() if value]
    return printable("  ".join(parts))


def _csv_row(event: AuditEvent, raw: bool) -> str:
    from agent_audit.report.csv import csv_text

    record = event.to_record()
    cells = (record.get(name) for name in AuditEvent.model_fields)
    return csv_text(iter([tuple(_cell(value) for value in cells)]), raw=raw)


def _cell(value: Any) -> str | int | float | None:
    if value is None or isinstance(value, (int, float)):
        return value
    return str(value) if isinstance(value, str) else printable_json(orjson.dumps(value).decode())
