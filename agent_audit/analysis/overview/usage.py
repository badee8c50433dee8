"""Who acted, and with which tools."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.rules.denials import kept_denials
from agent_audit.analysis.scope import END_TYPES, Scope, count, effective_outcome, of_agents
from agent_audit.analysis.source import Expr, rows

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


class ToolUse(BaseModel):
    """One tool, or one action of an agent without a framework."""

    model_config = ConfigDict(frozen=True)

    action: str
    calls: int = Field(description="Ended ones.")
    failed: int
    agents: int
    p50_ms: float | None
    p95_ms: float | None
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


def tools(events: Expr) -> Expr:
    """One row per tool, the most used first."""
    ends = events.filter(events.event_type.isin(_ENDS) & events.action.notnull())
    ends = ends.mutate(how=effective_outcome(ends))
    found = ends.group_by("action").agg(
        calls=ends.count(),
        failed=ends.count(where=ends.how == "failure"),
        agents=ends.agent_id.nunique(),
        p50_ms=ends.duration_ms.quantile(0.5),
        p95_ms=ends.duration_ms.quantile(0.95),
        last=ends.timestamp.max(),
    )
    return found.order_by([found.calls.desc(), "action"])


def agent_uses(scope: Scope) -> tuple[tuple[AgentUse, ...], int]:
    """The busiest agents, and how many there are."""
    refused = kept_denials(scope)
    denied = {row["agent_id"]: row["n"] for row in rows(refused.group_by("agent_id").agg(n=refused.count()))}
    found = agents(scope.events)
    listed = rows(found.limit(MOST_LISTED))
    return tuple(AgentUse(**row, denied=denied.get(row["agent_id"], 0)) for row in listed), count(found)


def tool_uses(scope: Scope) -> tuple[tuple[ToolUse, ...], int]:
    """The most used tools, and how many there are."""
    found = tools(scope.events)
    return tuple(ToolUse(**row) for row in rows(found.limit(MOST_LISTED))), count(found)
