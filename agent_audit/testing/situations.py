"""What every adapter must record: small agents, and what must be on record of them.

@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
async def test_the_adapter_conforms(situation):
    await situation.check(Driver())
"""

from __future__ import annotations

import asyncio

import agent_audit.testing.questions  # noqa: F401  # adds its situations
from agent_audit.errors import WriteError
from agent_audit.event import AuditEvent, AuditEventType, Outcome
from agent_audit.testing.bench import SITUATIONS, Bench, Situation, situation
from agent_audit.testing.script import Script, ScriptedCall, ScriptedTool

__all__ = ["SITUATIONS", "Situation"]

T = AuditEventType


def _add(a: int, b: int) -> int:
    return a + b


ADD = ScriptedTool("add", _add)
ASKS_TO_ADD = [ScriptedCall("add", {"a": 1, "b": 2})]
DONE = [("action.request", None), ("tool.call", None), ("tool.response", Outcome.SUCCESS)]


@situation("an answer is a model call under an agent")
async def _an_answer(bench: Bench) -> None:
    assert await bench.run(Script(["hello"], question="say hello")) is None
    assert [str(event.event_type) for event in bench.events()] == [
        "agent.start",
        "llm.request",
        "llm.response",
        "agent.stop",
    ], bench
    start, asked, answered, stop = bench.events()
    assert (start.agent_id, answered.outcome, stop.outcome) == ("clerk", Outcome.SUCCESS, Outcome.SUCCESS), bench
    assert "say hello" in str(asked.parameters), "what the model is asked"
    assert "hello" in str(answered.result), "what it answers"
    assert asked.parent_span_id == start.span_id, "a model is called under its agent"


@situation("a tool call is on record before the tool runs and its result after")
async def _a_tool(bench: Bench) -> None:
    seen: list[str] = []

    def look(place: str) -> str:
        seen.extend(str(event.event_type) for event in bench.events(call_id="c1"))
        return f"looked at {place}"

    script = Script([[ScriptedCall("look", {"place": "cellar"})], "done"], [ScriptedTool("look", look)])
    assert await bench.run(script) is None
    assert seen == ["action.request", "tool.call"], "the intent is on record before the effect"
    assert bench.story("c1") == DONE, bench
    call, response = bench.one(T.TOOL_CALL), bench.one(T.TOOL_RESPONSE)
    assert (call.action, call.parameters) == ("tool.look", {"place": "cellar"})
    assert "looked at cellar" in str(response.result)


@situation("a tool that raises has failed whatever the model is told")
async def _a_failing_tool(bench: Bench) -> None:
    def fail() -> str:
        raise ValueError("no such account")

    await bench.run(Script([[ScriptedCall("fail")], "sorry"], [ScriptedTool("fail", fail)]))
    response = bench.one(T.TOOL_RESPONSE)
    assert (response.outcome, response.error_type) == (Outcome.FAILURE, "ValueError"), bench
    assert "no such account" in str(response.error)


@situation("a model call has what is new and who answered at what cost")
async def _what_is_new(bench: Bench) -> None:
    def look(place: str) -> str:
        return f"looked at {place}"

    calls, tools = [ScriptedCall("look", {"place": "cellar"})], [ScriptedTool("look", look)]
    assert await bench.run(Script([calls, "done"], tools, question="where is the key?", tokens=(7, 3))) is None
    first, second = bench.events(T.LLM_REQUEST)
    assert "where is the key?" in str(first.parameters), bench
    assert "where is the key?" not in str(second.parameters), "the whole history is recorded with each model call"
    assert "looked at cellar" in str(second.parameters), "what is new is not recorded"
    for answer in bench.events(T.LLM_RESPONSE):
        facts = answer.metadata or {}
        assert facts.get("model"), f"which model has answered: {facts}"
        assert (facts.get("input_tokens"), facts.get("output_tokens")) == (7, 3), facts


@situation("a streamed run is recorded like any other")
async def _a_stream(bench: Bench) -> None:
    assert await bench.run(Script([ASKS_TO_ADD, "it is three"], [ADD], streamed=True)) is None
    assert bench.story("c1") == DONE, bench
    asking, answering = bench.events(T.LLM_RESPONSE)
    assert (asking.outcome, answering.outcome) == (Outcome.SUCCESS, Outcome.SUCCESS), bench
    assert "it is three" in " ".join(str(answering.result).split()), "what the model answers"
    assert bench.one(T.AGENT_STOP).outcome == Outcome.SUCCESS, bench


@situation("a stream that is left early is no success")
async def _a_stream_left_early(bench: Bench) -> None:
    await bench.run(Script([ASKS_TO_ADD, "it is three"], [ADD], streamed=True, left_early=True))
    await asyncio.sleep(0.1)  # frameworks clean up afterwards
    assert bench.one(T.AGENT_STOP).outcome in (Outcome.CANCELLED, Outcome.UNKNOWN), bench


