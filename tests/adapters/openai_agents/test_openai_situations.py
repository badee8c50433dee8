"""What may happen in a run, one test each: the whole sequence of events. Each holds with tracing disabled as well.

Details (errors, results, identity) are in the other files; so are guardrails, realtime, voice and MCP servers.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agents import (
    ApplyPatchTool,
    ComputerTool,
    LocalShellTool,
    RunConfig,
    Runner,
    ShellTool,
    SQLiteSession,
    function_tool,
)
from agents.computer import AsyncComputer
from agents.editor import ApplyPatchResult
from agents.testing import assistant_message
from openai.types.responses import ResponseFileSearchToolCall
from openai.types.responses.response_computer_tool_call import ActionScreenshot, ResponseComputerToolCall
from openai.types.responses.response_output_item import LocalShellCall, LocalShellCallAction
from openai_scripts import ASKED_TO_ADD, Record, add, agent, call, fail, pay, raises, story

pytestmark = pytest.mark.usefixtures("traced_or_not")


async def test_a_function_tool_succeeds(record: Record) -> None:
    await Runner.run(agent(ASKED_TO_ADD, "3", tools=[add]), "1+2?")
    assert record.told() == story("""
        agent.start - agent.A -
        model
        action.request - tool.add c1
        tool.call - tool.add c1
        tool.response success tool.add c1
        model
        agent.stop success agent.A -
    """)


async def test_a_function_tool_raises_and_the_model_is_told(record: Record) -> None:
    await Runner.run(agent([call("fail")], "sorry", tools=[fail]), "hi")
    assert record.told() == story("""
        agent.start - agent.A -
        model
        action.request - tool.fail c1
        tool.call - tool.fail c1
        tool.response failure tool.fail c1
        model
        agent.stop success agent.A -
    """)


async def test_a_function_tool_raises_and_ends_the_run(record: Record) -> None:
    @function_tool(failure_error_function=None)
    def broken() -> str:
        raise ValueError("bad")

    assert await raises(record, agent([call("broken")], tools=[broken]), "hi") == "UserError"
    assert record.told() == story("""
        agent.start - agent.A -
        model
        action.request - tool.broken c1
        tool.call - tool.broken c1
        tool.response failure tool.broken c1
        agent.stop failure agent.A -
    """)


async def test_arguments_are_malformed(record: Record) -> None:
    await Runner.run(agent([call("add", "{oops")], "sorry", tools=[add]), "hi")
    assert record.told() == story("""
        agent.start - agent.A -
        model
        action.request - tool.add c1
        tool.call - tool.add c1
        tool.response failure tool.add c1
        model
        agent.stop success agent.A -
    """)


async def test_a_tool_is_unknown_and_ends_the_run(record: Record) -> None:
    assert await raises(record, agent([call("nope")], tools=[add]), "hi") == "ModelBehaviorError"
    assert record.told() == story("""
        agent.start - agent.A -
        model
        action.request - tool.nope c1
        action.failed failure tool.nope c1
        agent.stop failure agent.A -
    """)


async def test_a_tool_is_unknown_and_the_model_is_told(record: Record) -> None:
    config = RunConfig(tool_not_found_behavior="return_error_to_model")
    await Runner.run(agent([call("nope")], "sorry", tools=[add]), "hi", run_config=config)
    assert record.told() == story("""
        agent.start - agent.A -
        model
        action.request - tool.nope c1
        action.failed failure tool.nope c1
        model
        agent.stop success agent.A -
    """)


async def test_a_tool_takes_too_long(record: Record) -> None:
    @function_tool(timeout=0.02)
    async def slow() -> str:
        await asyncio.sleep(60)
        return "never"

    await Runner.run(agent([call("slow")], "sorry", tools=[slow]), "hi")
    assert record.told() == story("""
        agent.start - agent.A -
        model
        action.request - tool.slow c1
        tool.call - tool.slow c1
        tool.response failure tool.slow c1
        model
        agent.stop success agent.A -
    """)


async def test_a_run_has_too_many_turns(record: Record) -> None:
    one = agent(ASKED_TO_ADD, ASKED_TO_ADD, tools=[add])
    assert await raises(record, one, "hi", max_turns=1) == "MaxTurnsExceeded"
    assert record.told() == story("""
        agent.start - agent.A -
        model
        action.request - tool.add c1
        tool.call - tool.add c1
        tool.response success tool.add c1
        agent.stop failure agent.A -
    """)


async def test_a_model_raises(record: Record) -> None:
    assert await raises(record, agent(RuntimeError("overloaded")), "hi") == "RuntimeError"
    assert record.told() == story("""
        agent.start - agent.A -
        llm.request - llm.ScriptedModel -
        llm.response failure llm.ScriptedModel -
        agent.stop failure agent.A -
    """)


async def test_an_agent_hands_over(record: Record) -> None:
    await Runner.run(agent([call("transfer_to_b")], handoffs=[agent("I am B", name="B")]), "hi")
    assert record.told() == story("""
        agent.start - agent.A -
        model
        action.request - tool.transfer_to_b c1
        agent.handoff success tool.transfer_to_b c1
        agent.stop success agent.A -
        agent.start - agent.B -
        model
        agent.stop success agent.B -
    """)


WAITS = """
    agent.start - agent.A -
    model
    action.request - tool.pay c1
    permission.check - tool.pay c1
    agent.stop suspended agent.A -
