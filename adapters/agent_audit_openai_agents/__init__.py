"""Audit logging for the OpenAI Agents SDK.

    agent_audit_openai_agents.enable()

records every run in the process: agents, model calls, tool calls, handoffs, guardrails, approvals. Or run by run:

    await Runner.run(agent, question, hooks=AuditRunHooks())

which sees what the SDK's hooks see; `AuditTracingProcessor` adds what only its spans tell. Realtime sessions and voice
pipelines are recorded by `AuditRealtimeRunner` and `AuditVoicePipeline`, each in place of the SDK's own.
"""

from typing import TYPE_CHECKING, Any

from agent_audit_openai_agents.hooks import AuditRunHooks
from agent_audit_openai_agents.install import disable, enable
from agent_audit_openai_agents.processor import AuditTracingProcessor

if TYPE_CHECKING:
    from agent_audit_openai_agents.realtime import AuditRealtimeRunner
    from agent_audit_openai_agents.voice import AuditVoicePipeline

__all__ = [
    "AuditRealtimeRunner",
    "AuditRunHooks",
    "AuditTracingProcessor",
    "AuditVoicePipeline",
    "disable",
    "enable",
]


def __getattr__(name: str) -> Any:
    # They need the SDK's extras (websockets, numpy).
    if name == "AuditRealtimeRunner":
        from agent_audit_openai_agents.realtime import AuditRealtimeRunner

        return AuditRealtimeRunner
    if name == "AuditVoicePipeline":
        from agent_audit_openai_agents.voice import AuditVoicePipeline

        return AuditVoicePipeline
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
