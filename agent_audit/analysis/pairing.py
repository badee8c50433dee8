"""Which event ends which: the rules, and the intents of a list of events that have no outcome.

An intent is recorded before its effect. One without an outcome is what a crash leaves behind, or an operation
that still runs. Pure Python: for tests, examples and whoever has the events in memory; the rule
`rules/open_operations.py` reads the same two tables on whole logs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from agent_audit.event import AuditEvent
from agent_audit.pairs import BY_CALL, BY_SPAN


class Unpaired(NamedTuple):
    """An intent without an outcome."""

    event: AuditEvent
    waits_for: frozenset[str]
    """The types that would end it."""


def unpaired(events: Iterable[AuditEvent]) -> list[Unpaired]:
    """The intents that nothing in `events` ends, in their order.

    Args:
        events: in order of `seq`. An intent with neither `span_id` nor a usable `call_id` is left out:
            nothing could ever end it.
    """
    events = list(events)
    spans = {(event.span_id, str(event.event_type)) for event in events if event.span_id}
    calls: dict[tuple[str, str], int] = defaultdict(int)
    for place, event in enumerate(events):
        if event.call_id:
            calls[event.call_id, str(event.event_type)] = place
    return [
        Unpaired(event, waits_for)
        for place, event in enumerate(events)
        if (waits_for := _waits_for(event))
        and not any((event.span_id, name) in spans for name in BY_SPAN.get(event.event_type, ()))
        and not any(calls.get((event.call_id or "", n), -1) > place for n in BY_CALL.get(event.event_type, ()))
    ]


def _waits_for(event: AuditEvent) -> frozenset[str]:
    """What could end this event, by the ids it carries."""
    by_span = BY_SPAN.get(event.event_type, frozenset()) if event.span_id else frozenset()
    by_call = BY_CALL.get(event.event_type, frozenset()) if event.call_id else frozenset()
    return by_span | by_call
