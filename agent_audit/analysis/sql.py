"""Questions of the user's own: SQL over the events, and SQL conditions on which events are looked at."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from pydantic import ConfigDict, PrivateAttr

from agent_audit.analysis.complaints import complaint, is_of_engine
from agent_audit.analysis.document import Cell, Document, Table
from agent_audit.analysis.engine import Engine
from agent_audit.analysis.result import Result
from agent_audit.analysis.source import Expr, rows_of
from agent_audit.errors import ConfigurationError


class SqlAnswer(Result):
    """The rows of an SQL question."""

    model_config = ConfigDict(ser_json_bytes="hex")

    main: ClassVar[str] = "rows"

    query: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    cut: bool
    """Whether there are more rows than were asked for."""
    _arrow: Any = PrivateAttr(None)

    def to_arrow(self, field: str | None = None) -> Any:
        """The rows as a `pyarrow.Table`, with the types that DuckDB gave them.

        Raises:
            ConfigurationError: the answer was read from JSON, where the types are gone.
        """
        if self._arrow is None or field not in {None, self.main}:
            raise ConfigurationError("only `rows` of an answer that comes from `AuditAnalyzer.sql` are a table")
        return self._arrow

    def to_pandas(self, field: str | None = None) -> Any:
        """Like `to_arrow`, as a `pandas.DataFrame`."""
        return self.to_arrow(field).to_pandas()

    def document(self) -> Document:
        """See `Result.document`."""
        shown = tuple(tuple(map(_cell, row)) for row in self.rows)
        note = f"only the first {len(shown):,} rows" if self.cut else None
        return Document("SQL", (), (Table("Rows", self.columns, shown, note),))


def ask(log: Engine, query: str, limit: int | None) -> SqlAnswer:
    """The answer to an SQL question."""
    table = log.arrow(query, None if limit is None else limit + 1)
    cut = limit is not None and table.num_rows > limit
    table = table.slice(0, limit) if cut else table
    names = tuple(table.column_names)
    try:  # two columns may have one name
        found = rows_of(table.rename_columns([str(number) for number in range(len(names))]))
    except (OverflowError, ValueError) as error:
        raise ConfigurationError(
            f"the answer has a value that Python cannot represent ({complaint(error)}), such as a date before the year "
            "1 or after 9999; ask for it as text: CAST(… AS VARCHAR)"
        ) from error
    answer = SqlAnswer(query=query, columns=names, rows=tuple(tuple(row.values()) for row in found), cut=cut)
    answer._arrow = table
    return answer


def conditioned(events: Expr, where: str) -> Expr:
    """The events for which an SQL condition holds.

    Raises:
        ConfigurationError: it is no condition over the events' columns.
    """
    import sqlglot  # comes with Ibis
    from sqlglot.errors import SqlglotError

    try:
        # Parsed and written again: what is not one expression cannot get out of its place in the query.
        condition = sqlglot.parse_one(where, dialect="duckdb", into=sqlglot.exp.Condition)
        if condition.find(sqlglot.exp.Query):
            raise ConfigurationError(f"the condition {where!r} has a query in it; use `sql` for that")
        text = condition.sql(dialect="duckdb")
        return events.alias("event").sql(f"SELECT * FROM event WHERE ({text})", dialect="duckdb")
    except ConfigurationError:
        raise
    except SqlglotError as error:
        raise ConfigurationError(f"{where!r} is no SQL condition: {_told(error)}") from error
    except Exception as error:
        if not is_of_engine(error):
            raise
        raise ConfigurationError(f"{where!r} is no condition over the events: {complaint(error)}") from error


def _told(error: Any) -> str:
    """Where a text stops being SQL; the parser's own words are about its classes."""
    place = error.errors[0] if getattr(error, "errors", None) else {}
    at = place.get("highlight")
    return f"it is not understood at {at!r}, character {place.get('col')}" if at else str(error)


def _cell(value: Any) -> Cell:
    return value if value is None or isinstance(value, (str, int, float, datetime)) else str(value)
