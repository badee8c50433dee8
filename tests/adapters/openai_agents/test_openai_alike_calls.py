"""Questions of one run that look alike, and decisions that are taken twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agents import Agent, Runner, RunState, SQLiteSession, UserError, function_tool
from openai_scripts import Record, agent, call, lines

ID = "functions.pay:0"
"""Some models number their calls like this, anew in each conversation."""


@function_tool(needs_approval=True)
def pay(amount: int) -> str:
    return f"paid {amount}"


def paying(name: str, amount: int) -> Agent[Any]:
    return agent([call("pay", {"amount": amount}, ID)], "done", name=name, tools=[pay])


@pytest.mark.parametrize("amounts", [(1, 2), (1, 1)], ids=["different", "same"])
@pytest.mark.parametrize("saved", [False, True], ids=["kept", "saved"])
async def test_agents_inside_a_run_that_number_their_calls_alike_ask_and_are_answered_each_for_itself(
    record: Record, amounts: tuple[int, int], saved: bool
) -> None:
    first, second = paying("First", amounts[0]), paying("Second", amounts[1])
    asked = [call("one", {"input": "?"}, "o1"), call("two", {"input": "?"}, "o2")]
    outer = agent(asked, "done", name="Outer", tools=[first.as_tool("one", ""), second.as_tool("two", "")])
    result = await Runner.run(outer, "hi", session=SQLiteSession("s"))
    state = await RunState.from_json(outer, result.to_state().to_json()) if saved else result.to_state()
    for item in state.get_interruptions():
        (state.approve if item.agent.name == "First" else state.reject)(item)
    await Runner.run(outer, state, session=SQLiteSession("s"))
    about = record.events("permission.check", "action.approved", "action.denied", "tool.call")
    assert [(event.event_type, event.agent_id) for event in about if event.call_id == ID] == [
        ("permission.check", "First"),
        ("permission.check", "Second"),
        ("action.approved", "First"),
        ("action.denied", "Second"),
        ("tool.call", "First"),
    ]
    assert {event.session_id for event in record.events()} == {"s"}
    assert "when resumed" not in str([event.metadata for event in record.events()])


@pytest.mark.parametrize("saved", [False, True], ids=["kept", "saved"])
async def test_who_thinks_better_of_a_decision_is_on_record_with_both_in_the_session_of_the_question(
    record: Record, saved: bool
) -> None:
    one = paying("A", 5)
    result = await Runner.run(one, "hi", session=SQLiteSession("s"))
    state = await RunState.from_json(one, result.to_state().to_json()) if saved else result.to_state()
    (item,) = state.get_interruptions()
    state.approve(item)
    state.reject(item, rejection_message="on second thoughts")
    await Runner.run(one, state, session=SQLiteSession("s"))
    assert record.told("action.approved", "action.denied", "tool.call") == lines(f"""
        action.approved success tool.pay {ID}
        action.denied denied tool.pay {ID}
    """)
    question = record.one("permission.check")
    for decision in record.events("action.approved", "action.denied"):
        assert (decision.session_id, decision.trace_id) == ("s", question.trace_id)


async def test_an_agent_as_a_tool_that_waits_has_not_succeeded_when_the_run_fails_beside_it(record: Record) -> None:
    @function_tool(failure_error_function=None)
    async def fail() -> str:
        await asyncio.sleep(0.05)
        raise ValueError("no such account")

    asked = [call("ask", {"input": "?"}, "o1"), call("fail", {}, "o2")]
    outer = agent(asked, name="Outer", tools=[paying("Inner", 5).as_tool("ask", ""), fail])
    with pytest.raises(UserError):
        await Runner.run(outer, "hi")
    assert record.told("permission.check") == [f"permission.check - tool.pay {ID}"]
    assert record.one("tool.response", call_id="o1").outcome in ("cancelled", "suspended")
