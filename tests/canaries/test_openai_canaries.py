"""Secrets sent through every hook of the OpenAI Agents SDK: none is in the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from agents import Agent, GuardrailFunctionOutput, Runner, custom_span, function_tool, handoff, input_guardrail, trace
from agents.exceptions import InputGuardrailTripwireTriggered
from agents.testing import ScriptedModel, assistant_message, function_call

import agent_audit_openai_agents

from .canary import EVERYTHING_KEPT, Canaries, found_in, logger_in


@pytest.fixture(autouse=True)
def _off(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    yield
    agent_audit_openai_agents.disable()


async def act(canary: Canaries) -> None:
    @function_tool
    def pay(to: str) -> str:
        return f"paid with {canary('tool output')}"

    @function_tool(failure_error_function=None)
    def fail() -> str:
        raise OSError(f"refused: {canary('exception')}")

    @function_tool(needs_approval=True)
    def ask(to: str) -> str:
        return f"done {canary('approved output')}"

    def model(*steps: Any) -> ScriptedModel:
        return ScriptedModel([[assistant_message(s)] if isinstance(s, str) else s for s in steps])

    @input_guardrail
    def refuse(context: Any, agent: Any, question: Any) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(output_info={"why": canary("guardrail")}, tripwire_triggered=True)

    second = Agent(name="B", model=model(canary("model output")))
    first = Agent(
        name="A",
        instructions=canary("instructions"),
        model=model(
            [function_call("pay", {"to": canary("tool argument")}, call_id="c1")],
            [function_call("transfer_to_b", {}, call_id="c2")],
        ),
        tools=[pay],
        handoffs=[handoff(second)],
    )
    with trace("w", metadata={"note": canary("trace metadata")}), custom_span("s", {"data": canary("span data")}):
        await Runner.run(first, canary("question"))
    asking = Agent(
        name="C",
        model=model([function_call("ask", {"to": canary("argument to approve")}, call_id="c3")], "ok"),
        tools=[ask],
    )
    state = (await Runner.run(asking, "hi")).to_state()
    state.approve(state.get_interruptions()[0])
    await Runner.run(asking, state)
    failing = Agent(name="D", model=model([function_call("fail", {}, call_id="c4")]), tools=[fail])
    with pytest.raises(Exception, match="refused"):
        await Runner.run(failing, "hi")
    guarded = Agent(name="E", model=model("no"), input_guardrails=[refuse])
    with pytest.raises(InputGuardrailTripwireTriggered):
        await Runner.run(guarded, "hi")


# What the adapter does not put into any event: nothing of it may be in the log either.
NOT_RECORDED = {"span data", "trace metadata"}


async def test_no_secret_that_the_agents_sdk_carries_is_in_the_log(tmp_path: Path) -> None:
    found = {}
    for name, config in (("kept", EVERYTHING_KEPT), ("redacted", None)):
        canary = Canaries()
        with logger_in(tmp_path / name, config) as logger:
            agent_audit_openai_agents.enable(logger)
            await act(canary)
            agent_audit_openai_agents.disable()
        found[name] = found_in(tmp_path / name, canary)
    assert found["kept"] >= set(canary.sent) - NOT_RECORDED
    assert found["redacted"] == set()
