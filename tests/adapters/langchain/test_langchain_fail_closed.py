"""No record, no action: with a fail-closed logger nothing runs that cannot be recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import ToolMessage
from langchain_core.tools import tool
from langchain_record import NEEDS_TASK_CONTEXT, Record, Scripted, asks_for, call, human_in_the_loop
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt

from agent_audit import AuditLogger, CommitLimits, MemoryAuditBackend, WriteError
from agent_audit.analysis.pairing import unpaired
from agent_audit_langchain import AuditCallbackHandler, AuditMiddleware, enable

QUESTION = {"messages": [("user", "go")]}


class Broken(MemoryAuditBackend):
    """A disk that is full from the first event of some type on, or refuses events of that type alone."""

    def __init__(self, full_from: str, *, stays_full: bool = True) -> None:
        super().__init__()
        self.stays_full = stays_full
        self.full_from = f'"event_type":"{full_from}"'.encode()
        self.full = False

    def append(self, records: Sequence[bytes], *, timeout: float = 1.0) -> int:
        self.full = (self.full and self.stays_full) or any(self.full_from in record for record in records)
        if self.full:
            raise WriteError("disk full")
        return super().append(records, timeout=timeout)


class BrokenLoggers:
    """Makes loggers on such disks, and room on the disks before they are closed."""

    def __init__(self) -> None:
        self.made: list[tuple[Broken, AuditLogger]] = []

    def __call__(self, full_from: str, on_failure: Any, *, stays_full: bool = True) -> AuditLogger:
        backend = Broken(full_from, stays_full=stays_full)
        limits = CommitLimits(block_timeout=0.05, lock_timeout=0.05)
        logger = AuditLogger(backend, on_failure=on_failure, limits=limits)
        self.made.append((backend, logger))
        return logger

    def close(self) -> None:
        for backend, logger in self.made:
            backend.full_from, backend.full = b"\0", False
            logger.close()


@pytest.fixture
def broken_logger() -> Iterator[BrokenLoggers]:
    loggers = BrokenLoggers()
    yield loggers
    loggers.close()


class Sent(list[str]):
    """What a tool has really done."""

    def tool(self) -> Any:
        @tool
        def send(to: str) -> str:
            """Send."""
            self.append(to)
            return f"sent to {to}"

        return send


def agent(sent: Sent, *middleware: Any) -> Any:
    model = Scripted(replies=[asks_for(call("send", "c1", to="ann")), "done"])
    return create_agent(model, [sent.tool()], name="a", middleware=middleware)


async def run(agent: Any, config: Any, asynchronous: bool) -> Any:
    return await agent.ainvoke(QUESTION, config) if asynchronous else agent.invoke(QUESTION, config)


both = pytest.mark.parametrize("asynchronous", [False, True])


@both
async def test_tool_does_not_run(broken_logger: BrokenLoggers, asynchronous: bool) -> None:
    sent = Sent()
    handler = AuditCallbackHandler(broken_logger("tool.call", "raise"))
    with pytest.raises(WriteError):
        await run(agent(sent), {"callbacks": [handler]}, asynchronous)
    assert sent == []


@both
async def test_tool_runs_when_the_logger_only_warns(broken_logger: BrokenLoggers, asynchronous: bool) -> None:
    sent = Sent()
    handler = AuditCallbackHandler(broken_logger("tool.call", "warn"))
    await run(agent(sent), {"callbacks": [handler]}, asynchronous)
    assert sent == ["ann"]


@both
async def test_tool_does_not_run_with_enable(broken_logger: BrokenLoggers, asynchronous: bool) -> None:
    sent = Sent()
    enable(broken_logger("tool.call", "raise"))
    with pytest.raises(WriteError):
        await run(agent(sent), {}, asynchronous)
    assert sent == []


@pytest.mark.parametrize("asynchronous", [False, pytest.param(True, marks=NEEDS_TASK_CONTEXT)])
async def test_model_is_not_asked(broken_logger: BrokenLoggers, asynchronous: bool) -> None:
    model = Scripted(replies=["never"])
    handler = AuditCallbackHandler(broken_logger("llm.request", "raise"))
    with pytest.raises(WriteError):
        await run(create_agent(model, []), {"callbacks": [handler]}, asynchronous)
    assert model.said == 0


@both
async def test_result_of_a_tool_that_has_run_is_not_lost(broken_logger: BrokenLoggers, asynchronous: bool) -> None:
    sent = Sent()
    handler = AuditCallbackHandler(broken_logger("tool.response", "raise"))
    done = (
        await sent.tool().ainvoke({"to": "ann"}, {"callbacks": [handler]})
        if asynchronous
        else sent.tool().invoke({"to": "ann"}, {"callbacks": [handler]})
    )
    assert done == "sent to ann"


@both
async def test_middleware_stops_the_call(broken_logger: BrokenLoggers, asynchronous: bool) -> None:
    sent = Sent()
    with pytest.raises(WriteError):
        await run(agent(sent, AuditMiddleware(broken_logger("tool.call", "raise"))), {}, asynchronous)
    assert sent == []


def test_approval_that_cannot_be_recorded_stops_the_resumed_run(broken_logger: BrokenLoggers) -> None:
    sent = Sent()
    logger = broken_logger("action.approved", "raise", stays_full=False)
    model = Scripted(replies=[asks_for(call("send", "c1", to="ann")), "done"])
    guarded = create_agent(
        model,
        [sent.tool()],
        middleware=[HumanInTheLoopMiddleware({"send": True})],
        checkpointer=InMemorySaver(),
    )
    config: Any = {"callbacks": [AuditCallbackHandler(logger)], "configurable": {"thread_id": "t"}}
    guarded.invoke(QUESTION, config)
    with pytest.raises(WriteError):
        guarded.invoke(Command(resume={"decisions": [{"type": "approve"}]}), config)
    assert sent == []


# -- AuditMiddleware where all is well --------------------------------------------------------------------


def of_tools(record: Record) -> list[tuple[Any, ...]]:
    return record.short("llm.", "agent.", "action.request")


@both
async def test_middleware_alone_records_tools(record: Record, asynchronous: bool) -> None:
    sent = Sent()
    middleware = AuditMiddleware(record.logger, modifies={"send"})
    config = {"configurable": {"thread_id": "t", "user_id": "ann"}}
    await run(agent(sent, middleware), config, asynchronous)
    assert record.short() == [
        ("tool.call", "tool.send", "c1"),
        ("tool.response", "success", "tool.send", "c1"),
        ("data.modify", "success", "tool.send", "c1"),
    ]
    tool_call = record.events[0]
    assert (tool_call.agent_id, tool_call.user_id) == ("a", "ann")
    assert record.events[1].result == "sent to ann"


@both
async def test_middleware_and_handler_record_once(record: Record, asynchronous: bool) -> None:
    handler = AuditCallbackHandler(record.logger, modifies={"send"})
    await run(agent(Sent(), AuditMiddleware(record.logger)), {"callbacks": [handler]}, asynchronous)
    assert of_tools(record) == [
        ("tool.call", "tool.send", "c1"),
        ("tool.response", "success", "tool.send", "c1"),
        ("data.modify", "success", "tool.send", "c1"),
    ]
    assert record.one("tool.call").trace_id == record.one("agent.start").trace_id


@pytest.mark.parametrize("with_handler", [False, True])
def test_middleware_records_unknown_tools(record: Record, with_handler: bool) -> None:
    model = Scripted(replies=[asks_for(call("nope", "c1", x=1)), "done"])
    unknown = create_agent(model, [Sent().tool()], middleware=[AuditMiddleware(record.logger)])
    unknown.invoke(QUESTION, {"callbacks": [record.handler] if with_handler else []})
    assert of_tools(record) == [("tool.call", "tool.nope", "c1"), ("tool.response", "failure", "tool.nope", "c1")]
    assert record.one("tool.response").error_type == "UnknownTool"
    assert not unpaired(record.events), "for analyses, the call has ended"


@pytest.mark.parametrize("with_handler", [False, True])
def test_middleware_sees_interrupts(record: Record, with_handler: bool) -> None:
    @tool
    def ask() -> str:
        """Ask."""
        return str(interrupt("ok?"))

    model = Scripted(replies=[asks_for(call("ask", "c1")), "done"])
    asking = create_agent(model, [ask], middleware=[AuditMiddleware(record.logger)], checkpointer=InMemorySaver())
    config: Any = {"callbacks": [record.handler] if with_handler else [], "configurable": {"thread_id": "t"}}
    asking.invoke(QUESTION, config)
    asking.invoke(Command(resume="sure"), config)
    expected = [
        ("tool.call", "tool.ask", "c1"),
        ("permission.check", "tool.ask", "c1"),
        ("tool.response", "suspended", "tool.ask", "c1"),
        ("action.approved", "success", "tool.ask", "c1"),
        ("tool.call", "tool.ask", "c1"),
        ("tool.response", "success", "tool.ask", "c1"),
    ]
    # Without the handler nobody is told with what a graph is resumed.
    assert of_tools(record) == [short for short in expected if with_handler or short[0] != "action.approved"]


def test_arguments_changed_behind_the_middleware_are_on_record(record: Record) -> None:
    """In front of a middleware that edits calls, the record has both: what was asked for and what was executed."""
    human_in_the_loop("per_call")  # older ones edit the model's message, before any tool call begins
    model = Scripted(replies=[asks_for(call("send", "c1", to="ann")), "done"])
    sent = Sent()
    guarded = create_agent(
        model,
        [sent.tool()],
        middleware=[AuditMiddleware(record.logger), HumanInTheLoopMiddleware({"send": True})],
        checkpointer=InMemorySaver(),
    )
    config: Any = {"callbacks": [record.handler], "configurable": {"thread_id": "t"}}
    guarded.invoke(QUESTION, config)
    edited = {"type": "edit", "edited_action": {"name": "send", "args": {"to": "zoe"}}}
    guarded.invoke(Command(resume={"decisions": [edited]}), config)
    assert sent == ["zoe"]
    outer, inner = record.of("tool.call")
    assert (outer.parameters, inner.parameters) == ({"to": "ann"}, {"to": "zoe"})
    assert inner.parent_span_id == outer.span_id


async def test_middleware_cancelled_while_the_tool_runs(record: Record) -> None:
    started = asyncio.Event()

    @tool
    async def slow() -> str:
        """Slow."""
        started.set()
        await asyncio.sleep(60)
        return "never"

    model = Scripted(replies=[asks_for(call("slow", "c1"))])
    slow_agent = create_agent(model, [slow], middleware=[AuditMiddleware(record.logger)])
    task = asyncio.create_task(slow_agent.ainvoke(QUESTION))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert record.short() == [("tool.call", "tool.slow", "c1"), ("tool.response", "cancelled", "tool.slow", "c1")]


def test_answer_of_a_middleware_in_place_of_the_tool(record: Record) -> None:
    from langchain.agents.middleware import wrap_tool_call

    @wrap_tool_call
    def pretend(request: Any, handler: Any) -> ToolMessage:
        return ToolMessage("pretended", tool_call_id=request.tool_call["id"])

    sent = Sent()
    agent(sent, pretend).invoke(QUESTION, {"callbacks": [record.handler]})
    assert sent == []
    assert of_tools(record) == [("action.executed", "success", "tool.send", "c1")]
    assert record.one("action.executed").metadata == {"answered_by": "middleware, not the tool"}


@both
async def test_a_bug_in_the_adapter_does_not_stop_the_call(
    record: Record, monkeypatch: pytest.MonkeyPatch, asynchronous: bool
) -> None:
    sent = Sent()
    monkeypatch.setattr("agent_audit_langchain.middleware.call_answered", lambda run, call_id: 1 / 0)
    await run(agent(sent, AuditMiddleware(record.logger)), {}, asynchronous)
    assert sent == ["ann"]
    record.handler.recording.tracker.close_all()


class OnceFull(MemoryAuditBackend):
    """A disk that refuses the first event of some type, and has room again then."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.refuses: bytes | None = f'"event_type":"{kind}"'.encode()

    def append(self, records: Sequence[bytes], *, timeout: float = 1.0) -> int:
        if self.refuses and any(self.refuses in record for record in records):
            self.refuses = None
            raise WriteError("disk full")
        return super().append(records, timeout=timeout)


