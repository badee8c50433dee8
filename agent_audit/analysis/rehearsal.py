"""Rules and conditions of a user's own, tried out before a log is read: DuckDB itself says what it has against them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agent_audit.analysis.complaints import complaint
from agent_audit.analysis.result import Period
from agent_audit.analysis.rule import Rule
from agent_audit.analysis.schema import COLUMNS, FACTS
from agent_audit.analysis.scope import Scope
from agent_audit.analysis.source import load_ibis, rows
from agent_audit.errors import ConfigurationError

_GIVEN = {"seq": "0", "event_id": "'0'", "timestamp": "'2026-01-01T00:00:00Z'"}
"""What the one event has of which rules are tried out; the rest is absent, so that no text of its own is cast."""


@contextmanager
def refusal_told(what: str) -> Iterator[None]:
    """Turn what the engine has against something of the user's into an error that says what it is about.

    Args:
        what: the subject of the complaint.

    Raises:
        ConfigurationError: the engine refused it.
    """
    ibis = load_ibis()
    import duckdb  # type: ignore[import-not-found,import-untyped,unused-ignore]  # an optional extra
    from sqlglot.errors import SqlglotError  # comes with Ibis

    refusals = (duckdb.DataError, duckdb.ProgrammingError, duckdb.NotSupportedError, SqlglotError)
    try:
        yield
    except ArithmeticError as error:
        raise ConfigurationError(f"{what}: a number in it is too large") from error
    except (*refusals, ibis.common.exceptions.IbisError) as error:
        raise ConfigurationError(f"{what}: {complaint(error)}") from error


def rehearse(rule: Rule) -> None:
    """Run the query of a rule over one event.

    Raises:
        ConfigurationError: it cannot be run.
    """
    with _one_event() as connection, refusal_told("it cannot be run"):
        events = connection.table("one_event")
        rows(rule.query(Scope.of(events.select(*FACTS), Period(), whole=events), rule.parameters))


def rehearse_condition(condition: str) -> None:
    """Ask one event whether a condition holds for it.

    Args:
        condition: SQL that was parsed already.

    Raises:
        ConfigurationError: it cannot be told, or is neither true nor false.
    """
    with _one_event() as connection, refusal_told(f"{condition!r} is no condition over the events"):
        # Among what is selected every part of it is computed; in WHERE the second of two is left out after a first.
        answer = connection.con.sql(f"SELECT ({condition}) AS held FROM events")
        answer.fetchall()
        kind = str(answer.types[0])
    if kind != "BOOLEAN":
        raise ConfigurationError(f"{condition!r} is no condition over the events: it is {kind}, not true or false")


@contextmanager
def _one_event() -> Iterator[Any]:
    connection = load_ibis().duckdb.connect()
    try:
        typed = ", ".join(f'{_GIVEN.get(name, "NULL")}::{kind} AS "{name}"' for name, kind in COLUMNS.items())
        connection.con.execute(
            "SET TimeZone = 'UTC'; SET enable_external_access = false; "
            f"CREATE TABLE one_event AS SELECT {typed}; CREATE VIEW events AS FROM one_event"
        )
        yield connection
    finally:
        connection.disconnect()