@situation("tools that run at once keep their ids")
async def _tools_at_once(bench: Bench) -> None:
    calls = [ScriptedCall("add", {"a": number, "b": 0}, f"c{number}") for number in range(5)]
    assert await bench.run(Script([calls, "done"], [ADD])) is None
    for number in range(5):
        assert bench.story(f"c{number}") == DONE, bench
        assert str(number) in str(bench.one(T.TOOL_RESPONSE, call_id=f"c{number}").result)


@situation("an unknown tool is a failure on record")
async def _an_unknown_tool(bench: Bench) -> None:
    await bench.run(Script([[ScriptedCall("nope")], "sorry"], [ADD]))
    assert Outcome.SUCCESS not in {event.outcome for event in bench.events(call_id="c1")}, bench
    assert Outcome.FAILURE in {event.outcome for event in bench.events(call_id="c1")}, bench


@situation("arguments that do not fit are kept as they came and are a failure")
async def _bad_arguments(bench: Bench) -> None:
    await bench.run(Script([[ScriptedCall("add", {"a": "many", "b": 2})], "sorry"], [ADD]))
    assert bench.one(T.ACTION_REQUEST).parameters == {"a": "many", "b": 2}
    assert [event.outcome for event in bench.events(T.TOOL_RESPONSE, T.ACTION_FAILED)] == [Outcome.FAILURE], bench


@situation("a model that raises fails its call and its agent and is no second error")
async def _a_failing_model(bench: Bench) -> None:
    assert isinstance(await bench.run(Script([RuntimeError("overloaded")])), RuntimeError)
    response, stop = bench.one(T.LLM_RESPONSE), bench.one(T.AGENT_STOP)
    assert (response.outcome, response.error_type, stop.outcome) == (
        Outcome.FAILURE,
        "RuntimeError",
        Outcome.FAILURE,
    ), bench
    assert not bench.events(T.ERROR), "an exception that passes up is recorded where it arose, once"


@situation("an agent inside an agent runs under the call of the outer one")
async def _a_nested_agent(bench: Bench) -> None:
    inner = Script([ASKS_TO_ADD, "3"], [ADD], name="helper")
    ask = ScriptedTool("ask", agent=inner)
    assert await bench.run(Script([[ScriptedCall("ask", {"text": "1+2?"}, "o1")], "3"], [ask])) is None
    assert len({event.trace_id for event in bench.events()}) == 1, bench
    by_span = {event.span_id: event for event in bench.events(T.AGENT_START, T.TOOL_CALL)}
    above: AuditEvent | None = bench.one(T.AGENT_START, agent_id="helper")
    path = []
    while above is not None:
        path.append(above.action)
        above = by_span.get(above.parent_span_id)
    assert path == ["agent.helper", "tool.ask", "agent.clerk"], f"the inner agent runs under the outer's call: {path}"
    assert bench.one(T.TOOL_CALL, action="tool.add").agent_id == "helper"
    assert bench.one(T.TOOL_RESPONSE, call_id="o1").outcome == Outcome.SUCCESS


@situation("runs at the same time do not mix")
async def _runs_at_once(bench: Bench) -> None:
    def script(number: int) -> Script:
        calls = [ScriptedCall("add", {"a": number, "b": 0}, "same")]
        return Script([calls, "done"], [ADD], name=f"clerk{number}", session_id=f"s{number}", user_id=f"u{number}")

    with bench.driver.recording(bench.logger):
        await asyncio.gather(*(bench.driver.run(script(number)) for number in range(10)))
    traces: dict[str | None, set[tuple[str | None, ...]]] = {}
    for event in bench.events():
        traces.setdefault(event.trace_id, set()).add((event.agent_id, event.session_id, event.user_id))
    expected = [{(f"clerk{number}", f"s{number}", f"u{number}")} for number in range(10)]
    assert sorted(traces.values(), key=str) == sorted(expected, key=str), bench
    for event in bench.events(T.TOOL_RESPONSE):
        assert str(event.agent_id).removeprefix("clerk") in str(event.result)


def _identities(bench: Bench) -> set[tuple[str | None, ...]]:
    return {(event.agent_id, event.session_id, event.user_id) for event in bench.events()}


@situation("what the settings say goes before what the run says")
async def _given(bench: Bench) -> None:
    given = {"agent_id": "accounting", "session_id": "case-7", "user_id": "alice"}
    assert await bench.run(Script([ASKS_TO_ADD, "3"], [ADD], session_id="s", user_id="u"), **given) is None
    assert _identities(bench) == {("accounting", "case-7", "alice")}, bench


