"""A KeyboardInterrupt at any moment, in the thread that records: nobody waits for ever, and nothing is lost by it."""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_audit import (
    AuditEvent,
    AuditEventType,
    AuditLogger,
    BoundedMap,
    FileAuditBackend,
    MemoryAuditBackend,
    Outcome,
    RunTracker,
)
from agent_audit.backends.file.fs import PosixFileSystem
from agent_audit.backends.file.segments import Rotation
from agent_audit.errors import ClosedError
from agent_audit.verify import Verdict, verify
from tests.interrupting import interrupted_after_each_call


def event(action: str) -> AuditEvent:
    return AuditEvent(event_type=AuditEventType.TOOL_CALL, action=action)


def in_another_thread(work: Callable[[], object]) -> list[object]:
    """What it returned; nothing when it has not ended after a long time."""
    returned: list[object] = []
    thread = threading.Thread(target=lambda: returned.append(work()), daemon=True)
    thread.start()
    thread.join(20)
    return returned


@pytest.mark.parametrize("level", ["buffered", "written", "synced"])
def test_after_an_interrupt_all_who_record_go_on(log_dir: Path, level: str) -> None:
    logger, other = AuditLogger(FileAuditBackend(log_dir), durability=level), FileAuditBackend(log_dir)
    logger.log(event("before"))
    record = AuditLogger(MemoryAuditBackend())._encode(event("process"))
    interrupts = 0
    for interrupts, _ in enumerate(interrupted_after_each_call(lambda: logger.log(event("interrupted"))), 1):

        def work() -> bool:
            logger.log(event("thread"))
            return logger.flush(10)

        assert in_another_thread(work) == [True], f"another thread waits, after {interrupts}"
        logger.log(event("same thread"))
        assert logger.flush(10), f"at {interrupts}"
        other.append([record], timeout=10)
    assert interrupts > 50
    assert logger.lost == 0
    logger.close()
    actions = [found.action for found in other.query()]
    assert [actions.count(action) for action in ("thread", "same thread", "process")] == [interrupts] * 3
    assert verify(log_dir).verdict is Verdict.VALID


def test_an_interrupt_while_an_event_is_redacted_loses_no_effect_and_records_no_intent() -> None:
    backend = MemoryAuditBackend()
    logger = AuditLogger(backend)
    for after_effect in (True, False):

        def log(after_effect: bool = after_effect) -> None:
            parameters = {"text": "the password is hunter2hunter2"}
            logger.log(
                AuditEvent(event_type=AuditEventType.TOOL_CALL, parameters=parameters), after_effect=after_effect
            )

        log()
        before, interrupts = len(backend.events()), 0
        for interrupt in interrupted_after_each_call(log):
            added = len(backend.events()) - before
            if any(frame.name == "_encode" for frame in traceback.extract_tb(interrupt.__traceback__)):
                assert added == after_effect, interrupt.__traceback__
                interrupts += 1
            before += added
        assert interrupts > 100


@pytest.mark.parametrize("end", ["close", "flush"])
def test_an_end_that_was_interrupted_goes_on_when_it_is_asked_for_again(tmp_path: Path, end: str) -> None:
    def fresh() -> AuditLogger:
        made = AuditLogger(FileAuditBackend(tmp_path / str(len(list(tmp_path.iterdir())))), durability="buffered")
        for number in range(5):
            made.log(event(str(number)))
        return made

    def finish() -> None:
        getattr(logger, end)()

    logger, interrupts = fresh(), 0
    for interrupts, _ in enumerate(interrupted_after_each_call(finish, every=47), 1):
        logger.close()
        assert isinstance(logger.backend, FileAuditBackend)
        types = [str(found.event_type) for found in logger.backend.query()]
        assert types == ["log.opened", *["tool.call"] * 5, "log.closed"], f"at {interrupts}"
        assert verify(logger.backend.path).verdict is Verdict.VALID, f"at {interrupts}"
        logger = fresh()
    logger.close()
    assert interrupts > 10


def test_a_logger_that_several_threads_close_is_closed_once(log_dir: Path) -> None:
    logger = AuditLogger(FileAuditBackend(log_dir))
    logger.log(event("x"))
    threads = [threading.Thread(target=logger.close) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    types = [str(found.event_type) for found in FileAuditBackend(log_dir).query()]
    assert types == ["log.opened", "tool.call", "log.closed"]


def test_an_end_that_was_interrupted_goes_on_with_the_end_of_the_process(tmp_path: Path) -> None:
    logger = AuditLogger(FileAuditBackend(tmp_path / "log"))
    logger.log(event("x"))
    for interrupts, _ in enumerate(interrupted_after_each_call(logger.close)):
        if interrupts > 200:
            break
    logger._at_exit()
    assert isinstance(logger.backend, FileAuditBackend)
    assert [str(found.event_type) for found in logger.backend.query()][-1] == "log.closed"
    with pytest.raises(ClosedError):
        logger.log(event("y"))


class Synced(PosixFileSystem):
    """Notes which files were synced since they were written to last."""

    def __init__(self) -> None:
        super().__init__()
        self.inodes: set[int] = set()

    def fsync(self, handle: int) -> None:
        super().fsync(handle)
        self.inodes.add(os.fstat(handle).st_ino)


def test_what_an_interrupted_sync_was_to_cover_is_synced_by_the_next_one(tmp_path: Path) -> None:
    record = AuditLogger(MemoryAuditBackend())._encode(event("x"))
    disk = Synced()

    def fresh() -> FileAuditBackend:
        made = FileAuditBackend(
            tmp_path / str(len(list(tmp_path.iterdir()))), fs=disk, rotation=Rotation(max_events=256)
        )
        made.append([record] * 300)
        disk.inodes.clear()
        return made

    def sync() -> None:
        backend.sync()

    backend, interrupts = fresh(), 0
    for interrupts, _ in enumerate(interrupted_after_each_call(sync), 1):
        backend.sync()
        segments = sorted((backend.path / "segments").iterdir())
        assert len(segments) == 2
        assert {path.stat().st_ino for path in segments} <= disk.inodes, f"at {interrupts}"
        backend.close()
        backend = fresh()
    assert interrupts > 30


def test_after_an_interrupt_in_the_tracking_of_runs_other_threads_go_on() -> None:
    tracker, remembered = RunTracker(AuditLogger(MemoryAuditBackend()), "test", None), BoundedMap[int](limit=2)

    def run() -> bool:
        key = object()
        remembered.claim(key, 1)
        remembered[object()] = 2
        tracker.claim(key)
        tracker.start(AuditEventType.TOOL_CALL, key)
        tracker.error(KeyError("k"), under=key)
        tracker.end(key, Outcome.SUCCESS)
        return tracker.get(key) is None and remembered.pop(key) == 1

    interrupts = 0
    for interrupts, _ in enumerate(interrupted_after_each_call(run), 1):
        assert in_another_thread(run) == [True], f"at {interrupts}"
    assert interrupts > 100
