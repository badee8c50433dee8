"""Tool calls, in every way they can end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agents import (
    Agent,
    GuardrailFunctionOutput,
    InputGuardrailTripwireTriggered,
    LocalShellTool,
    MaxTurnsExceeded,
    ModelBehaviorError,
    RunConfig,
    Runner,
    ToolGuardrailFunctionOutput,
    UserError,
    function_tool,
    input_guardrail,
    tool_input_guardrail,
)
from openai.types.responses.response_output_item import LocalShellCall, LocalShellCallAction
from openai_scripts import ASKED_TO_ADD, Record, add, agent, call, fail, lines

import agent_audit_openai_agents

pytestmark = pytest.mark.usefixtures("traced_or_not")


async def test_a_tool_call_is_on_record_before_the_tool_runs_and_its_result_after(record: Record) -> None:
    seen: list[str] = []

    @function_tool
    def look() -> str:
        seen.extend(record.told())
        return "looked"

    await Runner.run(agent([call("look")], "done", tools=[look]), "hi")
    assert seen[-1] == "tool.call - tool.look c1"
    assert record.told() == lines("""
        agent.start - agent.A -
        llm.request - llm.ScriptedModel -
        llm.response success llm.ScriptedModel -
        action.request - tool.look c1
        tool.call - tool.look c1
        tool.response success tool.look c1
        llm.request - llm.ScriptedModel -
        llm.response success llm.ScriptedModel -
        agent.stop success agent.A -
    """)


async def test_arguments_and_results_are_recorded_as_values(record: Record) -> None:
    await Runner.run(agent(ASKED_TO_ADD, "3", tools=[add]), "1+2?")
    assert record.one("tool.call").parameters == {"a": 1, "b": 2}
    assert record.one("tool.response").result == 3
    requests = record.events("llm.request")
    assert requests[0].parameters == {"messages": [{"role": "user", "content": "1+2?"}]}
    (new,) = requests[1].parameters["messages"]
    assert new == {"role": "tool", "content": "3", "call_id": "c1", "name": "add"}, "only what is new"
    assert [event.result for event in record.events("llm.response")] == ["", "3"]
    assert record.one("agent.stop").result == "3"


async def test_a_tool_that_raises_has_failed_though_the_model_gets_a_text(record: Record) -> None:
    await Runner.run(agent([call("fail")], "sorry", tools=[fail]), "hi")
    response = record.one("tool.response")
    assert (response.outcome, response.error_type, response.error) == ("failure", "ValueError", "no such account")
    assert record.one("agent.stop").outcome == "success"
    assert not record.events("error")


async def test_a_tool_with_an_error_text_of_its_own_has_failed(record: Record) -> None:
    @function_tool(failure_error_function=lambda context, error: f"oh: {error}")
    def broken() -> str:
        raise ValueError("bad")

    await Runner.run(agent([call("broken")], "sorry", tools=[broken]), "hi")
    response = record.one("tool.response")
    assert (response.outcome, response.error_type, response.error) == ("failure", "ValueError", "bad")


async def test_what_the_model_got_of_a_failed_tool_is_its_result_for_it_may_say_what_to_do(record: Record) -> None:
    @function_tool(timeout=0.01)
    async def slow() -> str:
        await asyncio.sleep(10)
        return "never"

    asked = [call("fail", call_id="c1"), call("slow", call_id="c2"), call("fail", "no JSON", call_id="c3")]
    ran = await Runner.run(agent(asked, "sorry", tools=[fail, slow]), "hi")
    got = {item.raw_item["call_id"]: item.output for item in ran.new_items if item.type == "tool_call_output_item"}
    assert len(got) == 3
    assert {event.call_id: event.result for event in record.events("tool.response")} == got
    assert {event.outcome for event in record.events("tool.response")} == {"failure"}


async def test_an_exception_that_ends_the_run_is_the_failure_of_its_tool_and_of_the_agent(record: Record) -> None:
    @function_tool(failure_error_function=None)
    def broken() -> str:
        raise ValueError("bad")

    with pytest.raises(UserError):
        await Runner.run(agent([call("broken")], tools=[broken]), "hi")
    assert record.without_models() == lines("""
        agent.start - agent.A -
        action.request - tool.broken c1
        tool.call - tool.broken c1
        tool.response failure tool.broken c1
        agent.stop failure agent.A -
    """)
    assert (record.one("tool.response").error_type, record.one("tool.response").error) == ("ValueError", "bad")
    assert record.one("agent.stop").error_type == "UserError"


async def test_beside_a_tool_that_ends_the_run_the_others_are_cancelled(record: Record) -> None:
    @function_tool(failure_error_function=None)
    async def broken() -> str:
        await asyncio.sleep(0.01)
        raise ValueError("bad")

    @function_tool(failure_error_function=None)
    async def slow() -> str:
        await asyncio.sleep(10)
        return "never"

    with pytest.raises(UserError):
        await Runner.run(agent([call("slow", call_id="c1"), call("broken", call_id="c2")], tools=[broken, slow]), "hi")
    assert sorted(record.told("tool.response")) == lines("""
        tool.response cancelled tool.slow c1
        tool.response failure tool.broken c2
    """)


async def test_of_two_calls_of_one_tool_the_one_that_ends_the_run_has_failed(record: Record) -> None:
    @function_tool(failure_error_function=None)
    async def work(fails: bool) -> str:
        await asyncio.sleep(0.01)
        if fails:
            raise ValueError("bad")
        await asyncio.sleep(10)
        return "never"

    asked = [call("work", {"fails": False}, "c1"), call("work", {"fails": True}, "c2")]
    with pytest.raises(UserError):
        await Runner.run(agent(asked, tools=[work]), "hi")
    assert record.one("tool.response", call_id="c1").outcome == "cancelled"
    failed = record.one("tool.response", call_id="c2")
    assert (failed.outcome, failed.error_type, failed.error) == ("failure", "ValueError", "bad")


async def test_of_two_calls_of_one_tool_the_one_that_takes_too_long_has_failed(record: Record) -> None:
    @function_tool(timeout=0.05, timeout_behavior="raise_exception", failure_error_function=None)
    async def slow() -> str:
        await asyncio.sleep(5)
        return "never"

    with pytest.raises(Exception, match="timed out"):
        await Runner.run(agent([call("slow", call_id="c1"), call("slow", call_id="c2")], tools=[slow]), "hi")
    ends = [(event.outcome, event.error_type) for event in record.events("tool.response")]
    assert ("failure", "ToolTimeoutError") in ends, "both took too long; the first that was noticed ended the run"


async def test_a_tool_that_an_input_guardrail_stops_was_cancelled(record: Record) -> None:
    @input_guardrail
    async def late(context: Any, agent: Any, input: Any) -> GuardrailFunctionOutput:
        await running.wait()
        return GuardrailFunctionOutput(None, True)

    @function_tool
    async def slow() -> str:
        running.set()
        await asyncio.sleep(10)
        return "never"

    running = asyncio.Event()
    with pytest.raises(InputGuardrailTripwireTriggered):
        await Runner.run(agent([call("slow")], tools=[slow], input_guardrails=[late]), "hi")
    assert record.told("tool.response", "agent.stop") == lines("""
        tool.response cancelled tool.slow c1
        agent.stop failure agent.A -
    """)


@pytest.mark.parametrize("own_text", [False, True])
async def test_a_tool_that_takes_too_long_has_failed(record: Record, own_text: bool) -> None:
    text = (lambda context, error: "too slow") if own_text else None

    @function_tool(timeout=0.02, timeout_error_function=text)
    async def slow() -> str:
        await asyncio.sleep(5)
        return "never"

    await Runner.run(agent([call("slow")], "sorry", tools=[slow]), "hi")
    response = record.one("tool.response")
    assert (response.outcome, response.error_type) == ("failure", "ToolTimeoutError")
    assert response.error == ("too slow" if own_text else "Tool 'slow' timed out after 0.02 seconds.")


async def test_a_tool_that_takes_too_long_may_end_the_run(record: Record) -> None:
    @function_tool(timeout=0.02, timeout_behavior="raise_exception", failure_error_function=None)
    async def slow() -> str:
        await asyncio.sleep(5)
        return "never"

    with pytest.raises(Exception, match="timed out"):
        await Runner.run(agent([call("slow")], tools=[slow]), "hi")
    response = record.one("tool.response")
    assert (response.outcome, response.error_type) == ("failure", "ToolTimeoutError")


async def test_malformed_arguments_are_kept_as_they_came_and_fail(record: Record) -> None:
    await Runner.run(agent([call("add", "{oops")], "sorry", tools=[add]), "hi")
    assert record.one("action.request").parameters == "{oops"
    assert record.one("tool.call").parameters == "{oops"
    response = record.one("tool.response")
    assert (response.outcome, response.error_type) == ("failure", "InvalidArguments")


async def test_malformed_arguments_that_end_the_run_are_what_is_wrong(record: Record) -> None:
    strict = function_tool(lambda a: a, name_override="strict", strict_mode=False, failure_error_function=None)
    with pytest.raises(ModelBehaviorError):
        await Runner.run(agent([call("strict", "{oops")], tools=[strict]), "hi")
    response = record.one("tool.response")
    assert (response.outcome, response.error_type) == ("failure", "InvalidArguments")


async def test_an_unknown_tool_fails_the_request(record: Record) -> None:
    with pytest.raises(ModelBehaviorError):
        await Runner.run(agent([call("nope")], tools=[add]), "hi")
    assert record.told() == lines("""
        agent.start - agent.A -
        llm.request - llm.ScriptedModel -
        llm.response success llm.ScriptedModel -
        action.request - tool.nope c1
        action.failed failure tool.nope c1
        agent.stop failure agent.A -
    """)
    assert record.one("action.failed").error_type == "UnknownTool"


async def test_an_unknown_tool_that_the_model_is_told_of_fails_the_request_only(record: Record) -> None:
    config = RunConfig(tool_not_found_behavior="return_error_to_model")
    asked = [call("nope", call_id="c1"), call("add", {"a": 1, "b": 1}, call_id="c2")]
    await Runner.run(agent(asked, "sorry", tools=[add]), "hi", run_config=config)
    assert record.without_models() == lines("""
        agent.start - agent.A -
        action.request - tool.nope c1
        action.request - tool.add c2
        tool.call - tool.add c2
        tool.response success tool.add c2
        action.failed failure tool.nope c1
        agent.stop success agent.A -
    """)
    assert record.one("action.failed").error_type == "UnknownTool"


async def test_a_run_without_end_is_a_failure_of_its_agent(record: Record) -> None:
    with pytest.raises(MaxTurnsExceeded):
        await Runner.run(agent(ASKED_TO_ADD, ASKED_TO_ADD, tools=[add]), "hi", max_turns=1)
    assert record.told()[-2:] == lines("""
        tool.response success tool.add c1
        agent.stop failure agent.A -
    """)
    assert record.one("agent.stop").error_type == "MaxTurnsExceeded"
    assert not record.events("error")


async def test_a_declared_tool_modifies_data_when_it_has_succeeded(silent: Record) -> None:
    agent_audit_openai_agents.enable(silent.logger, modifies={"add", "fail"})
    asked = [call("add", {"a": 1, "b": 1}, call_id="c1"), call("fail", call_id="c2")]
    await Runner.run(agent(asked, "ok", tools=[add, fail]), "hi")
    assert silent.told("data.modify") == ["data.modify success tool.add c1"]


async def test_a_predicate_may_say_which_calls_modify_data(silent: Record) -> None:
    agent_audit_openai_agents.enable(silent.logger, modifies=lambda name, arguments: arguments["a"] > 1)
    asked = [call("add", {"a": 1, "b": 1}, call_id="c1"), call("add", {"a": 2, "b": 1}, call_id="c2")]
    await Runner.run(agent(asked, "ok", tools=[add]), "hi")
    assert silent.told("data.modify") == ["data.modify success tool.add c2"]


async def test_a_native_tool_gets_its_call_id_from_what_the_model_asked(record: Record) -> None:
    def item(call_id: str, command: str) -> LocalShellCall:
        action = LocalShellCallAction(command=[command], env={}, type="exec")
        return LocalShellCall(id=call_id, call_id=call_id, action=action, status="completed", type="local_shell_call")

    shell = LocalShellTool(executor=lambda request: request.data.action.command[0])
    one = Agent(name="A", model=agent([item("s1", "ls"), item("s2", "pwd")], "ok").model, tools=[shell])
    await Runner.run(one, "hi")
    assert record.without_models() == lines("""
        agent.start - agent.A -
        action.request - tool.local_shell s1
        action.request - tool.local_shell s2
        tool.call - tool.local_shell s1
        tool.response success tool.local_shell s1
        tool.call - tool.local_shell s2
        tool.response success tool.local_shell s2
        agent.stop success agent.A -
    """)
    assert [event.parameters["command"] for event in record.events("tool.call")] == [["ls"], ["pwd"]]


async def test_a_tool_whose_callback_outlives_the_failed_run_has_one_end_and_it_is_what_the_run_took(
    record: Record,
) -> None:
    extracting, release = asyncio.Event(), asyncio.Event()

    async def extract(_: Any) -> dict[str, Any]:
        extracting.set()
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                pass
        return {}

    @function_tool(custom_data_extractor=extract)
    async def create() -> str:
        return "created"

    @function_tool(failure_error_function=None)
    async def broken() -> str:
        await extracting.wait()
        raise ValueError("bad")

    asked = [call("create", call_id="c1"), call("broken", call_id="c2")]
    with pytest.raises(UserError):
        await Runner.run(agent(asked, tools=[create, broken]), "hi")
    release.set()
    for _ in range(20):
        await asyncio.sleep(0.01)
    ends = {event.call_id: (event.outcome, event.result) for event in record.events("tool.response")}
    assert ends == {"c1": ("success", "created"), "c2": ("failure", None)}
    assert len(record.events("tool.response")) == 2


async def test_an_unknown_tool_is_one_in_whatever_words_the_model_is_told(record: Record) -> None:
    config = RunConfig(
        tool_not_found_behavior="return_error_to_model", tool_error_formatter=lambda args: "Werkzeug gibt es nicht"
    )
    await Runner.run(agent([call("nope")], "sorry", tools=[add]), "hi", run_config=config)
    assert record.told("action.failed", "permission.denied") == ["action.failed failure tool.nope c1"]
    failed = record.one("action.failed")
    assert (failed.error_type, failed.error) == ("UnknownTool", "Werkzeug gibt es nicht")


async def test_a_tool_that_is_disabled_is_unknown_too(record: Record) -> None:
    hidden = function_tool(lambda: "x", name_override="hidden", is_enabled=False)
    config = RunConfig(tool_not_found_behavior="return_error_to_model")
    await Runner.run(agent([call("hidden")], "sorry", tools=[hidden]), "hi", run_config=config)
    assert record.one("action.failed").error_type == "UnknownTool"


async def test_a_guardrail_that_says_something_was_not_found_has_refused_a_tool_that_is_there(record: Record) -> None:
    @tool_input_guardrail
    def known_account(data: Any) -> ToolGuardrailFunctionOutput:
        return ToolGuardrailFunctionOutput.reject_content("Call to pay blocked: account not found")

    pay = function_tool(lambda: "paid", name_override="pay", tool_input_guardrails=[known_account])
    await Runner.run(agent([call("pay")], "sorry", tools=[pay]), "hi")
    assert record.told("action.failed", "permission.denied") == ["permission.denied denied tool.pay c1"]


async def test_a_result_that_reads_like_the_sdk_s_error_text_is_a_success_when_nothing_was_raised(
    record: Record,
) -> None:
    text = "An error occurred while running the tool. Please try again. [from the log of 1 May]"
    read_log = function_tool(lambda: text, name_override="read_log")
    await Runner.run(agent([call("read_log")], "ok", tools=[read_log]), "hi")
    response = record.one("tool.response")
    assert (response.outcome, response.result) == ("success", text)
