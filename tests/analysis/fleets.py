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
    put(url, "numbered calls", numbered_calls())
    put(url, "numbered calls again", numbered_calls())
    put(url, "denials", [event("permission.denied", at=n, action="tool.pay", call_id=f"p{n}") for n in range(7)])


def numbered_calls() -> list[AuditEvent]:
    """Of a model that uses a call id in two sessions and again in each turn, decided on here and elsewhere."""
    found = []
    kinds = ("action.request", "permission.check", "action.approved", "tool.call")
    for turn, session in enumerate(("m", "n", "m", "n", "m")):
        for n, kind in enumerate(kinds[: 2 if turn == 2 else 4]):
            elsewhere = kind == "action.approved" and turn == 1
            metadata = {"arguments": {"hmac_sha256": f"d{turn if n < 3 else min(turn, 3)}"}}
            found.append(
                event(
                    kind, at=10 * turn + n, call_id="functions.pay:0", action="tool.pay", metadata=metadata,
                    agent_id="numbered", session_id=None if elsewhere else session,
                )
            )  # fmt: skip
    again = {"seen": "when resumed"}
    found.append(event("action.approved", at=60, call_id="functions.pay:0", session_id="m", metadata=again))
    return found