"""


@pytest.mark.parametrize("approve", [True, False])
async def test_a_call_waits_and_is_decided_on(record: Record, approve: bool) -> None:
    one = agent([call("pay", {"amount": 5})], "done", tools=[pay])
    result = await Runner.run(one, "hi")
    assert record.told() == story(WAITS)
    state = result.to_state()
    decide = state.approve if approve else state.reject
    decide(result.interruptions[0])
    await Runner.run(one, state)
    approved = """
        action.approved success tool.pay c1
        agent.start - agent.A -
        tool.call - tool.pay c1
        tool.response success tool.pay c1
        model
        agent.stop success agent.A -
    """
    denied = """
        action.denied denied tool.pay c1
        agent.start - agent.A -
        model
        agent.stop success agent.A -
    """
    assert record.told() == story(WAITS + (approved if approve else denied))


async def test_an_agent_is_a_tool(record: Record) -> None:
    inner = agent(ASKED_TO_ADD, "3", name="Inner", tools=[add])
    outer = agent([call("ask", {"input": "1+2?"}, "o1")], "3", name="Outer", tools=[inner.as_tool("ask", "")])
    await Runner.run(outer, "hi")
    assert record.told() == story("""
        agent.start - agent.Outer -
        model
        action.request - tool.ask o1
        tool.call - tool.ask o1
        agent.start - agent.Inner -
        model
        action.request - tool.add c1
        tool.call - tool.add c1
        tool.response success tool.add c1
        model
        agent.stop success agent.Inner -
        tool.response success tool.ask o1
        model
        agent.stop success agent.Outer -
    """)


async def test_a_run_is_streamed(record: Record) -> None:
    result = Runner.run_streamed(agent(ASKED_TO_ADD, "3", tools=[add]), "hi")
    async for _ in result.stream_events():
        pass
    assert record.told() == story("""
        agent.start - agent.A -
        model
        action.request - tool.add c1
        tool.call - tool.add c1
        tool.response success tool.add c1
        model
        agent.stop success agent.A -
    """)


@pytest.mark.parametrize("how", ["stream", "task"])
async def test_a_run_is_cancelled_while_a_tool_runs(record: Record, how: str) -> None:
    started = asyncio.Event()

    @function_tool
    async def slow() -> str:
        started.set()
        await asyncio.sleep(60)
        return "never"

    one = agent([call("slow")], tools=[slow])
    if how == "task":
        task = asyncio.create_task(Runner.run(one, "hi"))
        await started.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    else:
        result = Runner.run_streamed(one, "hi")
        await started.wait()
        result.cancel()
        async for _ in result.stream_events():
            pass
    await asyncio.sleep(0.05)  # the function's span ends after everything else
    assert record.told() == story("""
        agent.start - agent.A -
        model
        action.request - tool.slow c1
        tool.call - tool.slow c1
        tool.response cancelled tool.slow c1
        agent.stop cancelled agent.A -
    """)


async def test_a_session_goes_on(record: Record) -> None:
    session, one = SQLiteSession("chat-7"), agent("hello", "again")
    await Runner.run(one, "first", session=session)
    await Runner.run(one, "second", session=session)
    once = story("""
        agent.start - agent.A -
        model
        agent.stop success agent.A -
    """)
    assert record.told() == once * 2
    assert {event.session_id for event in record.events()} == {"chat-7"}


async def test_a_hosted_tool_has_run_at_the_provider(record: Record) -> None:
    searched = ResponseFileSearchToolCall(
        id="f1", queries=["refunds"], status="completed", type="file_search_call", results=[]
    )
    await Runner.run(agent([searched, assistant_message("ok")]), "hi")
    assert record.told() == story("""
        agent.start - agent.A -
        model
        data.access success file_search f1
        agent.stop success agent.A -
    """)


class Screen(AsyncComputer):
    """A computer without anything on it."""

    environment = "browser"
    dimensions = (8, 8)

    async def screenshot(self) -> str:
        return "cGljdHVyZQ=="

    async def click(self, x: int, y: int, button: Any) -> None: ...
    async def double_click(self, x: int, y: int) -> None: ...
    async def scroll(self, x: int, y: int, scroll_x: int, scroll_y: int) -> None: ...
    async def type(self, text: str) -> None: ...
    async def wait(self) -> None: ...
    async def move(self, x: int, y: int) -> None: ...
    async def keypress(self, keys: list[str]) -> None: ...
    async def drag(self, path: list[tuple[int, int]]) -> None: ...


class Editor:
    """An editor that says yes."""

    def _done(self, operation: Any) -> ApplyPatchResult:
        return ApplyPatchResult(status="completed", output="done")

    create_file = update_file = delete_file = _done


def native(kind: str) -> tuple[Any, Any]:
    """A call of one of the SDK's own tools, and the tool."""
    if kind == "local_shell":
        action = LocalShellCallAction(command=["ls"], env={}, type="exec")
        asked = LocalShellCall(id="n1", call_id="n1", action=action, status="completed", type="local_shell_call")
        return asked, LocalShellTool(executor=lambda request: "listed")
    if kind == "shell":
        commands = {"commands": ["ls"], "timeout_ms": 1000}
        asked_shell = {"type": "shell_call", "id": "n1", "call_id": "n1", "status": "completed", "action": commands}
        return asked_shell, ShellTool(executor=lambda request: "listed")
    if kind == "computer":
        screenshot = ActionScreenshot(type="screenshot")
        look = ResponseComputerToolCall(
            id="n1", call_id="n1", action=screenshot, pending_safety_checks=[], status="completed", type="computer_call"
        )
        return look, ComputerTool(computer=Screen())
    operation = {"type": "create_file", "path": "a.txt", "diff": "+hello"}
    patch = {"type": "apply_patch_call", "id": "n1", "call_id": "n1", "status": "completed", "operation": operation}
    return patch, ApplyPatchTool(editor=Editor())  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["local_shell", "shell", "computer", "apply_patch"])
async def test_a_tool_of_the_sdk_s_own_runs(record: Record, kind: str) -> None:
    asked, tool = native(kind)
    await Runner.run(agent([asked], "ok", tools=[tool]), "hi")
    assert record.told() == story(f"""
        agent.start - agent.A -
        model
        action.request - tool.{kind} n1
        tool.call - tool.{kind} n1
        tool.response success tool.{kind} n1
        model
        agent.stop success agent.A -
    """)
