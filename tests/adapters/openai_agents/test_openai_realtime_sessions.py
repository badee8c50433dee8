"""Realtime sessions as a whole: whose they are, who decides in them, how they end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agents import ToolGuardrailFunctionOutput, function_tool, tool_input_guardrail, tool_output_guardrail
from agents.realtime import RealtimeAgent
from agents.realtime.testing import ScriptedRealtimeModel
from openai_scripts import Record, lines
from realtime_scripts import calls, hold, says, settle

from agent_audit import identify
from agent_audit.analysis.pairing import unpaired
from agent_audit.testing import FailingBackend
from agent_audit_openai_agents import AuditRealtimeRunner


@function_tool(needs_approval=True)
def pay(amount: int) -> str:
    return f"paid {amount}"


def runner(record: Record, *tools: Any, **settings: Any) -> AuditRealtimeRunner:
    one, model = RealtimeAgent(name="A", tools=list(tools)), ScriptedRealtimeModel(strict=False)
    return AuditRealtimeRunner(one, model=model, logger=record.logger, **settings)


async def test_the_context_callable_says_who_decided(silent: Record) -> None:
    async def talk(session: Any, model: ScriptedRealtimeModel) -> None:
        await model.emit(calls("pay", '{"amount": 1}'), calls("pay", '{"amount": 2}', "c2"))
        await settle(session)
        await session.approve_tool_call("c1")
        await session.reject_tool_call("c2")

    told = {"decided_by": "boss"}
    await hold(silent, RealtimeAgent(name="A", tools=[pay]), talk, context=lambda wrapper: told)
    assert [event.metadata["decided_by"] for event in silent.events("action.approved", "action.denied")] == ["boss"] * 2


async def test_the_conversation_in_force_around_a_session_is_its_own_when_nothing_else_says(silent: Record) -> None:
    with identify(session_id="call-9", user_id="bob"):
        async with await runner(silent).run():
            pass
    assert {(event.session_id, event.user_id) for event in silent.events()} == {("call-9", "bob")}


async def test_a_session_whose_application_fails_has_failed(silent: Record) -> None:
    with pytest.raises(ValueError, match="broke"):
        async with await runner(silent).run():
            raise ValueError("the application broke")
    stop = silent.one("agent.stop")
    assert (stop.outcome, stop.error_type) == ("failure", "ValueError")


async def test_a_session_whose_task_is_cancelled_is_cancelled(silent: Record) -> None:
    opened = asyncio.Event()

    async def talk() -> None:
        async with await runner(silent).run():
            opened.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(talk())
    await opened.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert silent.one("agent.stop").outcome == "cancelled"


async def test_a_tool_that_has_run_has_succeeded_though_its_output_guardrail_ends_the_session(silent: Record) -> None:
    @tool_output_guardrail
    def leaks(data: Any) -> ToolGuardrailFunctionOutput:
        return ToolGuardrailFunctionOutput.raise_exception("leak")

    @function_tool(tool_output_guardrails=[leaks])
    def send() -> str:
        return "sent"

    await hold(silent, RealtimeAgent(name="A", tools=[send]), says(calls("send")), modifies={"send"})
    assert silent.told("tool.call", "tool.response", "data.modify", "guardrail.tripped", "agent.stop") == lines("""
        tool.call - tool.send c1
        guardrail.tripped denied guardrail.leaks -
        tool.response success tool.send c1
        data.modify success tool.send c1
        agent.stop failure agent.A -
    """)


@pytest.mark.parametrize("breaks", [False, True], ids=["trips", "breaks"])
async def test_a_call_whose_input_guardrail_ends_the_session_says_so(silent: Record, breaks: bool) -> None:
    @tool_input_guardrail
    def never(data: Any) -> ToolGuardrailFunctionOutput:
        if breaks:
            raise RuntimeError("the guardrail broke")
        return ToolGuardrailFunctionOutput.raise_exception("forbidden")

    @function_tool(tool_input_guardrails=[never])
    def send() -> str:
        raise AssertionError("not permitted")

    await hold(silent, RealtimeAgent(name="A", tools=[send]), says(calls("send")))
    answer = "action.failed failure" if breaks else "permission.denied denied"
    assert silent.told("tool.call", "action.failed", "permission.denied") == [f"{answer} tool.send c1"]
    if breaks:
        assert silent.one("action.failed").error_type == "RuntimeError"


async def test_the_request_of_a_call_that_could_not_be_recorded_has_failed(
    strict: Record, backend: FailingBackend
) -> None:
    ran: list[str] = []

    @function_tool
    def act() -> str:
        ran.append("acted")
        return "done"

    backend.refused_type = "tool.call"
    await hold(strict, RealtimeAgent(name="A", tools=[act]), says(calls("act")))
    backend.refused_type = None
    assert not ran
    failed = strict.one("action.failed")
    assert not list(unpaired(strict.events()))
    assert (failed.call_id, failed.outcome, failed.error_type) == ("c1", "failure", "StorageError")
