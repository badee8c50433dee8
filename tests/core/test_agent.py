from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextvars import copy_context

import pytest

from agent_audit import (
    AuditedAgent,
    AuditEvent,
    AuditEventType,
    AuditLogger,
    ConfigurationError,
    MemoryAuditBackend,
    Outcome,
    WriteError,
)
from agent_audit.testing import FailingBackend, assert_paired, capture

T, O = AuditEventType, Outcome


@pytest.fixture
def backend() -> MemoryAuditBackend:
    return MemoryAuditBackend()


@pytest.fixture
def agent(backend: MemoryAuditBackend) -> AuditedAgent:
    return AuditedAgent("billing", logger=AuditLogger(backend), session_id="s1", user_id="alice")


def told(backend: MemoryAuditBackend) -> list[tuple[object, object, object]]:
    return [(event.event_type, event.outcome, event.action) for event in backend.events()]


def test_the_request_is_on_record_before_the_body_runs(agent: AuditedAgent, backend: MemoryAuditBackend) -> None:
    with agent.audit_context("invoice.pay", resource="invoice/7", amount=12):
        assert told(backend) == [(T.ACTION_REQUEST, None, "invoice.pay")]
    request, end = backend.events()
    assert (end.event_type, end.outcome) == (T.ACTION_EXECUTED, O.SUCCESS)
    assert request.span_id == end.span_id
    assert request.metadata == end.metadata == {"amount": 12}
    assert (end.agent_id, end.session_id, end.user_id, end.resource) == ("billing", "s1", "alice", "invoice/7")
    assert end.duration_ms is not None
    assert_paired(backend)


@pytest.mark.parametrize(
    ("error", "event_type", "outcome"),
    [
        (PermissionError("not yours"), T.PERMISSION_DENIED, O.DENIED),
        (ValueError("wrong"), T.ACTION_FAILED, O.FAILURE),
        (KeyboardInterrupt(), T.ACTION_FAILED, O.CANCELLED),
        (SystemExit("enough"), T.ACTION_FAILED, O.CANCELLED),
    ],
)
def test_an_exception_is_recorded_and_goes_on(
    agent: AuditedAgent, backend: MemoryAuditBackend, error: BaseException, event_type: T, outcome: O
) -> None:
    with pytest.raises(type(error)), agent.audit_context("invoice.pay"):
        raise error
    end = backend.events()[-1]
    assert (end.event_type, end.outcome, end.error_type) == (event_type, outcome, type(error).__name__)
    assert end.error == str(error)
    assert end.duration_ms is not None


@pytest.mark.parametrize(
    ("error", "event_type"), [(None, T.ACTION_EXECUTED), (LookupError("in the middle"), T.ACTION_FAILED)]
)
def test_a_block_in_a_generator_ends_where_each_step_runs_in_a_context_of_its_own(
    agent: AuditedAgent, backend: MemoryAuditBackend, error: Exception | None, event_type: T
) -> None:
    # As Starlette does it with the generator of a response, and FastAPI with a dependency.
    def stream() -> Iterator[str]:
        with agent.audit_context("stream"):
            yield "a piece"

    pieces = stream()
    assert copy_context().run(next, pieces) == "a piece"
    with pytest.raises(StopIteration if error is None else LookupError):
        copy_context().run(next, pieces) if error is None else copy_context().run(pieces.throw, error)
    assert told(backend)[1:] == [(event_type, O.SUCCESS if error is None else O.FAILURE, "stream")]
    assert_paired(backend)


def test_a_block_in_a_stream_that_another_task_closes_ends_as_cancelled(
    agent: AuditedAgent, backend: MemoryAuditBackend
) -> None:
    async def stream() -> AsyncGenerator[str, None]:
        async with agent.audit_context("stream"):
            yield "a piece"

    async def close(pieces: AsyncGenerator[str, None]) -> None:
        await pieces.aclose()

    async def read_a_little() -> None:
        pieces = stream()
        await anext(pieces)
        await asyncio.create_task(close(pieces))  # as the loop does with one that nobody refers to any more

    asyncio.run(read_a_little())
    assert [outcome for _, outcome, _ in told(backend)] == [None, O.CANCELLED]
    assert_paired(backend)


def test_async_blocks_record_the_same_and_survive_cancellation(
    agent: AuditedAgent, backend: MemoryAuditBackend
) -> None:
    async def pay() -> None:
        async with agent.audit_context("pay"):
            await asyncio.sleep(60)

    async def main() -> None:
        task = asyncio.create_task(pay())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with agent.audit_context("quick"):
            pass

    asyncio.run(main())
    assert told(backend) == [
        (T.ACTION_REQUEST, None, "pay"),
        (T.ACTION_FAILED, O.CANCELLED, "pay"),
        (T.ACTION_REQUEST, None, "quick"),
        (T.ACTION_EXECUTED, O.SUCCESS, "quick"),
    ]


def test_a_block_whose_task_is_cancelled_while_its_request_is_recorded_has_an_end() -> None:
    class Busy(MemoryAuditBackend):
        """Takes its time over the first event."""

        reached, go_on = threading.Event(), threading.Event()

        def append(self, records: Sequence[bytes], *, timeout: float = 1.0) -> int:
            self.reached.set()
            self.go_on.wait()
            return super().append(records, timeout=timeout)

    backend = Busy()
    agent = AuditedAgent("billing", logger=AuditLogger(backend))

    async def pay() -> None:
        async with agent.audit_context("pay"):
            raise AssertionError("it was cancelled before")

    async def main() -> None:
        first = asyncio.create_task(asyncio.to_thread(agent.log_data_access, "customers/42"))
        await asyncio.to_thread(backend.reached.wait)
        task = asyncio.create_task(pay())
        await asyncio.sleep(0)  # it waits for the log
        task.cancel()
        await asyncio.sleep(0)
        backend.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        await first

    asyncio.run(main())
    assert told(backend)[1:] == [(T.ACTION_REQUEST, None, "pay"), (T.ACTION_FAILED, O.CANCELLED, "pay")]
    assert_paired(backend)


