"""Realtime sessions over a scripted transport."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agents import (
    GuardrailFunctionOutput,
    OutputGuardrail,
    ToolGuardrailFunctionOutput,
    function_tool,
    tool_input_guardrail,
)
from agents.realtime import RealtimeAgent
from agents.realtime.model_events import (
    RealtimeModelAudioEvent,
    RealtimeModelErrorEvent,
    RealtimeModelExceptionEvent,
    RealtimeModelInputAudioTranscriptionCompletedEvent,
    RealtimeModelTranscriptDeltaEvent,
    RealtimeModelTurnEndedEvent,
    RealtimeModelTurnStartedEvent,
    RealtimeModelUsageEvent,
)
from agents.realtime.testing import ScriptedRealtimeModel
from agents.usage import Usage
from openai_scripts import Record, add, fail, lines
from realtime_scripts import TURN, TURN_ENDED, calls, hold, says, settle

import agent_audit_openai_agents
from agent_audit import WriteError
from agent_audit.testing import FailingBackend
from agent_audit_openai_agents import AuditRealtimeRunner, realtime


async def test_a_session_is_an_agent_and_its_turns_are_model_calls(silent: Record) -> None:
    async def talk(session: Any, model: ScriptedRealtimeModel) -> None:
        await session.send_message("hello")
        await session.send_audio(b"\0" * 10)
        await model.emit(
            TURN,
            RealtimeModelTranscriptDeltaEvent(item_id="i1", delta="Good ", response_id="r1"),
            RealtimeModelTranscriptDeltaEvent(item_id="i1", delta="morning", response_id="r1"),
            RealtimeModelAudioEvent(data=b"\0" * 6, response_id="r1", item_id="i1", content_index=0),
            RealtimeModelUsageEvent(usage=Usage(input_tokens=3, output_tokens=2)),
            TURN_ENDED,
            RealtimeModelInputAudioTranscriptionCompletedEvent(item_id="i2", transcript="and bye"),
            TURN,
            TURN_ENDED,
        )

    config = {"model_settings": {"model_name": "gpt-scripted"}}
    runner = AuditRealtimeRunner(
        RealtimeAgent(name="A"), model=ScriptedRealtimeModel(strict=False), config=config, logger=silent.logger
    )
    async with await runner.run(context={"user_id": "alice"}) as session:
        await talk(session, session.model)
    assert silent.told() == lines("""
        agent.start - agent.A -
        llm.request - llm.gpt-scripted -
        llm.response success llm.gpt-scripted -
        llm.request - llm.gpt-scripted -
        llm.response success llm.gpt-scripted -
        agent.stop success agent.A -
    """)
    first, second = silent.events("llm.request")
    assert first.parameters == {"messages": [{"role": "user", "content": "hello"}]}
    assert first.metadata == {"model": "gpt-scripted", "audio_bytes": 10}
    assert second.parameters == {"messages": [{"role": "user", "content": "and bye"}]}
    answer = silent.events("llm.response")[0]
    assert answer.result == "Good morning"
    assert answer.metadata == {"model": "gpt-scripted", "input_tokens": 3, "output_tokens": 2, "audio_bytes": 6}
    identities = {(event.agent_id, event.user_id, event.trace_id, event.session_id) for event in silent.events()}
    ((agent_id, user_id, trace_id, session_id),) = identities
    assert (agent_id, user_id) == ("A", "alice")
    assert trace_id
    assert session_id, "each session is one of its own"


async def test_a_tool_call_is_on_record_before_the_tool_runs(silent: Record) -> None:
    seen: list[str] = []

    @function_tool
    def look() -> str:
        seen.extend(silent.told())
        return "looked"

    await hold(silent, RealtimeAgent(name="A", tools=[look]), says(TURN, calls("look"), TURN_ENDED))
    assert seen[-1] == "tool.call - tool.look c1"
    assert sorted(silent.told()) == sorted(
        lines("""
        agent.start - agent.A -
        llm.request - llm.realtime -
        action.request - tool.look c1
        llm.response success llm.realtime -
        tool.call - tool.look c1
        tool.response success tool.look c1
        agent.stop success agent.A -
    """)
    )
    start = silent.one("agent.start")
    assert {event.parent_span_id for event in silent.events("tool.call", "llm.request")} == {start.span_id}


@pytest.mark.parametrize("async_tool_calls", [True, False])
async def test_calls_at_the_same_time_keep_their_ids(silent: Record, async_tool_calls: bool) -> None:
    @function_tool
    async def wait(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return f"waited {seconds}"

    asked = [calls("wait", f'{{"seconds": {seconds}}}', f"c{seconds}") for seconds in (0.03, 0.01, 0.02)]
    config = {"async_tool_calls": async_tool_calls}
    await hold(silent, RealtimeAgent(name="A", tools=[wait]), says(TURN, *asked, TURN_ENDED), config=config)
    results = {event.call_id: event.result for event in silent.events("tool.response")}
    assert results == {f"c{seconds}": f"waited {seconds}" for seconds in (0.03, 0.01, 0.02)}


async def test_a_tool_that_raises_has_failed_whatever_the_model_is_told(silent: Record) -> None:
    @function_tool(failure_error_function=lambda context, error: f"oh: {error}")
    def broken() -> str:
        raise KeyError("bad")

    asked = [calls("fail", call_id="c1"), calls("broken", call_id="c2"), calls("add", '{"a": 1, "b": 2}', "c3")]
    await hold(silent, RealtimeAgent(name="A", tools=[fail, broken, add]), says(*asked), modifies={"add", "fail"})
    told = {event.call_id: (event.outcome, event.error_type) for event in silent.events("tool.response")}
    assert told == {"c1": ("failure", "ValueError"), "c2": ("failure", "KeyError"), "c3": ("success", None)}
    assert silent.told("data.modify") == ["data.modify success tool.add c3"]


async def test_an_exception_that_ends_the_session_is_the_failure_of_its_tool(silent: Record) -> None:
    @function_tool(failure_error_function=None)
    def broken() -> str:
        raise ValueError("bad")

    async def talk(session: Any, model: ScriptedRealtimeModel) -> None:
        await model.emit(calls("broken"))
        with pytest.raises(ValueError, match="bad"):
            async for _ in session:
                pass

    await hold(silent, RealtimeAgent(name="A", tools=[broken]), talk)
    assert silent.told() == lines("""
        agent.start - agent.A -
        action.request - tool.broken c1
        tool.call - tool.broken c1
        tool.response failure tool.broken c1
        agent.stop failure agent.A -
    """)
    assert silent.one("tool.response").error_type == "ValueError"


async def test_an_unknown_tool_fails_the_request(silent: Record) -> None:
    await hold(silent, RealtimeAgent(name="A", tools=[add]), says(calls("nope")))
    assert silent.told() == lines("""
        agent.start - agent.A -
        action.request - tool.nope c1
        action.failed failure tool.nope c1
        agent.stop success agent.A -
    """)


async def test_a_handoff_ends_one_agent_with_the_last_of_what_it_began(silent: Record) -> None:
    second = RealtimeAgent(name="B", tools=[add])
    first = RealtimeAgent(name="A", handoffs=[second])

    async def talk(session: Any, model: ScriptedRealtimeModel) -> None:
        await model.emit(TURN, calls("transfer_to_b"))
        await settle(session)
        await model.emit(TURN_ENDED, RealtimeModelTurnStartedEvent(response_id="r2"))
        await model.emit(calls("add", '{"a": 1, "b": 2}', "c2"), RealtimeModelTurnEndedEvent(response_id="r2"))

    await hold(silent, first, talk)
    assert silent.without_models() == lines("""
        agent.start - agent.A -
        action.request - tool.transfer_to_b c1
        agent.handoff success tool.transfer_to_b c1
        agent.start - agent.B -
        agent.stop success agent.A -
        action.request - tool.add c2
        tool.call - tool.add c2
        tool.response success tool.add c2
        agent.stop success agent.B -
    """)
    assert [event.agent_id for event in silent.events("llm.response")] == ["A", "B"]
    assert silent.one("tool.call").agent_id == "B"


async def test_an_agent_that_the_application_puts_in_place_of_another_is_a_handoff(silent: Record) -> None:
    async def talk(session: Any, model: ScriptedRealtimeModel) -> None:
        await session.update_agent(RealtimeAgent(name="B"))

    await hold(silent, RealtimeAgent(name="A"), talk)
    assert silent.told() == lines("""
        agent.start - agent.A -
        agent.handoff success handoff -
        agent.start - agent.B -
        agent.stop success agent.A -
        agent.stop success agent.B -
    """)
    assert silent.one("agent.handoff").resource == "B"


async def test_an_error_of_the_transport_is_on_record(silent: Record) -> None:
    await hold(silent, RealtimeAgent(name="A"), says(RealtimeModelErrorEvent(error={"message": "bad request"})))
    error = silent.one("error")
    assert (error.outcome, error.error) == ("failure", "bad request")


@function_tool(needs_approval=True)
def pay(amount: int) -> str:
    return f"paid {amount}"


@pytest.fixture(params=["alone", "beside enable()"])
def approving(request: pytest.FixtureRequest, silent: Record) -> Record:
    if request.param != "alone":
        agent_audit_openai_agents.enable(silent.logger)
    return silent


async def test_an_approved_call_is_asked_approved_and_carried_out(approving: Record) -> None:
    async def talk(session: Any, model: ScriptedRealtimeModel) -> None:
        await model.emit(calls("pay", '{"amount": 5}'))
        await settle(session)
        await session.approve_tool_call("c1", always=True)
        await settle(session)
        await model.emit(calls("pay", '{"amount": 6}', "c2"))

    await hold(approving, RealtimeAgent(name="A", tools=[pay]), talk)
    assert approving.told() == lines("""
        agent.start - agent.A -
        action.request - tool.pay c1
        permission.check - tool.pay c1
        action.approved success tool.pay c1
        tool.call - tool.pay c1
        tool.response success tool.pay c1
        action.request - tool.pay c2
        action.approved success tool.pay c2
        tool.call - tool.pay c2
        tool.response success tool.pay c2
        agent.stop success agent.A -
    """)
    first, second = approving.events("action.approved")
    assert (first.metadata["always"], second.metadata["standing"]) == (True, True)


async def test_a_rejected_call_is_denied_and_has_no_tool_event(approving: Record) -> None:
    async def talk(session: Any, model: ScriptedRealtimeModel) -> None:
        await model.emit(calls("pay", '{"amount": 5}'))
        await settle(session)
        await session.reject_tool_call("c1", always=True, rejection_message="too much")
        await model.emit(calls("pay", '{"amount": 6}', "c2"))

    await hold(approving, RealtimeAgent(name="A", tools=[pay]), talk)
    assert approving.told() == lines("""
        agent.start - agent.A -
        action.request - tool.pay c1
        permission.check - tool.pay c1
        action.denied denied tool.pay c1
        action.request - tool.pay c2
        action.denied denied tool.pay c2
        agent.stop success agent.A -
    """)
    first, second = approving.events("action.denied")
    assert (first.metadata["message"], second.metadata["standing"]) == ("too much", True)


async def test_a_call_that_its_guardrail_rejects_was_not_permitted(silent: Record) -> None:
    @tool_input_guardrail
    def never(data: Any) -> ToolGuardrailFunctionOutput:
        return ToolGuardrailFunctionOutput.reject_content("not one of us")

    @function_tool(tool_input_guardrails=[never])
    def send(to: str) -> str:
        raise AssertionError("rejected")

    await hold(silent, RealtimeAgent(name="A", tools=[send]), says(calls("send", '{"to": "x"}')))
    assert silent.told("tool.call", "permission.denied") == ["permission.denied denied tool.send c1"]
    assert silent.one("permission.denied").error == "not one of us"


async def test_a_guardrail_that_trips_is_on_record_with_what_it_found(silent: Record) -> None:
    def no_secrets(context: Any, agent: Any, output: str) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput({"found": "secret"}, "secret" in output)

    one = RealtimeAgent(name="A", output_guardrails=[OutputGuardrail(no_secrets)])
    spoken = RealtimeModelTranscriptDeltaEvent(item_id="i1", delta="the secret " * 20, response_id="r1")
    await hold(silent, one, says(TURN, spoken, TURN_ENDED))
    tripped = silent.one("guardrail.tripped")
    assert (tripped.action, tripped.result) == ("guardrail.no_secrets", {"found": "secret"})


async def test_a_session_that_is_closed_cancels_its_tools_and_gives_up_its_requests(silent: Record) -> None:
    started = asyncio.Event()

    @function_tool
    async def slow() -> str:
        started.set()
        await asyncio.sleep(60)
        return "never"

    async def talk(session: Any, model: ScriptedRealtimeModel) -> None:
        await model.emit(TURN, calls("slow"))
        await started.wait()
        await session.close()

    await hold(silent, RealtimeAgent(name="A", tools=[slow]), talk)
    assert silent.told()[-3:] == lines("""
        tool.response cancelled tool.slow c1
        llm.response cancelled llm.realtime -
        agent.stop success agent.A -
    """)


async def test_a_call_that_waits_when_the_session_is_closed_is_not_carried_out(silent: Record) -> None:
    async def talk(session: Any, model: ScriptedRealtimeModel) -> None:
        await model.emit(calls("pay", '{"amount": 5}'))
        await settle(session)
        await session.close()

    await hold(silent, RealtimeAgent(name="A", tools=[pay]), talk)
    assert silent.told() == lines("""
        agent.start - agent.A -
        action.request - tool.pay c1
        permission.check - tool.pay c1
        action.failed cancelled tool.pay c1
        agent.stop success agent.A -
    """)


async def test_a_connection_that_fails_is_a_failure_of_the_agent(silent: Record) -> None:
    model = ScriptedRealtimeModel(connect_error=OSError("no network"))
    runner = AuditRealtimeRunner(RealtimeAgent(name="A"), model=model, logger=silent.logger)
    with pytest.raises(OSError, match="no network"):
        await (await runner.run()).enter()
    stop = silent.one("agent.stop")
    assert (stop.outcome, stop.error_type) == ("failure", "OSError")


async def test_a_transport_that_breaks_is_a_failure_of_the_agent(silent: Record) -> None:
    async def talk(session: Any, model: ScriptedRealtimeModel) -> None:
        await model.emit(RealtimeModelExceptionEvent(exception=ConnectionError("gone")))
        with pytest.raises(ConnectionError):
            async for _ in session:
                pass

    await hold(silent, RealtimeAgent(name="A"), talk)
    assert silent.one("agent.stop").error_type == "ConnectionError"


async def test_no_record_no_session_no_tool_no_decision(strict: Record, backend: FailingBackend) -> None:
    ran: list[str] = []

    @function_tool
    def act() -> str:
        ran.append("acted")
        return "done"

    one = RealtimeAgent(name="A", tools=[act, pay])
    runner = AuditRealtimeRunner(one, model=ScriptedRealtimeModel(strict=False), logger=strict.logger)
    backend.failing = True
    with pytest.raises(WriteError):
        await (await runner.run()).enter()
    backend.failing = False
    async with await runner.run() as session:
        await session.model.emit(calls("pay", '{"amount": 5}', "c0"))
        await settle(session)
        backend.failing = True
        with pytest.raises(WriteError):
            await session.approve_tool_call("c0")
        await session.model.emit(calls("act"))
        await settle(session)
        backend.failing = False
    assert not ran


async def test_without_the_place_that_events_pass_they_are_recorded_as_the_session_is_iterated(
    silent: Record, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for seam in realtime.EVENTS:
        monkeypatch.setattr(seam, "path", f"{seam.path}_gone")
        monkeypatch.setattr(seam, "_warned", False)
    for name in ("_put_event", "_put_event_nowait"):  # as if the SDK did not call them
        monkeypatch.delattr(f"agent_audit_openai_agents.realtime.AuditRealtimeSession.{name}")

    async def talk(session: Any, model: ScriptedRealtimeModel) -> None:
        await model.emit(TURN, calls("add", '{"a": 1, "b": 2}'), TURN_ENDED)
        await settle(session)
        async for event in session:
            if event.type == "tool_end":
                break

    await hold(silent, RealtimeAgent(name="A", tools=[add]), talk)
    assert silent.without_models() == lines("""
        agent.start - agent.A -
        action.request - tool.add c1
        tool.call - tool.add c1
        tool.response success tool.add c1
        agent.stop success agent.A -
    """)
    assert "not on record before they run" in caplog.text
