"""Making the tables, checking that they are the ones this version knows, and the rights of those who use them."""

from __future__ import annotations

from datetime import date

import psycopg
from psycopg import sql

from agent_audit.backends.postgresql.address import SCHEMA, Address, checked_name
from agent_audit.backends.postgresql.connection import Connection, Server
from agent_audit.backends.postgresql.migrations import MIGRATIONS, VERSION, Migration
from agent_audit.errors import StoreRefusedError

__all__ = ["VERSION", "check", "drop_days", "migrate", "migration_sql", "roles_sql"]

_OLDEST_SERVER = 130_000
_PATIENCE = 600.0
"""Seconds a migration may take."""
_LOCK_PATIENCE = 5_000
"""Milliseconds that dropping a day waits for running queries; it holds up everybody behind it."""

_VERSIONS = """
CREATE SCHEMA IF NOT EXISTS {schema};
CREATE TABLE IF NOT EXISTS {schema}.schema_version (
    version integer PRIMARY KEY,
    name text NOT NULL,
    applied timestamptz NOT NULL DEFAULT now(),
    applied_by text NOT NULL DEFAULT session_user
);
"""

_ROLES = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {writer_name}) THEN
        CREATE ROLE {writer} NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {reader_name}) THEN
        CREATE ROLE {reader} NOLOGIN;
    END IF;
END $$;
GRANT USAGE ON SCHEMA {schema} TO {writer}, {reader};
GRANT SELECT ON {schema}.schema_version TO {writer}, {reader};
-- Writes: adds the next events of a log, and nothing else.
GRANT INSERT ON {schema}.event TO {writer};
GRANT EXECUTE ON FUNCTION {schema}.enter(text), {schema}.known(text), {schema}.holds(text, bigint, date, text),
    {schema}.parted(text, bigint, text), {schema}.keep(text, text, bytea), {schema}.make_days(date[]) TO {writer};
-- Reads.
GRANT SELECT ON {schema}.log, {schema}.event, {schema}.events, {schema}.evidence, {schema}.gap, {schema}.dropped
    TO {reader};
-- Then grant each login role one of the two.
"""


def migrate(url: str) -> list[Migration]:
    """Make the tables, or bring them to this version; does nothing when they are.

    Args:
        url: of a role that may make the schema, and owns it then.

    Returns:
        The steps that were taken.

    Raises:
        ConfigurationError: the URL is none.
        StoreRefusedError: the tables are of a newer version, or the role may not.
        StoreUnavailableError: the server cannot be reached.
    """
    server = Server(Address(url))
    connection = server.connect(_PATIENCE)
    try:
        _refuse_unfit(server, connection)
        with connection.transaction():
            _lock(server, connection)
            return _take_steps(server, connection)
    except (psycopg.Error, OSError) as error:
        server.fail(error)
    finally:
        connection.close()


def _refuse_unfit(server: Server, connection: Connection) -> None:
    version = connection.info.server_version
    if version < _OLDEST_SERVER:
        raise StoreRefusedError(f"{server.address.url} is PostgreSQL {version // 10_000}; 13 or later is needed")
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StoreRefusedError(f"the database of {server.address.url} is encoded in {encoding}; UTF8 is needed")


def _lock(server: Server, connection: Connection) -> None:
    """Two who migrate at once: the second one finds everything done."""
    name = f"agent_audit {server.address.schema}"
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _take_steps(server: Server, connection: Connection) -> list[Migration]:
    connection.execute(server.sql(_VERSIONS))
    found = _found(server, connection)
    _refuse_newer(server, found)
    steps = [step for step in MIGRATIONS if step.version > found]
    for step in steps:
        connection.execute(_text(server.address.schema, step))
        connection.execute(
            server.sql("INSERT INTO {schema}.schema_version (version, name) VALUES (%s, %s)"), [step.version, step.name]
        )
    return steps


def _found(server: Server, connection: Connection) -> int:
    row = connection.execute(server.sql("SELECT coalesce(max(version), 0) FROM {schema}.schema_version")).fetchone()
    return int(row[0]) if row else 0


def _refuse_newer(server: Server, found: int) -> None:
    if found > VERSION:
        raise StoreRefusedError(
            f"the tables of {server.address.url} are of version {found}; this version knows up to {VERSION}: "
            "upgrade agent-audit-log"
        )


def check(server: Server, connection: Connection) -> None:
    """Refuse tables of another version.

    Raises:
        StoreRefusedError: there are none, or they are older or newer.
    """
    try:
        found = _found(server, connection)
    except (psycopg.Error, OSError) as error:
        server.fail(error)
    _refuse_newer(server, found)
    if found < VERSION:
        raise StoreRefusedError(
            f"the tables of {server.address.url} are of version {found}, {VERSION} is needed: "
            "run `agent-audit-log postgresql migrate`"
        )


def drop_days(url: str, before: date) -> list[date]:
    """Drop the events of all days before that one, of all logs; what went is noted in `dropped`.

    Returns:
        The days that were dropped.

    Raises:
        StoreRefusedError: the role does not own the tables.
        StoreUnavailableError: the server cannot be reached, or queries that run do not end.
    """
    server = Server(Address(url))
    connection = server.connect(_PATIENCE)
    try:
        check(server, connection)
        connection.execute(sql.SQL("SET lock_timeout = {}").format(_LOCK_PATIENCE))
        return [row[0] for row in connection.execute(server.sql("SELECT {schema}.drop_days(%s)"), [before])]
    except (psycopg.Error, OSError) as error:
        server.fail(error)
    finally:
        connection.close()


def migration_sql(schema: str = SCHEMA) -> str:
    """All steps as one script, for somebody who wants to read or run it himself.

    Raises:
        ConfigurationError: an impossible name.
    """
    name = sql.Identifier(checked_name("schema", schema))
    parts = [sql.SQL(_VERSIONS).format(schema=name).as_string(None)]
    for step in MIGRATIONS:
        record = sql.SQL("INSERT INTO {schema}.schema_version (version, name) VALUES ({version}, {name});\n").format(
            schema=name, version=step.version, name=step.name
        )
        parts += [_text(schema, step).as_string(None), record.as_string(None)]
    return "BEGIN;" + "".join(parts) + "COMMIT;\n"


def _text(schema: str, step: Migration) -> sql.Composed:
    return sql.SQL(step.text).format(schema=sql.Identifier(schema), schema_name=sql.Literal(schema))


def roles_sql(*, writer: str = "agent_audit_writer", reader: str = "agent_audit_reader", schema: str = SCHEMA) -> str:
    """SQL that makes the two roles where they are missing and gives them what they need.

    Args:
        writer: may add events, and neither see nor change any.
        reader: may read everything, and change nothing.
        schema: of the tables.

    Raises:
        ConfigurationError: an impossible name.
    """
    for what, name in (("schema", schema), ("writer", writer), ("reader", reader)):
        checked_name(what, name)
    return (
        sql.SQL(_ROLES)
        .format(
            schema=sql.Identifier(schema),
            writer=sql.Identifier(writer),
            reader=sql.Identifier(reader),
            writer_name=sql.Literal(writer),
            reader_name=sql.Literal(reader),
        )
        .as_string(None)
        .lstrip()
    )