def test_what_happens_inside_a_block_is_recorded_under_it(agent: AuditedAgent, backend: MemoryAuditBackend) -> None:
    with agent.audit_context("outer"), agent.audit_context("inner"):
        agent.log_data_access("customers/42")
    outer, inner, access, *_ = backend.events()
    assert outer.parent_span_id is None
    assert inner.parent_span_id == outer.span_id
    assert access.parent_span_id == inner.span_id
    assert {event.trace_id for event in backend.events()} == {agent.trace_id}


def test_a_block_can_be_entered_once(agent: AuditedAgent) -> None:
    block = agent.audit_context("x")
    with block:
        pass
    with pytest.raises(RuntimeError, match="call audit_context again"), block:
        pass


def test_a_result_set_inside_the_block_is_recorded(agent: AuditedAgent, backend: MemoryAuditBackend) -> None:
    with agent.audit_context("count") as block:
        block.result = {"rows": 3}
    assert backend.events()[-1].result == {"rows": 3}


@pytest.mark.parametrize(("name", "value"), [("resource", 7), ("metadata", "text"), ("metadata", None)])
def test_what_cannot_be_recorded_with_the_end_is_refused_in_the_block_and_the_end_is_on_record(
    agent: AuditedAgent, backend: MemoryAuditBackend, name: str, value: object
) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is"), agent.audit_context("pay") as block:
        setattr(block, name, value)
    assert [event.event_type for event in backend.query()] == ["action.request", "action.failed"]


def test_a_name_in_the_metadata_that_is_no_text_becomes_one_and_hides_no_error(
    agent: AuditedAgent, backend: MemoryAuditBackend
) -> None:
    block = agent.audit_context("pay", currency="EUR")
    block.metadata[7] = "seven"  # type: ignore[index]  # as an application may do
    with pytest.raises(KeyError), block:
        raise KeyError
    end = list(backend.query())[-1]
    assert (end.event_type, end.metadata) == ("action.failed", {"currency": "EUR", "7": "seven"})


def test_a_fail_closed_logger_keeps_the_body_from_running() -> None:
    agent = AuditedAgent("a", logger=AuditLogger(FailingBackend(), on_failure="raise"))
    ran = []
    with pytest.raises(WriteError), agent.audit_context("x"):
        ran.append(True)
    assert not ran


def test_a_tool_call_is_an_intent_and_an_outcome(agent: AuditedAgent, backend: MemoryAuditBackend) -> None:
    agent.log_tool_call("search", {"query": "q"}, ["hit"], duration_ms=3.5, call_id="c1")
    call, response = backend.events()
    assert (call.event_type, call.outcome, call.parameters) == (T.TOOL_CALL, None, {"query": "q"})
    assert (response.event_type, response.outcome, response.result) == (T.TOOL_RESPONSE, O.SUCCESS, ["hit"])
    assert {call.action, response.action} == {"tool.search"}
    assert {call.call_id, response.call_id} == {"c1"}
    assert call.span_id == response.span_id
    assert_paired(backend)


def test_a_tool_call_with_an_impossible_duration_is_refused_whole(
    agent: AuditedAgent, backend: MemoryAuditBackend
) -> None:
    with pytest.raises(ValueError, match="duration_ms"):
        agent.log_tool_call("search", duration_ms=-1)
    assert told(backend) == []


@pytest.mark.parametrize(
    ("error", "outcome"), [(PermissionError("no"), O.DENIED), (OSError("no"), O.FAILURE), ("no", O.FAILURE)]
)
def test_a_failed_tool_call_says_so(
    agent: AuditedAgent, backend: MemoryAuditBackend, error: BaseException | str, outcome: O
) -> None:
    agent.log_tool_call("search", error=error)
    assert (backend.events()[-1].outcome, backend.events()[-1].error) == (outcome, "no")


@pytest.mark.parametrize("operation", ["write", "delete", "update", "UPDATE"])
def test_writing_deleting_and_updating_are_data_modify(
    agent: AuditedAgent, backend: MemoryAuditBackend, operation: str
) -> None:
    agent.log_data_access("customers/42", operation, parameters={"name": "x"}, reason="asked")
    (event,) = backend.events()
    assert (event.event_type, event.action, event.resource) == (T.DATA_MODIFY, operation, "customers/42")
    assert event.metadata == {"reason": "asked"}


def test_reading_is_data_access(agent: AuditedAgent, backend: MemoryAuditBackend) -> None:
    agent.log_data_access("customers/42")
    assert told(backend) == [(T.DATA_ACCESS, O.SUCCESS, "read")]


def test_an_agent_without_a_session_gets_one_of_its_own() -> None:
    with capture() as backend:
        AuditedAgent("a").log_data_access("x")
        AuditedAgent("a").log_data_access("x")
    first, second = (event.session_id for event in backend.events())
    assert first and second and first != second


def test_an_exception_whose_text_cannot_be_had_is_recorded_all_the_same(
    agent: AuditedAgent, backend: MemoryAuditBackend
) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise ZeroDivisionError

    with pytest.raises(Mute), agent.audit_context("x"):
        raise Mute
    end: AuditEvent = backend.events()[-1]
    assert (end.error_type, end.outcome) == ("Mute", O.FAILURE)
