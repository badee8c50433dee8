"""Writing to a log's table: one transaction a batch, under the lock of the log's row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from agent_audit.backends.postgresql.connection import WRITE_PATIENCE, Connection, Server, is_idle
from agent_audit.backends.postgresql.facts import PUSHED, UNDATED, Facts
from agent_audit.backends.postgresql.schema import check
from agent_audit.errors import LockTimeoutError, ShipError, StoreRefusedError, StoreUnavailableError

_COLUMNS = ("log", "seq", "day", "line", "timestamp", *PUSHED)
_TYPES = ("int4", "int8", "date", "bytea", "timestamptz", *["text"] * len(PUSHED))


class Head(NamedTuple):
    """Where a log goes on. Nobody else writes to it while its transaction lasts."""

    log: int
    next_seq: int


class CommitUnknownError(StoreUnavailableError):
    """The connection was lost while the commit was under way: it is recorded, or it is not."""


class Writer:
    """One connection to write with, made when it is needed and again after a failure. For one thread at a time.

    Args:
        server: where to connect to.
        patience: seconds that one batch may take, on a connection that is there.
    """

    def __init__(self, server: Server, patience: float = WRITE_PATIENCE) -> None:
        self.server = server
        self._patience = patience
        self._connection: Connection | None = None
        self._days: dict[date, date] = {}
        """Day of an event -> the day it is stored under, for which there is a partition."""

    @property
    def is_connected(self) -> bool:
        """Whether a connection is left from before; it may be dead all the same."""
        return self._connection is not None

    def known(self, origin: str) -> tuple[int, str | None]:
        """How many events of a log are here, and the SHA-256 of the last one in hex."""
        row = self._row("SELECT next_seq, last_digest FROM {schema}.known(%s)", origin)
        return (0, None) if row is None or row[0] is None else (int(row[0]), row[1])

    def day_of(self, facts: Facts) -> date:
        """The day under which a line is stored; `make_days` has seen it."""
        return self._days.get(facts.day, UNDATED)

    def holds(self, origin: str, seq: int, day: date, line: bytes) -> bool:
        """Whether that very line stands there."""
        digest = hashlib.sha256(line).hexdigest()
        row = self._row("SELECT {schema}.holds(%s, %s, %s, %s)", origin, seq, day, digest)
        return bool(row and row[0])

    def has_parted(self, origin: str, seq: int, line: bytes) -> bool:
        """Whether another line than that stands there; False where there is none."""
        row = self._row("SELECT {schema}.parted(%s, %s, %s)", origin, seq, hashlib.sha256(line).hexdigest())
        return bool(row and row[0])

    def keep(self, origin: str, name: str, data: bytes) -> None:
        """Keep a file.

        Raises:
            StoreRefusedError: another one of that name is there.
        """
        row = self._row("SELECT {schema}.keep(%s, %s, %s)", origin, name, data)
        if not row or not row[0]:
            raise StoreRefusedError(f"{self.server.address.url} has another {name} of {origin}: two logs of one name")

    def make_days(self, facts: Sequence[Facts]) -> None:
        """See that there is a partition for every line, before the log is locked."""
        new = sorted({one.day for one in facts} - self._days.keys() - {UNDATED})
        if new:
            with self._failing_clearly() as connection:
                made = connection.execute(self.server.sql("SELECT {schema}.make_days(%s::date[])"), [new]).fetchall()
            accepted = {row[0] for row in made}
            self._days.update((day, day if day in accepted else UNDATED) for day in new)

    @contextmanager
    def entered(self, origin: str, lock_timeout: float) -> Iterator[Head]:
        """A transaction that holds the log; committed, and synced by the server, at the end.

        Args:
            origin: the log; made when it is new.
            lock_timeout: seconds to wait for other writers of the same log.

        Raises:
            LockTimeoutError: they held it for longer.
            CommitUnknownError: nobody can tell here whether it was committed.
            StoreUnavailableError, StoreRefusedError: nothing was.
        """
        with self._failing_clearly() as connection:
            head = self._begin(connection, origin, lock_timeout)
            yield head
            try:
                connection.execute("COMMIT")
            except psycopg.Error as error:
                if error.sqlstate is None or connection.broken:
                    raise CommitUnknownError(str(self.server.named(error))) from error
                raise
            except TimeoutError as error:
                raise CommitUnknownError(str(self.server.named(error))) from error

    def _begin(self, connection: Connection, origin: str, lock_timeout: float) -> Head:
        # One exchange instead of three.
        cursor = connection.execute(
            self.server.sql(
                "BEGIN; SET LOCAL lock_timeout = {wait}; SELECT id, next_seq FROM {schema}.enter({origin})",
                wait=sql.Literal(max(1, round(lock_timeout * 1000))),
                origin=sql.Literal(origin),
            )
        )
        while cursor.nextset():
            pass
        row = cursor.fetchone()
        assert row is not None
        return Head(*row)

    def add(self, head: Head, first_seq: int, lines: Sequence[bytes], facts: Sequence[Facts]) -> None:
        """Add lines in the transaction of `entered`; a gap before `first_seq` is noted."""
        connection = self._connection
        if connection is None or not lines:
            return
        target = self.server.sql(
            "COPY {schema}.event ({columns}) FROM STDIN (FORMAT BINARY)",
            columns=sql.SQL(", ").join(map(sql.Identifier, _COLUMNS)),
        )
        with connection.cursor() as cursor, cursor.copy(target) as copy:
            copy.set_types(_TYPES)
            for seq, (line, fact) in enumerate(zip(lines, facts, strict=True), first_seq):
                copy.write_row((head.log, seq, self.day_of(fact), line, fact.timestamp, *fact.texts))

    def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        self._days.clear()
        if connection is not None:
            connection.close()

    # -- the connection --------------------------------------------------------------------------------

    def _row(self, text: str, *values: Any) -> tuple[Any, ...] | None:
        if self._connection is not None and not is_idle(self._connection) and not self._connection.closed:
            return self._connection.execute(self.server.sql(text), values).fetchone()  # in the transaction of `entered`
        with self._failing_clearly() as connection:
            return connection.execute(self.server.sql(text), values).fetchone()

    @contextmanager
    def _failing_clearly(self) -> Iterator[Connection]:
        """The connection; given up after any failure, so that the server ends what was begun."""
        connection = self._connected()
        connection.within(self._patience)
        try:
            yield connection
        except psycopg.errors.LockNotAvailable as error:
            self._roll_back(connection)
            raise LockTimeoutError(
                f"another writer held the log in {self.server.address.url} for longer than its time-out"
            ) from error
        except (psycopg.Error, TimeoutError) as error:
            self.close()
            self.server.fail(error)
        except BaseException:
            self.close()
            raise

    def _connected(self) -> Connection:
        if self._connection is not None and not is_idle(self._connection):
            self.close()
        if self._connection is None:
            connection = self.server.connect(self._patience)
            try:
                check(self.server, connection)
            except ShipError:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _roll_back(self, connection: Connection) -> None:
        try:
            connection.execute("ROLLBACK")
        except (psycopg.Error, TimeoutError):
            self.close()
