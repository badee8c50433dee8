"""What a SQL text reads and gives, by its syntax tree; nothing is run."""

from __future__ import annotations

from typing import Any, NamedTuple

from agent_audit.errors import ConfigurationError


class Parsed(NamedTuple):
    """Of one SELECT."""

    tables: frozenset[str]
    """Tables and table functions it reads, but for those it defines itself (WITH)."""
    columns: frozenset[str]
    """Every column it names."""
    output: frozenset[str]
    """Names of the columns it gives; `*` counts as every column of an event."""


def parse_sql(sql: str, what: str = "query") -> Parsed:
    """Parse one SELECT in DuckDB's dialect.

    Args:
        sql: the text.
        what: what to call it in a complaint.

    Raises:
        ConfigurationError: it is not SQL, not one statement, or not one that only reads.
    """
    import sqlglot
    from sqlglot import exp

    try:
        statements = sqlglot.parse(sql, read="duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise ConfigurationError(f"the {what} is no SQL: {_told(error)}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise ConfigurationError(f"the {what} must be one SELECT")
    tree = statements[0]
    defined = {name.alias_or_name.lower() for name in tree.find_all(exp.CTE)}
    tables = {_table(table) for table in tree.find_all(exp.Table)} - defined
    output = {name.lower() for name in tree.named_selects}
    return Parsed(
        frozenset(tables),
        frozenset(column.name.lower() for column in tree.find_all(exp.Column)),
        frozenset(output | {"event_id"} if "*" in output else output),
    )


def _table(table: Any) -> str:
    # A function in FROM (read_csv, glob) has no name of its own: its text tells what it is.
    return str(table.name if table.name and not table.db else table.sql(dialect="duckdb")).lower()


def _told(error: Exception) -> str:
    found = getattr(error, "errors", None)
    return found[0].get("description", str(error)) if found else str(error)
