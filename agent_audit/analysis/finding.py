"""A finding, the thresholds behind it, and what a rule is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.scope import Scope, bounds, first_row
from agent_audit.analysis.source import Expr, rows


class Level(str, Enum):
    """How much a finding matters. A wire name each."""

    __str__ = str.__str__

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Thresholds(BaseModel):
    """From where on something is unusual. The defaults are the ones agent_audit promises."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rapid_actions: int = Field(10, ge=2, description="So many actions of one agent …")
    rapid_window_seconds: float = Field(1.0, gt=0, description="… within so many seconds.")
    failure_rate: float = Field(0.30, ge=0, lt=1, description="More than this part of the operations failed …")
    failure_min_operations: int = Field(10, ge=1, description="… of at least so many that ended.")
    denials: int = Field(5, ge=0, description="More denials of one agent than this.")
    max_findings: int = Field(100, ge=1, description="Findings listed per rule; the rest are counted.")
    max_event_ids: int = Field(20, ge=1, description="Event ids listed per finding; the rest are counted.")


class Finding(BaseModel):
    """One unusual thing, with what it rests on."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(description="Rule and first event: the same in every run over the same log.")
    rule: str
    title: str
    level: Level
    agent_id: str | None
    explanation: str = Field(description="For a person: what was seen and what it may mean.")
    numbers: dict[str, float | int] = Field(description="What was measured, and against which threshold.")
    first: datetime | None = Field(None, description="When it began, UTC.")
    last: datetime | None = Field(None, description="When it ended, UTC.")
    event_ids: tuple[str, ...] = Field(description="The events it rests on, the first ones.")
    event_count: int = Field(description="How many there are in all.")


class Evidence(NamedTuple):
    """What a rule has to say about one row of its query."""

    explanation: str
    numbers: dict[str, float | int]
    events: Expr
    """The events it rests on, as a relation of facts."""


class Rule(NamedTuple):
    """One detection: a query with a row per finding, and how to tell a person of such a row."""

    id: str
    title: str
    level: Level
    query: Callable[[Scope, Thresholds], Expr]
    """One row per finding, the gravest first; with the column `agent_id`."""
    explain: Callable[[Scope, Thresholds, dict[str, Any]], Evidence]

    def run(self, scope: Scope, thresholds: Thresholds) -> tuple[list[Finding], int]:
        """The findings, at most `max_findings`, and how many more there are."""
        found = rows(self.query(scope, thresholds))
        listed = found[: thresholds.max_findings]
        return [self._finding(scope, thresholds, row) for row in listed], len(found) - len(listed)

    def _finding(self, scope: Scope, thresholds: Thresholds, row: dict[str, Any]) -> Finding:
        evidence = self.explain(scope, thresholds, row)
        whole = first_row(bounds(evidence.events))
        ordered = evidence.events.order_by(["timestamp", "seq"])
        shown = [found["event_id"] for found in rows(ordered.limit(thresholds.max_event_ids).select("event_id"))]
        return Finding(
            id=f"{self.id}/{shown[0]}",
            rule=self.id,
            title=self.title,
            level=self.level,
            agent_id=row["agent_id"],
            explanation=evidence.explanation,
            numbers=evidence.numbers,
            first=whole["first"],
            last=whole["last"],
            event_ids=tuple(shown),
            event_count=whole["total"],
        )


def of_agent(events: Expr, agent_id: str | None) -> Expr:
    """The events of one agent; None: those that name none."""
    return events.filter(events.agent_id.isnull() if agent_id is None else events.agent_id == agent_id)


def named(agent_id: str | None) -> str:
    """An agent as the subject of a sentence."""
    return "An agent without a name" if agent_id is None else f"Agent {agent_id}"
