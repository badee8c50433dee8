"""`AuditMiddleware` and what is executed behind it: each execution is on record once, and with what became of it."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Sequence
from typing import Annotated, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, ToolRetryMiddleware
from langchain_core.tools import tool
from langchain_record import NEEDS_TASK_CONTEXT, Record, Scripted, asks_for, call
from langchain_stories import QUESTION
from langgraph.prebuilt import InjectedState
from langgraph.prebuilt.tool_node import ToolCallRequest

from agent_audit import MemoryAuditBackend
from agent_audit_langchain import AuditCallbackHandler, AuditMiddleware

CALL = ("tool.call", "tool.pay", "c1")


def response(outcome: str) -> tuple[str, ...]:
    return ("tool.response", outcome, "tool.pay", "c1")


def of_tools(record: Record) -> list[tuple[Any, ...]]:
    return record.short("llm.", "agent.", "action.request", "error")


def paying(pay: Any, *middleware: Any) -> Any:
    model = Scripted(replies=[asks_for(call("pay", "c1", to="bob")), "done"])
    return create_agent(model, [pay], name="clerk", middleware=middleware)


@pytest.mark.parametrize("with_handler", [False, pytest.param(True, marks=NEEDS_TASK_CONTEXT)])
async def test_sync_tool_that_outlives_its_cancelled_task_is_not_recorded_as_cancelled(
    record: Record, with_handler: bool
) -> None:
    """What becomes of it is unknown then; where the handler is told, its end is recorded as late."""
    started, go_on, done = threading.Event(), threading.Event(), threading.Event()

    @tool
    def pay(to: str) -> str:
        """Pay."""
        started.set()
        go_on.wait(200)
        return "paid"

    class Done(AuditCallbackHandler):
        def on_tool_end(self, *args: Any, **kwargs: Any) -> None:
            super().on_tool_end(*args, **kwargs)
            done.set()

    handlers = [Done(record.logger)] if with_handler else []
    agent = paying(pay, AuditMiddleware(record.logger, modifies={"pay"}))
    task = asyncio.create_task(agent.ainvoke(QUESTION, {"callbacks": handlers}))
    await asyncio.to_thread(started.wait, 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    if with_handler:
        await asyncio.to_thread(done.wait, 30)
    late = [response("success"), ("data.modify", "success", "tool.pay", "c1")] if with_handler else []
    assert of_tools(record) == [CALL, response("unknown"), *late]
    assert [(e.metadata or {}).get("late") for e in record.of("tool.response")] == [None, True][: 1 + with_handler]
    assert len({event.span_id for event in record.of("tool.call", "tool.response")}) == 1


@pytest.mark.parametrize("with_handler", [False, True])
async def test_two_executions_of_one_call_at_once_have_an_end_each(record: Record, with_handler: bool) -> None:
    @tool
    async def pay(to: str) -> str:
        """Pay."""
        return "paid"

    class Hedges(AgentMiddleware[Any, Any, Any]):
        async def awrap_tool_call(self, request: Any, handler: Any) -> Any:
            first, _ = await asyncio.gather(handler(request), handler(request))
            return first

    agent = paying(pay, Hedges(), AuditMiddleware(record.logger))
    await agent.ainvoke(QUESTION, {"callbacks": [record.handler] if with_handler else []})
    assert sorted(of_tools(record)) == [CALL, CALL, response("success"), response("success")]
    for started in record.of("tool.call"):
        assert [e.outcome for e in record.events if e.span_id == started.span_id] == [None, "success"]


def test_every_try_of_a_middleware_behind_it_is_on_record(record: Record) -> None:
    tries = []

    @tool
    def pay(to: str) -> str:
        """Pay."""
        tries.append(to)
        if len(tries) < 3:
            raise OSError("timed out after sending")
        return "paid"

    retries = ToolRetryMiddleware(max_retries=3, initial_delay=0)
    paying(pay, AuditMiddleware(record.logger), retries).invoke(QUESTION, {"callbacks": [record.handler]})
    assert of_tools(record) == [CALL, response("failure"), CALL, response("failure"), CALL, response("success")]
    assert [event.error for event in record.of("tool.response")] == 2 * ["timed out after sending"] + [None]


async def test_executions_at_once_behind_it_are_on_record_each(record: Record) -> None:
    both_run = asyncio.Event()
    running = []

    @tool
    async def pay(to: str) -> str:
        """Pay."""
        running.append(to)
        if len(running) == 2:
            both_run.set()
        await both_run.wait()
        return "paid"

    class Hedges(AgentMiddleware[Any, Any, Any]):
        async def awrap_tool_call(self, request: Any, handler: Any) -> Any:
            first, _ = await asyncio.gather(handler(request), handler(request))
            return first

    agent = paying(pay, AuditMiddleware(record.logger), Hedges())
    await agent.ainvoke(QUESTION, {"callbacks": [record.handler]})
    assert of_tools(record) == [CALL, CALL, response("success"), response("success")]


@pytest.mark.parametrize("inner_first", [False, True])
def test_middleware_of_two_loggers_and_a_handler_of_each_record_the_call_once_each(
    record: Record, inner_first: bool
) -> None:
    @tool
    def pay(to: str) -> str:
        """Pay."""
        return "paid"

    class Another(AuditMiddleware):
        """A list of middleware has one of each class."""

    other = Record(MemoryAuditBackend())
    middleware = [AuditMiddleware(record.logger), Another(other.logger)][:: -1 if inner_first else 1]
    paying(pay, *middleware).invoke(QUESTION, {"callbacks": [record.handler, other.handler]})
    assert of_tools(record) == of_tools(other) == [CALL, response("success")]
    other.check()


def test_call_with_a_value_that_the_model_made_up_for_an_injected_argument_is_recorded_once(record: Record) -> None:
    @tool
    def pay(to: str, state: Annotated[dict[str, Any], InjectedState]) -> str:
        """Pay."""
        return "paid"

    model = Scripted(replies=[asks_for(call("pay", "c1", to="bob", state={"x": 1})), "done"])
    agent = create_agent(model, [pay], name="clerk", middleware=[AuditMiddleware(record.logger)])
    agent.invoke(QUESTION, {"callbacks": [record.handler]})
    assert of_tools(record) == [CALL, response("success")]


def test_a_call_that_was_left_behind_with_its_loop_ends_where_it_is_collected(record: Record) -> None:
    begun: list[bool] = []

    async def never(request: Any) -> Any:
        begun.append(True)
        await asyncio.Event().wait()

    async def leave() -> None:
        request = ToolCallRequest(tool_call=call("send", "c1"), tool=None, state={}, runtime=None)  # type: ignore[arg-type]
        task = asyncio.ensure_future(AuditMiddleware(record.logger).awrap_tool_call(request, never))
        while not begun:
            assert not task.done()
            await asyncio.sleep(0)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    gc.collect()
    assert record.short() == [("tool.call", "tool.send", "c1"), ("tool.response", "cancelled", "tool.send", "c1")]


def test_a_call_whose_task_is_cancelled_while_it_is_being_recorded_ends_though_its_loop_is_gone_by_then() -> None:
    recording, go_on = threading.Event(), threading.Event()

    class Slow(MemoryAuditBackend):
        def append(self, records: Sequence[bytes], *, timeout: float = 1.0) -> int:
            recording.set()
            go_on.wait(200)
            return super().append(records, timeout=timeout)

    async def cancel(middleware: AuditMiddleware) -> None:
        request = ToolCallRequest(tool_call=call("send", "c1"), tool=None, state={}, runtime=None)  # type: ignore[arg-type]
        task = asyncio.ensure_future(middleware.awrap_tool_call(request, never))
        while not recording.is_set():
            await asyncio.sleep(0)
        for pending in asyncio.all_tasks() - {asyncio.current_task()}:  # as `asyncio.run` does in the end
            pending.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def never(request: Any) -> Any:
        raise AssertionError("it was not on record yet")

    record = Record(Slow())
    loop = asyncio.new_event_loop()
    loop.run_until_complete(cancel(AuditMiddleware(record.logger)))
    go_on.set()
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    assert record.short() == [("tool.call", "tool.send", "c1"), ("tool.response", "cancelled", "tool.send", "c1")]
    record.check()
    record.logger.close()
