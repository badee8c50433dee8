"""Stores with the logs of many hosts."""

from __future__ import annotations

from agent_audit.event import AuditEvent
from agent_audit.ship import Batch, open_sink

from .logs import event, numbered, operation
from .test_detections import CASES


def put(url: str, origin: str, events: list[AuditEvent]) -> None:
    """A shipped log with these events."""
    if events:
        lines = [numbered(seq, one)[:-1] for seq, one in enumerate(events)]
        open_sink(url).append(Batch(origin, 0, lines))


def _of(name: str, events: list[AuditEvent]) -> list[AuditEvent]:
    """The same of agents and in sessions of its own."""
    return [
        one.model_copy(
            update={
                "agent_id": one.agent_id and f"{one.agent_id} {name}",
                "session_id": one.session_id and f"{one.session_id} {name}",
            }
        )
        for one in events
    ]


def put_what_every_detection_finds(url: str) -> None:
    """Every case of every detection, each in a log of its own: those that it finds and those that it does not."""
    for rule, (fires, silent) in CASES.items():
        for number, made in enumerate((fires, *silent)):
            put(url, f"{rule} {number}", _of(f"{rule} {number}", made()))
    outcomes = ["success", "failure"] * 6
    ended = [operation("tool.call", "tool.response", f"s{n}", at=n / 20, outcome=o) for n, o in enumerate(outcomes)]
    put(url, "operations", [one for both in ended for one in both])
    put(url, "denials", [event("permission.denied", at=n, action="tool.pay", call_id=f"p{n}") for n in range(7)])
