"""A chain that has returned has finished, with its result, whatever waited or still runs below it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_record import NEEDS_TASK_CONTEXT, Record, call, human_in_the_loop
from langchain_stories import QUESTION, clerk, send
from langgraph.types import Command


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("answered", [False, True])
def test_chain_that_asks_the_human_itself_and_goes_on(record: Record, nested: bool, answered: bool) -> None:
    agent = clerk(call("send", "c1", to="bob"), tools=[send], middleware=[human_in_the_loop()])
    given: Any = {"configurable": {"thread_id": "t"}}
    turn: Any = RunnableLambda(lambda inputs: agent.invoke(inputs, given)) if nested else agent

    def console(question: Any) -> Any:
        state = turn.invoke(question, given)
        while answered and state.get("__interrupt__"):
            state = turn.invoke(Command(resume={"decisions": [{"type": "approve"}]}), given)
        return state["messages"][-1].content

    RunnableLambda(console).with_config(run_name="console").invoke(QUESTION, {"callbacks": [record.handler]})
    stops = [(event.action, event.outcome) for event in record.of("agent.stop")]
    if answered:
        assert stops == [("agent.clerk", "suspended"), ("agent.clerk", "success"), ("agent.console", "success")]
        assert record.events[-1].result == "done"
    else:
        assert stops == [("agent.clerk", "suspended"), ("agent.console", "suspended")]


def test_chain_of_which_one_of_two_conversations_waits(record: Record) -> None:
    agent = clerk(call("send", "c1", to="bob"), tools=[send], middleware=[human_in_the_loop()])
    other = clerk(call("send", "c2", to="eve"), tools=[send])

    def serve(_: Any) -> None:
        agent.invoke(QUESTION, {"configurable": {"thread_id": "A"}})
        other.invoke(QUESTION, {"configurable": {"thread_id": "B"}})

    RunnableLambda(serve).with_config(run_name="serves").invoke(0, {"callbacks": [record.handler]})
    stops = [(event.action, event.outcome) for event in record.of("agent.stop")]
    assert stops == [("agent.clerk", "suspended"), ("agent.clerk", "success"), ("agent.serves", "suspended")]


@NEEDS_TASK_CONTEXT
async def test_chain_that_returns_while_a_task_of_it_still_runs(record: Record) -> None:
    go_on, started = asyncio.Event(), asyncio.Event()

    @tool
    async def remember(fact: str) -> str:
        """Remember."""
        started.set()
        await go_on.wait()
        return "remembered"

    tasks = []

    async def answer(question: str) -> str:
        tasks.append(asyncio.create_task(remember.ainvoke({"fact": question})))
        await started.wait()
        return "the answer"

    chain = RunnableLambda(answer).with_config(run_name="answers")
    assert await chain.ainvoke("why?", {"callbacks": [record.handler]}) == "the answer"
    go_on.set()
    await tasks[0]
    assert record.short() == [
        ("agent.start", "agent.answers"),
        ("tool.call", "tool.remember"),
        ("tool.response", "unknown", "tool.remember"),
        ("agent.stop", "success", "agent.answers"),
        ("tool.response", "success", "tool.remember"),
    ]
    assert record.one("agent.stop").result == "the answer"
    assert record.events[-1].metadata == {"late": True}
