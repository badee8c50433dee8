"""Events in the formats of others: OCSF, CloudEvents, OpenTelemetry; one JSON object for each event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent_audit.export.cloudevents import cloudevent
from agent_audit.export.ocsf import ocsf_event
from agent_audit.export.otel import otlp_logs
from agent_audit.export.recorded import Recorded

__all__ = ["MAPPINGS", "Recorded", "cloudevent", "ocsf_event", "otlp_logs"]

MAPPINGS: dict[str, Callable[[Recorded], dict[str, Any]]] = {
    "ocsf": ocsf_event,
    "cloudevents": cloudevent,
    "otel": otlp_logs,
}
"""Format name -> what makes an event one JSON object of it."""
