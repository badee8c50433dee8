"""How completely the events say who, for whom, what, on what, how it ended."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.scope import first_row
from agent_audit.analysis.source import Expr

_TIMED = ("agent.stop", "tool.response", "llm.response", "action.executed", "action.failed")
_OPERATIONS = (*_TIMED, "agent.start", "tool.call", "llm.request", "data.access", "data.modify")
_ACTIONS = ("tool.call", "tool.response", "action.request", "action.executed", "action.failed", "data.access")
_DATA = ("data.access", "data.modify")

FIELDS: tuple[tuple[str, str, tuple[str, ...] | None], ...] = (
    ("agent_id", "who acted", None),
    ("user_id", "for whom", None),
    ("session_id", "in which conversation", None),
    ("trace_id", "in which run", None),
    ("source", "what recorded it", None),
    ("action", "what was done", (*_ACTIONS, "data.modify")),
    ("resource", "on which data", _DATA),
    ("outcome", "how it ended", (*_TIMED, *_DATA)),
    ("duration_ms", "how long it took", _TIMED),
    ("span_id", "which events belong together", _OPERATIONS),
)
"""Field, the question it answers, and the types that should carry it (None: all but the log's own)."""


class Completeness(BaseModel):
    """How many of the events that should carry a field do."""

    model_config = ConfigDict(frozen=True)

    field: str
    question: str
    events: int = Field(description="That should carry it.")
    present: int
    percent: float | None = Field(description="0 to 100; None: no event should carry it.")


def presence(events: Expr) -> Expr:
    """For each field two columns, in one row: how many events should carry it, and how many do."""
    columns = {}
    for name, _, types in FIELDS:
        due = ~events.event_type.startswith("log.") if types is None else events.event_type.isin(types)
        columns[f"{name}_due"] = events.count(where=due)
        columns[f"{name}_present"] = events.count(where=due & events[name].notnull())
    return events.agg(**columns)


def completeness_of(events: Expr) -> tuple[Completeness, ...]:
    """Every field's completeness, in the order of `FIELDS`."""
    found = first_row(presence(events))
    return tuple(
        Completeness(
            field=name,
            question=question,
            events=(due := found[f"{name}_due"]),
            present=(present := found[f"{name}_present"]),
            percent=round(100 * present / due, 1) if due else None,
        )
        for name, question, _ in FIELDS
    )
