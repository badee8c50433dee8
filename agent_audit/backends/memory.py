"""Events in a list: for tests and for looking at what an agent does. Gone with the process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from agent_audit.backends.interface import Query, as_query
from agent_audit.errors import ClosedError
from agent_audit.event import AuditEvent
from agent_audit.locks import fork_safe_lock


class MemoryAuditBackend:
    """Keeps encoded events in memory. Keeps the contract but for durability: nothing survives the process."""

    def __init__(self) -> None:
        self._records: list[bytes] = []
        self._lock = fork_safe_lock()
        self._closed = False

    def append(self, records: Sequence[bytes], *, timeout: float = 1.0) -> int:
        with self._lock:
            if self._closed:
                raise ClosedError("this MemoryAuditBackend was closed; make a new one to go on")
            first = len(self._records)
            self._records.extend(records)
            return first

    def sync(self) -> None:
        """Nothing to do: memory has no disk below it."""

    def query(self, query: Query | None = None, /, **conditions: Any) -> Iterator[AuditEvent]:
        wanted = as_query(query, conditions)
        matching = (event for event in self.events() if wanted.matches(event))
        return islice(matching, wanted.limit)

    def events(self) -> list[AuditEvent]:
        """All events so far, in order of `seq`."""
        return [
            AuditEvent.from_json(b'{"seq":%d,%s' % (seq, record[1:])) for seq, record in enumerate(self._records[:])
        ]

    def close(self) -> None:
        self._closed = True
