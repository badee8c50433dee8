"""Tasks that are cancelled while the start of what they run is being recorded, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.language_models import FakeListLLM
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_record import NEEDS_TASK_CONTEXT, Record, Scripted, call
from langchain_stories import QUESTION, clerk, config, search_async
from langgraph.graph import START, MessagesState, StateGraph

from agent_audit import MemoryAuditBackend
from agent_audit_langchain import enable


class Waiting(MemoryAuditBackend):
    """A log that takes its time over one event."""

    def __init__(self, event_type: str) -> None:
        super().__init__()
        self.waited_for = f'"event_type":"{event_type}"'.encode()
        self.reached, self.go_on = threading.Event(), threading.Event()

    def append(self, records: Sequence[bytes], *, timeout: float = 1.0) -> int:
        if any(self.waited_for in record for record in records):
            self.reached.set()
            self.go_on.wait(200)
        return super().append(records, timeout=timeout)


@NEEDS_TASK_CONTEXT
@pytest.mark.parametrize("start", ["llm.request", "tool.call"])
async def test_task_cancelled_while_a_start_is_being_recorded(start: str) -> None:
    log = Waiting(start)
    record = Record(log)
    task = asyncio.create_task(clerk(call("search_async", "c1", query="x")).ainvoke(QUESTION, config(record)))
    await asyncio.to_thread(log.reached.wait)
    task.cancel()
    log.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    end = "tool.response" if start == "tool.call" else "llm.response"
    assert (record.of(end)[-1].outcome, record.one("agent.stop").outcome) == ("unknown", "cancelled")
    record.check()


async def _all_done() -> None:
    """Tasks and the threads that they have begun, of which nobody may wait for the last."""
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)
    await asyncio.get_running_loop().shutdown_default_executor()


class Looks(BaseRetriever):
    """Looks up nothing."""

    def _get_relevant_documents(self, query: str, **more: Any) -> list[Any]:
        return []


@pytest.mark.parametrize("in_time", [True, False])
@pytest.mark.parametrize(
    ("start", "end", "outermost"),
    [
        ("agent.start", "agent.stop", RunnableLambda(lambda said: said)),
        ("llm.request", "llm.response", Scripted(replies=["hello"])),
        ("llm.request", "llm.response", FakeListLLM(responses=["hello"])),
        ("tool.call", "tool.response", search_async),
        ("action.request", "data.access", Looks()),
    ],
)
async def test_what_is_cancelled_while_its_start_is_being_recorded_was_cancelled(
    start: str, end: str, outermost: Any, in_time: bool
) -> None:
    """LangChain tells of no end then, and nothing is around it that has one."""
    log = Waiting(start)
    record = Record(log)
    enable(record.logger)
    task = asyncio.create_task(outermost.ainvoke("hi"))
    await asyncio.to_thread(log.reached.wait)
    if in_time:
        log.go_on.set()
        while not record.events:  # without a step of the loop
            pass
    task.cancel()
    await asyncio.wait([task])
    log.go_on.set()
    assert task.cancelled()
    await _all_done()
    assert [(event.event_type, event.outcome) for event in record.events] == [(start, None), (end, "cancelled")]
    record.check()


async def test_a_stream_of_events_that_is_left_with_the_first_of_them_is_cancelled(record: Record) -> None:
    """LangChain's own handler tells its reader of the start while the others are still told."""
    enable(record.logger)
    graph = StateGraph(MessagesState).add_node("n", lambda state: state).add_edge(START, "n").compile(name="flow")
    for _ in range(20):
        events = graph.astream_events(QUESTION, version="v2")
        await anext(events)
        await events.aclose()
    await _all_done()
    record.check()
    assert {event.outcome for event in record.of("agent.stop")} <= {"cancelled"}
