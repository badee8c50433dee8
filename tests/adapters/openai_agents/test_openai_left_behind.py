"""Coroutines that are left behind with their loop, and closed where they are collected: in another context."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from agents import Runner, function_tool
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
