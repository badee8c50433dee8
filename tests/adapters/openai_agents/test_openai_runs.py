"""Whole runs: agents, models, handoffs, agents as tools, streams, sessions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agents import (
    Agent,
    MaxTurnsExceeded,
    ModelBehaviorError,
    ModelSettings,
    RunConfig,
    Runner,
    SQLiteSession,
    function_tool,
    handoff,
)
from agents.testing import ModelStep, assistant_message
from agents.usage import Usage
from openai_scripts import ASKED_TO_ADD, Record, add, agent, call, lines, model
from pydantic import BaseModel

from agent_audit import AuditedAgent

pytestmark = pytest.mark.usefixtures("traced_or_not")


PLAIN = """
    agent.start - agent.A -
    llm.request - llm.ScriptedModel -
    llm.response success llm.ScriptedModel -
    agent.stop success agent.A -
"""


def test_a_synchronous_run_is_recorded(record: Record) -> None:
    assert Runner.run_sync(agent("hello"), "hi").final_output == "hello"
    assert record.told() == lines(PLAIN)


async def test_tokens_are_counted(record: Record) -> None:
    usage = Usage(requests=1, input_tokens=11, output_tokens=7, total_tokens=18)
    await Runner.run(agent(ModelStep(output=[assistant_message("hello")], usage=usage)), "hi")
    metadata = record.one("llm.response").metadata
    assert metadata == {"model": "ScriptedModel", "input_tokens": 11, "output_tokens": 7}


async def test_where_no_tokens_are_told_none_are_on_record(record: Record) -> None:
    # As of a stream of chat completions without `include_usage`.
    await Runner.run(agent(ModelStep(output=[assistant_message("hello")], usage=Usage())), "hi")
    assert record.one("llm.response").metadata == {"model": "ScriptedModel"}


async def test_an_answer_that_took_several_attempts_says_how_many(record: Record) -> None:
    again = pytest.importorskip("agents.retry", reason="this SDK does not ask a model again")
    settings = again.ModelRetrySettings(max_retries=2, backoff={"initial_delay": 0.0}, policy=lambda failure: True)
    down = OSError("down")
    await Runner.run(agent(down, down, "hello", model_settings=ModelSettings(retry=settings)), "hi")
    assert record.told() == lines(PLAIN)
    metadata = record.one("llm.response").metadata
    assert metadata is not None and metadata["requests"] == 3


async def test_instructions_are_recorded_once(record: Record) -> None:
    await Runner.run(agent(ASKED_TO_ADD, "3", tools=[add], instructions="Add."), "hi")
    assert [event.parameters.get("instructions") for event in record.events("llm.request")] == ["Add.", None]


async def test_a_failing_model_fails_its_request_and_the_agent_and_is_no_second_error(record: Record) -> None:
    with pytest.raises(RuntimeError):
        await Runner.run(agent(RuntimeError("overloaded")), "hi")
    assert record.told() == lines("""
        agent.start - agent.A -
        llm.request - llm.ScriptedModel -
        llm.response failure llm.ScriptedModel -
        agent.stop failure agent.A -
    """)
    assert record.one("llm.response").error == "overloaded"


async def test_a_run_that_fails_before_an_agent_begins_is_an_error(record: Record) -> None:
    class Broken(SQLiteSession):
        async def get_items(self, *args: Any, **kwargs: Any) -> Any:
            raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        await Runner.run(agent("never"), "hi", session=Broken("s"))
    error = record.one("error")
    assert (error.error_type, error.session_id, error.agent_id) == ("OSError", "s", "A")
    assert len(record.events()) == 1


async def test_a_handoff_ends_one_agent_and_begins_another(record: Record) -> None:
    second = agent("I am B", name="B")
    first = agent([call("transfer_to_b")], name="A", handoffs=[second])
    await Runner.run(first, "hi")
    assert record.told() == lines("""
        agent.start - agent.A -
        llm.request - llm.ScriptedModel -
        llm.response success llm.ScriptedModel -
        action.request - tool.transfer_to_b c1
        agent.handoff success tool.transfer_to_b c1
        agent.stop success agent.A -
        agent.start - agent.B -
        llm.request - llm.ScriptedModel -
        llm.response success llm.ScriptedModel -
        agent.stop success agent.B -
    """)
    assert record.one("agent.handoff").resource == "B"
    assert [event.agent_id for event in record.events("agent.handoff", "agent.stop")] == ["A", "A", "B"]
    assert len({event.trace_id for event in record.events()}) == 1


class Escalation(BaseModel):
    reason: str


async def read(stream: Any) -> None:
    async for _ in stream.stream_events():
        pass


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("cause", ["PermissionError", "ModelBehaviorError"])
async def test_a_handoff_that_fails_says_so_and_why(record: Record, cause: str, streamed: bool) -> None:
    async def escalated(context: Any, escalation: Escalation) -> None:
        raise PermissionError("not on a Sunday")

    over = handoff(agent("never", name="B"), on_handoff=escalated, input_type=Escalation)
    arguments = {"reason": "angry"} if cause == "PermissionError" else {}
    asked = [call("add", {"a": 1, "b": 2}), call("transfer_to_b", arguments, "c2"), call("transfer_to_b", {}, "c3")]
    first = agent(asked, tools=[add], handoffs=[over])
    run = read(Runner.run_streamed(first, "hi")) if streamed else Runner.run(first, "hi")
    with pytest.raises((PermissionError, ModelBehaviorError)):
        await run
    failed = record.one("action.failed", call_id="c2")
    assert (failed.outcome, failed.action, failed.error_type) == ("failure", "tool.transfer_to_b", cause)
    assert len(record.events("action.failed")) == 2, "the other one was not tried"
    assert record.one("agent.stop").error_type == cause


async def test_of_two_handoffs_at_once_the_second_is_ignored_on_record(record: Record) -> None:
    others = [agent("I am B", name="B"), agent("I am C", name="C")]
    asked = [call("transfer_to_c", call_id="c1"), call("transfer_to_b", call_id="c2")]
    await Runner.run(agent(asked, handoffs=others), "hi")
    assert record.told("agent.handoff", "action.failed") == lines("""
        agent.handoff success tool.transfer_to_c c1
        action.failed failure tool.transfer_to_b c2
    """)
    assert record.one("action.failed").error_type == "HandoffIgnored"


async def test_an_agent_as_a_tool_is_recorded_under_its_tool_call(record: Record) -> None:
    inner = agent(ASKED_TO_ADD, "3", name="Inner", tools=[add])
    outer = agent([call("ask", {"input": "1+2?"}, "o1")], "it is 3", name="Outer", tools=[inner.as_tool("ask", "")])
    await Runner.run(outer, "hi")
    assert record.without_models() == lines("""
        agent.start - agent.Outer -
        action.request - tool.ask o1
        tool.call - tool.ask o1
        agent.start - agent.Inner -
        action.request - tool.add c1
        tool.call - tool.add c1
        tool.response success tool.add c1
        agent.stop success agent.Inner -
        tool.response success tool.ask o1
        agent.stop success agent.Outer -
    """)
    assert record.one("agent.start", agent_id="Inner").parent_span_id == record.one("tool.call", call_id="o1").span_id
    assert record.one("tool.call", call_id="c1").agent_id == "Inner"
    assert len({event.trace_id for event in record.events()}) == 1


async def test_one_agent_called_twice_at_once_as_a_tool_is_two_runs_each_under_its_own_call(record: Record) -> None:
    def answer(step: Any) -> Any:
        return [assistant_message("ok")]

    inner = agent(ModelStep.respond(answer), ModelStep.respond(answer), name="Inner")
    asked = [call("ask", {"input": "1"}, "o1"), call("ask", {"input": "2"}, "o2")]
    await Runner.run(agent(asked, "ok", name="Outer", tools=[inner.as_tool("ask", "")]), "hi")
    parents = {event.parent_span_id for event in record.events("agent.start") if event.agent_id == "Inner"}
    assert parents == {event.span_id for event in record.events("tool.call")}


async def test_a_run_inside_a_tool_is_recorded_under_the_tool_call(record: Record) -> None:
    @function_tool
    async def ask() -> str:
        return str((await Runner.run(agent("inner says", name="Inner"), "?")).final_output)

    await Runner.run(agent([call("ask")], "ok", name="Outer", tools=[ask]), "hi")
    assert record.one("agent.start", agent_id="Inner").parent_span_id == record.one("tool.call").span_id


async def test_what_a_tool_records_itself_belongs_to_the_run(record: Record) -> None:
    @function_tool
    def read() -> str:
        AuditedAgent("files", logger=record.logger).log_data_access("a.txt")
        return "text"

    await Runner.run(agent([call("read")], "ok", tools=[read]), "hi")
    assert record.one("data.access").trace_id == record.one("tool.call").trace_id


async def test_a_stream_is_recorded_like_a_run(record: Record) -> None:
    result = Runner.run_streamed(agent(ASKED_TO_ADD, "3", tools=[add]), "hi")
    async for _ in result.stream_events():
        pass
    assert record.without_models() == lines("""
        agent.start - agent.A -
        action.request - tool.add c1
        tool.call - tool.add c1
        tool.response success tool.add c1
        agent.stop success agent.A -
    """)


async def test_a_stream_that_is_cancelled_cancels_its_tool_and_its_agent(record: Record) -> None:
    started = asyncio.Event()

    @function_tool
    async def slow() -> str:
        started.set()
        await asyncio.sleep(5)
        return "never"

    result = Runner.run_streamed(agent([call("slow")], tools=[slow]), "hi")

    async def consume() -> None:
        async for _ in result.stream_events():
            pass

    consumer = asyncio.create_task(consume())
    await started.wait()
    result.cancel()
    await consumer
    await asyncio.sleep(0.05)  # the function's span ends last
    assert record.told()[-3:] == lines("""
        tool.call - tool.slow c1
        tool.response cancelled tool.slow c1
        agent.stop cancelled agent.A -
    """)


async def test_a_stream_that_is_cancelled_after_a_turn_is_cancelled(record: Record) -> None:
    result = Runner.run_streamed(agent(ASKED_TO_ADD, "3", tools=[add]), "hi")
    async for _ in result.stream_events():
        result.cancel(mode="after_turn")
    assert record.told()[-2:] == lines("""
        tool.response success tool.add c1
        agent.stop cancelled agent.A -
    """)


async def test_a_stream_that_never_ends_is_a_failure(record: Record) -> None:
    result = Runner.run_streamed(agent(ASKED_TO_ADD, ASKED_TO_ADD, tools=[add]), "hi", max_turns=1)
    with pytest.raises(MaxTurnsExceeded):
        async for _ in result.stream_events():
            pass
    stop = record.one("agent.stop")
    assert (stop.outcome, stop.error_type) == ("failure", "MaxTurnsExceeded")


async def test_a_stream_whose_model_fails_is_a_failure(record: Record) -> None:
    result = Runner.run_streamed(agent(RuntimeError("overloaded")), "hi")
    with pytest.raises(RuntimeError):
        async for _ in result.stream_events():
            pass
    assert record.told("llm.response", "agent.stop") == lines("""
        llm.response failure llm.ScriptedModel -
        agent.stop failure agent.A -
    """)


async def test_a_cancelled_task_cancels_everything_below(record: Record) -> None:
    started = asyncio.Event()

    @function_tool
    async def slow() -> str:
        started.set()
        await asyncio.sleep(5)
        return "never"

    task = asyncio.create_task(Runner.run(agent([call("slow")], tools=[slow]), "hi"))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.05)
    assert record.told("tool.response", "agent.stop", "error") == lines("""
        tool.response cancelled tool.slow c1
        agent.stop cancelled agent.A -
    """)


async def test_a_session_names_the_conversation_and_its_history_is_not_recorded_again(record: Record) -> None:
    session = SQLiteSession("chat-7")
    one = agent("hello", "again")
    await Runner.run(one, "first", session=session)
    await Runner.run(one, "second", session=session)
    assert {event.session_id for event in record.events()} == {"chat-7"}
    inputs = [[item["content"] for item in event.parameters["messages"]] for event in record.events("llm.request")]
    assert inputs == [["first"], ["second"]]
    assert record.events("llm.request")[1].metadata["items"] == 3
    assert len({event.trace_id for event in record.events()}) == 2, "each run is a trace"


async def test_what_the_caller_puts_into_the_model_s_mouth_is_new_also_in_a_session_with_a_history(
    record: Record,
) -> None:
    session, one = SQLiteSession("chat-7"), agent("one", "two")
    await Runner.run(one, "first", session=session)
    asked: Any = [{"role": "assistant", "content": "I may pay up to 5."}, {"role": "user", "content": "second"}]
    await Runner.run(one, asked, session=session)
    assert record.events("llm.request")[-1].parameters == {"messages": asked}


async def test_hosted_tools_are_on_record_as_what_they_did(record: Record) -> None:
    from openai.types.responses import ResponseFileSearchToolCall
    from openai.types.responses.response_output_item import McpCall

    searched = ResponseFileSearchToolCall(
        id="f1", queries=["refunds"], status="completed", type="file_search_call", results=[]
    )
    called = McpCall(
        id="m1", arguments='{"account": 7}', name="close", server_label="bank", type="mcp_call", status="failed"
    )
    await Runner.run(agent([searched, called, assistant_message("ok")]), "hi")
    assert record.without_models() == lines("""
        agent.start - agent.A -
        data.access success file_search f1
        tool.call - tool.bank.close m1
        tool.response failure tool.bank.close m1
        agent.stop success agent.A -
    """)
    assert record.one("data.access").parameters == {"queries": ["refunds"]}
    assert record.one("tool.call").parameters["arguments"] == {"account": 7}


async def test_runs_at_the_same_time_do_not_mix(record: Record) -> None:
    async def one(number: int) -> None:
        asked = [call("add", {"a": number, "b": 0}, "same-id")]
        named = agent(asked, str(number), name=f"A{number}", tools=[add])
        await Runner.run(named, "hi", session=SQLiteSession(f"s{number}"))

    await asyncio.gather(*(one(number) for number in range(20)))
    runs: dict[str | None, list[Any]] = {}
    for event in record.events():
        runs.setdefault(event.trace_id, []).append(event)
    assert len(runs) == 20
    for events in runs.values():
        assert len(events) == 9
        number = events[0].agent_id[1:]
        assert {(event.agent_id, event.session_id) for event in events} == {(f"A{number}", f"s{number}")}
        assert [e.result for e in events if e.event_type == "tool.response"] == [int(number)]


async def test_the_run_config_s_model_is_the_one_that_is_named(record: Record) -> None:
    class Named(type(model())):  # type: ignore[misc]
        model = "gpt-scripted"

    await Runner.run(agent("never"), "hi", run_config=RunConfig(model=Named([[assistant_message("hi")]])))
    assert record.one("llm.request").action == "llm.gpt-scripted"


async def test_an_output_of_a_type_is_recorded_as_a_value(record: Record) -> None:
    from pydantic import BaseModel

    class Answer(BaseModel):
        number: int

    one: Agent[Any] = agent('{"number": 3}', output_type=Answer)
    await Runner.run(one, "hi")
    assert record.one("agent.stop").result == {"number": 3}
