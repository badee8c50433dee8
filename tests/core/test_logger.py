from __future__ import annotations

import asyncio
import copy
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest

from agent_audit import (
    AuditBackend,
    AuditEvent,
    AuditEventType,
    AuditLogger,
    CommitLimits,
    ConfigurationError,
    Durability,
    FileAuditBackend,
    MemoryAuditBackend,
    WriteError,
    identify,
)
from agent_audit.errors import BufferFullError, ClosedError
from agent_audit.redaction import Redacted
from agent_audit.testing import FailingBackend


def tool_call(**fields: Any) -> AuditEvent:
    return AuditEvent(event_type=AuditEventType.TOOL_CALL, **fields)


def only(backend: MemoryAuditBackend) -> AuditEvent:
    (event,) = backend.events()
    return event


def test_what_is_logged_can_be_queried_at_once() -> None:
    logger = AuditLogger(MemoryAuditBackend())
    logger.log(tool_call(action="tool.a", parameters={"n": 1}))
    (event,) = logger.query(action="tool.a")
    assert event.parameters == {"n": 1}


def test_the_record_is_a_snapshot_that_later_changes_do_not_reach() -> None:
    backend = MemoryAuditBackend()
    logger = AuditLogger(backend, durability="buffered", limits=CommitLimits(interval=60))
    payload = {"items": [1]}
    logger.log(tool_call(parameters=payload))
    payload["items"].append(2)
    assert [event.parameters for event in logger.query()] == [{"items": [1]}]


def test_identity_comes_from_the_event_then_the_context_then_the_logger() -> None:
    backend = MemoryAuditBackend()
    logger = AuditLogger(backend, agent_id="default", session_id="default", user_id="default")
    with identify(agent_id="ambient", session_id="ambient"):
        logger.log(tool_call(agent_id="own"))
    event = only(backend)
    assert (event.agent_id, event.session_id, event.user_id) == ("own", "ambient", "default")


def test_every_event_says_which_writer_and_its_running_number() -> None:
    backend = MemoryAuditBackend()
    logger = AuditLogger(backend)
    for _ in range(3):
        logger.log(tool_call())
    assert [event.writer_seq for event in backend.events()] == [0, 1, 2]
    assert len({event.writer for event in backend.events()}) == 1


def test_a_secret_does_not_reach_the_backend_and_its_place_is_named() -> None:
    backend = MemoryAuditBackend()
    AuditLogger(backend).log(tool_call(parameters={"password": "hunter2-but-longer"}, metadata={"n": 1}))
    event = only(backend)
    assert "hunter2" not in event.to_json()
    assert event.metadata is not None
    assert event.metadata["n"] == 1
    assert [hit["path"] for hit in event.metadata["redacted"]] == ["parameters.password"]


def test_who_decided_stays_on_record_as_an_id_does_and_a_secret_in_its_place_does_not() -> None:
    backend = MemoryAuditBackend()
    logger = AuditLogger(backend)
    for decider in ("eve@example.com", "ghp_" + "a1B2" * 9):
        logger.record(
            AuditEventType.ACTION_APPROVED,
            metadata={"decided_by": decider, "message": "ask bob@example.com"},
            parameters={"to": "eve@example.com"},
        )
    named, masked = ((event.metadata or {}) for event in backend.events())
    assert named["decided_by"] == "eve@example.com"
    assert named["message"] == "ask [REDACTED:email]"
    assert [hit["path"] for hit in named["redacted"]] == ["parameters.to", "metadata.message"]
    assert "a1B2" not in masked["decided_by"]
    assert masked["decided_by"].startswith("[REDACTED:")


class BrokenRedactor:
    def redact(self, value: Any, *, path: str = "", action: str | None = None) -> Redacted:
        raise ZeroDivisionError(value["parameters"]["password"])


class LyingRedactor:
    def redact(self, value: Any, *, path: str = "", action: str | None = None) -> Redacted:
        return Redacted(["not a dict", value])


@pytest.mark.parametrize("redactor", [BrokenRedactor(), LyingRedactor()])
def test_a_redactor_that_fails_leaves_a_marker_and_never_the_raw_value(redactor: Any) -> None:
    backend = MemoryAuditBackend()
    AuditLogger(backend, redactor=redactor).log(
        tool_call(action="tool.x", parameters={"password": "hunter2"}, metadata={"k": "hunter2"})
    )
    text = only(backend).to_json()
    assert "REDACTION-ERROR" in text
    assert "hunter2" not in text


