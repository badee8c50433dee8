"""How much happened when: events in equal steps of time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.scope import bounds, effective_outcome, first_row, of_agents
from agent_audit.analysis.source import Expr, rows

STEPS = (1, 5, 15, 60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000)
"""Seconds a step may last: what people read on a clock or in a calendar."""
MOST_BUCKETS = 80


class Bucket(BaseModel):
    """The events of one step, each counted once."""

    model_config = ConfigDict(frozen=True)

    start: datetime
    events: int = 0
    failed: int = Field(0, description="Of these, with the outcome failure.")
    denied: int = Field(0, description="Of these, with the outcome denied.")

    @property
    def others(self) -> int:
        """Events that neither failed nor were denied."""
        return self.events - self.failed - self.denied


class OverTime(BaseModel):
    """The steps of a period, the empty ones too."""

    model_config = ConfigDict(frozen=True)

    step_seconds: int
    buckets: tuple[Bucket, ...]


def step_for(seconds: float) -> int:
    """The smallest step that makes at most `MOST_BUCKETS` of a span of seconds."""
    return next((step for step in STEPS if seconds / step < MOST_BUCKETS - 1), _beyond(seconds))


def _beyond(seconds: float) -> int:
    return STEPS[-1] * int(seconds / STEPS[-1] / (MOST_BUCKETS - 1) + 1)


def counted(events: Expr, step: int) -> Expr:
    """One row per step that has events: its number since 1970, and the counts."""
    own = of_agents(events)
    own = own.mutate(step=own.timestamp.epoch_seconds().floordiv(step), how=effective_outcome(own))
    return own.group_by("step").agg(
        events=own.count(),
        failed=own.count(where=own.how == "failure"),
        denied=own.count(where=own.how == "denied"),
    )


def over_time(events: Expr) -> OverTime | None:
    """The agents' events over time; None when there are none."""
    edge = first_row(bounds(of_agents(events)))
    if not edge["total"]:
        return None
    first, last = edge["first"].timestamp(), edge["last"].timestamp()
    step = step_for(last - first)
    found = {row.pop("step"): row for row in rows(counted(events, step))}
    steps = range(int(first // step), int(last // step) + 1)
    return OverTime(
        step_seconds=step,
        buckets=tuple(Bucket(start=_moment(number * step), **found.get(number, {})) for number in steps),
    )


def _moment(seconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)