@pytest.mark.parametrize("asynchronous", [False, pytest.param(True, marks=NEEDS_TASK_CONTEXT)])
@pytest.mark.parametrize("kind", ["agent.start", "llm.request", "tool.call"])
def test_what_one_handler_could_not_record_and_so_stopped_no_other_one_records(kind: str, asynchronous: bool) -> None:
    sent, backend = Sent(), OnceFull(kind)
    with AuditLogger(backend, on_failure="raise") as logger:
        enable(logger)
        handler, clerk = AuditCallbackHandler(logger), agent(sent)
        config: Any = {"callbacks": [handler]}
        with pytest.raises(WriteError):
            asyncio.run(clerk.ainvoke(QUESTION, config)) if asynchronous else clerk.invoke(QUESTION, config)
        assert not handler.recording.tracker._runs
        assert not sent
        events = backend.events()
        assert kind not in [event.event_type for event in events]
        failed = [event.call_id for event in events if event.event_type == "action.failed"]
        assert failed == (["c1"] if kind == "tool.call" else [])


def test_what_was_stopped_may_be_tried_again_under_the_same_run_id() -> None:
    sent, backend = Sent(), OnceFull("tool.call")
    with AuditLogger(backend, on_failure="raise") as logger:
        enable(logger)
        config: Any = {"callbacks": [AuditCallbackHandler(logger)], "run_id": uuid4(), "metadata": {"user_id": "ann"}}
        with pytest.raises(WriteError):
            sent.tool().invoke({"to": "bob"}, config)
        assert sent.tool().invoke({"to": "bob"}, config) == "sent to bob"
    kinds = [event.event_type for event in backend.events()]
    assert kinds == ["action.failed", "tool.call", "tool.response"]
