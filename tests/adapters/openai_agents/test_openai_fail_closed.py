"""No record, no action: with `on_failure="raise"`."""

from __future__ import annotations

from typing import Any

import pytest
from agents import Runner, UserError, function_tool
from agents.testing import ModelStep, assistant_message
from openai.types.responses.response_output_item import ImageGenerationCall
from openai_scripts import Record, agent, call

import agent_audit_openai_agents
from agent_audit import AuditLogger, WriteError
from agent_audit.testing import FailingBackend
from agent_audit_openai_agents import AuditRunHooks


@pytest.fixture(params=["enabled", "hooks"])
def options(request: pytest.FixtureRequest, strict: Record) -> dict[str, Any]:
    if request.param == "hooks":
        return {"hooks": AuditRunHooks(strict.logger)}
    agent_audit_openai_agents.enable(strict.logger)
    return {}


async def test_a_model_is_not_asked_when_that_cannot_be_recorded(
    backend: FailingBackend, options: dict[str, Any]
) -> None:
    asked: list[Any] = []

    def answer(step: Any) -> Any:
        asked.append(step)
        return [assistant_message("hello")]

    backend.failing = True
    with pytest.raises(WriteError):
        await Runner.run(agent(ModelStep.respond(answer)), "hi", **options)
    assert not asked


async def test_a_tool_does_not_run_when_that_cannot_be_recorded(
    backend: FailingBackend, options: dict[str, Any]
) -> None:
    ran: list[str] = []

    @function_tool
    def pay() -> str:
        ran.append("paid")
        return "paid"

    @function_tool
    def stop_recording() -> str:
        backend.failing = True
        return "ok"

    asked = [call("stop_recording", call_id="c1")]
    with pytest.raises((UserError, WriteError)):
        await Runner.run(agent(asked, [call("pay", call_id="c2")], "ok", tools=[pay, stop_recording]), "hi", **options)
    assert not ran


async def test_a_tool_does_not_run_when_its_intent_is_what_cannot_be_recorded(
    backend: FailingBackend, options: dict[str, Any]
) -> None:
    ran: list[str] = []
    backend.refused_type = "tool.call"

    @function_tool
    def pay() -> str:
        ran.append("paid")
        return "paid"

    with pytest.raises((UserError, WriteError)):
        await Runner.run(agent([call("pay")], "ok", tools=[pay]), "hi", **options)
    assert not ran


async def test_a_decision_that_cannot_be_recorded_is_not_taken(backend: FailingBackend, strict: Record) -> None:
    @function_tool(needs_approval=True)
    def pay() -> str:
        raise AssertionError("it was not approved")

    agent_audit_openai_agents.enable(strict.logger)
    one = agent([call("pay")], "ok", tools=[pay])
    result = await Runner.run(one, "hi")
    state = result.to_state()
    backend.failing = True
    with pytest.raises(WriteError):
        state.approve(result.interruptions[0])
    backend.failing = False
    assert (await Runner.run(one, state)).interruptions, "it still waits"


async def test_what_the_provider_has_run_is_no_less_an_answer_when_it_cannot_be_recorded(
    backend: FailingBackend, strict: Record, options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    drawn = {"type": "image_generation_call", "id": "g1", "status": "completed", "result": "aW1n"}
    backend.refused_type = "tool.call"
    one = agent([ImageGenerationCall(**drawn), assistant_message("here it is")])
    assert (await Runner.run(one, "hi", **options)).final_output == "here it is"
    assert not [told for told in caplog.records if told.name.startswith("agent_audit")]
    backend.refused_type = None
    strict.logger.flush()
    called, ended = strict.one("tool.call"), strict.one("tool.response")
    assert (called.span_id, called.metadata) == (ended.span_id, {"hosted": True})
    assert ended.duration_ms is None, "nobody knows how long it took"


async def test_with_warn_the_agent_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    backend = FailingBackend()
    with AuditLogger(backend) as logger:
        agent_audit_openai_agents.enable(logger)
        assert (await Runner.run(agent("hello"), "hi")).final_output == "hello"
        backend.failing = False
    assert [event.event_type for event in backend.events()][-1] == "agent.stop"
