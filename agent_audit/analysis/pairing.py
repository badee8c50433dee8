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
from agent_audit.pairs import BEGINS_A_CALL, BY_CALL, BY_SPAN


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
    answered = _answered(events)
    return [
        Unpaired(event, waits_for)
        for place, event in enumerate(events)
        if (waits_for := _waits_for(event))
        and place not in answered
        and not any((event.span_id, name) in spans for name in BY_SPAN.get(event.event_type, ()))
    ]


def _answered(events: list[AuditEvent]) -> set[int]:
    """The places of those that something with their call ends."""
    found: set[int] = set()
    waiting: dict[tuple[str, str], dict[str | None, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, event in enumerate(events):
        if not event.call_id:
            continue
        session = event.session_id or None
        for intent, ends in BY_CALL.items():
            of_call = waiting[intent, event.call_id]
            if event.event_type in ends:
                of_any = list(of_call) if session is None else [session, None]
                found.update(*(of_call.pop(one, ()) for one in of_any))
            elif event.event_type == BEGINS_A_CALL and intent != BEGINS_A_CALL:
                of_call.pop(session, None)
            if event.event_type == intent:
                of_call[session].append(place)
    return found


def _waits_for(event: AuditEvent) -> frozenset[str]:
    """What could end this event, by the ids it carries."""
    by_span = BY_SPAN.get(event.event_type, frozenset()) if event.span_id else frozenset()
    by_call = BY_CALL.get(event.event_type, frozenset()) if event.call_id else frozenset()
    return by_span | by_call
