"""Calls that a model got an answer to although no tool ran."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents import Agent, RunContextWrapper

from agent_audit import AuditEventType, Outcome
from agent_audit_openai_agents.approvals import note_standing, standing_decision
from agent_audit_openai_agents.items import Call, field_of, outputs_in
from agent_audit_openai_agents.run import AgentRun

_SECOND_HANDOFF = "Multiple handoffs detected"


def note_answers(run: AgentRun, items: Sequence[Any], context: RunContextWrapper[Any] | None) -> None:
    """Calls that were answered though no tool ran: refused, or of tools that nobody knows."""
    for call_id, text in outputs_in(items).items():
        call = run.asked.pop(call_id, None)
        if call is not None:
            _note_unexecuted(run, call, text, context)


def _note_unexecuted(run: AgentRun, call: Call, text: str, context: RunContextWrapper[Any] | None) -> None:
    """Record why a call was not carried out.

    Args:
        run: the run that it belongs to.
        call: what was asked.
        text: the answer that the model got.
        context: the run's; knows standing decisions ("always reject this tool").
    """
    kind = "UnknownTool"
    if text.startswith(_SECOND_HANDOFF):
        kind = "HandoffIgnored"
    elif call.kind != "function_call":
        # Only functions have guardrails. The SDK gives a repeated call the output of the one before.
        kind = "NotCarriedOut"
        if context is not None and standing_decision(run, context, call) is False:
            note_standing(run, call.request, False, "on_llm_start", after_effect=True, error=text)
            return
    elif not _is_unknown(run.asker or run.agent, call, text):
        _note_refusal(run, call, text, context)
        return
    run.note(
        AuditEventType.ACTION_FAILED,
        "on_llm_start",
        after_effect=True,
        outcome=Outcome.FAILURE,
        error=text,
        error_type=kind,
        **call.fields,
    )


def _is_unknown(agent: Any, call: Call, text: str) -> bool:
    """Whether the agent that asked has no such tool. An application may have its own words for that."""
    name = field_of(call.raw, "name") or call.name
    if any(getattr(tool, "name", None) == name for tool in getattr(agent, "tools", None) or ()):
        return text.startswith("Tool '") and text.endswith("' not found.")  # it is disabled
    # More tools come from MCP servers, from handoffs, and from other kinds of agents; then the text has to tell.
    has_more = type(agent) is not Agent or agent.mcp_servers or agent.handoffs
    return not has_more or is_unknown_tool(text, call.name)


def is_unknown_tool(text: str, name: str) -> bool:
    """Whether a text says that there is no tool of that name."""
    return "not found" in text and name.rpartition(".")[2] in text


def _note_refusal(run: AgentRun, call: Call, text: str, context: RunContextWrapper[Any] | None) -> None:
    if context is not None and standing_decision(run, context, call) is False:
        note_standing(run, call.request, False, "on_llm_start", after_effect=True, error=text)
        return
    run.note(
        AuditEventType.PERMISSION_DENIED,
        "on_llm_start",
        after_effect=True,
        outcome=Outcome.DENIED,
        error=text,
        metadata={"stage": "tool_input"},
        **call.fields,
    )
