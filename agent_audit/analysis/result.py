"""What every result of the analysis is: a frozen model that reads well and serialises."""

from __future__ import annotations

from datetime import datetime, timezone

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.document import Document, plain_text
from agent_audit.errors import ConfigurationError


class Count(BaseModel):
    """How often something occurs."""

    model_config = ConfigDict(frozen=True)

    name: str | None = Field(description="What; None: events that do not say.")
    count: int


class Period(BaseModel):
    """A span of time: `start` inclusive, `end` exclusive; None is unbounded."""

    model_config = ConfigDict(frozen=True)

    start: datetime | None = None
    end: datetime | None = None

    def __str__(self) -> str:
        if self.start is None and self.end is None:
            return "the whole log"
        parts = [f"from {_short(self.start)}"] if self.start else []
        parts += [f"until {_short(self.end)}"] if self.end else []
        return " ".join(parts)


class Result(BaseModel):
    """Base of all results. `str()` is readable text, `model_dump_json()` the whole as JSON."""

    model_config = ConfigDict(frozen=True)

    def document(self) -> Document:
        """The result as headings and tables, for a reporter."""
        raise NotImplementedError

    def __str__(self) -> str:
        return plain_text(self.document())


def period(start: datetime | None, end: datetime | None) -> Period:
    """The period between two moments.

    Raises:
        ConfigurationError: a moment without a time zone.
    """
    for name, moment in (("start", start), ("end", end)):
        if moment is not None and moment.tzinfo is None:
            raise ConfigurationError(f"{name} must carry a time zone, e.g. datetime.now(timezone.utc)")
    return Period(start=start, end=end)


def bad_line_remark(count: int) -> tuple[str, ...]:
    """The sentence that says the result is incomplete, if it is."""
    return (f"INCOMPLETE: {count:,} line(s) of the log cannot be read and are not in here.",) if count else ()


def _short(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
