"""The situations that every adapter must record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage
from langchain_core.tools import StructuredTool
from langchain_record import NEEDS_TASK_CONTEXT, Scripted, asks_for, call
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

import agent_audit_langchain
from agent_audit import AuditLogger
from agent_audit.testing import SITUATIONS, Script, ScriptedTool, Situation


class Model(Scripted):
    """Says when it is really asked."""

    script: Any = None

    def _next(self) -> AIMessage:
        if self.script.on_model is not None:
            self.script.on_model()
        reply = super()._next()
        if self.script.tokens is not None:
            used, made = self.script.tokens
            reply.usage_metadata = {"input_tokens": used, "output_tokens": made, "total_tokens": used + made}
        return reply


class Driver:
    """Carries out scripts with a real agent."""

    framework = "langchain"
    missing: Mapping[str, str] = {}

    @contextmanager
    def recording(self, logger: AuditLogger, **settings: Any) -> Iterator[None]:
        agent_audit_langchain.enable(logger, **settings)
        try:
            yield
        finally:
            agent_audit_langchain.disable()

    async def run(self, script: Script) -> None:
        agent = self._agent(script, InMemorySaver())
        config: Any = {"configurable": {"thread_id": script.session_id or "t"}}
        if script.user_id is not None:
            # Not in `configurable`: that is not yet visible when the agent's own start is recorded.
            config["metadata"] = {"user_id": script.user_id}
        asked: Any = {"messages": [("user", script.question)]}
        if script.streamed:
            async with aclosing(agent.astream(asked, config)) as steps:
                async for _ in steps:
                    if script.left_early:
                        break
            return
        result = await agent.ainvoke(asked, config)
        while "__interrupt__" in result:
            questions = result["__interrupt__"][0].value["action_requests"]
            waiting = [one["id"] for one in result["messages"][-1].tool_calls][: len(questions)]
            decisions = [{"type": "approve" if script.approvals[call_id] else "reject"} for call_id in waiting]
            result = await agent.ainvoke(Command(resume={"decisions": decisions}), config)

    def _agent(self, script: Script, checkpointer: Any = None) -> Any:
        replies = [step if isinstance(step, (str, BaseException)) else self._calls(step) for step in script.steps]
        gated = {
            tool.name: {"allowed_decisions": ["approve", "reject"]} for tool in script.tools if tool.needs_approval
        }
        return create_agent(
            Model(replies=replies, script=script),
            tools=[self._tool(tool) for tool in script.tools],
            middleware=[HumanInTheLoopMiddleware(interrupt_on=gated)] if gated else [],  # type: ignore[arg-type]
            checkpointer=checkpointer,
            name=script.name,
        )

    def _calls(self, calls: Any) -> AIMessage:
        return asks_for(*(call(one.name, one.call_id, **one.arguments) for one in calls))

    def _tool(self, tool: ScriptedTool) -> Any:
        if tool.agent is not None:
            inner = self._agent(tool.agent)

            async def ask(text: str) -> str:
                return str((await inner.ainvoke({"messages": [("user", text)]}))["messages"][-1].content)

            return StructuredTool.from_function(coroutine=ask, name=tool.name, description="asks an agent")
        kind = {"coroutine": tool.run} if tool.run.__code__.co_flags & 0x80 else {"func": tool.run}  # type: ignore[union-attr]
        return StructuredTool.from_function(**kind, name=tool.name, description="a tool")


@NEEDS_TASK_CONTEXT
@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
async def test_the_adapter_conforms(situation: Situation) -> None:
    await situation.check(Driver())
