"""Events as OTLP messages: the mapping of `export --format otel`, in protobuf."""

from __future__ import annotations

import time
from typing import Any

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from agent_audit.event import AuditEvent
from agent_audit.export import Recorded, otlp_logs
from agent_audit.ship.sink import Batch

_SEQ = "agent_audit.seq"
_UNREADABLE = "agent_audit.unreadable"


def export_request(batch: Batch) -> bytes:
    """An encoded `ExportLogsServiceRequest` with one record for each line, in their order.

    A line that is no event is sent as it is: it stands in the log, and whoever receives it should see that it does.
    """
    request, now = ExportLogsServiceRequest(), time.time_ns()
    before, records = None, None
    for seq, line in enumerate(batch.lines, batch.first_seq):
        resource, scope, mapped = _mapped(line, seq, batch.origin)
        if records is None or (resource, scope) != before:
            before = resource, scope
            group = request.resource_logs.add()
            _set_attributes(group.resource.attributes, resource)
            inner = group.scope_logs.add()
            ParseDict(scope, inner.scope)
            records = inner.log_records
        record = records.add(observed_time_unix_nano=now)
        _fill(record, mapped, seq)
    return request.SerializeToString()


def _mapped(line: bytes, seq: int, origin: str) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]:
    """A line's resource attributes, scope and record, as OTLP/JSON has them."""
    try:
        [group] = otlp_logs(Recorded(AuditEvent.from_json(line), line, origin))["resourceLogs"]
    except ValueError:  # pydantic's and orjson's errors are such
        resource = [_attribute("service.name", "agent-audit-log"), _attribute("agent_audit.origin", origin)]
        record: dict[str, Any] = {"severityNumber": 13, "severityText": "WARN", "eventName": _UNREADABLE}
        # The line may be no UTF-8; a protobuf string must be.
        record["body"] = {"stringValue": line.decode(errors="backslashreplace")}
        resource, scope = [*resource, *_host(origin)], {"name": "agent_audit"}
        return resource, scope, record
    [inner] = group["scopeLogs"]
    [record] = inner["logRecords"]
    return [*group["resource"]["attributes"], *_host(origin)], inner["scope"], record


def _host(origin: str) -> list[dict[str, Any]]:
    """`host.name`, where the log got its name by itself: `host/name/random`."""
    parts = origin.split("/")
    return [_attribute("host.name", parts[0])] if len(parts) == 3 and parts[0] else []


def _attribute(name: str, text: str) -> dict[str, Any]:
    return {"key": name, "value": {"stringValue": text}}


def _fill(record: LogRecord, mapped: dict[str, Any], seq: int) -> None:
    """Fill in a record. What the mapping says seldom goes the long way, through protobuf's JSON form."""
    rest = dict(mapped)
    record.time_unix_nano = int(rest.pop("timeUnixNano", 0))
    # These two are hexadecimal in OTLP/JSON, where protobuf's JSON form has base64.
    record.trace_id = bytes.fromhex(rest.pop("traceId", ""))
    record.span_id = bytes.fromhex(rest.pop("spanId", ""))
    record.severity_number = rest.pop("severityNumber", 0)
    record.severity_text = rest.pop("severityText", "")
    record.event_name = rest.pop("eventName", "")
    _set_value(record.body, rest.pop("body", {}))
    attributes = [one for one in rest.pop("attributes", []) if one["key"] != _SEQ]
    _set_attributes(record.attributes, attributes)
    # By where it stands, not by what it says: receivers tell repeats by this one.
    record.attributes.add(key=_SEQ).value.int_value = seq
    if rest:
        ParseDict(rest, record)


def _set_attributes(target: Any, attributes: list[dict[str, Any]]) -> None:
    for one in attributes:
        added: KeyValue = target.add(key=one["key"])
        _set_value(added.value, one["value"])


def _set_value(target: AnyValue, value: dict[str, Any]) -> None:
    for kind, given in value.items():
        if kind == "stringValue":
            target.string_value = given
        elif kind == "intValue":
            target.int_value = int(given)
        else:
            ParseDict(value, target)
