"""Every query of the analysis, run by PostgreSQL itself over a table of events, has the rows that DuckDB has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import ibis
import pytest

from agent_audit.analysis import AuditAnalyzer
from agent_audit.analysis.result import Period
from agent_audit.analysis.source import COLUMNS, PAYLOADS
from agent_audit.backends.postgresql.address import Address
from tests.postgresql_server import PostgreSQLServer

from .fleets import put, put_what_every_detection_finds
from .logs import event
from .postgresql_sql import postgresql_sql
from .test_engines import QUERIES, queries

psycopg = pytest.importorskip("psycopg")

_TYPES = {
    "BIGINT": "bigint",
    "VARCHAR": "text",
    "TIMESTAMPTZ": "timestamptz",
    "JSON": "jsonb",
    "DOUBLE": "double precision",
}
_FACTS = ", ".join(f'"{name}"' for name in COLUMNS if name not in PAYLOADS)
_NUL = "\\u0000"
"""The one character that PostgreSQL's texts cannot hold."""


class Engines:
    """The same events in a table of DuckDB and in one of PostgreSQL."""

    def __init__(self, url: str, server: PostgreSQLServer) -> None:
        with AuditAnalyzer(url) as analyzer:
            events = analyzer.events
            plain = {name: events[name].cast("string") for name, kind in COLUMNS.items() if kind == "JSON"}
            plain = {name: text.replace(_NUL, "") for name, text in plain.items()}
            told = events.mutate(**plain).to_pyarrow()
        self.queries = queries(Period())
        self.duckdb = duckdb.connect()
        self.duckdb.register("told", told)
        typed = ", ".join(f'"{name}"::{kind} AS "{name}"' for name, kind in COLUMNS.items())
        self.duckdb.execute(f"SET TimeZone = 'UTC'; CREATE TABLE events AS SELECT {typed} FROM told")
        self.duckdb.execute(f"CREATE VIEW facts AS SELECT {_FACTS} FROM events")
        self.server = psycopg.connect(**Address(server.url()).parameters, autocommit=True)
        typed = ", ".join(f'"{name}" {_TYPES[kind]}' for name, kind in COLUMNS.items())
        self.server.execute(f"SET TimeZone = 'UTC'; CREATE TEMPORARY TABLE events ({typed})")
        self.server.execute(f"CREATE TEMPORARY VIEW facts AS SELECT {_FACTS} FROM events")
        with self.server.cursor().copy("COPY events FROM STDIN") as copy:
            for row in told.to_pylist():
                copy.write_row([row[name] for name in COLUMNS])

    def rows_of(self, name: str) -> tuple[list[Any], list[Any]]:
        """What both answer, in an order of their values."""
        query = self.queries[name]
        here = self.duckdb.execute(ibis.to_sql(query, dialect="duckdb")).to_arrow_table().to_pylist()
        there = self.server.execute(postgresql_sql(query)).fetchall()
        return _sorted(row.values() for row in here), _sorted(there)


def _sorted(rows: Any) -> list[Any]:
    return sorted((tuple(map(_comparable, row)) for row in rows), key=repr)


def _comparable(value: Any) -> Any:
    """Numbers to nine digits, for sums have no certain order; JSON whatever its blanks and the order of its members."""
    if isinstance(value, (float, Decimal)):
        return float(f"{float(value):.9g}")
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except ValueError:
            return value
    return json.dumps(value, sort_keys=True) if isinstance(value, (dict, list)) else value


@pytest.fixture(scope="module")
def engines(postgresql: PostgreSQLServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    url = f"file://{tmp_path_factory.mktemp('fleet')}/store"
    put_what_every_detection_finds(url)
    kinds = ("data.access", "data.modify", "data.access", "error")
    put(url, "uses", [event(kind, at=n, session_id="s", agent_id="reader") for n, kind in enumerate(kinds)])
    both = Engines(url, postgresql)
    for engine in (both.duckdb, both.server):
        engine.execute("DELETE FROM events WHERE log = 'uses' AND seq = 2")
    yield both
    both.server.close()
    both.duckdb.close()


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_run_by_postgresql_has_the_rows_that_duckdb_has(engines: Engines, name: str) -> None:
    here, there = engines.rows_of(name)
    assert here, "nothing was there to be found"
    assert there == here