def test_a_long_result_is_shortened_with_its_size_and_a_keyed_digest(log_dir: Path) -> None:
    logger = AuditLogger(FileAuditBackend(log_dir))
    logger.record(AuditEventType.TOOL_RESPONSE, result="word " * 20_000)
    (event,) = logger.query(event_type=AuditEventType.TOOL_RESPONSE)
    assert len(event.result) < 4_000
    assert event.metadata is not None
    shortened = event.metadata["shortened"]["result"]
    assert shortened["bytes"] == 100_000
    assert len(shortened["hmac_sha256"]) == 64
    logger.close()


def test_an_event_that_was_read_can_be_logged_again_and_gets_a_place_of_its_own() -> None:
    backend = MemoryAuditBackend()
    logger = AuditLogger(backend)
    logger.log(tool_call(action="first"))
    logger.log(backend.events()[0])
    assert [event.seq for event in backend.events()] == [0, 1]


def test_without_a_key_the_digest_of_a_shortened_result_is_absent_with_its_reason() -> None:
    backend = MemoryAuditBackend()
    AuditLogger(backend).record(AuditEventType.TOOL_RESPONSE, result="word " * 20_000)
    assert only(backend).metadata == {"shortened": {"result": {"bytes": 100_000, "hmac_absent": "no fingerprint key"}}}


def test_tool_arguments_are_never_shortened() -> None:
    backend = MemoryAuditBackend()
    AuditLogger(backend).log(tool_call(parameters={"text": "word " * 20_000}))
    assert len(only(backend).parameters["text"]) == 100_000


def test_flush_is_a_barrier_for_buffered_events() -> None:
    backend = MemoryAuditBackend()
    logger = AuditLogger(backend, durability=Durability.BUFFERED)
    for n in range(5_000):
        logger.log(tool_call(parameters={"n": n}))
    assert logger.flush()
    assert [event.parameters["n"] for event in backend.events()] == list(range(5_000))


def test_buffered_events_arrive_without_a_flush() -> None:
    arrived = threading.Event()

    class Telling(MemoryAuditBackend):
        def append(self, records: Any, *, timeout: float = 1.0) -> int:
            first = super().append(records, timeout=timeout)
            arrived.set()
            return first

    AuditLogger(Telling(), durability="buffered").log(tool_call())
    assert arrived.wait(200)


def test_a_level_can_be_chosen_by_event_type() -> None:
    synced: list[int] = []

    class Counting(MemoryAuditBackend):
        def sync(self) -> None:
            synced.append(len(self.events()))

    logger = AuditLogger(
        Counting(), durability="buffered", durability_by_type={"tool.call": "synced"}, limits=CommitLimits(interval=60)
    )
    logger.record(AuditEventType.TOOL_RESPONSE)
    assert synced == []
    logger.log(tool_call())
    assert synced == [2]


def test_threads_and_tasks_lose_and_duplicate_nothing() -> None:
    backend = MemoryAuditBackend()
    logger = AuditLogger(backend)

    def work(name: int) -> None:
        for n in range(500):
            logger.log(tool_call(action=f"{name}:{n}"))

    async def tasks() -> None:
        async def one(name: int) -> None:
            for n in range(100):
                await logger.alog(tool_call(action=f"{name}:{n}"))

        await asyncio.gather(*(one(100 + name) for name in range(8)))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    asyncio.run(tasks())
    for thread in threads:
        thread.join()
    events = backend.events()
    assert len(events) == 8 * 500 + 8 * 100
    for name in {event.action.split(":")[0] for event in events if event.action}:
        numbers = [int(e.action.split(":")[1]) for e in events if e.action and e.action.split(":")[0] == name]
        assert numbers == list(range(len(numbers))), "the events of one thread are in its order"


def test_under_warn_a_failing_store_keeps_events_waiting_and_nothing_is_lost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    backend = FailingBackend()
    logger = AuditLogger(backend)
    for n in range(10):
        logger.log(tool_call(parameters={"n": n}))
    assert "cannot be written" in capsys.readouterr().err
    assert not logger.flush(timeout=1)
    backend.failing = False
    assert logger.flush()
    assert [event.parameters["n"] for event in backend.events()] == list(range(10))
    assert logger.lost == 0


