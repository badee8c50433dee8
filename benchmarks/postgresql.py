"""What PostgreSQL costs: `python benchmarks/postgresql.py URL [--events N]`

URL: a database of a server for trying things; a schema `benchmark` is made in it, and dropped at the end.

Time and room as ratios to an anchor of the same run on the same server: `COPY` of the same lines, in the same batches,
into a table with nothing but seq and line. Round trips of the direct backend as a ratio to a bare INSERT and commit.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import psycopg

from agent_audit import AuditEvent, AuditEventType
from agent_audit.backends.postgresql import PostgreSQLBackend, migrate
from agent_audit.backends.postgresql.address import Address
from agent_audit.event import encode_record
from agent_audit.ship import Batch
from agent_audit.ship.sinks.postgresql import PostgreSQLCopies, PostgreSQLSink

BATCH = 8_000
SINGLE = 200


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--events", type=int, default=40_000)
    args = parser.parse_args()
    url = args.url + ("&" if "?" in args.url else "?") + "schema=benchmark"
    records = [record(n) for n in range(args.events)]
    lines = [b'{"seq":%d,%s' % (seq, one[1:]) for seq, one in enumerate(records)]
    with psycopg.connect(**Address(url).parameters, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS benchmark CASCADE")
        migrate(url)
        connection.execute("CREATE TABLE benchmark.bare (seq bigint PRIMARY KEY, line bytea)")
        try:
            measure(url, connection, records, lines)
        finally:
            connection.execute("DROP SCHEMA benchmark CASCADE")


def record(number: int) -> bytes:
    """A tool call of some 600 bytes, all of today."""
    event = AuditEvent(
        event_type=AuditEventType.TOOL_CALL,
        agent_id=f"agent-{number % 9}",
        session_id=f"session-{number // 20}",
        user_id="alice",
        action="tool.search",
        parameters={"query": "x" * 350},
    )
    return encode_record(event.to_record())


def measure(url: str, connection: psycopg.Connection[Any], records: list[bytes], lines: list[bytes]) -> None:
    """Ship, read back, write one at a time."""
    sink = PostgreSQLSink(url)
    starts = range(0, len(lines), BATCH)
    ours, bare = (
        timed(lambda: [sink.append(Batch("o", at, lines[at : at + BATCH])) for at in starts]),
        timed(lambda: [copy_bare(connection, at, lines[at : at + BATCH]) for at in starts]),
    )
    print(f"shipping {len(lines):,} events: {ours / bare:.1f} of a bare COPY ({len(lines) / ours:,.0f} events/s here)")
    room, bare_room = size(connection, f"event_{datetime.now(timezone.utc):%Y%m%d}"), size(connection, "bare")
    print(f"room: {room / bare_room:.2f} of the bare table's ({room / len(lines):,.0f} bytes an event)")
    reading = timed(lambda: sum(len(batch.lines) for batch in PostgreSQLCopies(url).batches("o")))
    bare_reading = timed(lambda: read_bare(connection))
    print(f"reading back in order: {reading / bare_reading:.1f} of a bare SELECT in order, all in memory at once")
    backend = PostgreSQLBackend(url, origin="direct")
    backend.append(records[:1])
    insert = "INSERT INTO benchmark.bare VALUES (%s, %s)"
    pairs = [
        (
            timed(lambda n=n: backend.append([records[n]])),  # type: ignore[misc]
            timed(lambda n=n: connection.execute(insert, [-n, lines[n]])),  # type: ignore[misc]
        )
        for n in range(1, SINGLE)
    ]
    single, anchor = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"one event, written directly: {single / anchor:.1f} of a bare INSERT ({single * 1e3:.2f} ms here)")
    backend.close()
    sink.close()


def timed(run: Callable[[], Any]) -> float:
    """Seconds: what is waited for is the server."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def copy_bare(connection: psycopg.Connection[Any], first: int, lines: list[bytes]) -> None:
    """The anchor of shipping."""
    with connection.cursor() as cursor, cursor.copy("COPY benchmark.bare FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["int8", "bytea"])
        for seq, line in enumerate(lines, first):
            copy.write_row((seq, line))


def read_bare(connection: psycopg.Connection[Any]) -> int:
    """The anchor of reading."""
    return len(connection.execute("SELECT seq, line FROM benchmark.bare ORDER BY seq", binary=True).fetchall())


def size(connection: psycopg.Connection[Any], table: str) -> int:
    """Bytes with indexes."""
    row = connection.execute("SELECT pg_total_relation_size(%s::regclass)", [f"benchmark.{table}"]).fetchone()
    return int(row[0]) if row else 0


if __name__ == "__main__":
    main()
