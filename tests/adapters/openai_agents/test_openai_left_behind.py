"""Coroutines that are left behind with their loop, and closed where they are collected: in another context."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from agents import RunHooks, Runner, function_tool
from agents.realtime import RealtimeAgent
from agents.realtime.testing import ScriptedRealtimeModel
from openai_scripts import Record, agent, call, lines
from realtime_scripts import calls

from agent_audit_openai_agents import AuditRealtimeRunner


@pytest.fixture
def unraisable(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is raised where nobody can catch it."""
    seen: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda told: seen.append(str(told.exc_value)))
    return seen


def left_behind(start: Callable[[], Coroutine[Any, Any, Any]], is_under_way: Callable[[], bool]) -> None:
    """Start a task, and close its loop once it is under way."""

    async def leave() -> None:
        task = asyncio.ensure_future(start())
        while not is_under_way():
            assert not task.done()
            await asyncio.sleep(0)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave())
    loop.close()
    gc.collect()


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")  # the SDK's own, when it is closed
def test_a_run_that_was_left_behind_with_its_loop_ends_once(record: Record, unraisable: list[str]) -> None:
    begun: list[bool] = []

    @function_tool
    async def wait() -> None:
        begun.append(True)
        await asyncio.Event().wait()

    waiting = agent([call("wait")], "done", tools=[wait])
    left_behind(lambda: Runner.run(waiting, "go"), lambda: bool(begun))
    assert not [words for words in unraisable if "agent_audit" in words]
    record.check()
    assert [line for line in record.told() if " tool.wait" in line] == lines(
        """
        action.request - tool.wait c1
        tool.call - tool.wait c1
        tool.response cancelled tool.wait c1
        """
    )
    assert len(record.events("agent.start")) == 1


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_a_decision_in_a_realtime_session_that_is_left_behind_raises_nothing_of_its_own(
    silent: Record, unraisable: list[str]
) -> None:
    deciding: list[bool] = []

    class Slow(ScriptedRealtimeModel):
        async def send_event(self, event: Any) -> None:
            if deciding:
                await asyncio.Event().wait()
            await super().send_event(event)

    @function_tool(needs_approval=True)
    async def pay() -> None:
        await asyncio.Event().wait()

    async def decide() -> None:
        model = Slow(strict=False)
        runner = AuditRealtimeRunner(RealtimeAgent(name="A", tools=[pay]), model=model, logger=silent.logger)
        session = await runner.run()
        await session.__aenter__()
        await model.emit(calls("pay", "{}"))
        while not silent.events("permission.check"):
            await asyncio.sleep(0)
        deciding.append(True)
        await session.reject_tool_call("c1")

    left_behind(decide, lambda: bool(silent.events("action.denied")))
    assert not [words for words in unraisable if "agent_audit" in words]
    silent.logger.close()


class InThread:
    """A function of a tool that runs in a thread until it may end."""

    def __init__(self) -> None:
        self.begun, self.may_end, self.ended = threading.Event(), threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        self.may_end.wait(200)
        self.ended.set()
        return "paid"


@pytest.mark.parametrize("way", ["task", "stream", "other tool"])
async def test_of_a_tool_that_goes_on_in_its_thread_it_is_not_known_how_it_has_ended(record: Record, way: str) -> None:
    act = InThread()

    async def fail() -> str:
        await asyncio.to_thread(act.begun.wait, 60)
        raise ValueError("no")

    pays = function_tool(act.__call__, name_override="pay")
    fails = function_tool(fail, failure_error_function=None)
    asked = [call("pay"), *([call("fail", call_id="c2")] if way == "other tool" else [])]
    one = agent(asked, "done", tools=[pays, fails])
    if way == "stream":
        result = Runner.run_streamed(one, "go")
        running = result.run_loop_task
    else:
        running = asyncio.ensure_future(Runner.run(one, "go"))
    assert running is not None
    if way != "other tool":
        await asyncio.to_thread(act.begun.wait, 60)
        result.cancel() if way == "stream" else running.cancel()
    await asyncio.wait([running])
    act.may_end.set()
    assert await asyncio.to_thread(act.ended.wait, 60), "it has not been stopped"
    record.check()
    assert [text for text in record.told("tool.response") if "tool.pay" in text] == [
        "tool.response unknown tool.pay c1"
    ]


async def test_of_a_tool_that_a_session_s_end_leaves_in_its_thread_it_is_not_known_either(silent: Record) -> None:
    act = InThread()
    pays = function_tool(act.__call__, name_override="pay")
    model = ScriptedRealtimeModel(strict=False)
    runner = AuditRealtimeRunner(RealtimeAgent(name="A", tools=[pays]), model=model, logger=silent.logger)
    async with await runner.run():
        await model.emit(calls("pay"))
        await asyncio.to_thread(act.begun.wait, 60)
    act.may_end.set()
    assert await asyncio.to_thread(act.ended.wait, 60), "it has not been stopped"
    assert silent.told("tool.response") == ["tool.response unknown tool.pay c1"]


async def test_a_tool_that_was_stopped_before_its_thread_began_is_cancelled(record: Record) -> None:
    ran: list[bool] = []

    class Holds(RunHooks[Any]):
        async def on_tool_start(self, *args: Any) -> None:
            running.cancel()
            await asyncio.sleep(0)

    pays = function_tool(lambda: ran.append(True), name_override="pay")
    running = asyncio.ensure_future(Runner.run(agent([call("pay")], "done", tools=[pays]), "go", hooks=Holds()))
    await asyncio.wait([running])
    assert not ran
    assert record.told("tool.response") == ["tool.response cancelled tool.pay c1"]


async def test_a_tool_whose_own_task_is_cancelled_is_cancelled_whatever_text_the_model_gets(record: Record) -> None:
    @function_tool
    async def wait() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(60)

    result = await Runner.run(agent([call("wait")], "done", tools=[wait]), "go")
    assert result.final_output == "done"
    record.check()
    ended = record.one("tool.response")
    assert (ended.outcome, ended.error_type) == ("cancelled", "CancelledError")
    assert "error" in str(ended.result)


@pytest.mark.parametrize("in_a_thread", [False, True])
def test_a_tool_that_runs_when_asyncio_run_ends_is_no_failure(record: Record, in_a_thread: bool) -> None:
    """It cancels all tasks, in any order: that of the tool may be the first."""

    async def leave() -> None:
        act = InThread()

        async def wait() -> None:
            act.begun.set()
            await asyncio.sleep(60)

        async def let_it_end() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                act.may_end.set()

        waits = function_tool(act.__call__ if in_a_thread else wait, name_override="wait")
        left = [Runner.run(agent([call("wait")], "done", tools=[waits]), "go"), let_it_end()]
        tasks.extend(map(asyncio.ensure_future, left))
        await asyncio.to_thread(act.begun.wait, 60)

    tasks: list[asyncio.Future[Any]] = []

    for _ in range(10):
        asyncio.run(leave())
    record.check()
    outcomes = {str(event.outcome) for event in record.events("tool.response")}
    assert outcomes == {"unknown" if in_a_thread else "cancelled"}
