"""Which data was read and changed, by whom and for whom."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.scope import count, effective_outcome
from agent_audit.analysis.source import Expr, rows

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


def data_uses(events: Expr) -> Expr:
    """One row per kind, resource, agent and user; changes first, then the most frequent."""
    touched = events.filter(events.event_type.isin(("data.access", "data.modify"))).mutate(how=effective_outcome)
    uses = touched.group_by(kind="event_type", resource="resource", agent_id="agent_id", user_id="user_id").agg(
        count=touched.count(),
        not_successful=touched.how.isin(("failure", "denied")).sum(),
        first=touched.timestamp.min(),
        last=touched.timestamp.max(),
    )
    return uses.order_by([uses.kind.desc(), uses["count"].desc(), "resource", "agent_id", "user_id"])


def listed_uses(events: Expr) -> tuple[tuple[DataUse, ...], int]:
    """The uses, at most `MOST_LISTED`, and how many there are."""
    uses = data_uses(events)
    # SUM over outcomes that are all absent is NULL: none of them is known as unsuccessful.
    listed = [{**row, "not_successful": row["not_successful"] or 0} for row in rows(uses.limit(MOST_LISTED))]
    return tuple(DataUse(**row) for row in listed), count(uses)
