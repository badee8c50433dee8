"""Copies of logs in PostgreSQL: COPY, one transaction a batch, partitions by day. See docs/postgresql.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from agent_audit.backends.postgresql.address import Address
from agent_audit.backends.postgresql.connection import READ_PATIENCE, Connection, Server
from agent_audit.backends.postgresql.facts import facts_of
from agent_audit.backends.postgresql.reading import batches, connect, origins
from agent_audit.backends.postgresql.writing import Writer
from agent_audit.errors import LockTimeoutError, LogNotFoundError, StoreRefusedError, StoreUnavailableError
from agent_audit.ship.sink import Batch, Evidence, Position
from agent_audit.verify import Dropped

_LOCK_TIMEOUT = 10.0
"""Seconds to wait for another shipper of the same log."""


class PostgreSQLSink:
    """Ships to the tables that `agent-audit-log postgresql migrate` makes. Each event is there exactly once.

    Args:
        url: as of `PostgreSQLBackend`.

    Raises:
        ConfigurationError: no such URL, or a password in it.
    """

    linger = 0.2
    """Every batch costs the server a sync."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._writer = Writer(Server(Address(url)))
        self._asked_back: tuple[str, int] | None = None

    def position(self, origin: str) -> Position | None:
        """See `Sink.position`: the table itself knows."""
        return Position(*self._writer.known(origin))

    def append(self, batch: Batch) -> int:
        """See `Sink.append`.

        A batch that begins behind what is here is first answered with where to go on: the store may have been set back
        (a restored backup, a stand-by that took over). When it comes again all the same, there is nothing before it
        any more: it is taken, and the gap is noted in the table `gap`.
        """
        facts = [facts_of(line) for line in batch.lines]
        self._writer.make_days(facts)
        try:
            with self._writer.entered(batch.origin, _LOCK_TIMEOUT) as head:
                here = head.next_seq
                if batch.first_seq > here and self._asked_back != (batch.origin, here):
                    self._asked_back = (batch.origin, here)
                    return here
                self._check_same_log(batch, here)
                rest = batch.since(here)
                self._asked_back = None
                self._writer.add(head, rest.first_seq, rest.lines, facts[len(facts) - len(rest.lines) :])
        except LockTimeoutError as error:
            raise StoreUnavailableError(str(error)) from error
        return max(batch.end, here)

    def _check_same_log(self, batch: Batch, here: int) -> None:
        """What is skipped because it is there must be there: two logs of one name would hide each other's events."""
        seq = min(batch.end, here) - 1
        if seq >= batch.first_seq and self._writer.has_parted(batch.origin, seq, batch.lines[seq - batch.first_seq]):
            raise StoreRefusedError(
                f"{self.url} has a different event {seq:,} of {batch.origin} than the one that was sent: two logs have "
                "the same name, or one was set back; keep both, `agent-audit-log verify` tells which"
            )

    def keep(self, origin: str, evidence: Evidence) -> None:
        """See `Sink.keep`; another content under a name that is there is refused."""
        self._writer.keep(origin, evidence.name, evidence.data)

    def kept(self, origin: str) -> set[str] | None:
        """See `Sink.kept`: a file is never taken out."""
        return None

    def close(self) -> None:
        """Give the connection back."""
        self._writer.close()


class PostgreSQLCopies:
    """Reads copies of logs back, each iteration on a connection of its own.

    Args:
        url: as of `PostgreSQLBackend`.

    Raises:
        ConfigurationError: no such URL, or a password in it.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._server = Server(Address(url))

    def origins(self) -> list[str]:
        """The logs that it has.

        Raises:
            StoreUnavailableError, StoreRefusedError: they cannot be read; also from the other methods.
        """
        return origins(self._server)

    def batches(self, origin: str) -> Iterator[Batch]:
        """The lines of a log in order of seq; where some are missing another batch begins.

        Raises:
            LogNotFoundError: no log of that name.
        """
        for first_seq, lines in batches(self._server, origin):
            yield Batch(origin, first_seq, lines)

    def evidence(self, origin: str) -> Iterator[Evidence]:
        """The files of a log that `keep` was given, by name.

        Raises:
            LogNotFoundError: no log of that name.
        """
        if origin not in self.origins():
            raise LogNotFoundError(f"{self.url} has no log {origin!r}")
        text = "SELECT name, data FROM {schema}.evidence JOIN {schema}.log ON id = log WHERE origin = %s ORDER BY name"
        yield from (Evidence(*row) for row in self._rows(text, origin))

    def dropped(self, origin: str) -> list[Dropped]:
        """What `drop_days` has noted."""
        text = (
            "SELECT first_seq, last_seq, events, day, dropped_by, dropped FROM {schema}.dropped JOIN {schema}.log "
            "ON id = log WHERE origin = %s ORDER BY day, first_seq"
        )
        return [
            Dropped(first, last, events, f"dropped there (the day {day:%Y-%m-%d}, by {who} on {when:%Y-%m-%d})")
            for first, last, events, day, who, when in self._rows(text, origin)
        ]

    def close(self) -> None:
        """Nothing to give back: a connection lives as long as its iteration."""

    def _rows(self, text: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        connection: Connection = connect(self._server)
        try:
            with connection.transaction(), connection.cursor(name="rows") as cursor:
                cursor.itersize = 8  # a file may be some megabytes
                connection.within(READ_PATIENCE)
                for row in cursor.execute(self._server.sql(text), values or None):
                    connection.within(READ_PATIENCE)
                    yield row
        except (psycopg.Error, TimeoutError) as error:
            self._server.fail(error)
        finally:
            connection.close()
