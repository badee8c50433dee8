"""Lists of events as Hypothesis makes them: few agents, ids and moments, so that they meet."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from agent_audit.event import AuditEvent, AuditEventType, Outcome

from .logs import NOON

_SPANS = st.sampled_from([None, "s1", "s2", "s3", "s4"])
_CALLS = st.sampled_from([None, "c1", "c2"])
_TYPES = st.sampled_from([str(name) for name in AuditEventType])
_MOMENTS = st.one_of(
    st.integers(0, 3_000_000),
    st.sampled_from([0, 500_000, 1_000_000, 1_000_001]),
).map(lambda microseconds: NOON + timedelta(microseconds=microseconds))


@st.composite
def events(draw: st.DrawFn, types: st.SearchStrategy[str] = _TYPES) -> AuditEvent:
    return AuditEvent(
        event_type=draw(types),
        timestamp=draw(_MOMENTS),
        outcome=draw(st.sampled_from([None, *Outcome])),
        agent_id=draw(st.sampled_from(["a", "b", None])),
        session_id=draw(st.sampled_from([None, "x", "y"])),
        user_id=draw(st.sampled_from([None, "u", "v"])),
        trace_id=draw(st.sampled_from([None, None, "t"])),
        span_id=draw(_SPANS),
        parent_span_id=draw(_SPANS),
        call_id=draw(_CALLS),
        action=draw(st.sampled_from([None, "read", "write", "tool.search"])),
        resource=draw(st.sampled_from([None, "r1", "r2"])),
        duration_ms=draw(st.none() | st.floats(0, 1e6)),
        metadata=draw(st.sampled_from([None, None, {"stage": "tool_input"}])),
        writer=draw(st.sampled_from([None, "w"])),
        writer_seq=draw(st.none() | st.integers(0, 50)),
    )


def logs(types: st.SearchStrategy[str] = _TYPES, most: int = 60) -> st.SearchStrategy[list[AuditEvent]]:
    return st.lists(events(types), max_size=most)


@st.composite
def asking(draw: st.DrawFn) -> AuditEvent:
    """What is about one of two calls, as models tell it that number them: the same ids in every conversation."""
    kinds = ["action.request", "permission.check", "action.approved", "action.denied", "tool.call", "tool.response"]
    metadata = {"arguments": {"hmac_sha256": draw(st.sampled_from(["d1", "d2"]))}} if draw(st.booleans()) else {}
    seen = {"seen": "when resumed"} if draw(st.integers(0, 3)) == 0 else {}
    kind = draw(st.sampled_from(kinds))
    return AuditEvent(
        event_type=kind,
        outcome=draw(st.sampled_from(["success", "failure", "suspended", "denied"]))
        if kind == "tool.response"
        else None,
        timestamp=draw(_MOMENTS),
        agent_id="a",
        session_id=draw(st.sampled_from(["x", "x", "y", None])),
        call_id=draw(st.sampled_from(["functions.pay:0", "functions.pay:0", "c2", None])),
        action="tool.pay",
        metadata={**metadata, **seen} or None,
    )
