"""Each format is read by somebody else's implementation of it."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from functools import cache
from typing import Any

import orjson
import pytest
from cloudevents.core.formats.json import JSONFormat
from google.protobuf import json_format
from hypothesis import given
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from agent_audit.event import AuditEvent, AuditEventType, Outcome, format_timestamp
from agent_audit.export import MAPPINGS, Recorded, cloudevent, ocsf_event, otlp_logs
from tests.analysis.logs import event

from .recordings import recordings

_NEW_IN_1_9 = {"attestation", "ai_agent"}
"""What the newest schema that a package has (1.8.0) does not know yet."""


def written(name: str, recorded: Recorded) -> dict[str, Any]:
    """The mapping's object as `export` writes it and a reader reads it."""
    return json.loads(orjson.dumps(MAPPINGS[name](recorded), default=repr))  # type: ignore[no-any-return]


def recorded_as(**fields: Any) -> Recorded:
    found = event(fields.pop("event_type", "tool.response"), **fields)
    return Recorded(found, found.to_json().encode(), "host/log")


@cache
def ocsf_validator(*profiles: str) -> Draft202012Validator:
    schemas = OcsfJsonSchemaEmbedded(_schema())
    return Draft202012Validator(schemas.get_class_schema("api_activity", list(profiles)))


@cache
def _schema() -> dict[str, Any]:
    return get_ocsf_schema("1.8.0")


@given(recordings())
def test_ocsf_events_are_valid_by_the_published_schema(recorded: Recorded) -> None:
    found = written("ocsf", recorded)
    known = {name: value for name, value in found.items() if name not in _NEW_IN_1_9}
    profiles = [name for name in found["metadata"]["profiles"] if name in _schema()["profiles"]]
    errors = [f"{error.json_path}: {error.message}" for error in ocsf_validator(*profiles).iter_errors(known)]
    assert errors == []


def test_the_published_schema_refuses_what_is_no_api_activity() -> None:
    found = written("ocsf", recorded_as())
    found["class_uid"] = 6004
    del found["time"]
    refused = {error.message.split(" ")[0] for error in ocsf_validator().iter_errors(found)}
    assert {"'time'", "6003"} <= refused