@situation("the context callable says who where the settings do not")
async def _told(bench: Bench) -> None:
    told = {"session_id": "case-7", "user_id": "bob"}
    settings = {"user_id": "alice", "context": lambda carried: told}
    assert await bench.run(Script([ASKS_TO_ADD, "3"], [ADD]), **settings) is None
    assert _identities(bench) == {("clerk", "case-7", "alice")}, bench


@situation("a cancelled run is cancelled on record")
async def _a_cancelled_run(bench: Bench) -> None:
    started = asyncio.Event()

    async def slow() -> str:
        started.set()
        await asyncio.sleep(60)
        return "never"

    with bench.driver.recording(bench.logger):
        script = Script([[ScriptedCall("slow")], "never"], [ScriptedTool("slow", slow)])
        task = asyncio.create_task(bench.driver.run(script))
        await asyncio.wait_for(started.wait(), 30)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0.1)  # frameworks clean up afterwards
    outcomes = {event.outcome for event in bench.events(T.TOOL_RESPONSE, T.AGENT_STOP)}
    assert outcomes <= {Outcome.CANCELLED, Outcome.UNKNOWN}, bench
    assert Outcome.CANCELLED in outcomes, bench


@situation("a declared tool changes data when it has succeeded")
async def _declared_changes(bench: Bench) -> None:
    def fail() -> str:
        raise ValueError("no")

    # One after the other: a failure beside it may cancel the call that would have succeeded.
    adding, failing = ScriptedCall("add", {"a": 1, "b": 2}, "c1"), ScriptedCall("fail", {}, "c2")
    script = Script([[adding], [failing], "done"], [ADD, ScriptedTool("fail", fail)])
    await bench.run(script, modifies={"add", "fail"})
    assert [event.call_id for event in bench.events(T.DATA_MODIFY)] == ["c1"], "what has succeeded has changed data"


@situation("no secret gets in")
async def _a_secret(bench: Bench) -> None:
    def log_in(password: str) -> str:
        return f"welcome, password={password}"

    script = Script([[ScriptedCall("log_in", {"password": "hunter2-hunter2"})], "in"], [ScriptedTool("log_in", log_in)])
    assert await bench.run(script) is None
    assert "hunter2" not in "".join(event.to_json() for event in bench.events()), bench
    assert bench.one(T.TOOL_CALL).metadata is not None, "what was masked is named"


@situation("no record, no tool call", on_failure="raise")
async def _no_record_no_tool(bench: Bench) -> None:
    ran: list[str] = []

    def act() -> str:
        ran.append("acted")
        return "done"

    bench.backend.refused_type = "tool.call"
    error = await bench.run(Script([[ScriptedCall("act")], "done"], [ScriptedTool("act", act)]))
    assert not ran, "the tool ran although its call could not be recorded"
    assert error is not None, "the run went on"


@situation("no record, no agent", on_failure="raise")
async def _no_record_no_agent(bench: Bench) -> None:
    done: list[str] = []

    def act() -> str:
        done.append("acted")
        return "done"

    bench.backend.refused_type = "agent.start"
    tools = [ScriptedTool("act", act)]
    error = await bench.run(Script([[ScriptedCall("act")], "done"], tools, on_model=lambda: done.append("asked")))
    assert not done, "the agent went to work although its start could not be recorded"
    assert error is not None, "the run went on"


@situation("no record, no model call", on_failure="raise")
async def _no_record_no_model(bench: Bench) -> None:
    asked: list[str] = []
    bench.backend.refused_type = "llm.request"
    error = await bench.run(Script(["hello"], on_model=lambda: asked.append("asked")))
    assert not asked, "the model was asked although that could not be recorded"
    assert isinstance(error, WriteError) or isinstance(getattr(error, "__cause__", None), WriteError), f"{error!r}"


@situation("a store that fails does not stop the agent")
async def _a_store_that_fails(bench: Bench) -> None:
    bench.backend.failing = True
    assert await bench.run(Script([ASKS_TO_ADD, "3"], [ADD])) is None, "the agent goes on"
    bench.backend.failing = False
    bench.logger.flush()
    assert bench.story("c1") == DONE, "what waited is written when writing works again"


@situation("what is switched on twice records once, and switched off nothing")
async def _switched_off(bench: Bench) -> None:
    with bench.driver.recording(bench.logger), bench.driver.recording(bench.logger):
        await bench.driver.run(Script(["hello"]))
    assert len(bench.events(T.AGENT_START)) == 1, "switched on twice, recorded once"
    before = len(bench.events())
    await bench.driver.run(Script(["hello"]))
    assert len(bench.events()) == before, "recorded although it was switched off"
