"""Group commit among threads: nobody is left waiting for somebody who has gone."""

from __future__ import annotations

import asyncio
import gc
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from agent_audit import AuditEvent, AuditEventType, AuditLogger, CommitLimits, MemoryAuditBackend, WriteError, commit
from agent_audit.errors import LockTimeoutError, StorageError

NEVER = CommitLimits(lock_timeout=300, interval=300)
"""Waits that would show as a test that does not end: whoever is not woken is not helped by a time-out either."""


class Unsteady(MemoryAuditBackend):
    """Lets other threads in while it appends, and refuses some batches."""

    def __init__(self, refusals: float) -> None:
        super().__init__()
        self._random = random.Random(7)
        self._refusals = refusals
        self.batches = 0

    def append(self, records: Sequence[bytes], *, timeout: float = 1.0) -> int:
        self.batches += 1
        time.sleep(0)
        if self._random.random() < self._refusals:
            raise StorageError("refused for once")
        return super().append(records, timeout=timeout)


@pytest.fixture(autouse=True)
def _threads_change_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def in_threads(count: int, each: int, logger: AuditLogger) -> tuple[list[str], int]:
    """Log from many threads at once; returns what was acknowledged and how many events were refused."""
    acknowledged: list[str] = []
    refused: list[str] = []

    def work(thread: int) -> None:
        for number in range(each):
            action = f"{thread}.{number}"
            try:
                logger.log(AuditEvent(event_type=AuditEventType.TOOL_CALL, action=action))
            except WriteError:
                refused.append(action)
            else:
                acknowledged.append(action)

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)
    assert not [thread for thread in threads if thread.is_alive()], "a thread waits for ever"
    return acknowledged, len(refused)


@pytest.mark.parametrize("level", ["written", "synced"])
def test_no_thread_of_a_crowd_is_left_waiting(level: str) -> None:
    backend = Unsteady(0)
    acknowledged, refused = in_threads(16, 200, AuditLogger(backend, durability=level, limits=NEVER))
    assert refused == 0
    assert sorted(event.action or "" for event in backend.events()) == sorted(acknowledged)
    assert len(acknowledged) == 16 * 200


def test_no_thread_is_left_waiting_when_the_store_refuses_some_batches() -> None:
    backend = Unsteady(0.2)
    logger = AuditLogger(backend, on_failure="raise", limits=NEVER)
    acknowledged, refused = in_threads(8, 200, logger)
    recorded = [event.action for event in backend.events() if event.event_type == AuditEventType.TOOL_CALL]
    assert sorted(recorded) == sorted(acknowledged)  # type: ignore[type-var]
    assert refused > 0
    assert len(acknowledged) + refused == 8 * 200


def test_threads_that_wait_share_a_batch() -> None:
    backend = Unsteady(0)
    in_threads(16, 200, AuditLogger(backend, limits=NEVER))
    assert backend.batches < 16 * 200


def test_a_barrier_does_not_swallow_the_turn_of_a_waiting_thread() -> None:
    backend = Unsteady(0)
    logger = AuditLogger(backend, limits=NEVER)
    stop = threading.Event()

    def flush() -> None:
        while not stop.is_set():
            logger.flush()

    barrier = threading.Thread(target=flush, daemon=True)
    barrier.start()
    acknowledged, _ = in_threads(8, 200, logger)
    stop.set()
    barrier.join(200)
    assert not barrier.is_alive()
    assert len(acknowledged) == 8 * 200


def test_an_interrupt_in_the_leader_leaves_nobody_waiting() -> None:
    backend = Unsteady(0)
    logger = AuditLogger(backend, limits=NEVER)
    done: list[int] = []

    def work() -> None:
        for _ in range(400):
            logger.log(AuditEvent(event_type=AuditEventType.TOOL_CALL))
        done.append(1)

    armed = False

    def interrupt(number: int, frame: object) -> None:
        if armed:
            raise KeyboardInterrupt

    # A callback of `gc` would swallow the interrupt, as hypothesis has one.
    gc.disable()
    # A timer of its own: the alarm is what ends a test that hangs.
    before = signal.signal(signal.SIGPROF, interrupt)
    threads = [threading.Thread(target=work, daemon=True) for _ in range(4)]
    interrupted = 0
    try:
        for thread in threads:
            thread.start()
        for _ in range(100):
            try:
                armed = True
                signal.setitimer(signal.ITIMER_PROF, 0.001)
                for _ in range(2_000):  # the interrupt may get lost in a finalizer
                    logger.log(AuditEvent(event_type=AuditEventType.TOOL_CALL))
                armed = False
            except KeyboardInterrupt:
                armed = False
                interrupted += 1
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        gc.enable()
    assert interrupted > 50
    for thread in threads:
        thread.join(200)
    assert len(done) == 4


class BusyStore(MemoryAuditBackend):
    """Other processes write to it: it takes events only from those who wait."""

    def append(self, records: Sequence[bytes], *, timeout: float = 1.0) -> int:
        if timeout < 1.0:
            raise LockTimeoutError("held by another process")
        return super().append(records, timeout=timeout)


