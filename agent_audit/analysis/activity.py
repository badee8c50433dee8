"""What agents did: counts, outcomes, errors and durations over a period."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.document import Document, Table, left_out
from agent_audit.analysis.failures import errors_alone, failed_operations
from agent_audit.analysis.result import Count, Period, Result, bad_line_remark
from agent_audit.analysis.scope import (
    Scope,
    bounds,
    counts,
    first_row,
    of_agents,
)
from agent_audit.analysis.source import Expr, rows

MOST_LISTED = 100
"""Longest list of sessions, users or actions in a result; how many there are in all is counted beside it."""

_LISTED = ("agent_id", "action", "session_id", "user_id")


class Durations(BaseModel):
    """How long the operations took, in milliseconds; over all events that carry a duration."""

    model_config = ConfigDict(frozen=True)

    count: int = 0
    mean_ms: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    max_ms: float | None = None


class AgentActivity(Result):
    """What one agent, or all of them, did in a period."""

    main: ClassVar[str] = "actions"

    agent_id: str | None = Field(description="The agent asked for; None: all.")
    period: Period
    total_events: int
    by_type: dict[str, int]
    by_outcome: dict[str, int] = Field(description="Over the events that have an outcome.")
    by_agent: tuple[Count, ...] = Field(description="Events by agent, most frequent first; at most 100.")
    distinct_agents: int
    errors: int = Field(
        description="Failed operations, plus error events that belong to none of them: each failure once."
    )
    duration: Durations
    actions: tuple[Count, ...] = Field(description="Events by action, most frequent first; at most 100.")
    distinct_actions: int
    sessions: tuple[Count, ...] = Field(description="Events by session, most frequent first; at most 100.")
    distinct_sessions: int
    users: tuple[Count, ...] = Field(description="Events by user, most frequent first; at most 100.")
    distinct_users: int
    first_event: datetime | None
    last_event: datetime | None
    bad_line_count: int = 0

    def document(self) -> Document:
        """See `Result.document`."""
        who = "all agents" if self.agent_id is None else f"agent {self.agent_id}"
        facts = (
            ("events", self.total_events),
            ("errors", self.errors),
            ("first event", self.first_event),
            ("last event", self.last_event),
            ("agents", self.distinct_agents),
            ("distinct actions", self.distinct_actions),
            ("sessions", self.distinct_sessions),
            ("users", self.distinct_users),
            ("timed operations", self.duration.count),
            ("mean duration (ms)", self.duration.mean_ms),
            ("median duration (ms)", self.duration.p50_ms),
            ("95th percentile (ms)", self.duration.p95_ms),
            ("longest (ms)", self.duration.max_ms),
        )
        tables = (
            Table("Summary", ("what", "value"), facts),
            Table("Events by type", ("type", "events"), tuple(self.by_type.items())),
            Table("Events by outcome", ("outcome", "events"), tuple(self.by_outcome.items())),
            count_table("Agents", "agent", self.by_agent, self.distinct_agents),
            count_table("Actions", "action", self.actions, self.distinct_actions),
            count_table("Sessions", "session", self.sessions, self.distinct_sessions),
            count_table("Users", "user", self.users, self.distinct_users),
        )
        return Document(f"Activity of {who}, {self.period}", bad_line_remark(self.bad_line_count), tables)


def count_table(title: str, column: str, counted: tuple[Count, ...], distinct: int, shown: int = 20) -> Table:
    """A table of counts, cut to what a person reads."""
    listed = tuple((item.name, item.count) for item in counted[:shown])
    return Table(title, (column, "events"), listed, left_out(distinct - len(listed)))


def agent_activity(scope: Scope, agent_id: str | None) -> AgentActivity:
    """Count what happened in the scope."""
    events = scope.events
    own = of_agents(events)  # who examined the log is no user of an agent
    edge = first_row(bounds(events))
    distinct = first_row(distinct_counts(own))
    return AgentActivity(
        agent_id=agent_id,
        period=scope.period,
        total_events=edge["total"],
        first_event=edge["first"],
        last_event=edge["last"],
        by_type=_as_dict(counts(events, "event_type")),
        by_outcome=_as_dict(counts(events.filter(events.outcome.notnull()), "outcome")),
        by_agent=listed(own, "agent_id"),
        errors=first_row(error_count(events))["errors"],
        duration=Durations(**first_row(durations(events))),
        actions=listed(own, "action"),
        sessions=listed(own, "session_id"),
        users=listed(own, "user_id"),
        distinct_agents=distinct["agent_id"],
        distinct_actions=distinct["action"],
        distinct_sessions=distinct["session_id"],
        distinct_users=distinct["user_id"],
        bad_line_count=scope.bad_line_count,
    )


def listed(events: Expr, column: str) -> tuple[Count, ...]:
    """The most frequent values of a column; events without it are left out."""
    present = events.filter(events[column].notnull())
    return tuple(Count(**row) for row in rows(counts(present, column).limit(MOST_LISTED)))


def distinct_counts(events: Expr) -> Expr:
    """How many agents, actions, sessions and users there are, in one row."""
    return events.agg(**{name: events[name].nunique() for name in _LISTED})


def durations(events: Expr) -> Expr:
    """Mean, median, 95th percentile and maximum of `duration_ms`, in one row."""
    timed = events.duration_ms
    return events.agg(
        count=timed.count(),
        mean_ms=timed.mean(),
        p50_ms=timed.quantile(0.5),
        p95_ms=timed.quantile(0.95),
        max_ms=timed.max(),
    )


def error_count(events: Expr) -> Expr:
    """Each failure once, in one row.

    An `error` event that names a failed operation as its span or its parent tells of that failure.
    """
    failed, alone = failed_operations(events), errors_alone(events)
    return failed.select("seq").union(alone.select("seq")).agg(errors=lambda both: both.count())


def _as_dict(counted: Expr) -> dict[str, int]:
    return {row["name"]: row["count"] for row in rows(counted)}
