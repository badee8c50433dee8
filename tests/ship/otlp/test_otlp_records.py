"""Events as OTLP messages: the same as the exported JSON form says, by another way."""

from __future__ import annotations

import base64
import time
from datetime import datetime, timezone
from typing import Any

import orjson
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from agent_audit import AuditEvent, AuditEventType, Outcome
from agent_audit.event import encode_record
from agent_audit.export import Recorded, otlp_logs
from agent_audit.ship.sink import Batch
from agent_audit.ship.sinks.otlp.records import export_request

from .lab import ORIGIN, attributes

_TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_VALUES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    _VALUES | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
_EVENTS = st.builds(
    AuditEvent,
    event_type=st.sampled_from(AuditEventType),
    timestamp=st.datetimes(datetime(1970, 1, 1), datetime(2500, 1, 1), timezones=st.just(timezone.utc)),
    outcome=st.none() | st.sampled_from(Outcome),
    agent_id=st.sampled_from([None, "a", "b"]),
    session_id=_TEXTS,
    trace_id=_TEXTS | st.uuids().map(str),
    span_id=_TEXTS | st.binary(min_size=8, max_size=8).map(bytes.hex),
    action=_TEXTS | st.just("tool.search"),
    call_id=_TEXTS,
    parameters=_TEXTS | st.dictionaries(st.text(max_size=3), _VALUES | st.lists(_VALUES, max_size=2), max_size=2),
    result=_TEXTS | _VALUES,
    error=_TEXTS,
    duration_ms=st.none() | st.floats(0, 1e9),
    metadata=st.none() | st.fixed_dictionaries({"model": _TEXTS, "input_tokens": st.integers(0, 2**63 - 1) | _VALUES}),
)


def naive(event: AuditEvent, recorded: bytes) -> dict[str, Any]:
    """The exported form, read by protobuf's own JSON parser (which has bytes in base64) and written again."""
    mapped = otlp_logs(Recorded(event, recorded, ORIGIN))
    [record] = mapped["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    for name in ("traceId", "spanId"):
        if name in record:
            record[name] = base64.b64encode(bytes.fromhex(record[name])).decode()
    return MessageToDict(ParseDict(mapped, ExportLogsServiceRequest()))["resourceLogs"][0]


def decoded(batch: Batch) -> list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """Resource, scope and record of each event in a request; the time of sending, which all have, is taken out."""
    began = time.time_ns()
    encoded = export_request(batch)
    request = MessageToDict(ExportLogsServiceRequest.FromString(encoded))
    found = [
        (group["resource"], scope["scope"], record)
        for group in request["resourceLogs"]
        for scope in group["scopeLogs"]
        for record in scope["logRecords"]
    ]
    for _, _, record in found:
        assert began <= int(record.pop("observedTimeUnixNano")) <= time.time_ns()
    return found


@settings(max_examples=150)
@given(st.lists(_EVENTS, min_size=1, max_size=6), st.integers(0, 2**40))
def test_a_record_says_what_the_exported_form_says_and_where_its_event_stands(
    events: list[AuditEvent], first: int
) -> None:
    lines = [encode_record({"seq": first + number, **event.to_record()}) for number, event in enumerate(events)]

    found = decoded(Batch(ORIGIN, first, lines))

    assert len(found) == len(events)
    for seq, recorded, (resource, scope, record) in zip(range(first, first + len(lines)), lines, found, strict=True):
        expected = naive(AuditEvent.from_json(recorded), recorded)
        assert attributes(resource) == {
            **attributes(expected["resource"]),
            "host.name": {"stringValue": "host"},
        }
        assert scope == expected["scopeLogs"][0]["scope"]
        [wanted] = expected["scopeLogs"][0]["logRecords"]
        assert attributes(record) == {**attributes(wanted), "agent_audit.seq": {"intValue": str(seq)}}
        assert {**record, "attributes": None} == {**wanted, "attributes": None}


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(["seq", "more", *AuditEvent.model_fields]), _JSON, max_size=4), st.binary())
def test_whatever_stands_in_a_line_there_is_a_record_of_it(changed: dict[str, Any], junk: bytes) -> None:
    sound = AuditEvent(event_type=AuditEventType.TOOL_CALL).to_record()
    line = orjson.dumps({**sound, **changed})

    found = decoded(Batch(ORIGIN, 3, [line, junk]))

    assert [attributes(record)["agent_audit.seq"]["intValue"] for _, _, record in found] == ["3", "4"]
    assert found[0][2]["body"]["stringValue"].encode() == line
    assert found[1][2]["body"].get("stringValue", "") == junk.decode(errors="backslashreplace")


def test_ids_that_are_such_numbers_become_the_trace_and_span_of_the_record() -> None:
    event = AuditEvent(
        event_type=AuditEventType.TOOL_CALL, trace_id="0af7651916cd43dd8448eb211c80319c", span_id="b7ad6b7169203331"
    )
    request = ExportLogsServiceRequest.FromString(export_request(Batch(ORIGIN, 0, [event.to_json().encode()])))

    record = request.resource_logs[0].scope_logs[0].log_records[0]
    assert record.trace_id == bytes.fromhex("0af7651916cd43dd8448eb211c80319c")
    assert record.span_id == bytes.fromhex("b7ad6b7169203331")


def test_what_stands_in_a_log_and_is_no_event_is_sent_as_it_is_in_its_place() -> None:
    event = AuditEvent(event_type=AuditEventType.TOOL_CALL).to_json().encode()
    lines = [event, b"\xff{", b"[1]", b'{"event_type":5}', event]

    found = decoded(Batch("a log of my own", 7, lines))

    assert [attributes(record)["agent_audit.seq"]["intValue"] for _, _, record in found] == ["7", "8", "9", "10", "11"]
    assert [record["body"]["stringValue"] for _, _, record in found[1:4]] == ["\\xff{", "[1]", '{"event_type":5}']
    assert [record["eventName"] for _, _, record in found[1:4]] == ["agent_audit.unreadable"] * 3
    for resource, _, _ in found:
        assert attributes(resource)["agent_audit.origin"] == {"stringValue": "a log of my own"}
        assert "host.name" not in attributes(resource)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00.000000Z", "9999-12-31T00:00:00.000000Z"])
def test_a_clock_that_is_far_off_leaves_the_time_out_and_the_event_in(moment: str) -> None:
    record = {**AuditEvent(event_type=AuditEventType.TOOL_CALL).to_record(), "timestamp": moment}

    [(_, _, sent)] = decoded(Batch(ORIGIN, 0, [encode_record(record)]))

    assert "timeUnixNano" not in sent
    assert orjson.loads(sent["body"]["stringValue"])["timestamp"] == moment


def test_a_number_above_what_protobuf_holds_stays_exact() -> None:
    record = AuditEvent(event_type=AuditEventType.LLM_RESPONSE, metadata={"input_tokens": 2**64 - 1}).to_record()

    [(_, _, sent)] = decoded(Batch(ORIGIN, 0, [encode_record(record)]))

    assert attributes(sent)["gen_ai.usage.input_tokens"] == {"stringValue": str(2**64 - 1)}


def test_events_of_agents_that_take_turns_stay_in_order() -> None:
    agents = ["a", "b", "a", "a", "b"]
    lines = [AuditEvent(event_type=AuditEventType.AGENT_START, agent_id=agent).to_json().encode() for agent in agents]

    found = decoded(Batch(ORIGIN, 0, lines))

    assert [attributes(resource)["service.name"]["stringValue"] for resource, _, _ in found] == agents
    assert [attributes(record)["agent_audit.seq"]["intValue"] for _, _, record in found] == list("01234")
