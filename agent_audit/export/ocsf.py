"""OCSF 1.9.0, class API Activity (6003), with the profiles ai_operation, record_integrity and trace.

Every event becomes one of that class: an agent that acts calls an interface for somebody. What the class has no place
for stays under `unmapped`, so nothing is lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from agent_audit.event import AuditEvent, AuditEventType, Outcome, format_timestamp
from agent_audit.export.recorded import Recorded, without_nothing

VERSION = "1.9.0"
CLASS_UID = 6003
_OTHER = 99
_LONGEST = 2**53
"""Milliseconds. Every reader of JSON takes whole numbers up to here (RFC 8259, section 6)."""

_ACTIVITIES: dict[str, tuple[int, str]] = {
    AuditEventType.DATA_ACCESS: (2, "Read"),
    AuditEventType.DATA_MODIFY: (3, "Update"),
}
_STATUSES: dict[str, tuple[int, str]] = {
    Outcome.SUCCESS: (1, "Success"),
    Outcome.FAILURE: (2, "Failure"),
    Outcome.UNKNOWN: (0, "Unknown"),
}
_INFORMATIONAL, _LOW, _MEDIUM, _HIGH = (1, "Informational"), (2, "Low"), (3, "Medium"), (4, "High")
_BY_OUTCOME: dict[str | None, tuple[int, str]] = {Outcome.FAILURE: _LOW, Outcome.DENIED: _MEDIUM}
_BY_TYPE: dict[str, tuple[int, str]] = {
    AuditEventType.LOG_GAP: _HIGH,
    AuditEventType.ACTION_DENIED: _MEDIUM,
    AuditEventType.PERMISSION_DENIED: _MEDIUM,
    AuditEventType.GUARDRAIL_TRIPPED: _MEDIUM,
    AuditEventType.ERROR: _LOW,
    AuditEventType.ACTION_FAILED: _LOW,
    AuditEventType.LOG_RECOVERED: _LOW,
}
_FRAMEWORKS = {"langchain": (2, "LangChain"), "langgraph": (2, "LangChain")}
"""`type_id` of the object ai_agent."""
_SHA256 = {"algorithm": "SHA-256", "algorithm_id": 3}


def ocsf_event(recorded: Recorded) -> dict[str, Any]:
    """The event as an OCSF event.

    `raw_data_hash` is the SHA-256 of the recorded line, by which `prove` and `verify-proof` connect the two.
    `attestation.fingerprint` is the SHA-256 of this object without it, as JSON with sorted keys and no white space.
    """
    event = recorded.event
    activity, name = _ACTIVITIES.get(event.event_type, (_OTHER, str(event.event_type)))
    severity, severity_name = _severity(recorded)
    ocsf = without_nothing(
        {
            "class_uid": CLASS_UID,
            "class_name": "API Activity",
            "category_uid": 6,
            "category_name": "Application Activity",
            "activity_id": activity,
            "activity_name": name,
            "type_uid": CLASS_UID * 100 + activity,
            "type_name": f"API Activity: {name}",
            "time": recorded.microseconds // 1000,
            "severity_id": severity,
            "severity": severity_name,
            **_status(recorded),
            "duration": _milliseconds(event),
            "metadata": _metadata(recorded),
            "actor": _actor(recorded),
            "api": _api(recorded),
            "src_endpoint": without_nothing({"name": recorded.origin or None, "instance_uid": event.writer})
            or {"name": "unknown"},
            "resources": [{"name": event.resource}] if event.resource else None,
            "ai_agent": _agent(recorded),
            "ai_model": _model(recorded) if event.agent_id is None else None,
            "message_context": _message_context(recorded),
            "trace": _trace(recorded),
            "raw_data_size": len(recorded.line),
            "raw_data_hash": {**_SHA256, "value": hashlib.sha256(recorded.line).hexdigest()},
            "unmapped": _unmapped(recorded),
        }
    )
    return _attested(ocsf, recorded)


def _attested(ocsf: dict[str, Any], recorded: Recorded) -> dict[str, Any]:
    seq = recorded.event.seq
    attestation = without_nothing(
        {
            "uid": None if seq is None else str(seq),
            "authority_uid": recorded.origin or None,
            "chain_uid": recorded.origin or None,
        }
    )
    ocsf["attestation"] = attestation
    form = orjson.dumps(ocsf, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    attestation["fingerprint"] = {**_SHA256, "value": hashlib.sha256(form).hexdigest()}
    return ocsf


def _severity(recorded: Recorded) -> tuple[int, str]:
    event = recorded.event
    return max(_BY_TYPE.get(event.event_type, _INFORMATIONAL), _BY_OUTCOME.get(event.outcome, _INFORMATIONAL))


def _status(recorded: Recorded) -> dict[str, Any]:
    event = recorded.event
    if event.outcome is None:
        return {}
    status, name = _STATUSES.get(event.outcome, (_OTHER, str(event.outcome)))
    return {"status_id": status, "status": name, "status_code": event.error_type, "status_detail": event.error}


def _metadata(recorded: Recorded) -> dict[str, Any]:
    event = recorded.event
    return without_nothing(
        {
            "version": VERSION,
            "profiles": ["ai_operation", "record_integrity", *(["trace"] if event.trace_id else [])],
            "product": {"name": "agent-audit-log", "vendor_name": "agent_audit"},
            "uid": event.event_id,
            "event_code": str(event.event_type),
            "log_name": recorded.origin or None,
            "sequence": event.seq,
            "original_time": format_timestamp(event.timestamp),
            "correlation_uid": event.trace_id,
        }
    )


def _actor(recorded: Recorded) -> dict[str, Any]:
    event = recorded.event
    return without_nothing(
        {
            "user": {"uid": event.user_id} if event.user_id else None,
            "session": {"uid": event.session_id} if event.session_id else None,
            "app_uid": event.agent_id or "agent-audit-log",  # the log's own events
        }
    )


def _api(recorded: Recorded) -> dict[str, Any]:
    event = recorded.event
    request = {"uid": event.call_id or event.span_id or event.event_id, "data": _object(event.parameters)}
    response = {"data": _object(event.result), "error": event.error_type, "error_message": event.error}
    return without_nothing(
        {
            "operation": event.action or str(event.event_type),
            "service": _service(recorded),
            "request": without_nothing(request),
            "response": without_nothing(response),
        }
    )


def _object(value: Any) -> Any:
    """Payloads are objects in most stores that read OCSF; what is none gets a name."""
    return value if value is None or isinstance(value, Mapping) else {"value": value}


def _service(recorded: Recorded) -> dict[str, Any] | None:
    source = recorded.event.source
    if source is None:
        return None
    return without_nothing({"name": source.framework, "version": source.version})


def _agent(recorded: Recorded) -> dict[str, Any] | None:
    event = recorded.event
    if event.agent_id is None:
        return None
    framework = event.source.framework if event.source else "unknown"
    kind, name = _FRAMEWORKS.get(framework, (0, "Unknown") if framework == "unknown" else (_OTHER, framework))
    return without_nothing(
        {
            "uid": event.agent_id,
            "name": event.agent_id,
            "instance_uid": event.trace_id,
            "type_id": kind,
            "type": name,
            "ai_model": _model(recorded),
        }
    )


def _model(recorded: Recorded) -> dict[str, Any] | None:
    model = recorded.fact("model")
    return {"name": str(model), "ai_provider": str(recorded.fact("provider") or "unknown")} if model else None


def _message_context(recorded: Recorded) -> dict[str, Any] | None:
    prompt, completion = recorded.tokens("input_tokens"), recorded.tokens("output_tokens")
    if prompt is None and completion is None:
        return None
    return without_nothing(
        {
            "service": _service(recorded) or {"name": "unknown"},
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": (prompt or 0) + (completion or 0),
        }
    )


def _trace(recorded: Recorded) -> dict[str, Any] | None:
    event = recorded.event
    if event.trace_id is None:
        return None
    end = recorded.microseconds // 1000
    span = None
    duration = _milliseconds(event)
    if event.span_id is not None and duration is not None:  # the class wants both ends of a span
        start = end - duration
        span = {"uid": event.span_id, "parent_uid": event.parent_span_id, "start_time": start, "end_time": end}
    return without_nothing({"uid": event.trace_id, "span": without_nothing(span or {})})


def _milliseconds(event: AuditEvent) -> int | None:
    return None if event.duration_ms is None else round(min(event.duration_ms, _LONGEST))


def _unmapped(recorded: Recorded) -> dict[str, Any]:
    event = recorded.event
    return without_nothing(
        {
            "call_id": event.call_id,
            "span_id": event.span_id,
            "parent_span_id": event.parent_span_id,
            "metadata": event.metadata,
            "hook": event.source.hook if event.source else None,
            "writer_seq": event.writer_seq,
            "duration_ms": event.duration_ms,
        }
    )
