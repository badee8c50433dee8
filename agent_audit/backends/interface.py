"""What a backend is: the durability contract between the logger and whatever keeps the events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from pydantic import ConfigDict, Field, model_validator

from agent_audit.checked import Checked
from agent_audit.event import AuditEvent


class Query(Checked):
    """Which events to return. Every given condition must hold; a tuple means any of its values.

    Example:
        `Query(event_type=("tool.call", "tool.response"), agent_id="billing", start=yesterday, limit=100)`
    """

    model_config = ConfigDict(extra="forbid")

    start: datetime | None = Field(None, description="Earliest timestamp, inclusive; aware.")
    end: datetime | None = Field(None, description="Latest timestamp, exclusive; aware.")
    min_seq: int | None = Field(None, ge=0, description="First position, inclusive.")
    limit: int | None = Field(None, ge=0, description="At most so many events, the first ones in order of seq.")
    where: dict[str, Any] = Field(
        default_factory=dict, description="Event field name -> value, or a tuple of allowed values."
    )

    @model_validator(mode="before")
    @classmethod
    def _fields_become_where(cls, data: Any) -> Any:
        """Any field of the event may be given as a keyword."""
        if not isinstance(data, dict):
            return data
        own: dict[str, Any] = {}
        where: dict[str, Any] = dict(data.get("where") or {})
        for name, value in data.items():
            (own if name in cls.model_fields else where)[name] = value
        unknown = sorted(set(where) - set(AuditEvent.model_fields))
        if unknown:
            allowed = ", ".join([*cls.model_fields, *AuditEvent.model_fields])
            raise ValueError(f"unknown query condition {', '.join(unknown)}; one of: {allowed}")
        return {**own, "where": where}

    @model_validator(mode="after")
    def _aware(self) -> Query:
        for name in ("start", "end"):
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                raise ValueError(f"{name} must carry a time zone, e.g. datetime.now(timezone.utc)")
        return self

    def matches(self, event: AuditEvent) -> bool:
        """Whether `event` satisfies every condition but `limit`."""
        if self.start is not None and event.timestamp < self.start:
            return False
        if self.end is not None and event.timestamp >= self.end:
            return False
        if self.min_seq is not None and (event.seq is None or event.seq < self.min_seq):
            return False
        return all(_allows(wanted, getattr(event, name)) for name, wanted in self.where.items())


def _allows(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, (tuple, list, set, frozenset)):
        return value in wanted
    return bool(value == wanted)


@runtime_checkable
class AuditBackend(Protocol):
    """Keeps events. One backend object is used by all threads of a process.

    The durability contract:

    * A record is one event as a JSON object, UTF-8, without `seq` and without a raw line feed. The backend
      gives `seq`: contiguous, from 0, in the order of the records, never given twice.
    * When `append` returns, every record of the batch survives the death of this process. When it raises, the
      batch is recorded as a whole or not at all, and nothing recorded before is harmed; `WriteError` says
      which it is by being raised: then it is not recorded. It is tried again, until it is, unless it was an
      `EncodingError`: then each of its records is tried alone, and one that raises it again is given up.
    * When `sync` returns, everything appended before the call survives loss of power, where the store can
      promise that at all. After a `SyncError` the caller must not assume anything about what was not synced.
    * `query` returns what was appended, in order of `seq`, while others go on appending.
    * In a forked child every method works on its own, without anything of the parent's.
    * `close` syncs and frees; calling it twice is allowed, using the backend afterwards is a `ClosedError`.

    More methods are called where a backend has them: `after_fork()` in a forked child, before anything else; `leave()`
    when the process is about to end in order and nothing more is expected (more may come all the same); and
    `confirm(records)` after an `append` that has ended with what is no `AuditError`, a KeyboardInterrupt or the end of
    the memory: it tells whether these were stored. Without it they are stored again, for better twice than not at all.
    """

    def append(self, records: Sequence[bytes], *, timeout: float = 1.0) -> int:
        """Store the records in order and return the `seq` of the first one.

        Args:
            records: encoded events, each `b'{"event_id":…}'`.
            timeout: seconds to wait for other writers of the same store at the most.

        Raises:
            LockTimeoutError: other writers held the store for longer than `timeout`.
            StorageError: the store refused.
            EncodingError: one of the records cannot be stored, however often it is tried.
            ClosedError: the backend was closed.
        """
        ...

    def sync(self) -> None:
        """Make everything appended so far survive loss of power.

        Raises:
            SyncError: the store could not; never retried on the same handle.
        """
        ...

    def query(self, query: Query | None = None, /, **conditions: Any) -> Iterator[AuditEvent]:
        """Iterate over the recorded events that satisfy a `Query`, or its conditions as keywords.

        Raises:
            CorruptLineError: a recorded line is no event; the message names the place.
        """
        ...

    def close(self) -> None:
        """Sync and free everything."""
        ...


def as_query(query: Query | None, conditions: dict[str, Any]) -> Query:
    """The one `Query` meant by `query(q)` or `query(agent_id=…)`."""
    if query is None:
        return Query(**conditions)
    if conditions:
        return Query(**{**query.model_dump(exclude_none=True), **conditions})
    return query
