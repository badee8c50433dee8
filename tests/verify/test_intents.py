from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from agent_audit.analysis.pairing import unpaired
from agent_audit.event import AuditEvent, AuditEventType, encode_record
from agent_audit.verify.intents import OpenIntents
from agent_audit.verify.lines import Piece

TYPES = [str(name) for name in AuditEventType]


@st.composite
def events(draw: st.DrawFn, types: Sequence[str] = TYPES, spans: int = 40, calls: int = 5) -> AuditEvent:
    """Any type, with ids from so few that many meet; spans belong to one operation, so each type has its own."""
    kind = draw(st.sampled_from(types))
    span = draw(st.none() | st.integers(1, spans)) if spans else None
    call = draw(st.none() | st.integers(0, calls))
    nested = {"event_type": "tool.call", "span_id": "0", "call_id": "1", "session_id": "x"}
    return AuditEvent(
        event_type=kind,
        span_id=None if span is None else f"s{span}",
        call_id=None if call is None else f"c{call}",
        session_id=draw(st.sampled_from([None, "x", 'y","call_id":"c1'])),
        agent_id=draw(st.sampled_from([None, 'a","span_id":"s1', "{"])),
        parameters=draw(st.sampled_from([None, nested, '"event_type":"tool.call"'])),
    )


def once_per_span(found: list[AuditEvent]) -> list[AuditEvent]:
    """A span has one intent of a type: span ids are unique."""
    seen: set[tuple[str, str]] = set()
    kept = []
    for event in found:
        key = (str(event.event_type), event.span_id or "")
        if not event.span_id or key not in seen:
            kept.append(event)
            seen.add(key)
    return kept


def feed(counted: OpenIntents, lines: list[bytes], first: int) -> None:
    if lines:
        counted.feed(Piece.of(lines, first, Path("segment"), 0, bare=True))


@given(st.lists(events(), max_size=40).map(once_per_span), st.integers(1, 7))
def test_intents_counted_from_the_bytes_are_those_that_pairing_finds(found: list[AuditEvent], step: int) -> None:
    lines = [b'{"seq":%d,' % seq + encode_record(event.to_record())[1:] for seq, event in enumerate(found)]
    counted = OpenIntents()
    for start in range(0, len(lines), step):
        feed(counted, lines[start : start + step], start)
    assert counted.count == len(unpaired(found))


ASKING = ["action.request", "permission.check", "action.approved", "action.denied", "tool.call"]


@given(st.lists(events(ASKING, spans=0, calls=1), max_size=40), st.integers(1, 7))
def test_parts_of_a_log_counted_apart_and_joined_come_to_what_pairing_finds(found: list[AuditEvent], step: int) -> None:
    lines = [b'{"seq":%d,' % seq + encode_record(event.to_record())[1:] for seq, event in enumerate(found)]
    counted = OpenIntents()
    for start in range(0, len(lines), step):
        part = OpenIntents(part=True)
        feed(part, lines[start : start + step], start)
        counted.join(part)
    assert counted.count == len(unpaired(found))


@st.composite
def odd_events(draw: st.DrawFn) -> AuditEvent:
    """With ids of any length, and types within payloads that may stand where those of other lines do."""
    nested = {"event_type": "tool.call"}
    return AuditEvent(
        event_id=draw(st.integers(1, 60).map("x".__mul__) | st.just("0192f0c1-0000-7000-8000-000000000000")),
        event_type=draw(st.sampled_from(TYPES)),
        parameters=draw(st.sampled_from([None, nested, {"": 1, **nested}, [nested], ',"event_type":"tool.call"'])),
        result=draw(st.sampled_from([None, nested, {"": 1, **nested}])),
    )


@given(st.lists(odd_events(), min_size=1, max_size=20), st.sampled_from([0, 7, 95, 10_000]), st.booleans())
def test_the_types_of_a_piece_are_those_of_its_lines_wherever_they_stand(
    found: list[AuditEvent], first: int, blobs: bool
) -> None:
    lines = [
        b'{"seq":%d,%s' % (seq, b'"blobs":[{"sha256":"00"}],' if blobs and seq % 3 == 0 else b"")
        + encode_record(event.to_record())[1:]
        for seq, event in enumerate(found, start=first)
    ]
    piece = Piece.of(lines, first, Path("segment"), 0, bare=not blobs)
    assert [piece.types[head].decode() for head in piece.heads] == [str(event.event_type) for event in found]
