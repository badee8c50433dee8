"""A log in PostgreSQL: for agents that have no disk of their own to keep one on."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from agent_audit.backends.file.layout import FORMAT
from agent_audit.backends.file.oversize import fit
from agent_audit.backends.file.own_events import opened, record, recovered
from agent_audit.backends.file.segments import Repair
from agent_audit.backends.interface import Query, as_query
from agent_audit.backends.postgresql.address import Address
from agent_audit.backends.postgresql.connection import Server
from agent_audit.backends.postgresql.facts import facts_of
from agent_audit.backends.postgresql.reading import PIECE, batches, pieces
from agent_audit.backends.postgresql.writing import CommitUnknownError, Writer
from agent_audit.errors import (
    AuditError,
    ClosedError,
    ConfigurationError,
    CorruptLineError,
    ShipError,
    StorageError,
    StoreUnavailableError,
    require_given,
    require_name,
)
from agent_audit.event import AuditEvent, AuditEventType
from agent_audit.keys import fingerprint_key

_SHORTEST_PAUSE = 0.1
_LONGEST_PAUSE = 30.0
_LONGEST_ORIGIN = 500
_PATIENCE = 10.0
"""Seconds that one batch may take; an agent waits for it."""
_MOST_RECORDED = 10_000
"""Records to recognise after commits in doubt; some batches of a logger."""
_CONFIRM_TIMEOUT = 1.0
"""Seconds to wait for other writers."""
_HOOK = "postgresql"


class _Doubt(NamedTuple):
    """A batch whose commit may be under way: the connection may be lost in it, or this process be interrupted."""

    first: int
    records: list[bytes]
    last_line: bytes
    day: date


class _SetBack(Exception):
    """The server has fewer events than it has confirmed; the argument says how many."""


class PostgreSQLBackend:
    """Keeps the events of one log in a table. Safe for many threads, processes and hosts, and for forked children.

    `append` returns when the server has synced the events, so `written` is as good as `synced` here. The log has no
    checkpoints of its own: that nobody has changed it rests on the rights in the database. See docs/postgresql.md.

    Args:
        url: `postgresql://user@host/database?schema=agent_audit&sslmode=verify-full`; no password. Nothing is connected
            to before the first event.
        origin: name of the log, e.g. `prod/billing`; whoever writes under one name writes one log.
        fingerprint_key: key of digests as 64 hex digits; else the one in the user's state directory.

    Raises:
        ConfigurationError: no such URL, a password in it, or an impossible name.
    """

    def __init__(self, url: str, *, origin: str, fingerprint_key: str | None = None) -> None:
        require_name("url", url)
        require_name("origin", origin)
        require_given(str, fingerprint_key=fingerprint_key)
        if not origin.isprintable() or len(origin) > _LONGEST_ORIGIN:
            raise ConfigurationError(f"origin is {origin!r}: a name of 1 to {_LONGEST_ORIGIN} printable characters")
        self.origin = origin
        self._server = Server(Address(url))
        self._given_key = fingerprint_key
        self._key: bytes | None = None
        self._closed = False
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._mutex = threading.Lock()
        self._writer = Writer(self._server, _PATIENCE)
        self._announced = False
        self._doubt: _Doubt | None = None
        self._stored: list[bytes] = []
        """The records of the last `append`, when it was through."""
        self._recorded: dict[bytes, int] = {}
        """Records of batches that turned out to be there, and their seq: their logger may bring them again."""
        self._seen = 0
        """Events that the server has confirmed to this process."""
        self._repairs: list[Repair] = []
        self._failure: ShipError | None = None
        self._retry_at = 0.0

    @property
    def url(self) -> str:
        """Where the log is; without a password."""
        return self._server.address.url

    @property
    def fingerprint_key(self) -> bytes | None:
        """Key of digests, made at first use; None when it cannot be had."""
        if self._key is None:
            self._key = fingerprint_key(self.origin, self._given_key)
        return self._key

    # -- writing ---------------------------------------------------------------------------------------

    def append(self, records: Sequence[bytes], *, timeout: float = 1.0) -> int:
        """See `AuditBackend.append`; the records are on the server's disk when it returns.

        If the server cannot be reached, the next attempt follows after a pause; until then, calls fail at once. If the
        connection is lost during a commit, the server is asked what became of it. Only if it cannot be asked either is
        a record refused that may be there; submitted again, it is recognised.
        """
        self._notice_fork()
        with self._mutex:
            self._refuse_closed()
            if self._failure is not None and time.monotonic() < self._retry_at:
                raise StorageError(str(self._failure)) from self._failure
            begun = time.monotonic()
            try:
                first = self._append_once_more(records, timeout)
            except ShipError as error:
                self._note_failure(error, time.monotonic() - begun)
                raise StorageError(f"not recorded: {error}") from error
            self._failure = self._doubt = None
            self._stored = list(records)
            return first

    def confirm(self, records: Sequence[bytes]) -> bool:
        """Whether an `append` that was interrupted stored its records; the server may have to be asked.

        Raises:
            LockTimeoutError, StoreUnavailableError: it cannot be.
        """
        self._notice_fork()
        with self._mutex:
            self._resolve_doubt(_CONFIRM_TIMEOUT)
            if not all(one in self._recorded for one in records):
                return self._stored == list(records)
            for one in records:
                del self._recorded[one]
            return True

    def _append_once_more(self, records: Sequence[bytes], timeout: float) -> int:
        """A connection left from before may be dead, and a commit in doubt: both are worth a second attempt."""
        stale = self._writer.is_connected
        try:
            return self._append(records, timeout)
        except StoreUnavailableError as error:
            if not stale and not isinstance(error, CommitUnknownError):
                raise
            return self._append(records, timeout)

    def _append(self, records: Sequence[bytes], timeout: float) -> int:
        self._resolve_doubt(timeout)
        there = {one: self._recorded[one] for one in records if one in self._recorded}
        new = [one for one in records if one not in there]
        first = 0
        if new or not there:
            first = self._write_behind_own(new, timeout)
        for one in there:
            del self._recorded[one]
        return there.get(records[0], first) if records else first

    def _write_behind_own(self, records: list[bytes], timeout: float) -> int:
        """Write them behind what the store itself has to say: that it was opened, what became of it."""
        own = [recovered(repair, _HOOK) for repair in self._repairs]
        if not self._announced:
            own.append(opened(self._pid, _HOOK))
        try:
            first = self._write([*own, *records], timeout)
        except _SetBack as found:
            self._repairs.append(
                Repair(
                    "the server has lost events that it had confirmed: a backup was restored, or a stand-by took over",
                    {"confirmed": self._seen, "found": found.args[0]},
                )
            )
            self._seen = 0
            return self._write_behind_own(records, timeout)
        self._seen = first + len(own) + len(records)
        self._announced = True
        self._repairs.clear()
        return first + len(own)

    def _write(self, records: list[bytes], timeout: float) -> int:
        writer = self._writer
        blobs: list[tuple[str, bytes]] = []
        fitting = [fit(one, lambda digest, data: blobs.append((digest, data))) for one in records]
        facts = [facts_of(one) for one in fitting]
        writer.make_days(facts)
        if not self._announced or self._repairs:
            header = orjson.dumps({"format": FORMAT, "origin": self.origin}) + b"\n"
            writer.keep(self.origin, "log.json", header)
        try:
            with writer.entered(self.origin, timeout) as head:
                if head.next_seq < self._seen:
                    raise _SetBack(head.next_seq)
                lines = [b'{"seq":%d,%s' % (seq, one[1:]) for seq, one in enumerate(fitting, head.next_seq)]
                if lines:
                    self._doubt = _Doubt(head.next_seq, records, lines[-1], writer.day_of(facts[-1]))
                for digest, data in blobs:
                    writer.keep(self.origin, f"blobs/{digest}", data)
                writer.add(head, head.next_seq, lines, facts)
            return head.next_seq
        except CommitUnknownError:
            raise
        except AuditError:
            self._doubt = None  # it says that nothing was recorded
            raise

    def _resolve_doubt(self, timeout: float) -> None:
        """Ask what became of a batch whose commit may have been answered, and nobody heard it."""
        doubt = self._doubt
        if doubt is None:
            return
        with self._writer.entered(self.origin, timeout):  # if it is still under way, until it has ended
            there = self._writer.holds(self.origin, doubt.first + len(doubt.records) - 1, doubt.day, doubt.last_line)
        self._doubt = None
        if there:
            self._announced = True
            self._repairs.clear()
            self._seen = doubt.first + len(doubt.records)
            self._recorded.update((one, seq) for seq, one in enumerate(doubt.records, doubt.first))
            while len(self._recorded) > _MOST_RECORDED:
                del self._recorded[next(iter(self._recorded))]

    def _note_failure(self, error: ShipError, seconds: float) -> None:
        """Pause for twice as long as the attempt took: an agent waits for the store a third of its time at the most."""
        self._failure = error
        self._retry_at = time.monotonic() + min(max(2 * seconds, _SHORTEST_PAUSE), _LONGEST_PAUSE)

    def sync(self) -> None:
        """Nothing to do: a commit is not answered before the server has synced it."""

    # -- reading ---------------------------------------------------------------------------------------

    def query(self, query: Query | None = None, /, **conditions: Any) -> Iterator[AuditEvent]:
        """See `AuditBackend.query`. Read through a cursor, on a connection of its own.

        Raises:
            LogNotFoundError: nothing has been recorded under that name yet.
            CorruptLineError: names the seq.
            StoreUnavailableError, StoreRefusedError: the server cannot be asked.
        """
        self._notice_fork()
        self._refuse_closed()
        return self._matching(as_query(query, conditions))

    def batches(self) -> Iterator[tuple[int, list[bytes]]]:
        """Every recorded line as it stands, as (seq of the first, neighbouring lines): what the analyzer reads.

        Raises:
            LogNotFoundError, StoreUnavailableError, StoreRefusedError: as `query`.
        """
        self._notice_fork()
        self._refuse_closed()
        return batches(self._server, self.origin)

    def _matching(self, wanted: Query) -> Iterator[AuditEvent]:
        left = math.inf if wanted.limit is None else wanted.limit
        if left <= 0:
            return
        with closing(pieces(self._server, self.origin, wanted, int(min(PIECE, max(left, 20))))) as found:
            for seq, line in (row for rows in found for row in rows):
                event = self._event(seq, line)
                if wanted.matches(event):
                    yield event
                    left -= 1
                    if left <= 0:
                        return

    def _event(self, seq: int, line: bytes) -> AuditEvent:
        try:
            event = AuditEvent.from_json(line)
        except (orjson.JSONDecodeError, ValidationError) as error:
            reason = str(error).split("\n", 1)[0]
            raise CorruptLineError(f"{self.url}, {self.origin}: seq {seq} is not an audit event: {reason}") from error
        if event.seq != seq:
            raise CorruptLineError(f"{self.url}, {self.origin}: seq {seq} says seq {event.seq}: it was moved")
        return event

    # -- end, fork -------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Record `log.closed` where this process wrote anything; what it writes later opens the log anew."""
        if self._closed or self._pid != os.getpid() or not self._announced or self._failure is not None:
            return
        self.append([record(AuditEventType.LOG_CLOSED, _HOOK, metadata={"pid": self._pid})])
        self._announced = False

    def close(self) -> None:
        """Record `log.closed` where this process wrote anything, and give the connection back.

        After a KeyboardInterrupt it may be called again, to go on.
        """
        try:
            self.leave()
        except Exception:
            self._let_go()
            raise
        self._let_go()

    def _let_go(self) -> None:
        self._notice_fork()
        with self._mutex:
            self._closed = True
            self._writer.close()

    def after_fork(self) -> None:
        """In a forked child: leave the parent's connections to it and start afresh."""
        self._server.after_fork()
        self._reset()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise ClosedError(f"the log {self.origin} in {self.url} was closed; open it again to go on")

    def _notice_fork(self) -> None:
        if self._pid != os.getpid():
            self.after_fork()
