"""The situations that every adapter must record."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from agents import Agent, RunConfig, Runner, SQLiteSession, function_tool, set_tracing_disabled
from agents.testing import ModelStep, ScriptedModel, assistant_message, function_call
from agents.usage import Usage

import agent_audit_openai_agents
from agent_audit import AuditLogger
from agent_audit.testing import SITUATIONS, Script, ScriptedCall, ScriptedTool, Situation


class Driver:
    """Carries out scripts with the real SDK."""

    framework = "openai-agents"
    missing: Mapping[str, str] = {}

    @contextmanager
    def recording(self, logger: AuditLogger, **settings: Any) -> Iterator[None]:
        agent_audit_openai_agents.enable(logger, **settings)
        try:
            yield
        finally:
            agent_audit_openai_agents.disable()

    async def run(self, script: Script) -> None:
        agent = self._agent(script)
        options: dict[str, Any] = {"context": {"user_id": script.user_id}}
        if script.session_id is not None:
            options["session"] = SQLiteSession(script.session_id)
        config = RunConfig(tool_not_found_behavior="return_error_to_model")
        if script.streamed:
            await self._stream(Runner.run_streamed(agent, script.question, run_config=config, **options), script)
            return
        result = await Runner.run(agent, script.question, run_config=config, **options)
        while result.interruptions:
            state = result.to_state()
            for item in result.interruptions:
                decide = state.approve if script.approvals[str(item.call_id)] else state.reject
                decide(item)
            result = await Runner.run(agent, state, run_config=config)

    async def _stream(self, result: Any, script: Script) -> None:
        async for _ in result.stream_events():
            if script.left_early:
                result.cancel()
        await asyncio.gather(result.run_loop_task, return_exceptions=True)

    def _agent(self, script: Script) -> Agent[Any]:
        steps = [self._step(step, script) for step in script.steps]
        model = ScriptedModel(steps)
        if script.tokens is not None:
            model.set_default_usage(Usage(requests=1, input_tokens=script.tokens[0], output_tokens=script.tokens[1]))
        return Agent(name=script.name, model=model, tools=[self._tool(tool) for tool in script.tools])

    def _step(self, step: Any, script: Script) -> Any:
        if isinstance(step, BaseException):
            return step
        said = [assistant_message(step)] if isinstance(step, str) else self._calls(step)

        def respond(call: Any) -> Any:
            if script.on_model is not None:
                script.on_model()
            return said

        return ModelStep.respond(respond)

    def _calls(self, calls: Sequence[ScriptedCall]) -> list[Any]:
        # The SDK calls the argument of an agent as a tool `input`.
        given = [
            {"input" if name == "text" else name: call.arguments[name] for name in call.arguments} for call in calls
        ]
        return [
            function_call(call.name, arguments, call_id=call.call_id)
            for call, arguments in zip(calls, given, strict=True)
        ]

    def _tool(self, tool: ScriptedTool) -> Any:
        if tool.agent is not None:
            return self._agent(tool.agent).as_tool(tool.name, "")
        return function_tool(tool.run, name_override=tool.name, needs_approval=tool.needs_approval)


@pytest.mark.parametrize("untraced", [False, True], ids=["traced", "untraced"])
@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
async def test_the_adapter_conforms(situation: Situation, untraced: bool) -> None:
    set_tracing_disabled(untraced)
    try:
        await situation.check(Driver())
    finally:
        set_tracing_disabled(False)
