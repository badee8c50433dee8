"""Connections that no server, however dead, can hold up for ever, and that a forked child leaves to its parent."""

from __future__ import annotations

import math
import os
import time
import weakref
from collections.abc import Generator
from typing import Any, NoReturn, TypeVar

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from agent_audit.backends.postgresql.address import Address, scrubbed
from agent_audit.errors import ShipError, StoreRefusedError, StoreUnavailableError

_Result = TypeVar("_Result")

WRITE_PATIENCE = 30.0
"""Seconds that one batch may take."""
READ_PATIENCE = 300.0
"""Seconds until a query gives its next rows."""
_WRITE_IDLE = 60.0
"""Seconds after which the server ends a transaction whose client was stopped, and with it holds up the others."""
READ_IDLE = 3600.0
"""The same for a reader, which holds up nobody but may think for long about what it has read."""

_REFUSED = ("0A", "0L", "0P", "22", "23", "28", "2B", "3D", "3F", "42", "54")
"""SQLSTATE classes of what will not pass by itself."""
_PASSING = ("23514",)
"""But this one: the partition was dropped a moment ago; the next attempt makes it again."""
_HINTS = {
    "42501": "; `agent-audit-log postgresql roles` prints the rights that a role needs",
    "42P01": "; `agent-audit-log postgresql migrate` makes the tables",
    "3F000": "; `agent-audit-log postgresql migrate` makes the tables",
    "42883": "; `agent-audit-log postgresql migrate` makes the functions",
}


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection with a deadline on this side, too: a server that is frozen keeps no time-outs."""

    deadline = math.inf
    """`time.monotonic()` after which every wait fails."""
    pid = 0

    def within(self, seconds: float) -> None:
        """Give what follows so many seconds."""
        self.deadline = time.monotonic() + seconds

    def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
        """See psycopg; raises TimeoutError after the deadline."""
        if self.pid not in (0, os.getpid()):
            self.close()
            raise psycopg.InterfaceError("the connection is the parent process's")
        return super().wait(_bounded(gen, self), *args, **kwargs)

    def close(self) -> None:
        """Close it; in a forked child without a word to the server, which is the parent's to talk to."""
        if self.pid == os.getpid():
            super().close()
        elif self not in _inherited and not self.closed:
            _let_go(self)


def _bounded(gen: Generator[Any, Any, _Result], connection: Connection) -> Generator[Any, Any, _Result]:
    """The same generator, asked at least ten times a second whether the deadline has passed."""
    try:
        ready = yield next(gen)
        while True:
            if time.monotonic() > connection.deadline:
                raise TimeoutError("it does not answer in time")
            ready = yield gen.send(ready)
    except StopIteration as end:
        result: _Result = end.value
        return result


_inherited: list[Connection] = []
"""Connections of a parent process: kept, so that nothing of theirs is ever ended here."""


def _let_go(connection: Connection) -> None:
    """Free the socket of a parent's connection: else the server would not notice the parent's death."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, connection.pgconn.socket)
    os.close(null)
    _inherited.append(connection)


class Server:
    """Makes connections to one address, and names what goes wrong there."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._opened: weakref.WeakSet[Connection] = weakref.WeakSet()

    @property
    def schema(self) -> sql.Identifier:
        """The quoted name of the schema."""
        return sql.Identifier(self.address.schema)

    def sql(self, text: str, **parts: sql.Composable) -> sql.Composed:
        """A statement with `{schema}` and other names in it, quoted."""
        return sql.SQL(text).format(schema=self.schema, **parts)

    def connect(self, patience: float = WRITE_PATIENCE, idle: float = _WRITE_IDLE) -> Connection:
        """A connection in autocommit mode.

        Args:
            patience: seconds that the server gives one statement.
            idle: seconds that it waits for the next one in a transaction.

        Raises:
            StoreUnavailableError: it cannot be reached now.
            StoreRefusedError: it wants a password, and there is none.
        """
        try:
            connection = Connection.connect(**self.address.parameters, autocommit=True, prepare_threshold=None)
        except (psycopg.Error, OSError) as error:
            self.fail(error)
        connection.pid = os.getpid()
        self._opened.add(connection)
        connection.within(patience)
        try:
            connection.execute(_settings(patience, idle))
        except BaseException as error:
            connection.close()
            if isinstance(error, (psycopg.Error, OSError)):
                self.fail(error)
            raise
        return connection

    def after_fork(self) -> None:
        """In a forked child: leave the parent's connections to it."""
        for connection in list(self._opened):
            connection.close()
        self._opened = weakref.WeakSet()

    def fail(self, error: Exception) -> NoReturn:
        """Raise what an error of psycopg or a socket means here.

        Raises:
            StoreUnavailableError: it may pass.
            StoreRefusedError: it will not.
        """
        raise self.named(error) from error

    def named(self, error: Exception) -> ShipError:
        """The same, not raised."""
        state = getattr(error, "sqlstate", None) or ""
        diagnosis = getattr(error, "diag", None)
        # Not the whole text: its details hold values of the row.
        primary = (diagnosis.message_primary if diagnosis is not None else None) or str(error)
        message = f"{self.address.url}: {scrubbed(primary)}{_HINTS.get(state, '')}"
        if getattr(getattr(error, "pgconn", None), "needs_password", False):
            return StoreRefusedError(f"{message}; put the password into PGPASSWORD, ~/.pgpass or a service file")
        if state[:2] in _REFUSED and state not in _PASSING:
            return StoreRefusedError(message)
        return StoreUnavailableError(message)


def is_idle(connection: Connection) -> bool:
    """Whether the connection can be used for the next transaction."""
    return not connection.closed and connection.pgconn.transaction_status == TransactionStatus.IDLE


def _settings(patience: float, idle: float) -> sql.Composed:
    """What a session needs. A commit that was answered must have been synced: `off` is not accepted."""
    return sql.SQL(
        "SET statement_timeout = {patience}; SET idle_in_transaction_session_timeout = {idle}; SET TimeZone = 'UTC'; "
        "SET default_transaction_isolation = 'read committed'; SET search_path = pg_catalog, pg_temp; "
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    ).format(patience=round(patience * 1000), idle=round(idle * 1000))
