"""How the tools fared."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.document import Document, Table, left_out
from agent_audit.analysis.result import Period, Result, bad_line_remark
from agent_audit.analysis.scope import Scope, first_of_few, narrowed
from agent_audit.analysis.source import Expr


class ToolUse(BaseModel):
    """One tool within the period."""

    model_config = ConfigDict(frozen=True)

    tool: str | None = Field(description="`action` of its events.")
    calls: int = Field(description="Events `tool.call`.")
    responses: int = Field(description="Events `tool.response`: calls that ended.")
    succeeded: int
    failed: int
    denied: int
    other: int = Field(description="Responses that were cancelled, suspended, or whose outcome is unknown.")
    failure_rate: float | None = Field(description="Failed / responses; None: there were none.")
    agents: int = Field(description="How many agents used it.")
    mean_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    max_ms: float | None
    last: datetime


class ToolStatistics(Result):
    """The tools of a period, the most called first."""

    main: ClassVar[str] = "tools"

    period: Period
    tools: tuple[ToolUse, ...]
    tool_count: int = Field(description="How many there are in all.")
    bad_line_count: int = 0

    def document(self) -> Document:
        """See `Result.document`."""
        columns = (
            "tool",
            "calls",
            "succeeded",
            "failed",
            "denied",
            "other",
            "failed %",
            "median ms",
            "p95 ms",
            "max ms",
        )
        listed = tuple(
            (
                found.tool,
                found.calls,
                found.succeeded,
                found.failed,
                found.denied,
                found.other,
                None if found.failure_rate is None else found.failure_rate * 100,
                found.p50_ms,
                found.p95_ms,
                found.max_ms,
            )
            for found in self.tools
        )
        return Document(
            f"Tools, {self.period}",
            bad_line_remark(self.bad_line_count),
            (Table("Tools", columns, listed, left_out(self.tool_count - len(listed))),),
        )


def tool_uses(events: Expr, ends_of: tuple[str, ...] = ("tool.response",)) -> Expr:
    """One row per tool, the most called first.

    Args:
        events: facts.
        ends_of: types of the events that end a call; others than `tool.response` have no `tool.call`.
    """
    used = events.filter(events.event_type.isin(("tool.call", *ends_of)))
    used = narrowed(used, "event_type", "agent_id", "duration_ms", "timestamp", tool=used.action)
    ends = used.event_type != "tool.call"
    each = used.group_by("tool").agg(
        calls=used.count(where=~ends),
        responses=used.count(where=ends),
        succeeded=used.count(where=ends & (used.how == "success")),
        failed=used.count(where=ends & (used.how == "failure")),
        denied=used.count(where=ends & (used.how == "denied")),
        agents=used.agent_id.nunique(),
        mean_ms=used.duration_ms.mean(),
        p50_ms=used.duration_ms.quantile(0.5),
        p95_ms=used.duration_ms.quantile(0.95),
        max_ms=used.duration_ms.max(),
        last=used.timestamp.max(),
    )
    each = each.mutate(
        other=each.responses - each.succeeded - each.failed - each.denied,
        failure_rate=each.failed / each.responses.nullif(0),
    )
    return each.order_by([each.calls.desc(), each.responses.desc(), each.tool])


def tool_statistics(scope: Scope, limit: int | None) -> ToolStatistics:
    """The tools of a scope, at most `limit`."""
    found, tool_count = first_of_few(tool_uses(scope.events), limit)
    return ToolStatistics(
        period=scope.period,
        tools=tuple(ToolUse(**row) for row in found),
        tool_count=tool_count,
        bad_line_count=scope.bad_line_count,
    )
