"""Calls that a model got an answer to although no tool ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents import RunContextWrapper, ToolApprovalItem

from agent_audit import AuditEventType, Outcome
from agent_audit_openai_agents.items import Call

if TYPE_CHECKING:
    from agent_audit_openai_agents.run import RunRecorder

_SECOND_HANDOFF = "Multiple handoffs detected"


def note_unexecuted(run: RunRecorder, call: Call, text: str, context: RunContextWrapper[Any] | None) -> None:
    """Record why a call was not carried out.

    Args:
        run: the run that it belongs to.
        call: what was asked.
        text: the answer that the model got.
        context: the run's; knows standing decisions ("always reject this tool").
    """
    facts: dict[str, Any] = {"action": call.action, "call_id": call.call_id, "parameters": call.arguments}
    kind, event_type = "UnknownTool", AuditEventType.ACTION_FAILED
    if text.startswith(_SECOND_HANDOFF):
        kind = "HandoffIgnored"
    elif not is_unknown_tool(text, call.name):
        _note_refusal(run, call, text, context, facts)
        return
    run.note(
        event_type,
        "on_llm_start",
        after_effect=True,
        outcome=Outcome.FAILURE,
        error=text,
        error_type=kind,
        **facts,
    )


def is_unknown_tool(text: str, name: str) -> bool:
    """Whether a text says that there is no tool of that name."""
    return "not found" in text and name.rpartition(".")[2] in text


def _note_refusal(
    run: RunRecorder, call: Call, text: str, context: RunContextWrapper[Any] | None, facts: dict[str, Any]
) -> None:
    standing = _is_rejected(run, context, call)
    run.note(
        AuditEventType.ACTION_DENIED if standing else AuditEventType.PERMISSION_DENIED,
        "on_llm_start",
        after_effect=True,
        outcome=Outcome.DENIED,
        error=text,
        metadata={"always": True} if standing else {"stage": "tool_input"},
        **facts,
    )


def _is_rejected(run: RunRecorder, context: RunContextWrapper[Any] | None, call: Call) -> bool:
    if context is None or call.call_id is None or call.raw is None:
        return False
    try:
        item = ToolApprovalItem(agent=run.agent, raw_item=call.raw, tool_name=call.name)
        return context.get_approval_status(call.name, call.call_id, current_invocation=item) is False
    except Exception:  # its arguments change from version to version
        return False
