"""The events of a session as a nested timeline: one row an operation, whatever events tell of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agent_audit.pairs import BEGINS_A_CALL
from agent_audit.report.html.element import duration

Event = dict[str, Any]

_STARTS = frozenset({"agent.start", "tool.call", "llm.request"})
_DECISIONS = {"action.approved": "approved", "action.denied": "denied"}
_DENIED = frozenset({"action.denied", "permission.denied"})
_DEEPEST = 12


@dataclass
class Step:
    """One operation, or one event that belongs to none."""

    events: list[int] = field(default_factory=list)
    """Places in the list of the session's events."""
    spans: set[str] = field(default_factory=set)
    parent_span_id: str | None = None
    children: list[Step] = field(default_factory=list)
    begun: bool = False
    """Whether the model's request is among them, or an end: another request is another step."""


def timeline(events: Sequence[Event]) -> list[list[Any]]:
    """Rows `[depth, type, label, start ms, length ms or None, outcome or None, decision or None, events]`.

    Args:
        events: wire fields, in order of `seq`; `timestamp` is a datetime.

    Returns:
        Parents before their children, siblings in order. Times count from the first event.
    """
    origin = min((event["timestamp"] for event in events), default=None)
    return [_row(step, depth, events, origin) for step, depth in _nested(_steps(events))] if origin else []


def _steps(events: Sequence[Event]) -> list[Step]:
    """Events that share a span or a call id are one step; a call id that is requested again is another."""
    found: list[Step] = []
    spans: dict[str, Step] = {}
    calls: dict[str, Step] = {}
    for place, event in enumerate(events):
        span, call = event.get("span_id"), event.get("call_id")
        step = spans.get(span or "") or _of_call(calls.get(call or ""), event)
        if step is None:
            step = Step(parent_span_id=event.get("parent_span_id"))
            found.append(step)
        step.events.append(place)
        step.begun = step.begun or event["event_type"] in {BEGINS_A_CALL, "tool.response"}
        if span:
            step.spans.add(span)
            spans[span] = step
        if call:
            calls[call] = step
    return found


def _of_call(step: Step | None, event: Event) -> Step | None:
    again = step is not None and step.begun and event["event_type"] == BEGINS_A_CALL
    return None if again else step


def _nested(steps: list[Step]) -> Iterator[tuple[Step, int]]:
    by_span = {span: step for step in steps for span in step.spans}
    roots = []
    for step in steps:
        parent = by_span.get(step.parent_span_id or "")
        if parent is None or parent is step:
            roots.append(step)
        else:
            parent.children.append(step)
    seen: set[int] = set()
    # What hangs on itself in a circle has no root; recorded ids are not to be trusted.
    for root in [*roots, *steps]:
        yield from _walk(root, seen)


def _walk(root: Step, seen: set[int]) -> Iterator[tuple[Step, int]]:
    stack = [(root, 0)]
    while stack:
        step, depth = stack.pop()
        if id(step) in seen:
            continue
        seen.add(id(step))
        yield step, depth
        stack += [(child, min(depth + 1, _DEEPEST)) for child in reversed(step.children)]


def _row(step: Step, depth: int, events: Sequence[Event], origin: datetime) -> list[Any]:
    own = [events[place] for place in step.events]
    main = next((event for event in own if event["event_type"] in _STARTS), own[0])
    start = min(event["timestamp"] for event in own)
    length = _milliseconds(max(event["timestamp"] for event in own), start) if len(own) > 1 else None
    label = main.get("action") or main.get("resource") or main["event_type"]
    return [
        depth,
        main["event_type"],
        label,
        _milliseconds(start, origin),
        own[-1].get("duration_ms") if length is None else length,
        _outcome(own),
        _decision(own),
        step.events,
    ]


def _outcome(own: Sequence[Event]) -> str | None:
    """How it ended; `open` where an intent has no outcome."""
    for event in reversed(own):
        if event.get("outcome"):
            return str(event["outcome"])
        if event["event_type"] in _DENIED:
            return "denied"
        if event["event_type"] in {"action.failed", "error"}:
            return "failure"
    return "open" if any(event["event_type"] in _STARTS for event in own) else None


def _decision(own: Sequence[Event]) -> str | None:
    """`approved after 42.0 s`, in words; who decided stands in the event."""
    made = next((event for event in reversed(own) if event["event_type"] in _DECISIONS), None)
    asked = next((event for event in own if event["event_type"] == "permission.check"), None)
    if made is None:
        return "waiting for a decision" if asked else None
    word = _DECISIONS[made["event_type"]]
    if asked is None:
        return word
    return f"{word} after {duration(_milliseconds(made['timestamp'], asked['timestamp']))}"


def _milliseconds(later: datetime, earlier: datetime) -> float:
    return round((later - earlier).total_seconds() * 1_000, 3)
