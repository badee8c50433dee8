"""Questions to humans and their answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from agents import Agent, RunContextWrapper, Runner, RunState, function_tool, set_tracing_disabled
from openai_scripts import Record, add, agent, call, lines

import agent_audit_openai_agents
from agent_audit import identify


@pytest.fixture(params=["traced", "untraced"], autouse=True)
def _tracing(request: pytest.FixtureRequest) -> Any:
    """Everything here holds with tracing disabled as well."""
    set_tracing_disabled(request.param == "untraced")
    yield
    set_tracing_disabled(False)


@function_tool(needs_approval=True)
def pay(amount: int) -> str:
    return f"paid {amount}"


def payer(*after: Any, asked: Any = None, **settings: Any) -> Agent[Any]:
    return agent(asked or [call("pay", {"amount": 5})], *after, tools=[pay, add], **settings)


ASKED = """
    agent.start - agent.A -
    action.request - tool.pay c1
    permission.check - tool.pay c1
    agent.stop suspended agent.A -
"""
CARRIED_OUT = """
    action.approved success tool.pay c1
    agent.start - agent.A -
    tool.call - tool.pay c1
    tool.response success tool.pay c1
    agent.stop success agent.A -
"""
REFUSED = """
    action.denied denied tool.pay c1
    agent.start - agent.A -
    agent.stop success agent.A -
"""


async def test_an_approved_call_is_asked_approved_and_carried_out(record: Record) -> None:
    one = payer("done")
    result = await Runner.run(one, "hi")
    assert record.without_models() == lines(ASKED)
    state = result.to_state()
    state.approve(result.interruptions[0])
    await Runner.run(one, state)
    assert record.without_models() == lines(ASKED + CARRIED_OUT)
    assert record.one("permission.check").parameters == {"amount": 5}
    approved = record.one("action.approved")
    assert approved.parameters == {"amount": 5}
    assert set(approved.metadata) == {"arguments"}, "with a digest of what was approved"
    assert (approved.trace_id, approved.agent_id) == (record.events()[0].trace_id, "A")


async def test_a_rejected_call_is_denied_and_has_no_tool_event(record: Record) -> None:
    one = payer("as you wish")
    result = await Runner.run(one, "hi")
    state = result.to_state()
    with identify(user_id="boss"):
        state.reject(result.interruptions[0], rejection_message="too much", always_reject=True)
    await Runner.run(one, state)
    assert record.without_models() == lines(ASKED + REFUSED)
    denied = record.one("action.denied")
    assert (denied.metadata["message"], denied.metadata["always"]) == ("too much", True)
    assert denied.user_id == "boss"


async def test_a_standing_refusal_is_a_denial_each_time(record: Record) -> None:
    again = [call("pay", {"amount": 6}, "c2")]
    one = payer(again, "as you wish")
    result = await Runner.run(one, "hi")
    state = result.to_state()
    state.reject(result.interruptions[0], always_reject=True)
    await Runner.run(one, state)
    assert record.told("action.denied", "permission.denied") == lines("""
        action.denied denied tool.pay c1
        action.denied denied tool.pay c2
    """)


async def test_a_serialised_run_is_decided_on_and_resumed(record: Record) -> None:
    result = await Runner.run(payer(), "hi")
    text = result.to_state().to_string()
    # As in another process: nothing is remembered but the text.
    agent_audit_openai_agents.recording.Recording.of(record.logger).questions.pop("c1")
    fresh = Agent(name="A", model=agent("done").model, tools=[pay, add])
    state: RunState[Any] = await RunState.from_string(fresh, text)
    state.approve(state.get_interruptions()[0])
    await Runner.run(fresh, state)
    assert record.without_models() == lines(ASKED + CARRIED_OUT)
    assert record.one("action.approved").agent_id == "A"


RESUME = """
import asyncio, json, sys
import agent_audit_openai_agents
from agents import Agent, Runner, RunState, function_tool
from agents.testing import ScriptedModel, assistant_message
from agent_audit import AuditLogger, MemoryAuditBackend

@function_tool(needs_approval=True)
def pay(amount: int) -> str:
    return f"paid {amount}"

async def main():
    backend = MemoryAuditBackend()
    agent_audit_openai_agents.enable(AuditLogger(backend))
    agent = Agent(name="A", model=ScriptedModel([[assistant_message("done")]]), tools=[pay])
    state = await RunState.from_string(agent, sys.stdin.read())
    state.reject(state.get_interruptions()[0], rejection_message="no")
    await Runner.run(agent, state)
    print(json.dumps([[str(e.event_type), e.outcome, e.call_id, e.agent_id] for e in backend.events()]))

