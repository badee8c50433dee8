"""Recorded events as Hypothesis makes them: any text in any field, any JSON as payload."""

from __future__ import annotations

from datetime import datetime, timezone

from hypothesis import strategies as st

from agent_audit.event import AuditEvent, AuditEventType, Outcome, Source
from agent_audit.export import Recorded

TEXT = st.text(max_size=12)
_SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    _SCALARS | TEXT, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6
)
_IDS = st.none() | TEXT.filter(bool) | st.uuids().map(str) | st.uuids().map(lambda uuid: f"trace_{uuid.hex}")
_SPANS = st.none() | TEXT.filter(bool) | st.integers(0, 2**64 - 1).map("{:016x}".format)
_TOKENS = st.none() | st.integers(0, 10**6) | st.booleans() | TEXT
_FACTS = st.fixed_dictionaries(
    {}, optional={"model": JSON, "input_tokens": _TOKENS, "output_tokens": _TOKENS, "k": JSON}
)
_FRAMEWORKS = st.sampled_from(["langchain", "openai-agents", "own", ""])
_SOURCES = st.builds(Source, framework=_FRAMEWORKS, version=st.none() | TEXT)


@st.composite
def recordings(draw: st.DrawFn) -> Recorded:
    """An event with its line and the name of its log."""
    some = st.none() | TEXT
    moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.just(timezone.utc))
    event = AuditEvent(
        seq=draw(st.none() | st.integers(0, 2**40)),
        timestamp=draw(moments),
        event_type=draw(st.sampled_from(list(AuditEventType))),
        outcome=draw(st.sampled_from([None, *Outcome])),
        agent_id=draw(some),
        session_id=draw(some),
        user_id=draw(some),
        trace_id=draw(_IDS),
        span_id=draw(_SPANS),
        parent_span_id=draw(_SPANS),
        call_id=draw(some),
        action=draw(some),
        resource=draw(some),
        parameters=draw(JSON),
        result=draw(JSON),
        error=draw(some),
        error_type=draw(some),
        duration_ms=draw(st.none() | st.floats(0, allow_infinity=False)),
        source=draw(st.none() | _SOURCES),
        metadata=draw(st.none() | _FACTS),
        writer=draw(some),
        writer_seq=draw(st.none() | st.integers(0, 99)),
    )
    return Recorded(event, event.to_json().encode(), draw(st.sampled_from(["", "host/a b", "länge"])))