def test_under_warn_a_full_buffer_loses_with_an_account_of_it_on_record() -> None:
    backend = FailingBackend()
    logger = AuditLogger(backend, limits=CommitLimits(max_events=5, block_timeout=0.01))
    for n in range(8):
        logger.log(tool_call(parameters={"n": n}))
    assert logger.lost == 3
    backend.failing = False
    logger.flush()
    gap, *kept = backend.events()
    assert [event.parameters["n"] for event in kept] == list(range(5))
    assert gap.event_type is AuditEventType.LOG_GAP
    assert gap.metadata is not None
    assert (gap.metadata["lost"], gap.metadata["types"]) == (3, {"tool.call": 3})
    assert gap.metadata["first"] <= gap.metadata["last"]
    assert "No space left" in (gap.error or "")


def test_under_raise_a_failing_store_raises_and_the_event_is_not_recorded_later() -> None:
    backend = FailingBackend()
    logger = AuditLogger(backend, on_failure="raise")
    with pytest.raises(WriteError, match="No space left"):
        logger.log(tool_call(action="refused"))
    backend.failing = False
    logger.log(tool_call(action="next"))
    assert [event.action for event in backend.events()] == ["next"]


def test_under_raise_what_has_happened_already_waits_instead_of_raising() -> None:
    backend = FailingBackend()
    logger = AuditLogger(backend, on_failure="raise")
    logger.log(tool_call(action="has happened"), after_effect=True)
    backend.failing = False
    logger.flush()
    assert [event.action for event in backend.events()] == ["has happened"]


def test_under_raise_a_full_buffer_raises() -> None:
    backend = FailingBackend()
    logger = AuditLogger(backend, on_failure="raise", limits=CommitLimits(max_events=1, block_timeout=0.01))
    logger.log(tool_call(action="has happened"), after_effect=True)
    with pytest.raises(BufferFullError):
        logger.log(tool_call(action="refused"))
    backend.failing = False
    logger.close()
    assert [event.action for event in backend.events()] == ["has happened"]


def test_the_failure_of_alog_reaches_the_awaiting_task() -> None:
    logger = AuditLogger(FailingBackend(), on_failure="raise")
    with pytest.raises(WriteError):
        asyncio.run(logger.alog(tool_call()))


def test_what_an_adapter_keeps_is_told_of_the_end_while_it_can_still_record(tmp_path: Path) -> None:
    backend = FileAuditBackend(tmp_path / "log")
    logger = AuditLogger(backend)

    class State:
        def close_all(self) -> None:
            logger.record(AuditEventType.TOOL_RESPONSE, action="tool.open")

    logger.adapter_state.update(own=State(), other={})
    logger.close()
    assert [event.action for event in backend.query()] == ["log.opened", "tool.open", "log.closed"]


def test_logging_after_close_is_a_named_error_and_close_twice_is_not() -> None:
    logger = AuditLogger(MemoryAuditBackend())
    logger.close()
    logger.close()
    with pytest.raises(ClosedError, match="make a new one"):
        logger.log(tool_call())


def test_a_backend_needs_no_more_than_the_four_methods_of_the_protocol() -> None:
    class Minimal:
        def __init__(self) -> None:
            self.records: list[bytes] = []

        def append(self, records: Any, *, timeout: float = 1.0) -> int:
            self.records.extend(records)
            return len(self.records) - len(records)

        def sync(self) -> None: ...

        def query(self, query: Any = None, /, **conditions: Any) -> Any:
            return iter(())

        def close(self) -> None: ...

    backend = Minimal()
    assert isinstance(backend, AuditBackend)
    with AuditLogger(backend) as logger:
        logger.log(tool_call())
        logger._at_exit()
    assert len(backend.records) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"on_failure": "ignore"}, "on_failure is 'ignore'; use 'warn' or 'raise'"),
        ({"durability": "forever"}, "durability is 'forever'; use one of: buffered, written, synced"),
        ({"durability": "buffered", "on_failure": "raise"}, "needs durability 'written' or 'synced'"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        AuditLogger(MemoryAuditBackend(), **settings)


def test_a_copy_of_what_holds_a_logger_records_to_the_same_one() -> None:
    logger = AuditLogger(MemoryAuditBackend())
    assert copy.copy(logger) is logger
    assert copy.deepcopy({"callbacks": [logger]})["callbacks"][0] is logger


def test_a_logger_that_is_to_be_pickled_says_what_to_do() -> None:
    with pytest.raises(TypeError, match="make one in the other process"):
        pickle.dumps(AuditLogger(MemoryAuditBackend()))
