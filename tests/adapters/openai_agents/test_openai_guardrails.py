"""Guardrails of agents and tools."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agents import (
    GuardrailFunctionOutput,
    InputGuardrailTripwireTriggered,
    OutputGuardrailTripwireTriggered,
    Runner,
    ToolGuardrailFunctionOutput,
    ToolInputGuardrailTripwireTriggered,
    ToolOutputGuardrailTripwireTriggered,
    UserError,
    function_tool,
    input_guardrail,
    output_guardrail,
    set_trace_processors,
    tool_input_guardrail,
    tool_output_guardrail,
)
from agents.testing import ModelStep
from agents.tracing import get_trace_provider
from openai_scripts import Record, agent, call, lines

import agent_audit_openai_agents
from agent_audit_openai_agents import AuditTracingProcessor

pytestmark = pytest.mark.usefixtures("traced_or_not")


@input_guardrail
async def no_shouting(context: Any, agent: Any, input: Any) -> GuardrailFunctionOutput:
    await asyncio.sleep(0.01)  # the model has been asked by then
    return GuardrailFunctionOutput({"letters": len(str(input))}, "HELP" in str(input))


@input_guardrail(run_in_parallel=False)
def no_shouting_first(context: Any, agent: Any, input: Any) -> GuardrailFunctionOutput:
    return GuardrailFunctionOutput("checked", "HELP" in str(input))


@output_guardrail
def no_secrets(context: Any, agent: Any, output: Any) -> GuardrailFunctionOutput:
    return GuardrailFunctionOutput({"found": "secret" in output}, "secret" in output)


async def test_guardrails_that_pass_are_on_record_with_what_they_found(record: Record) -> None:
    await Runner.run(agent("fine", input_guardrails=[no_shouting], output_guardrails=[no_secrets]), "hi")
    assert record.without_models() == lines("""
        agent.start - agent.A -
        guardrail.passed success guardrail.no_shouting -
        guardrail.passed success guardrail.no_secrets -
        agent.stop success agent.A -
    """)
    first, second = record.events("guardrail.passed")
    assert (first.metadata, first.result) == ({"stage": "input"}, {"letters": 2})
    assert (second.metadata, second.result) == ({"stage": "output"}, {"found": False})


async def test_an_input_guardrail_that_trips_stops_the_agent_and_is_no_error_of_the_model(record: Record) -> None:
    async def slowly(step: Any) -> Any:
        await asyncio.sleep(0.05)
        return []

    with pytest.raises(InputGuardrailTripwireTriggered):
        await Runner.run(agent(ModelStep.respond(slowly), input_guardrails=[no_shouting]), "HELP")
    assert record.told("llm.response", "guardrail.tripped", "guardrail.passed", "agent.stop", "error") == lines("""
        guardrail.tripped denied guardrail.no_shouting -
        llm.response cancelled llm.ScriptedModel -
        agent.stop failure agent.A -
    """)
    assert record.one("guardrail.tripped").result == {"letters": 4}


async def test_a_guardrail_that_trips_before_the_agent_begins_is_all_there_is(record: Record) -> None:
    with pytest.raises(InputGuardrailTripwireTriggered):
        await Runner.run(agent("never", input_guardrails=[no_shouting_first]), "HELP")
    assert record.told() == ["guardrail.tripped denied guardrail.no_shouting_first -"]
    assert record.events()[0].agent_id == "A"


async def test_an_output_guardrail_that_trips_makes_the_agent_s_run_a_failure(record: Record) -> None:
    with pytest.raises(OutputGuardrailTripwireTriggered):
        await Runner.run(agent("the secret", output_guardrails=[no_secrets]), "hi")
    assert record.without_models() == lines("""
        agent.start - agent.A -
        guardrail.tripped denied guardrail.no_secrets -
        agent.stop failure agent.A -
    """)
    assert record.one("agent.stop").result is None


async def test_guardrails_of_streams_are_recorded(record: Record) -> None:
    result = Runner.run_streamed(agent("fine", input_guardrails=[no_shouting]), "HELP")
    with pytest.raises(InputGuardrailTripwireTriggered):
        async for _ in result.stream_events():
            pass
    assert record.told("guardrail.tripped", "agent.stop") == lines("""
        guardrail.tripped denied guardrail.no_shouting -
        agent.stop failure agent.A -
    """)
    assert record.one("agent.stop").error_type == "InputGuardrailTripwireTriggered"


def tool_with(**guardrails: Any) -> Any:
    @function_tool(**guardrails)
    def send(to: str) -> str:
        return f"sent to {to}"

    return send


@tool_input_guardrail
def only_us(data: Any) -> ToolGuardrailFunctionOutput:
    if "@us" in data.context.tool_arguments:
        return ToolGuardrailFunctionOutput.allow("ours")
    return ToolGuardrailFunctionOutput.reject_content("not one of us", output_info="foreign")


async def test_a_tool_call_that_its_guardrail_rejects_was_not_permitted(record: Record) -> None:
    asked = [call("send", {"to": "a@them"}, "c1"), call("send", {"to": "a@us"}, "c2")]
    await Runner.run(agent(asked, "ok", tools=[tool_with(tool_input_guardrails=[only_us])]), "hi")
    told = record.without_models()
    assert told == lines("""
        agent.start - agent.A -
        action.request - tool.send c1
        action.request - tool.send c2
        tool.call - tool.send c2
        tool.response success tool.send c2
        permission.denied denied tool.send c1
        guardrail.tripped denied guardrail.only_us -
        guardrail.passed success guardrail.only_us -
        agent.stop success agent.A -
    """)
    denied = record.one("permission.denied")
    assert (denied.error, denied.parameters) == ("not one of us", {"to": "a@them"})


async def test_a_call_that_is_rejected_last_is_on_record_too(record: Record) -> None:
    one = agent(
        [call("send", {"to": "a@them"})],
        tools=[tool_with(tool_input_guardrails=[only_us])],
        tool_use_behavior="stop_on_first_tool",
    )
    await Runner.run(one, "hi")
    assert record.told("permission.denied") == ["permission.denied denied tool.send c1"]


@pytest.mark.parametrize("streamed", [False, True])
async def test_what_guardrails_find_about_a_call_that_was_approved_is_on_record(record: Record, streamed: bool) -> None:
    @tool_output_guardrail
    def masks(data: Any) -> ToolGuardrailFunctionOutput:
        return ToolGuardrailFunctionOutput.reject_content("[masked]", output_info="leak")

    tool = tool_with(tool_input_guardrails=[only_us], tool_output_guardrails=[masks])
    tool.needs_approval = True
    one = agent([call("send", {"to": "a@us"})], "ok", tools=[tool])
    state = (await Runner.run(one, "hi")).to_state()
    state.approve(state.get_interruptions()[0])
    if streamed:
        async for _ in Runner.run_streamed(one, state).stream_events():
            pass
    else:
        await Runner.run(one, state)
    assert record.told("guardrail.passed", "guardrail.tripped") == lines("""
        guardrail.passed success guardrail.only_us -
        guardrail.tripped denied guardrail.masks -
    """)
    assert record.one("guardrail.tripped").result == "leak"


async def test_what_a_guardrail_finds_is_of_the_agent_whose_tool_it_is(record: Record) -> None:
    second = agent("done", name="B")
    tool = tool_with(tool_input_guardrails=[only_us])
    steps = [call("send", {"to": "a@us"})], [call("transfer_to_b", call_id="h1")]
    first = agent(*steps, tools=[tool], handoffs=[second])
    await Runner.run(first, "hi")
    assert record.one("guardrail.passed").agent_id == "A"


@pytest.mark.parametrize("ends", ["rejects", "trips", "breaks"])
async def test_of_several_calls_the_one_that_its_guardrail_has_stopped_is_known(record: Record, ends: str) -> None:
    rejected = asyncio.Event()

    @tool_input_guardrail
    async def one_of_two(data: Any) -> ToolGuardrailFunctionOutput:
        if data.context.tool_call_id != "c1":
            await asyncio.wait_for(rejected.wait() if ends == "rejects" else asyncio.Event().wait(), 10)
            raise RuntimeError("the guardrail broke")
        rejected.set()
        if ends == "breaks":
            raise RuntimeError("the guardrail broke")
        if ends == "trips":
            return ToolGuardrailFunctionOutput.raise_exception("forbidden")
        return ToolGuardrailFunctionOutput.reject_content("no")

    asked = [call("send", {"to": "x"}, "c1"), call("send", {"to": "y"}, "c2")]
    with pytest.raises((ToolInputGuardrailTripwireTriggered, UserError)):
        await Runner.run(agent(asked, tools=[tool_with(tool_input_guardrails=[one_of_two])]), "hi")
    broken, stopped = "action.failed failure tool.send", "action.failed cancelled tool.send"
    denied = "permission.denied denied tool.send c1"
    told = {
        "rejects": [denied, f"{broken} c2"],
        "trips": [denied, f"{stopped} c2"],
        "breaks": [f"{broken} c1", f"{stopped} c2"],
    }
    assert record.told("permission.denied", "action.failed") == told[ends]


async def test_a_tool_that_has_run_out_of_time_has_failed_whatever_its_output_guardrail_makes_of_that(
    record: Record,
) -> None:
    @tool_output_guardrail
    def masks(data: Any) -> ToolGuardrailFunctionOutput:
        return ToolGuardrailFunctionOutput.reject_content("[masked]")

    @function_tool(timeout=0.01, tool_output_guardrails=[masks])
    async def hang() -> str:
        await asyncio.Event().wait()
        return "never"

    await Runner.run(agent([call("hang")], "ok", tools=[hang]), "hi")
    ended = record.one("tool.response")
    assert (ended.outcome, ended.error_type, ended.result) == ("failure", "ToolTimeoutError", "[masked]")


async def test_a_guardrail_that_ends_the_run_beside_another_call_has_tripped_once(record: Record) -> None:
    @tool_output_guardrail
    def leaks(data: Any) -> ToolGuardrailFunctionOutput:
        return ToolGuardrailFunctionOutput.raise_exception("leak")

    @function_tool
    async def look() -> str:
        return "seen"

    asked = [call("look", call_id="c1"), call("send", {"to": "x"}, "c2")]
    with pytest.raises(ToolOutputGuardrailTripwireTriggered):
        await Runner.run(agent(asked, tools=[look, tool_with(tool_output_guardrails=[leaks])]), "hi")
    assert record.told("guardrail.tripped") == ["guardrail.tripped denied guardrail.leaks -"]


async def test_a_tool_guardrail_may_end_the_run_before_the_tool(record: Record) -> None:
    @tool_input_guardrail
    def never(data: Any) -> ToolGuardrailFunctionOutput:
        return ToolGuardrailFunctionOutput.raise_exception("forbidden")

    with pytest.raises(ToolInputGuardrailTripwireTriggered):
        await Runner.run(agent([call("send", {"to": "x"})], tools=[tool_with(tool_input_guardrails=[never])]), "hi")
    assert record.without_models() == lines("""
        agent.start - agent.A -
        action.request - tool.send c1
        guardrail.tripped denied guardrail.never -
        permission.denied denied tool.send c1
        agent.stop failure agent.A -
    """)


async def test_a_tool_guardrail_may_end_the_run_after_the_tool(record: Record) -> None:
    @tool_output_guardrail
    def never(data: Any) -> ToolGuardrailFunctionOutput:
        return ToolGuardrailFunctionOutput.raise_exception("leak")

    with pytest.raises(ToolOutputGuardrailTripwireTriggered):
        await Runner.run(agent([call("send", {"to": "x"})], tools=[tool_with(tool_output_guardrails=[never])]), "hi")
    assert record.told("tool.response", "guardrail.tripped", "agent.stop") == lines("""
        tool.response success tool.send c1
        guardrail.tripped denied guardrail.never -
        agent.stop failure agent.A -
    """)
    assert record.one("guardrail.tripped").metadata == {"stage": "tool_output"}


@pytest.mark.parametrize("breaks", [False, True], ids=["trips", "breaks"])
async def test_a_tool_that_has_run_has_changed_data_though_its_output_guardrail_ends_the_run(
    silent: Record, breaks: bool
) -> None:
    @tool_output_guardrail
    def never(data: Any) -> ToolGuardrailFunctionOutput:
        if breaks:
            raise RuntimeError("the guardrail broke")
        return ToolGuardrailFunctionOutput.raise_exception("leak")

    agent_audit_openai_agents.enable(silent.logger, modifies={"send"})
    one = agent([call("send", {"to": "x"})], tools=[tool_with(tool_output_guardrails=[never])])
    with pytest.raises((ToolOutputGuardrailTripwireTriggered, UserError)):
        await Runner.run(one, "hi")
    then = "error failure tool.send c1" if breaks else "guardrail.tripped denied guardrail.never -"
    assert silent.told("tool.response", "data.modify", "error", "guardrail.tripped", "agent.stop") == lines(f"""
        tool.response success tool.send c1
        data.modify success tool.send c1
        {then}
        agent.stop failure agent.A -
    """)
    if breaks:
        assert silent.one("error").error_type == "RuntimeError"


async def test_a_tool_that_has_failed_has_failed_though_its_output_guardrail_ends_the_run(silent: Record) -> None:
    @tool_output_guardrail
    def never(data: Any) -> ToolGuardrailFunctionOutput:
        return ToolGuardrailFunctionOutput.raise_exception("leak")

    @function_tool(tool_output_guardrails=[never])
    def broken() -> str:
        raise ValueError("no such account")

    agent_audit_openai_agents.enable(silent.logger, modifies={"broken"})
    with pytest.raises(ToolOutputGuardrailTripwireTriggered):
        await Runner.run(agent([call("broken")], tools=[broken]), "hi")
    response = silent.one("tool.response")
    assert (response.outcome, response.error_type) == ("failure", "ValueError")
    assert not silent.events("data.modify")


async def test_a_call_whose_input_guardrail_breaks_has_failed_with_what_it_raised(record: Record) -> None:
    @tool_input_guardrail
    def broken(data: Any) -> ToolGuardrailFunctionOutput:
        raise RuntimeError("the guardrail broke")

    with pytest.raises(UserError):
        await Runner.run(agent([call("send", {"to": "x"})], tools=[tool_with(tool_input_guardrails=[broken])]), "hi")
    failed = record.one("action.failed")
    assert (failed.call_id, failed.outcome, failed.error_type) == ("c1", "failure", "RuntimeError")
    assert not record.events("tool.call")


async def test_verdicts_before_a_failure_that_is_not_the_sdk_s_are_kept(
    record: Record, request: pytest.FixtureRequest
) -> None:
    if "untraced" in request.node.name:
        pytest.skip("only spans tell of them then")
    with pytest.raises(RuntimeError):
        await Runner.run(agent(RuntimeError("overloaded"), input_guardrails=[no_shouting_first]), "hi")
    assert record.told("guardrail.passed") == ["guardrail.passed success guardrail.no_shouting_first -"]


@input_guardrail
async def broken(context: Any, agent: Any, input: Any) -> GuardrailFunctionOutput:
    await asyncio.sleep(0.01)
    raise RuntimeError("classifier is down")


@input_guardrail
async def undecided(context: Any, agent: Any, input: Any) -> GuardrailFunctionOutput:
    await asyncio.sleep(10)
    return GuardrailFunctionOutput(None, True)


@input_guardrail(run_in_parallel=False)
def broken_first(context: Any, agent: Any, input: Any) -> GuardrailFunctionOutput:
    raise RuntimeError("classifier is down")


@output_guardrail
def broken_last(context: Any, agent: Any, output: Any) -> GuardrailFunctionOutput:
    raise RuntimeError("classifier is down")


@pytest.mark.parametrize(
    ("guardrails", "name"),
    [
        ({"input_guardrails": [undecided, broken]}, "broken"),
        ({"input_guardrails": [broken_first]}, "broken_first"),
        ({"output_guardrails": [broken_last]}, "broken_last"),
    ],
    ids=["input", "first", "output"],
)
async def test_a_guardrail_that_raises_or_is_cancelled_has_not_passed(
    record: Record, request: pytest.FixtureRequest, guardrails: Any, name: str
) -> None:
    with pytest.raises(RuntimeError):
        await Runner.run(agent("fine", **guardrails), "hi")
    traced = "untraced" not in request.node.name
    began = name != "broken_first"
    # Without spans nothing tells which guardrail it was.
    of_guardrail = [f"error failure guardrail.{name} -"] if traced else [] if began else ["error failure - -"]
    of_agent = ["agent.stop failure agent.A -"] if began else []
    assert record.told("guardrail.passed", "guardrail.tripped", "error", "agent.stop") == of_guardrail + of_agent
    for event in record.events("error", "agent.stop"):
        assert (event.error_type, event.error, event.agent_id) == ("RuntimeError", "classifier is down", "A")


async def test_a_stream_that_a_broken_guardrail_ends_has_failed(record: Record, request: pytest.FixtureRequest) -> None:
    async def slowly(step: Any) -> Any:
        await asyncio.sleep(5)
        return []

    result = Runner.run_streamed(agent(ModelStep.respond(slowly), input_guardrails=[broken]), "hi")
    with pytest.raises(RuntimeError):
        async for _ in result.stream_events():
            pass
    traced = "untraced" not in request.node.name
    of_guardrail = ["error failure guardrail.broken -"] if traced else []
    assert record.told("guardrail.passed", "error", "agent.stop") == [*of_guardrail, "agent.stop failure agent.A -"]
    assert record.one("agent.stop").error_type == "RuntimeError"


async def test_spans_alone_tell_of_a_guardrail_that_raises(silent: Record, request: pytest.FixtureRequest) -> None:
    if "untraced" in request.node.name:
        pytest.skip("there are no spans then")
    before: Any = get_trace_provider()
    before = list(before._multi_processor._processors)
    set_trace_processors([AuditTracingProcessor(silent.logger)])
    try:
        with pytest.raises(RuntimeError):
            await Runner.run(agent("fine", input_guardrails=[undecided, broken]), "hi")
    finally:
        set_trace_processors(before)
    assert silent.told("guardrail.passed", "error") == ["error failure guardrail.broken -"]
