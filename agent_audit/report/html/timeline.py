"""The events of a session as rows of a nested timeline: the steps that `analysis.timeline` makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from agent_audit.analysis.nesting import Node, nested
from agent_audit.analysis.timeline import COLUMNS, Approval, step_of
from agent_audit.report.html.element import duration

Event = dict[str, Any]

_DEEPEST = 12


def timeline(events: Sequence[Event]) -> list[list[Any]]:
    """Rows `[depth, type, label, start ms, length ms or None, outcome or None, decision or None, events]`.

    Args:
        events: wire fields, in order of `seq`; `timestamp` is a datetime.

    Returns:
        Parents before their children, siblings in order of time. Times count from the first event.
    """
    whole = [{**dict.fromkeys(COLUMNS), **event, "place": place} for place, event in enumerate(events)]
    origin = min((event["timestamp"] for event in events), default=None)
    return [_row(node, origin) for node in nested(whole)] if origin else []


def _row(node: Node, origin: datetime) -> list[Any]:
    step = step_of(node)
    asked = (event for approval in node.approvals for event in approval if event is not None)
    # No type of its own states it; the reader looks for it all the same.
    outcome = "failure" if step.event_type == "error" else step.outcome
    return [
        min(step.depth, _DEEPEST),
        step.event_type,
        step.action or step.resource or step.event_type,
        _milliseconds(step.started, origin),
        step.duration_ms,
        "open" if step.open else outcome,
        _in_words(step.approvals[-1]) if step.approvals else None,
        sorted({event["place"] for event in (*node.events, *asked)}),
    ]


def _in_words(approval: Approval) -> str:
    """`approved after 42.0 s`; who decided stands in the event."""
    if approval.decided is None:
        return "waiting for a decision"
    if approval.waited_seconds is None:
        return approval.decision
    return f"{approval.decision} after {duration(approval.waited_seconds * 1_000)}"


def _milliseconds(later: datetime, earlier: datetime) -> float:
    return round((later - earlier).total_seconds() * 1_000, 3)