asyncio.run(main())
"""


async def test_a_decision_in_another_process_is_on_record_there(record: Record, tmp_path: Path) -> None:
    result = await Runner.run(payer(), "hi")
    text = result.to_state().to_string()
    done = subprocess.run(
        [sys.executable, "-c", RESUME], input=text, capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert json.loads(done.stdout)[0] == ["action.denied", "denied", "c1", "A"]


async def test_only_what_is_not_decided_is_asked_again(record: Record) -> None:
    asked = [call("pay", {"amount": 1}, "c1"), call("pay", {"amount": 2}, "c2")]
    one = payer("done", asked=asked)
    result = await Runner.run(one, "hi")
    state = result.to_state()
    state.approve(result.interruptions[0])
    second = await Runner.run(one, state)
    assert len(second.interruptions) == 1
    state = second.to_state()
    state.reject(second.interruptions[0])
    await Runner.run(one, state)
    assert record.told("permission.check", "action.approved", "action.denied", "tool.call") == lines("""
        permission.check - tool.pay c1
        permission.check - tool.pay c2
        action.approved success tool.pay c1
        tool.call - tool.pay c1
        action.denied denied tool.pay c2
    """)


async def test_a_tool_that_runs_beside_one_that_waits_is_recorded_in_the_first_run(record: Record) -> None:
    one = payer("done", asked=[call("pay", {"amount": 1}, "c1"), call("add", {"a": 1, "b": 2}, "c2")])
    result = await Runner.run(one, "hi")
    state = result.to_state()
    state.approve(result.interruptions[0])
    await Runner.run(one, state)
    assert record.told("tool.call", "agent.stop") == lines("""
        tool.call - tool.add c2
        agent.stop suspended agent.A -
        tool.call - tool.pay c1
        agent.stop success agent.A -
    """)


async def test_a_stream_that_waits_is_suspended(record: Record) -> None:
    one = payer("done")
    result = Runner.run_streamed(one, "hi")
    async for _ in result.stream_events():
        pass
    assert record.without_models() == lines(ASKED)
    state = result.to_state()
    state.approve(result.interruptions[0])
    resumed = Runner.run_streamed(one, state)
    async for _ in resumed.stream_events():
        pass
    assert record.without_models() == lines(ASKED + CARRIED_OUT)


async def test_an_agent_as_a_tool_that_waits_is_suspended_and_goes_on(record: Record) -> None:
    inner = payer("paid", name="Inner")
    outer = agent([call("ask", {"input": "pay"}, "o1")], "done", name="Outer", tools=[inner.as_tool("ask", "")])
    result = await Runner.run(outer, "hi")
    assert record.without_models() == lines("""
        agent.start - agent.Outer -
        action.request - tool.ask o1
        tool.call - tool.ask o1
        agent.start - agent.Inner -
        action.request - tool.pay c1
        permission.check - tool.pay c1
        agent.stop suspended agent.Inner -
        tool.response suspended tool.ask o1
        agent.stop suspended agent.Outer -
    """)
    before = len(record.without_models())
    state = result.to_state()
    state.approve(result.interruptions[0])
    await Runner.run(outer, state)
    assert record.without_models()[before:] == lines("""
        action.approved success tool.pay c1
        agent.start - agent.Inner -
        tool.call - tool.pay c1
        tool.response success tool.pay c1
        agent.stop success agent.Inner -
        tool.response success tool.ask o1
        agent.start - agent.Outer -
        agent.stop success agent.Outer -
    """)


async def test_a_decision_that_the_sdk_takes_otherwise_is_seen_when_the_run_is_resumed(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Versions without the place that decisions pass."""
    from agent_audit_openai_agents import approvals, runner

    approvals.unwrap_decisions()
    monkeypatch.setattr(runner, "can_wrap_decisions", lambda: False)
    one = payer("done")
    result = await Runner.run(one, "hi")
    state = result.to_state()
    state.approve(result.interruptions[0])
    await Runner.run(one, state)
    assert record.without_models() == lines(ASKED + CARRIED_OUT)
    assert record.one("action.approved").source.hook == "resume"


async def test_a_tool_may_be_approved_through_the_run_s_context(record: Record) -> None:
    context: RunContextWrapper[Any] = RunContextWrapper(context=None)
    result = await Runner.run(payer("done"), "hi")
    context.approve_tool(result.interruptions[0])
    assert record.told("action.approved") == ["action.approved success tool.pay c1"]
