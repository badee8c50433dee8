"""Reading lines back in order of seq, without holding more of them in memory than one piece."""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from datetime import timezone
from itertools import islice
from typing import Any

import psycopg
from psycopg import sql

from agent_audit.backends.interface import Query
from agent_audit.backends.postgresql.connection import READ_IDLE, READ_PATIENCE, Connection, Server
from agent_audit.backends.postgresql.facts import FIRST_DAY, PUSHED, text_of
from agent_audit.backends.postgresql.schema import check
from agent_audit.errors import LogNotFoundError, ShipError

PIECE = 500
"""Lines that are fetched at a time: at most 32 MB, usually half a megabyte."""
_LARGEST_SEQ = 2**63 - 1
_LINES = "SELECT seq, line FROM {schema}.event WHERE log = %(log)s AND seq >= %(min_seq)s AND {conditions} ORDER BY seq"

Pieces = Generator[list[tuple[int, bytes]], None, None]


def connect(server: Server) -> Connection:
    """A connection that reads only.

    Raises:
        StoreUnavailableError, StoreRefusedError: there is none to be had.
    """
    connection = server.connect(READ_PATIENCE, READ_IDLE)
    try:
        check(server, connection)
        # One snapshot for all queries of a transaction.
        connection.execute(
            "SET default_transaction_read_only = on; SET default_transaction_isolation = 'repeatable read'"
        )
    except (psycopg.Error, TimeoutError, ShipError) as error:
        connection.close()
        if isinstance(error, ShipError):
            raise
        server.fail(error)
    return connection


def pieces(server: Server, origin: str, wanted: Query, piece: int = PIECE) -> Pieces:
    """The lines of a log that can satisfy a query, as (seq, line): all that do, and perhaps some that do not.

    Raises:
        LogNotFoundError: the store has no log of that name.
        StoreUnavailableError, StoreRefusedError: it cannot be read.
    """
    connection = connect(server)
    try:
        log = _id_of(server, connection, origin)
        # Two queries, merged here: as one, the server would sort the whole log before it gives the first line.
        (dated, undated), values = _select(server, log, wanted)
        with connection.transaction(), connection.cursor("dated") as one, connection.cursor("undated") as other:
            one.execute(dated, values)
            other.execute(undated, values)
            rows = heapq.merge(_fetched(connection, one, piece), _fetched(connection, other, piece))
            while found := list(islice(rows, piece)):
                yield found
    except (psycopg.Error, TimeoutError) as error:
        server.fail(error)
    finally:
        connection.close()


def origins(server: Server) -> list[str]:
    """The logs that are there, by name.

    Raises:
        StoreUnavailableError, StoreRefusedError: they cannot be read.
    """
    connection = connect(server)
    try:
        found = connection.execute(server.sql("SELECT origin FROM {schema}.log ORDER BY origin")).fetchall()
    except (psycopg.Error, TimeoutError) as error:
        server.fail(error)
    finally:
        connection.close()
    return [row[0] for row in found]


def batches(server: Server, origin: str) -> Iterator[tuple[int, list[bytes]]]:
    """The lines of a log in order, as (seq of the first, neighbouring lines); missing ones part them.

    Raises:
        LogNotFoundError, StoreUnavailableError, StoreRefusedError: as `pieces`.
    """
    with closing(pieces(server, origin, Query())) as found:
        for rows in found:
            start = 0
            for index in range(1, len(rows) + 1):
                if index == len(rows) or rows[index][0] != rows[index - 1][0] + 1:
                    yield rows[start][0], [line for _, line in rows[start:index]]
                    start = index


def _fetched(connection: Connection, cursor: psycopg.ServerCursor[Any], piece: int) -> Iterator[tuple[int, bytes]]:
    """The rows of a cursor, with the server's patience for each piece."""
    rows = None
    while rows is None or rows:
        connection.within(READ_PATIENCE)
        rows = cursor.fetchmany(piece)
        yield from rows


def _id_of(server: Server, connection: Connection, origin: str) -> int:
    row = connection.execute(server.sql("SELECT id FROM {schema}.log WHERE origin = %s"), [origin]).fetchone()
    if row is None:
        raise LogNotFoundError(f"{server.address.url} has no log {origin!r}")
    return int(row[0])


def _select(server: Server, log: int, wanted: Query) -> tuple[tuple[sql.Composed, sql.Composed], dict[str, Any]]:
    """Lines whose columns satisfy the conditions, and every line whose columns do not tell."""
    values: dict[str, Any] = {
        "log": log,
        "min_seq": min(wanted.min_seq or 0, _LARGEST_SEQ),
        "first_day": FIRST_DAY,
    }
    conditions = [sql.SQL("day >= %(first_day)s")]
    for name, operator in (("start", ">="), ("end", "<")):
        moment = getattr(wanted, name)
        if moment is not None:
            values[name] = moment.astimezone(timezone.utc)
            values[f"{name}_day"] = values[name].date()
            conditions.append(sql.SQL(f'"timestamp" {operator} %({name})s AND day {operator[0]}= %({name}_day)s'))
    conditions += _conditions(wanted.where, values)
    dated = server.sql(_LINES, conditions=sql.SQL(" AND ").join(conditions))
    return (dated, server.sql(_LINES, conditions=sql.SQL("day < %(first_day)s"))), values


def _conditions(where: Mapping[str, Any], values: dict[str, Any]) -> Iterator[sql.SQL]:
    """What can be asked of the columns; the rest is for the reader of the lines."""
    for name, given in where.items():
        allowed = list(given) if isinstance(given, (tuple, list, set, frozenset)) else [given]
        if name not in PUSHED or not all(value is None or isinstance(value, str) for value in allowed):
            continue
        values[name] = [text_of(value) for value in allowed if value is not None]
        missing = f" OR {name} IS NULL" if None in allowed else ""
        yield sql.SQL(f"({name} = ANY(%({name})s){missing})")