def test_who_found_somebody_leading_is_woken_when_that_one_could_not_write() -> None:
    """The moment between two lines is too short to be met by chance, so the test leads itself."""
    logger = AuditLogger(BusyStore(), limits=NEVER)
    committer = logger._committer
    committer._leader = threading.get_ident()
    thread = threading.Thread(target=logger.log, args=(AuditEvent(event_type=AuditEventType.TOOL_CALL),), daemon=True)
    thread.start()
    while not committer._queue:
        time.sleep(0.001)
    committer._depose_the_gone = lambda: None  # type: ignore[method-assign]
    committer._leader = 0
    committer._lead(0.0, patient=False)
    thread.join(200)
    assert not thread.is_alive()


def test_a_leader_that_was_interrupted_before_it_could_resign_is_deposed() -> None:
    logger = AuditLogger(MemoryAuditBackend(), limits=NEVER)
    logger._committer._leader = -1
    thread = threading.Thread(target=logger.log, args=(AuditEvent(event_type=AuditEventType.TOOL_CALL),), daemon=True)
    thread.start()
    thread.join(200)
    assert not thread.is_alive()


class Synced(MemoryAuditBackend):
    def __init__(self) -> None:
        super().__init__()
        self.synced = threading.Event()

    def sync(self) -> None:
        self.synced.set()


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No thread can be started, as at the limit of a container's processes, until that is undone."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(commit, "_RETRY_INTERVAL", 0.0)
    return monkeypatch


@pytest.mark.parametrize("level", ["buffered", "written"])
def test_where_no_thread_can_be_started_events_are_written_at_once_and_synced_when_one_can(
    level: str, no_threads: pytest.MonkeyPatch
) -> None:
    backend = Synced()
    logger = AuditLogger(backend, durability=level)
    for number in range(3):
        logger.record(AuditEventType.TOOL_CALL)
        assert len(backend.events()) == number + 1
    assert not backend.synced.is_set()
    no_threads.undo()
    logger.record(AuditEventType.TOOL_CALL)
    assert backend.synced.wait(60)
    assert len(backend.events()) == 4
    logger.close()


@pytest.mark.parametrize("level", ["buffered", "written", "synced"])
def test_a_coroutine_records_where_no_thread_can_be_started(level: str, no_threads: pytest.MonkeyPatch) -> None:
    backend = Synced()
    logger = AuditLogger(backend, durability=level, limits=CommitLimits(max_events=2))

    async def log() -> None:
        events = [AuditEvent(event_type=AuditEventType.TOOL_CALL) for _ in range(20)]
        await asyncio.gather(*map(logger.alog, events))
        no_threads.undo()  # asyncio ends its executor with a thread

    asyncio.run(log())
    assert len(backend.events()) == 20
    assert backend.synced.is_set() is (level == "synced")
    logger.close()
    assert logger.lost == 0


@pytest.mark.parametrize("level", ["buffered", "written", "synced"])
def test_a_coroutine_of_another_loop_than_asyncios_records_too(level: str) -> None:
    backend = Synced()
    logger = AuditLogger(backend, durability=level, limits=CommitLimits(max_events=2))
    for _ in range(5):
        coroutine = logger.alog(AuditEvent(event_type=AuditEventType.TOOL_CALL))
        with pytest.raises(StopIteration):
            coroutine.send(None)
    logger.close()
    assert (len(backend.events()), logger.lost) == (5, 0)


def test_the_first_event_of_a_coroutine_makes_the_log_off_the_loop() -> None:
    wrote_in: list[threading.Thread] = []

    class Slow(MemoryAuditBackend):
        def append(self, records: Sequence[bytes], *, timeout: float = 1.0) -> int:
            wrote_in.append(threading.current_thread())
            return super().append(records, timeout=timeout)

    async def log(logger: AuditLogger) -> None:
        for _ in range(3):
            await logger.alog(AuditEvent(event_type=AuditEventType.TOOL_CALL))

    with AuditLogger(Slow()) as logger:
        asyncio.run(log(logger))
    assert [thread is threading.main_thread() for thread in wrote_in] == [False, True, True]


def test_the_event_of_a_coroutine_that_is_cancelled_while_it_waits_for_a_thread_is_recorded() -> None:
    backend, full = MemoryAuditBackend(), CommitLimits(max_events=1, interval=300)

    async def main(logger: AuditLogger) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        busy = threading.Event()
        waiting = loop.run_in_executor(None, busy.wait, 200)
        logger.log(AuditEvent(event_type=AuditEventType.TOOL_CALL, action="fills the buffer"))
        task = asyncio.create_task(logger.alog(AuditEvent(event_type=AuditEventType.TOOL_CALL, action="cancelled")))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        busy.set()
        await waiting

    with AuditLogger(backend, durability="buffered", limits=full) as logger:
        asyncio.run(main(logger))
    assert sorted(str(event.action) for event in backend.events()) == ["cancelled", "fills the buffer"]
    assert logger.lost == 0
