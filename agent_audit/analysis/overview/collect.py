"""The overview: every part of it, asked of one scope."""

from __future__ import annotations

from pydantic import Field

from agent_audit.analysis.anomalies import AnomalyReport, find_anomalies
from agent_audit.analysis.compliance import ComplianceReport, compliance_report
from agent_audit.analysis.document import Document
from agent_audit.analysis.overview.over_time import OverTime, over_time
from agent_audit.analysis.overview.sessions import Limits, RecordedSession, listed_sessions, recorded
from agent_audit.analysis.overview.usage import AgentUse, agent_uses, most_used_tools
from agent_audit.analysis.result import Result
from agent_audit.analysis.ruleset import Ruleset
from agent_audit.analysis.scope import Scope
from agent_audit.analysis.source import Expr
from agent_audit.analysis.tools import ToolUse
from agent_audit.verify import AnyVerification

CITED = 6
"""Events of each finding that a report shows: the first ones."""


class Overview(Result):
    """What happened, what was unusual, and what the record is worth."""

    compliance: ComplianceReport
    anomalies: AnomalyReport
    over_time: OverTime | None = Field(description="None: no events.")
    agents: tuple[AgentUse, ...]
    agent_count: int
    tools: tuple[ToolUse, ...]
    tool_count: int
    sessions: tuple[RecordedSession, ...] = Field(description="What to look at first in front.")
    session_count: int
    limits: Limits

    def document(self) -> Document:
        """See `Result.document`: the compliance report's and the findings' tables."""
        found, report = self.anomalies.document(), self.compliance.document()
        return Document(report.title, (*report.remarks, *found.remarks), (*found.tables, *report.tables))


def overview(
    scope: Scope, events: Expr, limits: Limits | None = None, verification: AnyVerification | None = None
) -> Overview:
    """Look at a scope from all sides.

    Args:
        scope: facts of the events to look at.
        events: the same events with their payloads.
        limits: how much of single sessions is shown.
        verification: what `verify` says of the log; None: it was not asked.
    """
    limits = limits or Limits()
    anomalies = find_anomalies(scope, Ruleset(), scope.conditions.get("agent_id"))
    agents, agent_count = agent_uses(scope)
    tools, tool_count = most_used_tools(scope)
    cited = {event_id for finding in anomalies.findings for event_id in finding.event_ids[:CITED]}
    listed, session_count = listed_sessions(scope, limits, cited)
    return Overview(
        compliance=compliance_report(scope, verification),
        anomalies=anomalies,
        over_time=over_time(scope.events),
        agents=agents,
        agent_count=agent_count,
        tools=tools,
        tool_count=tool_count,
        sessions=tuple(sorted(recorded(events, listed, limits), key=lambda one: one.row.weight, reverse=True)),
        session_count=session_count,
        limits=limits,
    )
