"""Runs that are stopped: closed, cancelled, out of time or steps, interrupted from the keyboard."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import threading
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import pytest
from langchain.agents import create_agent
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableGenerator, RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langchain_record import NEEDS_TASK_CONTEXT, Record, Scripted, Streaming, asks_for, call, until
from langchain_stories import QUESTION, STOPPED, WHO, begins, called, clerk, config, lines, search, stops
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt

from agent_audit_langchain import AuditMiddleware, enable


def streaming() -> Any:
    chain = ChatPromptTemplate.from_messages([("human", "{q}")]) | Streaming(replies=["one two"])
    return chain.with_config(run_name="sums")


CLOSED = lines(
    """
    agent.start agent.sums {input:} (sums/-/ann) < -
    llm.request llm.scripted-1 {messages:[{role:user,content:x}]} (sums/t/ann) < agent.sums
    llm.response unknown llm.scripted-1 (sums/t/ann) < agent.sums
    agent.stop cancelled agent.sums {q:x} (sums/t/ann) < -
    llm.response cancelled llm.scripted-1 (sums/t/ann) < agent.sums
    """
)
"""LangChain tells of the chain's end first, of that of the model within it later, and of the inputs only then."""


@pytest.mark.parametrize("how", ["close", "drop"])
def test_stream_closed_early(record: Record, how: str) -> None:
    stream = streaming().stream({"q": "x"}, config(record))
    next(stream)
    if how == "close":
        stream.close()
    del stream
    gc.collect()
    assert record.story() == CLOSED
    assert record.events[-1].metadata == {"model": "scripted-1", "late": True}


async def test_async_stream_closed_early(record: Record) -> None:
    stream = streaming().astream({"q": "x"}, config(record))
    await anext(stream)
    await stream.aclose()
    del stream
    while len(record.events) < len(CLOSED):
        gc.collect()  # LangChain leaves the end of the streams within to the loop
        await asyncio.sleep(0.01)
    assert record.story() == CLOSED


def counts(chunks: Iterator[Any]) -> Iterator[str]:
    for _ in chunks:
        yield from ("one ", "two ")


async def acounts(chunks: AsyncIterator[Any]) -> AsyncIterator[str]:
    async for _ in chunks:
        for word in ("one ", "two "):
            yield word


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("closed", [False, True], ids=["read to its end", "closed early"])
async def test_stream_without_an_operation_under_way_says_whether_it_was_closed_early(
    record: Record, asynchronous: bool, closed: bool
) -> None:
    counter = RunnableGenerator(counts, acounts)
    chain = (counter | counter | str.upper | RunnableParallel(a=counter, b=counter)).with_config(run_name="sums")
    if asynchronous:
        async for _ in (parts := chain.astream("x", config(record))):
            if closed:
                break
        await parts.aclose()
        del parts
        await until(record, 2)  # LangChain leaves the end of the streams within to the loop
    else:
        for _ in (stream := chain.stream("x", config(record))):
            if closed:
                break
        stream.close()
        del stream
        gc.collect()  # of the streams within, on Python 3.10
    assert record.story() == lines(
        f"""
        agent.start agent.sums {{input:}} (sums/-/ann) < -
        agent.stop {"cancelled" if closed else "success"} agent.sums {{input:x}} (sums/-/ann) < -
        """
    )


@pytest.mark.parametrize("asynchronous", [False, pytest.param(True, marks=NEEDS_TASK_CONTEXT)])
async def test_stream_of_an_agent_closed_early(record: Record, asynchronous: bool) -> None:
    agent = clerk(call("search", "c1", query="x"))
    if asynchronous:
        parts = agent.astream(QUESTION, config(record), stream_mode="updates")
        await anext(parts)
        await parts.aclose()
    else:
        stream = agent.stream(QUESTION, config(record), stream_mode="updates")
        next(stream)
        stream.close()
    assert record.story() == [
        *begins("search c1 {query:x}"),
        f"action.failed cancelled tool.search c1 {{query:x}} {WHO} < agent.clerk",
        *stops("cancelled"),
    ]


