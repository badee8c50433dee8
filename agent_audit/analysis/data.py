"""Which data was read and changed, by whom and for whom."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.document import Document, Table, left_out
from agent_audit.analysis.result import Period, Result, bad_line_remark
from agent_audit.analysis.scope import Scope, first_rows
from agent_audit.analysis.source import Expr

MOST_LISTED = 100


class DataUse(BaseModel):
    """What one agent did with one resource for one user."""

    model_config = ConfigDict(frozen=True)

    kind: str = Field(description="`data.access` or `data.modify`.")
    resource: str | None
    agent_id: str | None
    user_id: str | None
    count: int
    not_successful: int = Field(description="Of these, how many failed or were denied.")
    first: datetime
    last: datetime


class DataAccess(Result):
    """Data access and changes of a period by resource, agent and user: changes first, then the most frequent."""

    main: ClassVar[str] = "uses"

    period: Period
    uses: tuple[DataUse, ...]
    use_count: int = Field(description="How many there are in all.")
    bad_line_count: int = 0

    def document(self) -> Document:
        """See `Result.document`."""
        columns = ("kind", "resource", "agent", "user", "events", "not successful", "first", "last")
        listed = tuple(
            (u.kind, u.resource, u.agent_id, u.user_id, u.count, u.not_successful, u.first, u.last) for u in self.uses
        )
        return Document(
            f"Data access and changes, {self.period}",
            bad_line_remark(self.bad_line_count),
            (Table("Data access and changes", columns, listed, left_out(self.use_count - len(listed))),),
        )


def data_uses(events: Expr) -> Expr:
    """One row per kind, resource, agent and user; changes first, then the most frequent."""
    touched = events.filter(events.event_type.isin(("data.access", "data.modify")))
    uses = touched.group_by(kind="event_type", resource="resource", agent_id="agent_id", user_id="user_id").agg(
        count=touched.count(),
        not_successful=touched.count(where=touched.outcome.isin(("failure", "denied"))),
        first=touched.timestamp.min(),
        last=touched.timestamp.max(),
    )
    return uses.order_by([uses.kind.desc(), uses["count"].desc(), "resource", "agent_id", "user_id"])


def listed_uses(events: Expr, limit: int | None = MOST_LISTED) -> tuple[tuple[DataUse, ...], int]:
    """The uses, at most `limit`, and how many there are."""
    found, use_count = first_rows(data_uses(events), limit)
    return tuple(DataUse(**row) for row in found), use_count


def data_access(scope: Scope, limit: int | None) -> DataAccess:
    """The data uses of a scope, at most `limit`."""
    uses, use_count = listed_uses(scope.events, limit)
    return DataAccess(period=scope.period, uses=uses, use_count=use_count, bad_line_count=scope.bad_line_count)
