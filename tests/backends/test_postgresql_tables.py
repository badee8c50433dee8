from __future__ import annotations

import re
import threading
import time
from datetime import date, datetime, timedelta, timezone
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from agent_audit import AuditEvent, AuditEventType, Query
from agent_audit.backends.postgresql import VERSION, PostgreSQLBackend, migrate, migration_sql, roles_sql
from agent_audit.backends.postgresql.address import Address
from agent_audit.backends.postgresql.connection import Server
from agent_audit.backends.postgresql.facts import facts_of
from agent_audit.backends.postgresql.reading import _select
from agent_audit.backends.postgresql.schema import drop_days
from agent_audit.backends.postgresql.writing import Writer
from agent_audit.errors import ConfigurationError, StorageError, StoreRefusedError, StoreUnavailableError
from agent_audit.event import encode_record
from agent_audit.ship import Batch
from agent_audit.ship.sinks.postgresql import PostgreSQLCopies, PostgreSQLSink
from tests.postgresql_server import PostgreSQLServer


def line(seq: int, when: datetime | None = None) -> bytes:
    event = AuditEvent(event_type=AuditEventType.TOOL_CALL, timestamp=when or datetime.now(timezone.utc))
    return b'{"seq":%d,%s' % (seq, encode_record(event.to_record())[1:])


def give_roles(server: PostgreSQLServer, url: str, *, writer: str, reader: str) -> None:
    server.run(url, roles_sql(writer=writer, reader=reader, schema=Address(url).schema).replace("{", "{{"))


# -- migrations ----------------------------------------------------------------------------------------


def test_tables_are_made_once_and_a_repetition_does_nothing(postgresql: PostgreSQLServer) -> None:
    url = postgresql.url(schema="made once")
    assert [step.version for step in migrate(url)] == list(range(1, VERSION + 1))
    assert migrate(url) == []
    assert postgresql.run(url, "SELECT max(version) FROM {schema}.schema_version") == [(VERSION,)]