class Slow:
    """A tool that takes its time."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.thread_started, self.go_on = threading.Event(), threading.Event()

    def agent(self, *, sync: bool) -> Any:
        @tool("slow")
        async def slow_async() -> str:
            """Slow."""
            self.started.set()
            await asyncio.sleep(2 * _LONG)
            return "never"

        @tool("slow")
        def slow() -> str:
            """Slow."""
            self.thread_started.set()
            self.go_on.wait(_LONG)
            return "late"

        return clerk(call("slow", "c1"), tools=[slow if sync else slow_async])

    async def time_is_out(self) -> None:
        """When the tool has begun, the clock of the loop, and nothing else, says that a long time has passed."""
        loop = asyncio.get_running_loop()
        now = loop.time
        await self.started.wait()
        loop.time = lambda: now() + 1.5 * _LONG  # type: ignore[method-assign]


_LONG = 60.0
SLOW = "slow c1 {}"


@NEEDS_TASK_CONTEXT
async def test_task_cancelled_while_an_async_tool_runs(record: Record) -> None:
    slow = Slow()
    task = asyncio.create_task(slow.agent(sync=False).ainvoke(QUESTION, config(record)))
    await slow.started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert record.story() == [*begins(SLOW), *called(SLOW, STOPPED), *stops("cancelled")]


@NEEDS_TASK_CONTEXT
async def test_out_of_time(record: Record) -> None:
    slow = Slow()
    clock = asyncio.create_task(slow.time_is_out())
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(slow.agent(sync=False).ainvoke(QUESTION, config(record)), _LONG)
    await clock
    assert record.story() == [*begins(SLOW), *called(SLOW, STOPPED), *stops("cancelled")]


NEEDS_ENDS = pytest.mark.skipif(
    STOPPED == "unknown", reason="langchain-core below 1.8 tells nothing of a tool that was cancelled"
)


async def _others() -> None:
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)


@NEEDS_ENDS
@pytest.mark.parametrize("place", ["alone", "agent", "agent without enable"])
async def test_an_async_tool_that_a_cancel_scope_of_anyio_stops_was_cancelled(record: Record, place: str) -> None:
    """As around the stream of a web server whose client leaves: it cancels again, also what is told of the tool."""
    if place != "agent without enable":
        enable(record.logger)

    @tool
    async def leave() -> None:
        """The client leaves."""
        scope.cancel()
        await asyncio.sleep(600)

    agent = clerk(call("leave", "c1"), tools=[leave], middleware=[AuditMiddleware(record.logger)])
    with anyio.CancelScope() as scope:
        await (leave.ainvoke({}) if place == "alone" else agent.ainvoke(QUESTION, config(record)))
    await _others()
    assert record.of("tool.response")[-1].outcome == "cancelled"


@NEEDS_ENDS
async def test_an_async_tool_has_its_end_whenever_its_task_is_cancelled(record: Record) -> None:
    """Also while its end is being told."""
    enable(record.logger)
    loop = asyncio.get_running_loop()

    def cancel_in(steps: int) -> None:
        if steps:
            loop.call_soon(cancel_in, steps - 1)
        else:
            task.cancel()

    @tool
    async def finish(steps: int) -> None:
        """Its task is cancelled so many steps of the loop later."""
        cancel_in(steps)

    for steps in range(10):
        task = asyncio.create_task(finish.ainvoke({"steps": steps}))
        await asyncio.gather(task, return_exceptions=True)
        await _others()
    outcomes = [event.outcome for event in record.of("tool.response")]
    assert len(outcomes) == 10
    assert set(outcomes) <= {"success", "cancelled"}


@pytest.mark.parametrize("inside_agent", [False, True])
async def test_a_chat_model_whose_task_is_cancelled_was_cancelled(record: Record, inside_agent: bool) -> None:
    """As one is that does not answer in time."""
    enable(record.logger)
    asked = asyncio.Event()

    class Silent(Scripted):
        async def _agenerate(self, *told: Any, **more: Any) -> Any:
            asked.set()
            await asyncio.sleep(600)

    model = Silent(replies=[])
    task = asyncio.create_task(create_agent(model).ainvoke(QUESTION) if inside_agent else model.ainvoke("q"))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert record.one("llm.response").outcome == "cancelled"


@pytest.mark.parametrize("kind", ["agent", "model"])
def test_what_is_cancelled_has_its_end_though_its_loop_ends_while_that_is_told(record: Record, kind: str) -> None:
    """`asyncio.run` cancels whatever task is left, those too in which an end is being told."""
    enable(record.logger)

    class Silent(Scripted):
        async def _agenerate(self, *told: Any, **more: Any) -> Any:
            begun.set()
            await asyncio.sleep(600)

    @tool
    async def nap() -> None:
        """Nap."""
        begun.set()
        await asyncio.sleep(600)

    async def leave(steps: int) -> None:
        made: dict[str, Any] = {"agent": clerk(call("nap", "c1"), tools=[nap]), "model": Silent(replies=[])}
        task = asyncio.ensure_future(made[kind].ainvoke(QUESTION if kind == "agent" else "q", config(record)))
        tasks.append(task)
        while not begun.is_set():
            assert not task.done()
            await asyncio.sleep(0)
        task.cancel()
        for _ in range(steps):
            await asyncio.sleep(0)

    tasks: list[asyncio.Future[Any]] = []
    for steps in range(30):
        begun = asyncio.Event()
        asyncio.run(leave(steps))
        assert not record.handler.recording.tracker._runs, steps
    starts, ends = ["agent.start", "agent.stop"] if kind == "agent" else ["llm.request", "llm.response"]
    assert len(record.of(starts)) == 30
    assert [event.outcome for event in record.of(ends)] == ["cancelled"] * 30


@NEEDS_TASK_CONTEXT
async def test_sync_tool_outlives_its_cancelled_task(record: Record) -> None:
    slow = Slow()
    task = asyncio.create_task(slow.agent(sync=True).ainvoke(QUESTION, config(record)))
    await asyncio.to_thread(slow.thread_started.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    slow.go_on.set()
    closed = [*begins(SLOW), *called(SLOW, "unknown"), *stops("cancelled")]
    await until(record, len(closed) + 1)
    assert record.story() == [*closed, called(SLOW)[1]]
    assert (record.events[-1].result, record.events[-1].metadata) == ("late", {"late": True})


@NEEDS_TASK_CONTEXT
@pytest.mark.parametrize("where", ["tool", "node"])
async def test_what_outlives_its_cancelled_task_goes_on_below_it(record: Record, where: str) -> None:
    started, go_on = threading.Event(), threading.Event()

    def work() -> str:
        """Look it up, in time."""
        started.set()
        go_on.wait(_LONG)
        return str(search.invoke({"query": "x"}))

    if where == "tool":
        made = clerk(call("work", "c1"), tools=[tool(work)])
    else:
        builder = StateGraph(MessagesState)
        builder.add_node("work", lambda state: {"messages": [work()]})
        builder.add_edge(START, "work")
        made = builder.compile(name="clerk")
    run = asyncio.create_task(made.ainvoke(QUESTION, config(record)))
    await asyncio.to_thread(started.wait)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    before = len(record.events)
    go_on.set()
    await until(record, before + (3 if where == "tool" else 2))
    around = record.one("agent.start") if where == "node" else record.of("tool.call")[0]
    inside = [event for event in record.events[before:] if event.action == "tool.search"]
    assert [(event.event_type, event.outcome) for event in inside] == [
        ("tool.call", None),
        ("tool.response", "success"),
    ]
    for event in inside:
        assert (event.parent_span_id, event.trace_id, event.agent_id) == (around.span_id, around.trace_id, "clerk")


def test_a_graph_that_broke_off_is_not_kept_alive(record: Record) -> None:
    class Document:
        """What a node works with."""

    alive = []

    def work(state: Any) -> Any:
        document = Document()
        alive.append(weakref.ref(document))
        raise OSError(f"cannot read {document}")

    builder = StateGraph(MessagesState)
    builder.add_node("work", work)
    builder.add_edge(START, "work")
    with pytest.raises(OSError, match="cannot read"):
        builder.compile(name="clerk").invoke(QUESTION, config(record))
    gc.collect()
    assert [reference() for reference in alive] == [None]


def test_task_of_a_workflow_that_waits_goes_on_below_it(record: Record) -> None:
    @task
    def look_up() -> Any:
        return search.invoke({"query": "x"})

    @entrypoint(checkpointer=InMemorySaver())
    def workflow(_: Any) -> Any:
        found = look_up()
        return interrupt("go on?"), found.result()

    workflow.invoke("go", config(record, metadata={"user_id": "ann", "agent_id": "flow"}))
    interrupted = record.one("permission.check").call_id
    first, *within, last = record.story()
    assert [first, last] == lines(
        """
        agent.start agent.LangGraph {input:go} (flow/t/ann) < -
        agent.stop suspended agent.LangGraph (flow/t/ann) < -
        """
    )
    # The two run side by side.
    assert sorted(within) == lines(
        f"""
        permission.check interrupt {interrupted} go on? (flow/t/ann) < agent.LangGraph
        tool.call tool.search {{query:x}} (flow/t/ann) < agent.LangGraph
        tool.response success tool.search (flow/t/ann) < agent.LangGraph
        """
    )
    assert len({event.trace_id for event in record.events}) == 1


@NEEDS_TASK_CONTEXT
async def test_step_out_of_time(record: Record) -> None:
    slow = Slow()
    agent = slow.agent(sync=False)
    agent.step_timeout = _LONG
    clock = asyncio.create_task(slow.time_is_out())
    with pytest.raises(asyncio.TimeoutError):
        await agent.ainvoke(QUESTION, config(record))
    await clock
    await asyncio.sleep(0.05)  # langchain-core 1.8 may tell of the cancelled tool after all is over
    story = [line for event, line in zip(record.events, record.story(), strict=True) if not _late(event)]
    in_time = story[-2].split(" ")[1]
    assert in_time in ("unknown", STOPPED)
    assert story == [*begins(SLOW), *called(SLOW, in_time), *stops("failure")]
    assert record.one("agent.stop").error_type == "TimeoutError"


def _late(event: Any) -> bool:
    return bool((event.metadata or {}).get("late"))


def test_step_out_of_time_while_a_sync_tool_runs(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """LangGraph waits for the thread, so the tool's own end is told."""
    slow = Slow()
    agent = slow.agent(sync=True)
    agent.step_timeout = _LONG
    wait = concurrent.futures.wait

    def until_the_tool_runs(futures: Any, timeout: float | None = None, **how: Any) -> Any:
        """The model's step has its time, the tool's until it has begun; what is waited for without end may end."""
        if timeout is None:
            slow.go_on.set()
            return wait(futures, **how)
        while not (found := wait(futures, timeout=0.01, **how)).done and not slow.thread_started.is_set():
            pass
        agent.step_timeout = 0.1
        return found

    monkeypatch.setattr(concurrent.futures, "wait", until_the_tool_runs)
    with pytest.raises(TimeoutError):
        agent.invoke(QUESTION, config(record))
    assert record.story() == [*begins(SLOW), *called(SLOW), *stops("failure")]


