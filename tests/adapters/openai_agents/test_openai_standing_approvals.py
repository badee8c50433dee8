"""Decisions on all calls of a tool to come."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from agents import (
    Agent,
    Runner,
    RunState,
    ShellTool,
    tool_namespace,
)
from openai_scripts import Record, add, agent, call, forget, lines, pay, payer, shell_call

from agent_audit_openai_agents import AuditRunHooks

pytestmark = pytest.mark.usefixtures("traced_or_not")


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


async def test_a_standing_approval_is_an_approval_of_each_call_that_follows(record: Record) -> None:
    one = payer([call("pay", {"amount": 6}, "c2"), call("add", {"a": 1, "b": 2}, "c3")], "done")
    result = await Runner.run(one, "hi")
    state = result.to_state()
    state.approve(result.interruptions[0], always_approve=True)
    await Runner.run(one, state)
    assert record.told("permission.check", "action.approved", "tool.call") == lines("""
        permission.check - tool.pay c1
        action.approved success tool.pay c1
        tool.call - tool.pay c1
        action.approved success tool.pay c2
        tool.call - tool.pay c2
        tool.call - tool.add c3
    """)
    first, second = record.events("action.approved")
    assert (first.metadata["always"], "standing" in first.metadata) == (True, False)
    assert (second.metadata["standing"], second.parameters) == (True, {"amount": 6})
    assert "arguments" in second.metadata


async def test_a_standing_approval_also_answers_the_other_questions_that_are_open(record: Record) -> None:
    one = payer("done", asked=[call("pay", {"amount": 1}, "c1"), call("pay", {"amount": 2}, "c2")])
    result = await Runner.run(one, "hi")
    state = result.to_state()
    state.approve(result.interruptions[0], always_approve=True)
    await Runner.run(one, state)
    assert sorted(record.told("action.approved", "action.denied")) == lines("""
        action.approved success tool.pay c1
        action.approved success tool.pay c2
    """)
    assert record.one("action.approved", call_id="c2").metadata["standing"] is True


async def test_a_standing_approval_in_a_saved_run_holds_in_a_new_process_on_record(record: Record) -> None:
    result = await Runner.run(payer(), "hi")
    state = result.to_state()
    state.approve(result.interruptions[0], always_approve=True)
    text = state.to_string()
    forget(record)
    fresh = Agent(name="A", model=agent([call("pay", {"amount": 6}, "c2")], "done").model, tools=[pay, add])
    await Runner.run(fresh, await RunState.from_string(fresh, text))
    assert record.told("action.approved", "tool.call")[1:] == lines("""
        action.approved success tool.pay c1
        tool.call - tool.pay c1
        action.approved success tool.pay c2
        tool.call - tool.pay c2
    """)


async def test_an_approval_inside_an_agent_as_a_tool_may_stand_as_well(record: Record) -> None:
    inner = payer([call("pay", {"amount": 6}, "c2")], "paid", name="Inner")
    outer = agent([call("ask", {"input": "pay"}, "o1")], "done", name="Outer", tools=[inner.as_tool("ask", "")])
    result = await Runner.run(outer, "hi")
    state = result.to_state()
    state.approve(result.interruptions[0], always_approve=True)
    await Runner.run(outer, state)
    assert record.told("action.approved", "tool.call")[1:] == lines("""
        action.approved success tool.pay c1
        tool.call - tool.pay c1
        action.approved success tool.pay c2
        tool.call - tool.pay c2
    """)
    assert record.events("action.approved")[1].agent_id == "Inner"


@pytest.mark.parametrize("approve", [True, False])
async def test_a_standing_decision_on_a_tool_of_a_namespace_is_on_record_for_each_call(
    record: Record, approve: bool
) -> None:
    def ask(call_id: str) -> list[Any]:
        asked = call("pay", {"amount": 1}, call_id)
        asked.namespace = "bank"
        return [asked]

    one = agent(ask("c1"), ask("c2"), "done", tools=tool_namespace(name="bank", description="Accounts", tools=[pay]))
    result = await Runner.run(one, "hi")
    state = result.to_state()
    if approve:
        state.approve(result.interruptions[0], always_approve=True)
    else:
        state.reject(result.interruptions[0], always_reject=True)
    await Runner.run(one, state)
    carried_out = """
        action.approved success tool.bank.pay c1
        tool.call - tool.bank.pay c1
        action.approved success tool.bank.pay c2
        tool.call - tool.bank.pay c2
    """
    refused = """
        action.denied denied tool.bank.pay c1
        action.denied denied tool.bank.pay c2
    """
    types = ("action.approved", "action.denied", "permission.denied", "tool.call")
    assert record.told(*types) == lines(carried_out if approve else refused)


async def test_a_standing_approval_of_a_shell_with_a_name_of_its_own_is_on_record_for_each_call(
    record: Record,
) -> None:
    shell = ShellTool(executor=lambda request: "listed", needs_approval=True, name="bash")
    one = agent([shell_call("s1", "ls")], [shell_call("s2", "ls")], "done", tools=[shell])
    result = await Runner.run(one, "hi")
    state = result.to_state()
    state.approve(result.interruptions[0], always_approve=True)
    await Runner.run(one, state)
    assert record.told("action.approved", "tool.call") == lines("""
        action.approved success tool.shell s1
        tool.call - tool.shell s1
        action.approved success tool.shell s2
        tool.call - tool.shell s2
    """)


async def test_hooks_alone_take_no_decision_on_one_call_for_a_standing_one(silent: Record) -> None:
    one, hooks = payer("done"), AuditRunHooks(silent.logger)
    result = await Runner.run(one, "hi", hooks=hooks)
    state = result.to_state()
    state.approve(result.interruptions[0])
    await Runner.run(one, state, hooks=hooks)
    del result, state
    gc.collect()  # nothing tells hooks that a run waits
    assert silent.told("action.approved", "tool.call") == ["tool.call - tool.pay c1"]
