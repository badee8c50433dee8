"""OTLP logs over HTTP (OTLP 1.x, protobuf): for any OpenTelemetry collector, and what it carries logs on to.

The messages are OpenTelemetry's own (opentelemetry-proto), the connection is urllib3's. The exporter of its Python SDK
is not used: it answers success or failure and no reason, takes a partial success for a whole one, drops a request that
is too large, and tries again by itself while nobody can stop it. A shipper must know what was accepted, and why not.
"""

from __future__ import annotations

from agent_audit.ship.sinks.otlp.sink import OtlpSink

__all__ = ["OtlpSink"]
