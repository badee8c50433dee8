"""Backends for tests, and what every backend must hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from agent_audit.analysis.pairing import unpaired
from agent_audit.backends import AuditBackend, MemoryAuditBackend
from agent_audit.errors import ClosedError, StorageError
from agent_audit.event import AuditEvent, AuditEventType, encode_record


class FailingBackend(MemoryAuditBackend):
    """A backend that refuses while `failing` is set, as a full disk does."""

    fingerprint_key: bytes | None = None
    """What the logger makes keyed digests with; without it there are none."""

    def __init__(self, *, failing: bool = True) -> None:
        super().__init__()
        self.failing = failing
        self.refused_type: str | None = None
        """Only what holds an event of that type is refused."""

    def append(self, records: Sequence[bytes], *, timeout: float = 1.0) -> int:
        """Store the records, or raise StorageError while `failing` or when they hold a `refused_type`."""
        refused = self.refused_type is not None and f'"event_type":"{self.refused_type}"'.encode()
        if self.failing or (refused and any(refused in record for record in records)):
            raise StorageError("No space left on device")
        return super().append(records, timeout=timeout)


def assert_paired(backend: AuditBackend) -> None:
    """Fail unless every operation that was started has its outcome on record."""
    problems = unpaired(backend.query())
    assert not problems, "\n".join(str(problem) for problem in problems)


def check_backend(make: Callable[[], AuditBackend]) -> None:
    """Check a backend against the contract of `AuditBackend`; raises AssertionError naming what does not hold.

    Args:
        make: opens the backend on the same, at first empty, store each time; a store that lives in memory may
            return the same object.
    """
    backend = make()
    assert isinstance(backend, AuditBackend), "it lacks a method of AuditBackend"
    made = [AuditEvent(event_type=AuditEventType.TOOL_CALL, action=f"tool.t{n}") for n in range(3)]
    records = [encode_record(event.to_record()) for event in made]
    first = backend.append(records[:1])
    second = backend.append(records[1:])
    backend.sync()
    wanted = {"event_type": AuditEventType.TOOL_CALL}
    read = list(backend.query(**wanted))
    assert [event.event_id for event in read] == [event.event_id for event in made], "events or their order changed"
    assert [event.model_copy(update={"seq": None}) for event in read] == made, "events changed"
    assert [event.seq for event in read] == [first, second, second + 1], "append does not return the seq it gave"
    assert second == first + 1, "seq is not contiguous"
    assert [event.action for event in backend.query(action="tool.t1")] == ["tool.t1"], "query by a field"
    assert len(list(backend.query(**wanted, limit=2))) == 2, "query with a limit"
    assert not list(backend.query(**wanted, start=made[-1].timestamp + timedelta(1))), "query by time"
    backend.close()
    backend.close()
    try:
        backend.append(records)
    except ClosedError:
        return
    raise AssertionError("append after close must raise ClosedError")
