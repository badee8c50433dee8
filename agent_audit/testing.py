"""For tests of code that is audited, of third-party backends and of adapters.

with capture() as backend:
    run_my_agent()
assert [event.event_type for event in backend.events()] == [...]
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from itertools import count
from unittest import mock

from agent_audit.analysis.pairing import unpaired
from agent_audit.backends import AuditBackend, MemoryAuditBackend
from agent_audit.default import set_logger
from agent_audit.errors import ClosedError, StorageError
from agent_audit.event import AuditEvent, AuditEventType, encode_record
from agent_audit.logger import AuditLogger

__all__ = ["FailingBackend", "assert_paired", "capture", "check_backend", "fake_clock", "fake_ids"]


@contextmanager
def capture(**settings: object) -> Iterator[MemoryAuditBackend]:
    """Make a logger that keeps everything in memory the default one for a block.

    Args:
        **settings: for the `AuditLogger`, e.g. `on_failure="raise"`.
    """
    backend = MemoryAuditBackend()
    logger = AuditLogger(backend, **settings)  # type: ignore[arg-type]  # checked by AuditLogger itself
    before = set_logger(logger)
    try:
        yield backend
        logger.flush()
    finally:
        set_logger(before)
        logger.close()


@contextmanager
def fake_clock(
    start: datetime = datetime(2026, 1, 1, tzinfo=timezone.utc), step: timedelta = timedelta(seconds=1)
) -> Iterator[None]:
    """Events made in the block get `start`, `start + step`, …"""
    ticks = count()
    with _default("timestamp", lambda: start + step * next(ticks)):
        yield


@contextmanager
def fake_ids() -> Iterator[None]:
    """Events made in the block get the event ids 00000000-0000-7000-8000-000000000000, …1, …2."""
    numbers = count()
    with _default("event_id", lambda: str(uuid.UUID(int=next(numbers) | 0x7000_8000_0000_0000_0000))):
        yield


@contextmanager
def _default(field: str, factory: Callable[[], object]) -> Iterator[None]:
    info = AuditEvent.model_fields[field]
    try:
        with mock.patch.object(info, "default_factory", factory):
            AuditEvent.model_rebuild(force=True)
            yield
    finally:
        AuditEvent.model_rebuild(force=True)


class FailingBackend(MemoryAuditBackend):
    """A backend that refuses while `failing` is set, as a full disk does."""

    def __init__(self, *, failing: bool = True) -> None:
        super().__init__()
        self.failing = failing

    def append(self, records: Sequence[bytes], *, timeout: float = 1.0) -> int:
        """Store the records, or raise StorageError while `failing`."""
        if self.failing:
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
