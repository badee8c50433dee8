"""OpenTelemetry log records in OTLP/JSON, as the collector's file receiver reads them: one request for each line.

Attributes are those of the GenAI semantic conventions; what they have no name for is under `agent_audit.`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from agent_audit.event import AuditEventType, Outcome
from agent_audit.export.cloudevents import span_id, trace_id
from agent_audit.export.recorded import Recorded, without_nothing

_INFO, _WARN, _ERROR = (9, "INFO"), (13, "WARN"), (17, "ERROR")
_WARNINGS = {AuditEventType.ACTION_DENIED, AuditEventType.PERMISSION_DENIED, AuditEventType.GUARDRAIL_TRIPPED}
_ERRORS = {AuditEventType.ERROR, AuditEventType.ACTION_FAILED, AuditEventType.LOG_GAP}
_OPERATIONS = {"tool": "execute_tool", "llm": "chat", "agent": "invoke_agent"}
"""First part of an event type -> `gen_ai.operation.name`."""


def otlp_logs(recorded: Recorded) -> dict[str, Any]:
    """The event as an OTLP `ExportLogsServiceRequest` with one log record. The body is the recorded line."""
    event = recorded.event
    number, text = _severity(recorded)
    record = without_nothing(
        {
            "timeUnixNano": _nanoseconds(recorded),
            "severityNumber": number,
            "severityText": text,
            "eventName": f"agent_audit.{event.event_type}",
            "body": {"stringValue": recorded.line.decode()},
            "attributes": _attributes(_facts(recorded)),
            "traceId": trace_id(recorded),
            "spanId": span_id(recorded),
        }
    )
    resource = {
        "service.name": event.agent_id or "agent-audit-log",
        "service.instance.id": event.writer,
        "agent_audit.origin": recorded.origin or None,
    }
    return {
        "resourceLogs": [
            {
                "resource": {"attributes": _attributes(resource)},
                "scopeLogs": [{"scope": {"name": "agent_audit"}, "logRecords": [record]}],
            }
        ]
    }


def _nanoseconds(recorded: Recorded) -> str | None:
    """When it happened; nothing outside the years 1970 to 2554, which the field cannot hold."""
    nanoseconds = recorded.microseconds * 1000
    return str(nanoseconds) if 0 <= nanoseconds < 1 << 64 else None


def _severity(recorded: Recorded) -> tuple[int, str]:
    event = recorded.event
    if event.event_type in _ERRORS or event.outcome == Outcome.FAILURE:
        return _ERROR
    if event.event_type in _WARNINGS or event.outcome == Outcome.DENIED:
        return _WARN
    return _INFO


def _facts(recorded: Recorded) -> dict[str, Any]:
    event = recorded.event
    kind = str(event.event_type).split(".", 1)[0]
    return {
        "gen_ai.operation.name": _OPERATIONS.get(kind),
        "gen_ai.agent.id": event.agent_id,
        "gen_ai.conversation.id": event.session_id,
        "gen_ai.request.model": recorded.fact("model"),
        "gen_ai.usage.input_tokens": recorded.tokens("input_tokens"),
        "gen_ai.usage.output_tokens": recorded.tokens("output_tokens"),
        **_tool(recorded),
        "user.id": event.user_id,
        "error.type": event.error_type,
        "agent_audit.event_id": event.event_id,
        "agent_audit.seq": event.seq,
        "agent_audit.outcome": None if event.outcome is None else str(event.outcome),
        "agent_audit.action": event.action,
        "agent_audit.resource": event.resource,
        "agent_audit.error": event.error,
        "agent_audit.duration_ms": event.duration_ms,
        "agent_audit.trace_id": event.trace_id,
        "agent_audit.span_id": event.span_id,
        "agent_audit.parent_span_id": event.parent_span_id,
        "agent_audit.framework": event.source.framework if event.source else None,
    }


def _tool(recorded: Recorded) -> dict[str, Any]:
    event = recorded.event
    if not (event.action or "").startswith("tool."):
        return {}
    return {
        "gen_ai.tool.name": (event.action or "").removeprefix("tool."),
        "gen_ai.tool.call.id": event.call_id,
        "gen_ai.tool.call.arguments": _text(event.parameters),
        "gen_ai.tool.call.result": _text(event.result),
    }


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()


def _attributes(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _any_value(value)} for name, value in facts.items() if value is not None]


def _any_value(value: Any) -> dict[str, Any]:
    """An OTLP `AnyValue`; 64-bit integers are strings in JSON (protobuf's JSON mapping).

    A JSON number may be above what such an integer holds; then it stays exact as text.
    """
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int) and -(1 << 63) <= value < 1 << 63:
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": value if isinstance(value, str) else str(_text(value))}