def test_keyboard_interrupt_in_a_tool(record: Record) -> None:
    @tool
    def slow() -> str:
        """Slow."""
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clerk(call("slow", "c1"), tools=[slow]).invoke(QUESTION, config(record))
    assert record.story() == [*begins(SLOW), *called(SLOW, "cancelled"), *stops("cancelled")]


def test_keyboard_interrupt_in_a_chain(record: Record) -> None:
    def stop(n: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        (RunnableLambda(str) | stop).with_config(run_name="sums").invoke(1, config(record))
    assert record.story() == lines(
        """
        agent.start agent.sums {input:1} (sums/-/ann) < -
        agent.stop cancelled agent.sums (sums/-/ann) < -
        """
    )


def test_exit_in_a_tool(record: Record) -> None:
    @tool
    def leave() -> str:
        """Leave."""
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        (RunnableLambda(lambda x: x) | leave).with_config(run_name="sums").invoke({}, config(record))
    assert record.story() == lines(
        f"""
        agent.start agent.sums {{}} (sums/-/ann) < -
        tool.call tool.leave {{}} (sums/t/ann) < agent.sums
        tool.response {STOPPED} tool.leave (sums/t/ann) < agent.sums
        agent.stop cancelled agent.sums (sums/t/ann) < -
        """
    )


def test_out_of_steps(record: Record) -> None:
    model = Scripted(replies=[asks_for(call("search", f"c{n}", query="x")) for n in (1, 2, 3)])
    with pytest.raises(RecursionError):
        create_agent(model, [search], name="clerk").invoke(QUESTION, config(record, recursion_limit=3))
    assert record.story() == [
        *begins("search c1 {query:x}"),
        *called("search c1 {query:x}"),
        *lines(
            """
            llm.request llm.scripted-1 {messages:[{role:tool,content:found x,call_id:c1,name:search}]} @ < agent.clerk
            llm.response success llm.scripted-1 @ < agent.clerk
            action.request tool.search c2 {query:x} @ < llm.scripted-1
            action.failed failure tool.search c2 {query:x} @ < agent.clerk
            """
        ),
        *stops("failure"),
    ]
    assert record.one("agent.stop").error_type == "GraphRecursionError"
