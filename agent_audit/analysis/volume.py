"""How much happened when."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.document import Document, Table
from agent_audit.analysis.result import Period, Result, bad_line_remark
from agent_audit.analysis.scope import Scope, narrowed
from agent_audit.analysis.source import Expr, rows
from agent_audit.errors import ConfigurationError

UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "month": None}
"""Widths of an interval in seconds; those of a month differ."""


_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_FIRST = (datetime.min.replace(tzinfo=timezone.utc) - _EPOCH) // timedelta(seconds=1)
"""Seconds from 1970 to the beginning of the year 1."""


class Interval(BaseModel):
    """What happened from `start` for one unit or step of time."""

    model_config = ConfigDict(frozen=True)

    start: datetime
    events: int = 0
    agents: int = 0
    failures: int = Field(0, description="Of the events, with the outcome failure.")
    denials: int = Field(0, description="Of the events, with the outcome denied.")

    @property
    def others(self) -> int:
        """Events that neither failed nor were denied."""
        return self.events - self.failures - self.denials


class Volume(Result):
    """Events over time, in UTC; intervals in which nothing happened are left out."""

    main: ClassVar[str] = "intervals"

    period: Period
    unit: str
    intervals: tuple[Interval, ...]
    bad_line_count: int = 0

    def document(self) -> Document:
        """See `Result.document`."""
        listed = tuple((i.start, i.events, i.agents, i.failures, i.denials) for i in self.intervals)
        columns = (self.unit, "events", "agents", "failures", "denials")
        return Document(
            f"Events by {self.unit}, {self.period}",
            bad_line_remark(self.bad_line_count),
            (Table(f"Events by {self.unit}", columns, listed),),
        )


def intervals(events: Expr, unit: str) -> Expr:
    """One row per interval with events, in order of time."""
    seconds = UNITS[unit]
    # Not truncated but counted in seconds: DuckDB asks ICU's calendar for a date with a zone, which takes longer than
    # all the rest.
    at = events.timestamp.truncate("M") if seconds is None else step_of(events, seconds)
    return happened(events, at).order_by("start")


def step_of(events: Expr, seconds: int) -> Expr:
    """The number of an event's step since 1970, UTC, when steps last so many seconds."""
    return events.timestamp.epoch_seconds().floordiv(seconds)


def start_of(step: int | datetime, seconds: int | None) -> datetime:
    """The moment at which a step begins; that of the first years is the first there is."""
    return step if isinstance(step, datetime) else _EPOCH + timedelta(seconds=max(_FIRST, step * (seconds or 1)))


def happened(events: Expr, start: Expr) -> Expr:
    """One row per value of `start`, with the counts of an `Interval`."""
    told = narrowed(events, "agent_id", start=start)
    return told.group_by("start").agg(
        events=told.count(),
        agents=told.agent_id.nunique(),
        failures=told.count(where=told.how == "failure"),
        denials=told.count(where=told.how == "denied"),
    )


def volume(scope: Scope, unit: str) -> Volume:
    """The events of a scope over time.

    Raises:
        ConfigurationError: no such unit.
    """
    if unit not in UNITS:
        raise ConfigurationError(f"{unit!r} is no unit of time here; one of: {', '.join(UNITS)}")
    found = rows(intervals(scope.events, unit))
    return Volume(
        period=scope.period,
        unit=unit,
        intervals=tuple(Interval(**{**row, "start": start_of(row["start"], UNITS[unit])}) for row in found),
        bad_line_count=scope.bad_line_count,
    )
