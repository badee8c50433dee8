"""What every result of the analysis is: a frozen model that reads well and serialises."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.document import Document, html_fragment, plain_text
from agent_audit.analysis.frames import to_arrow, to_pandas
from agent_audit.errors import ConfigurationError, require
from agent_audit.wording import plural


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
    """Base of all results. `str()` is readable text, `model_dump_json()` the whole as JSON, and a notebook shows
    tables."""

    model_config = ConfigDict(frozen=True)

    main: ClassVar[str]
    """The field with the rows that `to_arrow` and `to_pandas` return."""

    def document(self) -> Document:
        """The result as headings and tables, for a reporter."""
        raise NotImplementedError

    def to_arrow(self, field: str | None = None) -> Any:
        """Rows of the result as a `pyarrow.Table`.

        Args:
            field: which rows, a field that is a tuple of models; None: those of `main`.

        Raises:
            ConfigurationError: no such rows, or the extra `analysis` is not installed.
        """
        return to_arrow(*self._rows_of(field))

    def to_pandas(self, field: str | None = None) -> Any:
        """Like `to_arrow`, as a `pandas.DataFrame`.

        Raises:
            ConfigurationError: no such rows, or pandas is not installed.
        """
        return to_pandas(*self._rows_of(field))

    def _rows_of(self, field: str | None) -> tuple[type[BaseModel], tuple[BaseModel, ...]]:
        name, tabular = field or self.main, self._tabular()
        if name not in tabular:
            raise ConfigurationError(f"{type(self).__name__} has no rows {name!r}; it has: {', '.join(tabular)}")
        return tabular[name], getattr(self, name)

    @classmethod
    def _tabular(cls) -> dict[str, type[BaseModel]]:
        """Fields that are tuples of models, and of which."""
        first = {name: (get_args(field.annotation) or (None,))[0] for name, field in cls.model_fields.items()}
        return {name: kind for name, kind in first.items() if isinstance(kind, type) and issubclass(kind, BaseModel)}

    def _repr_html_(self) -> str:
        """For notebooks."""
        return html_fragment(self.document())

    def __str__(self) -> str:
        return plain_text(self.document())


def period(start: datetime | None, end: datetime | None) -> Period:
    """The period between two moments, in UTC: of another zone DuckDB understands the whole hours alone.

    Raises:
        ConfigurationError: no moment, one without a time zone or that UTC has no date for; an end before the start.
    """
    found = Period(start=_in_utc("start", start), end=_in_utc("end", end))
    if found.start is not None and found.end is not None and found.end < found.start:
        raise ConfigurationError(f"the period ends at {found.end}, before it begins at {found.start}")
    return found


def _in_utc(name: str, moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    require(name, moment, datetime, "a datetime with a time zone, e.g. datetime.now(timezone.utc)")
    if moment.tzinfo is None:
        raise ConfigurationError(f"{name} must carry a time zone, e.g. datetime.now(timezone.utc)")
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError:
        raise ConfigurationError(f"{name} {moment} is outside the years 1 to 9999 in UTC") from None


def bad_line_remark(count: int) -> tuple[str, ...]:
    """The sentence that says the result is incomplete, if it is."""
    return (f"INCOMPLETE: {not_in_here(count)}",) if count else ()


def not_in_here(count: int) -> str:
    """The sentence on so many lines that cannot be read."""
    return f"{plural(count, 'line that cannot be read is', 'lines that cannot be read are')} not in here."


def _short(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
