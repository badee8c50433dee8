"""What holds for the record of any run under any framework."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent_audit.event import AuditEvent
from agent_audit.runs import END_OF, RunTracker

_ENDS = {str(end) for end in END_OF.values()} | {"data.access"}
_OPERATIONS = {"agent.start", "llm.request", "tool.call"}
_START_OF = {str(end): str(start) for start, end in END_OF.items() if start in _OPERATIONS}
_SAME = ("action", "call_id", "agent_id", "session_id", "user_id", "trace_id")


def check_record(events: Sequence[AuditEvent], framework: str) -> None:
    """Check events against what holds always; raises AssertionError that names the event.

    Every operation has one end after its start, with outcome and duration, that repeats what and who; nothing ends that
    has not started; every event says in which trace, under what, and which hook of which version saw it.
    """
    span_ids = {event.span_id for event in events}
    for place, event in enumerate(events):
        told = describe(event)
        if str(event.event_type).startswith("log."):
            continue
        assert event.source is not None, f"no source: {told}"
        assert event.source.framework == framework, f"source is {event.source.framework!r}: {told}"
        assert event.source.version, f"no version of the framework: {told}"
        assert event.source.hook, f"no hook: {told}"
        assert event.trace_id, f"no trace: {told}"
        assert event.agent_id, f"nobody acts: {told}"
        assert event.parent_span_id is None or event.parent_span_id in span_ids, f"its parent is not on record: {told}"
        if event.event_type in _OPERATIONS:
            _check_end(event, events[:place], events[place + 1 :])
        elif event.event_type in _START_OF:
            _check_start(event, events[:place])


def _check_end(start: AuditEvent, before: Sequence[AuditEvent], after: Sequence[AuditEvent]) -> None:
    told = describe(start)
    assert start.outcome is None, f"a start has an outcome: {told}"
    assert start.action, f"no action: {told}"
    ends = [event for event in after if event.span_id == start.span_id and event.event_type in _ENDS]
    early = [event for event in before if event.span_id == start.span_id and event.event_type in _ENDS]
    assert not early, f"its end comes before it: {told}"
    assert len(ends) == 1, f"{len(ends)} ends: {told}"
    (end,) = ends
    assert end.outcome is not None, f"its end has no outcome: {told}"
    assert end.duration_ms is not None, f"its end has no duration: {told}"
    for name in _SAME:
        assert getattr(end, name) == getattr(start, name), f"its end has another {name}: {told}"


def _check_start(end: AuditEvent, before: Sequence[AuditEvent]) -> None:
    """In its run, or, where it has waited for somebody, in the run before: then the model's call id tells."""
    starts = [event for event in before if event.event_type == _START_OF[str(end.event_type)]]
    same_call = end.call_id is not None and any(start.call_id == end.call_id for start in starts)
    assert same_call or any(start.span_id == end.span_id for start in starts), f"it has not started: {describe(end)}"


def check_nothing_open(adapter_state: dict[str, Any]) -> None:
    """Check that an adapter's tracker follows no run any more."""
    trackers = [value for value in adapter_state.values() if isinstance(value, RunTracker)]
    for tracker in trackers:
        assert not tracker._runs, f"still open: {[run.key for run in tracker._runs.values()]}"


def describe(event: AuditEvent) -> str:
    """An event in a few words."""
    return " ".join(str(part or "-") for part in (event.event_type, event.outcome, event.action, event.call_id))
