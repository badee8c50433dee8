"""Audit logging for the OpenAI Agents SDK.

    agent_audit_openai_agents.enable()

records every run in the process: agents, model calls, tool calls, handoffs, guardrails, approvals. Or run by run:

    await Runner.run(agent, question, hooks=AuditRunHooks())

which sees what the SDK's hooks see; `AuditTracingProcessor` adds what only its spans tell.
"""

from agent_audit_openai_agents.hooks import AuditRunHooks
from agent_audit_openai_agents.install import disable, enable
from agent_audit_openai_agents.processor import AuditTracingProcessor

__all__ = ["AuditRunHooks", "AuditTracingProcessor", "disable", "enable"]
