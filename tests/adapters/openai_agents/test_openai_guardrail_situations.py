"""What guardrails may do in a run, one test each: the whole sequence of events. Each holds with tracing disabled too.

Details are in test_openai_guardrails.py.
"""

from __future__ import annotations

from typing import Any

import pytest
from agents import (
    GuardrailFunctionOutput,
    Runner,
    ToolGuardrailFunctionOutput,
    function_tool,
    input_guardrail,
    output_guardrail,
    tool_input_guardrail,
    tool_output_guardrail,
)
from openai_scripts import Record, agent, call, raises, story

pytestmark = pytest.mark.usefixtures("traced_or_not")


@input_guardrail(run_in_parallel=False)
def no_shouting(context: Any, agent: Any, input: Any) -> GuardrailFunctionOutput:
    return GuardrailFunctionOutput({"loud": True}, input == "HELP")


@output_guardrail
def no_secrets(context: Any, agent: Any, output: Any) -> GuardrailFunctionOutput:
    return GuardrailFunctionOutput({"found": "secret"}, "secret" in output)


async def test_an_input_guardrail_trips(record: Record) -> None:
    one = agent("never", input_guardrails=[no_shouting])
    assert await raises(record, one, "HELP") == "InputGuardrailTripwireTriggered"
    assert record.told() == story("guardrail.tripped denied guardrail.no_shouting -")
    assert record.one("guardrail.tripped").result == {"loud": True}


async def test_an_output_guardrail_trips(record: Record) -> None:
    one = agent("the secret", input_guardrails=[no_shouting], output_guardrails=[no_secrets])
    assert await raises(record, one, "hi") == "OutputGuardrailTripwireTriggered"
    assert record.told() == story("""
        agent.start - agent.A -
        model
        guardrail.passed success guardrail.no_shouting -
        guardrail.tripped denied guardrail.no_secrets -
        agent.stop failure agent.A -
    """)
    assert record.one("guardrail.tripped").result == {"found": "secret"}


@tool_input_guardrail
def only_us(data: Any) -> ToolGuardrailFunctionOutput:
    return ToolGuardrailFunctionOutput.reject_content("not one of us", output_info="foreign")


@tool_input_guardrail
def never(data: Any) -> ToolGuardrailFunctionOutput:
    return ToolGuardrailFunctionOutput.raise_exception("forbidden")


@tool_output_guardrail
def leaks(data: Any) -> ToolGuardrailFunctionOutput:
    return ToolGuardrailFunctionOutput.raise_exception("leak")


@tool_output_guardrail
def masks(data: Any) -> ToolGuardrailFunctionOutput:
    return ToolGuardrailFunctionOutput.reject_content("[masked]", output_info="leak")


def send(**guardrails: Any) -> Any:
    @function_tool(name_override="send", **guardrails)
    def tool(to: str) -> str:
        return f"sent to {to}"

    return tool


ASKED_TO_SEND = [call("send", {"to": "x"})]


async def test_a_tool_input_guardrail_rejects_a_call(record: Record) -> None:
    await Runner.run(agent(ASKED_TO_SEND, "ok", tools=[send(tool_input_guardrails=[only_us])]), "hi")
    assert record.told() == story("""
        agent.start - agent.A -
        model
        action.request - tool.send c1
        permission.denied denied tool.send c1
        model
        guardrail.tripped denied guardrail.only_us -
        agent.stop success agent.A -
    """)
    assert record.one("guardrail.tripped").result == "foreign"


async def test_a_tool_input_guardrail_ends_the_run(record: Record) -> None:
    one = agent(ASKED_TO_SEND, tools=[send(tool_input_guardrails=[never])])
    assert await raises(record, one, "hi") == "ToolInputGuardrailTripwireTriggered"
    assert record.told() == story("""
        agent.start - agent.A -
        model
        action.request - tool.send c1
        guardrail.tripped denied guardrail.never -
        permission.denied denied tool.send c1
        agent.stop failure agent.A -
    """)
    assert record.one("guardrail.tripped").result == "forbidden"


async def test_a_tool_output_guardrail_ends_the_run(record: Record) -> None:
    one = agent(ASKED_TO_SEND, tools=[send(tool_output_guardrails=[leaks])])
    assert await raises(record, one, "hi") == "ToolOutputGuardrailTripwireTriggered"
    assert record.told() == story("""
        agent.start - agent.A -
        model
        action.request - tool.send c1
        tool.call - tool.send c1
        tool.response success tool.send c1
        guardrail.tripped denied guardrail.leaks -
        agent.stop failure agent.A -
    """)
    assert record.one("guardrail.tripped").result == "leak"


async def test_a_tool_output_guardrail_replaces_a_result(record: Record) -> None:
    await Runner.run(agent(ASKED_TO_SEND, "ok", tools=[send(tool_output_guardrails=[masks])]), "hi")
    assert record.told() == story("""
        agent.start - agent.A -
        model
        action.request - tool.send c1
        tool.call - tool.send c1
        tool.response success tool.send c1
        model
        guardrail.tripped denied guardrail.masks -
        agent.stop success agent.A -
    """)
    assert record.one("tool.response").result == "[masked]", "the tool ran; this is what went on"
