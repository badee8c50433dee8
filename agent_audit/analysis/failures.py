"""What failed, grouped by cause."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.document import Document, Table, left_out
from agent_audit.analysis.result import Period, Result, bad_line_remark
from agent_audit.analysis.scope import Scope, effective_outcome, first_row, without
from agent_audit.analysis.source import Expr, rows
from agent_audit.wording import plural

CAUSE_LENGTH = 300
"""So many characters of an error's text, without what varies, make its cause."""

_VARYING = (
    ("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}", "<id>"),
    # With its fraction and its thousands: how many digits a number has varies, too.
    ("(0x)?[0-9a-fA-F]*[0-9][0-9a-fA-F]*([.,][0-9]+)*", "<n>"),
    # An apostrophe opens no quotation. Without groups: engines write a reference to one in different ways.
    ("n't ", "n’t "),
    ("'s ", "’s "),
    ("'[^']*'", "'…'"),
    ('"[^"]*"', '"…"'),
)
"""What differs from one occurrence of a cause to the next, and what stands in its place."""


class FailureGroup(BaseModel):
    """Failures of one action for one cause."""

    model_config = ConfigDict(frozen=True)

    cause: str | None = Field(description="The error's text without what varies: numbers, ids, quoted values.")
    error_type: str | None
    action: str | None
    count: int
    agents: int
    sessions: int
    first: datetime
    last: datetime
    example: str = Field(description="`event_id` of one of them.")


class Failures(Result):
    """The failures of a period, the most frequent cause first."""

    main: ClassVar[str] = "groups"

    period: Period
    groups: tuple[FailureGroup, ...]
    group_count: int = Field(description="How many there are in all.")
    failures: int = Field(description="Each failure once: failed operations, and errors that belong to none.")
    bad_line_count: int = 0

    def document(self) -> Document:
        """See `Result.document`."""
        columns = ("failures", "action", "error", "cause", "agents", "sessions", "first", "last", "example")
        listed = tuple(
            (g.count, g.action, g.error_type, g.cause, g.agents, g.sessions, g.first, g.last, g.example)
            for g in self.groups
        )
        return Document(
            f"Failures, {self.period}",
            (
                *bad_line_remark(self.bad_line_count),
                f"{plural(self.failures, 'failure')} of {plural(self.group_count, 'kind')}.",
            ),
            (Table("Failures by cause", columns, listed, left_out(self.group_count - len(listed))),),
        )


def failed_operations(events: Expr) -> Expr:
    """Operations whose outcome is failure."""
    return events.filter((effective_outcome(events) == "failure") & (events.event_type != "error"))


def errors_alone(events: Expr) -> Expr:
    """The `error` events that tell of no failed operation: neither their span nor their parent is one."""
    errors, failed = events.filter(events.event_type == "error"), failed_operations(events)
    return without(without(errors, failed, "span_id"), failed, "parent_span_id", matching="span_id")


def failure_groups(events: Expr) -> Expr:
    """One row per action, type of error and cause, in no order."""
    columns = ("event_id", "timestamp", "agent_id", "session_id", "action", "error", "error_type")
    found = failed_operations(events).select(*columns).union(errors_alone(events).select(*columns))
    cause = found.error
    for pattern, replacement in _VARYING:
        cause = cause.re_replace(pattern, replacement)
    # Only now: how much of the text is left depends on how long what varies is.
    found = found.mutate(cause=cause.left(CAUSE_LENGTH))
    return found.group_by(["cause", "error_type", "action"]).agg(
        count=found.count(),
        agents=found.agent_id.nunique(),
        sessions=found.session_id.nunique(),
        first=found.timestamp.min(),
        last=found.timestamp.max(),
        example=found.event_id.min(),
    )


def group_failures(scope: Scope, limit: int | None) -> Failures:
    """The failures of a scope, at most `limit` groups."""
    found = scope.keep("failure groups", lambda: failure_groups(scope.events))
    # Only now: rows that are kept come back in no certain order from a cluster.
    frequent_first = found.order_by([found["count"].desc(), found.cause, found.error_type, found.action])
    total = first_row(found.agg(failures=found["count"].sum(), groups=found.count()))
    return Failures(
        period=scope.period,
        groups=tuple(FailureGroup(**row) for row in rows(frequent_first.limit(limit))),
        group_count=total["groups"],
        failures=total["failures"] or 0,
        bad_line_count=scope.bad_line_count,
    )
