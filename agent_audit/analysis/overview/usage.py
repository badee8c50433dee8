"""Who acted, and with which tools."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.rules.denials import kept_denials
from agent_audit.analysis.scope import END_TYPES, Scope, effective_outcome, first_rows, of_agents
from agent_audit.analysis.source import Expr, rows
from agent_audit.analysis.tools import ToolUse, tool_uses

MOST_LISTED = 50
_ENDS = ("tool.response", "action.executed", "action.failed")


class AgentUse(BaseModel):
    """One agent in a period."""

    model_config = ConfigDict(frozen=True)

    agent_id: str | None
    events: int
    sessions: int
    tool_calls: int
    failed: int = Field(description="Operations that ended with the outcome failure.")
    denied: int = Field(description="Refusals, each once.")
    last: datetime


def agents(events: Expr) -> Expr:
    """One row per agent, the busiest first."""
    own = of_agents(events)
    own = own.mutate(how=effective_outcome(own))
    found = own.group_by("agent_id").agg(
        events=own.count(),
        sessions=own.session_id.nunique(),
        tool_calls=own.count(where=own.event_type == "tool.call"),
        failed=own.count(where=own.event_type.isin(END_TYPES) & (own.how == "failure")),
        last=own.timestamp.max(),
    )
    return found.order_by([found.events.desc(), "agent_id"])


def agent_uses(scope: Scope) -> tuple[tuple[AgentUse, ...], int]:
    """The busiest agents, and how many there are."""
    refused = kept_denials(scope)
    denied = {row["agent_id"]: row["n"] for row in rows(refused.group_by("agent_id").agg(n=refused.count()))}
    found = agents(scope.events)
    shown, total = first_rows(found, MOST_LISTED)
    return tuple(AgentUse(**row, denied=denied.get(row["agent_id"], 0)) for row in shown), total


def most_used_tools(scope: Scope) -> tuple[tuple[ToolUse, ...], int]:
    """The tools, and actions of agents without a framework, that ended most often, and how many there are."""
    found = tool_uses(scope.events, _ENDS)
    found = found.filter(found.tool.notnull() & (found.responses > 0))
    shown, total = first_rows(found.order_by([found.responses.desc(), found.tool]), MOST_LISTED)
    return tuple(ToolUse(**row) for row in shown), total
