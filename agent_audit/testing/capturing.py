"""A log in memory, and events whose time and ids are known beforehand."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from itertools import count
from unittest import mock

from agent_audit.backends import MemoryAuditBackend
from agent_audit.default import set_logger
from agent_audit.event import AuditEvent
from agent_audit.logger import AuditLogger


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
