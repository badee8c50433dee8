"""What a finding is: one unusual thing, with the events it rests on."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.source import Expr


class Level(str, Enum):
    """How much a finding matters. A wire name each."""

    __str__ = str.__str__

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    def at_least(self, other: Level) -> bool:
        """Whether this one is as grave as `other`, or graver."""
        return _ORDER.index(self) >= _ORDER.index(other)


_ORDER = (Level.LOW, Level.MEDIUM, Level.HIGH)

Numbers = dict[str, float | int | str]
"""What was measured, by name."""


class Disposition(BaseModel):
    """What somebody decided about a finding. On record as an event `finding.disposition`."""

    model_config = ConfigDict(frozen=True)

    decision: str = Field(description="`acknowledged`, `false-positive` or `reopened`.")
    by: str | None = Field(description="Who decided.")
    reason: str | None = Field(description="Why.")
    at: datetime = Field(description="When it was recorded, UTC.")
    event_id: str = Field(description="The event that records it.")
    event_count: int | None = Field(None, description="How many events the finding had then.")


class Finding(BaseModel):
    """One unusual thing, with what it rests on."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(description="Rule and first event: the same in every run over the same log.")
    rule: str
    title: str
    level: Level
    agent_id: str | None
    session_id: str | None = Field(None, description="The session, where all of it happened in one.")
    explanation: str = Field(description="For a person: what was seen and what it may mean.")
    numbers: Numbers = Field(description="What was measured, and against which threshold.")
    references: tuple[str, ...] = Field((), description="OWASP Agentic threats (T…) and MITRE ATLAS ids (AML.…).")
    first: datetime | None = Field(None, description="When it began, UTC.")
    last: datetime | None = Field(None, description="When it ended, UTC.")
    event_ids: tuple[str, ...] = Field(description="The events it rests on, the first ones.")
    event_count: int = Field(description="How many there are in all.")
    disposition: Disposition | None = Field(None, description="What somebody decided about it, the last word.")

    @property
    def is_open(self) -> bool:
        """Whether it still waits for somebody: never decided on, reopened, or grown since."""
        decided = self.disposition
        if decided is None or decided.decision == "reopened":
            return True
        return decided.event_count is not None and self.event_count > decided.event_count


class Evidence(NamedTuple):
    """What a rule has to say about one row of its query."""

    explanation: str
    numbers: Numbers
    events: Expr
    """The events it rests on, as a relation of facts."""


def named(agent_id: str | None) -> str:
    """An agent as the subject of a sentence."""
    return "An agent without a name" if agent_id is None else f"Agent {agent_id}"