def test_of_several_who_migrate_at_once_one_does_it(postgresql: PostgreSQLServer) -> None:
    url, steps = postgresql.url(schema="at once"), []
    threads = [threading.Thread(target=lambda: steps.append(len(migrate(url)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)
    assert sorted(steps) == [0, 0, 0, VERSION]


def test_the_printed_script_makes_the_same_tables(postgresql: PostgreSQLServer) -> None:
    url = postgresql.url(schema="by hand")
    postgresql.run(url, migration_sql("by hand").replace("{", "{{").replace("}", "}}") + "-- {schema}")
    assert migrate(url) == []


def test_names_with_quotes_are_quoted(postgresql: PostgreSQLServer) -> None:
    url = postgresql.url(schema="""it's "so"; DROP TABLE x; --""")
    migrate(url)
    backend = PostgreSQLBackend(url, origin="""o'"; DROP SCHEMA x""")
    backend.append([line(0).replace(b'"seq":0,', b"")])
    assert [event.event_type for event in backend.query()] == ["log.opened", "tool.call"]
    backend.close()
    give_roles(postgresql, url, writer="""w'r"iter""", reader="""r'e"ader""")
    assert postgresql.run(url, "SELECT count(*) FROM pg_roles WHERE rolname LIKE '%%\"%%'") == [(2,)]


@pytest.mark.parametrize("name", ["a$$; DROP TABLE x; --", "a\nDROP TABLE x; --", "a\0b", "100%s", "", "x" * 64])
def test_names_that_quoting_does_not_cover_are_refused(name: str) -> None:
    for make in (
        lambda: Address(f"postgresql://host/db?schema={quote(name)}"),
        lambda: migration_sql(name),
        lambda: roles_sql(schema=name),
        lambda: roles_sql(writer=name),
        lambda: roles_sql(reader=name),
    ):
        with pytest.raises(ConfigurationError, match=r"a name (of 1 to 63 bytes|without control characters)"):
            make()


def test_what_is_no_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigurationError, match=r"^the PostgreSQL URL is not understood: postgresql://host/database$"):
        Address("postgresql://ann:s3cret@[x/db")


def test_a_schema_of_others_keeps_its_rights(postgresql: PostgreSQLServer) -> None:
    url = postgresql.url(schema="of others")
    postgresql.run(url, "CREATE SCHEMA {schema}")
    postgresql.run(url, "CREATE FUNCTION {schema}.theirs() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    migrate(url)
    rights = "SELECT proname FROM pg_proc WHERE pronamespace = '{schema}'::regnamespace AND proacl IS NULL"
    assert postgresql.run(url, rights) == [("theirs",)]


def test_newer_tables_are_refused_by_everything(postgresql: PostgreSQLServer) -> None:
    url = postgresql.tables()
    message = f"version {VERSION + 1}; this version knows up to {VERSION}: upgrade agent-audit-log"
    postgresql.run(url, "INSERT INTO {schema}.schema_version (version, name) VALUES (%s, 'x')", VERSION + 1)
    sink = PostgreSQLSink(url)
    with pytest.raises(StoreRefusedError, match=message):
        migrate(url)
    with pytest.raises(StoreRefusedError, match=message):
        sink.append(Batch("o", 0, [line(0)]))
    with pytest.raises(StoreRefusedError, match=message):
        list(PostgreSQLCopies(url).origins())
    with pytest.raises(StorageError, match=message):
        PostgreSQLBackend(url, origin="o").append([line(0)])


def test_where_there_are_no_tables_the_error_says_what_to_do(postgresql: PostgreSQLServer) -> None:
    with pytest.raises(StoreRefusedError, match="agent-audit-log postgresql migrate"):
        PostgreSQLSink(postgresql.url(schema="nothing here")).position("o")


def test_a_database_of_another_encoding_is_refused(postgresql: PostgreSQLServer) -> None:
    postgresql.run(
        postgresql.url(), "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    with pytest.raises(StoreRefusedError, match="encoded in LATIN1; UTF8 is needed"):
        migrate(postgresql.url(database="latin"))


# -- rights --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def roles(postgresql: PostgreSQLServer) -> tuple[str, str, str]:
    """URLs of the owner, of a writer and of a reader, with one log of three events."""
    owner = postgresql.tables()
    schema = Address(owner).schema
    postgresql.run(owner, "CREATE ROLE host_17 LOGIN")
    postgresql.run(owner, "CREATE ROLE auditor LOGIN")
    for _ in range(2):
        give_roles(postgresql, owner, writer="audit_w", reader="audit_r")
    postgresql.run(owner, "GRANT audit_w TO host_17")
    postgresql.run(owner, "GRANT audit_r TO auditor")
    writer, reader = (postgresql.url(user=user, schema=schema) for user in ("host_17", "auditor"))
    sink = PostgreSQLSink(writer)
    assert sink.append(Batch("o", 0, [line(seq) for seq in range(3)])) == 3
    sink.close()
    return owner, writer, reader


def test_a_writer_can_ship_and_keep_evidence_and_write_directly(roles: tuple[str, str, str]) -> None:
    _, writer, reader = roles
    backend = PostgreSQLBackend(writer, origin="direct")
    backend.append([line(0).replace(b'"seq":0,', b"")])
    backend.close()
    read = PostgreSQLBackend(reader, origin="direct")
    assert [event.event_type for event in read.query()] == ["log.opened", "tool.call", "log.closed"]
    assert [one.name for one in PostgreSQLCopies(reader).evidence("direct")] == ["log.json"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {schema}.event SET line = 'x'",
        "DELETE FROM {schema}.event",
        "TRUNCATE {schema}.event",
        "DELETE FROM {schema}.event_undated",
        "INSERT INTO {schema}.event_undated (log, seq, day, line) VALUES (1, 99, '0001-01-01', 'x')",
        "UPDATE {schema}.log SET next_seq = 0",
        "INSERT INTO {schema}.log (origin) VALUES ('x')",
        "DELETE FROM {schema}.evidence",
        "UPDATE {schema}.evidence SET data = 'x'",
        "DELETE FROM {schema}.gap",
        "DROP TABLE {schema}.event",
        "ALTER TABLE {schema}.event DISABLE TRIGGER ALL",
        "SELECT {schema}.drop_days(current_date)",
        "CREATE TABLE {schema}.mine ()",
        "UPDATE {schema}.schema_version SET version = 0",
    ],
)
def test_neither_a_writer_nor_a_reader_can_change_or_delete(
    postgresql: PostgreSQLServer, roles: tuple[str, str, str], statement: str
) -> None:
    for url in roles[1:]:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            postgresql.run(url, statement)


def test_a_writer_cannot_even_read_events(postgresql: PostgreSQLServer, roles: tuple[str, str, str]) -> None:
    for table in ("event", "events", "evidence", "log"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            postgresql.run(roles[1], f"SELECT * FROM {{schema}}.{table}")


def test_a_reader_cannot_write(roles: tuple[str, str, str]) -> None:
    with pytest.raises(StoreRefusedError, match=r"permission denied.*agent-audit-log postgresql roles"):
        PostgreSQLSink(roles[2]).append(Batch("o", 3, [line(3)]))


@pytest.mark.parametrize("seqs", [(0,), (2, 3), (3, 3), (3, 5)])
def test_a_writer_can_add_nothing_but_the_next_events(
    postgresql: PostgreSQLServer, roles: tuple[str, str, str], seqs: tuple[int, ...]
) -> None:
    rows = ", ".join(f"(1, {seq}, DATE '0001-01-01', '\\x')" for seq in seqs)
    with pytest.raises(psycopg.IntegrityError):
        postgresql.run(roles[1], f"INSERT INTO {{schema}}.event (log, seq, day, line) VALUES {rows}")


def test_not_even_the_owner_changes_an_event_by_accident(
    postgresql: PostgreSQLServer, roles: tuple[str, str, str]
) -> None:
    for statement in ("UPDATE {schema}.event SET line = 'x'", "DELETE FROM {schema}.event", "TRUNCATE {schema}.event"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="neither changed nor deleted"):
            postgresql.run(roles[0], statement)


# -- partitions ----------------------------------------------------------------------------------------


def test_each_day_has_a_partition_and_dropped_days_are_on_record(postgresql: PostgreSQLServer) -> None:
    url = postgresql.tables()
    today = datetime.now(timezone.utc).replace(hour=12)
    ages = [3, 3, 1, 2, 0]
    lines = [line(seq, today - timedelta(days)) for seq, days in enumerate(ages)]
    sink = PostgreSQLSink(url)
    sink.append(Batch("o", 0, [*lines, b"odd"]))
    parts = postgresql.run(
        url, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = '{schema}.event'::regclass"
    )
    assert len(parts) == 1 + len(set(ages))
    gone = drop_days(url, (today - timedelta(1)).date())
    assert gone == [(today - timedelta(days)).date() for days in (3, 2)]
    left = [(batch.first_seq, len(batch.lines)) for batch in PostgreSQLCopies(url).batches("o")]
    assert left == [(2, 1), (4, 2)]
    noted = postgresql.run(url, "SELECT day, first_seq, last_seq, events FROM {schema}.dropped ORDER BY day")
    assert noted == [(gone[0], 0, 1, 2), (gone[1], 3, 3, 1)]
    # What a sink remembers of partitions that are gone is found out and made good.
    late = Batch("o", 6, [line(6, today - timedelta(3))])
    try:
        reached = sink.append(late)
    except StoreUnavailableError:
        reached = sink.append(late)
    assert reached == 7
    sink.close()


def test_what_comes_while_a_day_is_dropped_is_counted_too(postgresql: PostgreSQLServer) -> None:
    url = postgresql.tables()
    old = datetime.now(timezone.utc) - timedelta(9)
    sink = PostgreSQLSink(url)
    sink.append(Batch("o", 0, [line(0, old)]))
    writer = Writer(Server(Address(url)))
    gone: list[date] = []
    dropping = threading.Thread(target=lambda: gone.extend(drop_days(url, old.date() + timedelta(1))))
    facts = [facts_of(line(1, old))]
    writer.make_days(facts)
    try:
        with writer.entered("o", 1) as head:
            writer.add(head, 1, [line(1, old)], facts)
            dropping.start()
            deadline = time.monotonic() + 25
            while not postgresql.run(url, _WAITING) and time.monotonic() < deadline:
                time.sleep(0.02)
            assert postgresql.run(url, _WAITING)
    finally:
        writer.close()
        sink.close()
        dropping.join(200)
    assert gone == [old.date()]
    assert postgresql.run(url, "SELECT first_seq, last_seq, events FROM {schema}.dropped") == [(0, 1, 2)]


_WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%drop_days%%'"


def test_a_log_is_read_in_order_without_sorting_it(postgresql: PostgreSQLServer) -> None:
    """Else the first line would wait for the last one, and the server would need room for a second log."""
    url = postgresql.tables()
    now = datetime.now(timezone.utc)
    sink = PostgreSQLSink(url)
    for origin in ("o", "p"):
        sink.append(Batch(origin, 0, [line(seq, now - timedelta(hours=seq // 20)) for seq in range(2000)]))
    sink.close()
    postgresql.run(url, "ANALYZE {schema}.event")
    server = Server(Address(url))
    connection = server.connect()
    try:
        for wanted in (Query(), Query(min_seq=500), Query(start=now - timedelta(2))):
            (dated, _), values = _select(server, 1, wanted)
            explained = connection.execute(sql.SQL("EXPLAIN DECLARE lines CURSOR FOR ") + dated, values)
            plan = "\n".join(row[0] for row in explained)
            assert "Merge Append" in plan
            assert "Sort  (" not in plan
    finally:
        connection.close()


def test_a_clock_that_is_wrong_makes_no_partitions(postgresql: PostgreSQLServer) -> None:
    url = postgresql.tables()
    times = [datetime(year, 5, 6, tzinfo=timezone.utc) for year in (1, 1970, 2100, 9999)]
    sink = PostgreSQLSink(url)
    sink.append(Batch("o", 0, [line(seq, when) for seq, when in enumerate(times)]))
    assert postgresql.run(url, "SELECT DISTINCT day FROM {schema}.event") == [(date.min,)]
    sink.close()
    backend = PostgreSQLBackend(url, origin="o")
    assert [event.timestamp for event in backend.query()] == times
    assert [event.seq for event in backend.query(start=times[1], end=times[3])] == [1, 2]


def test_a_day_is_made_while_somebody_reads_all_days(postgresql: PostgreSQLServer) -> None:
    url = postgresql.tables()
    now = datetime.now(timezone.utc)
    sink = PostgreSQLSink(url)
    sink.append(Batch("o", 0, [line(seq, now) for seq in range(600)]))
    reading = PostgreSQLCopies(url).batches("o")
    first = next(reading)
    assert sink.append(Batch("o", 600, [line(600, now - timedelta(1))])) == 601
    assert len(first.lines) + sum(len(batch.lines) for batch in reading) == 600
    sink.close()


# -- secrets -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:hunter2@host/db",
        "postgresql://user:hun@ter2@host/db",
        "postgresql://user@host/db?password=hunter2",
        "postgresql://user@host/db?sslpassword=hunter2",
        "postgresql://user@host/db?PASSWORD=hunter2",
        "postgresql://user:hunter2%zz@host/db?nonsense=1",
        "hunter2",
    ],
)
def test_a_url_with_a_password_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        PostgreSQLSink(url)
    assert not re.search(r"hun@?ter", str(refused.value) + str(refused.value.__context__))


def test_the_password_comes_from_the_environment_and_is_in_no_error(
    postgresql: PostgreSQLServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = postgresql.tables()
    schema = Address(owner).schema
    give_roles(postgresql, owner, writer="secret_w", reader="secret_r")
    postgresql.run(owner, "CREATE ROLE secret_host LOGIN PASSWORD 'correct horse' IN ROLE secret_w")
    sink = PostgreSQLSink(postgresql.url(user="secret_host", schema=schema))
    monkeypatch.setenv("PGPASSFILE", "/nonexistent")
    with pytest.raises(StoreRefusedError, match="PGPASSWORD"):
        sink.position("o")
    monkeypatch.setenv("PGPASSWORD", "battery staple")
    with pytest.raises((StoreUnavailableError, StoreRefusedError)) as wrong:
        sink.position("o")
    assert "battery" not in str(wrong.value) + repr(wrong.value.__cause__)
    monkeypatch.setenv("PGPASSWORD", "correct horse")
    assert sink.append(Batch("o", 0, [line(0)])) == 1
    sink.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://host/db", "mysql is no PostgreSQL URL"),
        ("postgresql://host/db?nonsense=1", "not understood.*nonsense"),
        ("postgresql://host/db?schema=", "schema is ''"),
        ("postgresql://host/db?schema=" + "x" * 64, "1 to 63 bytes"),
    ],
)
def test_an_impossible_url_is_refused(url: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Address(url)


def test_what_libpq_knows_is_handed_on_as_it_stands() -> None:
    address = Address("postgresql://u%40x@h1:1,h2:2/d?application_name=a+b%20c&schema=s%2B1&target_session_attrs=any")
    assert address.schema == "s+1"
    known = address.parameters
    assert (known["user"], known["host"], known["port"], known["dbname"]) == ("u@x", "h1,h2", "1,2", "d")
    assert (known["application_name"], known["target_session_attrs"]) == ("a+b c", "any")
    assert "schema" not in known


@pytest.mark.parametrize("origin", ["", "a\0b", "a\nb", "x" * 501])
def test_an_impossible_origin_is_refused(origin: str) -> None:
    with pytest.raises(ConfigurationError, match="origin is"):
        PostgreSQLBackend("postgresql://host/db", origin=origin)