@given(recordings())
def test_an_ocsf_event_names_its_line_and_its_fingerprint_is_that_of_the_rest(recorded: Recorded) -> None:
    found = ocsf_event(recorded)
    assert found["raw_data_hash"]["value"] == hashlib.sha256(recorded.line).hexdigest()
    fingerprint = found["attestation"].pop("fingerprint")["value"]
    form = orjson.dumps(found, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    assert fingerprint == hashlib.sha256(form).hexdigest()


@given(recordings())
def test_nothing_of_an_event_is_missing_in_its_ocsf_form(recorded: Recorded) -> None:
    found = json.dumps(written("ocsf", recorded))
    event = recorded.event
    words = [event.event_id, event.session_id, event.user_id, event.agent_id, event.trace_id, event.span_id]
    words += [event.parent_span_id, event.call_id, event.action, event.resource, event.error, event.error_type]
    assert [word for word in words if word and json.dumps(word) not in found] == []


@given(recordings())
def test_the_cloudevents_sdk_reads_what_was_recorded(recorded: Recorded) -> None:
    found = JSONFormat().read(None, orjson.dumps(cloudevent(recorded)))
    assert found.get_specversion() == "1.0"
    assert found.get_id() == recorded.event.event_id
    assert found.get_type() == f"agent_audit.{recorded.event.event_type}"
    moment = found.get_time()
    assert moment is not None
    assert abs(moment - recorded.event.timestamp) < timedelta(microseconds=1)
    data = found.get_data()
    assert isinstance(data, dict)
    assert AuditEvent.from_json(orjson.dumps(data)) == AuditEvent.from_json(recorded.line)


@given(recordings())
def test_opentelemetrys_protobuf_reads_the_otlp_json(recorded: Recorded) -> None:
    request = ExportLogsServiceRequest()
    json_format.ParseDict(_with_base64_ids(otlp_logs(recorded)), request)
    (record,) = request.resource_logs[0].scope_logs[0].log_records
    nanoseconds = recorded.microseconds * 1000
    assert record.time_unix_nano == (nanoseconds if 0 <= nanoseconds < 2**64 else 0)
    assert record.body.string_value.encode() == recorded.line
    assert len(record.trace_id) in (0, 16)
    assert len(record.span_id) in (0, 8)


@pytest.mark.parametrize(("number", "kind"), [(2**63 - 1, "int_value"), (2**63, "string_value")])
def test_a_number_above_what_opentelemetrys_protobuf_holds_stays_exact_as_text(number: int, kind: str) -> None:
    request = ExportLogsServiceRequest()
    recorded = recorded_as(event_type="llm.response", metadata={"input_tokens": number})
    json_format.ParseDict(_with_base64_ids(otlp_logs(recorded)), request)
    (record,) = request.resource_logs[0].scope_logs[0].log_records
    (tokens,) = [one.value for one in record.attributes if one.key == "gen_ai.usage.input_tokens"]
    assert str(getattr(tokens, kind)) == str(number)


def _with_base64_ids(request: dict[str, Any]) -> dict[str, Any]:
    """OTLP/JSON writes ids in hex where protobuf's own mapping has base64."""
    (record,) = request["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    for name in ("traceId", "spanId"):
        if name in record:
            record[name] = base64.b64encode(bytes.fromhex(record[name])).decode()
    return request


def attributes(recorded: Recorded) -> dict[str, Any]:
    (record,) = otlp_logs(recorded)["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    return {one["key"]: next(iter(one["value"].values())) for one in record["attributes"]}


def test_otlp_attributes_are_those_of_the_genai_conventions() -> None:
    tool = attributes(recorded_as(action="tool.search", call_id="c1", session_id="s", parameters={"q": 1}, result=[2]))
    assert tool["gen_ai.operation.name"] == "execute_tool"
    assert tool["gen_ai.tool.name"] == "search"
    assert tool["gen_ai.tool.call.id"] == "c1"
    assert tool["gen_ai.conversation.id"] == "s"
    assert tool["gen_ai.tool.call.arguments"] == '{"q":1}'
    assert tool["gen_ai.tool.call.result"] == "[2]"
    facts = {"model": "m-1", "input_tokens": 7, "output_tokens": 3}
    model = attributes(recorded_as(event_type="llm.response", metadata=facts, error_type="Timeout"))
    assert model["gen_ai.operation.name"] == "chat"
    assert model["gen_ai.request.model"] == "m-1"
    assert (model["gen_ai.usage.input_tokens"], model["gen_ai.usage.output_tokens"]) == ("7", "3")
    assert model["error.type"] == "Timeout"


@pytest.mark.parametrize(
    ("event_type", "outcome", "severity", "status"),
    [
        (AuditEventType.TOOL_RESPONSE, Outcome.SUCCESS, "Informational", "Success"),
        (AuditEventType.TOOL_RESPONSE, Outcome.FAILURE, "Low", "Failure"),
        (AuditEventType.ACTION_DENIED, Outcome.DENIED, "Medium", "denied"),
        (AuditEventType.LOG_GAP, None, "High", None),
        (AuditEventType.TOOL_CALL, None, "Informational", None),
    ],
)
def test_ocsf_severity_and_status_follow_type_and_outcome(
    event_type: AuditEventType, outcome: Outcome | None, severity: str, status: str | None
) -> None:
    found = ocsf_event(recorded_as(event_type=event_type, outcome=outcome))
    assert found["severity"] == severity
    assert found.get("status") == status


def test_w3c_ids_are_carried_on_and_others_are_not_bent_into_them() -> None:
    uuid, span = "0190b4e2-7c3a-7def-8000-123456789abc", "00f067aa0ba902b7"
    assert cloudevent(recorded_as(trace_id=uuid, span_id=span))["traceparent"] == (
        f"00-{uuid.replace('-', '')}-{span}-00"
    )
    assert "traceparent" not in cloudevent(recorded_as(trace_id="run-7", span_id=span))
    assert "traceparent" not in cloudevent(recorded_as(trace_id="0" * 32, span_id=span))
    (record,) = otlp_logs(recorded_as(trace_id="run-7"))["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    assert "traceId" not in record


def test_a_cloudevents_time_is_the_recorded_one_to_the_letter() -> None:
    recorded = recorded_as()
    assert cloudevent(recorded)["time"] == format_timestamp(recorded.event.timestamp)
