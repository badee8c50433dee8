from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent_audit import AuditEvent, AuditEventType, ConfigurationError, Outcome, Query, Source
from agent_audit.errors import EncodingError
from agent_audit.testing import fake_clock, fake_ids

MISSION_TYPES = [
    "agent.start",
    "agent.stop",
    "action.request",
    "action.approved",
    "action.denied",
    "action.executed",
    "action.failed",
    "tool.call",
    "tool.response",
    "data.access",
    "data.modify",
    "permission.check",
    "permission.denied",
    "error",
]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)
moments = st.datetimes(
    datetime(1970, 1, 2), datetime(2999, 1, 1), timezones=st.timezones() | st.just(timezone(timedelta(hours=-5)))
)
optional_text = st.none() | texts
events = st.builds(
    AuditEvent,
    event_type=st.sampled_from(AuditEventType),
    timestamp=moments,
    outcome=st.none() | st.sampled_from(Outcome),
    agent_id=optional_text,
    session_id=optional_text,
    user_id=optional_text,
    call_id=optional_text,
    action=optional_text,
    parameters=json_values,
    result=json_values,
    error=optional_text,
    duration_ms=st.none() | st.floats(0, 1e9),
    source=st.none() | st.builds(Source, framework=texts, version=optional_text, hook=optional_text),
    metadata=st.none() | st.dictionaries(texts, json_values.filter(lambda value: value is not None), max_size=3),
)


@given(events)
def test_an_event_survives_the_way_to_json_and_back(event: AuditEvent) -> None:
    assert AuditEvent.from_json(event.to_json()) == event


@given(events)
def test_an_event_made_without_validation_is_the_same(event: AuditEvent) -> None:
    given_fields = {name: getattr(event, name) for name in event.model_fields_set}
    unchecked = AuditEvent.unchecked(**{"event_id": event.event_id, **given_fields})

    assert unchecked == event.model_copy(update={"timestamp": unchecked.timestamp})
    assert unchecked.to_json() == event.model_copy(update={"timestamp": unchecked.timestamp}).to_json()
    assert unchecked.model_dump_json() == AuditEvent.from_json(unchecked.to_json()).model_dump_json()


@given(events)
def test_an_event_is_one_line(event: AuditEvent) -> None:
    assert not {"\n", "\r"} & set(event.to_json())


@given(st.lists(moments, min_size=2, max_size=2))
def test_timestamps_sort_as_text_as_they_do_in_time(pair: list[datetime]) -> None:
    texts = [
        json.loads(AuditEvent(event_type="error", timestamp=moment).to_json())["timestamp"]
        for moment in sorted(pair, key=lambda moment: moment.astimezone(timezone.utc))
    ]
    assert texts == sorted(texts)


@pytest.mark.parametrize("name", MISSION_TYPES)
def test_every_type_of_the_mission_has_its_wire_name(name: str) -> None:
    event = AuditEvent(event_type=name)
    assert event.event_type is AuditEventType(name)
    assert json.loads(event.to_json())["event_type"] == name


def test_event_ids_are_uuid_version_7_and_distinct() -> None:
    ids = [AuditEvent(event_type="error").event_id for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert {event_id[14] for event_id in ids} == {"7"}


@pytest.mark.parametrize("lacking", [["event_id"], ["timestamp"], ["event_id", "timestamp"]])
def test_a_recorded_line_without_an_id_or_a_time_is_no_event_and_gets_none_of_its_own(lacking: list[str]) -> None:
    record = AuditEvent(event_type="error").to_record()
    for name in lacking:
        del record[name]
    with pytest.raises(ValidationError, match=lacking[0]):
        AuditEvent.from_record(record)
    with pytest.raises(ValidationError, match="AuditEvent"):
        AuditEvent.from_json(b"[]")


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        AuditEvent(event_type="error").action = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"event_type": "tool.cal"}, "unknown event_type 'tool.cal'; one of: agent.start"),
        ({"event_type": "error", "outcome": "won"}, "unknown outcome 'won'; one of: success"),
        ({"event_type": "error", "colour": "red"}, "colour: there is no such name"),
        ({"event_type": "error", "timestamp": datetime(2026, 1, 1)}, "timestamp: it should have timezone info"),
        ({"event_type": "error", "duration_ms": -1}, "duration_ms: it should be greater than or equal to 0"),
        ({"event_type": 5}, "^AuditEvent: event_type: it should be a valid string$"),
        ({}, "event_type: it is missing"),
        ({"event_type": "error", "source": "here"}, "source: it should be names with values"),
        ({"event_type": "error", "seq": -1, "user_id": 7}, "seq: .*; user_id: it should be a valid string"),
    ],
)
def test_a_wrong_field_is_refused_by_name(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        AuditEvent(**fields)


def test_an_error_about_an_event_does_not_show_what_stands_in_the_wrong_place() -> None:
    for refused in (lambda: AuditEvent(event_type="error", user_id={"pin": "4711"}), lambda: Query(limit="4711x")):
        with pytest.raises(ConfigurationError) as caught:
            refused()
        assert "4711" not in str(caught.value)
        assert caught.value.__suppress_context__
    with pytest.raises(ValidationError) as read:
        AuditEvent.from_record({"event_type": "error", "user_id": {"pin": "4711"}})
    assert "4711" not in str(read.value)


def test_types_outcomes_and_fields_of_a_newer_version_are_read_and_kept() -> None:
    line = (
        '{"seq":7,"event_id":"x","timestamp":"2030-01-01T00:00:00.000000Z","event_type":"agent.dream",'
        '"outcome":"vivid","colour":{"hue":3},"source":{"framework":"f","mood":"calm"}}'
    )
    event = AuditEvent.from_json(line)
    assert (event.event_type, event.outcome, event.seq) == ("agent.dream", "vivid", 7)
    assert event.model_extra == {"colour": {"hue": 3}}
    assert json.loads(event.to_json())["colour"] == {"hue": 3}


def test_what_json_has_no_form_for_is_a_named_error() -> None:
    with pytest.raises(EncodingError, match="cannot be written as JSON"):
        AuditEvent(event_type="error", parameters=object()).to_json()


def test_the_schema_names_every_field() -> None:
    schema = AuditEvent.model_json_schema()
    assert set(schema["properties"]) == set(AuditEvent.model_fields)
    assert all("description" in field or "$ref" in field for field in schema["properties"].values())


def test_clock_and_ids_can_be_fixed_for_a_test() -> None:
    with fake_clock(), fake_ids():
        first, second = AuditEvent(event_type="error"), AuditEvent(event_type="error")
    assert (second.timestamp - first.timestamp).total_seconds() == 1
    assert first.event_id.endswith("0000") and second.event_id.endswith("0001")
    assert AuditEvent(event_type="error").event_id > second.event_id
