"""How much happened when: events in equal steps of time."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from agent_audit.analysis.scope import bounds, first_row, of_agents
from agent_audit.analysis.source import Expr, rows
from agent_audit.analysis.volume import Interval, happened, start_of, step_of

STEPS = (1, 5, 15, 60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000)
"""Seconds a step may last: what people read on a clock or in a calendar."""
MOST_BUCKETS = 80


class OverTime(BaseModel):
    """The steps of a period, the empty ones too."""

    model_config = ConfigDict(frozen=True)

    step_seconds: int
    buckets: tuple[Interval, ...]


def step_for(seconds: float) -> int:
    """The smallest step that makes at most `MOST_BUCKETS` of a span of seconds."""
    return next((step for step in STEPS if seconds / step < MOST_BUCKETS - 1), _beyond(seconds))


def _beyond(seconds: float) -> int:
    return STEPS[-1] * int(seconds / STEPS[-1] / (MOST_BUCKETS - 1) + 1)


def over_time(events: Expr) -> OverTime | None:
    """The agents' events over time; None when there are none."""
    edge = first_row(bounds(of_agents(events)))
    if not edge["total"]:
        return None
    first, last = edge["first"].timestamp(), edge["last"].timestamp()
    step = step_for(last - first)
    own = of_agents(events)
    found = {row.pop("start"): row for row in rows(happened(own, step_of(own, step)))}
    steps = range(int(first // step), int(last // step) + 1)
    return OverTime(
        step_seconds=step,
        buckets=tuple(Interval(start=start_of(number, step), **found.get(number, {})) for number in steps),
    )
