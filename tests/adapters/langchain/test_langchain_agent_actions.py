"""`AgentExecutor` of langchain-classic, which tells no tool the id of its call: a runnable that does as it does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.agents import AgentActionMessageLog
from langchain_core.callbacks import AsyncCallbackManagerForChainRun, CallbackManagerForChainRun
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_record import Record, Scripted, asks_for, call
from langchain_stories import TOOLS

from agent_audit.analysis.pairing import unpaired
from agent_audit_langchain import AuditCallbackHandler


class ToolAgentAction(AgentActionMessageLog):
    tool_call_id: str | None


class InvalidTool(BaseTool):
    name: str = "invalid_tool"
    description: str = "Called when a tool name is invalid."

    def _run(self, requested_tool_name: str, available_tool_names: list[str]) -> str:
        return f"{requested_tool_name} is not a valid tool, try one of [{', '.join(available_tool_names)}]."


class Executor(Runnable[Any, Any]):
    """Asks its model once, and carries out what that asks for."""

    name: str | None = "AgentExecutor"

    def __init__(self, *calls: Any) -> None:
        self.model = Scripted(replies=[asks_for(*calls)])
        self.tools = {tool.name: tool for tool in TOOLS}

    def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        return self._call_with_config(self._act, input, config)

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        return await self._acall_with_config(self._act_at_once, input, config)

    def _actions(self, answer: Any) -> list[ToolAgentAction]:
        return [
            ToolAgentAction(
                tool=asked["name"], tool_input=asked["args"], log="", message_log=[answer], tool_call_id=asked["id"]
            )
            for asked in answer.tool_calls
        ]

    def _tool(self, action: Any) -> tuple[Any, Any]:
        if action.tool in self.tools:
            return self.tools[action.tool], action.tool_input
        return InvalidTool(), {"requested_tool_name": action.tool, "available_tool_names": list(self.tools)}

    def _act(self, said: Any, run_manager: CallbackManagerForChainRun) -> None:
        for action in self._actions(self.model.invoke(said, {"callbacks": run_manager.get_child()})):
            run_manager.on_agent_action(action, color="green")
            tool, arguments = self._tool(action)
            tool.run(arguments, callbacks=run_manager.get_child())

    async def _act_at_once(self, said: Any, run_manager: AsyncCallbackManagerForChainRun) -> None:
        async def perform(action: Any) -> None:
            await run_manager.on_agent_action(action, color="green")
            tool, arguments = self._tool(action)
            await tool.arun(arguments, callbacks=run_manager.get_child())

        answer = await self.model.ainvoke(said, {"callbacks": run_manager.get_child()})
        await asyncio.gather(*(perform(action) for action in self._actions(answer)))


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_calls_of_an_agent_executor_are_known_by_the_actions_that_it_tells_of(
    record: Record, asynchronous: bool
) -> None:
    asked = [call("add", "c1", a=1, b=2), call("add", "c2", a=3, b=4), call("nobody", "c3", x=1)]
    executor = Executor(*asked)
    config: Any = {"callbacks": [record.handler, AuditCallbackHandler(record.logger)]}
    if asynchronous:
        await executor.ainvoke("go", config)
    else:
        executor.invoke("go", config)
    record.check()
    assert {event.call_id: event.parameters for event in record.of("tool.call")} == {
        "c1": {"a": 1, "b": 2},
        "c2": {"a": 3, "b": 4},
        "c3": {"requested_tool_name": "nobody", "available_tool_names": list(executor.tools)},
    }
    ends = {event.call_id: (event.outcome, event.error_type) for event in record.of("tool.response")}
    assert ends == {"c1": ("success", None), "c2": ("success", None), "c3": ("failure", "UnknownTool")}
    assert not unpaired(record.events)
