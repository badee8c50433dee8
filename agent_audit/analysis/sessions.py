"""Which sessions there were, and what each amounted to."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.document import Document, Table, left_out
from agent_audit.analysis.result import Period, Result, bad_line_remark
from agent_audit.analysis.scope import Scope, first_rows, narrowed
from agent_audit.analysis.source import Expr


class SessionSummary(BaseModel):
    """One session (conversation, thread) within the period."""

    model_config = ConfigDict(frozen=True)

    session_id: str
    log: str | None = Field(description="Directory of the log it is in; None: events in memory.")
    agent_id: str | None = Field(description="Its agent; of several the first by name.")
    agents: int = Field(description="How many agents took part.")
    user_id: str | None = Field(description="Its user; of several the first by name.")
    users: int = Field(description="How many users it was for.")
    first: datetime
    last: datetime
    events: int
    tool_calls: int
    model_calls: int
    failures: int = Field(description="Events whose outcome is failure.")
    denials: int = Field(description="Events whose outcome is denied.")
    decisions: int = Field(description="Approvals and denials on record.")

    @property
    def duration_seconds(self) -> float:
        """From the first event to the last."""
        return (self.last - self.first).total_seconds()


class Sessions(Result):
    """The sessions of a period, the latest first."""

    main: ClassVar[str] = "sessions"

    period: Period
    sessions: tuple[SessionSummary, ...]
    session_count: int = Field(description="How many there are in all.")
    bad_line_count: int = 0

    def document(self) -> Document:
        """See `Result.document`."""
        columns = ("session", "agent", "user", "first", "seconds", "events", "tools", "models", "failed", "denied")
        listed = tuple(
            (
                found.session_id,
                _and_others(found.agent_id, found.agents),
                _and_others(found.user_id, found.users),
                found.first,
                found.duration_seconds,
                found.events,
                found.tool_calls,
                found.model_calls,
                found.failures,
                found.denials,
            )
            for found in self.sessions
        )
        note = left_out(self.session_count - len(listed))
        return Document(
            f"Sessions, {self.period}",
            bad_line_remark(self.bad_line_count),
            (Table("Sessions", columns, listed, note),),
        )


def sessions(events: Expr) -> Expr:
    """One row per session, the latest first."""
    told = narrowed(
        events.filter(events.session_id.notnull()),
        *("session_id", "log", "agent_id", "user_id", "timestamp", "event_type"),
    )
    each = told.group_by(["session_id", "log"]).agg(
        **who_and_when(told),
        tool_calls=told.count(where=told.event_type == "tool.call"),
        model_calls=told.count(where=told.event_type == "llm.request"),
        failures=told.count(where=told.how == "failure"),
        denials=told.count(where=told.how == "denied"),
        decisions=told.count(where=told.event_type.isin(("action.approved", "action.denied"))),
    )
    return each.order_by([each["last"].desc(), each.session_id, each.log])


def who_and_when(told: Expr) -> dict[str, Expr]:
    """What is counted of every group of events that belong together, by the names in `SessionSummary`."""
    return {
        "agent_id": told.agent_id.min(),
        "agents": told.agent_id.nunique(),
        "user_id": told.user_id.min(),
        "users": told.user_id.nunique(),
        "first": told.timestamp.min(),
        "last": told.timestamp.max(),
        "events": told.count(),
    }


def list_sessions(scope: Scope, limit: int | None) -> Sessions:
    """The sessions of a scope, at most `limit`."""
    found, session_count = first_rows(sessions(scope.events), limit)
    return Sessions(
        period=scope.period,
        sessions=tuple(SessionSummary(**row) for row in found),
        session_count=session_count,
        bad_line_count=scope.bad_line_count,
    )


def _and_others(name: str | None, count: int) -> str | None:
    return f"{name} +{count - 1}" if count > 1 else name
