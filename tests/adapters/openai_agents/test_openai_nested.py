"""Runs inside runs: agents as tools, and runs that a tool starts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agents import RunConfig, RunContextWrapper, RunHooks, Runner, RunState, SQLiteSession, function_tool
from openai_scripts import Record, agent, call, lines, pay

pytestmark = pytest.mark.usefixtures("traced_or_not")


@function_tool
def look() -> str:
    return "seen"


async def test_a_run_that_outlives_the_tool_that_has_started_it_keeps_its_agent_user_and_place(
    record: Record,
) -> None:
    goes_on, jobs = asyncio.Event(), []

    @function_tool
    async def wait() -> str:
        await goes_on.wait()
        return "waited"

    @function_tool
    async def start_job(context: RunContextWrapper[Any]) -> str:
        job = agent([call("wait", call_id="i1")], [call("look", call_id="i2")], "done", name="Job", tools=[wait, look])
        jobs.append(asyncio.create_task(Runner.run(job, "go", context=context.context, session=SQLiteSession("job"))))
        while not record.events("tool.call")[1:]:
            await asyncio.sleep(0)
        return "started"

    outer = agent([call("start_job")], "ok", tools=[start_job])
    await Runner.run(outer, "hi", context={"user_id": "ann"}, session=SQLiteSession("talk"))
    before = len(record.without_models())
    goes_on.set()
    await jobs[0]
    assert record.without_models()[before - 1 :] == lines("""
        agent.stop success agent.A -
        tool.response success tool.wait i1
        action.request - tool.look i2
        tool.call - tool.look i2
        tool.response success tool.look i2
        agent.stop success agent.Job -
    """)
    of_job = [event for event in record.events() if event.session_id == "job"]
    assert {(event.agent_id, event.user_id) for event in of_job} == {("Job", "ann")}
    job = record.one("agent.start", agent_id="Job")
    assert job.parent_span_id == record.one("tool.call", call_id="c1").span_id
    assert {event.parent_span_id for event in of_job if event.call_id == "i2"} == {job.span_id}
    assert not any((event.metadata or {}).get("late") for event in of_job)


async def test_an_agent_as_a_tool_that_is_cancelled_ends_once_and_is_known_to_the_last(record: Record) -> None:
    class AfterAnswer(RunHooks[Any]):
        async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
            result.cancel(mode="immediate")

    inner = agent([call("look", call_id="i1")], "done", name="Inner", tools=[look])
    ask = inner.as_tool("ask", "", hooks=AfterAnswer())
    outer = agent([call("ask", {"input": "?"}, "o1")], "done", name="Outer", tools=[ask])
    result = Runner.run_streamed(outer, "hi", context={"user_id": "ann"})
    async for _ in result.stream_events():
        pass
    while not record.events("action.failed"):
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert sorted(record.told("agent.stop", "tool.response", "action.failed")) == lines("""
        action.failed cancelled tool.look i1
        agent.stop cancelled agent.Inner -
        agent.stop cancelled agent.Outer -
        tool.response cancelled tool.ask o1
    """)
    failed = record.one("action.failed")
    assert (failed.agent_id, failed.user_id) == ("Inner", "ann")
    assert failed.parent_span_id == record.one("agent.start", agent_id="Inner").span_id


async def test_an_agent_as_a_tool_that_goes_on_from_json_asks_each_question_once_in_its_conversation(
    record: Record,
) -> None:
    asked = ([call("pay", {"amount": amount}, f"i{amount}")] for amount in (1, 2))
    inner = agent(*asked, "done", name="Inner", tools=[pay])
    outer = agent([call("ask", {"input": "?"}, "o1")], "done", name="Outer", tools=[inner.as_tool("ask", "")])
    config = RunConfig(group_id="talk")
    result = await Runner.run(outer, "hi", context={"user_id": "ann"}, run_config=config)
    while result.interruptions:
        state = await RunState.from_json(outer, result.to_state().to_json())
        state.approve(state.get_interruptions()[0])
        result = await Runner.run(outer, state, run_config=config)
    assert record.told("permission.check", "action.approved") == lines("""
        permission.check - tool.pay i1
        action.approved success tool.pay i1
        permission.check - tool.pay i2
        action.approved success tool.pay i2
    """)
    said = record.events("permission.check", "action.approved")
    assert {(event.agent_id, event.session_id, event.user_id) for event in said} == {("Inner", "talk", "ann")}
    assert all(event.trace_id for event in said)
