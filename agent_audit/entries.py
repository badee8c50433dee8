"""What stands in the queue of records that are to be written, and the account of those that cannot be."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Sequence
from enum import Enum, auto
from typing import Any, Protocol

from agent_audit.bell import release


class Entry:
    """A record whose submitter waits for it. One that nobody waits for is queued as it is."""

    __slots__ = ("bell", "done", "error", "must_know", "position", "record")

    def __init__(self, record: bytes, must_know: bool) -> None:
        self.record = record
        self.bell = threading.Lock()
        """Rung when it is worth looking again: written, refused, or left in the queue."""
        self.bell.acquire()
        self.must_know = must_know
        """The caller wants the error rather than a later retry."""
        self.done = False
        self.error: Exception | None = None
        self.position = 0


def records_of(entries: Iterable[bytes | Entry]) -> list[bytes]:
    """What is to be written of them."""
    return [entry.record if isinstance(entry, Entry) else entry for entry in list(entries)]


class Lead(Enum):
    """Who writes what is queued."""

    HERE = auto()
    """The caller has."""
    ELSEWHERE = auto()
    """Another thread does."""
    BELOW = auto()
    """The frame on this very thread that was interrupted does, as soon as it goes on."""


def ring(entries: Iterable[bytes | Entry]) -> None:
    """Have everybody who waits look again."""
    for entry in list(entries):
        if isinstance(entry, Entry):
            release(entry.bell)


class LossLedger(Protocol):
    """Keeps account of what could not be recorded, until that account itself is on record."""

    def add(self, records: Sequence[bytes], reason: str) -> None:
        """These records are given up."""

    def note(self, event_type: str, timestamp: str, reason: str) -> None:
        """An event is given up that did not become a record."""

    def peek(self) -> bytes | None:
        """The `log.gap` record for all losses not on record yet; None when there are none."""

    def settle(self) -> None:
        """What was peeked last has been written."""

    def forget(self) -> None:
        """In a forked child: nothing is to be told of here."""

    @property
    def pending(self) -> Collection[Any]:
        """Losses that are not on record yet."""
        ...
